"""A volume of its own for a home, small enough to be filled: tmpfs, where this user may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.epreuves.banc import LEST, Banc

RESTE = 1 << 16


@contextmanager
def small_volume(racine: Path, mega_octets: int) -> Iterator[bool]:
    """Mount a tmpfs of this size on `racine`; gives False, and a plain folder, where that is not allowed."""
    racine.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mega_octets}m,mode=755", "tmpfs", str(racine)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted and racine.is_mount():
            subprocess.run(["umount", "--lazy", str(racine)], check=True)


def fill(banc: Banc) -> None:
    """Take all the room that is left but some kilobytes, until `banc.start`."""
    if not banc.racine.is_mount():
        raise AssertionError(f"{banc.racine} n'est plus un volume à part : rien n'est rempli")
    with (banc.racine / LEST).open("ab") as handle:
        for _ in range(20):  # others write meanwhile
            free = os.statvfs(banc.racine)
            size = free.f_bavail * free.f_frsize - RESTE
            if size <= 0:
                return
            with suppress(OSError):
                os.posix_fallocate(handle.fileno(), handle.tell(), size)
                return
