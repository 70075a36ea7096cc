"""The territory's own files on their way into the warehouse: fetched, judged, served, withdrawn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from pilotage.apports import cards
from pilotage.apports.controle import check_file
from pilotage.apports.references import References
from pilotage.config import Settings
from pilotage.errors import ErreurApport
from pilotage.fetch import fetch_source
from pilotage.gate import gate_source
from pilotage.load import load_source
from tests.apports_ecrits import BAD_VALUES, SIEGE, write


def test_files_enter_a_bad_one_leaves_the_last_good_and_a_removed_one_goes(
    warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror, folder = tmp_path / "miroir", tmp_path / "apports"
    mirror.mkdir()
    monkeypatch.setenv("PILOTAGE_SOURCES", str(mirror))
    monkeypatch.setenv("PILOTAGE_APPORTS", str(folder))
    source = "apports__gouvernance"
    assert fetch_source(source).nouvelles == []  # nothing given: no error
    good = write(folder, "gouvernance", SIEGE)
    assert take_in(source) == ["S1"]
    good.write_text(good.read_text().replace("elus", "elu"), encoding="utf-8")
    with pytest.raises(ErreurApport, match=r"ligne 2, colonne « college ».*livraison précédente"):
        fetch_source(source)
    assert served() == ["S1"]
    write(folder, "gouvernance", SIEGE.replace("S1", "S2"), SIEGE.replace("S1", "S3"))
    assert take_in(source) == ["S2", "S3"]
    good.write_bytes(b"\xef\xbb\xbf" + good.read_bytes().replace(b"\n", b"\r\n"))  # as Excel writes it
    assert take_in(source) == ["S2", "S3"]
    good.unlink()
    assert "retiré du dossier" in fetch_source(source).avertissements[0]
    assert served() == []
    write(folder, "gouvernance", SIEGE.replace("S1", "S2"), SIEGE.replace("S1", "S3"))
    assert take_in(source) == ["S2", "S3"]  # the same bytes given again
    shutil.rmtree(folder)
    folder.mkdir()
    assert fetch_source(source).nouvelles == []
    assert served() == ["S2", "S3"]  # an empty folder (a disk not mounted) withdraws nothing


@pytest.mark.parametrize(("kind", "line", "column", "remedy"), BAD_VALUES)
def test_the_gate_refuses_what_the_reading_would_have_let_through(
    warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, line: str, column: str, remedy: str
) -> None:
    mirror = tmp_path / "miroir"
    mirror.mkdir()
    monkeypatch.setenv("PILOTAGE_SOURCES", str(mirror))
    monkeypatch.setenv("PILOTAGE_APPORTS", str(tmp_path / "apports"))
    monkeypatch.setattr("pilotage.fetch.refuse_faults", lambda *arguments: None)
    write(tmp_path / "apports", kind, line)
    source = f"apports__{kind}"
    fetch_source(source)
    load_source(source)
    report = gate_source(source)
    assert len(report.refusees) == 1 and column in report.messages[0]


@pytest.mark.parametrize("communes", [50, 1200])
def test_simulated_files_have_no_fault(tmp_path: Path, communes: int) -> None:
    from pilotage.simulation import apports
    from pilotage.simulation.ecriture import Depot
    from pilotage.simulation.histoire import Histoire, compter
    from pilotage.simulation.territoire import dresser

    territoire = dresser(communes, 2026, sum(compter(communes).values()))
    apports.write(territoire, Histoire(territoire), Depot(tmp_path))
    for kind, card in cards().items():
        path = tmp_path / card.source / "apports" / f"{kind}.csv"
        rows, said = check_file(card, path, path.name, References(simulation=True))
        assert rows and [str(fault) for fault in said] == []


def take_in(source: str) -> list[str]:
    fetch_source(source)
    load_source(source)
    report = gate_source(source)
    assert report.refusees == [], report.messages
    return served()


def served() -> list[str]:
    from pilotage.database import get_engine

    with get_engine().connect() as connection:
        return list(connection.scalars(text("SELECT id_membre FROM raw.apports__gouvernance ORDER BY 1")))
