"""The export: files, descriptor, refusal of personal data, byte-identity, N and N-1."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys

import psycopg
import pyarrow.parquet as pq
import pytest

from pilotage import ecriture_parquet, export
from pilotage.config import get_settings
from pilotage.database import psycopg_connection
from pilotage.errors import ErreurPublication
from pilotage.export import export_generation, latest_export
from pilotage.publish import check_personal, switch
from tests.entrepot_exemple import G1, G2, G3, MODELES, create_generation, drop_generations, write_manifest


@pytest.fixture
def entrepot(warehouse):
    """The example warehouse, G1 visible, with dbt's manifest; exports empty."""
    shutil.rmtree(warehouse.exports, ignore_errors=True)
    shutil.rmtree(warehouse.dbt_target, ignore_errors=True)
    write_manifest(warehouse.dbt_target / G1, MODELES)
    with psycopg_connection(warehouse) as connection:
        drop_generations(connection)
        create_generation(connection, G1, "visible")
        yield connection


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hashes(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_every_published_table_leaves_as_csv_and_parquet(entrepot):
    folder = export_generation()
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and "paquets" not in p.parts}
    tables = ["commun/dim_communes", "commun/dim_sources", "recommandation/decisions", "usages/fait_lieux"]
    expected = {f"{t}.{kind}" for t in tables for kind in ("csv", "parquet")}
    about = {"datapackage.json", "LISEZMOI.md", "SHA256SUMS", "JOURNAL.md", "differences.json", "catalogue.jsonld"}
    assert names == expected | about
    assert latest_export(folder.parent) == folder


def test_csv_follows_rfc_4180_and_keeps_missing_apart_from_zero(entrepot):
    path = export_generation() / "commun" / "dim_communes.csv"
    content = path.read_bytes()
    assert content.count(b"\r\n") == 4  # header and three records; the line break inside a cell is a plain LF
    assert b'"Amb\xc3\xa9rieu, ""en"" Bugey"' in content
    rows = read_csv(path)
    assert [r["code_commune"] for r in rows] == ["01001", "01004", "2A004"]  # by primary key
    assert [r["population"] for r in rows] == ["", "14514", "0"]
    assert [r["est_actuelle"] for r in rows] == ["true", "true", "false"]
    assert rows[1]["adresse"] == "rue du\nMoulin"


def test_spreadsheet_formulas_are_harmless_in_csv_and_exact_in_parquet(entrepot):
    folder = export_generation()
    rows = read_csv(folder / "commun" / "dim_communes.csv")
    assert [rows[0]["nom_commune"][:2], rows[2]["nom_commune"], rows[2]["adresse"]] == [
        "'=",
        "'- Ajaccio",
        "''@chez moi",
    ]
    exact = pq.read_table(folder / "commun" / "dim_communes.parquet").to_pylist()
    assert exact[0]["nom_commune"] == '=HYPERLINK("http://exemple")'
    assert [exact[2]["nom_commune"], exact[2]["adresse"]] == ["- Ajaccio", "'@chez moi"]
    resource = package_of(folder)["commun.dim_communes"]
    assert resource["pilotage"]["cellules_neutralisees"] == 3


