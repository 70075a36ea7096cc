"""The lineage of a whole night, from what it left: its journal of deliveries and dbt's own artefacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotage import postgres
from pilotage.config import Settings
from pilotage.evenements import emission, reglage
from pilotage.evenements.dbt import emit_build
from tests.maison import Maison
from tests.test_evenements import edges, reachable, read_events

SOURCE = "anct__france_services"


@pytest.fixture
def evenements(maison: Maison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The events of the build of what the visible generation's axes share."""
    settings = Settings(home_env=maison.home, sources=str(maison.sources))
    monkeypatch.setenv("PILOTAGE_OPENLINEAGE", "dossier")
    monkeypatch.setattr(reglage, "folder", lambda _: tmp_path / "journaux" / "openlineage")
    ((generation,),) = maison.query("SELECT generation FROM pilotage.generations WHERE etat = 'visible'")
    assert emit_build(settings, settings.dbt_target / generation / "commun", generation) > 0
    return read_events(tmp_path)


def test_a_chain_goes_from_a_landed_file_to_a_published_mart(maison: Maison, evenements: list[dict]) -> None:
    settings = Settings(home_env=maison.home, sources=str(maison.sources))
    query = f"SELECT livraison FROM pilotage.livraisons WHERE source = '{SOURCE}' AND etat = 'acceptee'"
    deliveries = [row[0] for row in maison.query(query)]
    links = edges(evenements)
    with postgres.lend(settings):
        for etape in emission.PAS:
            read, written = emission.datasets_of(settings, etape, deliveries)
            links |= {(before.name, after.name) for before in read for after in written}
    landed = min(name for name, _ in links if name.startswith(f"depot/{SOURCE}/"))
    reached = reachable(links, landed)
    assert any(name.startswith("pilotage.staging.") for name in reached)
    tables = maison.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'commun'")
    assert "pilotage.commun.dim_lieux" in reached & {f"pilotage.commun.{table}" for (table,) in tables}


def test_columns_are_traced_where_the_library_reads_the_query(evenements: list[dict]) -> None:
    outputs = {o["name"]: o for e in evenements if e["eventType"] == "COMPLETE" for o in e.get("outputs", [])}
    traced = [name for name, output in outputs.items() if "columnLineage" in output["facets"]]
    assert len(traced) > len(outputs) / 2
    assert {output["namespace"] for output in outputs.values()} == {"postgres://embarque:5432"}
