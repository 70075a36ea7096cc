"""The pages of judgments: at once when something is refused, together otherwise, never of half a result."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from pilotage import jugement
from pilotage.config import Settings
from pilotage.database import psycopg_connection
from pilotage.gate import gate_source, render_pages
from pilotage.jugement import build_docs, validate
from pilotage.load import load_source
from pilotage.suites import Regle
from tests.livraisons import deliver
from tests.portes import DEBITS, FICHIER, MILLESIME, clean, content, rows

SUITE = "arcep__debits__2019-09-30__commune-debit-beta"


@pytest.fixture(autouse=True)
def _clean(warehouse: Settings) -> None:
    clean()


def _submit(lines: list[list[str]], pages: bool = False) -> str:
    delivery = deliver(DEBITS, MILLESIME, FICHIER, content(lines))
    load_source(DEBITS)
    gate_source(DEBITS, pages=pages)
    return delivery


def _pages(settings: Settings, delivery: str) -> list[Path]:
    return sorted((settings.data_docs / "validations" / SUITE / delivery).rglob("*.html"))


def test_what_is_accepted_waits_and_what_is_refused_does_not(warehouse: Settings) -> None:
    good = _submit(rows())
    assert _pages(warehouse, good) == []
    bad = _submit(rows(12))
    assert _pages(warehouse, bad)
    index = (warehouse.data_docs / "index.html").read_text(encoding="utf-8")
    assert "refusée" in index and bad in index
    assert _pages(warehouse, good), "rendering one renders all that wait"


def test_a_result_cut_by_a_stop_keeps_no_page_from_being_rendered(warehouse: Settings) -> None:
    good = _submit(rows())
    cut = warehouse.home / "gx" / "resultats" / "arcep__cut" / "x" / "20261128T000000.000000Z" / "z.json"
    cut.parent.mkdir(parents=True)
    cut.write_text('{"meta": {', encoding="utf-8")
    try:
        build_docs(warehouse)
        assert _pages(warehouse, good)
        assert not (warehouse.data_docs / "validations" / "arcep__cut").exists()
    finally:
        cut.unlink()


def test_what_keeps_a_page_from_being_rendered_is_told_and_stops_nothing(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = _submit(rows())
    with monkeypatch.context() as patch:
        patch.setattr(jugement, "make_local", lambda _page: 1 / 0)
        assert render_pages() == ("echouee", "division by zero")
    assert render_pages() == ("reussie", "")
    assert _pages(warehouse, good)


def test_no_page_is_rendered_while_values_are_not_hidden_yet(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def hide(path: Path, hidden: set[int]) -> None:
        with (warehouse.home / "gx" / "verrou").open("w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tried.append((path, hidden))

    monkeypatch.setattr(jugement, "hide_values", hide)
    with psycopg_connection() as connection:
        connection.execute("CREATE SCHEMA essai")
        connection.execute("CREATE TABLE essai.gens AS SELECT 'Zoé Untel' AS nom")
    rule = Regle(
        nom="nom_vide", raison="Essai.", attente="expect_column_values_to_be_null", arguments={"column": "nom"}
    )
    results = validate(
        warehouse, suite="essai", run="r1", schema="essai", table="gens", rules=[rule], personal=frozenset({"nom"})
    )
    assert tried and not results[0].succes
    assert "Zoé" not in str(results[0].exemples)
