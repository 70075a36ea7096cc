"""Each simulated file against the real one of the same name: names, bytes of the header, line ends, sheets, keys."""

from __future__ import annotations

import csv
import json
import zipfile
from itertools import islice
from pathlib import Path

import openpyxl
import pytest

from pilotage.catalogue import load_catalogue
from pilotage.simulation import write_simulation

ENTETES = {"commune-debit-beta.csv": 1, "communes.csv": 4, "ftthCommunes.csv": 4}  # lines before the header
ENTETES_SEULEMENT = {("arcep__debits", "2026-06-30")}  # only the first lines of the real file are known
PAR_DEPARTEMENT = {"ign__contours_communes"}  # one file a département: as many as the territory has


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulation")
    write_simulation(folder, 300, 2026)
    return folder


def files(folder: Path, suffix: str) -> list[str]:
    """Relative paths of a simulation's files of one kind, by its own inventory."""
    with (folder / "MANIFEST.tsv").open(encoding="utf-8") as f:
        rows = [f"{r['source']}/{r['millesime']}/{r['file']}" for r in csv.DictReader(f, delimiter="\t")]
    return [r for r in rows if r.lower().endswith(suffix)]


def real_files(mirror: Path, simulation: Path, suffix: str) -> list[str]:
    """Those whose real counterpart the mirror holds: a card never checked on a real file has none."""
    return [chemin for chemin in files(simulation, suffix) if (mirror / chemin).exists()]


def head(path: Path, lines: int) -> list[bytes]:
    with path.open("rb") as f:
        return list(islice(f, lines))


def test_same_files_as_the_mirror_for_each_source(mirror: Path, simulation: Path) -> None:
    with (mirror / "MANIFEST.tsv").open(encoding="utf-8") as f:
        reels = {(r["source"], r["millesime"], r["file"]) for r in csv.DictReader(f, delimiter="\t")}
    with (simulation / "MANIFEST.tsv").open(encoding="utf-8") as f:
        simules = {(r["source"], r["millesime"], r["file"]) for r in csv.DictReader(f, delimiter="\t")}
    sources = {s for s, _, _ in simules}
    assert sources >= PAR_DEPARTEMENT
    reels, simules = ({r for r in side if r[0] not in PAR_DEPARTEMENT} for side in (reels, simules))
    seen = {s for s, card in load_catalogue().items() if card.verifiee and not card.est_apport}
    assert sources >= seen
    assert simules >= {r for r in reels if r[0] in sources & seen}
    extra = {(s, m) for s, m, _ in simules - reels if s in seen}
    assert extra == ENTETES_SEULEMENT, "a file that no real delivery has"


def test_csv_headers_are_byte_for_byte_the_real_ones(mirror: Path, simulation: Path) -> None:
    chemins = [c for c in real_files(mirror, simulation, ".csv") if not c.endswith("sommaire.csv")]
    assert len(chemins) >= 43
    for chemin in chemins:
        rang = ENTETES.get(Path(chemin).name, 0)
        reel, simule = (head(base / chemin, rang + 2) for base in (mirror, simulation))
        assert simule[rang] == reel[rang], chemin
        assert simule[rang + 1].endswith(b"\r\n") == reel[rang + 1].endswith(b"\r\n"), chemin
        assert len(simule) == rang + 2, f"{chemin} : aucune donnée"


def test_csv_files_end_as_the_real_ones(mirror: Path, simulation: Path) -> None:
    for chemin in real_files(mirror, simulation, ".csv"):
        reel, simule = ((base / chemin).read_bytes()[-1:] for base in (mirror, simulation))
        assert (simule == b"\n") == (reel == b"\n"), chemin


def test_quotes_are_used_as_the_real_files_use_them(mirror: Path, simulation: Path) -> None:
    for chemin in real_files(mirror, simulation, ".csv"):
        reel, simule = ((base / chemin).read_bytes() for base in (mirror, simulation))
        beaucoup = [contenu.count(b'"') > contenu.count(b"\n") for contenu in (reel, simule)]
        assert beaucoup[0] == beaucoup[1], chemin


def test_banner_lines_say_that_data_are_simulated(simulation: Path) -> None:
    for chemin in ("arcep__debits/2019-09-30/commune-debit-beta.csv", "arcep__deploiement_fibre/2018T1/communes.csv"):
        assert "données simulées".encode() in b"".join(head(simulation / chemin, 4))


