"""The landing: every delivery kept as it came, named by its hash, with a receipt; nothing here is ever rewritten.

    <landing>/<source>/<millésime>/<sha256>/<fichier>            the bytes, read-only
    <landing>/<source>/<millésime>/<sha256>/<fichier>.recu.json  where and when they were first received
    <landing>/<source>/<millésime>/<fichier>.suivi.json          which hash is the current one, and its validators
    <landing>/<source>/<millésime>/<fichier>.partiel[.json]      a download under way, resumed or replaced by the next
    <landing>/<source>/<millésime>/<sha256>/<fichier>.abime      bytes that no longer had their hash when loaded

The parts of a shapefile are landed as files of their own; only the .shp is a delivery, and its parts go with it.

A file appears under its hash by one rename, after its bytes are on disk: it is there whole or not at all. Where several
machines share a store, the folder is its cache: bytes are put in the store first, then their receipt, then what makes
them current, so that a cut at any point leaves no receipt without bytes, and the next collection ends what was begun.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pilotage.config import Settings
from pilotage.demande import Demande
from pilotage.errors import ErreurTelechargement
from pilotage.magasin import Magasin, SansMagasin, get_magasin
from pilotage.verrou import alone

T = TypeVar("T")
RECU, SUIVI = ".recu.json", ".suivi.json"
COMPAGNONS = (".dbf", ".shx", ".prj", ".cpg")
"""What stands beside the .shp of a shapefile."""


@dataclass(frozen=True)
class Recu:
    """Receipt of a delivery; `recu_le` is ISO 8601 in UTC, `url_finale` is where redirections led, without query."""

    source: str
    millesime: str
    fichier: str
    sha256: str
    taille_octets: int
    url: str
    url_finale: str
    recu_le: str
    etag: str | None = None
    last_modified: str | None = None
    type_contenu: str | None = None
    est_simule: bool = False

    @property
    def livraison(self) -> str:
        """Identifier of the delivery: the same content of the same file has the same one everywhere."""
        key = f"{self.source}/{self.millesime}/{self.fichier}/{self.sha256}"
        return hashlib.sha256(key.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Suivi:
    """The current delivery of a file and what to tell upstream to learn whether it changed."""

    sha256: str
    taille_octets: int
    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Reprise:
    """What a partial download needs to go on: the address and the strong validator of the bytes it holds."""

    url: str
    validateur: str


class Depot:
    """A landing folder, and the store behind it when several machines share one."""

    def __init__(self, racine: Path, magasin: Magasin | SansMagasin | None = None) -> None:
        self.racine = racine
        self.magasin = magasin or SansMagasin(racine.parent)

    def dossier(self, demande: Demande | Recu) -> Path:
        return self.racine / demande.source / demande.millesime

    def chemin(self, demande: Demande | Recu, sha256: str) -> Path:
        """Where a delivery lies."""
        return self.dossier(demande) / sha256 / demande.fichier

    def bring(self, demande: Demande | Recu, sha256: str) -> Path:
        """Where a delivery lies, once this machine has it; a name without a file when nobody has.

        Raises:
            ErreurMagasin: what the store holds has not this hash.
        """
        path = self.chemin(demande, sha256)
        self.magasin.pull(self.magasin.relative(path), sha256)
        return path

    def companions(self, demande: Demande | Recu) -> list[Recu]:
        """The current parts that go with the .shp of a shapefile; none for any other file."""
        if not demande.fichier.lower().endswith(".shp"):
            return []
        return companions_of(demande, self.receipts(demande.source))

    def partiel(self, demande: Demande) -> Path:
        return self.dossier(demande) / f"{demande.fichier}.partiel"

    def read_suivi(self, demande: Demande) -> Suivi | None:
        """The current delivery; None when there is none, or when its bytes are no longer there."""
        suivi = self._read_suivi(demande)
        return suivi if suivi and self._holds(demande, suivi.sha256, suivi.taille_octets) else None

    def read_reprise(self, demande: Demande) -> Reprise | None:
        return _read(Reprise, _beside(self.partiel(demande)))

    def write_reprise(self, demande: Demande, reprise: Reprise | None) -> None:
        """Say what would allow a partial download to go on; None: nothing would."""
        path = _beside(self.partiel(demande))
        if reprise is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, asdict(reprise))

    def drop_partiel(self, demande: Demande) -> None:
        self.partiel(demande).unlink(missing_ok=True)
        self.write_reprise(demande, None)

    def land(self, demande: Demande, recu: Recu) -> bool:
        """Give the partial file its final name and write its receipt.

        Returns:
            False when the same bytes had already been received under this name.
        """
        target = self.chemin(demande, recu.sha256)
        known = self._holds(demande, recu.sha256, recu.taille_octets)
        if not known:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = self.partiel(demande)
            partial.chmod(0o444)
            partial.replace(target)
            sync_to_disk(target.parent)
            self.magasin.push(target)
        receipt = target.with_name(f"{target.name}{RECU}")
        if self.magasin.pull(self.magasin.relative(receipt)) is None or _read(Recu, receipt) is None:
            _write(receipt, asdict(recu))
            sync_to_disk(target.parent.parent)
            self.magasin.push(receipt)
        self.drop_partiel(demande)
        self.follow(demande, Suivi(recu.sha256, recu.taille_octets, recu.url, recu.etag, recu.last_modified))
        return not known

    def follow(self, demande: Demande, suivi: Suivi) -> None:
        """Make a landed delivery the current one."""
        _write(self._suivi(demande), asdict(suivi))
        self.magasin.push(self._suivi(demande))

    def receipts(self, source: str | None = None) -> Iterator[tuple[Recu, bool]]:
        """Every receipt whose bytes are there, oldest first in a file, and whether it is the file's current one."""
        sizes = self.magasin.sizes(self.magasin.relative(self.racine / source if source else self.racine))
        folders: dict[Path, list[Path]] = {}
        for name in sizes:
            place = (self.magasin.home / name).relative_to(self.racine)
            if len(place.parts) == 4 and name.endswith(RECU) and place.parts[0][0] not in "_.":
                folders.setdefault(self.racine / place.parts[0] / place.parts[1], []).append(self.racine / place)
        for folder, paths in sorted(folders.items()):
            found = sorted((recu for path in paths if (recu := self._read_recu(path))), key=lambda r: r.recu_le)
            latest = {recu.fichier: recu.sha256 for recu in found}
            suivis = {name: self._read_suivi(recu) for recu in found if (name := recu.fichier)}
            for recu in found:
                suivi = suivis[recu.fichier]
                current = suivi.sha256 if suivi else latest[recu.fichier]
                blob = self.magasin.relative(folder / recu.sha256 / recu.fichier)
                if sizes.get(blob) == recu.taille_octets:
                    yield recu, recu.sha256 == current

    @contextmanager
    def lock(self, source: str, attente_s: float) -> Iterator[None]:
        """One collection of a source at a time on this landing; the system frees the lock of a dead process.

        With a store it is PostgreSQL's, for all machines, freed when the connection dies. One that is lost on the way
        loses nothing: bytes are named by their hash, and the journal takes each delivery once.

        Raises:
            ErreurTelechargement: another one still holds it after `attente_s` seconds.
        """
        if self.magasin.partage:
            with alone(f"pilotage.collecte.{source}", attente_s):
                yield
            return
        folder = self.racine / source
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".verrou").open("w") as handle:
            limit = time.monotonic() + attente_s
            while not _try_lock(handle.fileno()):
                if time.monotonic() > limit:
                    raise ErreurTelechargement(
                        f"une autre collecte de cette source est encore en cours après {attente_s:g} s d'attente",
                        source=source,
                        conseil="attendre sa fin, ou arrêter le processus qui tient le fichier .verrou du dépôt",
                    )
                time.sleep(0.1)
            yield

    def _suivi(self, demande: Demande | Recu) -> Path:
        return self.dossier(demande) / f"{demande.fichier}{SUIVI}"

    def _read_suivi(self, demande: Demande | Recu) -> Suivi | None:
        path = self._suivi(demande)
        return _read(Suivi, path) if self.magasin.pull(self.magasin.relative(path), fresh=True) else None

    def _read_recu(self, path: Path) -> Recu | None:
        return _read(Recu, path) if self.magasin.pull(self.magasin.relative(path)) else None

    def _holds(self, demande: Demande | Recu, sha256: str, taille: int) -> bool:
        return self.magasin.size(self.magasin.relative(self.chemin(demande, sha256))) == taille


