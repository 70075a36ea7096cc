"""From files of buildings to one small fact a quarter in the landing, with a receipt, through an engine apart."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pilotage.config import RACINE, Settings
from pilotage.demande import Demande
from pilotage.errors import ErreurConfiguration, ErreurEntrepot, ErreurLecture
from pilotage.immeubles.forme import LUES, SOURCE, trimestre_of
from pilotage.landing import Recu, open_depot

ENVIRONNEMENT = RACINE / ".venv-immeubles"
PYTHON = ENVIRONNEMENT / "bin" / "python"
FAIT, ECARTEES = "immeubles_communes.csv", "immeubles_lignes.csv"
TABLES = {FAIT: "fait_immeubles", ECARTEES: "quarantaine_immeubles"}


@dataclass(frozen=True)
class Reduction:
    """What was reduced. `mesures` is the engine's own account: seconds by phase, rows by table."""

    sortie: Path
    trimestres: list[str]
    mesures: dict
    livraisons: list[str]


def missing(moteur: str) -> ErreurConfiguration | None:
    """What this machine lacks for an engine, as the error to raise; None when nothing."""
    if not PYTHON.exists():
        conseil = "`make immeubles` l'installe"
        return ErreurConfiguration("l'environnement .venv-immeubles est absent", source=SOURCE, conseil=conseil)
    if moteur == "spark" and not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        conseil = "installer openjdk-17-jre-headless, ou employer --moteur duckdb"
        return ErreurConfiguration(
            "Spark a besoin de Java, qui est introuvable", source=SOURCE, attendu="Java 17 ou plus", conseil=conseil
        )
    return None


