"""What the head serves, on the bridge's address alone: PostgreSQL, Redis, an S3 store, an HTTP mirror."""

from __future__ import annotations

import functools
import http.server
import secrets
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg

from pilotage.binaires import find_binaries, run_as_server
from pilotage.errors import ErreurConfiguration
from pilotage.orchestration import processus
from tests.distribution.reseau import ADRESSE_TETE, RESEAU

PORT_PG, PORT_REDIS, PORT_S3, PORT_MIROIR = 5432, 6379, 9000, 8081
SEAU = "pilotage"
PARAMETRES = {
    "listen_addresses": ADRESSE_TETE,
    "unix_socket_directories": "",
    "port": str(PORT_PG),
    "shared_buffers": "256MB",
    "work_mem": "48MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "synchronous_commit": "off",
    "jit": "off",
    "max_connections": "150",
    "random_page_cost": "1.1",
    "timezone": "Europe/Paris",
}


class Postgres:
    """A cluster of its own, by password (SCRAM) from the bridge alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.password = folder, secrets.token_urlsafe(18)
        self.binaries = find_binaries(folder)

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        data, secret, log = (self.folder / name for name in ("donnees", "mot_de_passe", "postgres.log"))
        data.mkdir(mode=0o700)
        secret.write_text(self.password)
        log.touch()
        for path in (data, secret, log):
            shutil.chown(path, "nobody", "nogroup")
        options = ["-U", "pilotage", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--no-sync"]
        run_as_server([self.binaries / "initdb", "-D", data, *options, "--pwfile", secret])
        (data / "pg_hba.conf").write_text(f"host all all {RESEAU}.0/24 scram-sha-256\n")
        flags = " ".join(f"-c {name}='{value}'" for name, value in PARAMETRES.items())
        start = [self.binaries / "pg_ctl", "-D", data, "-l", log, "-o", flags, "-w", "-t", "90", "start"]
        run_as_server(start, capture=False)
        with psycopg.connect(self.libpq("postgres"), autocommit=True) as connection:
            for name in ("pilotage", "temoin", "airflow"):
                connection.execute(f"CREATE DATABASE {name}")

    def stop(self) -> None:
        if (self.folder / "donnees" / "postmaster.pid").exists():
            run_as_server([self.binaries / "pg_ctl", "-D", self.folder / "donnees", "-m", "immediate", "-w", "stop"])

    def libpq(self, base: str) -> str:
        return f"postgresql://pilotage:{self.password}@{ADRESSE_TETE}:{PORT_PG}/{base}?sslmode=disable"


def start_redis(folder: Path, password: str) -> processus.Processus:
    """A broker without disk: what it loses the scheduler sends again."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "redis.conf"
    secret.write_text(f'bind {ADRESSE_TETE}\nport {PORT_REDIS}\nrequirepass {password}\nsave ""\ndir {folder}\n')
    secret.chmod(0o600)
    return processus.start("redis", ["redis-server", str(secret)], {"PATH": "/usr/bin:/bin"}, folder / "log", folder)


def start_store(folder: Path, environment: dict[str, str]) -> processus.Processus:
    """An S3 server in memory, with one bucket."""
    command = [sys.executable, "-m", "moto.server", "-H", ADRESSE_TETE, "-p", str(PORT_S3)]
    started = processus.start("s3", command, environment, folder / "log", folder)
    from botocore.session import get_session

    keys = {key.lower(): environment[key] for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    client = get_session().create_client(
        "s3", region_name="us-east-1", endpoint_url=environment["AWS_ENDPOINT_URL"], **keys
    )
    wait_for(lambda: client.create_bucket(Bucket=SEAU), "le magasin")
    return started


def serve_mirror(folder: Path) -> http.server.ThreadingHTTPServer:
    """The folder over HTTP, on the bridge's address alone."""
    server = http.server.ThreadingHTTPServer((ADRESSE_TETE, PORT_MIROIR), functools.partial(_Miroir, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True, name="miroir").start()
    return server


def wait_for(attempt, what: str, patience_s: float = 120) -> None:
    """Call until it no longer raises."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            attempt()
            return
        except Exception as error:  # whatever a client raises before its server listens
            if time.monotonic() > deadline:
                raise ErreurConfiguration(f"{what} ne répond pas après {patience_s:g} s : {error}") from error
            time.sleep(0.5)


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(timeout=30)


class _Miroir(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Silence: a night asks for some hundreds of files."""
