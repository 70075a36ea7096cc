"""The steps of a night in order, in this process: for a developer, a test, or a machine without Airflow.

Airflow's tasks call the same functions; nothing is done here that they do not do.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial

from pilotage.catalogue import AXES, load_catalogue
from pilotage.errors import ErreurPilotage
from pilotage.suivi import suivre_etape

log = logging.getLogger(__name__)


@dataclass
class Ingestion:
    """What became of the sources."""

    acceptees: list[str] = field(default_factory=list)
    inchangees: list[str] = field(default_factory=list)
    erreurs: dict[str, str] = field(default_factory=dict)


def ingest(nuit: str, sources: list[str] | None = None) -> Ingestion:
    """Fetch, load and judge sources; one that fails does not stop the others.

    Returns:
        Deliveries accepted, sources unchanged, and the error of each source that had one.
    """
    from pilotage.fetch import fetch_source
    from pilotage.gate import gate_source, render_pages
    from pilotage.load import load_source
    from pilotage.roles import as_loader

    done, gate = Ingestion(), partial(gate_source, pages=False)
    for source in sources or list(load_catalogue()):
        problems: list[str] = []
        accepted: list[str] = []
        for etape, step in (("fetch", fetch_source), ("load", load_source), ("gate", gate)):
            try:
                with as_loader(), suivre_etape(nuit, etape, source) as journal:
                    report = step(source)
                    journal.lignes = getattr(report, "lignes", None)
                accepted += getattr(report, "acceptees", [])
            except ErreurPilotage as error:
                log.warning("%s", error)
                problems.append(str(error))
        done.acceptees += accepted
        if problems:
            done.erreurs[source] = " | ".join(problems)
        elif not accepted:
            done.inchangees.append(source)
    with suivre_etape(nuit, "pages", "controles") as journal:
        journal.etat, journal.message = render_pages()
    return done


def build(nuit: str) -> str:
    """Build a generation aside, judge it, recommend, show it and export it.

    Returns:
        The generation, now visible.

    Raises:
        ErreurPilotage: the step that failed; what readers see has not changed.
    """
    from models_ml.calcul import recommend
    from models_ml.synthese.calcul import synthesise
    from pilotage.entrepot import build_axe, create_generation
    from pilotage.export import export_generation
    from pilotage.gate import gate_axe
    from pilotage.publish import switch
    from pilotage.site.generation import build_site

    generation = create_generation()
    for axe in AXES:
        with suivre_etape(nuit, "build", axe):
            build_axe(generation, axe)
        with suivre_etape(nuit, "gate", axe):
            gate_axe(generation, axe)
    with suivre_etape(nuit, "build", "synthese") as journal:
        journal.lignes = synthesise(generation).lignes
    with suivre_etape(nuit, "gate", "synthese"):
        gate_axe(generation, "synthese")
    with suivre_etape(nuit, "recommandation", "services") as journal:
        journal.lignes = recommend(generation).lignes
    with suivre_etape(nuit, "gate", "recommandation"):
        gate_axe(generation, "recommandation")
    with suivre_etape(nuit, "publication", "bascule"):
        switch(generation)
    with suivre_etape(nuit, "publication", "export"):
        export_generation(generation)
    with suivre_etape(nuit, "publication", "site") as journal:
        journal.lignes = build_site().pages
    return generation