def reduce_files(
    entrees: list[Path], communes: Path, sortie: Path, moteur: str = "duckdb", options: list[str] | None = None
) -> Reduction:
    """Reduce CSV files (bare or zipped) or Parquet folders of buildings into `sortie`, as Parquet and CSV.

    Args:
        communes: CSV with the columns COM and TYPECOM of Insee's official code.
        options: further arguments of `pilotage.immeubles.moteur` (memory, cores, cluster).

    Raises:
        ErreurConfiguration: the engine's environment is absent.
        ErreurLecture: an input is not such a file.
        ErreurEntrepot: a model or one of its tests failed.
    """
    lack = missing(moteur)
    if lack:
        raise lack
    _check_header(communes, ("COM", "TYPECOM"))
    sortie.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="travail_", dir=sortie) as name:
        work = Path(name)
        kind, quarters = _lay_out(entrees, work / "brut")
        arguments = {"moteur": moteur, "brut": work / "brut", "format": kind, "communes": communes.resolve()}
        arguments |= {"sortie": sortie.resolve(), "travail": work / "moteur"}
        command = [str(PYTHON), "-m", "pilotage.immeubles.moteur"]
        command += [part for key, value in arguments.items() for part in (f"--{key}", str(value))]
        environment = os.environ | {"PYTHONPATH": str(RACINE)}
        done = subprocess.run(command + (options or []), env=environment, text=True, capture_output=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["aucun message"]
        raise ErreurEntrepot(f"{moteur} : {said[0]}", source=SOURCE, conseil="voir docs/immeubles.md")
    return Reduction(sortie, quarters, json.loads(done.stdout.splitlines()[-1].rpartition("\r")[2]), [])


def _lay_out(entrees: list[Path], brut: Path) -> tuple[str, list[str]]:
    """Links `trimestre=<q>/<file>` that both engines read as partitions; the kind of files and the quarters."""
    kinds, quarters = set(), set()
    for order, entree in enumerate(entrees):
        found = sorted(entree.rglob("*.parquet")) if entree.is_dir() else [entree]
        if not found or not found[0].exists():
            raise ErreurLecture("ni fichier, ni dossier de Parquet", source=SOURCE, fichier=str(entree))
        for rank, path in enumerate(found):
            quarter = trimestre_of(path)
            folder = brut / f"trimestre={quarter}"
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"{order:04d}_{rank:05d}{'.csv' if path.suffix == '.zip' else path.suffix}"
            _unzip(path, target) if path.suffix == ".zip" else target.symlink_to(path.resolve())
            kinds.add(target.suffix.removeprefix("."))
            quarters.add(quarter)
            if target.suffix == ".csv":
                _check_header(target, LUES, path)
    if kinds - {"csv", "parquet"} or len(kinds) != 1:
        raise ErreurLecture(
            f"formes de fichiers : {', '.join(sorted(kinds))}", source=SOURCE, attendu="tous en CSV (ou zip d'un CSV), "
            "ou tous en Parquet",
        )  # fmt: skip
    return kinds.pop(), sorted(quarters)


def _unzip(archive: Path, target: Path) -> None:
    """The one CSV of a zip, streamed."""
    with zipfile.ZipFile(archive) as bundle:
        inside = [name for name in bundle.namelist() if name.lower().endswith(".csv")]
        if len(inside) != 1:
            raise ErreurLecture(
                f"{len(inside)} CSV dans le zip", source=SOURCE, fichier=str(archive), attendu="un seul"
            )
        with bundle.open(inside[0]) as origin, target.open("wb") as copy:
            shutil.copyfileobj(origin, copy, 1 << 20)


def _check_header(path: Path, wanted: tuple[str, ...], named: Path | None = None) -> None:
    """Refuse a CSV without the columns that are read.

    Raises:
        ErreurLecture: absent file, missing columns.
    """
    label = str(named or path)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            header = next(csv.reader(handle), [])
    except OSError as error:
        raise ErreurLecture(f"illisible : {error.strerror}", source=SOURCE, fichier=label) from error
    lost = [column for column in wanted if column not in header]
    if lost:
        raise ErreurLecture(
            f"colonnes absentes : {', '.join(lost)}", source=SOURCE, fichier=label, ligne=1,
            attendu=f"CSV séparé par des virgules, avec {', '.join(wanted)}",
        )  # fmt: skip


def land_reduction(settings: Settings, reduction: Reduction, entrees: list[Path], moteur: str) -> Reduction:
    """Put the reduced tables in the landing, one delivery a quarter and table, with receipts that name what was read.

    Raises:
        ErreurConfiguration: simulated buildings for a landing of real data, or the reverse.
    """
    simulated = any((folder / "SIMULATION").exists() for path in entrees for folder in (path, *path.parents[:3]))
    if simulated != settings.is_simulation:
        raise ErreurConfiguration(
            "immeubles simulés et dépôt de données réelles, ou l'inverse", source=SOURCE,
            conseil="donner à PILOTAGE_SOURCES ou à PILOTAGE_HOME la nature des fichiers réduits",
        )  # fmt: skip
    depot, landed = open_depot(settings), []
    origin = f"reduction:{moteur}?" + "&".join(sorted(path.name for path in entrees))
    with depot.lock(SOURCE, 60):
        for file, table in TABLES.items():
            for quarter, lines in _by_quarter(reduction.sortie / f"{table}.csv"):
                demande = Demande(SOURCE, quarter, file, origin)
                with _partial(depot.partiel(demande)) as partial:
                    partial.write_bytes(lines)
                now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
                digest = hashlib.sha256(lines).hexdigest()
                recu = Recu(SOURCE, quarter, file, digest, len(lines), origin, origin, now, est_simule=simulated)
                depot.land(demande, recu)
                landed.append(f"{quarter}/{file}")
    return Reduction(reduction.sortie, reduction.trimestres, reduction.mesures, landed)


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    yield path


def _by_quarter(table: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of each quarter under the table's header; the file is sorted by quarter."""
    header, *lines = table.read_bytes().splitlines(keepends=True)
    groups: dict[bytes, list[bytes]] = {}
    for line in lines:
        groups.setdefault(line.split(b",", 1)[0].strip(b'"'), [header]).append(line)
    for quarter, kept in sorted(groups.items()):
        yield quarter.decode(), b"".join(kept)
