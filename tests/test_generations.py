"""Switching generations: one transaction, readers see one or the other, and back by one command."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from sqlalchemy import text

from pilotage import entrepot, generations
from pilotage.attente import lock_for_switch
from pilotage.config import Settings
from pilotage.database import get_engine
from pilotage.errors import ErreurEntrepot, ErreurPublication

OLD, NEW, NEWER = "g20260101t000000", "g20260102t000000", "g20260103t000000"


def build(name: str, value: int, schemas: tuple[str, ...] = generations.SCHEMAS, simulated: bool = True) -> None:
    with get_engine().begin() as connection:
        connection.execute(
            text("INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) VALUES (:g, :e, :g, :s)"),
            {"g": name, "e": "en_construction", "s": simulated},
        )
        for nom in schemas:
            connection.execute(text(f"CREATE SCHEMA {nom}__{name}"))
            connection.execute(text(f"CREATE TABLE {nom}__{name}.temoin AS SELECT {value} AS valeur"))


@pytest.fixture
def clean(warehouse: Settings) -> Settings:
    with get_engine().begin() as connection:
        for row in connection.execute(text("SELECT nspname FROM pg_namespace")).all():
            if row[0].split("__")[0] in (*generations.SCHEMAS, "staging"):
                connection.execute(text(f"DROP SCHEMA {row[0]} CASCADE"))
        connection.execute(text("DELETE FROM pilotage.generations"))
    return warehouse


def read(schema: str = "commun") -> int:
    with get_engine().connect() as connection:
        return connection.scalar(text(f"SELECT valeur FROM {schema}.temoin"))


def test_switch_then_return_then_forth(clean: Settings) -> None:
    build(OLD, 1)
    generations.switch(OLD)
    build(NEW, 2)
    assert read() == 1
    generations.switch(NEW)
    assert [read(s) for s in generations.SCHEMAS] == [2] * len(generations.SCHEMAS)
    assert generations.visible().generation == NEW
    assert generations.go_back() == OLD
    assert read() == 1
    assert generations.go_back() == NEW
    assert read() == 2


def test_switch_is_idempotent_and_counts_rows(clean: Settings) -> None:
    build(OLD, 1)
    generations.switch(OLD)
    generations.switch(OLD)
    assert generations.visible().statistiques == {f"{s}.temoin": 1 for s in generations.SCHEMAS}


def test_incomplete_generation_stays_aside(clean: Settings) -> None:
    build(OLD, 1)
    generations.switch(OLD)
    build(NEW, 2, schemas=generations.SCHEMAS[:-2])
    with pytest.raises(ErreurPublication, match="il manque synthese, recommandation"):
        generations.switch(NEW)
    assert read() == 1


def test_simulated_and_real_never_mix(clean: Settings) -> None:
    build(OLD, 1, simulated=False)
    generations.switch(OLD)
    build(NEW, 2, simulated=True)
    with pytest.raises(ErreurPublication, match="simulées"):
        generations.switch(NEW)


def test_no_former_generation(clean: Settings) -> None:
    build(OLD, 1)
    generations.switch(OLD)
    with pytest.raises(ErreurPublication, match="précédente"):
        generations.go_back()


def test_old_ones_are_dropped_beyond_those_kept(clean: Settings) -> None:
    for value, name in enumerate((OLD, NEW, NEWER)):
        build(name, value)
        generations.switch(name)
    assert generations.drop_old() == [OLD]
    with get_engine().connect() as connection:
        left = connection.scalars(text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'commun%'")).all()
    assert sorted(left) == ["commun", f"commun__{NEW}"]
    assert {g.generation: g.etat for g in generations.list_generations()}[OLD] == "supprimee"


def test_a_reader_never_sees_two_generations(clean: Settings) -> None:
    """One statement over two schemas always reads the same generation while the switch goes back and forth."""
    build(OLD, 1)
    generations.switch(OLD)
    build(NEW, 2)
    generations.switch(NEW)
    seen, stop = set(), threading.Event()

    def poll() -> None:
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not stop.is_set():
                seen.add(
                    tuple(
                        connection.execute(
                            text("SELECT a.valeur, b.valeur FROM commun.temoin a, usages.temoin b")
                        ).one()
                    )
                )

    reader = threading.Thread(target=poll)
    reader.start()
    for _ in range(30):
        generations.go_back()
    stop.set()
    reader.join()
    assert seen == {(1, 1), (2, 2)}


def test_transactions_that_read_in_another_order_neither_fail_nor_see_two_generations(clean: Settings) -> None:
    """A reader holds a table and wants another while the switch holds that one and wants his: the switch gives way."""
    build(OLD, 1)
    generations.switch(OLD)
    build(NEW, 2)
    generations.switch(NEW)
    seen, faults, stop = set(), [], threading.Event()

    def poll(schemas: tuple[str, ...]) -> None:
        try:
            with get_engine().connect() as connection:
                while not stop.wait(0.05):
                    with connection.begin():
                        found = []
                        for schema in schemas:
                            found.append(connection.scalar(text(f"SELECT valeur FROM {schema}.temoin")))
                            time.sleep(0.05)
                        seen.add(tuple(found))
        except Exception as error:  # told by the main thread
            faults.append(error)

    orders = ("usages", "commun"), ("commun", "usages")
    readers = [threading.Thread(target=poll, args=(schemas,)) for schemas in orders]
    for reader in readers:
        reader.start()
    for _ in range(4):
        generations.go_back()
    stop.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert seen == {(1, 1), (2, 2)}


def test_a_reader_who_stays_does_not_hold_the_publication_up(
    clean: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    build(OLD, 1)
    generations.switch(OLD)
    build(NEW, 2)
    monkeypatch.setattr(generations, "lock_for_switch", partial(lock_for_switch, patience_s=0.6))
    monkeypatch.setattr(generations, "RETRAIT_S", 0.3)
    with get_engine().connect() as connection, connection.begin():
        assert connection.scalar(text("SELECT valeur FROM usages.temoin")) == 1
        generations.switch(NEW)
    assert "ne les attend plus" in caplog.text
    assert read() == 2


def test_a_name_that_is_not_a_generation(warehouse: Settings) -> None:
    with pytest.raises(ErreurPublication, match="n'est pas une génération"):
        generations.schema("commun", "x; DROP SCHEMA commun")


def test_schemas_of_an_overtaken_build_do_not_stay(clean: Settings) -> None:
    """A build goes on writing after a later one has abandoned its generation: what it wrote goes with the next."""
    build(OLD, 1)
    generations.switch(OLD)
    build(NEW, 2)
    with get_engine().begin() as connection:
        connection.execute(
            text("UPDATE pilotage.generations SET etat = 'abandonnee' WHERE generation = :g"), {"g": NEW}
        )
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS staging__{NEW}"))
        assert {f"commun__{NEW}", f"staging__{NEW}"} <= set(generations.drop_forgotten(connection))
        assert generations.drop_forgotten(connection) == []
    assert generations.visible().generation == OLD


def test_an_overtaken_build_takes_away_what_it_still_made(clean: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    build(OLD, 1)
    generations.switch(OLD)
    first, later = entrepot.create_generation(), []

    def overtaken(*_: object) -> int:
        later.append(entrepot.create_generation())
        with get_engine().begin() as connection:
            connection.execute(text(f"CREATE SCHEMA developpement__{first}"))
        return 0

    monkeypatch.setattr(entrepot, "run_dbt", overtaken)
    with pytest.raises(ErreurEntrepot, match=f"{first} a été abandonnée"):
        entrepot.build_axe(first, "developpement")
    with get_engine().connect() as connection:
        assert connection.scalar(text("SELECT to_regnamespace(:n)"), {"n": f"developpement__{first}"}) is None
    states = {g.generation: g.etat for g in generations.list_generations()}
    assert states == {OLD: "visible", first: "abandonnee", later[0]: "en_construction"}
