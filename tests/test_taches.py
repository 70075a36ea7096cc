"""What tasks make of a step's report: Airflow's skip, alerts, the night and the generation they belong to."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest
from sqlalchemy import text

from pilotage.config import Settings
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration, ErreurControle, ErreurTelechargement
from pilotage.orchestration import ErreurOrchestration


@pytest.fixture(scope="module")
def taches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module, imported with an AIRFLOW_HOME of our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        from pilotage.orchestration import taches

        yield taches


def _event(moment: int, **extra: str) -> SimpleNamespace:
    return SimpleNamespace(timestamp=dt.datetime(2026, 1, 1, 0, moment), extra=extra)


def _context(run_id: str = "nuit_1", events: tuple = (), conf: dict | None = None) -> dict:
    return {"dag_run": SimpleNamespace(run_id=run_id, conf=conf), "triggering_asset_events": {"actif": list(events)}}


@pytest.fixture
def night(taches: ModuleType, monkeypatch: pytest.MonkeyPatch, warehouse: Settings) -> Iterator[Settings]:
    monkeypatch.setattr(taches, "get_current_context", _context)
    yield warehouse
    with get_engine().begin() as connection:
        connection.execute(text("TRUNCATE pilotage.livraisons, pilotage.etapes"))


def _step(monkeypatch: pytest.MonkeyPatch, module: str, name: str, result: object) -> None:
    def act(*_: object, **__: object) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    fake = ModuleType(module)
    setattr(fake, name, act)
    monkeypatch.setitem(sys.modules, module, fake)


def _fetched(*nouvelles: str) -> SimpleNamespace:
    return SimpleNamespace(nouvelles=list(nouvelles), inchangees=2, octets=10, avertissements=[])


def _judged(acceptees: list[str], refusees: list[str]) -> SimpleNamespace:
    messages = [f"{name} : colonne absente" for name in refusees]
    return SimpleNamespace(acceptees=acceptees, refusees=refusees, quarantaine=4, controles=9, messages=messages)


def _record(etat: str, source: str = "a__b") -> None:
    query = "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, sha256, taille_octets, etat) "
    with get_engine().begin() as connection:
        connection.execute(
            text(query + "VALUES (:l, :s, '2024', 'f', 'h', 1, :e)"), {"l": etat, "s": source, "e": etat}
        )


def _journal() -> list[tuple]:
    with get_engine().connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(text("SELECT nuit, etape, objet, etat FROM pilotage.etapes ORDER BY id"))
        ]


def test_nothing_new_skips_the_rest_of_the_line(taches, night, monkeypatch) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    _step(monkeypatch, "pilotage.fetch", "fetch_source", _fetched())
    _record("recue", source="another__one")
    with pytest.raises(AirflowSkipException):
        taches.fetch("a__b")
    assert _journal() == [("nuit_1", "fetch", "a__b", "sans_changement")]


@pytest.mark.parametrize("etat", ["recue", "candidate"])
def test_what_an_interrupted_night_left_is_taken_up(taches, night, monkeypatch, etat) -> None:
    _step(monkeypatch, "pilotage.fetch", "fetch_source", _fetched())
    _record(etat)
    taches.fetch("a__b")
    assert _journal() == [("nuit_1", "fetch", "a__b", "reussie")]


def test_a_failed_fetch_is_journaled_with_its_reason(taches, night, monkeypatch) -> None:
    _step(monkeypatch, "pilotage.fetch", "fetch_source", ErreurTelechargement("page HTML", source="a__b"))
    with pytest.raises(ErreurTelechargement):
        taches.fetch("a__b")
    assert _journal() == [("nuit_1", "fetch", "a__b", "echouee")]


def test_a_refused_delivery_fails_the_gate(taches, night, monkeypatch) -> None:
    _step(monkeypatch, "pilotage.gate", "gate_source", _judged([], ["l1"]))
    with pytest.raises(ErreurControle, match="l1 : colonne absente"):
        taches.gate("a__b")


def test_a_delivery_refused_beside_an_accepted_one_is_an_alert(taches, night, monkeypatch) -> None:
    _step(monkeypatch, "pilotage.gate", "gate_source", _judged(["l2"], ["l1"]))
    assert taches.gate("a__b") == ["l2"]
    alert = json.loads((night.logs / "alertes.jsonl").read_text().splitlines()[-1])
    assert alert["details"]["source"] == "a__b" and "colonne absente" in alert["texte"]


def test_ingestion_wakes_the_warehouse_only_when_something_changed(taches, night, monkeypatch) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    _record("acceptee")
    _step(monkeypatch, "pilotage.entrepot", "needs_rebuild", True)
    assert taches.conclude_ingestion() == {"nuit": "nuit_1"}
    _step(monkeypatch, "pilotage.entrepot", "needs_rebuild", False)
    with pytest.raises(AirflowSkipException):
        taches.conclude_ingestion()


def test_exports_missed_by_a_stopped_night_are_written_by_the_next(taches, night, monkeypatch, request) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    exported: list[str] = []
    _record("acceptee")
    _step(monkeypatch, "pilotage.entrepot", "needs_rebuild", False)
    monkeypatch.setattr("pilotage.generations.visible", lambda: SimpleNamespace(generation="g7"))
    monkeypatch.setattr("pilotage.export.export_generation", exported.append)
    monkeypatch.setattr(taches, "write_site", lambda: exported.append("site"))
    (night.exports / "g6").mkdir(parents=True)
    (night.exports / "g7").mkdir()
    link = night.exports / "derniere"
    request.addfinalizer(lambda: link.unlink())
    for pointed, shown, expected in (
        ("g6", "g7", ["g7"]),
        ("g7", "g7", []),
        ("g7", "g6", ["site"]),
        ("g7", None, ["site"]),
    ):
        exported.clear()
        monkeypatch.setattr("pilotage.site.generation.site_generation", lambda _, shown=shown: shown)
        link.unlink(missing_ok=True)
        link.symlink_to(pointed)
        with pytest.raises(AirflowSkipException):
            taches.conclude_ingestion()
        assert exported == expected


def test_with_no_delivery_at_all_there_is_nothing_to_build(taches, night, monkeypatch) -> None:
    _step(monkeypatch, "pilotage.entrepot", "needs_rebuild", True)
    _record("refusee")
    with pytest.raises(ErreurOrchestration, match="aucune livraison acceptée"):
        taches.conclude_ingestion()


def test_night_and_generation_come_from_the_latest_event(taches) -> None:
    events = (_event(2, generation="g2", nuit="n2"), _event(1, generation="g1", nuit="n1"))
    assert taches.current_generation(_context("asset__x", events)) == {"generation": "g2", "nuit": "n2"}
    assert taches.current_night(_context("scheduled__x")) == "scheduled__x"


def test_a_run_by_hand_names_its_generation_or_is_told_how(taches) -> None:
    by_hand = _context("manual__x", conf={"generation": "g7"})
    assert taches.current_generation(by_hand) == {"generation": "g7", "nuit": "manual__x"}
    with pytest.raises(ErreurConfiguration, match="pilotage generations"):
        taches.current_generation(_context("manual__x"))
