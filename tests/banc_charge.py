"""Fifty BI readers during a refresh: `python -m tests.banc_charge [--clients 50] [--secondes 60]` (`make charge`).

On a home where a generation is visible (PILOTAGE_HOME, PILOTAGE_SOURCES). pgbench sends the dashboards' own queries as
the role `lecteur`, first alone, then while `pilotage construire` builds and shows another generation from the same
deliveries (`--actualisation copie`: another one is copied from the visible one and shown, without dbt; `retour`: the
former one is shown again). Among them, two queries read five schemas at once, in one statement and in one transaction:
they fail when their rows are of two generations. Without `--debit` readers ask again as soon as they are answered; with
it they ask so many queries a second together. Ends with 1 on any error of a reader.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url, text

from bi.declaration import load_declaration
from pilotage import postgres
from pilotage.config import get_settings
from pilotage.database import get_engine
from pilotage.generations import SCHEMAS, drop_old, go_back, schema, switch, visible
from pilotage.lecteur import ensure_reader
from pilotage.suivi import suivre_etape
from tests.requetes_bi import Requete, list_requetes, write_scripts

TEMOINS = (
    "commun.dim_territoires",
    "infrastructures.indicateurs_infrastructures",
    "usages.indicateurs_usages",
    "synthese.enjeux_prioritaires",
    "recommandation.plans",
)
JOUR_S = 86_400  # of readers: they are stopped, they never end by themselves
APRES_S = 15  # how long readers go on after the switch
STOP = ("terminating connection due to administrator command", "Run was aborted")  # our own doing, at the end


@dataclass
class Mesure:
    """What was seen: a row a query (start, end, family), when the refresh began, the switch began, ended."""

    appels: pd.DataFrame
    actualisation: float
    bascule: tuple[float, float]
    erreurs: list[str] = field(default_factory=list)
    memoire_mo: float = 0.0


def witness_scripts() -> list[Requete]:
    """Queries that divide by zero when what they read belongs to two generations: a table's OID follows renames."""
    with get_engine().connect() as connection:
        old = [connection.scalar(text("SELECT CAST(:t AS regclass)::oid"), {"t": table}) for table in TEMOINS]
    known = ", ".join(map(str, old))
    reads = [f"(SELECT (tableoid IN ({known}))::int FROM {table} LIMIT 1)" for table in TEMOINS]
    together = f"SELECT 1 / (({' + '.join(reads)}) IN (0, {len(reads)}))::int"
    statement = Requete("temoin_enonce", "témoins", 20, together)
    return [statement, _Transaction("temoin_transaction", "témoins", 20, "", tuple(reads))]


class _Transaction(Requete):
    """One read a statement, in one transaction, with the last against the first."""

    @property
    def script(self) -> str:
        names = [f"lu{n}" for n in range(len(self.par_departement))]
        lines = ["BEGIN;"]
        for name, read in zip(names, self.par_departement, strict=True):
            lines += [f"SELECT {read} AS {name} \\gset", "\\sleep 20 ms"]
        total = " + ".join(f":{name}" for name in names)
        return "\n".join([*lines, f"SELECT 1 / (({total}) IN (0, {len(names)}))::int;", "COMMIT;", ""])


def copy_and_switch() -> None:
    """Copy every visible table, keys and all, into a generation of its own, and show it as a night's end does."""
    former = visible()
    name = f"g{dt.datetime.now():%Y%m%dt%H%M%S}"
    with get_engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) "
                "VALUES (:g, 'en_construction', :e, :s)"
            ),
            {"g": name, "e": former.empreinte, "s": former.est_simulee},
        )
        for place in SCHEMAS:
            aside = schema(place, name)
            connection.execute(text(f"CREATE SCHEMA {aside}"))
            tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = :s"), {"s": place})
            for table in tables.all():
                connection.execute(text(f'CREATE TABLE {aside}."{table}" (LIKE {place}."{table}" INCLUDING ALL)'))
                connection.execute(text(f'INSERT INTO {aside}."{table}" SELECT * FROM {place}."{table}"'))
                connection.execute(text(f'ANALYZE {aside}."{table}"'))
    with suivre_etape("charge", "publication", "bascule"):
        switch(name)
    drop_old()


def return_once() -> None:
    """Show the former generation again, journalled as a night's switch is."""
    with suivre_etape("charge", "publication", "bascule"):
        go_back()


ENFANTS = {"copie": copy_and_switch, "retour": return_once}


