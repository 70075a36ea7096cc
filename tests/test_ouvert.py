"""What reusers take: packages, catalogue, maps, national standard, changelog; on a whole night, and on small tables."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import geopandas
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pilotage.errors import ErreurPublication
from pilotage.ouvert.differences import compare_exports, compare_tables, sentence, write_journal
from pilotage.ouvert.exposes import load_exposes
from pilotage.ouvert.geographie import write_layers
from pilotage.ouvert.paquets import _keep_version
from pilotage.ouvert.standard_lieux import CHAMPS, SERVICES, convert, reason_to_leave_out
from tests.maison import Maison

DCAT = Path(__file__).parent / "data" / "dcat_ap_obligatoires.ttl"
LIEU = {
    "id_lieu": "a1", "nom_lieu": " Médiathèque ", "nom_commune": "Laon", "adresse": "3 rue du Lac", "siret": None,
    "code_postal": "02000", "code_commune": "02408", "latitude": 49.5, "longitude": None, "source": "ANCT",
    "date_maj": "2024-09-12", "services": None, "est_ouvert": True, "est_mediation": True, "est_fabrique": False,
    "est_manufacture": False, "est_bibliotheque": True, "est_aidants_connect": False, "est_conseiller_numerique": True,
    "est_france_services": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def export(maison: Maison) -> Path:
    assert maison.sorties[0].returncode == 0, maison.sorties[0].stderr[-2000:]
    return (maison.home / "exports" / "derniere").resolve()


def test_each_published_table_is_in_one_package_and_its_bytes_are_there_once(export: Path) -> None:
    whole = json.loads((export / "datapackage.json").read_text(encoding="utf-8"))
    tables = Counter(r["name"] for r in whole["resources"] if r["type"] == "table")
    packed: Counter = Counter()
    for path in (export / "paquets").glob("*/datapackage.json"):
        said = json.loads(path.read_text(encoding="utf-8"))
        packed.update(r["name"] for r in said["resources"] if r["type"] == "table")
        for resource in said["resources"]:
            file = path.parent / resource["path"]
            assert file.stat().st_size == resource["bytes"]
            assert file.stat().st_nlink == 2, "a second name, not a second copy"
        assert "DONNÉES SIMULÉES" in said["title"]
    assert packed == tables
    assert set(packed.values()) == {1}


def test_each_package_is_valid_for_frictionless(export: Path) -> None:
    for folder in sorted((export / "paquets").iterdir()):
        done = subprocess.run(
            [Path(sys.executable).with_name("frictionless"), "validate", "datapackage.json"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{folder.name}\n{done.stdout[-2000:]}"


def test_sums_hold_for_every_file(export: Path) -> None:
    for folder in (export, *(export / "paquets").iterdir()):
        lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        sums = dict(line.split("  ", 1)[::-1] for line in lines)
        assert set(sums) == {
            p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p != folder / "SHA256SUMS"
        }
        name = sorted(sums)[len(sums) // 2]
        assert sums[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_catalogue_has_what_dcat_ap_makes_mandatory(export: Path) -> None:
    from pyshacl import validate
    from rdflib import Graph

    graph = Graph().parse(
        data=(export / "catalogue.jsonld").read_text(encoding="utf-8"), format="json-ld", base="https://exemple.fr/"
    )
    conforms, _, report = validate(graph, shacl_graph=Graph().parse(DCAT))
    assert conforms, report[:2000]
    described = {str(o) for o in graph.objects(predicate=_term("dcat", "downloadURL"))}
    files = {p.relative_to(export).as_posix() for p in (export / "paquets").rglob("*") if p.is_file()}
    about = {name for name in files if name.endswith(("datapackage.json", "LISEZMOI.md", "SHA256SUMS"))}
    assert described == {f"https://exemple.fr/{name}" for name in files - about}
    graph.remove((None, _term("dct", "title"), None))
    assert not validate(graph, shacl_graph=Graph().parse(DCAT))[0], "the shapes do refuse a catalogue without titles"


def _term(prefix: str, name: str):
    from rdflib import URIRef

    bases = {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}
    return URIRef(bases[prefix] + name)


def test_maps_hold_the_rows_that_have_a_place(export: Path) -> None:
    places = pq.read_table(export / "commun" / "dim_lieux.parquet").to_pandas()
    placed = places[places.latitude.notna() & places.longitude.notna()].reset_index(drop=True)
    points = geopandas.read_parquet(export / "geographie" / "lieux.parquet")
    assert points.crs.name == "WGS 84 (CRS84)"
    assert points.id_lieu.tolist() == placed.id_lieu.tolist()
    assert points.geometry.x.tolist() == placed.longitude.tolist()
    again = geopandas.read_file(export / "geographie" / "lieux.geojson")
    assert max(abs(again.geometry.x - points.geometry.x).max(), abs(again.geometry.y - points.geometry.y).max()) < 1e-6
    assert json.loads(pq.read_schema(export / "geographie" / "lieux.parquet").metadata[b"geo"])["version"] == "1.1.0"
    text = json.loads((export / "geographie" / "communes.geojson").read_text(encoding="utf-8"))
    assert "crs" not in text, "RFC 7946 knows one system only"
    ring = text["features"][0]["geometry"]["coordinates"][0]
    ring = ring[0] if isinstance(ring[0][0], list) else ring
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))
    assert area > 0, "outer rings are counter-clockwise"


def test_places_conform_to_the_national_standard(export: Path, mirror: Path) -> None:
    from frictionless import Resource, Schema, system

    path = export / "lieux-mediation-numerique.csv"
    schema = json.loads((mirror / "schemas" / "lieux-mediation-v1.0.2" / "schema.json").read_text(encoding="utf-8"))
    assert tuple(field["name"] for field in schema["fields"]) == CHAMPS
    words = next(field for field in schema["fields"] if field["name"] == "services")["constraints"]["pattern"]
    assert all(word in words for word in SERVICES.values())
    with system.use_context(trusted=True):
        report = Resource(path=str(path), schema=Schema.from_descriptor(schema)).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])[:5]
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    assert len(rows) > 20
    assert {(row["telephone"], row["courriels"]) for row in rows} == {("", "")}


def test_the_example_of_the_standard_is_judged_by_the_same_rules(mirror: Path) -> None:
    rows = list(csv.DictReader((mirror / "schemas/lieux-mediation-v1.0.2/exemple-valide.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == CHAMPS


def test_nothing_is_made_up_for_a_place() -> None:
    unknown: Counter = Counter()
    row = convert({**LIEU, "services": "Prendre en main un ordinateur|Cuisine"}, unknown)
    assert row["services"] == "Maîtrise des outils numériques du quotidien"
    assert unknown == {"Cuisine": 1}
    assert (row["pivot"], row["nom"], row["latitude"], row["longitude"]) == ("0" * 14, "Médiathèque", "49.5", "")
    assert row["dispositif_programmes_nationaux"] == "Conseillers numériques"
    assert "Aide aux démarches administratives" not in row["services"]
    assert reason_to_leave_out(LIEU) is None
    assert "adresse" in reason_to_leave_out({**LIEU, "adresse": " "})
    assert "code postal" in reason_to_leave_out({**LIEU, "code_postal": None})
    alone = {"est_mediation": False, "est_conseiller_numerique": False}
    assert "médiation" in reason_to_leave_out({**LIEU, **alone})
    assert "reçoive" in reason_to_leave_out({**LIEU, "est_ouvert": False})


def test_a_table_outside_every_package_stops_the_export() -> None:
    with pytest.raises(ErreurPublication, match="aucun paquet"):
        load_exposes().package_of("autre.table")


def test_layers_are_the_same_bytes_again(export: Path, tmp_path: Path) -> None:
    parquets = {"commun.dim_lieux": export / "commun" / "dim_lieux.parquet"}
    for _, path in write_layers(parquets, tmp_path):
        assert path.read_bytes() == (export / "geographie" / path.name).read_bytes()


def write(path: Path, rows: list[dict]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(path, index=False)
    return path


def test_rows_added_removed_and_changed_are_counted_by_key(tmp_path: Path) -> None:
    old = write(tmp_path / "a.parquet", [{"k": 1, "v": "a"}, {"k": 2, "v": None}, {"k": 3, "v": "c"}])
    new = write(
        tmp_path / "b.parquet", [{"k": 2, "v": "b"}, {"k": 3, "v": "c"}, {"k": 4, "v": "d"}, {"k": 5, "v": "e"}]
    )
    found = compare_tables("x.t", old, new, ("k",))
    assert (found.ajoutees, found.retirees, found.changees, found.lignes_avant, found.lignes) == (2, 1, 1, 3, 4)
    assert sentence(found) == "`x.t` : 2 lignes ajoutées, 1 ligne retirée, 1 ligne changée."
    keyless = compare_tables("x.t", old, new, ())
    assert (keyless.ajoutees, keyless.retirees, keyless.changees) == (3, 2, 0)
    wider = write(tmp_path / "c.parquet", [{"k": 1, "v": 7, "w": 1}])
    assert compare_tables("x.t", old, wider, ("k",)).colonnes_ajoutees == ["w"]
    assert compare_tables("x.t", old, wider, ("k",)).colonnes_retypees == ["v"]
    assert compare_tables("x.t", old, shutil.copyfile(old, tmp_path / "d.parquet"), ("k",)).etat == "identique"


def test_journal_grows_by_one_section_a_publication(tmp_path: Path) -> None:
    one, two = tmp_path / "g1", tmp_path / "g2"
    write(one / "s" / "t.parquet", [{"k": 1}])
    write(two / "s" / "t.parquet", [{"k": 1}, {"k": 2}])
    write(two / "s" / "u.parquet", [{"k": 1}])
    write_journal(None, one, "g1", "2026-01-01", compare_exports(None, one, {}))
    write_journal(one, two, "g2", "2026-01-02", compare_exports(one, two, {"s.t": ("k",)}))
    text = (two / "JOURNAL.md").read_text(encoding="utf-8")
    assert text.index("## g2") < text.index("## g1")
    assert "`s.t` : 1 ligne ajoutée." in text and "`s.u` : nouvelle table, 1 lignes." in text
    assert {d["table"]: d["etat"] for d in json.loads((two / "differences.json").read_text())} == {
        "s.t": "modifiee",
        "s.u": "nouvelle",
    }


def test_an_unchanged_package_keeps_its_version(tmp_path: Path) -> None:
    before = {"version": "g1", "created": "2026-01-01", "resources": [{"hash": "x"}], "pilotage": {"generation": "g1"}}
    (tmp_path / "datapackage.json").write_text(json.dumps(before))
    after = {**before, "version": "g2", "created": "2026-01-02", "pilotage": {"generation": "g2"}}
    assert _keep_version(after, tmp_path) == before
    changed = {**after, "resources": [{"hash": "y"}]}
    assert _keep_version(changed, tmp_path) == changed
