"""A tiny warehouse, made by hand, that looks like a generation: tables with comments and keys, and dbt's manifest."""

from __future__ import annotations

import json
from pathlib import Path

G1, G2, G3 = "g20261123t225800", "g20261124t225800", "g20261125t225800"

TABLES = """
CREATE SCHEMA {commun}; CREATE SCHEMA {usages}; CREATE SCHEMA {recommandation};
CREATE TABLE {commun}.dim_communes (
    code_commune text PRIMARY KEY, nom_commune text NOT NULL, population integer, superficie_km2 double precision,
    est_actuelle boolean NOT NULL, date_debut date, adresse text);
COMMENT ON TABLE {commun}.dim_communes IS 'Communes de France. Une ligne par commune.';
COMMENT ON COLUMN {commun}.dim_communes.code_commune IS 'Code INSEE de la commune.';
INSERT INTO {commun}.dim_communes VALUES
    ('01004', 'Ambérieu, "en" Bugey', 14514, 24.6, true, '1943-01-01', E'rue du\\nMoulin'),
    ('01001', '=HYPERLINK("http://exemple")', NULL, 15.95, true, NULL, ''),
    ('2A004', '- Ajaccio', 0, 82.03, false, '1943-01-01', '''@chez moi');
CREATE TABLE {commun}.dim_sources (
    source text PRIMARY KEY, millesime_servi text, date_donnees date, est_perimee boolean);
INSERT INTO {commun}.dim_sources VALUES ('insee__communes', '2025', '2025-01-01', false);
CREATE TABLE {usages}.fait_lieux (
    id_lieu text, code_commune text REFERENCES {commun}.dim_communes, ouvert_le timestamptz,
    note numeric(5,2), horaires text[], contenu jsonb, categorie text);
INSERT INTO {usages}.fait_lieux VALUES
    ('b', '01004', '2026-01-02 03:04:05+00', 12.50, '{{lundi,"mardi, midi"}}', '{{"a": 1}}', NULL),
    ('a', '2A004', NULL, NULL, NULL, NULL, 'poste');
CREATE TABLE {recommandation}.decisions (code_commune text NOT NULL, service text NOT NULL, score double precision,
    UNIQUE (code_commune, service));
INSERT INTO {recommandation}.decisions VALUES ('01004', 'fs', 0.1), ('01001', 'fs', 1e-7);
"""


def create_generation(connection, generation: str, etat: str, *, statements: str = "") -> None:
    """Create a generation's schemas (plain names when visible) and its line in the journal."""
    suffix = "" if etat == "visible" else f"__{generation}"
    names = {name: name + suffix for name in ("commun", "usages", "recommandation")}
    connection.execute(TABLES.format(**names) + statements.format(**names))
    connection.execute(
        "INSERT INTO pilotage.generations (generation, creee_le, etat, empreinte, est_simulee)"
        " VALUES (%s, '2026-11-23 22:58:00+00', %s, 'x', true)",
        [generation, etat],
    )
    connection.commit()


def drop_generations(connection) -> None:
    """Back to an empty warehouse."""
    connection.rollback()
    found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(commun|usages|recommandation)'")
    for (name,) in found.fetchall():
        connection.execute(f'DROP SCHEMA "{name}" CASCADE')
    connection.execute("TRUNCATE pilotage.generations")
    connection.commit()


def write_manifest(folder: Path, models: dict[str, tuple[str, list[str]]], extra: dict | None = None) -> Path:
    """A manifest as dbt writes it.

    Args:
        models: `schema.table` -> (compiled SQL, parents: `schema.table` of models, or names of raw tables).
    """
    ids = {name: f"model.pilotage.{name.partition('.')[2]}" for name in models}
    nodes, sources = {}, {}
    for name, (sql, parents) in models.items():
        schema, _, table = name.partition(".")
        for parent in parents:
            if parent not in ids:
                sources[f"source.pilotage.raw.{parent}"] = {"schema": "raw", "name": parent, "identifier": parent}
        nodes[ids[name]] = {
            "schema": f"{schema}__{G1}", "name": table, "alias": table, "compiled_code": sql, "columns": {},
            "depends_on": {"nodes": [ids.get(p, f"source.pilotage.raw.{p}") for p in parents]},
        }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": {**nodes, **(extra or {})}, "sources": sources}), encoding="utf-8")
    return path


MODELES = {
    "staging.stg_insee__communes": ("SELECT com AS code_commune FROM raw.insee__communes", ["insee__communes"]),
    "staging.stg_osm": ("SELECT * FROM raw.osm__centres_communes", ["osm__centres_communes"]),
    "staging.stg_fs": ("SELECT id_fs, lower(mail) AS contact FROM raw.fs", ["anct__france_services"]),
    "staging.stg_aidants": ("SELECT * FROM x", ["anct__aidants_connect"]),
    "commun.dim_communes": ("SELECT * FROM a", ["staging.stg_insee__communes"]),
    "commun.dim_sources": ("SELECT 1 AS un", []),
    "usages.fait_lieux": (
        "SELECT id_fs AS id_lieu, contact IS NOT NULL AS a_contact FROM f",
        ["staging.stg_fs", "staging.stg_osm", "staging.stg_aidants", "commun.dim_communes"],
    ),
}
