"""A person is found wherever they are named, erased in place, and refused in what comes after; on PostgreSQL."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.demande import Demande
from pilotage.errors import ErreurConfiguration
from pilotage.gate import gate_source
from pilotage.landing import Depot, Recu, Suivi
from pilotage.load import load_source
from pilotage.oppositions import ErreurOpposition, plain_filter
from pilotage.personnes import erase_person, find_person
from pilotage.recherche_depot import look_into
from tests.livraisons import deliver
from tests.portes import DEBITS, FICHIER, MILLESIME, content, rows, write_suite

NOM = "Hélène D'Arcy-Martin"


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        (NOM, "Mme Helene d’ARCY MARTIN, référente", True),
        (NOM, "d'Arcy-Martin Hélène", True),
        (NOM, "Hélène Martin", False),
        ("jean.dupont@ville.fr", "écrire à Jean.Dupont@Ville.fr.", True),
        ("jean.dupont@ville.fr", "jean.dupond@ville.fr", False),
        ("06 12 34 56 78", "tél. +33612345678", True),
        ("+33 6 12 34 56 78", "06.12.34.56.78", True),
        ("0612345678", "10612345678", False),
        ("0612345678", "06\u00a012\u202f34\u00a056\u00a078", True),
        ("0612345678", "06/12/34/56/78", True),
        ("06 12 34 56 78", "06  12  34  56  78", True),
        ("06\u00a012\u00a034\u00a056\u00a078", "0612345678", True),
        ("0612345678", "06 12 34 56 79", False),
        ("Jean Dupont", "Jeanne Dupont", False),
        ("Jean Dupont", "rue Jean-Dupont", True),
    ],
)
def test_what_is_recognised(text: str, value: str, expected: bool) -> None:
    assert plain_filter(text)(value) is expected


@pytest.mark.parametrize("text", ["Martin", "", " - ", " ".join("abcdefghijklm")])
def test_a_word_alone_is_refused(text: str) -> None:
    with pytest.raises(ErreurOpposition, match="mot"):
        plain_filter(text)


def test_files_of_every_kind_are_looked_into(tmp_path: Path) -> None:
    lines = f"a;b\n1;{NOM}\n2;autre\n"
    (tmp_path / "a.csv").write_text(lines, encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(lines.encode("cp1252"))
    (tmp_path / "c.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "d.json").write_text("x " * 700_000 + NOM + " y" * 700_000)
    book = Workbook()
    book.active.append(["a", f"{NOM} & fils"])
    book.save(tmp_path / "e.xlsx")
    pyarrow.parquet.write_table(pyarrow.table({"n": [1, 2], "t": ["x", NOM]}), tmp_path / "f.parquet")
    coded = pyarrow.array(["x", NOM]).dictionary_encode()
    pyarrow.parquet.write_table(pyarrow.table({"t": coded, "l": [["x"], []]}), tmp_path / "g.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"l": [["x", NOM], []]}), tmp_path / "h.parquet")
    (tmp_path / "i.json").write_text(json.dumps([{"n": NOM}]), encoding="ascii")  # H\u00e9l\u00e8ne
    mathematical = "\U0001d421élène"  # a letter of two surrogates, which compares as an h
    (tmp_path / "j.json").write_text(json.dumps({"n": f"{mathematical}\nD'Arcy-Martin"}), encoding="ascii")
    for path in sorted(tmp_path.iterdir()):
        lines, fault = look_into(path, NOM, plain_filter(NOM))
        assert lines >= 1 and not fault, path.name
        assert look_into(path, "Jean Absent", plain_filter("Jean Absent")) == (0, ""), path.name
    (tmp_path / "a.csv").write_text("Tél : 06.12.34.56.78\nTél : 06\u00a012\u202f34/56  78\n")
    assert look_into(tmp_path / "a.csv", "0612345678", plain_filter("0612345678")) == (2, "")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("coupe.zip", b"PK\x03\x04 rien d'autre"),
        ("coupe.gz", gzip.compress(b"a;b\n" * 99)[:20]),
        ("coupe.parquet", b"PAR1 rien d'autre"),
    ],
)
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    lines, fault = look_into(tmp_path / name, NOM, plain_filter(NOM))
    assert lines == 0 and fault


def named(count: int = 60, row: int = 3) -> bytes:
    """A delivery in which one commune bears the person's name, and a second that is set aside bears it too."""
    lines = rows(count)
    lines[row][1] = f"chez {NOM}"
    lines[row + 1][1], lines[row + 1][4] = NOM.upper(), "99999"  # out of bounds: quarantine
    return content(lines)


