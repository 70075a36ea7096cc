"""The control table of a candidate: only the columns that its rules read, typed, with one boolean a condition.

Built in a single pass so that Great Expectations then scans narrow, ready values. It lives next to the candidate, in
`raw_candidats`, and is dropped once the delivery is decided. Columns: `_rang` (1…n), `_tid` (the candidate row's
place), `_ligne`, the text columns (empty is NULL), and the readings of a column that rules need: `c__nombre` (what is
no number is minus infinity, below every bound), `c__mesure` (for sums: it is absent), `c__departement`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, Engine, text

from pilotage.suites import READING, Doublons, Regle

SCHEMA = "raw_candidats"
TECHNIQUES = ("_millesime", "_livraison", "_ligne")
NUMBERS = {"expect_column_values_to_be_between", "expect_column_pair_values_a_to_be_greater_than_b"}
AGGREGATES = {
    "expect_column_sum_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_column_median_to_be_between",
    "expect_column_min_to_be_between",
    "expect_column_max_to_be_between",
}
REPEATED, CONFLICTING = "cle_repetee", "cle_contradictoire"
NUMBER_OF = re.compile(r"\bnombre\((\w+)\)")
EMPTY_SPACES = "\u00a0\u202f\u2009"


def typed_rules(rules: list[Regle]) -> list[Regle]:
    """The same rules, those about numbers pointing at the numeric reading of their column."""
    return [_numeric(rule) if rule.attente in NUMBERS | AGGREGATES else rule for rule in rules]


def duplicate_rules(doublons: Doublons | None) -> list[Regle]:
    """Two rules for a key: identical copies but the first, and all the rows that contradict one another."""
    if doublons is None:
        return []
    key = ", ".join(doublons.cle) if len(doublons.cle) <= 6 else "toutes les colonnes"
    reasons = (
        (REPEATED, doublons.identiques, f"Ligne identique à une autre de même clé ({key}) : une seule est gardée."),
        (CONFLICTING, doublons.contradictoires, f"Lignes de même clé ({key}) qui se contredisent : aucune ne tranche."),
    )
    expectation = "expect_column_values_to_be_in_set"
    return [
        Regle(name, expectation, {"column": name, "value_set": [True]}, reason, "ligne", tolerance, name)
        for name, tolerance, reason in reasons
    ]


@contextmanager
def control_table(
    engine: Engine, candidate: str, name: str, rules: list[Regle], doublons: Doublons | None, absents: list[str]
) -> Iterator[str]:
    """Build the control table of `raw_candidats.<candidate>`; yield its name (`controle_<name>`); drop it after."""
    control = f"controle_{name}"
    with engine.begin() as connection:
        connection.execute(text(f'DROP TABLE IF EXISTS {SCHEMA}."{control}"'))
        statement = _statement(connection, candidate, control, rules, doublons, absents)
        connection.exec_driver_sql(statement.replace("%", "%%"))
    try:
        yield control
    finally:
        with engine.begin() as connection:
            connection.execute(text(f'DROP TABLE IF EXISTS {SCHEMA}."{control}"'))


def table_columns(connection: Connection, schema: str, table: str) -> list[str]:
    """Columns of a table in their order; empty when it does not exist."""
    query = text(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = :s AND table_name = :t "
        "ORDER BY ordinal_position"
    )
    return list(connection.scalars(query, {"s": schema, "t": table}))


def _statement(
    connection: Connection,
    candidate: str,
    control: str,
    rules: list[Regle],
    doublons: Doublons | None,
    absents: list[str],
) -> str:
    columns = [c for c in table_columns(connection, SCHEMA, candidate) if c not in TECHNIQUES]
    own = (REPEATED, CONFLICTING)
    conditions = {rule.nom: rule.condition for rule in rules if rule.condition and rule.nom not in own}
    cited = _cited(rules, conditions, columns)
    read = [f"NULLIF({_quote(c)}, '') AS {_quote(c)}" for c in columns if c in cited]
    for c in columns:
        number, measure, departement = f"{c}__nombre", f"{c}__mesure", f"{c}__departement"
        value = _number(_quote(c), absents)
        read += [f"{value} AS {_quote(number)}"] if number in cited else []
        read += [f"NULLIF({value}, '-Infinity') AS {_quote(measure)}"] if measure in cited else []
        read += [f"{_departement(_quote(c))} AS {_quote(departement)}"] if departement in cited else []
    judged = [f"({NUMBER_OF.sub(_number_column, sql)}) AS {_quote(name)}" for name, sql in conditions.items()]
    repeats = _has_repeats(connection, candidate, doublons)
    if doublons:
        judged += _duplicate_flags(doublons) if repeats else [f"true AS {REPEATED}", f"true AS {CONFLICTING}"]
    if repeats and doublons:
        read += [f"{_quote(c)} AS {_quote('cle__' + c)}" for c in doublons.cle]
        read.append(f"md5(ROW({', '.join(_quote(c) for c in columns)})::text) AS _empreinte")
    inner = ", ".join(["row_number() OVER () AS _rang", "ctid::text AS _tid", "_ligne", *read])
    outer = ", ".join(["lu.*", *judged])
    return (
        f'CREATE UNLOGGED TABLE {SCHEMA}."{control}" AS WITH lu AS MATERIALIZED (SELECT {inner} '
        f'FROM {SCHEMA}."{candidate}") SELECT {outer} FROM lu'
    )


def _cited(rules: list[Regle], conditions: dict[str, str], columns: list[str]) -> set[str]:
    """Columns, and numeric or département readings of columns, that the rules name."""
    cited: set[str] = set()
    for rule in rules:
        for key in ("column", "column_A", "column_B", "column_list", "column_set"):
            value = rule.arguments.get(key, [])
            cited.update([value] if isinstance(value, str) else value)
    for sql in conditions.values():
        cited.update(f"{c}__nombre" for c in NUMBER_OF.findall(sql))
        cited.update(set(re.findall(r"\w+", re.sub(r"'[^']*'", "", NUMBER_OF.sub("", sql)))) & set(columns))
    return cited


def _number_column(found: re.Match[str]) -> str:
    return _quote(f"{found[1]}__nombre")


def _numeric(rule: Regle) -> Regle:
    columns = {k: rule.arguments[k] for k in ("column", "column_A", "column_B") if k in rule.arguments}
    reading = "__mesure" if rule.attente in AGGREGATES else "__nombre"
    numbers = {k: READING.sub("", column) + reading for k, column in columns.items()}
    return replace(rule, arguments={**rule.arguments, **numbers})


def _number(column: str, absents: list[str]) -> str:
    """SQL that reads a text as a number: spaces dropped, comma as point; what is no number is below every bound."""
    plain = f"translate({column}, ', {EMPTY_SPACES}', '.')"
    missing = ", ".join(f"'{absent.replace(chr(39), chr(39) * 2)}'" for absent in ["", *absents])
    return (
        f"CASE WHEN {column} ~ '^-?\\d{{1,15}}(\\.\\d+)?$' THEN {column}::double precision "
        f"WHEN {column} IS NULL OR {plain} IN ({missing}) THEN NULL "
        f"WHEN {plain} ~ '^[+-]?\\d+(\\.\\d+)?([eE][+-]?\\d{{1,2}})?$' THEN {plain}::double precision "
        f"ELSE '-Infinity'::double precision END"
    )


def _departement(column: str) -> str:
    return f"CASE WHEN left({column}, 2) IN ('97', '98') THEN left({column}, 3) ELSE left({column}, 2) END"


def _has_repeats(connection: Connection, candidate: str, doublons: Doublons | None) -> bool:
    if doublons is None:
        return False
    key = ", ".join(_quote(c) for c in doublons.cle)
    query = f'SELECT 1 FROM {SCHEMA}."{candidate}" GROUP BY {key} HAVING count(*) > 1 LIMIT 1'
    return connection.scalar(text(query)) is not None


def _duplicate_flags(doublons: Doublons) -> list[str]:
    key = ", ".join(_quote("cle__" + c) for c in doublons.cle)
    return [
        f"row_number() OVER (PARTITION BY {key}, _empreinte ORDER BY _rang) = 1 AS {REPEATED}",
        f"min(_empreinte) OVER (PARTITION BY {key}) = max(_empreinte) OVER (PARTITION BY {key}) AS {CONFLICTING}",
    ]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
