"""The tables of `docs/etat.md` that the code knows better than we do, written between their marks."""

from __future__ import annotations

import re
from pathlib import Path

from pilotage.config import RACINE
from pilotage.etat.metriques import FAMILLES_PILOTAGE

PAGE = RACINE / "docs" / "etat.md"


def render() -> dict[Path, str]:
    """The page with its derived tables; what a person wrote around them is kept."""
    return {PAGE: _between(PAGE.read_text(encoding="utf-8"), "metriques", _metrics())}


def _metrics() -> str:
    lines = ["| métrique | étiquettes | ce qu'elle dit |", "|---|---|---|"]
    lines.append("| `pilotage_info` | `generation`, `donnees` | Génération visible et nature des données. |")
    for family in FAMILLES_PILOTAGE:
        labels = ", ".join(f"`{label}`" for label in family.etiquettes)
        lines.append(f"| `{family.nom_complet}` | {labels} | {family.aide} |")
    return "\n".join(lines)


def _between(text: str, mark: str, content: str) -> str:
    start, end = f"<!-- {mark} : écrit par `make pages` -->", f"<!-- fin {mark} -->"
    return re.sub(f"(?s){re.escape(start)}.*?{re.escape(end)}", lambda _: f"{start}\n{content}\n{end}", text)
