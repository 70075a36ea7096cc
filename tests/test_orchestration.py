"""The launcher: Airflow's environment, processes started and stopped whole, the REST client."""

from __future__ import annotations

import datetime as dt
import json
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import make_url

from pilotage.config import Settings
from pilotage.orchestration import ErreurOrchestration, environnement, plateforme, processus
from pilotage.orchestration.api import Airflow
from pilotage.orchestration.fins import last_words

METADATA = "postgresql+psycopg://pilotage:p%40ss@127.0.0.1:5432/airflow"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    return Settings(sources="simulation", communes=300)


def _environment(settings: Settings, **kwargs: bool) -> dict[str, str]:
    return environnement.airflow_environment(settings, METADATA, 8123, **{"nightly": True, **kwargs})


def test_airflow_listens_to_this_machine_alone_and_tells_nobody(settings: Settings) -> None:
    env = _environment(settings)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    assert "127.0.0.1" in env["NO_PROXY"].split(",")
    assert env["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert env["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert env["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] == "1", "each task would hold its slot five seconds more"
    assert "--skip-serve-logs" in plateforme.COMPOSANTS["scheduler"]


def test_a_proxy_exception_already_there_is_kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert _environment(settings)["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_metadata_keep_their_password_under_both_drivers(settings: Settings) -> None:
    env = _environment(settings)
    for name, driver in (("SQL_ALCHEMY_CONN", "psycopg2"), ("SQL_ALCHEMY_CONN_ASYNC", "asyncpg")):
        url = make_url(env[f"AIRFLOW__DATABASE__{name}"])
        assert (url.get_driver_name(), url.password, url.database) == (driver, "p@ss", "airflow")


def test_tasks_see_the_settings_of_the_command(settings: Settings) -> None:
    env = _environment(settings)
    assert env["PILOTAGE_HOME"] == str(settings.home)
    assert (env["PILOTAGE_SOURCES"], env["PILOTAGE_COMMUNES"]) == ("simulation", "300")


def test_one_night_by_hand_has_no_cron_and_a_first_night_preloads(settings: Settings) -> None:
    assert "PILOTAGE_CRON" not in _environment(settings)
    assert _environment(settings, nightly=False)["PILOTAGE_CRON"] == ""
    assert "great_expectations" in _environment(settings, preload=True)["AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD"]
    assert "AIRFLOW__SCHEDULER__MP_START_METHOD" not in _environment(settings)


def test_secrets_are_drawn_once_and_read_by_their_owner_alone(settings: Settings) -> None:
    first, again = environnement.load_secrets(settings), environnement.load_secrets(settings)
    assert first == again
    assert len({first["fernet"], first["jwt"], first["session"], first["mot_de_passe"]}) == 4
    for file in (environnement.airflow_home(settings) / "secrets.json", environnement.passwords_file(settings)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(environnement.passwords_file(settings).read_text())["pilotage"] == first["mot_de_passe"]


def test_the_port_is_remembered_unless_taken(settings: Settings) -> None:
    port = environnement.choose_port(settings)
    assert environnement.choose_port(settings) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert environnement.choose_port(settings) != port


def _spawn(tmp_path: Path, code: str, nom: str = "essai") -> processus.Processus:
    command = [sys.executable, "-c", code]
    return processus.start(nom, command, {"PATH": "/usr/bin:/bin"}, tmp_path / f"{nom}.log", tmp_path / "pids")


def _wait(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "too long"
        time.sleep(0.05)


def test_stop_ends_a_process_and_what_it_started(tmp_path: Path) -> None:
    code = "import subprocess, time; subprocess.Popen(['sleep', '60']); print('pret', flush=True); time.sleep(60)"
    process = _spawn(tmp_path, code)
    _wait(lambda: "pret" in (tmp_path / "essai.log").read_text())
    child = process.find().children()[0]
    assert processus.known(tmp_path / "pids") == [process]
    processus.stop([process], tmp_path / "pids", patience_s=1)
    assert process.find() is None
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert list((tmp_path / "pids").iterdir()) == []


def test_stop_kills_what_will_not_end(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('sourd', flush=True); time.sleep(60)"
    process = _spawn(tmp_path, code)
    _wait(lambda: "sourd" in (tmp_path / "essai.log").read_text())
    assert processus.stop([process], tmp_path / "pids", patience_s=1)
    assert process.find() is None


def test_a_pid_given_to_another_is_never_touched(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "30"])
    try:
        pids = tmp_path / "pids"
        processus.write_pid(processus.Processus("scheduler", other.pid, 12345.0), pids)
        stale = processus.Processus("scheduler", other.pid, 12345.0)
        assert processus.known(pids) == []
        assert not (pids / "scheduler.pid").exists()
        processus.stop([stale], pids)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_half_written_pid_file_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "scheduler.pid").write_text("123")
    assert processus.known(tmp_path) == []


def test_a_second_night_is_refused_while_one_runs(settings: Settings) -> None:
    processus.write_pid(processus.this_process(plateforme.LANCEUR), plateforme.pids(settings))
    with pytest.raises(ErreurOrchestration, match="déjà en cours"):
        plateforme.start(settings, nightly=False)


def test_a_dead_component_is_told_with_the_end_of_its_log(settings: Settings) -> None:
    log = plateforme.log_file(settings, "scheduler")
    log.parent.mkdir(parents=True)
    log.write_text("first\nthe port is taken\n")
    dead = processus.Processus("scheduler", 2**22 - 1, 0.0)
    with pytest.raises(ErreurOrchestration, match=r"scheduler s'est arrêté.*the port is taken"):
        plateforme.Plateforme(settings, 8123, [dead]).check_alive()


def test_the_death_of_a_component_is_told_without_the_statement_it_died_of(settings: Settings) -> None:
    log = plateforme.log_file(settings, "scheduler")
    log.parent.mkdir(parents=True)
    log.write_text(
        'Traceback (most recent call last):\n  File "default.py", line 1192, in do_execute\n'
        "psycopg.errors.AdminShutdown: terminating connection due to administrator command\n\n"
        "The above exception was the direct cause of the following exception:\n"
        "sqlalchemy.exc.OperationalError: (psycopg.errors.AdminShutdown) terminating connection\n"
        "[SQL: SELECT task_instance.dag_id\nFROM task_instance]\n[parameters: {'state_2_2': 'a value'}]\n"
    )
    dead = processus.Processus("scheduler", 2**22 - 1, 0.0)
    with pytest.raises(ErreurOrchestration) as raised:
        plateforme.Plateforme(settings, 8123, [dead]).check_alive()
    assert "OperationalError: (psycopg.errors.AdminShutdown) terminating connection" in str(raised.value)
    assert "SELECT" not in str(raised.value) and "a value" not in str(raised.value)


def test_a_component_killed_while_all_was_well_has_no_last_words(tmp_path: Path) -> None:
    log = tmp_path / "scheduler.log"
    log.write_text("2026-11-29 03:54:56 [info     ] Worker starting up\n2026-11-29 03:54:57 [debug    ] tick\n")
    assert last_words(log) == ""
    log.write_text(log.read_text() + "2026-11-29 03:54:58 [error    ] the port is taken\n")
    assert last_words(log).endswith("the port is taken")


@pytest.mark.parametrize(("method", "asked"), [("GET", 3), ("POST", 1)])
def test_a_reading_waits_for_a_server_whose_database_starts_again(method, asked, monkeypatch) -> None:
    monkeypatch.setattr("pilotage.orchestration.api.time.sleep", lambda _: None)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200 if len(seen) == 3 else 503, json={})

    api = _api(answer)
    if method == "GET":
        assert api._send(method, "/api/v2/dags").status_code == 200
    else:
        with pytest.raises(ErreurOrchestration, match="503"):
            api._send(method, "/api/v2/dags")
    assert len(seen) == asked


def test_the_api_of_another_home_is_not_taken_for_ours(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two homes started together choose the same port; one of them gets it, and the other's server ends."""
    monkeypatch.setattr(Airflow, "health", lambda _: {})
    monkeypatch.setattr(Airflow, "log_in", lambda _: None)
    listen = "import socket, time; s = socket.create_server(('127.0.0.1', {})); time.sleep(60)"
    port = environnement.choose_port(settings)
    with socket.create_server(("127.0.0.1", port)):
        ours = [_component(settings, "api-server", listen.format(port))]
        platform = plateforme.Plateforme(settings, port, ours, airflow_demarre=True)
        with pytest.raises(ErreurOrchestration, match=r"api-server s'est arrêté : .*Address already in use"):
            platform._wait_api(time.monotonic() + 20)
    ours = [_component(settings, "api-server", listen.format(port))]
    try:
        plateforme.Plateforme(settings, port, ours, airflow_demarre=True)._wait_api(time.monotonic() + 20)
    finally:
        processus.stop(ours, plateforme.pids(settings))


def _component(settings: Settings, nom: str, code: str) -> processus.Processus:
    log = plateforme.log_file(settings, nom)
    log.parent.mkdir(parents=True, exist_ok=True)
    return processus.start(nom, [sys.executable, "-c", code], {"PATH": "/usr/bin:/bin"}, log, plateforme.pids(settings))


def test_a_running_platform_with_other_sources_is_not_reused(settings: Settings) -> None:
    environnement.airflow_home(settings).mkdir()
    plateforme._write_state(plateforme.Plateforme(settings, 8123, []), nightly=True)
    other = settings.model_copy(update={"communes": 999})
    with pytest.raises(ErreurOrchestration, match="SOURCES=simulation COMMUNES=300"):
        plateforme._join(other, [])
    assert plateforme._join(settings, []).port == 8123


def _api(handler) -> Airflow:
    return Airflow(1, "secret", transport=httpx.MockTransport(handler))


def test_the_client_logs_in_then_says_who_it_is() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"access_token": "jeton"})

    api = _api(answer)
    api.log_in()
    api.set_paused("ingestion", False)
    assert json.loads(seen[0].content) == {"username": "pilotage", "password": "secret"}
    assert seen[1].headers["Authorization"] == "Bearer jeton"
    assert seen[1].url.path == "/api/v2/dags/ingestion"


def test_an_answer_that_refuses_names_the_request() -> None:
    api = _api(lambda request: httpx.Response(422, text="bad run id"))
    with pytest.raises(ErreurOrchestration, match=r"422 à POST /api/v2/dags/ingestion/dagRuns : bad run id"):
        api.trigger("ingestion", "nuit", {})


def test_a_reading_is_tried_again_a_writing_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilotage.orchestration.api.time.sleep", lambda _: None)
    methods: list[str] = []

    def slow(request: httpx.Request) -> httpx.Response:
        methods.append(request.method)
        if methods.count("GET") < 3:
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(200, json={"state": "success"})

    api = _api(slow)
    assert api.run("ingestion", "nuit")["state"] == "success"
    methods.clear()
    with pytest.raises(ErreurOrchestration, match="ne répond plus"):
        api.trigger("ingestion", "nuit", {})
    assert methods == ["POST"]


def test_a_pool_already_there_is_left_as_it_is() -> None:
    _api(lambda request: httpx.Response(409, text="exists")).ensure_pool("lourd", 2, "")
    with pytest.raises(ErreurOrchestration):
        _api(lambda request: httpx.Response(403, text="no")).ensure_pool("lourd", 2, "")


def test_only_dags_read_since_the_start_count() -> None:
    dags = [
        {"dag_id": "ingestion", "last_parsed_time": "2026-11-23T10:00:05Z", "is_stale": False},
        {"dag_id": "entrepot", "last_parsed_time": "2026-11-23T09:59:59Z", "is_stale": False},
        {"dag_id": "publication", "last_parsed_time": None, "is_stale": False},
        {"dag_id": "recommandation", "last_parsed_time": "2026-11-23T10:00:05Z", "is_stale": True},
    ]
    api = _api(lambda request: httpx.Response(200, json={"dags": dags}))
    assert api.parsed_since(dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)) == {"ingestion"}
