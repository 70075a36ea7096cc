"""`make bench`: speed and memory as ratios of sides measured in one run, medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from pilotage import postgres
from pilotage.catalogue import get_source
from pilotage.config import RACINE, Settings, get_settings
from pilotage.database import get_engine, migrate, psycopg_connection
from pilotage.load import load_source
from tests.livraisons import deliver

MIRROR = Path(os.environ.get("PILOTAGE_MIROIR", RACINE.parent / "shared" / "mirror"))
FILOSOFI = ("insee__filosofi", "2020", "cc_filosofi_2020_COM.csv")
TIMES = 30
ROUNDS = 5


def median_s(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median wall time of an action, after one round that does not count."""
    action()
    spans = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        spans.append(time.perf_counter() - start)
    return statistics.median(spans)


def bench_copy(folder: Path) -> tuple[float, float, float, int]:
    """Loading a delivery into raw against psql's own `\\copy` of the same file.

    Two sides of psql: into a table that numbers its rows, as raw's do, and into one with the file's columns alone.
    Ours also checks the landed file's hash, reads its header and matches it to the card.

    Returns:
        Seconds of psql with the number, without it, seconds of ours, size in bytes.
    """
    source, millesime, name = FILOSOFI
    header, body = (MIRROR / source / millesime / name).read_bytes().split(b"\n", 1)
    content = header + b"\n" + body * TIMES
    path = folder / name
    path.write_bytes(content)
    deliver(source, millesime, name, content)
    names = ", ".join(get_source(source).tables[0].noms)
    columns = names.replace(", ", " text, ") + " text"
    url = make_url(get_settings().database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    psql = [str(postgres.binary("psql")), "-qX", "-v", "ON_ERROR_STOP=1", url]

    def ours() -> None:
        with psycopg_connection() as connection:
            connection.execute("UPDATE pilotage.livraisons SET etat = 'recue'")
        load_source(source)

    def theirs(number: str) -> None:
        script = (
            "SET client_min_messages = warning; BEGIN; DROP TABLE IF EXISTS banc; DROP SEQUENCE IF EXISTS rang;\n"
            f"CREATE SEQUENCE rang CACHE 10000; CREATE TABLE banc ({columns}{number});\n"
            f"\\copy banc ({names}) FROM '{path}' WITH (FORMAT csv, HEADER, DELIMITER ';')\nCOMMIT;\n"
        )
        subprocess.run(psql, input=script, text=True, check=True)

    numbered_s = median_s(lambda: theirs(", _ligne bigint NOT NULL DEFAULT nextval('rang')"))
    return numbered_s, median_s(lambda: theirs("")), median_s(ours), len(content)


def recommender_benches() -> list[Callable[[], tuple[str, str, str, str, str]]]:
    """Those of the recommender, on the visible generation, else on a drawn country; the slowest take minutes."""
    from models_ml.bancs.acces import bench_e2sfca, bench_raam
    from models_ml.bancs.couverture import bench_couverture, bench_page_blanche
    from models_ml.bancs.decision import bench_decisions
    from models_ml.bancs.mediane import bench_mediane

    always = [bench_e2sfca, bench_raam, bench_couverture, bench_page_blanche, bench_mediane]
    return [*always, bench_decisions] if _has_warehouse() else always


def _has_warehouse() -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    from models_ml.lecture import load_donnees
    from pilotage.errors import ErreurPilotage

    try:
        load_donnees()
    except (ErreurPilotage, SQLAlchemyError, OSError):
        return False
    return True


def main() -> None:
    """Run every bench and print one table."""
    console = Console()
    table = Table(title=f"Bancs (médianes de {ROUNDS} mesures, {os.cpu_count()} cœurs)")
    for column in ("Mesure", "Pair", "Nous", "Rapport", "Visé"):
        table.add_column(column)
    if (MIRROR / "MANIFEST.tsv").exists():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            own = dict(os.environ)
            os.environ.update(PILOTAGE_HOME=str(folder / "home"), PILOTAGE_SOURCES=str(MIRROR))
            settings: Settings = get_settings()
            postgres.start(settings)
            try:
                migrate(settings)
                numbered, plain, ours, size = bench_copy(folder)
            finally:
                get_engine(settings).dispose()
                postgres.stop(settings)
                os.environ.clear()
                os.environ.update(own)
        for peer, theirs in (("lignes numérotées", numbered), ("sans numéro de ligne", plain)):
            label = f"COPY dans raw, {size / 1e6:.0f} Mo (pair : psql \\copy, {peer})"
            table.add_row(label, f"{theirs:.2f} s", f"{ours:.2f} s", f"{theirs / ours:.2f}", "≥ 0,9")
    else:
        console.print(f"Miroir de fichiers réels absent ({MIRROR}) : le banc de COPY est sauté.")
    with postgres.lend():
        for bench in recommender_benches():
            table.add_row(*bench())
    console.print(table)


if __name__ == "__main__":
    main()