def measure(clients: int, quiet_s: int, debit: float, commande: list[str], folder: Path) -> Mesure:
    """Run readers alone, then beside a refresh, then a little more."""
    settings = get_settings()
    former = visible()
    with get_engine().connect() as connection:
        departements = connection.scalars(
            text("SELECT nom_territoire FROM commun.dim_territoires WHERE niveau = 'departement' ORDER BY 1 LIMIT 5")
        ).all()
    requetes = [*list_requetes(load_declaration(), list(departements)), *witness_scripts()]
    url = make_url(ensure_reader(settings))
    environment = {
        **os.environ,
        "PGPASSWORD": str(url.password),
        "PGHOST": str(url.host),
        "PGPORT": str(url.port or 5432),
        "PGUSER": str(url.username),
        "PGDATABASE": str(url.database),
    }
    command = [str(postgres.binary("pgbench")), "--no-vacuum", "--client", str(clients), "--jobs", "2"]
    command += ["--rate", str(debit)] if debit else []
    command += [
        "--time",
        str(JOUR_S),
        "--failures-detailed",
        "--log",
        "--log-prefix",
        str(folder / "appels"),
        *write_scripts(requetes, folder),
    ]
    with (folder / "erreurs.txt").open("wb") as errors, (folder / "bilan.txt").open("wb") as summary:
        readers = subprocess.Popen(command, env=environment, stdout=summary, stderr=errors)
        try:
            memory = _wait(readers, quiet_s)
            _check_reading(readers, folder, "avant l'actualisation")
            started = time.time()
            with (folder / "nuit.txt").open("wb") as log:
                night = subprocess.Popen([sys.executable, "-m", *commande], stdout=log, stderr=log)
                while readers.poll() is None and night.poll() is None:
                    memory = max(memory, _wait(readers, 1))
                code = night.wait()
            if code:
                raise SystemExit(f"l'actualisation a échoué : {(folder / 'nuit.txt').read_text()[-2000:]}")
            _check_reading(readers, folder, "avant la fin de la bascule")
            _wait(readers, APRES_S)
            _check_reading(readers, folder, "après la bascule")
        finally:
            _stop(readers)
    if visible() == former:
        raise SystemExit("la génération visible n'a pas changé")
    lines = (folder / "erreurs.txt").read_text(errors="replace").splitlines()
    faults = [line for line in lines if "ERROR" in line or "FATAL" in line or "error:" in line]
    span = _switch_span()
    calls, crossed = _read_calls(folder, requetes)
    return Mesure(
        calls,
        started,
        span,
        [*crossed, *(line for line in faults if not any(mark in line for mark in STOP))],
        memory,
    )


def _check_reading(readers: subprocess.Popen, folder: Path, quand: str) -> None:
    """Raise SystemExit when pgbench ended: a refresh that nobody read proves nothing."""
    if (code := readers.poll()) is not None:
        said = (folder / "erreurs.txt").read_text(errors="replace")[-2000:] or "rien"
        raise SystemExit(f"les lecteurs se sont arrêtés {quand} (pgbench, code {code}), en disant : {said}")


def _wait(readers: subprocess.Popen, seconds: float) -> float:
    """Let the readers read; returns the memory of PostgreSQL meanwhile, in megabytes, shared pages counted once."""
    deadline, highest = time.monotonic() + seconds, 0.0
    while time.monotonic() < deadline:
        if readers.poll() is not None:
            return highest  # what stopped them is among the errors
        time.sleep(min(1.0, max(0.05, deadline - time.monotonic())))
        highest = max(highest, _memory_mo())
    return highest


def _memory_mo() -> float:
    folder = str(postgres.postgres_dir(get_settings()))
    total = 0
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(folder):
                total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended while we looked
    return total / 1e6


def _stop(readers: subprocess.Popen) -> None:
    """End the readers' sessions from the server: pgbench then writes its logs whole, which a signal would cut."""
    with get_engine().begin() as connection:
        while readers.poll() is None:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgbench'")
            )
            time.sleep(0.2)


def _switch_span() -> tuple[float, float]:
    with get_engine().connect() as connection:
        debut, fin = connection.execute(
            text(
                "SELECT extract(epoch FROM debut), extract(epoch FROM fin) FROM pilotage.etapes "
                "WHERE etape = 'publication' AND objet = 'bascule' ORDER BY id DESC LIMIT 1"
            )
        ).one()
    return float(debut), float(fin)


