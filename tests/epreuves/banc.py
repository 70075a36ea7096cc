"""A home made to suffer: its own PostgreSQL, steps run in children that can be killed, faults struck on the way."""

from __future__ import annotations

import os
import pickle
import random
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

import pilotage.jugement  # noqa: F401  (seconds to import: once, before the children are forked)
from pilotage import postgres
from pilotage.config import Settings, get_settings
from pilotage.database import _engine, migrate
from pilotage.suivi import suivre_etape

Etape = Callable[[], object]
LIMITE_S = 900
ESSAIS = 6
LEST = "lest"


@dataclass(frozen=True)
class Issue:
    """How a step ended. etat: reussie | erreur | tuee | sans_fin."""

    etat: str
    erreur: str = ""
    est_connue: bool = True
    secondes: float = 0.0
    atteint: bool = True

    def __str__(self) -> str:
        words = {"reussie": "réussie", "erreur": f"erreur dite : {self.erreur[:160]}", "tuee": "tuée"}
        return words.get(self.etat, self.etat)

    @property
    def inattendue(self) -> str:
        """What a user should not have met: a step without end, or an error that is not one of ours or the server's."""
        if self.etat == "sans_fin":
            return f"l'étape n'a pas fini en {LIMITE_S} s"
        return "" if self.est_connue else f"erreur brute : {self.erreur}"


