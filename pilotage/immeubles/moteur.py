"""`python -m pilotage.immeubles.moteur`: the dbt project on one engine, in `.venv-immeubles`.

Both engines end with the same Arrow tables in the same order, as Parquet and CSV by the same writer: equal results are
equal bytes.
Standard output ends with one line of JSON: seconds by phase and rows by table.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pilotage.errors import ErreurEntrepot
from pilotage.immeubles.forme import SOURCE

PROJET = Path(__file__).resolve().parents[2] / "dbt_immeubles"
CLES = {
    "fait_immeubles": ["trimestre", "code_commune", "code_operateur", "etat"],
    "deploiement_communes": ["trimestre", "code_commune"],
    "quarantaine_immeubles": ["trimestre", "regle"],
}


def reduce_on(args: argparse.Namespace) -> dict:
    """Run the models on the engine asked and write its tables into `args.sortie`."""
    args.travail.mkdir(parents=True, exist_ok=True)
    args.sortie.mkdir(parents=True, exist_ok=True)
    os.chdir(args.travail)  # dbt and Derby write where they stand
    start = time.monotonic()
    open_engine = _open_duckdb if args.moteur == "duckdb" else _open_spark
    read, close = open_engine(args)
    opened = time.monotonic()
    try:
        _run_dbt(args)
        built = time.monotonic()
        rows = {table: _write(read(table), keys, args.sortie / table) for table, keys in CLES.items()}
    finally:
        close()
    spans = {"ouverture_s": opened - start, "modeles_s": built - opened, "ecriture_s": time.monotonic() - built}
    return {name: round(value, 2) for name, value in spans.items()} | {"lignes": rows}


def _run_dbt(args: argparse.Namespace) -> None:
    """`dbt build` in this process, so that it meets the session already open.

    Raises:
        ErreurEntrepot: a model or a test failed.
    """
    from dbt.cli.main import dbtRunner

    values = {"brut": str(args.brut), "format": args.format, "communes": str(args.communes)}
    folders = ["--project-dir", str(PROJET), "--profiles-dir", str(PROJET)]
    written = ["--target-path", str(args.travail / "dbt"), "--log-path", str(args.travail / "journal")]
    command = ["build", "--target", args.moteur, *folders, *written, "--vars", json.dumps(values)]
    result = dbtRunner().invoke(command)
    if not result.success:
        nodes = [r for r in getattr(result.result, "results", []) if r.status in ("error", "fail")]
        detail = "; ".join(f"{r.node.name} : {r.message}" for r in nodes) or str(result.exception)
        raise ErreurEntrepot(f"dbt s'est arrêté : {detail}", source=SOURCE, conseil="lire le journal de dbt")


def _open_duckdb(args: argparse.Namespace) -> tuple[Callable, Callable]:
    base = args.travail / "reduction.duckdb"
    base.unlink(missing_ok=True)
    os.environ |= {
        "IMMEUBLES_BASE": str(base),
        "IMMEUBLES_MEMOIRE": args.memoire,
        "IMMEUBLES_COEURS": str(args.coeurs),
        "IMMEUBLES_TRAVAIL": str(args.travail / "debord"),
    }

    def read(table: str):
        import duckdb
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()  # the file opens once with each set of settings
        with duckdb.connect(str(base), read_only=True) as connection:
            return connection.sql(f"SELECT * FROM immeubles.{table}").to_arrow_table()

    return read, lambda: None


def _open_spark(args: argparse.Namespace) -> tuple[Callable, Callable]:
    """A session on a cluster of processes of this machine; dbt-spark's own `getOrCreate` then finds it."""
    from pyspark.sql import SparkSession

    os.environ |= {"SPARK_HOME": str(_spark_home(args.travail)), "PYSPARK_PYTHON": sys.executable}
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.executor.memory": f"{args.grappe.rstrip(']').rpartition(',')[2] if 'cluster' in args.grappe else 1024}m",
        "spark.local.dir": str(args.travail / "debord"),
        "spark.sql.warehouse.dir": str(args.travail / "tables"),
        "spark.sql.shuffle.partitions": str(args.partitions),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master(args.grappe).appName("immeubles")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")

    def read(table: str):
        import pyarrow.dataset

        folder = args.travail / "sorties" / table
        session.table(f"immeubles.{table}").write.mode("overwrite").parquet(str(folder))
        return pyarrow.dataset.dataset(folder, format="parquet").to_table()

    return read, session.stop


def _spark_home(travail: Path) -> Path:
    """The installed Spark by links, in a folder where its workers may write (they do so in SPARK_HOME/work)."""
    import pyspark

    home = travail / "spark"
    home.mkdir(exist_ok=True)
    for entry in Path(pyspark.__file__).parent.iterdir():
        if entry.name != "work" and not (home / entry.name).is_symlink():
            (home / entry.name).symlink_to(entry)
    return home


def _write(table, keys: list[str], target: Path) -> int:
    """Sort by key, give both engines' columns the same types, write Parquet and CSV."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    types = {"string": pa.string(), "double": pa.float64()}
    fields = [(f.name, types.get(str(f.type).removeprefix("large_"), pa.int64())) for f in table.schema]
    table = table.cast(pa.schema(fields)).sort_by([(key, "ascending") for key in keys])
    pq.write_table(table, target.with_suffix(".parquet"), compression="zstd")
    pyarrow.csv.write_csv(table, target.with_suffix(".csv"), pa.csv.WriteOptions(quoting_style="needed"))
    return table.num_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moteur", choices=("duckdb", "spark"), required=True)
    parser.add_argument("--brut", type=Path, required=True)
    parser.add_argument("--format", choices=("csv", "parquet"), required=True)
    parser.add_argument("--communes", type=Path, required=True)
    parser.add_argument("--sortie", type=Path, required=True)
    parser.add_argument("--travail", type=Path, required=True)
    parser.add_argument("--memoire", default="1500MB", help="of DuckDB")
    parser.add_argument("--coeurs", type=int, default=2)
    parser.add_argument("--grappe", default="local-cluster[2,1,1024]")
    parser.add_argument("--partitions", type=int, default=16)
    args = parser.parse_args()
    try:
        print(json.dumps(reduce_on(args)))  # noqa: T201
    except ErreurEntrepot as error:
        print(str(error), file=sys.stderr)  # noqa: T201
        sys.exit(1)


if __name__ == "__main__":
    main()
