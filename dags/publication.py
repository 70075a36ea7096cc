"""Make the new generation the visible one in a single transaction, then write the Open Data exports and the site."""

from __future__ import annotations

from airflow.sdk import dag, task

from pilotage.orchestration import taches
from pilotage.orchestration.dags import PUBLICATION, RECOMMANDATION, arguments
from pilotage.orchestration.plan import AXES, POOL_LOURD


@task
def basculer() -> None:
    """Rend la nouvelle génération visible en une transaction ; l'ancienne est gardée pour un retour en une commande."""
    taches.switch()


@task(pool=POOL_LOURD, outlets=[PUBLICATION])
def exporter(*, outlet_events) -> None:
    """Écrit les jeux ouverts (CSV, Parquet, descriptions, licences). Aucune colonne personnelle ne peut sortir."""
    outlet_events[PUBLICATION].extra = taches.export()


@task(pool=POOL_LOURD)
def ecrire_site() -> None:
    """Écrit le site des décideurs, une page par territoire ; l'ancien reste tant que le neuf est incomplet."""
    taches.write_site()


@task
def resumer() -> None:
    """Dit aux personnes ce qui a changé pour leur territoire, par courriel ou webhook, une fois par jour au plus."""
    taches.summarise_for_people()


@dag(schedule=[RECOMMANDATION], tags=["publication", *AXES], **arguments("publication", delai_min=30))
def publication() -> None:
    """### Publication
    **Bascule** la génération contrôlée, puis **exporte** les données ouvertes et **écrit le site**
    et **résume** ce qui a changé.
    Lancement à la main : configuration `{"generation": "g…"}`."""
    basculer() >> [exporter(), ecrire_site(), resumer()]


publication()