def _read_calls(folder: Path, requetes: list[Requete]) -> tuple[pd.DataFrame, list[str]]:
    """pgbench's logs: client, number, microseconds, script, end in seconds and microseconds."""
    names = ["client", "numero", "us", "script", "s", "reste_us"]
    frames = [pd.read_csv(path, sep=" ", names=names, usecols=range(6)) for path in folder.glob("appels.*")]
    calls = pd.concat(frames, ignore_index=True)
    refused = pd.to_numeric(
        calls.us, errors="coerce"
    ).isna()  # `deadlock`, `serialization`: pgbench tells them only here
    faults = [f"script {call.script} : {call.us}" for call in calls[refused].itertuples()]
    calls = calls[~refused].astype({"us": "int64"})
    calls["fin"] = calls.s + calls.reste_us / 1e6
    calls["ms"] = calls.us / 1e3
    calls["debut"] = calls.fin - calls.us / 1e6
    calls["famille"] = calls.script.map(dict(enumerate(requete.famille for requete in requetes)))
    return calls.sort_values("fin"), faults


def print_measure(found: Mesure, clients: int) -> None:
    """Latencies of each family without and with a refresh, then the switch and the errors."""
    calls, (debut, fin) = found.appels, found.bascule
    quiet = calls[calls.fin < found.actualisation]
    busy = calls[(calls.debut >= found.actualisation) & (calls.debut <= fin)]
    table = Table(title=f"{clients} lecteurs, {os.cpu_count()} cœurs : millisecondes sans actualisation → avec")
    for name in ("Requêtes sur", "Nombre", "p50", "p95", "p99", "Rapport p50", "Rapport p95", "Rapport p99"):
        table.add_column(name, justify="left" if name == "Requêtes sur" else "right")
    for family in [*sorted(calls.famille.unique()), None]:
        before, after = ((c if family is None else c[c.famille == family]).ms for c in (quiet, busy))
        if before.empty or after.empty:
            table.add_row(str(family), f"{len(before)} → {len(after)}", *["-"] * 6)
            continue
        pairs = [(np.percentile(before, p), np.percentile(after, p)) for p in (50, 95, 99)]
        table.add_row(
            family or "Toutes",
            f"{len(before)} → {len(after)}",
            *(f"{a:.0f} → {b:.0f}" for a, b in pairs),
            *(f"{b / a:.2f}" for a, b in pairs),
        )
    console = Console(width=150)
    console.print(table)
    spans = found.actualisation - calls.debut.min(), fin - found.actualisation
    console.print(
        f"Débit : {len(quiet) / spans[0]:.1f} requêtes/s sans, {len(busy) / spans[1]:.1f} avec ; "
        f"actualisation jusqu'à la bascule : {spans[1]:.0f} s ; "
        f"mémoire de PostgreSQL au plus : {found.memoire_mo:.0f} Mo"
    )
    near = calls[(calls.fin >= debut - 5) & (calls.debut <= fin + 5)]
    crossing = calls[(calls.debut <= fin) & (calls.fin >= debut)]
    ends = np.sort(near.fin.to_numpy())
    console.print(
        f"Bascule : {fin - debut:.2f} s, de l'étape entière ; plus long silence de tous les lecteurs : "
        f"{np.diff(ends).max() if len(ends) > 1 else float('nan'):.2f} s ; "
        f"plus longue requête à cheval : {crossing.ms.max() / 1e3:.2f} s ; "
        f"plus longue sans actualisation : {quiet.ms.max() / 1e3:.2f} s"
    )
    console.print(f"Erreurs de lecteurs : {len(found.erreurs)}")
    for line in found.erreurs[:10]:
        console.print(f"  {line}", markup=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--secondes", type=int, default=60, help="without refresh")
    parser.add_argument("--debit", type=float, default=0, help="queries a second; 0: as many as can be")
    parser.add_argument("--actualisation", choices=["construire", *ENFANTS], default="construire")
    parser.add_argument("--enfant", choices=ENFANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.enfant:
        ENFANTS[options.enfant]()
        return 0
    own = options.actualisation in ENFANTS
    commande = ["tests.banc_charge", "--enfant", options.actualisation] if own else ["pilotage", "construire"]
    with postgres.lend(), tempfile.TemporaryDirectory() as name:
        found = measure(options.clients, options.secondes, options.debit, commande, Path(name))
    print_measure(found, options.clients)
    return 1 if found.erreurs else 0


if __name__ == "__main__":
    raise SystemExit(main())
