"""Long-lived child processes: started in their own group, known by a pid file, stopped whole."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE_S = 12.0


@dataclass(frozen=True)
class Processus:
    """A process identified for sure: a pid alone may have been given to another since."""

    nom: str
    pid: int
    debut: float

    def find(self) -> psutil.Process | None:
        """The live process, or None when it ended or its pid now belongs to another."""
        try:
            process = psutil.Process(self.pid)
            alive = abs(process.create_time() - self.debut) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return process if alive else None

    def listens(self, port: int) -> bool:
        """Whether it, or what it started, listens on a port; True where the system does not let us see."""
        process = self.find()
        try:
            family = [process, *process.children(recursive=True)] if process else []
            sockets = [one for member in family for one in member.net_connections(kind="tcp")]
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets)

    def orphans(self) -> list[psutil.Process]:
        """What a leader that was killed left in its session (`start` gives it one); empty while the leader lives.

        A pid is not given to another process while a session still bears its number.
        """
        try:
            leader = psutil.Process(self.pid)
            if leader.status() != psutil.STATUS_ZOMBIE or abs(leader.create_time() - self.debut) >= 1:
                return []
        except psutil.NoSuchProcess:
            pass
        return [one for one in psutil.process_iter() if _session(one.pid) == self.pid and not _is_zombie(one.pid)]


def start(nom: str, command: Sequence[str], env: Mapping[str, str], log: Path, folder: Path) -> Processus:
    """Start `command` in a session of its own (a Ctrl-C meant for us never reaches it) and write its pid file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Processus(nom, child.pid, psutil.Process(child.pid).create_time())
    write_pid(process, folder)
    return process


def write_pid(process: Processus, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{process.nom}.pid").write_text(f"{process.pid} {process.debut!r}\n")


def this_process(nom: str) -> Processus:
    return Processus(nom, os.getpid(), psutil.Process().create_time())


def read(folder: Path) -> list[Processus]:
    """Processes that the pid files name, alive or not; one left half written by a machine that stopped is none."""
    found = []
    for file in sorted(folder.glob("*.pid")):
        with suppress(ValueError, FileNotFoundError):
            pid, debut = file.read_text().split()
            found.append(Processus(file.stem, int(pid), float(debut)))
    return found


def known(folder: Path, *, orphaned: bool = False) -> list[Processus]:
    """Processes of the pid files that are still alive; files left by dead ones are removed.

    Args:
        orphaned: also those that died and left children behind; their files stay until `stop` has ended these.
    """
    remembered = read(folder)
    alive = [process for process in remembered if process.find()]
    left = [process for process in remembered if process not in alive and process.orphans()]
    kept = {process.nom for process in (*alive, *left)}
    for file in folder.glob("*.pid"):
        if file.stem not in kept:
            file.unlink(missing_ok=True)
    return [*alive, *left] if orphaned else alive


def stop(processes: Iterable[Processus], folder: Path, patience_s: float = PATIENCE_S) -> list[str]:
    """Stop processes, all their descendants and what a dead one left: SIGTERM, then SIGKILL after `patience_s`.

    Returns:
        Names of what had to be killed.
    """
    processes = list(processes)
    roots = [found for process in processes if (found := process.find())]
    roots += [orphan for process in processes for orphan in process.orphans()]
    family = _with_descendants(roots)
    for root in roots:
        _signal(root.terminate)
    deadline = time.monotonic() + patience_s
    _, alive = psutil.wait_procs(family, timeout=patience_s * 0.75)
    for process in alive:  # children that their parent left behind
        _signal(process.terminate)
    _, alive = psutil.wait_procs(_with_descendants(alive), timeout=max(0.5, deadline - time.monotonic()))
    killed = [_name(process) for process in alive]
    for process in alive:
        _signal(process.kill)
    psutil.wait_procs(alive, timeout=5)
    for process in processes:
        (folder / f"{process.nom}.pid").unlink(missing_ok=True)
    return killed


def _with_descendants(roots: Iterable[psutil.Process]) -> list[psutil.Process]:
    family: dict[int, psutil.Process] = {}
    for root in roots:
        family[root.pid] = root
        try:
            family.update({child.pid: child for child in root.children(recursive=True)})
        except psutil.Error:
            continue
    return list(family.values())


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(action) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[:3]) or process.name()
    except psutil.Error:
        return str(process.pid)