class Banc:
    """One home under test. Settings go through the environment, as everywhere."""

    def __init__(self, racine: Path, sources: str, hasard: random.Random, nom: str = "home") -> None:
        self.racine, self.home, self.hasard = racine, racine / nom, hasard
        self.sources = sources
        self.journal = racine.parent / f"{racine.name}_{nom}.journal.txt"

    @contextmanager
    def in_use(self) -> Iterator[Settings]:
        """The environment and the server of this home, for as long as the block lasts."""
        own = dict(os.environ)
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o755)
        os.environ.pop("DATABASE_URL", None)
        os.environ.update(PILOTAGE_HOME=str(self.home), PILOTAGE_SOURCES=self.sources)
        try:
            self.start()
            yield get_settings()
        finally:
            _engine.cache_clear()
            self.stop_children()
            postgres.stop(get_settings())
            os.environ.clear()
            os.environ.update(own)

    def start(self) -> None:
        """What the next run does first, once the disk has room again."""
        (self.racine / LEST).unlink(missing_ok=True)
        settings = get_settings()
        postgres.start(settings)
        migrate(settings)
        _forget_connections()

    def journalled(self, etape: str, objet: str, step: Etape) -> Etape:
        """The step as nights run it: it writes in the journal when it begins and when it ends."""

        def run() -> None:
            with suivre_etape("epreuves", etape, objet):
                step()

        return run

    def run(self, step: Etape, strike: Callable[[int], None] | None = None, after_s: float = 0.0) -> Issue:
        """Run a step in a child; after some seconds strike it (`strike` is given its pid)."""
        started = time.monotonic()
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._be_child(step, writer)
        os.close(writer)
        struck = strike is None
        said = b""
        over = False
        while not over and time.monotonic() - started < LIMITE_S:
            left = after_s - (time.monotonic() - started)
            if not struck and left <= 0:
                struck = True
                assert strike is not None
                strike(pid)
            ready, _, _ = select.select([reader], [], [], 0.25 if struck else max(0.0, min(left, 0.25)))
            if ready:
                part = os.read(reader, 65536)
                said += part
                over = not part
        os.close(reader)
        if not over:
            _kill_family(pid)
        _, status = os.waitpid(pid, 0)
        seconds = time.monotonic() - started
        if not over:
            return Issue("sans_fin", secondes=seconds)
        if not said:
            return Issue("tuee", f"signal {os.waitstatus_to_exitcode(status)}", secondes=seconds)
        etat, text, known = pickle.loads(said)
        return Issue(etat, text, known, seconds, atteint=struck)

    def strike(
        self, step: Etape, prepare: Etape, blow: Callable[[int], object], within_s: float
    ) -> tuple[Issue, float]:
        """Strike a step at a moment drawn within `within_s` seconds; sooner when it had ended before.

        Args:
            prepare: gives the step its work again, before each try.

        Returns:
            How it ended and when it was struck.
        """
        moment = self.hasard.uniform(0, within_s)
        for _ in range(ESSAIS):
            prepare()
            issue = self.run(step, blow, moment)
            if issue.atteint:
                break
            moment *= 0.5
        return issue, moment

    def _be_child(self, step: Etape, writer: int) -> None:
        """Never returns, whatever happens: above these frames are the parent's, with its volume and its server."""
        try:
            said = self._attempt(step)
            with suppress(OSError):
                os.write(writer, pickle.dumps(said))
        finally:
            os._exit(0)

    def _attempt(self, step: Etape) -> tuple[str, str, bool]:
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            log = os.open(self.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(log, 1)
            os.dup2(log, 2)
            _forget_connections()
            step()
        except BaseException as error:
            with suppress(OSError):  # the disk may be full
                traceback.print_exc()
            return "erreur", f"{type(error).__name__} : {error}"[:2000], _is_known(error)
        return "reussie", "", True

    def blows(self) -> dict[str, Callable[[int], object]]:
        """What may strike a step at work, given its pid."""
        return {
            "étape tuée (kill -9)": kill_only,
            "étape et ses enfants tués (kill -9)": kill_with_children,
            "PostgreSQL tué (kill -9)": lambda _pid: self.kill_server(),
            "processus serveur tué (kill -9)": lambda _pid: self.kill_backend(),
            "connexions coupées": lambda _pid: self.cut_connections(),
            "serveur arrêté, connexion refusée": lambda _pid: self.stop_server(),
        }

    def kill_server(self) -> None:
        """kill -9 of the postmaster; its children see it and end."""
        pid = self._postmaster()
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(one) for one in family if psutil.pid_exists(one)], timeout=20)

    def kill_backend(self) -> bool:
        """kill -9 of one of the server processes at work for a step: the server restarts all of them."""
        workers = [c for c in psutil.Process(self._postmaster()).children() if _serves_a_step(c)]
        if not workers:
            return False
        self.hasard.choice(workers).kill()
        return True

    def cut_connections(self) -> int:
        """End every session of a step, as a cut network or an impatient administrator would."""
        with self.connection() as connection:
            query = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid() AND application_name NOT LIKE 'epreuves%%'"
            )
            return connection.execute(query).fetchone()[0]

    def stop_server(self) -> None:
        postgres.stop(get_settings())

    def connection(self) -> psycopg.Connection:
        """A session of the campaign's own, autocommit."""
        url = get_settings().database_url.replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, application_name="epreuves")

    def query(self, sql: str, *values: object) -> list[tuple]:
        with self.connection() as connection:
            return connection.execute(sql, values).fetchall()

    def stop_children(self) -> list[str]:
        """Processes that a killed step left at work for this home; they are ended, and named."""
        left = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                mine = process.environ().get("PILOTAGE_HOME") == str(self.home)
                if mine and "dbt" in " ".join(process.cmdline()):
                    left.append(" ".join(process.cmdline())[:120])
                    process.kill()
        return left

    def _postmaster(self) -> int:
        folder = postgres.postgres_dir(get_settings()) / "donnees" / "postmaster.pid"
        return int(folder.read_text().split("\n", 1)[0])


def _serves_a_step(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        title = " ".join(process.cmdline())
        return title.startswith("postgres: pilotage pilotage")
    return False


def _forget_connections() -> None:
    """A child must not speak through its parent's connections."""
    for engine in list(_engines()):
        engine.dispose(close=False)
    _engine.cache_clear()
    judgment = sys.modules.get("pilotage.jugement")
    if judgment is not None:
        judgment._context.cache_clear()


def _engines() -> Iterator:
    with suppress(Exception):
        yield _engine(get_settings().database_url)


def _is_known(error: BaseException) -> bool:
    """One of ours, or what the command line and the tasks tell as a failure of the server or of the disk."""
    from sqlalchemy.exc import DBAPIError

    from pilotage.errors import ErreurPilotage

    return isinstance(error, (ErreurPilotage, DBAPIError, psycopg.Error, OSError))


def _kill_family(pid: int) -> None:
    with suppress(psutil.Error):
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for process in family:
            with suppress(psutil.Error):
                process.kill()


def kill_only(pid: int) -> None:
    """kill -9 of the worker; what it had started goes on for all that we know."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_with_children(pid: int) -> None:
    """kill -9 of everything that the worker started, as a machine that stops."""
    _kill_family(pid)
