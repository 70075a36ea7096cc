"""dbt's builds as OpenLineage events: one run a model, with its columns' lineage, from the artefacts of the build."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

from openlineage.client.facet_v2 import tags_run
from openlineage.common.provider.dbt.facets import DbtRunRunFacet
from openlineage.common.provider.dbt.processor import DbtArtifactProcessor
from openlineage.common.provider.dbt.utils import PRODUCER

from pilotage.config import Settings
from pilotage.evenements import emission, reglage

log = logging.getLogger(__name__)
GENERATION = re.compile(r"__g\d{8}t\d{6}[a-z0-9]*")


class Artefacts(DbtArtifactProcessor):
    """The library's reading of dbt's artefacts, without the profile's secrets, and with names that outlive generations.

    A generation's schemas bear its name: it is taken out of every name and query, and told as a tag of the run.
    """

    should_raise_on_unsupported_command = False

    def __init__(self, settings: Settings, folder: Path, generation: str) -> None:
        super().__init__(producer=PRODUCER, job_namespace=reglage.namespace(), skip_errors=True, logger=log)
        self._settings, self._folder, self._generation = settings, folder, generation

    def get_dbt_metadata(self) -> tuple[dict, dict, dict, None]:
        space, database = reglage.database(self._settings)
        host, _, port = space.removeprefix("postgres://").rpartition(":")
        profile = {"type": "postgres", "host": host, "port": port, "dbname": database}
        return self._read("manifest.json"), self._read("run_results.json"), profile, None

    def dbt_run_run_facet(self) -> dict[str, DbtRunRunFacet]:
        return {"dbt_run": DbtRunRunFacet(invocation_id=self.run_metadata["invocation_id"], project_name="pilotage")}

    def get_run(self, run_id: str, query_id: str | None = None, run_facets: dict[str, Any] | None = None) -> Any:
        generation = tags_run.TagsRunFacetFields(key="generation", value=self._generation, source="PILOTAGE")
        facets = dict(run_facets or {})
        known = facets["tags"].tags if "tags" in facets else []
        facets["tags"] = tags_run.TagsRunFacet(tags=[*known, generation])
        return super().get_run(run_id, query_id, facets)

    def _read(self, name: str) -> dict:
        return json.loads(GENERATION.sub("", (self._folder / name).read_text(encoding="utf-8")))


def emit_build(settings: Settings, folder: Path, generation: str) -> int:
    """Send the events of the build whose artefacts are in `folder`; nothing when events are off.

    Returns:
        How many events were sent; what goes wrong is logged and never fails the build.
    """
    if reglage.destination() is None or not (folder / "run_results.json").exists():
        return 0
    try:
        artefacts = Artefacts(settings, folder, generation)
        if run := emission.parent():
            artefacts.dbt_run_metadata = run
        events = artefacts.parse().events()
    except Exception as error:
        log.warning("artefacts de dbt illisibles pour OpenLineage : %s: %s", type(error).__name__, error)
        return 0
    return emission.emit(settings, events)
