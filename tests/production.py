"""A PostgreSQL server as production has it: its own configuration, certificates and roles, on 127.0.0.1."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilotage.config import RACINE

POSTGRES = RACINE / "docker" / "postgres"
SUPER = "super-mot"


@dataclass(frozen=True)
class Production:
    """Where the server listens, and the secrets that docker/creer_secrets.sh drew for it."""

    port: int
    secrets: Path
    binaires: Path
    dossier: Path

    def password(self, role: str) -> str:
        return SUPER if role == "postgres" else (self.secrets / f"{role}_mot_de_passe").read_text()

    def url(self, role: str, base: str = "pilotage", host: str = "localhost", **query: str) -> str:
        """Address over TCP, the certificate checked unless `query` says otherwise."""
        asked = {"sslmode": "verify-full", "sslrootcert": str(self.secrets / "postgres_ca"), **query}
        words = "&".join(f"{name}={value}" for name, value in asked.items())
        return f"postgresql://{role}:{self.password(role)}@{host}:{self.port}/{base}?{words}"

    def sql(self, statement: str, base: str = "pilotage") -> str:
        """What the superuser asks, over the server's own socket."""
        environment = {**os.environ, "PGPASSWORD": SUPER}
        command = [self.binaires / "psql", "-X", "-tA", "-v", "ON_ERROR_STOP=1", "-h", self.dossier, "-U", "postgres"]
        done = subprocess.run(
            [*command, "-p", str(self.port), "-d", base, "-c", statement],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def find_server_with_tls() -> Path | None:
    """Folder of a PostgreSQL built with TLS: Debian's; the embedded one is built without."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def serve(folder: Path) -> Iterator[Production]:
    """Make the secrets, create the cluster, start the server on the repository's own files, create the roles."""
    binaires = find_server_with_tls()
    if binaires is None or not shutil.which("openssl"):
        pytest.skip("no PostgreSQL built with TLS here (Debian's package postgresql), or no openssl")
    account = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    secrets, data = folder / "secrets", folder / "donnees"
    subprocess.run([RACINE / "docker" / "creer_secrets.sh", secrets], check=True, capture_output=True)
    key = folder / "cle"
    shutil.copyfile(secrets / "postgres_cle", key)
    key.chmod(0o600)
    (folder / "super").write_text(SUPER)
    certificate = folder / "certificat"
    shutil.copyfile(secrets / "postgres_certificat", certificate)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if account:
        for path in (folder, key):
            shutil.chown(path, "nobody", "nogroup")
    run = {"check": True, "capture_output": True, "cwd": folder}
    options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--no-sync"]
    subprocess.run([*account, binaires / "initdb", "-D", data, *options, "--pwfile", folder / "super"], **run)
    configuration, rules = folder / "postgresql.conf", folder / "pg_hba.conf"
    shutil.copyfile(POSTGRES / "postgresql.conf", configuration)
    shutil.copyfile(POSTGRES / "pg_hba.conf", rules)
    settings = {
        "config_file": configuration, "hba_file": rules, "ssl_cert_file": certificate, "ssl_key_file": key,
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off",
    }  # fmt: skip
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "journal").open("wb") as journal:
        server = subprocess.Popen(
            [*account, binaires / "postgres", "-D", data, *words], stdout=journal, stderr=journal, cwd=folder
        )
    try:
        _wait(folder, port, server)
        production = Production(port, secrets, binaires, folder)
        _create_roles(production)
        yield production
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture(scope="session")
def production(_isolated_environment: None) -> Iterator[Production]:
    folder = Path(tempfile.mkdtemp(prefix="pg-prod-"))
    folder.chmod(0o755)
    try:
        with serve(folder) as served:
            yield served
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(folder: Path, port: int, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not (folder / f".s.PGSQL.{port}").exists() or b"ready to accept" not in (folder / "journal").read_bytes():
        assert server.poll() is None and time.monotonic() < deadline, (folder / "journal").read_text()
        time.sleep(0.1)


def _create_roles(production: Production) -> None:
    script = production.dossier / "roles.sql"
    source = (POSTGRES / "10_roles.sql").read_text(encoding="utf-8")
    script.write_text(source.replace("/run/secrets", str(production.secrets)), encoding="utf-8")
    command = [production.binaires / "psql", "-X", "-q", "-h", production.dossier, "-p", str(production.port)]
    environment = {**os.environ, "PGPASSWORD": SUPER}
    done = subprocess.run([*command, "-U", "postgres", "-f", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
