"""Build a new generation of the warehouse aside, axis by axis, and judge it; the visible one is never touched."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from pilotage.orchestration import taches
from pilotage.orchestration.dags import ENTREPOT, LIVRAISONS, arguments
from pilotage.orchestration.plan import AXES, POOL_LOURD


@task
def creer_generation() -> str:
    """Ouvre une nouvelle génération, à côté de celle que tout le monde lit."""
    return taches.create_generation()


@task(pool=POOL_LOURD, execution_timeout=timedelta(hours=1))
def construire(generation: str, axe: str) -> None:
    """Construit les tables de l'axe par un seul `dbt build`, tests compris."""
    taches.build(generation, axe)


@task(pool=POOL_LOURD)
def controler(generation: str, axe: str) -> None:
    """Vérifie ce qui est promis aux décideurs pour cet axe. Un échec arrête tout : rien ne sera publié."""
    taches.gate_marts(generation, axe)


@task(pool=POOL_LOURD)
def synthetiser(generation: str) -> None:
    """Compare les territoires, classe leurs enjeux et suit leurs indicateurs, à partir des tables des axes."""
    taches.synthesise(generation)


@task(outlets=[ENTREPOT])
def conclure(generation: str, *, outlet_events) -> None:
    """Annonce la génération complète et contrôlée aux recommandations."""
    outlet_events[ENTREPOT].extra = {"generation": generation, "nuit": taches.current_night()}


@dag(schedule=[LIVRAISONS], tags=["entrepot", "commun", *AXES], **arguments("entrepot", delai_min=60))
def entrepot() -> None:
    """### Entrepôt
    Construit une **génération** complète à côté de celle qui est visible : `commun`, chaque axe, puis la synthèse,
    chacun suivi de son contrôle. Elle n'est visible qu'après publication ; un échec laisse l'ancienne en place."""
    generation = creer_generation()
    commun = construire.override(task_id="construire_commun")(generation, "commun")
    commun >> (controles := [controler.override(task_id="controler_commun")(generation, "commun")])
    for axe in AXES:
        controles.append(controler.override(task_id=f"controler_{axe}")(generation, axe))
        commun >> construire.override(task_id=f"construire_{axe}")(generation, axe) >> controles[-1]
    jugee = controler.override(task_id="controler_synthese")(generation, "synthese")
    controles >> synthetiser(generation) >> jugee >> conclure(generation)


entrepot()
