"""dbt's artefacts of a build of two models, as dbt 1.11 writes them, cut down to what is read of them."""

from __future__ import annotations

import json
from pathlib import Path

GENERATION = "g20261128t040000"
SOURCE = "source.pilotage.raw.insee__communes"
STAGING, MART = "model.pilotage.stg_communes", "model.pilotage.dim_communes"
TEST = "test.pilotage.unique_dim_communes_code"
UNIQUE = {"name": "unique", "kwargs": {"column_name": "code"}}
RAW_SQL = 'select "COM" as code, "LIBELLE" as nom from "base"."raw"."insee__communes"'
MART_SQL = f'select code, nom from "base"."staging__{GENERATION}"."stg_communes"'


def write_artefacts(folder: Path, status: str = "success") -> Path:
    """Write `manifest.json` and `run_results.json`; `status` is the mart's."""
    folder.mkdir(parents=True, exist_ok=True)
    common = {"database": "base", "config": {}, "tags": [], "meta": {}, "columns": {}, "language": "sql"}
    nodes = {
        STAGING: _model("stg_communes", f"staging__{GENERATION}", RAW_SQL, common),
        MART: _model("dim_communes", f"commun__{GENERATION}", MART_SQL, common),
        TEST: common | {"unique_id": TEST, "name": "unique", "test_metadata": UNIQUE},
    }
    source = common | {"unique_id": SOURCE, "schema": "raw", "name": "insee__communes", "identifier": "insee__communes"}
    manifest = {
        "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"},
        "nodes": nodes,
        "sources": {SOURCE: source},
        "parent_map": {STAGING: [SOURCE], MART: [STAGING], TEST: [MART]},
        "exposures": {},
    }
    results = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "dbt_version": "1.11.16",
            "invocation_id": "3f2b6c1e-0000-4000-8000-000000000000",
        },
        "args": {"which": "build"},
        "results": [_result(STAGING, "success"), _result(MART, status), _result(TEST, "pass")],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "run_results.json").write_text(json.dumps(results))
    return folder


def _model(name: str, schema: str, sql: str, common: dict) -> dict:
    own = {"unique_id": f"model.pilotage.{name}", "name": name, "alias": name, "schema": schema, "compiled_code": sql}
    return common | own | {"original_file_path": f"models/{name}.sql", "description": ""}


def _result(unique_id: str, status: str) -> dict:
    timing = {
        "name": "execute",
        "started_at": "2026-11-28T03:00:00.000000Z",
        "completed_at": "2026-11-28T03:00:01.000000Z",
    }
    return {"unique_id": unique_id, "status": status, "timing": [timing], "failures": 0, "adapter_response": {}}