def land(body: bytes, current: bool = True) -> str:
    """Deliver as fetch does: journal, bytes, receipt and follow-up."""
    identifiant = deliver(DEBITS, MILLESIME, FICHIER, body)
    depot, demande = Depot(get_settings().landing), Demande(DEBITS, MILLESIME, FICHIER, "https://x.exemple/f")
    with psycopg_connection() as connection:
        query = "SELECT sha256 FROM pilotage.livraisons WHERE livraison = %s"
        (sha,) = connection.execute(query, (identifiant,)).fetchone()
    recu = Recu(DEBITS, MILLESIME, FICHIER, sha, len(body), "https://x.exemple/f", "", f"2026-01-0{1 + current}")
    depot.chemin(demande, sha).with_name(f"{FICHIER}.recu.json").write_text(json.dumps(recu.__dict__))
    depot.follow(demande, Suivi(sha, len(body), "https://x.exemple/f"))
    return identifiant


def test_a_person_is_found_erased_and_refused_afterwards(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pilotage.__main__ import app

    write_suite(monkeypatch, tmp_path)
    first = land(named(), current=False)
    load_source(DEBITS)
    gate_source(DEBITS)
    second = land(named(59))
    load_source(DEBITS)
    gate_source(DEBITS)

    places = find_person(NOM)
    seen = {(p.endroit, p.colonne, p.livraison, p.nombre) for p in places}
    assert ("raw", "nom_com", second, 1) in seen and ("quarantaine", "nom_com", second, 1) in seen
    assert {(p.livraison, p.nombre) for p in places if p.endroit == "dépôt"} == {(first, 2), (second, 2)}
    shown = CliRunner().invoke(app, ["personnes", "chercher", NOM])
    assert shown.exit_code == 0 and "colonne nom_com" in shown.output and "Arcy" not in shown.output
    assert "01004" not in shown.output, "never the row"

    old = get_settings().landing / DEBITS / MILLESIME
    done = erase_person(NOM, "demande 12")
    assert (done.cellules, len(done.fichiers), len(done.gardes)) == (1, 1, 1)
    assert done.quarantaine == 2, "the row of the replaced delivery too"
    assert DEBITS in done.sources and "mednum__lieux_mediation" in done.sources
    left = find_person(NOM)
    assert [(p.endroit, p.livraison) for p in left] == [("dépôt", second)]
    assert len([path for path in old.iterdir() if path.is_dir()]) == 1
    with psycopg_connection() as connection:
        kept = connection.execute("SELECT empreinte, motif FROM pilotage.oppositions").fetchall()
        raw = connection.execute(f"SELECT nom_com, code_insee FROM raw.{DEBITS} WHERE code_insee = '01004'").fetchone()
    assert raw == (None, "01004") and all("arcy" not in str(row).lower() for row in kept)

    third = land(named(58))
    load_source(DEBITS)
    gate_source(DEBITS)
    assert {(p.endroit, p.livraison) for p in find_person(NOM)} == {("dépôt", second), ("dépôt", third)}
    again = erase_person(NOM, "demande 12")
    assert again.cellules == 0 and len(again.fichiers) == 1

    key = warehouse.home / "oppositions_cle"
    assert key.stat().st_mode & 0o077 == 0
    key.rename(tmp_path / "cle")
    land(named(57))
    with pytest.raises(ErreurConfiguration, match="oppositions"):
        load_source(DEBITS)
    monkeypatch.setenv("PILOTAGE_OPPOSITIONS_CLE", "une autre")
    with pytest.raises(ErreurConfiguration, match="oppositions"):
        load_source(DEBITS)
    monkeypatch.setenv("PILOTAGE_OPPOSITIONS_CLE", (tmp_path / "cle").read_text().strip())
    assert load_source(DEBITS).candidates
