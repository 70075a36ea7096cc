"""One whole night through the scheduler: launched, followed from event to event, told in the end."""

from __future__ import annotations

import datetime as dt
import json
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from pilotage.config import Settings
from pilotage.orchestration import ErreurOrchestration, plateforme
from pilotage.orchestration.affichage import Affichage, read_steps
from pilotage.orchestration.environnement import task_logs
from pilotage.orchestration.fins import without_statement
from pilotage.orchestration.mesures import Sampler, write_measures
from pilotage.orchestration.plan import ACTIFS, DAGS, POOLS, source_names
from pilotage.orchestration.plateforme import Plateforme

log = logging.getLogger(__name__)
PERIODE_S = 1.0
DELAI_REVEIL_S = 90


@dataclass
class Nuit:
    """A night and what became of it."""

    nom: str
    platform: Plateforme
    affichage: Affichage
    durees: dict[str, float] = field(default_factory=dict)
    inchangee: bool = False
    sources_en_echec: dict[str, list[str]] = field(default_factory=dict)

    def follow(self) -> None:
        """Follow the chain of DAGs until its end, or until ingestion says that nothing changed.

        Raises:
            ErreurOrchestration: a run failed, or an event woke nobody.
        """
        run_id: str | None = self.nom
        with self.affichage.following():
            for dag in DAGS:
                with self._timed(dag):
                    self._wait_end(dag, run_id)
                    if dag == DAGS[0]:
                        self.sources_en_echec = self._failures(dag, run_id)
                    run_id = self._next_run(dag, run_id)
                if run_id is None:
                    return

    def _wait_end(self, dag: str, run_id: str) -> None:
        while True:
            state = self.platform.api.run(dag, run_id)["state"]
            self._refresh(dag)
            if state == "success":
                return
            if state == "failed":
                raise ErreurOrchestration(self._describe_failure(dag, run_id))
            self._pause()

    def _next_run(self, dag: str, run_id: str) -> str | None:
        """Run of the next DAG that the event of this one woke; None at the end of the chain."""
        if dag == DAGS[-1]:
            return None
        if dag == DAGS[0] and self.platform.api.task(dag, run_id, "conclure")["state"] == "skipped":
            self.inchangee = True
            return None
        actif, following = ACTIFS[DAGS.index(dag)], DAGS[DAGS.index(dag) + 1]
        deadline = time.monotonic() + DELAI_REVEIL_S
        while time.monotonic() < deadline:
            awakened = self.platform.api.awakened_by(dag, run_id, actif)
            if following in awakened:
                return awakened[following]
            self._refresh(following)
            self._pause()
        raise ErreurOrchestration(
            f"l'actif « {actif} » n'a pas réveillé le DAG {following} en {DELAI_REVEIL_S} s",
            conseil=f"lire {plateforme.log_file(self.platform.settings, 'scheduler')}",
        )

    def _refresh(self, phase: str) -> None:
        self.affichage.update(phase, read_steps(self.nom))

    def _pause(self) -> None:
        self.platform.check_alive()
        time.sleep(PERIODE_S)

    def _failures(self, dag: str, run_id: str) -> dict[str, list[str]]:
        """Failed tasks of a run, by what they worked on: the last errors of each log, and its path."""
        found: dict[str, list[str]] = {}
        for task in self.platform.api.tasks(dag, run_id, "failed"):
            log_path = log_of_task(self.platform.settings, task)
            name = task["rendered_map_index"] or f"{task['task_id']} {max(task['map_index'], 0) or ''}".strip()
            reasons = " ; ".join(last_errors(log_path)) or "pas de message"
            step = task["task_id"].rpartition(".")[2]
            found.setdefault(name, []).append(f"{step} : {reasons} ; journal : {log_path}")
        return found

    def _describe_failure(self, dag: str, run_id: str) -> str:
        parts = [reason for reasons in self._failures(dag, run_id).values() for reason in reasons]
        served = "la version publiée reste la précédente"
        if any(reason.startswith("exporter : ") for reason in parts):
            served = "la nouvelle version est publiée, mais pas ses exports ; la prochaine nuit les écrira"
        return "\n  ".join([f"le DAG {dag} a échoué ; {served}", *parts])

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.durees[name] = time.monotonic() - start


def run_night(settings: Settings, console: Console) -> int:
    """Run one whole refresh through Airflow's scheduler and print its summary.

    Returns:
        0 when the night ended, even with a source down (told); 1 when no source at all could be treated.

    Raises:
        ErreurOrchestration: Airflow or a DAG failed; the published generation is untouched.
    """
    start = time.monotonic()
    announce(settings, console)
    signal.signal(signal.SIGTERM, _interrupt)
    platform = plateforme.start(settings, nightly=False)
    sampler = Sampler({process.nom: process.pid for process in platform.composants})
    nuit = Nuit(f"nuit_{dt.datetime.now():%Y%m%dT%H%M%S}", platform, Affichage(console, source_names()))
    try:
        sampler.roots |= _postgres_root(settings)
        sampler.start()
        write_inputs(settings, console)
        platform.wait_ready()
        launch(nuit)
        nuit.durees["demarrage"] = time.monotonic() - start
        nuit.follow()
        return conclude(nuit, console)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # stopping takes a few seconds and must be whole
        sampler.stop()
        forget_mark(nuit)
        with nuit._timed("arret"):
            plateforme.stop(platform)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nuit.durees["ensemble"] = time.monotonic() - start
        write_measures(settings, nuit.nom, nuit.durees, sampler)


