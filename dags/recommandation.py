"""Compute the recommendations of the generation that the warehouse has just completed."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from pilotage.orchestration import taches
from pilotage.orchestration.dags import ENTREPOT, RECOMMANDATION, arguments
from pilotage.orchestration.plan import AXES, POOL_LOURD


@task(pool=POOL_LOURD, pool_slots=2, execution_timeout=timedelta(hours=1))
def recommander() -> None:
    """Calcule accès, besoins, décisions et plans pour chaque commune et service, avec leurs raisons."""
    taches.recommend()


@task(pool=POOL_LOURD, outlets=[RECOMMANDATION])
def controler(*, outlet_events) -> None:
    """Vérifie ce qui est promis des recommandations. Un échec arrête tout : rien ne sera publié."""
    outlet_events[RECOMMANDATION].extra = taches.gate_recommendations()


@dag(schedule=[ENTREPOT], tags=["recommandation", *AXES], **arguments("recommandation", delai_min=60))
def recommandation() -> None:
    """### Recommandation
    Pour la génération annoncée par l'entrepôt, chaque commune et chaque service : implanter, partager un guichet,
    passer en itinérance, dématérialiser avec médiation ou maintenir. Lancement à la main : `{"generation": "g…"}`."""
    recommander() >> controler()


recommandation()
