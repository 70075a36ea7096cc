"""Faults on the way of a delivery: upstream, landing, fetch, COPY, gate."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pilotage.catalogue import get_source
from pilotage.config import get_settings
from pilotage.demande import Limites
from pilotage.fetch import fetch_source
from pilotage.gate import gate_source
from pilotage.load import load_source
from tests.epreuves.amont import REPARABLES, SORTES, Amont, place_of
from tests.epreuves.banc import Banc, Etape, Issue
from tests.epreuves.oracle import Oracle
from tests.epreuves.rapport import Epreuve

LIMITES = Limites(
    duree_max_s=2.0, tentatives=2, attente_s=0.01, attente_max_s=0.02, lecture_s=1.0, redirections=3, verrou_s=60
)
# Real files of some hundred rows to some tens of thousands, one of each dialect: csv ; , latin-1, xlsx, json.
SOURCES = (
    "anct__cites_educatives", "anct__france_services", "anct__contrats_crte", "anct__conseillers_numeriques",
    "anct__aidants_connect", "arcep__sites_mobiles", "cnam__professionnels_sante", "education__ips", "insee__qpv",
    "opendatafrance__organisations", "culture__bibliotheques",
)  # fmt: skip


@dataclass(frozen=True)
class Fichier:
    """A file that upstream offers."""

    source: str
    millesime: str
    nom: str
    chemin: Path


class Collecte:
    """The families of faults that strike between upstream and raw, on one home."""

    def __init__(
        self, banc: Banc, dossier: Path, amont: Amont, hasard: random.Random, sources: tuple[str, ...] = SOURCES
    ) -> None:
        self.banc, self.oracle, self.dossier, self.amont, self.hasard = banc, Oracle(banc), dossier, amont, hasard
        self.sources = [name for name in sources if (dossier / name).is_dir()]
        self.versions = banc.racine / "versions"
        self.versions.mkdir(exist_ok=True)
        self.durees: dict[tuple[str, str], float] = {}
        self.rang = 0

    def settle(self) -> list[str]:
        """A first collection without fault; returns what went wrong with it."""
        troubles = []
        for source in list(self.sources):
            for step in self.steps(source).values():
                self.banc.run(step)
            self._ask_loading_again(source)
            for name, step in self.steps(source).items():
                issue = self.banc.run(step)
                self.durees[source, name] = issue.secondes
                if issue.etat != "reussie":
                    troubles.append(f"{source} {name} : {issue}")
        return troubles + self.oracle.inspect_raw(self.sources).anomalies

    def steps(self, source: str) -> dict[str, Etape]:
        chain = {
            "fetch": partial(fetch_source, source, LIMITES),
            "load": partial(load_source, source),
            "gate": partial(gate_source, source),
        }
        return {name: self.banc.journalled(name, source, step) for name, step in chain.items()}

    def faults_of_upstream(self, times: int) -> Iterator[Epreuve]:
        """Each kind in turn, on a file drawn among those offered, which has just changed."""
        kinds = list(SORTES)
        self.hasard.shuffle(kinds)
        for rank in range(times):
            yield self._fault_of_upstream(kinds[rank % len(kinds)])

    def _fault_of_upstream(self, sorte: str) -> Epreuve:
        started = time.monotonic()
        fichier = self._draw_file()
        place = place_of(fichier.source, fichier.millesime, fichier.nom)
        fresh = self._new_version(fichier)
        before = self._served(fichier)
        self.amont.serve(place, fresh, sorte, self.hasard.randrange(1 << 30))
        issues = [self.banc.run(step) for step in self.steps(fichier.source).values()]
        worst = next((issue for issue in issues if issue.etat != "reussie"), issues[0])
        epreuve = Epreuve("amont", sorte, f"{fichier.source}/{fichier.nom}", str(worst))
        first = self._judge(fichier.source, epreuve)
        epreuve.inattendue = " ; ".join(filter(None, [*(issue.inattendue for issue in issues), *first]))
        refused = all(issue.etat == "reussie" for issue in issues)
        if refused and sorte not in REPARABLES and self._served(fichier) != before:
            epreuve.inattendue += f" ; la faute « {sorte} » est entrée sans un mot"
        self.amont.serve(place, fresh)
        self._repair(fichier, fresh, epreuve)
        epreuve.secondes = time.monotonic() - started
        return epreuve

    def faults_of_landing(self, times: int) -> Iterator[Epreuve]:
        """A landed file, its receipt or its follow-up damaged before it is loaded (again)."""
        kinds = list(self._damages())
        for rank in range(times):
            yield self._fault_of_landing(kinds[rank % len(kinds)])

    def _fault_of_landing(self, sorte: str) -> Epreuve:
        started = time.monotonic()
        fichier = self._draw_file()
        folder = get_settings().landing / fichier.source / fichier.millesime
        ((sha,),) = self.banc.query(
            "SELECT sha256 FROM pilotage.livraisons WHERE source = %s AND millesime = %s AND fichier = %s "
            "AND etat = 'acceptee'",
            fichier.source, fichier.millesime, fichier.nom,
        )  # fmt: skip
        self._ask_loading_again(fichier.source)
        self._damages()[sorte](folder, sha, fichier.nom)
        issue = self.banc.run(self.steps(fichier.source)["load"])
        epreuve = Epreuve("dépôt abîmé", sorte, f"{fichier.source}/{fichier.nom}", str(issue))
        if sorte in ("octet changé", "tronqué", "effacé", "vidé") and issue.etat != "erreur":
            epreuve.inattendue = "un fichier abîmé a été chargé sans un mot"
        self._finish(fichier.source, epreuve, [issue])
        epreuve.secondes = time.monotonic() - started
        return epreuve

    def _damages(self) -> dict[str, Callable[[Path, str, str], None]]:
        def on_file(change: Callable[[bytes], bytes]) -> Callable[[Path, str, str], None]:
            def damage(folder: Path, sha: str, nom: str) -> None:
                path = folder / sha / nom
                corps = path.read_bytes()
                path.chmod(0o644)
                path.write_bytes(change(corps))

            return damage

        def flip(corps: bytes) -> bytes:
            place = self.hasard.randrange(len(corps))
            return corps[:place] + bytes([corps[place] ^ 1]) + corps[place + 1 :]

        return {
            "octet changé": on_file(flip),
            "tronqué": on_file(lambda corps: corps[: self.hasard.randrange(len(corps))]),
            "vidé": on_file(lambda corps: b""),
            "effacé": lambda folder, sha, nom: (folder / sha / nom).unlink(),
            "reçu abîmé": lambda folder, sha, nom: (folder / sha / f"{nom}.recu.json").write_text('{"source": '),
            "reçu effacé": lambda folder, sha, nom: (folder / sha / f"{nom}.recu.json").unlink(),
            "suivi abîmé": lambda folder, sha, nom: (folder / f"{nom}.suivi.json").write_text("\x00\x00"),
            "suivi effacé": lambda folder, sha, nom: (folder / f"{nom}.suivi.json").unlink(),
            "partiel oublié": lambda folder, sha, nom: (folder / f"{nom}.partiel").write_bytes(b"reste;d'avant\n"),
        }

    def strikes(self, times: int, kinds: dict[str, Callable[[int], object]], famille: str) -> Iterator[Epreuve]:
        """A blow at a moment drawn within a step drawn among fetch, load and gate."""
        names = list(kinds)
        for rank in range(times):
            yield self._strike(names[rank % len(names)], kinds, famille)

    def _strike(self, sorte: str, kinds: dict[str, Callable[[int], object]], famille: str) -> Epreuve:
        started = time.monotonic()
        source, name = self.hasard.choice(self.sources), self.hasard.choice(("fetch", "load", "gate"))
        steps = self.steps(source)

        def prepare() -> None:
            self._ask_loading_again(source)
            if name == "fetch":
                shutil.rmtree(get_settings().landing / source, ignore_errors=True)
            if name == "gate":
                self.banc.run(steps["load"])

        issue, moment = self.banc.strike(steps[name], prepare, kinds[sorte], self.durees[source, name])
        epreuve = Epreuve(famille, sorte, f"{name} de {source} à {moment:.2f} s", str(issue), issue.atteint)
        self._finish(source, epreuve, [issue])
        epreuve.secondes = time.monotonic() - started
        return epreuve

    def together(self, times: int) -> Iterator[Epreuve]:
        """Two refreshes of one source at once, the second a moment after the first."""
        for _ in range(times):
            started = time.monotonic()
            source = self.hasard.choice(self.sources)
            self._ask_loading_again(source)
            if self.hasard.random() < 0.5:
                shutil.rmtree(get_settings().landing / source)

            def chain(source: str = source) -> None:
                for step in self.steps(source).values():
                    step()

            rival = Banc(self.banc.racine, self.banc.sources, self.hasard, self.banc.home.name)
            moment = self.hasard.uniform(0, sum(self.durees[source, n] for n in ("fetch", "load", "gate")))
            second: list[Issue] = []
            first = self.banc.run(chain, lambda _pid, r=rival, c=chain, kept=second: kept.append(r.run(c)), moment)
            epreuve = Epreuve("deux à la fois", "même source", f"{source} à {moment:.2f} s", str(first), first.atteint)
            self._finish(source, epreuve, [first, *second])
            epreuve.secondes = time.monotonic() - started
            yield epreuve

    def _finish(self, source: str, epreuve: Epreuve, issues: list[Issue]) -> None:
        """What the next run does, then the questions."""
        problems = [issue.inattendue for issue in issues]
        self.banc.start()
        for name, step in self.steps(source).items():
            again = self.banc.run(step)
            if again.etat != "reussie":
                problems.append(f"la reprise de {name} ne suffit pas : {again}")
        problems += self._judge(source, epreuve)
        waiting = self.banc.query(
            "SELECT fichier, etat, motif FROM pilotage.livraisons WHERE source = %s AND etat IN ('recue', 'candidate')",
            source,
        )
        problems += [f"{name} reste « {etat} » après la reprise : {motif}" for name, etat, motif in waiting]
        lost = self.banc.query(
            "SELECT millesime, fichier FROM pilotage.livraisons WHERE source = %s GROUP BY 1, 2 "
            "HAVING bool_and(etat <> 'acceptee')",
            source,
        )
        problems += [f"{'/'.join(name)} n'est plus servi" for name in lost]
        epreuve.inattendue = " ; ".join(filter(None, [epreuve.inattendue, *problems]))

    def _repair(self, fichier: Fichier, fresh: Path, epreuve: Epreuve) -> None:
        """Upstream is well again: the next run serves the new file and nothing of the former one."""
        self._finish(fichier.source, epreuve, [])
        served = self._served(fichier)
        if len(served) != 1 or served[0][1] != fresh.stat().st_size:
            epreuve.inattendue += f" ; la nouvelle version n'est pas servie : {served}"
            epreuve.perdues += 1

    def _judge(self, source: str, epreuve: Epreuve) -> list[str]:
        constat = self.oracle.inspect_raw([source])
        epreuve.perdues += constat.perdues
        epreuve.doublees += constat.doublees
        return constat.anomalies

    def _served(self, fichier: Fichier) -> list[tuple]:
        return self.banc.query(
            "SELECT sha256, taille_octets FROM pilotage.livraisons WHERE source = %s AND millesime = %s "
            "AND fichier = %s AND etat = 'acceptee'",
            fichier.source, fichier.millesime, fichier.nom,
        )  # fmt: skip

    def _ask_loading_again(self, source: str) -> None:
        """As if the card had changed: the deliveries in service are to be loaded and judged again."""
        self.banc.query(
            "UPDATE pilotage.livraisons SET etat = 'recue' WHERE source = %s AND etat IN ('acceptee', 'candidate') "
            "AND empreinte_fiche <> 'ecarte' RETURNING 1",
            source,
        )

    def _draw_file(self) -> Fichier:
        """A file in service that Pilotage loads (those that a card leaves aside are not put on trial)."""
        rows = self.banc.query(
            "SELECT source, millesime, fichier FROM pilotage.livraisons WHERE etat = 'acceptee' "
            "AND empreinte_fiche <> 'ecarte' AND source = ANY(%s) ORDER BY 1, 2, 3",
            self.sources,
        )
        rows = [row for row in rows if row[2].endswith(".csv")]  # those that can lose a row and stay whole
        source, millesime, nom = self.hasard.choice(rows)
        return Fichier(source, millesime, nom, self.dossier / source / millesime / nom)

    def _new_version(self, fichier: Fichier) -> Path:
        """The file without one of its last rows, another one each time: a change that any gate must accept."""
        self.rang += 1
        livre_card = get_source(fichier.source).find(fichier.nom, fichier.millesime)
        assert livre_card is not None
        lines = fichier.chemin.read_bytes().splitlines(keepends=True)
        del lines[-1 - self.rang % max(1, min(8, len(lines) // 4))]
        path = self.versions / f"{self.rang}_{fichier.nom}"
        path.write_bytes(b"".join(lines))
        return path
