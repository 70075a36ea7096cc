"""A simulated France, written out in each upstream's own format, at any scale. Every name and figure is fictional."""

from pilotage.simulation.manifest import VERSION, Manifest, write_simulation

__all__ = ["VERSION", "Manifest", "write_simulation"]