def open_depot(settings: Settings) -> Depot:
    """The landing of these settings."""
    return Depot(settings.landing, get_magasin(settings))


def companions_of(demande: Demande | Recu, receipts: Iterable[tuple[Recu, bool]]) -> list[Recu]:
    """Among receipts of its source, the current parts that go with a .shp, by name."""
    whole, found = Path(demande.fichier), []
    for recu, current in receipts if whole.suffix.lower() == ".shp" else ():
        part = Path(recu.fichier)
        together = (recu.millesime, part.stem) == (demande.millesime, whole.stem)
        if current and together and part.suffix.lower() in COMPAGNONS:
            found.append(recu)
    return sorted(found, key=lambda recu: recu.fichier)


def find_companions(path: Path) -> dict[str, Path]:
    """Parts of a shapefile by name: beside its .shp, or in a landing, each under its own hash."""
    stem = glob.escape(path.stem)
    found = {one.name: one for one in path.parent.glob(f"{stem}.*") if one.suffix.lower() in COMPAGNONS}
    for follow in path.parent.parent.glob(f"{stem}.*{SUIVI}"):
        name, suivi = follow.name.removesuffix(SUIVI), _read(Suivi, follow)
        if suivi and Path(name).suffix.lower() in COMPAGNONS:
            found.setdefault(name, path.parent.parent / suivi.sha256 / name)
    return {name: one for name, one in found.items() if one.is_file()}


def set_aside(path: Path) -> None:
    """Rename a damaged file to `<name>.abime`, so that the next collection, not finding it, takes it again whole."""
    path.replace(path.with_name(f"{path.name}.abime"))
    sync_to_disk(path.parent)


def _beside(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(kind: type[T], path: Path) -> T | None:
    """A record from JSON; None when it is absent or was not written by us, which only costs a full download."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kind(**{field.name: content[field.name] for field in fields(kind) if field.name in content})  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.partiel")
    with temporary.open("w", encoding="utf-8") as handle:
        json.dump(content, handle, ensure_ascii=False, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def sync_to_disk(path: Path) -> None:
    """Put a file, or a folder's entries, on disk: a rename is lasting only after this."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
