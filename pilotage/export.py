"""The Open Data export: every published table of a generation, described, licensed, and free of personal data."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.datapackage import Generation, SourceServie, TableExportee, describe_package
from pilotage.echange import put_in_place
from pilotage.ecriture_csv import copy_csv
from pilotage.ecriture_parquet import convert
from pilotage.errors import ErreurPublication
from pilotage.export_pointeur import is_generation, latest_export, point_and_prune
from pilotage.generations import SCHEMAS
from pilotage.licences import derive_licence
from pilotage.lignage import Lignage, bring_manifests, read_lignage
from pilotage.lisezmoi import write_lisezmoi, write_sums
from pilotage.ouvert.catalogue_dcat import write_catalogue
from pilotage.ouvert.differences import compare_exports, write_journal
from pilotage.ouvert.exposes import load_exposes
from pilotage.ouvert.geographie import write_layers
from pilotage.ouvert.paquets import write_packages
from pilotage.ouvert.standard_lieux import Conversion, write_standard
from pilotage.publication_partagee import bring_latest_export, publish_export, publishing
from pilotage.tables_publiees import TablePubliee, read_tables, settle_json
from pilotage.verrou import locked

GENERATION = """
SELECT generation, to_char(creee_le AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), est_simulee, etat = 'visible'
FROM pilotage.generations WHERE CASE WHEN %(nom)s::text IS NULL THEN etat = 'visible' ELSE generation = %(nom)s END
"""
# The lock is the one that `generations.switch` takes alone: no schema changes its name while tables are being copied.
SESSION = (
    "SET datestyle = 'ISO, YMD'",
    "SET extra_float_digits = 1",
    "SET timezone = 'UTC'",
    "SET work_mem = '64MB'",
    "SELECT pg_advisory_lock_shared(hashtext('pilotage.generations'))",
)


def export_generation(generation: str | None = None, *, forcer: bool = False) -> Path:
    """Write `exports/<generation>` and point `exports/derniere` at it.

    A generation never changes, so one already exported is left as it is unless `forcer`. The export is written aside
    (`<generation>.partiel`) and renamed when complete; it and the one before are kept.

    Args:
        generation: its name; the visible one by default.

    Returns:
        The folder: CSV and Parquet by schema, datapackage.json, LISEZMOI.md, SHA256SUMS.

    Raises:
        ErreurPublication: no such generation, no lineage, a personal column or value, or a disk that is full. What
            was exported before stays.
    """
    settings = get_settings()
    with (
        publishing(settings, "exports") as verrou,
        locked(settings.exports / ".verrou"),
        psycopg_connection(settings) as connection,
    ):
        bring_latest_export(settings)
        for statement in SESSION:
            connection.execute(statement)
        connection.commit()
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found, is_visible = _read_generation(connection, generation)
        target = settings.exports / found.nom
        if forcer or not (target / "SHA256SUMS").exists():
            partial = settings.exports / f"{found.nom}.partiel"
            shutil.rmtree(partial, ignore_errors=True)
            try:
                former = former_export(settings.exports, found.nom)
                _write_all(connection, settings, found, is_visible, partial, former)
            except OSError as error:
                raise ErreurPublication(
                    f"écriture impossible : {error}", fichier=str(partial), conseil="libérer de la place, puis relancer"
                ) from error
            finally:
                _settle(partial, target)
        _point_and_prune(settings.exports, found.nom)
        publish_export(settings, found.nom, verrou)
    return target


def _read_generation(connection, name: str | None) -> tuple[Generation, bool]:
    row = connection.execute(GENERATION, {"nom": name}).fetchone()
    if row is None:
        raise ErreurPublication(
            f"génération « {name} » inconnue" if name else "aucune génération n'est visible",
            conseil="`python -m pilotage generations` les liste",
        )
    return Generation(*row[:3]), row[3]


def _write_all(
    connection, settings: Settings, generation: Generation, is_visible: bool, folder: Path, former: Path | None
) -> None:
    suffix = "" if is_visible else f"__{generation.nom}"
    tables = read_tables(connection, {schema: schema + suffix for schema in SCHEMAS})
    if not tables:
        raise ErreurPublication(f"la génération {generation.nom} ne publie aucune table")
    bring_manifests(settings, generation.nom)
    lignage = read_lignage(settings.dbt_target, generation.nom, load_catalogue())
    tables = [settle_json(connection, table.with_keys(*lignage.keys_of(table.nom_complet))) for table in tables]
    for table in tables:
        refuse_personal_columns(table, lignage)
    exported = _write_tables(connection, tables, lignage, folder)
    served = _read_served(connection, tables, lignage)
    package = describe_package(generation, exported, served, folder)
    text = json.dumps(package, ensure_ascii=False, indent=1) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8")
    places = _write_open_forms(generation, exported, served, folder, former)
    write_lisezmoi(generation, exported, served, folder, places)
    write_sums(folder)


def _write_open_forms(
    generation: Generation,
    exported: list[TableExportee],
    served: dict[str, SourceServie],
    folder: Path,
    former: Path | None,
) -> Conversion | None:
    """Maps' layers, places in the national standard, packages by subject, catalogue, and what changed."""
    parquets = {one.table.nom_complet: one.fichiers.parquet for one in exported}
    keys = {one.table.nom_complet: one.table.cle for one in exported}
    layers, places = write_layers(parquets, folder), write_standard(parquets, folder)
    exposes = load_exposes()
    packages = write_packages(exposes, generation, exported, served, layers, places, folder, former)
    write_catalogue(exposes, packages, generation.creee_le, folder)
    write_journal(former, folder, generation.nom, generation.creee_le, compare_exports(former, folder, keys))
    return places


