"""Merge packages: each commune and door once, conflicts listed, provenance kept, every level computed again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pilotage.errors import ErreurPublication
from pilotage.federation.contenu import check_alike, check_rows
from pilotage.federation.ecriture import Sortie, write_package
from pilotage.federation.geographie import carry_over
from pilotage.federation.niveaux import PARTIELS, recompute
from pilotage.federation.paquet import Paquet, check_target, database, open_package
from pilotage.federation.portes import gather_doors
from pilotage.lecture_parquet import parquet_sql

CONFLITS, PROVENANCE = "federation.conflits", "federation.provenance"
# A row that describes an indicator must say the same everywhere: two units cannot be added up.
COMPARABLES = ("unite", "sens", "facteur", "niveau_min")
PRODUITES = {
    CONFLITS: "Grain : une ligne par valeur sur laquelle des paquets se contredisent, avec celle qui a été gardée.",
    PROVENANCE: "Grain : une ligne par table et paquet. Lignes que chaque paquet apporte, et celles gardées de lui.",
    PARTIELS: "Grain : une ligne par territoire que les paquets ne couvrent pas tout entier, avec la part connue.",
}


@dataclass(frozen=True)
class RapportFederation:
    """What a merge did. lignes: rows by table; conflits: values on which packages disagree."""

    dossier: Path
    descripteur: dict
    lignes: dict[str, int]
    conflits: int
    partiels: int


def federate(paths: Sequence[Path], target: Path) -> RapportFederation:
    """Merge packages into one of the same standard, written at `target`.

    A row that two packages hold counts once. Where they differ, the one whose data are newer is kept (date_donnees of
    the row, else date of the package), then the first on the command line; every difference is in
    `federation.conflits`. Numerators and denominators of communes are added up to every level, then divided.

    Raises:
        ErreurPublication: a package is broken, simulated and real data are mixed, or two packages do not speak of the
            same thing; nothing is written then, and what was at `target` stays.
    """
    if not paths:
        raise ErreurPublication("aucun paquet donné", conseil="`pilotage federer A B --vers dossier`")
    target, names = check_target(target), [path.name for path in paths]
    with tempfile.TemporaryDirectory(prefix="pilotage-federation-") as work, database(work, names) as connection:
        packages = [open_package(path, rank, Path(work)) for rank, path in enumerate(paths)]
        _check_alike(packages)
        check_alike(packages)
        for package in packages:
            check_rows(connection, package)
        _prepare(connection)
        tables = sorted({table for package in packages for table in package.parquets if table not in PRODUITES})
        carry_over(connection, packages)
        gather_doors(connection, packages)
        for table in tables:
            merge_table(connection, packages, table)
        _check_indicators(connection, packages)
        indicators = [table for table in tables if table.rpartition(".")[2].startswith("indicateurs_")]
        recompute(connection, indicators)
        rows = {t: connection.sql(f'SELECT count(*) FROM "{t}"').fetchall()[0][0] for t in [*tables, *PRODUITES]}
        partial = target.with_name(f"{target.name}.partiel")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        descriptor = write_package(
            connection, _outputs(connection, packages, tables), _said(packages), partial, _note(packages, rows)
        )
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return RapportFederation(target, descriptor, rows, rows[CONFLITS], rows[PARTIELS])


def _check_alike(packages: list[Paquet]) -> None:
    if len({package.est_simule for package in packages}) > 1:
        fake = next(package.nom for package in packages if package.est_simule)
        raise ErreurPublication(
            "des données simulées et des données réelles ne se mêlent pas", source=fake,
            conseil="retirer ce paquet, ou fédérer des paquets de même nature",
        )  # fmt: skip
    keys: dict[str, tuple[tuple[str, ...], str]] = {}
    for package in packages:
        for table in package.parquets:
            known = keys.setdefault(table, (package.key_of(table), package.nom))
            if known[0] != package.key_of(table):
                raise ErreurPublication(
                    f"la clé de {table} n'est pas celle de {known[1]}", source=package.nom,
                    attendu=", ".join(known[0]), conseil="refaire les paquets avec la même version de Pilotage",
                )  # fmt: skip


def _prepare(connection) -> None:
    connection.execute(
        f'CREATE TABLE "{CONFLITS}" (nom_table VARCHAR, cle VARCHAR, colonne VARCHAR, paquet_garde VARCHAR, '
        "valeur_gardee VARCHAR, paquet_ecarte VARCHAR, valeur_ecartee VARCHAR, motif VARCHAR)"
    )
    connection.execute(
        f'CREATE TABLE "{PROVENANCE}" (nom_table VARCHAR, paquet VARCHAR, date_paquet VARCHAR, lignes BIGINT, '
        "lignes_gardees BIGINT)"
    )


def merge_table(connection, packages: list[Paquet], table: str) -> None:
    """Create table `schema.table`: the rows of all packages, each key once; differences go to the conflicts."""
    holders = [package for package in packages if table in package.parquets]
    key = holders[0].key_of(table)
    parts = " UNION ALL BY NAME ".join(
        f"SELECT *, {package.rang} AS _rang, '{_text(package.nom)}' AS _paquet, '{_text(package.date)}' AS _date "
        f"FROM {source_of(connection, package, table)}{_measured(connection, package, table)}"
        for package in holders
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE reunies AS {parts}")
    columns = [row[0] for row in connection.sql("DESCRIBE reunies").fetchall() if not row[0].startswith("_")]
    if not key:
        connection.execute(f'CREATE TABLE "{table}" AS SELECT DISTINCT {_list(columns)} FROM reunies')
        _count(connection, table, f"SELECT {_list(columns)}, _paquet, _date FROM reunies")
        return
    newest = "date_donnees DESC NULLS LAST, " if "date_donnees" in columns else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE rangees AS SELECT *, row_number() OVER (PARTITION BY {_list(key)} "
        f"ORDER BY {newest}_date DESC, _rang) AS _place FROM reunies"
    )
    connection.execute(f'CREATE TABLE "{table}" AS SELECT {_list(columns)} FROM rangees WHERE _place = 1')
    _count(connection, table, "SELECT _paquet, _date, _place FROM rangees", "count(*) FILTER (_place = 1)")
    _list_conflicts(connection, table, key, [column for column in columns if column not in key], newest != "")


def source_of(connection, package: Paquet, table: str) -> str:
    """What to read of a package: the table made of it by an earlier step, else its Parquet file."""
    made = f"paquet_{package.rang}.{table}"
    known = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [made]).fetchall()
    return f'"{made}"' if known else parquet_sql(package.parquets[table])


def _measured(connection, package: Paquet, table: str) -> str:
    """Of a table of indicators, the rows that stand: those of communes, and those that communes do not give."""
    if table not in package.indicators:
        return ""
    source = source_of(connection, package, table)
    return (
        f" WHERE niveau = 'commune' OR code_indicateur NOT IN "
        f"(SELECT code_indicateur FROM {source} WHERE niveau = 'commune')"
    )


def _list_conflicts(connection, table: str, key: Sequence[str], others: list[str], dated: bool) -> None:
    same = " AND ".join(f'g."{column}" IS NOT DISTINCT FROM e."{column}"' for column in key)
    reason = "CASE WHEN g.date_donnees > e.date_donnees THEN 'données plus récentes' " if dated else "CASE "
    reason += "WHEN g._date > e._date THEN 'paquet plus récent' ELSE 'premier paquet donné' END"
    for column in others:
        connection.execute(
            f"INSERT INTO \"{CONFLITS}\" SELECT '{table}', {_of('g', key)}, "
            f'\'{column}\', g._paquet, g."{column}"::VARCHAR, e._paquet, e."{column}"::VARCHAR, {reason} '
            f"FROM rangees AS g JOIN rangees AS e ON {same} WHERE g._place = 1 AND e._place > 1 "
            f'AND g."{column}" IS DISTINCT FROM e."{column}"'
        )


def _of(alias: str, key: Sequence[str]) -> str:
    return " || ' ' || ".join(f"coalesce({alias}.\"{column}\"::VARCHAR, '')" for column in key)


def _count(connection, table: str, rows: str, kept: str = "count(*)") -> None:
    counted = f"SELECT '{table}', _paquet, max(_date), count(*), {kept} FROM ({rows}) GROUP BY _paquet"
    connection.execute(f'INSERT INTO "{PROVENANCE}" {counted}')


def _check_indicators(connection, packages: list[Paquet]) -> None:
    """Refuse packages that measure an indicator in two ways."""
    wrong = connection.sql(
        f'SELECT cle, colonne, valeur_gardee, paquet_ecarte, valeur_ecartee FROM "{CONFLITS}" '
        f"WHERE nom_table = 'commun.dim_indicateurs' AND colonne IN {COMPARABLES} ORDER BY ALL LIMIT 1"
    ).fetchall()
    if wrong:
        (wrong,) = wrong
        raise ErreurPublication(
            f"l'indicateur {wrong[0]} n'y est pas mesuré comme ailleurs : {wrong[1]} « {wrong[4]} »", source=wrong[3],
            fichier="commun.dim_indicateurs", colonne=wrong[1], attendu=f"« {wrong[2]} »",
            conseil="refaire ce paquet avec la même version de Pilotage : ces chiffres ne s'additionnent pas",
        )  # fmt: skip


def _outputs(connection, packages: list[Paquet], tables: list[str]) -> list[Sortie]:
    outputs = []
    for table in tables:
        holders = [package.resources[table] for package in packages if table in package.parquets]
        key = holders[0].get("schema", {}).get("primaryKey", ())
        order = _list(key) if key else "ALL"
        fields = [field["name"] for field in holders[0]["schema"]["fields"]]
        held = {row[0] for row in connection.sql(f'DESCRIBE "{table}"').fetchall()}
        resource = {**holders[0], "licenses": _united(holders, "licenses"), "sources": _united(holders, "sources")}
        columns = _list([name for name in fields if name in held])
        outputs.append(Sortie(table, f'SELECT {columns} FROM "{table}" ORDER BY {order}', resource))
    for table, comment in PRODUITES.items():
        described = connection.sql(f'DESCRIBE "{table}"').fetchall()
        kinds = {"BIGINT": "integer", "DOUBLE": "number", "BOOLEAN": "boolean"}
        fields = [{"name": row[0], "type": kinds.get(row[1], "string")} for row in described]
        resource = {"title": table, "description": comment, "schema": {"fields": fields, "missingValues": [""]}}
        outputs.append(Sortie(table, f'SELECT * FROM "{table}" ORDER BY ALL', resource))
    return sorted(outputs, key=lambda one: one.nom)


def _united(resources: list[dict], name: str) -> list[dict]:
    """The licences or sources of all, each once: a merged table owes what each of its parts owes."""
    found = {str(sorted(one.items())): one for resource in resources for one in resource.get(name, ())}
    return [found[text] for text in sorted(found)]


def _said(packages: list[Paquet]) -> dict:
    names = sorted({package.descripteur.get("title", package.nom) for package in packages})
    places = sorted({one for p in packages for one in p.descripteur.get("pilotage", {}).get("territoires", ())})
    newest = max(packages, key=lambda package: (package.date, package.descripteur.get("version", "")))
    simulated = packages[0].est_simule
    prefix = "DONNÉES SIMULÉES : " if simulated else ""
    return {
        "name": "pilotage-federation",
        "title": f"{prefix}Diagnostic réuni de {len(names)} paquet{'s' * (len(names) > 1)}",
        "description": "Communes et lieux comptés une fois, échelons recalculés, désaccords listés.",
        "version": newest.descripteur.get("version", ""),
        "created": newest.date,
        "pilotage": {"donnees_simulees": simulated, "territoires": places, "paquets": names},
    }


def _note(packages: list[Paquet], rows: dict[str, int]) -> str:
    given = ", ".join(sorted(f"{package.nom} ({package.date or 'sans date'})" for package in packages))
    return (
        f"Paquets réunis : {given}. {rows[CONFLITS]} valeurs sur lesquelles ils se contredisent : "
        "`federation/conflits.csv` dit laquelle a été gardée et pourquoi. Les échelons sont recalculés à partir des "
        f"communes ; {rows[PARTIELS]} territoires ne sont pas couverts tout entiers : "
        "`federation/territoires_partiels.csv` en dit la part."
    )


def _list(columns: Sequence[str]) -> str:
    return ", ".join('"' + column.replace('"', '""') + '"' for column in columns)


def _text(value: str) -> str:
    return value.replace("'", "''")
