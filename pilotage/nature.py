"""A warehouse is simulated or real, remembers which, and never mixes."""

from __future__ import annotations

from sqlalchemy import text

from pilotage.config import Settings, get_settings
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration

NAMES = {True: "simulées", False: "réelles"}


def ensure_nature(settings: Settings | None = None) -> bool:
    """Note the nature of a new warehouse, or refuse an input of the other nature.

    Returns:
        True when the warehouse is simulated.

    Raises:
        ErreurConfiguration: simulated data for a real warehouse, or the reverse.
    """
    settings = settings or get_settings()
    wanted = settings.is_simulation
    with get_engine(settings).begin() as connection:
        connection.execute(
            text("INSERT INTO pilotage.reglages VALUES ('est_simulee', :v) ON CONFLICT DO NOTHING"),
            {"v": str(wanted).lower()},
        )
        known = connection.scalar(text("SELECT valeur FROM pilotage.reglages WHERE cle = 'est_simulee'")) == "true"
    if known != wanted:
        raise ErreurConfiguration(
            f"cet entrepôt contient des données {NAMES[known]} ; l'entrée demandée est de données {NAMES[wanted]}",
            attendu="une seule nature de données par entrepôt",
            conseil="donner un autre PILOTAGE_HOME (ou un autre DATABASE_URL) pour l'autre nature",
        )
    return known


def is_simulated() -> bool:
    """What the warehouse remembers of itself."""
    with get_engine().connect() as connection:
        return connection.scalar(text("SELECT valeur FROM pilotage.reglages WHERE cle = 'est_simulee'")) == "true"
