"""Machines made of Linux namespaces: a network each on one bridge, a name each, and no sight of the others' files."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pilotage.errors import ErreurConfiguration

TETE = "pil-tete"
RESEAU = "10.77.0"
ADRESSE_TETE = f"{RESEAU}.1"
OUVRIERS = ("ouvrier1", "ouvrier2")


def check_machine() -> None:
    """Raise ErreurConfiguration when this machine cannot play several."""
    absent = [name for name in ("ip", "unshare", "redis-server") if shutil.which(name) is None]
    if absent or os.geteuid() != 0:
        raise ErreurConfiguration(
            f"il manque {', '.join(absent)}" if absent else "les espaces de noms du réseau demandent root",
            attendu="root, iproute2, util-linux et redis-server",
            conseil="apt-get install iproute2 util-linux redis-server, puis lancer en root",
        )


@contextmanager
def machines() -> Iterator[None]:
    """The head with its bridge, and the workers plugged into it; all of it is removed in the end."""
    remove()
    try:
        _ip("netns", "add", TETE)
        _ip("-n", TETE, "link", "set", "lo", "up")
        _ip("-n", TETE, "link", "add", "pont", "type", "bridge")
        _ip("-n", TETE, "addr", "add", f"{ADRESSE_TETE}/24", "dev", "pont")
        _ip("-n", TETE, "link", "set", "pont", "up")
        for rank, name in enumerate(OUVRIERS, start=2):
            space = f"pil-{name}"
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", TETE, "link", "add", _plug(name), "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", TETE, "link", "set", _plug(name), "master", "pont", "up")
            _ip("-n", space, "addr", "add", f"{RESEAU}.{rank}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
        yield
    finally:
        remove()


def remove() -> None:
    """Remove what a former trial may have left; processes still in there keep their own view until they end."""
    known = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout.split()
    for name in (TETE, *(f"pil-{name}" for name in OUVRIERS)):
        if name in known:
            _ip("netns", "del", name)


def cut(ouvrier: str) -> None:
    """Pull the plug: packets are lost without a word, as when a machine's network dies."""
    _ip("-n", TETE, "link", "set", _plug(ouvrier), "down")


def mend(ouvrier: str) -> None:
    _ip("-n", TETE, "link", "set", _plug(ouvrier), "up")


def command_on(space: str, nom: str, hidden: Sequence[Path], command: Sequence[str]) -> list[str]:
    """The command that runs another one on a machine: its network, its name, the others' folders under empty ones."""
    veils = [f"mount -t tmpfs vide {shlex.quote(str(path))}" for path in hidden]
    script = " && ".join([f"hostname {nom}", *veils, f"exec {shlex.join(command)}"])
    inside = ["unshare", "--uts", "--mount", "--propagation", "private", "sh", "-c", script]
    return ["ip", "netns", "exec", space, *inside]


def _plug(ouvrier: str) -> str:
    return f"prise-{ouvrier}"[:15]


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise ErreurConfiguration(f"ip {' '.join(arguments)} : {done.stderr.strip()}")
