"""Whole nights through Airflow's own scheduler, its processes killed at drawn moments."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from pilotage import generations
from pilotage.config import RACINE, get_settings
from pilotage.generations import SCHEMAS
from pilotage.orchestration import processus
from pilotage.orchestration.executeurs import TITRE, workers
from pilotage.orchestration.plateforme import pids
from tests.epreuves.banc import Banc, Issue
from tests.epreuves.oracle import Oracle
from tests.epreuves.rapport import Epreuve

VERSION = "nuits"
FAMILLE = "nuit d'Airflow"
LIMITE_S = 1500
# What a night must have begun before it is worth striking: its first tasks.
COUPS = {
    "exécuteur tué (kill -9)": "executeur",
    "ordonnanceur tué (kill -9)": "scheduler",
    "lecteur de DAG tué (kill -9)": "dag-processor",
    "serveur d'API tué (kill -9)": "api-server",
    "lanceur tué (kill -9)": "lanceur",
    "PostgreSQL tué (kill -9)": "postgres",
    "connexions coupées": "connexions",
}
# A night gets over these by itself; fewer than a task has attempts, for all may fall on the longest one.
TACHE, TACHES_TUEES = "tâche tuée (kill -9)", 2


class Nuits:
    """Nights on one home, whose input is a folder that the campaign changes."""

    def __init__(self, banc: Banc, oracle: Oracle, hasard: random.Random) -> None:
        self.banc, self.oracle, self.hasard = banc, oracle, hasard
        self.duree_s = 0.0
        contrats = sorted(Path(banc.sources).glob("anct__contrats_crte/*/*.csv"))[0]
        self.contrats, self.premiers = contrats, contrats.read_bytes()

    def settle(self) -> list[str]:
        """A night without fault."""
        issue = self._night(None)
        self.duree_s = issue.secondes
        troubles = [] if issue.etat == "reussie" else [str(issue)]
        self.banc.start()
        shown = generations.visible()
        if shown is None:
            return [*troubles, "aucune génération visible"]
        self.oracle.inspect_generation(shown.generation, list(SCHEMAS), VERSION)
        return troubles

    def nights(self, times: int) -> Iterator[Epreuve]:
        """Nights with something to do, each struck so that it may fail; the next one, whose tasks are killed too, must
        end and leave what a night without fault leaves."""
        kinds = list(COUPS)
        self.hasard.shuffle(kinds)
        for rank in range(times):
            sorte = kinds[rank % len(kinds)]
            struck: list[str] = []
            for attempt in range(2):
                self._change(2 * rank + attempt)
                issue = self._night(self._blows(COUPS[sorte], 1, struck))
                if struck or issue.etat != "reussie":
                    break
                # A night that builds anew is shorter than the first, which also judges all: it ended before the blow.
                self.duree_s = min(self.duree_s, issue.secondes)
            found = [Epreuve(FAMILLE, sorte, one, str(issue)) for one in struck]
            problems = ["une trace est montrée à l'utilisateur"] if "Traceback" in issue.erreur else []
            self._change(None)
            tasks: list[str] = []
            again = self._night(self._blows("tache", TACHES_TUEES, tasks))
            found += [Epreuve(FAMILLE, TACHE, one, str(again)) for one in tasks]
            if not found:
                if {issue.etat, again.etat} == {"reussie"}:
                    continue
                found = [Epreuve(FAMILLE, sorte, "rien n'a pu être frappé", str(issue))]
            if not struck and issue.etat != "reussie":
                problems.append(f"la nuit a échoué avant d'être frappée : {issue}")
            if again.etat != "reussie":
                problems.append(f"la nuit suivante ne répare pas : {again}")
            self.banc.start()
            shown = generations.visible()
            if shown is None:
                problems.append("aucune génération visible")
            else:
                constat = self.oracle.inspect_generation(shown.generation, list(SCHEMAS), VERSION)
                problems += constat.anomalies
                found[0].perdues, found[0].doublees = constat.perdues, constat.doublees
            problems += self.oracle.inspect_leftovers()
            found[0].inattendue = " ; ".join(problems)
            found[0].secondes = issue.secondes + again.secondes
            yield from found

    def _change(self, rank: int | None) -> None:
        """Another input, or the first one again."""
        content = self.premiers if rank is None else self.premiers.replace(b"CRTE ", f"Contrat {rank} ".encode())
        self.contrats.write_bytes(content)

    def _night(self, during: Callable[[subprocess.Popen, float], None] | None) -> Issue:
        """One `executer`; `during` strikes while it runs."""
        started = time.monotonic()
        log = self.banc.journal.with_name("nuit.txt")
        environment = {**os.environ, "PYTHONPATH": str(RACINE), "COLUMNS": "200"}
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "pilotage", "executer"],
                cwd=RACINE, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
            if during:
                during(child, started)
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=LIMITE_S)
        seconds = time.monotonic() - started
        if child.poll() is None:
            child.kill()
            return Issue("sans_fin", secondes=seconds)
        text = log.read_text(errors="replace")
        if child.returncode == 0:
            return Issue("reussie", secondes=seconds)
        said = " ".join(line.strip() for line in text.strip().splitlines()[-4:])  # the sentence that it ended with
        trace = "Traceback : " if "Traceback" in text else ""
        return Issue("tuee" if child.returncode < 0 else "erreur", trace + said, secondes=seconds)

    def _blows(self, target: str, times: int, struck: list[str]) -> Callable[[subprocess.Popen, float], None]:
        moments = sorted(self.hasard.uniform(0.15, 0.85) * self.duree_s for _ in range(times))

        def during(child: subprocess.Popen, started: float) -> None:
            for moment in moments:
                while time.monotonic() - started < moment and child.poll() is None:
                    time.sleep(0.1)
                deadline = time.monotonic() + 60
                while child.poll() is None and time.monotonic() < deadline:
                    what = self._strike(target, child)
                    if what:
                        struck.append(f"{what} à {time.monotonic() - started:.0f} s")
                        break
                    time.sleep(0.1)

        return during

    def _strike(self, target: str, child: subprocess.Popen) -> str:
        """Returns what was struck; empty when there is nothing to strike yet."""
        if target == "postgres":
            self.banc.kill_server()
            return "PostgreSQL"
        if target == "connexions":
            return f"{self.banc.cut_connections()} sessions"
        if target == "lanceur":
            child.kill()
            return "lanceur"
        found = self._targets(target)
        if not found:
            return ""
        chosen = self.hasard.choice(found)
        with suppress(psutil.Error):
            name = " ".join(chosen.cmdline())[:80]
            chosen.kill()
            return name
        return ""

    @staticmethod
    def _targets(target: str) -> list[psutil.Process]:
        """Living processes of this kind: a component by its pid file, tasks as descendants of the scheduler."""
        alive = {one.nom: one.find() for one in processus.known(pids(get_settings()))}
        component = alive.get("scheduler" if target in ("tache", "executeur") else target)
        if component is None:
            return []
        if target not in ("tache", "executeur"):
            return [component]
        with suppress(psutil.Error):
            if target == "executeur":
                return workers(component)
            return [child for child in component.children(recursive=True) if _is_task(child)]
        return []


def _is_task(process: psutil.Process) -> bool:
    """The process of a task's own code, not the executor's that watches over it."""
    with suppress(psutil.Error):
        title = " ".join(process.cmdline())
        return title.startswith("airflow worker -- ") and not title.startswith(TITRE)
    return False
