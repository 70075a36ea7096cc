"""`python -m tests.epreuves`: the whole campaign, or some of its families, with its table in the end.

    --graine 1 --fautes 200 --minutes 60 --familles amont,depot,collecte,entrepot,deux,horloge,nuits --rapport f.json

Exits with 1 when a row was lost or doubled, a reader saw half a generation, or a run did not repair by itself.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from rich.console import Console

from pilotage.config import RACINE
from pilotage.simulation import write_simulation
from tests.epreuves import horloge
from tests.epreuves.amont import SORTES, misbehaving
from tests.epreuves.banc import Banc
from tests.epreuves.collecte import Collecte
from tests.epreuves.disque import fill, small_volume
from tests.epreuves.entrepot import Entrepot
from tests.epreuves.nuits import Nuits
from tests.epreuves.oracle import Oracle
from tests.epreuves.rapport import Epreuve, Rapport
from tests.epreuves.veilleur import LECTURES, Veilleur

MIRROR = Path(os.environ.get("PILOTAGE_MIROIR", RACINE.parent / "shared" / "mirror"))
FAMILLES = ("amont", "depot", "collecte", "entrepot", "deux", "horloge", "nuits")
COMMUNES, VOLUME_MO = 300, 6000
# Share of the faults asked for that each family injects.
PARTS = {"amont": 0.34, "depot": 0.12, "collecte": 0.22, "entrepot": 0.2, "horloge": 0.04, "nuits": 0.08}


class Campagne:
    """The families, one after the other, within a number of faults and of minutes."""

    def __init__(self, racine: Path, graine: int, fautes: int, minutes: float, console: Console) -> None:
        self.racine, self.hasard, self.console = racine, random.Random(graine), console
        self.fautes, self.fin = fautes, time.monotonic() + 60 * minutes
        self.rapport = Rapport(graine)
        self.est_borne = False

    def share(self, famille: str) -> int:
        return max(1, round(self.fautes * PARTS[famille]))

    def take(self, epreuves: Iterator[Epreuve]) -> None:
        """Count faults until the iterator or the time ends."""
        for epreuve in epreuves:
            self.rapport.add(epreuve, self.console)
            if time.monotonic() > self.fin:
                self.rapport.ecartees.setdefault("la suite", "le temps donné est écoulé")
                return

    def is_over(self) -> bool:
        return time.monotonic() > self.fin

    def settled(self, famille: str, troubles: list[str]) -> None:
        """A home that is not sound before any fault would prove nothing."""
        if troubles:
            raise SystemExit(f"{famille} : avant toute faute : " + " | ".join(troubles))
        self.console.print(f"{famille} : état sans faute relevé", highlight=False)

    def watch(self, nom: str) -> Veilleur:
        watcher = Veilleur(self.racine.parent / f"veilleur_{nom}.json")
        watcher.start()
        return watcher

    def unwatch(self, watcher: Veilleur, famille: str) -> None:
        counts, seen = watcher.stop()
        for name, count in counts.items():
            self.rapport.lectures[name] = self.rapport.lectures.get(name, 0) + count
        if not counts.get(LECTURES):
            seen.append("le lecteur n'a rien pu lire de toute la campagne")
        if seen:
            text = " | ".join(seen)[:1500]
            self.rapport.add(Epreuve(famille, "lecteur", "toute la campagne", text, entrevues=len(seen)), self.console)

    def blows(self, banc: Banc) -> dict[str, Callable[[int], object]]:
        struck = banc.blows()
        if self.est_borne:
            struck["disque plein"] = lambda _pid: fill(banc)
        else:
            self.rapport.ecartees["disque plein"] = "cet utilisateur ne peut pas monter un volume de petite taille"
        return struck


def strike_collection(campagne: Campagne, familles: list[str]) -> None:
    """Faults of upstream, of the landing, and on fetch, COPY and gate: real files, served by HTTP."""
    if not (MIRROR / "MANIFEST.tsv").exists():
        for famille in ("amont", "depot", "collecte"):
            campagne.rapport.ecartees[famille] = f"dossier miroir de fichiers réels absent ({MIRROR})"
        return
    with misbehaving(MIRROR) as amont:
        banc = Banc(campagne.racine, amont.url, campagne.hasard, "reel")
        with banc.in_use():
            collecte = Collecte(banc, MIRROR, amont, campagne.hasard)
            campagne.settled("collecte", collecte.settle())
            if "amont" in familles:
                campagne.take(collecte.faults_of_upstream(max(len(SORTES), campagne.share("amont"))))
            if "depot" in familles:
                campagne.take(collecte.faults_of_landing(campagne.share("depot")))
            if "collecte" in familles:
                blows = campagne.blows(banc)
                campagne.take(collecte.strikes(campagne.share("collecte"), blows, "fetch, COPY, porte"))
            if "deux" in familles:
                campagne.take(collecte.together(max(2, campagne.share("collecte") // 8)))
            if "horloge" in familles:
                _clock(campagne, partial(horloge.collect_in_the_past, collecte))


def strike_warehouse(campagne: Campagne, familles: list[str]) -> None:
    """Faults on dbt, gates, synthesis, recommendation, switch, export and site, on a simulated territory."""
    sources = campagne.racine / "sources"
    write_simulation(sources, COMMUNES, 7)
    banc = Banc(campagne.racine, str(sources), campagne.hasard, "simule")
    with banc.in_use():
        entrepot = Entrepot(banc, Oracle(banc), campagne.hasard)
        campagne.settled("entrepôt", entrepot.settle())
        watcher = campagne.watch("entrepot")
        try:
            blows = campagne.blows(banc)
            if "entrepot" in familles:
                _strike_chain(campagne, entrepot, blows)
            if "deux" in familles and not campagne.is_over():
                campagne.take(entrepot.two_at_once(1 + campagne.share("entrepot") // 40))
            if "entrepot" in familles and not campagne.is_over():
                campagne.take(entrepot.missing_extensions())
            if "horloge" in familles and not campagne.is_over():
                _clock(campagne, partial(horloge.publish_in_the_past, entrepot))
        finally:
            campagne.unwatch(watcher, "entrepôt")


def _strike_chain(campagne: Campagne, entrepot: Entrepot, blows: dict[str, Callable[[int], object]]) -> None:
    wanted = campagne.share("entrepot")
    rounds = max(1, wanted // 34)
    for _ in range(rounds):
        if not campagne.is_over():
            campagne.take(entrepot.round(blows, "entrepôt et publication", par_etape=1))
    if not campagne.is_over():
        campagne.take(entrepot.returns(blows, "retour en arrière", max(6, wanted // 4)))


def strike_nights(campagne: Campagne) -> None:
    """Faults on Airflow's own processes during whole nights."""
    sources = campagne.racine / "sources_nuits"
    write_simulation(sources, COMMUNES, 7)
    banc = Banc(campagne.racine, str(sources), campagne.hasard, "nuits")
    with banc.in_use():
        nuits = Nuits(banc, Oracle(banc), campagne.hasard)
        campagne.settled("nuits", nuits.settle())
        watcher = campagne.watch("nuits")
        try:
            campagne.take(nuits.nights(max(2, campagne.share("nuits") // 4)))
        finally:
            campagne.unwatch(watcher, "nuits")


def _clock(campagne: Campagne, strike: Callable[[Path], Iterator[Epreuve]]) -> None:
    lib = horloge.library()
    if lib is None:
        campagne.rapport.ecartees["horloge"] = "libfaketime absente (paquet Debian `faketime`)"
        return
    campagne.take(islice(strike(lib), 20))


def strike(campagne: Campagne, familles: list[str]) -> None:
    """The families that were asked for, while there is time."""
    if {"amont", "depot", "collecte", "deux", "horloge"} & set(familles):
        strike_collection(campagne, familles)
    if {"entrepot", "deux", "horloge"} & set(familles) and not campagne.is_over():
        strike_warehouse(campagne, familles)
    if "nuits" in familles and not campagne.is_over():
        strike_nights(campagne)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fautes injectées, et ce que les données deviennent.")
    parser.add_argument("--graine", type=int, default=1)
    parser.add_argument("--fautes", type=int, default=220, help="à peu près combien")
    parser.add_argument("--minutes", type=float, default=75, help="au-delà, plus aucune faute n'est commencée")
    parser.add_argument("--familles", default=",".join(FAMILLES))
    parser.add_argument("--rapport", type=Path, default=None)
    given = parser.parse_args()
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    familles = given.familles.split(",")
    if unknown := set(familles) - set(FAMILLES):
        parser.error(f"familles inconnues : {', '.join(sorted(unknown))} ; connues : {', '.join(FAMILLES)}")
    folder = Path(tempfile.mkdtemp(prefix="epreuves-", dir="/var/tmp"))
    folder.chmod(0o755)
    with small_volume(folder / "volume", VOLUME_MO) as is_bounded:
        campagne = Campagne(folder / "volume", given.graine, given.fautes, given.minutes, console)
        campagne.est_borne = is_bounded
        try:
            strike(campagne, familles)
        except KeyboardInterrupt:
            campagne.rapport.ecartees["la suite"] = "campagne interrompue au clavier"
    rapport = campagne.rapport
    rapport.show(console)
    if given.rapport:
        rapport.write(given.rapport)
    if rapport.est_bon:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"Journaux des étapes frappées : {folder}", highlight=False)
    return 0 if rapport.est_bon else 1


if __name__ == "__main__":
    sys.exit(main())
