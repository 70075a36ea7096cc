"""Gate 2: the marts of one axis in one generation, judged by `expectations/marts/<axe>.yml`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pilotage.catalogue import AXES
from pilotage.config import get_settings
from pilotage.database import psycopg_connection
from pilotage.errors import ErreurControle
from pilotage.generations import schema
from pilotage.suites import Regle, mart_suite
from pilotage.verdicts import explain_table_failure, record

if TYPE_CHECKING:
    from pilotage.gate import RapportControle

PLACEHOLDER = re.compile(r"\{(" + "|".join((*AXES, "synthese", "recommandation")) + r")\}")


def judge_marts(generation: str, axe: str, report: RapportControle, *, pages: bool = True) -> RapportControle:
    """Judge every table of the suite: `fait_debits` is in the axis' schema, `commun.dim_lieux` in its own.

    Raises:
        ErreurControle: at least one promise is not kept; all of them are in the message.
    """
    from pilotage.jugement import build_docs, validate

    settings, suite, failures = get_settings(), mart_suite(axe), []
    for table in suite.tables:
        folder, _, name = table.rpartition(".")
        place = schema(folder or axe, generation)
        rules = [_on_mart(rule, generation) for rule in suite.apply(table, simulation=settings.is_simulation).regles]
        page = f"marts__{folder or axe}__{name}"
        results = validate(settings, suite=page, run=generation, schema=place, table=name, rules=rules)
        with psycopg_connection() as connection:
            record(connection, results, page, generation=generation)
        report.controles += len(results)
        broken = [f"{table} : {explain_table_failure(result)}" for result in results if not result.succes]
        (report.refusees if broken else report.acceptees).append(table)
        failures += broken
    if failures or pages:
        build_docs(settings)
    if failures:
        raise ErreurControle(
            " | ".join(failures),
            source=f"axe {axe}",
            fichier=f"expectations/marts/{axe}.yml",
            conseil=f"la génération {generation} n'est pas publiée ; l'actuelle reste visible ; voir les Data Docs",
        )
    return report


def _on_mart(rule: Regle, generation: str) -> Regle:
    """A condition becomes a query over the whole table; `{commun}` and the like become this generation's schemas."""
    if rule.condition is None:
        return _located(rule, generation)
    wrong = f"count(*) FILTER (WHERE NOT ({rule.condition}))"
    query = (
        f"SELECT {wrong} AS fautives, count(*) AS lignes FROM {{batch}} HAVING {wrong} > {rule.tolerance} * count(*)"
    )
    arguments = {"unexpected_rows_query": query}
    return _located(
        replace(rule, attente="unexpected_rows_expectation", arguments=arguments, portee="livraison"), generation
    )


def _located(rule: Regle, generation: str) -> Regle:
    arguments = {
        name: PLACEHOLDER.sub(lambda found: schema(found[1], generation), value) if isinstance(value, str) else value
        for name, value in rule.arguments.items()
    }
    return replace(rule, arguments=arguments)
