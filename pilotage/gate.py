"""The two gates: a delivery enters raw, a generation reaches planners, only if the expectations say so.

Gate 1 judges each candidate delivery, sets its bad rows aside and attaches it in one transaction; refused, the last
good one stays attached and the candidate is kept in `raw_candidats` for inspection. Gate 2 judges a generation's marts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from sqlalchemy.exc import DataError

from pilotage import quarantaine
from pilotage.config import Settings, get_settings
from pilotage.copie import partition_name
from pilotage.database import get_engine, psycopg_connection
from pilotage.dossiers import Dossier, open_dossier, waiting_candidates
from pilotage.load import Livraison, attach
from pilotage.pages_controle import REPLAY
from pilotage.suivi import check_courante
from pilotage.table_controle import SCHEMA, control_table
from pilotage.verdicts import INDEX, explain_failure, find_faults, offending_lines, record

if TYPE_CHECKING:
    from pilotage.jugement import Resultat


@dataclass
class RapportControle:
    """What a gate decided: deliveries (or tables) by outcome, rows set aside, rules judged, and why, in French."""

    objet: str
    acceptees: list[str] = field(default_factory=list)
    refusees: list[str] = field(default_factory=list)
    quarantaine: int = 0
    controles: int = 0
    messages: list[str] = field(default_factory=list)


def gate_source(source: str, *, pages: bool = True) -> RapportControle:
    """Judge every candidate delivery of a source, oldest first.

    Args:
        pages: render the pages of what was judged; refusals are rendered at once all the same, so that an alert's
            reader finds them, and the others wait for whoever calls `build_docs`.

    Returns:
        Accepted and refused deliveries; each refusal is told in `messages` and in `pilotage.livraisons.motif`.

    Raises:
        ErreurConfiguration: the suite is absent or says something that cannot be judged.
        ErreurControle: an expectation could not be computed; nothing was decided for that delivery.
    """
    settings, report = get_settings(), RapportControle(source)
    with _alone(source):
        waiting = waiting_candidates(source)
        for livraison, table_raw in waiting:
            dossier = open_dossier(settings, livraison, table_raw)
            try:
                _judge_delivery(settings, dossier, report)
            except (psycopg.DataError, DataError) as error:
                _refuse_uncomputable(dossier, error, report)
    if report.refusees or (pages and waiting):
        from pilotage.jugement import build_docs

        build_docs(settings)
    return report


def gate_axe(generation: str, axe: str, *, pages: bool = True) -> RapportControle:
    """Judge the marts of an axis in a generation under construction; `pages` as for `gate_source`.

    Raises:
        ErreurControle: a promise to planners is not kept; all failures are listed.
    """
    from pilotage.porte_marts import judge_marts

    return judge_marts(generation, axe, RapportControle(axe), pages=pages)


def render_pages() -> tuple[str, str]:
    """Render the pages of what a night judged and did not refuse.

    Returns:
        State and message of the step, for the journal: what keeps a page from being rendered is told and stops nothing,
        since the judgments themselves are in the database.
    """
    from pilotage.jugement import build_docs

    try:
        build_docs(get_settings())
    except Exception as error:  # Great Expectations' templates raise anything
        return "echouee", str(error)
    return "reussie", ""


def replay_source(source: str) -> RapportControle:
    """Judge the quarantined rows again by the present rules, among the rows of their delivery, and put back the good.

    Returns:
        `acceptees`: deliveries that got rows back; `quarantaine`: rows that stay set aside.
    """
    settings, report = get_settings(), RapportControle(source)
    with _alone(source):
        with psycopg_connection() as connection:
            waiting = quarantaine.waiting_deliveries(connection, source)
        for livraison, table_raw in waiting:
            _replay_delivery(settings, open_dossier(settings, livraison, table_raw), report)
    return report


def _judge_delivery(settings: Settings, dossier: Dossier, report: RapportControle) -> None:
    from pilotage.jugement import validate

    livraison, rules = dossier.livraison, dossier.regles
    with control_table(
        get_engine(), dossier.candidate, livraison.livraison, rules, dossier.doublons, dossier.suite.absents
    ) as control:
        results = validate(
            settings,
            suite=dossier.nom_suite,
            run=livraison.livraison,
            schema=SCHEMA,
            table=control,
            rules=rules,
            index=INDEX,
            personal=dossier.personnelles,
        )
        failures = [explain_failure(dossier, control, result) for result in results if not result.succes]
        with psycopg_connection() as connection:
            check_courante(connection)
            count = 0
            if failures:
                _refuse(connection, livraison, failures)
            else:
                count = _accept(connection, dossier, control, results)
            record(connection, results, dossier.nom_suite, livraison=livraison.livraison)
            _drop_former_candidates(connection, livraison)
    report.controles += len(results)
    report.quarantaine += count
    (report.refusees if failures else report.acceptees).append(livraison.livraison)
    report.messages += [f"{livraison.source} {livraison.millesime}/{livraison.fichier} : {f}" for f in failures]


def _refuse_uncomputable(dossier: Dossier, error: Exception, report: RapportControle) -> None:
    """A rule that these values make impossible to compute (a division by zero) refuses the delivery, by its words."""
    livraison = dossier.livraison
    why = str(getattr(error, "orig", error)).split("\n", 1)[0]
    message = f"une règle de expectations/raw/{livraison.source}.yml n'a pas pu être calculée : {why}"
    with psycopg_connection() as connection:
        _refuse(connection, livraison, [message])
    report.refusees.append(livraison.livraison)
    report.messages.append(f"{livraison.source} {livraison.millesime}/{livraison.fichier} : {message}")


def _accept(connection: psycopg.Connection, dossier: Dossier, control: str, results: list[Resultat]) -> int:
    """Set the bad rows aside and attach the delivery, in the caller's transaction; returns the rows set aside."""
    livraison = dossier.livraison
    fautes = find_faults(connection, dossier, control, results)
    quarantaine.set_aside(connection, livraison, dossier.table.table, fautes)
    connection.execute(
        sql.SQL("DELETE FROM {} WHERE _ligne = ANY(%s)").format(sql.Identifier(SCHEMA, dossier.candidate)),
        ([faute.ligne for faute in fautes],),
    )
    connection.execute(
        "UPDATE pilotage.livraisons SET nb_quarantaine = %s, motif = NULL WHERE livraison = %s",
        (len(fautes), livraison.livraison),
    )
    _drop_stale_partitions(connection, livraison)
    attach(connection, livraison.livraison)
    quarantaine.drop_outdated(connection, livraison.source)
    return len(fautes)


