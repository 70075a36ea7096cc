"""What `make up` keeps alive: components and PostgreSQL killed are started again, told, and stopped at the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from pilotage import postgres
from pilotage.commandes import postgres as commande_postgres
from pilotage.config import Settings, get_settings
from pilotage.errors import ErreurConfiguration
from pilotage.etat.machine import _watcher
from pilotage.orchestration import ErreurOrchestration, garde, plateforme, processus
from pilotage.orchestration import executeurs as executeurs_module
from pilotage.orchestration.executeurs import TITRE, Executeurs, workers

# A scheduler with two workers, as Airflow's LocalExecutor forks and names them, each with a task that bears its title.
FAUX = f"""
import os, signal, time
from setproctitle import setproctitle
signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
for _ in range(2):
    if not os.fork():
        setproctitle("{TITRE}: <idle>")
        os.fork()
        time.sleep(120)
        os._exit(0)
print("pret", flush=True)
time.sleep(120)
"""
VRAI = """
import os, signal, sys, time
import airflow.executors.local_executor as module
from airflow.executors.base_executor import BaseExecutor


class Travail:
    running_state, success_state, failure_state, display_name = None, "success", "failed", "essai"

    def __init__(self, key):
        self.key = key


signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
BaseExecutor.run_workload = staticmethod(lambda workload, **_: None)
executor = module.LocalExecutor(parallelism=3)
executor.start()
executor.change_state = lambda key, state, *_: print("fini", key, state, flush=True)
while True:
    executor.sync()
    for key in os.listdir(sys.argv[1]):
        os.unlink(os.path.join(sys.argv[1], key))
        executor.activity_queue.put(Travail(key))
        with executor._unread_messages:
            executor._unread_messages.value += 1
        executor._check_workers()
    time.sleep(0.1)
"""


@pytest.fixture
def settings() -> Iterator[Settings]:
    """A home and an embedded server of its own, both killed in these tests."""
    home = Path(tempfile.mkdtemp(prefix="pilotage-garde-"))
    home.chmod(0o755)  # root's server runs as another user
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PILOTAGE_HOME", str(home))
        value = get_settings()
        yield value
        processus.stop(processus.known(plateforme.pids(value), orphaned=True), plateforme.pids(value))
        postgres.stop(value)
        shutil.rmtree(home)


def _wait(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "too long"
        time.sleep(0.05)


def _start(settings: Settings, nom: str, code: str, *arguments: str) -> processus.Processus:
    log = plateforme.log_file(settings, nom)
    command = [sys.executable, "-c", code, *arguments]
    return processus.start(nom, command, os.environ, log, plateforme.pids(settings))


def test_what_a_killed_process_leaves_behind_is_ended_by_the_next_stop(settings: Settings) -> None:
    process = _start(settings, "scheduler", FAUX)
    _wait(lambda: process.find() and len(workers(process.find())) == 2)
    _wait(lambda: len(process.find().children(recursive=True)) == 4)
    left = process.find().children(recursive=True)
    process.find().kill()
    _wait(lambda: process.find() is None)
    folder = plateforme.pids(settings)
    assert {one.pid for one in process.orphans()} == {one.pid for one in left}
    assert processus.known(folder) == [] and processus.known(folder, orphaned=True) == [process]
    processus.stop(processus.known(folder, orphaned=True), folder)
    assert process.orphans() == [] and not any(one.is_running() and one.status() != "zombie" for one in left)
    assert list(folder.iterdir()) == []


def test_airflow_s_workers_stop_for_ever_when_the_one_that_waits_is_killed(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault that is watched for is Airflow's own: when this fails, the watch may go."""
    log = plateforme.log_file(settings, "scheduler")
    process = _start(settings, "scheduler", VRAI, str(tmp_path))
    _wait(lambda: process.find() and len(workers(process.find())) == 3, 60)
    (tmp_path / "avant").touch()
    _wait(lambda: "fini avant success" in log.read_text())
    executeurs = Executeurs()
    assert executeurs.lost(process) == ""
    _kill_the_one_that_reads(workers(process.find()))
    (tmp_path / "apres").touch()
    _wait(lambda: executeurs.lost(process))
    _wait(lambda: len(workers(process.find())) == 3)  # Airflow has started another in its place
    monkeypatch.setattr(executeurs_module, "NAISSANCE_S", 0.3)
    assert Executeurs(3).lost(process) == "remplacé depuis", "who never saw the one that died sees its replacement"
    assert Executeurs(4).lost(process) == "il en reste 3 sur 4"
    assert Executeurs().lost(process) == "", "another executor"
    time.sleep(3)  # thirty times what « avant » needed, and nobody to wait for
    assert "fini apres" not in log.read_text()
    with pytest.raises(ErreurOrchestration, match=r"exécuteur d'Airflow tué \(processus \d+\)"):
        platform = plateforme.Plateforme(settings, 8123, [process])
        platform.executeurs = executeurs
        platform.check_alive()


