"""Faults from raw to readers: dbt builds, gates, synthesis, recommendation, switch, return, export, site."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from functools import partial

from models_ml.calcul import recommend
from models_ml.synthese.calcul import synthesise
from pilotage import generations
from pilotage.catalogue import AXES
from pilotage.chaine import ingest
from pilotage.config import get_settings
from pilotage.entrepot import build_axe, create_generation
from pilotage.export import export_generation, latest_export
from pilotage.gate import gate_axe
from pilotage.generations import SCHEMAS
from pilotage.publish import switch
from pilotage.site.generation import build_site, site_generation
from tests.epreuves.banc import Banc, Etape, Issue
from tests.epreuves.oracle import Oracle
from tests.epreuves.rapport import Epreuve

VERSION = "entrepot"


class Entrepot:
    """The families of faults that strike between raw and what is published, on one home."""

    def __init__(self, banc: Banc, oracle: Oracle, hasard: random.Random) -> None:
        self.banc, self.oracle, self.hasard = banc, oracle, hasard
        self.durees: dict[str, float] = {}

    def settle(self) -> list[str]:
        """A whole chain without fault: what all later ones are compared with."""
        troubles = [str(issue) for issue in [self.banc.run(_ingest_all)] if issue.etat != "reussie"]
        generation = self._open()
        for name, step in self.steps(generation).items():
            issue = self.banc.run(step)
            self.durees[name] = issue.secondes
            if issue.etat != "reussie":
                troubles.append(f"{name} : {issue}")
        self.oracle.inspect_generation(generation, list(SCHEMAS), VERSION)
        return troubles + self.oracle.inspect_leftovers()

    def steps(self, generation: str) -> dict[str, Etape]:
        chain: dict[str, Etape] = {}
        for axe in AXES:
            chain[f"build {axe}"] = partial(build_axe, generation, axe)
            chain[f"gate {axe}"] = partial(gate_axe, generation, axe)
        chain["synthèse"] = partial(synthesise, generation)
        chain["gate synthese"] = partial(gate_axe, generation, "synthese")
        chain["recommandation"] = partial(recommend, generation)
        chain["gate recommandation"] = partial(gate_axe, generation, "recommandation")
        chain["bascule"] = partial(switch, generation)
        chain["export"] = partial(export_generation, generation)
        chain["site"] = build_site
        return {name: self.banc.journalled(*name.partition(" ")[::2], step) for name, step in chain.items()}

    def round(self, blows: dict[str, Callable[[int], object]], famille: str, par_etape: int) -> Iterator[Epreuve]:
        """A whole chain, each step struck `par_etape` times and tried again before it may end in peace."""
        generation = self._open()
        kinds = list(blows)
        for name, step in self.steps(generation).items():
            for _ in range(par_etape):
                sorte = self.hasard.choice(kinds)
                yield self._strike(famille, sorte, blows[sorte], name, step, generation)
            issue = self.banc.run(step)  # what Airflow's next try does
            if issue.etat != "reussie":
                yield Epreuve(famille, "reprise", name, str(issue), inattendue=f"la reprise ne suffit pas : {issue}")
                return

    def _strike(
        self, famille: str, sorte: str, blow: Callable[[int], object], name: str, step: Etape, generation: str
    ) -> Epreuve:
        started = time.monotonic()
        issue, moment = self.banc.strike(step, lambda: None, blow, self.durees[name])
        epreuve = Epreuve(famille, sorte, f"{name} à {moment:.1f} s", str(issue), issue.atteint)
        self.banc.start()
        problems = [issue.inattendue]
        if self.hasard.random() < 0.5 or name in ("bascule", "export", "site"):
            again = self.banc.run(step)
            if again.etat != "reussie":
                problems.append(f"la reprise ne suffit pas : {again}")
            problems += self._judge(name, generation, epreuve)
        epreuve.inattendue = " ; ".join(filter(None, problems))
        epreuve.secondes = time.monotonic() - started
        return epreuve

    def _judge(self, name: str, generation: str, epreuve: Epreuve) -> list[str]:
        """The schemas that this step writes hold what they held without fault."""
        kind, _, axe = name.partition(" ")
        schemas = {"build": [axe], "synthèse": ["synthese"], "recommandation": ["recommandation"]}.get(kind, [])
        if name in ("bascule", "export", "site"):
            schemas = list(SCHEMAS)
        constat = self.oracle.inspect_generation(generation, schemas, VERSION)
        epreuve.perdues += constat.perdues
        epreuve.doublees += constat.doublees
        problems = constat.anomalies
        if name == "export":
            problems = problems + self.check_export(generation)
        if name == "site" and site_generation(get_settings()) != generation:
            problems = [*problems, "le site n'est pas celui de la génération visible"]
        if name in ("bascule", "export", "site"):
            problems = problems + self.oracle.inspect_leftovers()
        return problems

    def returns(self, blows: dict[str, Callable[[int], object]], famille: str, times: int) -> Iterator[Epreuve]:
        """The switch to the former generation and back, struck: either one is seen, whole."""
        kinds = list(blows)
        for rank in range(times):
            started = time.monotonic()
            sorte = kinds[rank % len(kinds)]
            calm = self.banc.run(generations.go_back).secondes
            issue, _ = self.banc.strike(generations.go_back, lambda: None, blows[sorte], calm)
            epreuve = Epreuve(famille, sorte, "retour à la génération précédente", str(issue), issue.atteint)
            self.banc.start()
            shown = generations.visible()
            problems = [issue.inattendue]
            if shown is None:
                problems.append("aucune génération n'est plus visible")
            else:
                problems += self._judge("bascule", shown.generation, epreuve)
            epreuve.inattendue = " ; ".join(filter(None, problems))
            epreuve.secondes = time.monotonic() - started
            yield epreuve

    def two_at_once(self, times: int) -> Iterator[Epreuve]:
        """Two builds (a generation and its `commun`) begun together: one may give way, what is visible stays whole."""
        for _ in range(times):
            started = time.monotonic()
            before = generations.visible()
            second: list[Issue] = []
            rival = Banc(self.banc.racine, self.banc.sources, self.hasard, self.banc.home.name)
            moment = self.hasard.uniform(0, self.durees["build commun"])

            def chain() -> None:
                generation = create_generation()
                build_axe(generation, "commun")

            first = self.banc.run(chain, lambda _pid, r=rival, c=chain, kept=second: kept.append(r.run(c)), moment)
            epreuve = Epreuve("deux à la fois", "deux constructions", f"à {moment:.1f} s", str(first), first.atteint)
            after = generations.visible()
            problems = [first.inattendue, *(issue.inattendue for issue in second)]
            if before != after:
                problems.append("la génération visible a changé")
            if not any(issue.etat == "reussie" for issue in (first, *second)):
                problems.append("aucune des deux constructions n'a abouti")
            assert after is not None
            problems += self._judge("bascule", after.generation, epreuve)
            epreuve.inattendue = " ; ".join(filter(None, problems))
            epreuve.secondes = time.monotonic() - started
            yield epreuve

    def missing_extensions(self) -> Iterator[Epreuve]:
        """An extension that a person dropped: the next build brings it back, or says what it lacks."""
        for extension in ("unaccent", "pg_trgm"):
            started = time.monotonic()
            with self.banc.connection() as connection:
                connection.execute(f"DROP EXTENSION IF EXISTS {extension} CASCADE")
            issue = self.banc.run(build_site)
            epreuve = Epreuve("extension absente", extension, "site", str(issue))
            generation = self._open()
            again = self.banc.run(partial(build_axe, generation, "commun"))
            problems = [issue.inattendue]
            if again.etat != "reussie":
                problems.append(f"la construction suivante ne la remet pas : {again}")
            problems += self._judge("build commun", generation, epreuve)
            epreuve.inattendue = " ; ".join(filter(None, problems))
            epreuve.secondes = time.monotonic() - started
            yield epreuve

    def check_export(self, generation: str) -> list[str]:
        """The export shown is this generation's, and every file has the sum that it announces."""
        folder = latest_export(get_settings().exports)
        if folder is None or folder.name != generation:
            return [f"l'export montré est {folder.name if folder else 'absent'}, attendu {generation}"]
        lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        wrong = [] if lines else ["SHA256SUMS est vide"]
        for line in lines:
            digest, _, name = line.partition("  ")
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                wrong.append(f"{name} n'a pas l'empreinte annoncée")
        return wrong

    def _open(self) -> str:
        """A new generation, opened by a child as a night does."""
        issue = self.banc.run(create_generation)
        if issue.etat != "reussie":
            raise AssertionError(f"aucune génération ne peut être ouverte : {issue}")
        ((name,),) = self.banc.query(
            "SELECT generation FROM pilotage.generations WHERE etat = 'en_construction' ORDER BY creee_le DESC LIMIT 1"
        )
        return name


def _ingest_all() -> None:
    done = ingest("epreuves")
    if done.erreurs:
        raise AssertionError(" | ".join(done.erreurs.values()))