def refuse_personal_columns(table: TablePubliee, lignage: Lignage) -> None:
    """Stop at a published column that the lineage traces to a personal one.

    Raises:
        ErreurPublication: names the table and the column.
    """
    personal = lignage.personal_columns(table.nom_complet)
    for column in table.colonnes:
        if column.nom in personal:
            raise ErreurPublication(
                "colonne personnelle dans une table publiée : rien n'est montré ni exporté",
                source=table.nom_complet,
                colonne=column.nom,
                attendu="aucune colonne qui vienne d'une colonne `personnel: true` d'une fiche",
                conseil="la retirer du modèle dbt",
            )


def _write_tables(connection, tables: list[TablePubliee], lignage: Lignage, folder: Path) -> list[TableExportee]:
    """COPY each table in turn; a second thread makes Parquet of one while the next is copied."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = []
        for table in tables:
            (folder / table.schema).mkdir(parents=True, exist_ok=True)
            path = folder / table.schema / f"{table.nom}.csv"
            pending.append(pool.submit(convert, table, copy_csv(connection, table, path), path.with_suffix(".parquet")))
            _raise_first_failure(pending)
        files = [future.result() for future in pending]
    return [
        TableExportee(
            table,
            written,
            derive_licence(lignage.sources_of(table.nom_complet)),
            lignage.units_of(table.nom_complet),
        )
        for table, written in zip(tables, files, strict=True)
    ]


def _raise_first_failure(pending: list) -> None:
    for future in pending:
        if future.done():
            future.result()


def _read_served(connection, tables: list[TablePubliee], lignage: Lignage) -> dict[str, SourceServie]:
    """Millésime that this generation serves of each source, from its own `dim_sources`."""
    served = {name: SourceServie(card) for name, card in lignage.fiches.items()}
    dimension = next((table for table in tables if table.nom_complet == "commun.dim_sources"), None)
    if dimension is None:
        return served
    place = f'"{dimension.schema_reel}".dim_sources'
    query = f"SELECT source, millesime_servi, date_donnees::text, est_perimee FROM {place}"
    for name, vintage, date, is_stale in connection.execute(query):
        if name in served:
            served[name] = SourceServie(lignage.fiches[name], vintage, date, is_stale)
    return served


def _settle(partial: Path, target: Path) -> None:
    """Put a complete export in place of the former one; a partial one may hold what must not leave: it is erased."""
    if (partial / "SHA256SUMS").exists():
        put_in_place(partial, target)
    shutil.rmtree(partial, ignore_errors=True)


def former_export(exports: Path, name: str) -> Path | None:
    """The publication before `name`: the latest one, or when `name` is being written again the newest of the others."""
    latest = latest_export(exports)
    if latest is not None and latest.name != name:
        return latest
    others = sorted(path for path in exports.glob("g*") if is_generation(path.name) and path.name < name)
    return others[-1] if others else None


def _point_and_prune(exports: Path, name: str) -> None:
    point_and_prune(exports, name)
    for other in exports.iterdir():
        if other.name.endswith((".partiel", ".ancien")):
            shutil.rmtree(other, ignore_errors=True)