def test_parquet_has_the_types_of_the_database(entrepot):
    folder = export_generation()
    table = pq.read_table(folder / "usages" / "fait_lieux.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["note"] == "decimal128(5, 2)"
    assert kinds["horaires"] == "list<element: string>"
    assert kinds["ouvert_le"] == "timestamp[us, tz=UTC]"
    rows = table.to_pylist()
    assert rows[0] | {"id_lieu": "a"} == rows[0]
    assert rows[1]["horaires"] == ["lundi", "mardi, midi"]
    assert rows[0]["note"] is None
    assert str(rows[1]["ouvert_le"]) == "2026-01-02 03:04:05+00:00"
    communes = pq.read_table(folder / "commun" / "dim_communes.parquet").to_pylist()
    assert [c["population"] for c in communes] == [None, 14514, 0]
    assert communes[0]["adresse"] == ""  # empty is not missing


def package_of(folder):
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return {"": package} | {r["name"]: r for r in package["resources"]}


def test_descriptor_has_schema_keys_licences_and_sources(entrepot):
    resources = package_of(export_generation())
    communes = resources["commun.dim_communes"]
    assert communes["schema"]["primaryKey"] == ["code_commune"]
    fields = {f["name"]: f for f in communes["schema"]["fields"]}
    assert fields["code_commune"]["description"] == "Code INSEE de la commune."
    assert fields["superficie_km2"]["unit"] == "km²"
    assert fields["population"]["type"] == "integer"
    assert [s["name"] for s in communes["sources"]] == ["insee__communes"]
    assert communes["sources"][0]["version"] == "2025"
    assert resources["usages.fait_lieux"]["schema"]["foreignKeys"] == [
        {"fields": ["code_commune"], "reference": {"resource": "commun.dim_communes", "fields": ["code_commune"]}}
    ]
    assert resources["recommandation.decisions"]["schema"]["primaryKey"] == ["code_commune", "service"]


def test_share_alike_goes_down_the_lineage_and_unknown_is_said(entrepot):
    resources = package_of(export_generation())
    names = {n: [x["name"] for x in r["licenses"]] for n, r in resources.items() if r.get("type") == "table"}
    assert names["commun.dim_communes"] == ["etalab-2.0"]
    assert "ODbL-1.0" in names["usages.fait_lieux"]
    assert "notspecified" in names["usages.fait_lieux"]
    assert "ODbL-1.0" in names["recommandation.decisions"]  # not a dbt table: owed to every source
    assert "anct__aidants_connect" in resources[""]["pilotage"]["sources_de_licence_inconnue"]
    note = (get_settings().exports / "derniere" / "LISEZMOI.md").read_text(encoding="utf-8")
    assert "DONNÉES SIMULÉES" in note
    assert "Licences inconnues" in note


def test_frictionless_and_sha256sum_accept_the_export(entrepot):
    from frictionless import Package

    folder = export_generation()
    report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note", "message"])
    assert report.stats["tasks"] == 8
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_frictionless_would_see_a_broken_foreign_key(entrepot):
    from frictionless import Package

    folder = export_generation()
    path = folder / "usages" / "fait_lieux.csv"
    path.write_bytes(path.read_bytes().replace(b"01004", b"99999"))
    report = Package(str(folder / "datapackage.json")).validate()
    assert "foreign-key" in {kind for (kind,) in report.flatten(["type"])}


def test_same_content_gives_the_same_bytes(entrepot, monkeypatch):
    monkeypatch.setattr(ecriture_parquet, "SEUIL_COMPRESSION", 100)  # so that gzip takes part
    first = hashes(export_generation())
    assert "commun/dim_communes.csv.gz" in first
    entrepot.execute("CREATE TABLE t AS SELECT * FROM commun.dim_communes ORDER BY code_commune DESC")
    entrepot.execute("ALTER TABLE usages.fait_lieux DROP CONSTRAINT fait_lieux_code_commune_fkey")
    entrepot.execute("TRUNCATE commun.dim_communes; INSERT INTO commun.dim_communes SELECT * FROM t; DROP TABLE t")
    entrepot.execute("ALTER TABLE usages.fait_lieux ADD FOREIGN KEY (code_commune) REFERENCES commun.dim_communes")
    entrepot.commit()
    assert hashes(export_generation(forcer=True)) == first


def test_frictionless_accepts_a_compressed_table(entrepot, monkeypatch):
    from frictionless import Package

    monkeypatch.setattr(ecriture_parquet, "SEUIL_COMPRESSION", 100)
    report = Package(str(export_generation() / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note", "message"])


def test_an_export_already_made_is_not_written_again(entrepot):
    folder = export_generation()
    before = (folder / "SHA256SUMS").stat().st_mtime_ns
    assert export_generation() == folder
    assert (folder / "SHA256SUMS").stat().st_mtime_ns == before


def test_the_export_before_is_kept_and_older_ones_go(entrepot):
    for generation in (G2, G3):
        create_generation(entrepot, generation, "candidate")
    for generation in (G1, G2, G3):
        export_generation(generation)
    exports = get_settings().exports
    assert sorted(p.name for p in exports.iterdir() if p.name.startswith("g")) == [G2, G3]
    assert latest_export(exports).name == G3


def test_without_symbolic_links_a_small_file_points_at_the_latest(entrepot, monkeypatch):
    from pathlib import Path

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = export_generation()
    assert (folder.parent / "derniere").read_text().strip() == G1
    assert latest_export(folder.parent) == folder


def refused(match: str):
    """An export that fails, and leaves nothing of itself behind."""
    with pytest.raises(ErreurPublication, match=match) as caught:
        export_generation()
    left = {p.name for p in get_settings().exports.iterdir()}
    assert left <= {".verrou"}, left
    return caught.value


def test_a_personal_column_under_another_name_is_refused(entrepot):
    entrepot.execute("ALTER TABLE usages.fait_lieux ADD COLUMN joindre text")
    entrepot.commit()
    sql = "WITH f AS (SELECT contact AS c FROM stg_fs) SELECT c AS joindre FROM f"
    models = MODELES | {"usages.fait_lieux": (sql, ["staging.stg_fs"])}
    write_manifest(get_settings().dbt_target / G1, models)
    error = refused("colonne personnelle")
    assert (error.source, error.colonne) == ("usages.fait_lieux", "joindre")


def test_a_generation_with_a_personal_column_is_never_shown(entrepot):
    """BI readers would see it before any export: the switch looks first."""
    create_generation(entrepot, G2, "candidate")
    write_manifest(get_settings().dbt_target / G2, MODELES)
    assert check_personal(G2) == 4
    entrepot.execute(f"ALTER TABLE usages__{G2}.fait_lieux ADD COLUMN joindre text")
    entrepot.commit()
    sql = "WITH f AS (SELECT contact AS c FROM stg_fs) SELECT c AS joindre FROM f"
    write_manifest(get_settings().dbt_target / G2, MODELES | {"usages.fait_lieux": (sql, ["staging.stg_fs"])})
    with pytest.raises(ErreurPublication, match="rien n'est montré ni exporté"):
        switch(G2)
    states = dict(entrepot.execute("SELECT generation, etat FROM pilotage.generations").fetchall())
    assert states == {G1: "visible", G2: "candidate"}


def test_a_personal_name_is_refused_outside_dbt_too(entrepot):
    entrepot.execute("ALTER TABLE recommandation.decisions ADD COLUMN mail text")
    entrepot.commit()
    assert refused("colonne personnelle").colonne == "mail"


@pytest.mark.parametrize(
    ("value", "kind"), [("voir jean.dupont@mairie.fr", "électronique"), ("tél. 04 50 56 87 49", "téléphone")]
)
def test_a_personal_value_is_refused_and_masked(entrepot, value, kind):
    entrepot.execute("UPDATE usages.fait_lieux SET categorie = %s WHERE id_lieu = 'b'", [value])
    entrepot.commit()
    error = refused(kind)
    assert (error.source, error.colonne) == ("usages.fait_lieux", "categorie")
    assert "dupont" not in str(error)
    assert "56 87" not in str(error)


def test_a_number_that_is_none_is_refused(entrepot):
    entrepot.execute("UPDATE recommandation.decisions SET score = 'NaN' WHERE code_commune = '01004'")
    entrepot.commit()
    assert refused("NaN").colonne == "score"


def test_without_lineage_nothing_leaves(entrepot):
    shutil.rmtree(get_settings().dbt_target)
    assert "licences" in str(refused("manifest"))


def test_a_source_without_card_has_no_licence_and_stops_the_export(entrepot):
    models = MODELES | {"commun.dim_communes": ("SELECT 1 AS un", ["inconnu__jeu"])}
    write_manifest(get_settings().dbt_target / G1, models)
    assert refused("aucune fiche").source == "inconnu__jeu"


def test_an_unknown_generation_is_said(entrepot):
    with pytest.raises(ErreurPublication, match="inconnue"):
        export_generation("g20000101t000000")


def test_a_failure_leaves_the_former_export(entrepot):
    folder = export_generation()
    before = hashes(folder)
    entrepot.execute("UPDATE usages.fait_lieux SET categorie = 'a.b@c.fr'")
    entrepot.commit()
    with pytest.raises(ErreurPublication):
        export_generation(forcer=True)
    assert hashes(folder) == before
    assert latest_export(folder.parent) == folder


def test_a_full_disk_is_told_in_words(entrepot, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "copy_csv", fail)
    refused("écriture impossible")


def test_command_shows_folder_and_licences(entrepot):
    command = [sys.executable, "-c", "from pilotage.commandes.exporter import app; app()"]
    done = subprocess.run(command, capture_output=True, text=True, env=None)
    assert done.returncode == 0, done.stderr
    assert "DONNÉES SIMULÉES" in done.stdout
    assert "Open Database License" in done.stdout
    assert str(get_settings().exports / G1) in done.stdout
    shown = subprocess.run([*command, "montrer"], capture_output=True, text=True)
    assert shown.stdout == done.stdout


def test_psycopg_gives_one_record_a_message(entrepot):
    """`copy_csv` ends records by CRLF on the strength of this; a driver that grouped them must be seen."""
    with entrepot.cursor() as cursor, cursor.copy("COPY commun.dim_communes TO STDOUT (FORMAT csv)") as copy:
        assert len(list(copy)) == 3
    assert psycopg.__version__
