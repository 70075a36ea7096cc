"""Airflow, kept by Pilotage: its environment, its processes, its nights; nothing here knows what a step does."""

from pilotage.errors import ErreurPilotage


class ErreurOrchestration(ErreurPilotage):
    """Airflow does not start, does not answer, or a night failed."""