def _kill_the_one_that_reads(among: list[psutil.Process]) -> None:
    """Among those that wait, one reads the queue and holds its lock; the others wait for the lock, by another call."""
    calls = {one: Path(f"/proc/{one.pid}/syscall").read_text().split()[0] for one in among}
    (reader,) = [one for one, call in calls.items() if list(calls.values()).count(call) == 1]
    reader.kill()


def test_a_killed_component_and_a_lost_worker_are_started_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.start(settings)
    monkeypatch.setattr(plateforme, "COMPOSANTS", {"scheduler": []})
    monkeypatch.setattr(plateforme, "command", lambda _: [sys.executable, "-c", FAUX])
    plateforme._write_state(plateforme.Plateforme(settings, 8123, [], postgres_demarre=True), nightly=True)
    watch, folder = garde.Garde(settings), plateforme.pids(settings)

    def scheduler() -> processus.Processus:
        (one,) = processus.known(folder)
        _wait(lambda: len(workers(one.find())) == 2)
        return one

    assert watch.look(0) == ["scheduler"] and watch.look(1) == []
    first = scheduler()
    watch.look(2)
    orphans = workers(first.find())
    first.find().kill()
    _wait(lambda: first.find() is None)
    assert watch.look(3) == [], "not before its delay"
    assert watch.look(6) == ["scheduler"]
    assert not any(one.is_running() and one.status() != "zombie" for one in orphans)
    second = scheduler()
    assert second.pid != first.pid and watch.look(7) == []
    workers(second.find())[0].kill()
    _wait(lambda: len(workers(second.find())) == 1)
    assert watch.look(30) == ["scheduler"]
    assert scheduler().pid != second.pid and watch.look(60) == []

    server = int((postgres.postgres_dir(settings) / "donnees" / "postmaster.pid").read_text().split()[0])
    os.kill(server, signal.SIGKILL)
    _wait(lambda: not postgres.is_running(settings))
    assert watch.look(70) == ["postgresql"] and postgres.is_running(settings)
    told = [json.loads(line) for line in (settings.logs / "alertes.jsonl").read_text().splitlines()]
    assert [(one["controle"], one["details"]["composant"]) for one in told] == [
        ("garde.relance", "scheduler"), ("garde.impuissante", "scheduler"), ("garde.relance", "postgresql"),
    ]  # fmt: skip
    assert "exécuteur tué" in told[1]["texte"] and told[1]["severite"] == "critique"


def test_starts_again_are_spaced_and_forgotten_once_it_holds() -> None:
    tries, now, spaces = garde.Reprises(), 0.0, []
    for _ in range(10):
        last = now
        while not tries.is_due(now):
            now += 1
        tries.count(now)
        spaces.append(now - last)
    assert spaces == [0, 5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert tries.count(now + garde.STABLE_S + 1) == 1


def test_the_watcher_is_started_once_seen_by_the_state_and_stopped_before_the_others(settings: Settings) -> None:
    assert _watcher(settings) == {}, "a night by hand needs none"
    plateforme._write_state(plateforme.Plateforme(settings, 8123, []), nightly=True)
    assert _watcher(settings) == {"garde": "arrêtée"}
    garde.start(settings)
    garde.start(settings)
    (watcher,) = processus.known(plateforme.pids(settings))
    assert watcher.nom == plateforme.GARDE and _watcher(settings) == {"garde": "healthy"}
    stopped = CliRunner().invoke(commande_postgres.app, ["arreter"])
    assert isinstance(stopped.exception, ErreurConfiguration) and "make down" in str(stopped.exception)
    joined = plateforme.start(settings, nightly=True)
    joined.composants.append(processus.Processus("scheduler", 2**22 - 1, 0.0))
    joined.check_alive()  # the watcher starts it again
    assert plateforme.stop_all(settings) and watcher.find() is None and processus.known(plateforme.pids(settings)) == []
    with pytest.raises(ErreurOrchestration, match="garde s'est arrêté"):
        joined.check_alive()


def test_what_the_watcher_starts_in_its_last_look_is_stopped_too(settings: Settings) -> None:
    """A watcher that, told to end, first starts a scheduler again, as a look under way does."""
    log, folder = plateforme.log_file(settings, "scheduler"), plateforme.pids(settings)
    code = f"""
import os, pathlib, signal, sys, time
from pilotage.orchestration import processus
def end(*_):
    command = [sys.executable, "-c", "import time; time.sleep(120)"]
    processus.start("scheduler", command, os.environ, pathlib.Path({str(log)!r}), pathlib.Path({str(folder)!r}))
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("pret", flush=True)
time.sleep(120)
"""
    _start(settings, plateforme.GARDE, code)
    _wait(lambda: "pret" in plateforme.log_file(settings, plateforme.GARDE).read_text())
    seen = []
    stop = processus.stop

    def watch(processes, *arguments, **options):
        processes = list(processes)
        seen.extend(one.nom for one in processes)
        return stop(processes, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processus, "stop", watch)
        assert plateforme.stop_all(settings)
    assert seen == [plateforme.GARDE, "scheduler"] and processus.read(folder) == []
