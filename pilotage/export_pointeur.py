"""Which export is the latest one in a folder (a link, or where there are none a one-line file), and which are kept."""

from __future__ import annotations

import re
import shutil
from pathlib import Path


def latest_export(exports: Path) -> Path | None:
    """Folder that `derniere` points at, whether it is a link or, where there are none, a one-line file."""
    pointer = exports / "derniere"
    if pointer.is_symlink():
        name = pointer.readlink().name
    else:
        name = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""
    return exports / name if name and (exports / name).is_dir() else None


def is_generation(name: str) -> bool:
    return re.fullmatch(r"g\d{8}t\d{6}", name) is not None


def point_and_prune(exports: Path, name: str) -> None:
    """Point at an export, then drop all but it and the one that was pointed at before."""
    former = latest_export(exports)
    point(exports, name)
    others = sorted(p.name for p in exports.iterdir() if is_generation(p.name) and p.name != name)
    before = former.name if former and former.name in others else (others[-1] if others else None)
    for other in others:
        if other != before:
            shutil.rmtree(exports / other, ignore_errors=True)


def point(exports: Path, name: str) -> None:
    """Point `derniere` at an export, in one rename."""
    fresh = exports / ".derniere"
    fresh.unlink(missing_ok=True)
    try:
        fresh.symlink_to(name)
    except OSError:
        fresh.write_text(f"{name}\n", encoding="utf-8")
    fresh.replace(exports / "derniere")
