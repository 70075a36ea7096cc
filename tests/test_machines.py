"""Several machines: landing and publications behind a shared store, locks of the database, attempts that are stale."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pilotage import entrepot, execution_dbt, fetch, generations, load
from pilotage.config import RACINE, Settings
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration, ErreurTelechargement
from pilotage.landing import Depot
from pilotage.magasin import ErreurMagasin, Magasin
from pilotage.orchestration import ouvriers
from pilotage.publication_partagee import bring_published, exported_generation, publish_export, publish_site, publishing
from pilotage.suivi import START, check_courante, suivre_etape
from pilotage.verrou import ErreurVerrou, alone
from tests import faults
from tests.collecte import BON, CARTE, land, offer
from tests.magasin_s3 import serve_s3


@pytest.fixture(scope="module")
def s3():
    with serve_s3() as address:
        yield address


@pytest.fixture(params=["s3", "fichiers"])
def adresse(warehouse, request, tmp_path) -> str:
    """The address of an empty store, of each kind."""
    if request.param == "fichiers":
        return f"file://{tmp_path}/magasin"
    return f"{request.getfixturevalue('s3')}/{tmp_path.name}"


@pytest.fixture
def serveur():
    with faults.serve_routes() as running:
        yield running


def machine(adresse: str, tmp_path: Path, nom: str) -> Depot:
    """The landing of a machine with an empty home of its own."""
    home = tmp_path / nom
    return Depot(home / "depot", Magasin(adresse, home))


def settings_of(adresse: str, home: Path) -> Settings:
    return Settings(PILOTAGE_HOME=home, magasin=adresse)


def test_what_one_machine_lands_another_reads(adresse, serveur, tmp_path):
    a, b = machine(adresse, tmp_path, "a"), machine(adresse, tmp_path, "b")
    offer(serveur, f__csv=faults.good(BON))
    assert land(serveur, a)[1] == []
    [(recu, current)] = b.receipts("essai__fichiers")
    assert current and b.bring(recu, recu.sha256).read_bytes() == BON
    rapport, errors = land(serveur, b)
    assert (errors, rapport.octets, rapport.inchangees) == ([], 0, 1), "b asks upstream only whether it changed"
    offer(serveur, f__csv=faults.good(BON + b"x", etag='"v2"'))
    land(serveur, b)
    assert sorted(current for _, current in a.receipts()) == [False, True]


def test_a_damaged_object_is_refused_by_name_and_never_cached(adresse, serveur, tmp_path):
    a, b = machine(adresse, tmp_path, "a"), machine(adresse, tmp_path, "b")
    offer(serveur, f__csv=faults.good(BON))
    land(serveur, a)
    [(recu, _)] = a.receipts()
    path = a.chemin(recu, recu.sha256)
    path.chmod(0o644)
    path.write_bytes(BON[:-1] + b"?")
    a.magasin.push(path)
    with pytest.raises(ErreurMagasin, match=f"f.csv.*{recu.sha256[:16]}"):
        b.bring(recu, recu.sha256)
    assert not b.chemin(recu, recu.sha256).exists() and list(b.racine.rglob("*partiel*")) == []


@pytest.mark.parametrize("rank", [1, 2])
def test_a_machine_that_dies_while_landing_leaves_nothing_that_counts(adresse, serveur, tmp_path, monkeypatch, rank):
    """Cut before the receipt (1) or before what makes it current (2): another machine ends what was begun."""
    a, b = machine(adresse, tmp_path, "a"), machine(adresse, tmp_path, "b")
    pushed, push = [], a.magasin.push

    def cut(path: Path) -> None:
        if "essai__fichiers" in path.parts and len(pushed) >= rank:
            raise ErreurMagasin("coupure")
        if "essai__fichiers" in path.parts:
            pushed.append(path.name)
        push(path)

    monkeypatch.setattr(a.magasin, "push", cut)
    offer(serveur, f__csv=faults.good(BON))
    with pytest.raises(ErreurMagasin, match="coupure"):
        land(serveur, a)
    assert len(list(b.receipts())) == rank - 1
    assert land(serveur, b)[1] == []
    [(recu, current)] = machine(adresse, tmp_path, "c").receipts()
    assert current and recu.taille_octets == len(BON)


def test_two_collections_at_once_on_two_machines_record_one_delivery(warehouse, s3, serveur, tmp_path):
    offer(serveur, f__csv=faults.good(BON))
    moved, recorded, at_once = [], [], []

    def collect(nom: str) -> None:
        depot = machine(f"{s3}/ensemble", tmp_path, nom)
        with depot.lock("essai__fichiers", 60):
            at_once.append(nom)
            assert at_once == [nom], "two machines collect the same source"
            moved.append(land(serveur, depot)[0].octets)
            recorded.extend(fetch._record_source(CARTE, depot, False))
            at_once.clear()

    threads = [threading.Thread(target=collect, args=(nom,)) for nom in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [0, len(BON)] and len(recorded) == 1


def test_a_folder_without_its_index_is_not_there_and_a_lost_file_is_named(adresse, tmp_path):
    a, b = machine(adresse, tmp_path, "a").magasin, machine(adresse, tmp_path, "b").magasin
    folder = a.home / "exports" / "g1"
    folder.mkdir(parents=True)
    (folder / "t.csv").write_text("x\n")
    a.push(folder / "t.csv")
    assert b.pull_tree("exports/g1") is False
    a.push_tree(folder)
    a.drop("exports/g1/t.csv")
    with pytest.raises(ErreurMagasin, match=r"exports/g1/t\.csv"):
        b.pull_tree("exports/g1")
    a.push_tree(folder)
    assert b.pull_tree("exports/g1") and (b.home / "exports/g1/t.csv").read_text() == "x\n"


def test_lines_of_all_machines_make_one_journal(adresse, tmp_path):
    a, b = machine(adresse, tmp_path, "a").magasin, machine(adresse, tmp_path, "b").magasin
    for rank, one in enumerate((a, b, a)):
        one.add_line("journaux/alertes.jsonl", {"rang": rank})
    assert b.lines("journaux/alertes.jsonl") == ['{"rang": 0}', '{"rang": 1}', '{"rang": 2}']
    a.drop_lines("journaux/alertes.jsonl")
    assert b.lines("journaux/alertes.jsonl") == []


def test_a_publication_is_told_only_by_the_attempt_that_counts(warehouse, s3, tmp_path):
    a, b = (settings_of(f"{s3}/publie", tmp_path / nom) for nom in "ab")
    for name in ("g20260101t000000", "g20260102t000000"):
        (a.exports / name).mkdir(parents=True)
        (a.exports / name / "SHA256SUMS").write_text(name)
    (a.publication / "site").mkdir(parents=True)
    (a.publication / "site" / "index.html").write_text("bonjour")
    with suivre_etape("n", "exporter", "essai"), publishing(a, "exports") as verrou:
        publish_export(a, "g20260101t000000", verrou)
        publish_site(a, "g20260101t000000", verrou)
        begin_again("exporter", "essai")
        with pytest.raises(ErreurVerrou, match="périmé"):
            publish_export(a, "g20260102t000000", verrou)
    assert exported_generation(b) == "g20260101t000000"
    assert bring_published(b) == {"exports": "g20260101t000000", "site": "g20260101t000000"}
    assert (b.publication / "site" / "index.html").read_text() == "bonjour"
    assert (b.exports / "derniere" / "SHA256SUMS").read_text() == "g20260101t000000"


def test_a_lock_of_all_machines_is_held_by_one_and_freed_with_its_connection(warehouse):
    with alone("pilotage.essai") as verrou:
        with pytest.raises(ErreurTelechargement, match="une autre machine"), alone("pilotage.essai", 0.3):
            pytest.fail("two machines hold the same lock")
        pid = verrou.connection.info.backend_pid
        with get_engine().connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with alone("pilotage.essai", 10), pytest.raises(ErreurVerrou, match="perdu"):
            verrou.check()


def begin_again(etape: str, objet: str) -> None:
    """A later attempt at the step begins elsewhere."""
    with get_engine().begin() as connection:
        connection.execute(START, {"nuit": "n", "etape": etape, "objet": objet})


def test_a_stale_attempt_opens_no_generation_and_switches_none(warehouse):
    with suivre_etape("n", "generation", "entrepot"):
        kept = entrepot.create_generation()
        begin_again("generation", "entrepot")
        with pytest.raises(ErreurVerrou, match="périmé"):
            entrepot.create_generation()
    with suivre_etape("n", "basculer", "publication"):
        begin_again("basculer", "publication")
        with pytest.raises(ErreurVerrou, match="périmé"):
            generations.switch(kept)
    assert [(g.generation, g.etat) for g in generations.list_generations()] == [(kept, "en_construction")]


def test_a_stale_load_does_not_take_back_what_was_decided(warehouse):
    delivery = load.Livraison("0" * 16, "essai", "2024", "f.csv", "a" * 64)
    insert = (
        "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, sha256, taille_octets, url, recue_le, "
        "etat) VALUES (:l, 'essai', '2024', 'f.csv', :s, 1, '', now(), 'acceptee')"
    )
    with get_engine().begin() as connection:
        connection.execute(text(insert), {"l": delivery.livraison, "s": delivery.sha256})
    with suivre_etape("n", "load", "essai"):
        begin_again("load", "essai")
        with pytest.raises(ErreurVerrou, match="périmé"):
            load._decide(delivery, "candidate", nb_lignes=1)
    with get_engine().connect() as connection:
        states = connection.execute(text("SELECT etat, nb_lignes FROM pilotage.livraisons WHERE source = 'essai'"))
        assert states.all() == [("acceptee", None)]


def test_a_stale_dbt_is_stopped_and_its_models_refused(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr(execution_dbt, "REGARD_S", 0.1)
    jinja = Environment(loader=FileSystemLoader(RACINE / "dbt_project" / "macros"))
    with suivre_etape("n", "build", "usages"), alone("pilotage.essai") as verrou:
        token = execution_dbt.dbt_environment(warehouse, tmp_path, "g20260101t000000")["PILOTAGE_JETON"]
        hook = _render(jinja, token)
        with get_engine().begin() as connection:
            connection.exec_driver_sql(hook)
        begin_again("build", "usages")
        with pytest.raises(DBAPIError, match="essai périmé"), get_engine().begin() as connection:
            connection.exec_driver_sql(hook)
        with subprocess.Popen(["sleep", "60"]) as child:
            with pytest.raises(ErreurVerrou, match="périmé"):
                execution_dbt._wait(child, verrou, tmp_path)
            child.kill()
    assert _render(jinja, "").strip() == "", "without a token there is no hook"


def _render(jinja: Environment, token: str) -> str:
    import json

    names = {"env_var": lambda name, default: token, "fromjson": json.loads}
    return jinja.get_template("perime.sql").make_module(names).refuser_perime()


def test_outside_a_step_nothing_is_stale(warehouse):
    with get_engine().begin() as connection:
        check_courante(connection)


def test_workers_want_a_broker_and_a_store_and_leave_other_choices_alone(monkeypatch, tmp_path):
    with pytest.raises(ErreurConfiguration, match=r"BROKER_URL.*PILOTAGE_MAGASIN"):
        ouvriers.celery_variables(Settings(PILOTAGE_HOME=tmp_path, executeur="celery"))
    for name in ouvriers.OBLIGATOIRES:
        monkeypatch.setenv(name, "redis://essai")
    monkeypatch.setenv("AIRFLOW__CELERY__WORKER_CONCURRENCY", "9")
    found = ouvriers.celery_variables(Settings(PILOTAGE_HOME=tmp_path, executeur="celery", magasin="memory://essai"))
    assert found["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor" and found["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == "9"
    assert ouvriers.celery_variables(Settings(PILOTAGE_HOME=tmp_path)) == {}


def test_a_lost_worker_gives_up_before_its_task_is_given_away_and_no_message_comes_back_during_a_run():
    from pilotage.orchestration.dags import arguments

    values = {name.rsplit("__", 1)[-1]: value for name, value in ouvriers.VARIABLES.items()}
    attempts = int(values["MAX_FAILED_HEARTBEATS"]) * int(values["EXECUTION_API_RETRIES"])
    longest = attempts * (int(values["EXECUTION_API_TIMEOUT"]) + int(values["EXECUTION_API_RETRY_WAIT_MAX"]))
    assert longest < int(values["TASK_INSTANCE_HEARTBEAT_TIMEOUT"])
    run = arguments("essai", delai_min=1)["dagrun_timeout"].total_seconds()
    assert int(values["VISIBILITY_TIMEOUT"]) > run


def test_logs_of_a_worker_are_read_elsewhere(s3, tmp_path, monkeypatch):
    from pilotage.orchestration.journaux import REMOTE_TASK_LOG

    monkeypatch.setenv("PILOTAGE_MAGASIN", f"{s3}/journaux")
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "a"))
    file = tmp_path / "a" / "journaux" / "taches" / "dag_id=d" / "attempt=1.log"
    file.parent.mkdir(parents=True)
    file.write_text('{"event": "fait"}\n')
    REMOTE_TASK_LOG.upload("dag_id=d/attempt=1.log")
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "b"))
    assert REMOTE_TASK_LOG.read("dag_id=d/attempt=1.log", None)[1] == ['{"event": "fait"}\n']
    assert REMOTE_TASK_LOG.read("dag_id=d/attempt=2.log", None)[1] is None


def test_an_unknown_kind_of_store_is_refused(tmp_path):
    with pytest.raises(ErreurConfiguration, match=r"cuisine.*PILOTAGE_MAGASIN"):
        Magasin("cuisine://x", tmp_path)
