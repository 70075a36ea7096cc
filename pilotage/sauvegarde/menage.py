"""Old backups: the newest ones stay, with every landed file that one of them names."""

from __future__ import annotations

import shutil
from pathlib import Path

from pilotage.sauvegarde.manifeste import DEPOT, list_backups, read_manifeste


def prune(place: Path, garder: int) -> list[str]:
    """Drop all but the newest backups, then the landed files that none of those kept names.

    The caller holds the folder's lock. A manifest that cannot be read stops everything before anything is dropped.

    Returns:
        Names of the backups dropped.

    Raises:
        ErreurSauvegarde: the manifest of a backup to keep is damaged.
    """
    found = list_backups(place)
    kept, dropped = found[-max(garder, 1) :], found[: -max(garder, 1)]
    named = {part.chemin for folder in kept for part in read_manifeste(folder).depot}
    for folder in dropped:
        aside = folder.with_name(f"{folder.name}.partiel")  # cut here, the next backup throws the rest away
        folder.rename(aside)
        shutil.rmtree(aside)
    store = place / DEPOT
    if dropped and store.is_dir():
        for path in [p for p in store.rglob("*") if p.is_file()]:
            if path.relative_to(store).as_posix() not in named:
                path.unlink()
        for path in sorted((p for p in store.rglob("*") if p.is_dir()), reverse=True):
            if not any(path.iterdir()):
                path.rmdir()
    return [folder.name for folder in dropped]
