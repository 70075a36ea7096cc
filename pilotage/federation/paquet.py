"""Open a package that somebody gives: a folder or a zip, checked before anything is read from it."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pilotage.datapackage import sha256_of
from pilotage.errors import ErreurPublication
from pilotage.federation.descripteur import read_descriptor
from pilotage.inspection import ILLISIBLES, name_fault

OBLIGATOIRES = {
    "commun.dim_communes": ("code_commune", "est_actuelle", "population"),
    "commun.dim_territoires": ("cle_territoire", "niveau", "code_territoire", "population", "nb_communes"),
    "commun.pont_communes_territoires": ("code_commune", "cle_territoire", "niveau"),
    "commun.dim_indicateurs": ("code_indicateur", "facteur", "unite", "sens", "niveau_min"),
}
INDICATEURS = (
    "cle_territoire", "niveau", "code_territoire", "code_indicateur", "millesime", "date_donnees", "numerateur",
    "denominateur", "valeur", "couverture_population_pct", "est_secret",
)  # fmt: skip
TAILLE_MAXIMALE = 8 << 30
CHEMIN = re.compile(r"[A-Za-z0-9_./-]+")  # neither a pattern nor a partition, which would read other files
NOM_TABLE, NOM_COLONNE = re.compile(r"[a-z_]{1,40}\.[a-z0-9_]{1,63}"), re.compile(r"[A-Za-z0-9_]{1,63}")
MEMBRES_MAX = 10_000
TAUX_MAXIMAL = 200  # times its compressed size: beyond, an archive is a trap


@dataclass(frozen=True)
class Paquet:
    """A package that was checked. `rang`: its place on the command line, which breaks ties."""

    nom: str
    rang: int
    dossier: Path
    descripteur: dict

    @property
    def est_simule(self) -> bool:
        return bool(self.descripteur.get("pilotage", {}).get("donnees_simulees"))

    @property
    def date(self) -> str:
        return self.descripteur.get("created", "")

    @cached_property
    def resources(self) -> dict[str, dict]:
        """Tables by `schema.table`."""
        return {r["name"]: r for r in self.descripteur["resources"] if r.get("type") == "table"}

    @cached_property
    def parquets(self) -> dict[str, Path]:
        """Parquet file of each table."""
        files = {r["name"]: r["path"] for r in self.descripteur["resources"]}
        return {name: self.dossier / files[f"{name}.parquet"] for name in self.resources if f"{name}.parquet" in files}

    def key_of(self, table: str) -> tuple[str, ...]:
        return tuple(self.resources[table].get("schema", {}).get("primaryKey", ()))

    def schema_of(self, table: str) -> Any:
        """The Arrow schema of a table's Parquet file.

        Raises:
            ErreurPublication: the file is not Parquet.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_schema(self.parquets[table])
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ErreurPublication(f"Parquet illisible : {error}", source=self.nom, fichier=table) from error

    @property
    def indicators(self) -> list[str]:
        """The tables of indicators, one an axis."""
        return sorted(name for name in self.parquets if name.rpartition(".")[2].startswith("indicateurs_"))


def open_package(path: Path, rang: int, work: Path) -> Paquet:
    """A package, its descriptor read, the hash of every Parquet file verified, its columns checked.

    Args:
        path: folder or zip. work: where a zip is unpacked.

    Raises:
        ErreurPublication: names the package, and the file or column that is wrong.
    """
    name = path.name or str(path)
    if path.is_file():
        path = _unpack(path, work / f"paquet_{rang}")
    file = path / "datapackage.json"
    if not file.is_file():
        raise ErreurPublication(
            "ce n'est pas un paquet : datapackage.json est absent", source=name, fichier=str(file),
            conseil="donner le dossier (ou le zip) qui contient datapackage.json",
        )  # fmt: skip
    described = read_descriptor(file, name)
    package = Paquet(name, rang, path.resolve(), described)
    _check_names(package)
    for table, parquet in package.parquets.items():
        _check_file(package, table, parquet)
    _check_columns(package)
    return package


def _check_names(package: Paquet) -> None:
    """Names become names of tables, columns and files: anything but plain words is refused before it is used."""
    for table, resource in package.resources.items():
        fields = [field.get("name", "") for field in resource.get("schema", {}).get("fields", ())]
        strange = [name for name in (*fields, *package.key_of(table)) if not NOM_COLONNE.fullmatch(str(name))]
        if not NOM_TABLE.fullmatch(table) or strange:
            raise ErreurPublication(
                f"nom « {strange[0] if strange else table} » refusé", source=package.nom, fichier="datapackage.json",
                attendu="des tables « schema.table » et des colonnes en lettres, chiffres et « _ »",
            )  # fmt: skip


