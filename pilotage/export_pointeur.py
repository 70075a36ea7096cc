"""Which export is the latest one in a folder: a link, or where there are none a one-line file."""

from __future__ import annotations

from pathlib import Path


def latest_export(exports: Path) -> Path | None:
    """Folder that `derniere` points at, whether it is a link or, where there are none, a one-line file."""
    pointer = exports / "derniere"
    if pointer.is_symlink():
        name = pointer.readlink().name
    else:
        name = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""
    return exports / name if name and (exports / name).is_dir() else None


def point(exports: Path, name: str) -> None:
    """Point `derniere` at an export, in one rename."""
    fresh = exports / ".derniere"
    fresh.unlink(missing_ok=True)
    try:
        fresh.symlink_to(name)
    except OSError:
        fresh.write_text(f"{name}\n", encoding="utf-8")
    fresh.replace(exports / "derniere")
