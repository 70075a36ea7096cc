"""Write a package of the export's own standard from tables in DuckDB: CSV, Parquet, descriptor, note and sums."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from pilotage.datapackage import describe_file
from pilotage.ecriture_csv import NEUTRALISATION, protect
from pilotage.lisezmoi import SIMULEES, USAGE, write_sums

MEDIAS = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
LOT = 50_000


@dataclass(frozen=True)
class Sortie:
    """A table to write: the query of its rows, in their order, and its Frictionless resource (schema, licences…)."""

    nom: str
    requete: str
    ressource: dict


def write_package(connection, outputs: list[Sortie], said: dict, folder: Path, note: str) -> dict:
    """Write the files, `datapackage.json`, `LISEZMOI.md` and `SHA256SUMS`; the same tables give the same bytes.

    Args:
        connection: DuckDB, in which the queries run.
        said: what the descriptor says besides its resources.
        note: body of LISEZMOI.md, under its title.

    Returns:
        The descriptor.
    """
    names = {one.nom for one in outputs}
    resources = []
    for one in outputs:
        schema, _, table = one.nom.partition(".")
        target = folder / schema
        target.mkdir(parents=True, exist_ok=True)
        rows = write_table(connection, one.requete, target / f"{table}.csv", target / f"{table}.parquet")
        kept = {k: one.ressource[k] for k in ("title", "description", "licenses", "sources") if k in one.ressource}
        told = {**one.ressource.get("pilotage", {}), "lignes": rows}
        for kind in ("csv", "parquet"):
            path = target / f"{table}.{kind}"
            resources.append(_resource(one, kind, path, folder, {**kept, "pilotage": told}, names))
    licences = {licence["title"]: licence for r in resources for licence in r.get("licenses", ())}
    sources = {source["name"]: source for r in resources for source in r.get("sources", ())}
    descriptor = {
        "profile": "data-package",
        **said,
        "pilotage": {**said["pilotage"], "neutralisation": NEUTRALISATION},
        "licenses": [licences[title] for title in sorted(licences)],
        "sources": [sources[name] for name in sorted(sources)],
        "resources": resources,
    }
    text = json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8")
    _write_note(descriptor, folder, note)
    write_sums(folder)
    return descriptor


def _resource(one: Sortie, kind: str, path: Path, folder: Path, shared: dict, names: set[str]) -> dict:
    described = {
        "name": one.nom if kind == "csv" else f"{one.nom}.parquet",
        "type": "table" if kind == "csv" else "file",
        **shared,
        **describe_file(path, folder),
        "scheme": "file",
        "format": kind,
        "mediatype": MEDIAS[kind],
    }
    if kind == "parquet":
        return described
    schema = {**one.ressource["schema"]}
    keys = [k for k in schema.pop("foreignKeys", ()) if k["reference"]["resource"] in {"", *names}]
    dialect = {"csv": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n"}}
    schema = {**schema, "foreignKeys": keys} if keys else schema
    return {**described, "encoding": "utf-8", "dialect": dialect, "schema": schema}


def write_table(connection, query: str, csv_path: Path, parquet_path: Path) -> int:
    """The rows of a query as Parquet, then as CSV in the export's own form; returns their number."""
    import pyarrow.parquet as pq

    reader = connection.sql(query).to_arrow_reader(LOT)
    rows = 0
    parquet = pq.ParquetWriter(parquet_path, reader.schema, compression="zstd", version="2.6")
    with parquet, csv_path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(reader.schema.names)
        for batch in reader:
            parquet.write_batch(batch)
            rows += batch.num_rows
            columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))
    return rows


def _cell(value: object) -> str:
    """A value as the export writes it: nothing for a missing one, an apostrophe before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return protect(str(value))


def _write_note(descriptor: dict, folder: Path, note: str) -> None:
    warning = SIMULEES if descriptor["pilotage"]["donnees_simulees"] else ""
    lines = [
        f"{warning}# {descriptor['title']}\n\n{descriptor['description']}\n\n{note}\n\n{USAGE}## Tables et licences\n"
    ]
    lines += ["| table | lignes | licence |\n|---|---:|---|\n"]
    for resource in descriptor["resources"]:
        if resource["type"] == "table":
            licence = " ; ".join(one["title"] for one in resource.get("licenses", ()))
            name, count = f"[{resource['name']}]({resource['path']})", resource["pilotage"]["lignes"]
            lines.append(f"| {name} | {count} | {licence} |\n")
    mentions = sorted({f"- {s['title']} : {s.get('attribution', '')}\n" for s in descriptor["sources"]})
    lines += ["\n## Mentions des sources\n", *mentions]
    (folder / "LISEZMOI.md").write_text("".join(lines), encoding="utf-8")
