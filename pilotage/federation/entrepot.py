"""A merged package as a generation of its own in the warehouse: beside those of the nights, never in their place."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from pilotage.database import get_engine, migrate, psycopg_connection
from pilotage.ecriture_csv import PROTEGE

ETAT = "federee"
TYPES = {
    "integer": "bigint", "number": "double precision", "boolean": "boolean", "date": "date", "object": "jsonb",
    "array": "jsonb",
}  # fmt: skip


def load_package(folder: Path) -> str:
    """Load a merged package into schemas `<schema>__<generation>`, state `federee`, and drop the one before.

    It is listed by `pilotage generations`, and is neither published nor returned to by itself.

    Returns:
        The generation's name.
    """
    from sqlalchemy import text

    from pilotage.generations import drop_federated

    migrate()
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    tables = [r for r in described["resources"] if r.get("type") == "table"]
    generation = f"g{dt.datetime.now(dt.UTC):%Y%m%dt%H%M%S}f"
    schemas = sorted({r["name"].partition(".")[0] for r in tables})
    drop_federated()
    with psycopg_connection() as connection:
        for schema in schemas:
            connection.execute(f'CREATE SCHEMA "{schema}__{generation}"')
        for resource in tables:
            _load_table(connection, resource, folder, generation)
        connection.execute(
            "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) VALUES (%s, %s, %s, %s)",
            (generation, ETAT, described["name"], bool(described["pilotage"]["donnees_simulees"])),
        )
        connection.commit()
    with get_engine().begin() as connection:
        for schema in schemas:
            connection.execute(text(f"COMMENT ON SCHEMA \"{schema}__{generation}\" IS 'Paquets réunis'"))
    return generation


def _load_table(connection, resource: dict, folder: Path, generation: str) -> None:
    schema, _, name = resource["name"].partition(".")
    place = f'"{schema}__{generation}"."{name}"'
    fields = resource["schema"]["fields"]
    columns = ", ".join(f'"{f["name"]}" {_type(f)}' for f in fields)
    connection.execute(f"CREATE TABLE {place} ({columns})")
    copying = f"COPY {place} FROM STDIN (FORMAT csv, HEADER)"
    with (folder / resource["path"]).open("rb") as file, connection.cursor().copy(copying) as copy:
        while block := file.read(1 << 20):
            copy.write(block)
    texts = [f["name"] for f in fields if _type(f) == "text"]
    for column in texts:  # the apostrophe that keeps a spreadsheet quiet is the file's, not the data's
        connection.execute(f'UPDATE {place} SET "{column}" = substr("{column}", 2) WHERE "{column}" ~ %s', (PROTEGE,))
    if key := resource["schema"].get("primaryKey"):
        connection.execute(f"ALTER TABLE {place} ADD PRIMARY KEY ({', '.join(_quoted(key))})")
    _comment(connection, f"TABLE {place}", resource.get("description", ""))
    for field in fields:
        if field.get("description"):
            _comment(connection, f'COLUMN {place}."{field["name"]}"', field["description"])


def _type(field: dict) -> str:
    if field["type"] == "datetime":
        return "timestamptz" if field.get("format", "").endswith("Z") else "timestamp"
    return TYPES.get(field["type"], "text")


def _quoted(names: list[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _comment(connection, what: str, said: str) -> None:
    from psycopg import sql

    connection.execute(sql.SQL("COMMENT ON {} IS {}").format(sql.SQL(what), sql.Literal(said)))
