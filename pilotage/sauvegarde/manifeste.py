"""The manifest of a backup: what it is made of, each part with its hash, and how it is checked before any use."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pilotage.sauvegarde import ErreurSauvegarde

FORMAT = 1
FICHIER, SOMME, DEPOT = "manifeste.json", "manifeste.sha256", "depot"
NOM = re.compile(r"s\d{8}t\d{6}")


@dataclass(frozen=True)
class Morceau:
    """A file, named from the backup's folder (or from the store, for a delivery)."""

    chemin: str
    sha256: str
    octets: int


@dataclass
class Manifeste:
    """What a backup is.

    Attributes:
        etendue: `journal` (the warehouse is rebuilt from the landing) or `tout` (the whole database is in it).
        revision: version of the schema `pilotage`, by Alembic.
        lignes: rows of each table of the schema `pilotage`, counted in the snapshot that was dumped.
        tables: rows of each published table of the visible generation.
        manquantes: deliveries in service that the landing had lost, or had damaged, when the backup was made.
    """

    nom: str
    faite_le: str
    version: str
    revision: str
    est_simulee: bool
    etendue: str
    serveur: str
    generation: str | None
    lignes: dict[str, int]
    tables: dict[str, int]
    morceaux: list[Morceau] = field(default_factory=list)
    depot: list[Morceau] = field(default_factory=list)
    manquantes: list[str] = field(default_factory=list)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Last part of a backup: the manifest, then its own hash."""
        content = json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"
        (folder / FICHIER).write_text(content, encoding="utf-8")
        (folder / SOMME).write_text(f"{hash_file(folder / FICHIER)}  {FICHIER}\n", encoding="ascii")

    @property
    def octets(self) -> int:
        return sum(part.octets for part in (*self.morceaux, *self.depot))


def read_manifeste(folder: Path) -> Manifeste:
    """The manifest of a backup, once its own hash is checked.

    Raises:
        ErreurSauvegarde: absent, damaged, or of a later format.
    """
    try:
        expected = (folder / SOMME).read_text(encoding="ascii").split()[0]
        raw = (folder / FICHIER).read_bytes()
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ErreurSauvegarde(
            "n'est pas une sauvegarde complète", fichier=str(folder), attendu=f"{FICHIER} et {SOMME}"
        ) from error
    if hashlib.sha256(raw).hexdigest() != expected:
        raise _damaged(folder / FICHIER)
    content = json.loads(raw)
    if content["format"] > FORMAT:
        raise ErreurSauvegarde(
            f"sauvegarde au format {content['format']}, plus récent que ce programme (format {FORMAT})",
            fichier=str(folder),
            conseil=f"la restaurer avec Pilotage {content['version']} ou plus récent",
        )
    for name in ("morceaux", "depot"):
        content[name] = [Morceau(**part) for part in content[name]]
    return Manifeste(**content)


def find_backup(place: Path) -> Path:
    """A backup's own folder, or the newest one of a folder of backups.

    Raises:
        ErreurSauvegarde: neither.
    """
    if (place / FICHIER).exists():
        return place.resolve()
    found = list_backups(place)
    if not found:
        raise ErreurSauvegarde("aucune sauvegarde ici", fichier=str(place), conseil="`pilotage sauvegarder <dossier>`")
    return found[-1].resolve()


def list_backups(place: Path) -> list[Path]:
    """Whole backups of a folder, oldest first."""
    folders = place.iterdir() if place.is_dir() else ()
    return sorted(p for p in folders if NOM.fullmatch(p.name) and (p / SOMME).exists())


def faults(folder: Path, manifeste: Manifeste) -> Iterator[str]:
    """Read every part again; yields a sentence for each that is absent or no longer has its hash."""
    store = folder.parent / DEPOT
    for base, parts in ((folder, manifeste.morceaux), (store, manifeste.depot)):
        for part in parts:
            path = base / part.chemin
            if not path.is_file():
                yield f"{path} : absent"
            elif path.stat().st_size != part.octets or hash_file(path) != part.sha256:
                yield f"{path} : abîmé"


def verify_backup(folder: Path) -> Manifeste:
    """The manifest of a backup, once every part has been read and found whole.

    Raises:
        ErreurSauvegarde: names every part that is damaged or absent.
    """
    manifeste = read_manifeste(folder)
    found = list(faults(folder, manifeste))
    if found:
        raise ErreurSauvegarde(
            f"sauvegarde abîmée, rien n'a été restauré : {' | '.join(found[:20])}"
            + (f" | et {len(found) - 20} autres" if len(found) > 20 else ""),
            attendu="l'empreinte SHA-256 que le manifeste donne",
            conseil="prendre une autre sauvegarde (`pilotage sauvegarder lister`), ou une autre copie de ces fichiers",
        )
    return manifeste


def hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _damaged(path: Path) -> ErreurSauvegarde:
    return ErreurSauvegarde(
        "abîmé : il n'a plus son empreinte", fichier=str(path), conseil="prendre une autre sauvegarde"
    )
