"""Sending events: datasets of the current Airflow task, and whatever else is already an event."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import bindparam, text

from pilotage.config import Settings, get_settings
from pilotage.evenements import reglage

if TYPE_CHECKING:
    from openlineage.client.event_v2 import Dataset, RunEvent
    from openlineage.common.provider.dbt.facets import ParentRunMetadata

log = logging.getLogger(__name__)
DELIVERIES = text(
    "SELECT source, millesime, fichier, table_raw, sha256, url FROM pilotage.livraisons WHERE livraison IN :livraisons "
    "ORDER BY 1, 2, 3"
).bindparams(bindparam("livraisons", expanding=True))
PAS = ("fetch", "load", "gate")


def attribute(etape: str, livraisons: Iterable[str]) -> None:
    """Tell that the current Airflow task read and wrote the datasets of these deliveries; nothing when events are off.

    `fetch`: from upstream's address to the landing's file; `load`: from the file to the candidate table; `gate`: from
    the candidate to the raw table.
    """
    wanted = sorted(livraisons)
    if reglage.destination() is None or not wanted:
        return
    try:
        from airflow.providers.openlineage.api.datasets import emit_dataset_lineage

        inputs, outputs = datasets_of(get_settings(), etape, wanted)
        emit_dataset_lineage(inputs=inputs, outputs=outputs)
    except Exception as error:  # lineage is no reason to fail a task
        log.warning("jeux de données non déclarés à OpenLineage : %s", error)


def datasets_of(settings: Settings, etape: str, livraisons: list[str]) -> tuple[list[Dataset], list[Dataset]]:
    """Datasets that a step reads and writes for these deliveries, each once."""
    from pilotage.database import get_engine

    with get_engine(settings).connect() as connection:
        rows = connection.execute(DELIVERIES, {"livraisons": livraisons}).all()
    rank = PAS.index(etape)
    chain = [
        [
            _upstream(row.url),
            _file(row.source, row.millesime, row.fichier, row.sha256),
            _table(settings, "raw_candidats", row.table_raw),
            _table(settings, "raw", row.table_raw),
        ]
        for row in rows
    ]
    return _once(line[rank] for line in chain), _once(line[rank + 1] for line in chain)


def emit(settings: Settings, events: Iterable[RunEvent]) -> int:
    """Send events by the transport that the environment names; what cannot be sent is logged.

    Returns:
        How many were sent.
    """
    from openlineage.client import OpenLineageClient

    config = reglage.transport(settings)
    if config is None:
        return 0
    sent = 0
    try:
        client = OpenLineageClient(config={"transport": config})
        for event in events:
            client.emit(event)
            sent += 1
        client.close()
    except Exception as error:  # a server that does not answer is no reason to fail a build
        log.warning("événements OpenLineage non envoyés après %d : %s", sent, error)
    return sent


def parent() -> ParentRunMetadata | None:
    """The run of the current Airflow task, as parent of what it starts; None outside Airflow."""
    from openlineage.common.provider.dbt.facets import ParentRunMetadata

    task = _current_task()
    if task is None:
        return None
    from airflow.providers.openlineage.plugins import macros

    return ParentRunMetadata(
        run_id=macros.lineage_run_id(task),
        job_name=macros.lineage_job_name(task),
        job_namespace=reglage.namespace(),
        root_parent_run_id=macros.lineage_root_run_id(task),
        root_parent_job_name=macros.lineage_root_job_name(task),
        root_parent_job_namespace=reglage.namespace(),
    )


def _current_task() -> Any:
    try:
        from airflow.sdk import get_current_context

        return get_current_context()["ti"]
    except (ImportError, RuntimeError):  # no Airflow here, or no task under way
        return None


def _upstream(url: str | None) -> Dataset:
    """Where a delivery came from; a query may carry a key, so it is left out."""
    from openlineage.client.event_v2 import Dataset

    parts = urlsplit(url or "")
    if parts.scheme in ("http", "https"):
        return Dataset(namespace=f"{parts.scheme}://{parts.hostname}", name=unquote(parts.path).lstrip("/") or "/")
    return Dataset(namespace="file", name=unquote(parts.path) or "inconnu")


def _file(source: str, millesime: str, fichier: str, sha256: str) -> Dataset:
    """A landed file under a lasting name; its hash is its version."""
    from openlineage.client.event_v2 import Dataset
    from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet

    version = DatasetVersionDatasetFacet(datasetVersion=sha256)
    return Dataset(namespace="file", name=f"depot/{source}/{millesime}/{fichier}", facets={"version": version})


def _table(settings: Settings, schema: str, table: str | None) -> Dataset:
    from openlineage.client.event_v2 import Dataset

    space, database = reglage.database(settings)
    return Dataset(namespace=space, name=f"{database}.{schema}.{table or 'inconnue'}")


def _once(datasets: Iterable[Dataset]) -> list[Dataset]:
    return list({(dataset.namespace, dataset.name): dataset for dataset in datasets}.values())