def test_zip_members_have_the_real_headers(mirror: Path, simulation: Path) -> None:
    for chemin in real_files(mirror, simulation, ".zip"):
        reel, simule = (zipfile.ZipFile(base / chemin) for base in (mirror, simulation))
        membres = [m for m in simule.namelist() if m.lower().endswith(".csv")]
        assert set(membres) <= set(reel.namelist())
        for membre in membres:
            assert simule.open(membre).readline() == reel.open(membre).readline(), membre


def test_workbooks_have_the_real_sheets_and_headers(mirror: Path, simulation: Path) -> None:
    chemins = real_files(mirror, simulation, ".xlsx")
    assert len(chemins) >= 4
    for chemin in chemins:
        reel, simule = (openpyxl.load_workbook(base / chemin, read_only=True) for base in (mirror, simulation))
        assert simule.sheetnames == reel.sheetnames
        entete = 5 if "densite" in chemin or "gammes" in chemin else 1
        titres = [
            [tuple(r) for r in livre.worksheets[0].iter_rows(max_row=entete, values_only=True)]
            for livre in (reel, simule)
        ]
        assert _filled(titres[1][-1]) == _filled(titres[0][-1]), chemin
        types = [
            [
                type(v)
                for v in next(livre.worksheets[0].iter_rows(min_row=entete + 1, values_only=True))
                if v is not None
            ][:10]
            for livre in (reel, simule)
        ]
        # a whole number and a decimal one are the same kind of cell
        sans_nuance = [[float if t is int else t for t in ligne] for ligne in types]
        assert sans_nuance[0] == sans_nuance[1], chemin


def _filled(cells: tuple) -> tuple:
    """A row without the empty cells that a spreadsheet keeps on its right."""
    last = max((rank for rank, cell in enumerate(cells) if cell is not None), default=-1)
    return cells[: last + 1]


def test_json_lists_have_the_real_keys(mirror: Path, simulation: Path) -> None:
    chemins = real_files(mirror, simulation, ".json")
    assert len(chemins) >= 4
    for chemin in chemins:
        reel, simule = (json.loads((base / chemin).read_bytes()) for base in (mirror, simulation))
        cles = [{k for objet in objets for k in objet} for objets in (reel, simule)]
        assert cles[0] == cles[1], chemin
        assert (simulation / chemin).read_bytes()[:6] == (mirror / chemin).read_bytes()[:6]


def test_mediation_lists_speak_three_dialects(simulation: Path) -> None:
    lists = [c for c in files(simulation, ".json") if c.startswith("mednum__lieux_mediation")]
    cnfs, hub, _, standard = sorted(lists, key=lambda c: (c.split("/")[1], "caledonie" in c))
    assert ", " in json.loads((simulation / cnfs).read_bytes())[0]["services"]
    assert ";" in json.loads((simulation / hub).read_bytes())[0]["services"]
    assert any("|" in o["services"] for o in json.loads((simulation / standard).read_bytes()))


def test_geojson_features_have_the_real_properties_in_order(mirror: Path, simulation: Path) -> None:
    chemins = real_files(mirror, simulation, ".geojson")
    assert len(chemins) >= 3
    for chemin in chemins:
        reel, simule = (json.loads((base / chemin).read_bytes()) for base in (mirror, simulation))
        assert list(simule["features"][0]["properties"]) == list(reel["features"][0]["properties"]), chemin
        around = [{k: v for k, v in content.items() if k != "features"} for content in (reel, simule)]
        assert around[0] == around[1], chemin


def test_shapefiles_have_the_real_attributes_and_projection(mirror: Path, simulation: Path) -> None:
    chemins = real_files(mirror, simulation, ".dbf")
    assert chemins
    for chemin in chemins:
        reel, simule = ((base / chemin).read_bytes() for base in (mirror, simulation))
        end = reel.index(b"\r") + 1
        assert simule[10:end] == reel[10:end], "widths and names of the attributes"
        projections = [(base / chemin).with_suffix(".prj").read_bytes() for base in (mirror, simulation)]
        assert projections[0] == projections[1]


def test_every_file_conforms_to_its_card(simulation: Path) -> None:
    from pilotage.verification import check_folder

    constats = [c for card in load_catalogue().values() for c in check_folder(card, simulation)]
    assert {c.source for c in constats} == set(load_catalogue())
    assert [f"{c.source} {c.fichier} {c.message}" for c in constats if c.etat == "refuse"] == []
    assert [c.fichier for c in constats if c.etat == "lu" and not c.lignes] == []
