"""What a night publishes, in the store that machines share: exports, site, pages of checks, whole before they are told.

Without a store nothing here does anything: the folders of the home are what is published. With one, a pointer (a small
object) says which generation is served; it is written last, by whoever still holds the lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pilotage.config import Settings
from pilotage.export_pointeur import latest_export, point_and_prune
from pilotage.magasin import Magasin, SansMagasin, get_magasin
from pilotage.suivi import check_courante
from pilotage.verrou import Verrou, alone

DERNIERE = "exports/derniere.json"
SITE = "publication/site.json"
CONTROLES = "data_docs.json"
ARCHIVES = "archives"


@contextmanager
def publishing(settings: Settings, what: str) -> Iterator[Verrou | None]:
    """One writer of `what` (exports, site) over all machines; None on a single machine, whose folders have a lock."""
    shared = get_magasin(settings).partage
    with alone(f"pilotage.publication.{what}") if shared else nullcontext() as verrou:
        yield verrou


def bring_latest_export(settings: Settings) -> None:
    """Have the export that the store tells in this machine's cache, `derniere` pointing at it, the former one kept."""
    magasin = get_magasin(settings)
    if isinstance(magasin, SansMagasin):
        return
    name = _told(magasin, DERNIERE).get("generation")
    if name and magasin.pull_tree(f"exports/{name}"):
        point_and_prune(settings.exports, name)


def publish_export(settings: Settings, name: str, verrou: Verrou | None) -> None:
    """Put an export in the store, then point at it, then forget those before the former one.

    Raises:
        ErreurVerrou: this attempt no longer holds the lock, or is no longer the one that counts: nothing was told.
    """
    magasin = get_magasin(settings)
    if isinstance(magasin, SansMagasin) or verrou is None:
        return
    former = _told(magasin, DERNIERE).get("generation")
    _check(verrou)
    magasin.push_tree(settings.exports / name)
    _tell(magasin, DERNIERE, {"generation": name}, verrou)
    stored = {one.split("/")[1] for one in magasin.sizes("exports") if one.count("/") > 1}
    before = former if former != name else max((one for one in stored if one < name), default=None)
    for old in sorted(stored - {name, before}):
        magasin.drop_tree(f"exports/{old}")


def exported_generation(settings: Settings) -> str | None:
    """The generation whose export is served."""
    magasin = get_magasin(settings)
    if isinstance(magasin, Magasin):
        return _told(magasin, DERNIERE).get("generation")
    latest = latest_export(settings.exports)
    return latest.name if latest else None


def publish_site(settings: Settings, generation: str, verrou: Verrou | None) -> None:
    """Put the site in the store as one archive (it has a file a territory), then point at it."""
    magasin = get_magasin(settings)
    if isinstance(magasin, Magasin) and verrou is not None:
        _publish_archive(magasin, settings.publication / "site", SITE, generation, verrou)


def stored_site(settings: Settings) -> str | None:
    """The generation whose site the store serves; None without a store."""
    magasin = get_magasin(settings)
    return _told(magasin, SITE).get("generation") if isinstance(magasin, Magasin) else None


def publish_checks(settings: Settings, generation: str) -> None:
    """Gather what every machine judged, render its pages, and put them in the store as one archive."""
    magasin = get_magasin(settings)
    if isinstance(magasin, SansMagasin):
        return
    from pilotage.jugement import build_docs

    with alone("pilotage.publication.controles") as verrou:
        for name in magasin.sizes("gx"):
            magasin.pull(name)
        build_docs(settings)
        _publish_archive(magasin, settings.data_docs, CONTROLES, generation, verrou)


def bring_published(settings: Settings) -> dict[str, str]:
    """Have what the store publishes in this home, for the machine that serves it: what -> generation brought."""
    magasin, brought = get_magasin(settings), {}
    if isinstance(magasin, SansMagasin):
        return brought
    bring_latest_export(settings)
    if generation := exported_generation(settings):
        brought["exports"] = generation
    for what, pointer, folder in (
        ("site", SITE, settings.publication / "site"),
        ("controles", CONTROLES, settings.data_docs),
    ):
        told = _told(magasin, pointer)
        if told and _bring_archive(magasin, told, folder):
            brought[what] = told["generation"]
    return brought


def _publish_archive(magasin: Magasin, folder: Path, pointer: str, generation: str, verrou: Verrou) -> None:
    """Put a folder in the store under a name that its bytes make: no attempt ever writes over what another one told."""
    draft = magasin.home / ARCHIVES / f".{folder.name}.{os.getpid()}"
    draft.parent.mkdir(parents=True, exist_ok=True)
    archive = draft
    try:
        with tarfile.open(draft, "w") as tar:
            tar.add(folder, arcname=".")
        with draft.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        archive = draft.rename(draft.with_name(f"{folder.name}-{generation}-{digest[:12]}.tar"))
        _check(verrou)
        former = _told(magasin, pointer).get("archive")
        magasin.push(archive)
    finally:
        draft.unlink(missing_ok=True)
        archive.unlink(missing_ok=True)
    name = magasin.relative(archive)
    _tell(magasin, pointer, {"generation": generation, "archive": name, "sha256": digest}, verrou)
    stored = {one for one in magasin.sizes(ARCHIVES) if one.startswith(f"{ARCHIVES}/{folder.name}-")}
    if former and magasin.size(former) is not None:
        stored.add(former)
    for old in sorted(stored - {name}):  # the former one, and what attempts that were overtaken left
        magasin.drop(old)


def _bring_archive(magasin: Magasin, told: dict[str, str], folder: Path) -> bool:
    """Unpack beside, then put in place; False when this machine has it already."""
    mark = folder.with_name(f".{folder.name}.{told['sha256'][:16]}")
    if mark.exists() and folder.exists():
        return False
    archive = magasin.pull(told["archive"], told["sha256"], fresh=True)
    if archive is None:
        return False
    partial, former = folder.with_name(f"{folder.name}.partiel"), folder.with_name(f"{folder.name}.ancien")
    for stale in (partial, former):
        shutil.rmtree(stale, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(partial, filter="data")
    archive.unlink()
    if folder.exists():
        folder.rename(former)
    partial.rename(folder)
    shutil.rmtree(former, ignore_errors=True)
    for old in folder.parent.glob(f".{folder.name}.*"):
        old.unlink()
    mark.touch()
    return True


def _told(magasin: Magasin, pointer: str) -> dict[str, str]:
    text = magasin.read(pointer)
    return json.loads(text) if text else {}


def _tell(magasin: Magasin, pointer: str, content: dict[str, str], verrou: Verrou) -> None:
    _check(verrou)
    magasin.write(pointer, json.dumps(content))


def _check(verrou: Verrou) -> None:
    verrou.check()
    check_courante(verrou.connection)
