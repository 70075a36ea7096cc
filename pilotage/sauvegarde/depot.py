"""The landing seen from a backup: what it holds, copied once into the store, read again, mended from the store."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pilotage.landing import RECU, Depot, Recu
from pilotage.magasin import ErreurMagasin
from pilotage.sauvegarde.manifeste import Morceau, hash_file

RECUS = "[!_.]*/*/*/*.recu.json"
SUIVIS = "[!_.]*/*/*.suivi.json"
BLOC = 1 << 20


@dataclass(frozen=True)
class Etat:
    """A landed file read again. `etat` is `bon`, `abime` or `absent`; `chemin` is within the landing."""

    recu: Recu
    chemin: str
    etat: str


def all_receipts(depot: Depot) -> Iterator[Recu]:
    """Every receipt, whether or not its bytes are still there; one that cannot be read is passed over."""
    for path in sorted(depot.racine.glob(RECUS)):
        try:
            yield _receipt(path.read_bytes())
        except (OSError, ValueError, TypeError):
            continue  # `check_landing` does not see it either: the journal names what is then missing


def _receipt(raw: bytes) -> Recu:
    content = json.loads(raw)
    return Recu(**{name: content[name] for name in Recu.__dataclass_fields__ if name in content})


def _read_receipt(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Recu | None:
    stream = tar.extractfile(member)
    return _receipt(stream.read()) if stream else None


def gather_receipts(depot: Depot) -> None:
    """Have on this machine the receipts and follow-ups of the store that several machines share."""
    if depot.magasin.partage:
        for name in depot.magasin.sizes(depot.magasin.relative(depot.racine)):
            if name.endswith((".recu.json", ".suivi.json")):
                depot.magasin.pull(name, fresh=True)


def share(depot: Depot, mended: Iterable[str] = ()) -> None:
    """Give the store what this machine has and it has not, and what was mended in place of what it has."""
    if depot.magasin.partage:
        there = depot.magasin.sizes(depot.magasin.relative(depot.racine))
        for path in depot.racine.rglob("*"):
            if path.is_file() and depot.magasin.relative(path) not in there:
                depot.magasin.push(path)
        for place in mended:
            depot.magasin.push(depot.racine / place)


def place_of(recu: Recu) -> str:
    return f"{recu.source}/{recu.millesime}/{recu.sha256}/{recu.fichier}"


def check_landing(depot: Depot) -> Iterator[Etat]:
    """Read every landed file again and compare it to the hash that names it."""
    for recu in all_receipts(depot):
        place = place_of(recu)
        try:
            path = depot.bring(recu, recu.sha256)
        except ErreurMagasin:
            yield Etat(recu, place, "abime")
            continue
        if not path.is_file():
            yield Etat(recu, place, "absent")
        else:
            whole = path.stat().st_size == recu.taille_octets and hash_file(path) == recu.sha256
            yield Etat(recu, place, "bon" if whole else "abime")


def copy_to_store(depot: Depot, store: Path, liens: bool = False) -> tuple[list[Morceau], list[str], int]:
    """Copy into the store what it does not hold yet; a damaged file never enters it.

    Args:
        liens: hard links instead of copies, on the same disk: no room taken, no protection from a failing disk.

    Returns:
        What the store holds of this landing, the places that are lost or damaged, and the octets that were written.
    """
    held, bad, written = [], [], 0
    for recu in all_receipts(depot):
        place = place_of(recu)
        target = store / place
        if not (target.is_file() and hash_file(target) == recu.sha256):  # a disk may have spoilt what it held
            if not _bring_to(depot, recu, target, liens):
                bad.append(place)
                continue
            written += recu.taille_octets
        held.append(Morceau(place, recu.sha256, recu.taille_octets))
    return held, bad, written


def _bring_to(depot: Depot, recu: Recu, target: Path, liens: bool) -> bool:
    try:
        return copy_checked(depot.bring(recu, recu.sha256), target, recu.sha256, liens)
    except ErreurMagasin:
        return False


def copy_checked(source: Path, target: Path, sha256: str, liens: bool = False) -> bool:
    """Copy a file whose hash is checked on the way; False, and nothing written, when it is absent or damaged."""
    if not source.is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.partiel")
    draft.unlink(missing_ok=True)
    if liens:
        draft.hardlink_to(source)
        digest = hash_file(draft)
    else:
        digest = _copy(source, draft)
    if digest != sha256:
        draft.unlink()
        return False
    if not liens:
        draft.chmod(0o444)
    draft.replace(target)
    return True


def mend(depot: Depot, stores: Iterable[Path], states: Iterable[Etat]) -> tuple[list[str], list[str]]:
    """Put back from a store the files that the landing has lost or damaged; a whole file is never touched.

    Returns:
        The places mended, and those that no store holds whole.
    """
    stores, mended, lost = list(stores), [], []
    for state in states:
        if state.etat == "bon":
            continue
        target = depot.racine / state.chemin
        found = any(copy_checked(store / state.chemin, target, state.recu.sha256) for store in stores)
        (mended if found else lost).append(state.chemin)
    return mended, lost


def pack_receipts(depot: Depot, archive: Path) -> None:
    """Receipts and follow-ups in one compressed archive: small files, which change."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for pattern in (RECUS, SUIVIS):
            for path in sorted(depot.racine.glob(pattern)):
                tar.add(path, arcname=path.relative_to(depot.racine).as_posix())


def unpack_receipts(archive: Path, depot: Depot, jetees: Container[str] = ()) -> int:
    """Put receipts and follow-ups back where there are none; what stands is newer and stays.

    Args:
        jetees: deliveries that left the landing on purpose; their receipts are not put back.

    Returns:
        How many were put back.
    """
    count = 0
    with tarfile.open(archive) as tar:
        for member in tar:
            thrown = member.name.endswith(RECU) and (found := _read_receipt(tar, member)) and found.livraison in jetees
            if not thrown and not (depot.racine / member.name).exists():
                tar.extract(member, depot.racine, filter="data")
                count += 1
    return count


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(BLOC):
            digest.update(block)
            writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()
