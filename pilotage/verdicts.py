"""Results of a judgment turned into words, journal rows and offending lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pilotage.database import psycopg_connection
from pilotage.dossiers import Dossier
from pilotage.errors import ErreurControle
from pilotage.quarantaine import Faute, physical_lines
from pilotage.table_controle import SCHEMA
from pilotage.valeurs_cachees import CACHEE, is_personal

if TYPE_CHECKING:
    from pilotage.jugement import Resultat

INDEX = "_rang"
FIRST_LINES = 3
BOUNDS = ("min_value", "max_value", "value", "value_set", "column_set", "regex")


def find_faults(connection: psycopg.Connection, dossier: Dossier, control: str, results: list[Resultat]) -> list[Faute]:
    """Rows that break a rule, each once, under the first rule of the suite that it breaks, with all its reasons.

    Raises:
        ErreurControle: the query of a rule finds another number of rows than the rule counted.
    """
    broken: dict[int, list[Resultat]] = {}
    for result in results:
        if result.regle.portee == "ligne" and not result.regle.signale and result.nb_fautives:
            ranks = [rank for rank, *_ in connection.execute(_query(result))]
            if len(ranks) != result.nb_fautives:
                raise ErreurControle(
                    f"« {result.regle.nom} » : {result.nb_fautives} lignes comptées, {len(ranks)} retrouvées",
                    source=dossier.livraison.source,
                    fichier=dossier.livraison.fichier,
                )
            for rank in ranks:
                broken.setdefault(rank, []).append(result)
    if not broken:
        return []
    query = sql.SQL(
        "SELECT k._rang, c._ligne, to_jsonb(c) - ARRAY['_millesime', '_livraison', '_ligne'] "
        "FROM {} AS k JOIN {} AS c ON c.ctid = k._tid::tid WHERE k._rang = ANY(%s) ORDER BY c._ligne"
    ).format(sql.Identifier(SCHEMA, control), sql.Identifier(SCHEMA, dossier.candidate))
    return [
        Faute(line, broken[rank][0].regle.nom, _reasons(broken[rank], content, dossier.personnelles), content)
        for rank, line, content in connection.execute(query, (list(broken),)).fetchall()
    ]


def offending_lines(
    connection: psycopg.Connection, control: str, result: Resultat, limit: int | None = None
) -> list[int]:
    """Ranks in the file (`_ligne`) of the rows that break one rule, in their order."""
    if not result.nb_fautives or not result.requete:
        return []
    query = sql.SQL("SELECT k._ligne FROM {} AS k JOIN ({}) AS q USING (_rang) ORDER BY 1 LIMIT {}").format(
        sql.Identifier(SCHEMA, control), sql.SQL(_query(result)), sql.Literal(limit)
    )
    return [line for (line,) in connection.execute(query.as_string(connection)).fetchall()]


def explain_failure(dossier: Dossier, control: str, result: Resultat) -> str:
    """Why a rule refuses the delivery: how many, how many were tolerated, where to look first."""
    rule = result.regle
    if rule.portee == "livraison":
        return explain_table_failure(result)
    with psycopg_connection() as connection:
        first = offending_lines(connection, control, result, FIRST_LINES)
    places = physical_lines(dossier.livraison, first)
    where = ", ".join(str(places.get(line, line)) for line in first)
    values = ", ".join(_quoted(value) for value in dict.fromkeys(result.exemples) if value is not None)
    share = result.nb_fautives / max(result.nb_lignes or 1, 1)
    return (
        f"{rule.nom} : {count(result.nb_fautives)} lignes sur {count(result.nb_lignes or 0)} ({percent(share)}, "
        f"tolérance {percent(rule.tolerance)}). {rule.raison} Lignes du fichier : {where}"
        + (f" ; valeurs : {values}." if values else ".")
    )


def explain_table_failure(result: Resultat) -> str:
    """Why a rule about a whole table fails: what was observed and what was expected."""
    rule = result.regle
    observed = result.observe.get("observed_value")
    if observed is None:
        lists = (("absents", result.manquantes), ("en trop", result.exemples))
        observed = " ; ".join(f"{what} : {', '.join(map(str, values))}" for what, values in lists if values)
        observed = observed or f"{count(result.nb_fautives)} lignes fautives"
    expected = ", ".join(f"{name} {rule.arguments[name]}" for name in BOUNDS if name in rule.arguments)
    place = f"{rule.colonne} : " if rule.colonne else ""
    return f"{place}{rule.raison} Observé : {observed}" + (f" ; attendu : {expected}." if expected else ".")


def record(
    connection: psycopg.Connection,
    results: list[Resultat],
    suite: str,
    *,
    livraison: str | None = None,
    generation: str | None = None,
) -> None:
    """Journal the results in `pilotage.controles`; the caller commits."""
    rows = [
        (
            generation,
            livraison,
            suite,
            result.regle.attente,
            result.regle.colonne,
            _severity(result),
            result.succes,
            json.dumps(_observation(result), ensure_ascii=False),
            f"{result.regle.nom} : {result.regle.raison}",
        )
        for result in results
    ]
    names = "generation, livraison, suite, attente, colonne, severite, succes, observe, message"
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO pilotage.controles ({names}) VALUES ({', '.join(['%s'] * 9)})", rows)


def count(number: int) -> str:
    """35359 -> « 35 359 »."""
    return f"{number:,}".replace(",", "\u00a0")


def percent(share: float) -> str:
    """0.0123 -> « 1,23 % »."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".").replace(".", ",") + "\u00a0%"


def _severity(result: Resultat) -> str:
    if result.regle.portee == "livraison":
        return "bloquante"
    return "avertissement" if result.regle.signale else "quarantaine"


def _observation(result: Resultat) -> dict[str, Any]:
    rule = result.regle
    seen: dict[str, Any] = {"regle": rule.nom, **result.observe}
    if rule.portee == "ligne":
        seen |= {"tolerance": rule.tolerance, "exemples": result.exemples}
    return seen


def _quoted(value: Any) -> str:
    return CACHEE if value == CACHEE else f"« {value} »"


def _reasons(results: list[Resultat], content: dict[str, Any], personal: frozenset[str]) -> str:
    parts = []
    for result in results:
        column = result.regle.colonne or ""
        said = CACHEE if is_personal(result.regle, personal) else f"« {content.get(column)} »"
        value = f" ({column} = {said})" if content.get(column) is not None else ""
        parts.append(f"{result.regle.raison}{value}")
    return " ; ".join(dict.fromkeys(parts))


def _query(result: Resultat) -> str:
    return (result.requete or "").strip().removesuffix(";")
