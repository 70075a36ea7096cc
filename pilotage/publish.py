"""The last step but one of a night: the new generation becomes visible."""

from __future__ import annotations

from pilotage import generations
from pilotage.generations import drop_old, go_back

__all__ = ["drop_old", "go_back", "switch"]


def switch(generation: str) -> list[str]:
    """Show a generation to readers, then drop those beyond the number kept.

    Returns:
        The generations dropped.
    """
    generations.switch(generation)
    return drop_old()
