"""From the landing alone to a visible warehouse: journal from the receipts, load, judge, build, as a night does."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

from sqlalchemy import text

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings
from pilotage.database import get_engine, migrate
from pilotage.errors import ErreurPilotage
from pilotage.generations import SCHEMAS as VISIBLES
from pilotage.suivi import suivre_etape

SCHEMAS = ("raw", "raw_candidats", "quarantaine")  # those that the journal's first migration makes beside its own
# A delivery left to the landing by its card has no table, and loses none.
A_RECHARGER = text(
    "UPDATE pilotage.livraisons SET etat = 'recue', motif = NULL, decidee_le = NULL "
    "WHERE etat IN ('acceptee', 'candidate') AND table_raw IS NOT NULL AND to_regclass(format('%I.%I', "
    "CASE etat WHEN 'acceptee' THEN 'raw' ELSE 'raw_candidats' END, table_raw || '__' || livraison)) IS NULL "
    "RETURNING livraison"
)
PERDUES = text(
    "UPDATE pilotage.generations g SET etat = 'supprimee' WHERE etat IN ('visible', 'precedente', 'candidate', "
    "'federee') AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = ANY(:visibles) AND g.etat = 'visible' "
    "OR split_part(nspname, '__', 2) = g.generation) RETURNING generation"
)


@dataclass
class RapportReprise:
    """What was rebuilt; `secondes` by phase, `erreurs` by source."""

    nuit: str
    generation: str | None = None
    reindexees: int = 0
    acceptees: int = 0
    erreurs: dict[str, str] = field(default_factory=dict)
    secondes: dict[str, float] = field(default_factory=dict)


def create_schemas(settings: Settings) -> None:
    """The schemas of what is loaded, which a backup of the journal does not hold."""
    with get_engine(settings).begin() as connection:
        for schema in SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))


def forget_tables(settings: Settings) -> int:
    """Where the journal came back without the tables: what was in service is to be loaded again, generations are gone.

    What stands is left: a restoration cut anywhere is ended by asking again.

    Returns:
        How many deliveries are to be loaded.
    """
    with get_engine(settings).begin() as connection:
        connection.execute(PERDUES, {"visibles": list(VISIBLES)})
        return len(connection.execute(A_RECHARGER).all())


def rebuild(settings: Settings, *, construire: bool = True, sources: list[str] | None = None) -> RapportReprise:
    """Load, judge and build all that the landing holds; a source that fails does not stop the others.

    Run again after a failure, it goes on from there.

    Args:
        construire: False stops at raw.
        sources: only these; all those of the landing by default.

    Raises:
        ErreurPilotage: the build or the publication failed; deliveries stay loaded.
    """
    from pilotage.fetch import reindex_landing

    report = RapportReprise(f"reprise_{dt.datetime.now():%Y%m%dT%H%M%S}")
    create_schemas(settings)  # first: migrating gives them to the loader
    migrate(settings)
    forget_tables(settings)
    start = time.monotonic()
    chosen = sources or list(load_catalogue())
    for source in chosen:
        report.reindexees += len(reindex_landing(source))
    _note(report, "réindexer", start)
    start = time.monotonic()
    _ingest(report, chosen)
    # A current delivery that the gate refuses gives its place back to the one before it, which then is to be loaded.
    revived = [source for source in chosen if reindex_landing(source)]
    if revived:
        _ingest(report, revived)
    _note(report, "charger et contrôler", start)
    if construire:
        from pilotage.chaine import build

        start = time.monotonic()
        report.generation = build(report.nuit)
        _note(report, "construire et publier", start)
    return report


def _ingest(report: RapportReprise, sources: list[str]) -> None:
    from pilotage.gate import gate_source
    from pilotage.load import load_source

    for source in sources:
        for etape, step in (("load", load_source), ("gate", gate_source)):
            try:
                with suivre_etape(report.nuit, etape, source) as journal:
                    done = step(source)
                    journal.lignes = getattr(done, "lignes", None)
                report.acceptees += len(getattr(done, "acceptees", []))
                for refused in getattr(done, "messages", []):
                    report.erreurs[source] = refused
            except ErreurPilotage as error:
                report.erreurs[source] = str(error)


def _note(report: RapportReprise, phase: str, start: float) -> None:
    report.secondes[phase] = round(time.monotonic() - start, 1)