def _unpack(archive: Path, target: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as content:
            _check_members(archive, content.infolist())
            shutil.rmtree(target, ignore_errors=True)
            content.extractall(target)
    except ILLISIBLES as error:
        raise ErreurPublication(f"archive illisible : {error}", source=archive.name) from error
    inside = sorted(target.rglob("datapackage.json"), key=lambda p: len(p.parts))
    return inside[0].parent if inside else target


def _check_members(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    """Judge an archive by its index, before anything is written."""
    if len(members) > MEMBRES_MAX:
        raise ErreurPublication(f"archive démesurée : {len(members)} membres", source=archive.name)
    seen: set[str] = set()
    for member in members:
        is_link = (member.external_attr >> 16) & 0o170000 not in (0, 0o100000, 0o040000)
        fault = name_fault(member.orig_filename) or ("lien ou fichier spécial" if is_link else None)
        fault = fault or ("« : » dans le nom" if ":" in member.filename else None)
        fault = fault or ("nom donné deux fois" if member.filename.casefold() in seen else None)
        seen.add(member.filename.casefold())
        if fault:
            raise ErreurPublication(
                f"chemin dangereux dans l'archive ({fault}) : rien n'a été extrait", source=archive.name,
                fichier=repr(member.orig_filename[:80]), attendu="des chemins relatifs, sans « .. » ni lien",
            )  # fmt: skip
    size = sum(member.file_size for member in members)
    if size > min(TAILLE_MAXIMALE, TAUX_MAXIMAL * max(archive.stat().st_size, 1 << 20)):
        raise ErreurPublication(f"archive démesurée : {size / 1e9:.1f} Go une fois ouverte", source=archive.name)


def _check_file(package: Paquet, table: str, path: Path) -> None:
    described = next(r for r in package.descripteur["resources"] if r["name"] == f"{table}.parquet")
    place = {"source": package.nom, "fichier": described["path"]}
    if not path.resolve().is_relative_to(package.dossier):
        raise ErreurPublication("chemin hors du paquet", **place)
    if not CHEMIN.fullmatch(described["path"]) or ".." in Path(described["path"]).parts:
        raise ErreurPublication("chemin refusé", attendu="des lettres, chiffres, « _ », « - » et « / »", **place)
    if not path.is_file():
        raise ErreurPublication("fichier annoncé et absent", conseil="demander à nouveau le paquet entier", **place)
    if described.get("hash") != f"sha256:{sha256_of(path)}":
        raise ErreurPublication(
            "le contenu n'est pas celui que le descripteur annonce", attendu=str(described.get("hash")),
            conseil="le fichier a été modifié ou mal copié : demander à nouveau le paquet", **place,
        )  # fmt: skip


def _check_columns(package: Paquet) -> None:
    for table in package.parquets:
        if strange := [name for name in package.schema_of(table).names if not NOM_COLONNE.fullmatch(name)]:
            raise ErreurPublication("nom de colonne refusé", source=package.nom, fichier=table, colonne=strange[0])
    needed = dict(OBLIGATOIRES) | dict.fromkeys(package.indicators, INDICATEURS)
    for table, columns in needed.items():
        if table not in package.parquets:
            raise ErreurPublication(
                f"la table {table} manque", source=package.nom, attendu=", ".join(OBLIGATOIRES),
                conseil="`pilotage exporter decouper` fait un paquet complet",
            )  # fmt: skip
        held = package.schema_of(table).names
        missing = [column for column in columns if column not in held]
        if missing:
            raise ErreurPublication("colonne absente", source=package.nom, fichier=table, colonne=missing[0])


def check_target(target: Path) -> Path:
    """Where a package may be written: nowhere yet, an empty folder, or a package that it replaces.

    Raises:
        ErreurPublication: something else stands there, which replacing would erase.
    """
    target = target.resolve()
    is_package = target.is_dir() and (not any(target.iterdir()) or (target / "datapackage.json").is_file())
    if not target.name or (target.exists() and not is_package):
        raise ErreurPublication(
            "ce dossier n'est pas un paquet : l'écrire là effacerait ce qu'il contient", fichier=str(target),
            attendu="un dossier absent, vide, ou un paquet à remplacer",
        )  # fmt: skip
    return target


@contextmanager
def database(work: str, packages: Sequence[str]) -> Iterator[Any]:
    """A DuckDB whose memory is bounded; what it cannot make of the packages is told as their fault.

    Raises:
        ErreurPublication: the tables do not hold what their names promise.
    """
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{work}'; SET TimeZone = 'UTC'; SET memory_limit = '1500MB'")
        try:
            yield connection
        except duckdb.Error as error:
            said = " ".join(str(error).split())[:300]
            raise ErreurPublication(
                f"ces tables ne se lisent pas comme prévu ({said})", source=", ".join(packages),
                conseil="refaire les paquets avec la même version de Pilotage",
            ) from error  # fmt: skip