def launch(nuit: Nuit) -> None:
    """Create the pools, wake the four DAGs and trigger ingestion under the night's name.

    Raises:
        ErreurOrchestration: Airflow is kept up by `make up` and a night runs already.
    """
    api = nuit.platform.api
    busy = [run["dag_run_id"] for dag in DAGS for run in api.active_runs(dag)]
    if busy and nuit.platform.airflow_demarre:  # nobody else can be running them
        plateforme.close_runs(nuit.platform)
    elif busy:
        raise ErreurOrchestration(f"une nuit est déjà en cours : {', '.join(busy)}", conseil="attendre sa fin")
    for name, (slots, description) in POOLS.items():
        api.ensure_pool(name, slots, description)
    for dag in DAGS:
        api.set_paused(dag, False)
    api.trigger(DAGS[0], nuit.nom, {"nuit": nuit.nom})


def forget_mark(nuit: Nuit) -> None:
    """Remove the mark of a running night when all its runs ended, well or not; an interrupted one keeps it."""
    if not nuit.platform.airflow_demarre:
        return
    try:
        if not any(nuit.platform.api.active_runs(dag) for dag in DAGS):
            plateforme.night_mark(nuit.platform.settings).unlink(missing_ok=True)
    except ErreurOrchestration as error:
        log.warning("la nuit reste marquée comme interrompue : %s", error)


def announce(settings: Settings, console: Console) -> None:
    if settings.is_simulation:
        console.rule("[bold yellow]DONNÉES SIMULÉES")
        made = settings.sources == "simulation"
        size = f"de {settings.communes} communes" if made else f"lu dans {settings.sources}"
        console.print(
            f"Territoire fictif {size} : aucun de ces chiffres ne décrit la France.\n"
            "Pour de vraies données : make run SOURCES=<dossier | adresse | internet>",
            highlight=False,
        )
        console.rule(style="yellow")
    else:
        console.print(f"Sources : {settings.sources}", highlight=False)


def write_inputs(settings: Settings, console: Console) -> None:
    """Write the simulated territory, when it is the input; the same settings write the same files."""
    if settings.sources != "simulation":
        return
    from pilotage.simulation import write_simulation

    written = write_simulation(settings.simulation_dir, settings.communes, settings.graine)
    if not written.inchange:
        console.print(f"Territoire simulé écrit en {written.secondes:.0f} s", highlight=False)


def conclude(nuit: Nuit, console: Console) -> int:
    """Print the summary, then what failed and where to read why; returns the command's exit code.

    Raises:
        ErreurOrchestration: no source at all could be treated.
    """
    from pilotage.bilan import print_bilan

    if nuit.inchangee:
        console.print("Rien n'a changé depuis la version publiée : rien n'a été reconstruit.", style="bold")
    print_bilan(None, console, None if nuit.platform.airflow_demarre else nuit.platform.api.url)
    failed = nuit.sources_en_echec
    for source, reasons in failed.items():
        line = f"Source en échec : {source} : {' | '.join(reasons)}"
        console.print(line, style="bold red", markup=False, highlight=False, soft_wrap=True)
    if failed and set(nuit.affichage.sources) <= set(failed):
        raise ErreurOrchestration("aucune source n'a pu être traitée", conseil="vérifier PILOTAGE_SOURCES et le réseau")
    return 0


def log_of_task(settings: Settings, task: dict) -> Path:
    folder = task_logs(settings) / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}"
    folder /= f"task_id={task['task_id']}"
    if task["map_index"] >= 0:
        folder /= f"map_index={task['map_index']}"
    return folder / f"attempt={task['try_number']}.log"


def last_errors(log: Path, limit: int = 5) -> list[str]:
    """The last error lines of a task's log (JSON lines), the exception's own words included."""
    if not log.exists():
        return []
    found: list[str] = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("level") in ("error", "critical"):
            reasons = [
                f"{e.get('exc_type')} : {without_statement(str(e.get('exc_value')))}"
                for e in event.get("error_detail") or []
            ]
            found.extend(reasons or [str(event.get("event"))])
    return found[-limit:]


def _postgres_root(settings: Settings) -> dict[str, int]:
    from pilotage.postgres import is_running, postgres_dir

    if settings.database_url_env or not is_running(settings):
        return {}
    pid = (postgres_dir(settings) / "donnees" / "postmaster.pid").read_text().split("\n", 1)[0]
    return {"postgres": int(pid)}


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
