"""Superset in its own environment: its settings, its commands, its start on 127.0.0.1 and its stop."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from bi.commentaires import read_comments
from bi.declaration import DOSSIER, Declaration, load_declaration
from bi.paquet import build_bundle
from pilotage.config import RACINE, Settings
from pilotage.errors import ErreurConfiguration

BIN = RACINE / ".venv-bi" / "bin"
UTILISATEUR = "pilotage"
ATTENTE_S = 90


class Superset:
    """One Superset: a folder of its own, a warehouse that it reads.

    Args:
        warehouse: SQLAlchemy URL of the read-only role.
        folder: metadata, key, password and bundle; `<home>/bi`.
        declaration: what to import; that of this folder by default.
    """

    def __init__(self, warehouse: str, folder: Path, declaration: Declaration | None = None) -> None:
        self.warehouse = warehouse
        self.declaration = declaration or load_declaration()
        self.folder = folder.resolve()
        self.journal = self.folder / "superset.log"

    @classmethod
    def of(cls, settings: Settings) -> Superset:
        """Superset of a warehouse, as the role `lecteur`."""
        from pilotage.lecteur import ensure_reader

        return cls(ensure_reader(settings), settings.home / "bi")

    @property
    def password(self) -> str:
        """Of the user `pilotage`; written once, readable by its owner only."""
        return _secret(self.folder / "mot_de_passe", 18)

    def environment(self) -> dict[str, str]:
        _secret(self.folder / "cle", 48)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FLASK"))}
        return kept | {
            "PILOTAGE_BI_DOSSIER": str(self.folder),
            "PILOTAGE_BI_ENTREPOT": self.warehouse.replace("postgresql+psycopg:", "postgresql+psycopg2:", 1),
            "SUPERSET_CONFIG_PATH": str(DOSSIER / "superset_config.py"),
            "SUPERSET_HOME": str(self.folder),
            "SCARF_ANALYTICS": "false",
            "PYTHONWARNINGS": "ignore",
        }

    def build_bundle(self) -> bytes:
        """The declared dashboards, described by the warehouse's own comments."""
        return build_bundle(self.declaration, read_comments(self.warehouse, self.declaration))

    def import_dashboards(self) -> Path:
        """Bring the metadata to this release, make the user, import every dashboard by Superset's own importer.

        Returns:
            The bundle.

        Raises:
            ErreurConfiguration: the environment is absent, or Superset refused.
        """
        content = self.build_bundle()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        bundle = self.folder / "tableaux.zip"
        bundle.write_bytes(content)
        self._run("python", str(DOSSIER / "superset_import.py"), str(bundle), UTILISATEUR)
        return bundle

    def _run(self, program: str, *arguments: str) -> None:
        environment = self.environment() | {"PILOTAGE_BI_MOT_DE_PASSE": self.password}
        with self.journal.open("a", encoding="utf-8") as log:
            done = subprocess.run(
                [_program(program), *arguments], env=environment, cwd=self.folder, stdout=log, stderr=log
            )
        if done.returncode:
            raise self._failure(f"`{program} {arguments[0]}` a échoué (code {done.returncode})")

    def _failure(self, message: str) -> ErreurConfiguration:
        tail = self.journal.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return ErreurConfiguration(f"{message} : {' / '.join(tail)}", fichier=str(self.journal), conseil="lire la fin")

    @contextmanager
    def running(self, port: int | None = None) -> Iterator[str]:
        """Start it on 127.0.0.1, give its address once it answers, stop it by its own process at the end."""
        if not (self.folder / "superset.db").exists():
            raise ErreurConfiguration(
                "aucun tableau de bord importé", fichier=str(self.folder), conseil="`python -m bi importer`"
            )
        port = port or _free_port()
        command = [
            *(_program("gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4"),
            *("--worker-class", "gthread", "--timeout", "120", "--log-level", "warning", "superset.app:create_app()"),
        ]
        with self.journal.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                command, env=self.environment(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
            try:
                self._wait(process, port)
                yield f"http://127.0.0.1:{port}"
            finally:
                _stop(process)

    def _wait(self, process: subprocess.Popen, port: int) -> None:
        limit = time.monotonic() + ATTENTE_S
        while time.monotonic() < limit:
            if process.poll() is not None:
                raise self._failure("Superset s'est arrêté")
            try:
                with urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.3)
        raise self._failure(f"Superset ne répond pas après {ATTENTE_S} s")


def _program(name: str) -> str:
    if not (BIN / name).exists():
        raise ErreurConfiguration("l'environnement de Superset est absent", fichier=str(BIN), conseil="`make bi`")
    return str(BIN / name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _secret(path: Path, length: int) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(length) + "\n")
    return path.read_text(encoding="utf-8").strip()
