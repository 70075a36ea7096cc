"""Every night: fetch, load and judge each source; wake the warehouse only when something changed."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task, task_group

from pilotage.orchestration import taches
from pilotage.orchestration.dags import LIVRAISONS, SOURCES, arguments, nightly, source_asset
from pilotage.orchestration.plan import AXES, POOL_LOURD, source_names

SOURCE = "{{ task.op_kwargs['source'] }}"
GO_ON = "none_skipped"  # one file that fails must not hold back the other files of its source


@task(map_index_template=SOURCE, execution_timeout=timedelta(minutes=45))
def fetch(source: str) -> None:
    """Demande au producteur s'il a du nouveau et garde le fichier tel quel. Rien de nouveau : la ligne s'arrête là."""
    taches.fetch(source)


@task(map_index_template=SOURCE, pool=POOL_LOURD, trigger_rule=GO_ON)
def load(source: str) -> None:
    """Charge la livraison reçue dans une table candidate, sans toucher à celle qui sert."""
    taches.load(source)


@task(map_index_template=SOURCE, pool=POOL_LOURD, trigger_rule=GO_ON, outlets=[SOURCES])
def gate(source: str, *, outlet_events) -> None:
    """Juge la livraison candidate. Refusée : la précédente reste servie, et une personne est prévenue."""
    accepted = taches.gate(source)
    if accepted:
        outlet_events[SOURCES].add(source_asset(source), extra={"livraisons": accepted})


@task_group
def traiter(source: str) -> None:
    fetch(source=source) >> load(source=source) >> gate(source=source)


@task(trigger_rule="all_done", outlets=[LIVRAISONS])
def conclure(*, outlet_events) -> None:
    """Réveille l'entrepôt si une livraison, une fiche ou le code a changé depuis la génération visible."""
    outlet_events[LIVRAISONS].extra = taches.conclude_ingestion()


@dag(schedule=nightly(), tags=["ingestion", "commun", *AXES], **arguments("ingestion", delai_min=120))
def ingestion() -> None:
    """### Ingestion
    Chaque nuit, pour chaque fiche de `pilotage/sources` : **télécharger**, **charger**, **contrôler**.
    Une source en panne n'arrête pas les autres : son dernier millésime accepté reste servi et signalé périmé.
    Si rien n'a changé, rien n'est reconstruit."""
    traiter.expand(source=source_names()) >> conclure()


ingestion()