def _refuse(connection: psycopg.Connection, livraison: Livraison, failures: list[str]) -> None:
    """Journal the refusal; a delivery in service that only the new rules refuse goes on being served as it was."""
    served = connection.execute(
        "SELECT to_regclass(format('raw.%%I', table_raw || '__' || livraison)) IS NOT NULL FROM pilotage.livraisons "
        "WHERE livraison = %s",
        (livraison.livraison,),
    ).fetchone()
    state, lead = "refusee", ""
    if served and served[0]:
        state, lead = "acceptee", "servie telle que jugée auparavant, mais refusée par les règles présentes : "
    connection.execute(
        "UPDATE pilotage.livraisons SET etat = %s, motif = %s, decidee_le = now() WHERE livraison = %s",
        (state, (lead + " | ".join(failures))[:4000], livraison.livraison),
    )


def _replay_delivery(settings: Settings, dossier: Dossier, report: RapportControle) -> None:
    from pilotage.jugement import validate

    livraison, name = dossier.livraison, f"{REPLAY}{dossier.livraison.livraison}"
    trial = sql.Identifier(SCHEMA, name)
    partition = sql.Identifier("raw", dossier.candidate)
    with psycopg_connection() as connection:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(trial))
        connection.execute(sql.SQL("CREATE UNLOGGED TABLE {} AS SELECT * FROM {}").format(trial, partition))
        waiting = quarantaine.copy_waiting(connection, livraison, trial)
    rules = [rule for rule in dossier.regles if rule.portee == "ligne" and not rule.signale]
    try:
        with control_table(get_engine(), name, name, rules, dossier.doublons, dossier.suite.absents) as control:
            results = validate(
                settings,
                suite=dossier.nom_suite,
                run=name,
                schema=SCHEMA,
                table=control,
                rules=rules,
                index=INDEX,
                personal=dossier.personnelles,
            )
            with psycopg_connection() as connection:
                kept = {line for result in results for line in offending_lines(connection, control, result)}
                freed = quarantaine.release(connection, livraison, dossier.table.table, sorted(kept))
                record(connection, results, dossier.nom_suite, livraison=livraison.livraison)
    finally:
        with psycopg_connection() as connection:
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(trial))
    report.controles += len(results)
    report.quarantaine += waiting - freed
    report.messages.append(f"{livraison.millesime}/{livraison.fichier} : lignes remises dans leur livraison : {freed}")
    if freed:
        report.acceptees.append(livraison.livraison)


def _drop_stale_partitions(connection: psycopg.Connection, livraison: Livraison) -> None:
    """Detach whatever still stands for the same file, in any state: two deliveries of it would count twice."""
    for other, table_raw, served in _siblings(connection, livraison, "raw"):
        if served:
            table = sql.Identifier("raw", partition_name(table_raw, other))
            connection.execute(sql.SQL("DROP TABLE {}").format(table))
            query = "UPDATE pilotage.livraisons SET etat = 'remplacee', decidee_le = now() WHERE livraison = %s"
            connection.execute(query, (other,))


def _drop_former_candidates(connection: psycopg.Connection, livraison: Livraison) -> None:
    """A refused candidate is kept until the next delivery of the same file is judged."""
    for other, table_raw, present in _siblings(connection, livraison, SCHEMA):
        if present:
            table = sql.Identifier(SCHEMA, partition_name(table_raw, other))
            connection.execute(sql.SQL("DROP TABLE {}").format(table))


def _siblings(connection: psycopg.Connection, livraison: Livraison, schema: str) -> list[tuple[str, str, bool]]:
    """Decided deliveries of the same millésime and file, with their table and whether it stands in `schema`."""
    return connection.execute(
        "SELECT livraison, table_raw, "
        "to_regclass(format('%%I.%%I', %s::text, table_raw || '__' || livraison)) IS NOT NULL "
        "FROM pilotage.livraisons WHERE source = %s AND millesime = %s AND fichier = %s AND livraison <> %s "
        "AND etat <> 'candidate' AND table_raw IS NOT NULL",
        (schema, livraison.source, livraison.millesime, livraison.fichier, livraison.livraison),
    ).fetchall()


@contextmanager
def _alone(source: str) -> Iterator[None]:
    """One judgment of a source at a time; the server frees the lock of a dead process."""
    with psycopg_connection() as connection:
        connection.autocommit = True
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (f"pilotage.porte.{source}",))
        yield
