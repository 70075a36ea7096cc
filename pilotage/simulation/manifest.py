"""One call writes a whole simulated France; the same call again writes nothing."""

from __future__ import annotations

import json
import logging
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pilotage.errors import ErreurConfiguration
from pilotage.simulation import (
    adresses,
    anct,
    apports,
    arcep,
    bornes,
    contours,
    donnees_ouvertes,
    ecoles,
    equipements,
    groupements,
    guichets,
    immeubles,
    insee_chiffres,
    insee_codes,
    mednum,
    msap,
    noms,
    portes,
    presence,
    programmes,
    quartiers,
    reseaux,
    sante,
    services_publics,
    social,
    tiers_lieux,
    zonages,
)
from pilotage.simulation.ecriture import Depot
from pilotage.simulation.france_services import Listes
from pilotage.simulation.histoire import Histoire, compter
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import dresser

VERSION = 10
MINIMUM = 50
MARQUE, INVENTAIRE = "SIMULATION", "MANIFEST.tsv"
COLONNES = noms.mots(
    "source millesime file bytes rows separator encoding kind producer title landing_page licence found_in sha256 "
    "remarks"
)
AVERTISSEMENT = (
    "DONNÉES SIMULÉES. Communes, départements, régions, organismes, adresses et chiffres sont inventés : les codes ont "
    "la forme de ceux de l'Insee mais ne désignent aucun lieu réel."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Manifest:
    """What a folder of simulation holds; `inchange` is true when nothing had to be written."""

    dossier: Path
    communes: int
    graine: int
    version: int
    fichiers: int
    octets: int
    secondes: float
    inchange: bool


def write_simulation(folder: Path, communes: int = 1200, graine: int = 2026) -> Manifest:
    """Writes every source that has a card under `folder/<source>/<millésime>/`, with MANIFEST.tsv and SIMULATION.

    `communes` is the number of communes of the official code of 2025 (at least 50). Same arguments and version, same
    bytes. Raises ErreurConfiguration when the folder holds anything but a simulation, or for too few communes.
    """
    folder, debut = Path(folder), time.monotonic()
    if communes < MINIMUM:
        raise ErreurConfiguration(f"simulation de {communes} communes", attendu=f"{MINIMUM} communes au moins")
    demande = {"communes": communes, "graine": graine, "version": VERSION}
    deja = _read_mark(folder)
    if deja and {k: deja.get(k) for k in demande} == demande and _is_complete(folder, deja):
        return Manifest(folder, **demande, fichiers=deja["fichiers"], octets=deja["octets"],
                        secondes=time.monotonic() - debut, inchange=True)  # fmt: skip
    _clear(folder, deja)
    (folder / MARQUE).write_text(json.dumps({"avertissement": AVERTISSEMENT, "en_cours": True}) + "\n", "utf-8")
    depot = Depot(folder)
    _write_sources(depot, communes, graine)
    _write_inventory(depot)
    octets = sum(int(f["bytes"]) for f in depot.fichiers)
    marque = {"avertissement": AVERTISSEMENT, **demande, "fichiers": len(depot.fichiers), "octets": octets}
    provisoire = folder / (MARQUE + ".partiel")
    provisoire.write_text(json.dumps(marque, ensure_ascii=False, indent=1) + "\n", "utf-8")
    provisoire.replace(folder / MARQUE)
    manifest = Manifest(folder, **demande, fichiers=len(depot.fichiers), octets=octets,
                        secondes=time.monotonic() - debut, inchange=False)  # fmt: skip
    logger.info("simulation écrite : %s", asdict(manifest))
    return manifest


def _write_sources(depot: Depot, communes: int, graine: int) -> None:
    territoire = dresser(communes, graine, sum(compter(communes).values()))
    histoire, profils = Histoire(territoire), Profils(territoire)
    insee_codes.write(territoire, histoire, depot)
    insee_chiffres.write(territoire, histoire, profils, depot)
    groupements.write(territoire, histoire, profils, depot)
    zonages.write(territoire, histoire, profils, depot)
    contours.write(territoire, histoire, depot)
    adresses.write(territoire, histoire, depot)
    arcep.write(territoire, histoire, profils, depot)
    social.write(territoire, histoire, profils, depot)
    quartiers.write(territoire, histoire, profils, depot)
    programmes.write(territoire, histoire, profils, depot)
    equipements.write(territoire, histoire, profils, depot)
    reseaux.write(territoire, histoire, profils, depot)
    immeubles.write(territoire, histoire, profils, depot)
    bornes.write(territoire, histoire, profils, depot)
    presence.write(territoire, histoire, profils, depot)
    lieux, sites = portes.ouvrir(territoire, histoire, profils)
    Listes(lieux, sites, histoire, depot).write()
    anct.write_aidants(lieux, sites, histoire, depot)
    conseillers = anct.write_conseillers(lieux, sites, histoire, depot)
    mednum.write(territoire, histoire, profils, lieux, sites, conseillers, depot)
    guichets.write(lieux, histoire, depot)
    tiers_lieux.write(lieux, conseillers, histoire, depot)
    ecoles.write(territoire, histoire, profils, depot)
    sante.write(territoire, histoire, depot)
    donnees_ouvertes.write(territoire, histoire, depot)
    services_publics.write(territoire, histoire, depot)
    msap.write(lieux, histoire, depot)
    apports.write(territoire, histoire, depot)


def _write_inventory(depot: Depot) -> None:
    fixes = {"kind": "simulated", "producer": "Pilotage (simulation)", "title": "données simulées",
             "licence": "lov2", "remarks": AVERTISSEMENT}  # fmt: skip
    rangees = sorted(depot.fichiers, key=lambda f: (f["source"], f["millesime"], f["file"]))
    lignes = ["\t".join(COLONNES), *("\t".join((fixes | f).get(c, "") for c in COLONNES) for f in rangees)]
    (depot.racine / INVENTAIRE).write_text("\n".join(lignes) + "\n", "utf-8")


def _read_mark(folder: Path) -> dict:
    marque = folder / MARQUE
    try:
        return json.loads(marque.read_text("utf-8")) if marque.exists() else {}
    except ValueError as error:
        raise ErreurConfiguration("marque de simulation illisible", fichier=str(marque)) from error


def _is_complete(folder: Path, marque: dict) -> bool:
    """Every file of the inventory is there with its size."""
    if not (folder / INVENTAIRE).exists():
        return False
    lignes = (folder / INVENTAIRE).read_text("utf-8").splitlines()[1:]
    champs = [dict(zip(COLONNES, ligne.split("\t"), strict=True)) for ligne in lignes]
    chemins = [(folder / c["source"] / c["millesime"] / c["file"], int(c["bytes"])) for c in champs]
    return len(champs) == marque.get("fichiers") and all(p.exists() and p.stat().st_size == n for p, n in chemins)


def _clear(folder: Path, marque: dict) -> None:
    """Empties a former simulation; refuses any other content."""
    folder.mkdir(parents=True, exist_ok=True)
    contenu = sorted(folder.iterdir())
    if contenu and not marque:
        conseil = "choisir un dossier vide, la simulation n'écrit jamais parmi d'autres fichiers"
        raise ErreurConfiguration("le dossier n'est pas vide", fichier=str(folder), conseil=conseil)
    for chemin in contenu:
        shutil.rmtree(chemin) if chemin.is_dir() else chemin.unlink()
