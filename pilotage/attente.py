"""Waiting for readers, so that a generation takes another's place between two statements and never amid one.

PostgreSQL looks the tables of a statement up one after the other: a rename between two look-ups would show both
generations. So the switch, its renames already made in its own transaction, locks all that readers see, one table
after the other and in their queue: who comes later waits behind it, who reads ends. It gives up soon, lets everybody
pass and tries again longer, always within what a reader bears (`lock_timeout` of `lecteur`, 10 s).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)
ESSAIS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
PAUSE_S = 1.0
PATIENCE_S = 90.0  # a statement of `lecteur` ends within 60 s
GUET_S = 0.05
# One round trip for all tables. Whatever ends the wait releases every lock: the block is a subtransaction.
VERROUILLER = """
DO $$
DECLARE
    fin CONSTANT timestamptz := clock_timestamp() + make_interval(secs => {span});
    nom text;
BEGIN
    PERFORM set_config('pilotage.bloquee', '', true);
    FOREACH nom IN ARRAY ARRAY[{tables}]::text[] LOOP
        PERFORM set_config(
            'lock_timeout', greatest(1, extract(epoch FROM fin - clock_timestamp()) * 1000)::int::text, true
        );
        EXECUTE 'LOCK TABLE ' || nom || ' IN ACCESS EXCLUSIVE MODE';
    END LOOP;
EXCEPTION
    WHEN lock_not_available THEN PERFORM set_config('pilotage.bloquee', nom, true);
    WHEN deadlock_detected OR query_canceled THEN PERFORM set_config('pilotage.bloquee', 'croisee ' || nom, true);
END $$
"""
# A reader that waits for us while we wait for it: it must not be the one that PostgreSQL ends, after a second.
CROISEMENT = text(
    "SELECT pg_cancel_backend(:moi) WHERE EXISTS "
    "(SELECT FROM unnest(pg_blocking_pids(:moi)) AS autre WHERE :moi = ANY(pg_blocking_pids(autre)))"
)


def lock_for_switch(connection: Connection, tables: list[tuple[str, str]], patience_s: float = PATIENCE_S) -> bool:
    """Take every table from its readers, for the few milliseconds that end this transaction.

    One who reads longer than our patience does not hold the publication up: it is made all the same, in one
    transaction.

    Args:
        connection: in the transaction of the switch, everything else done.
        tables: schema and table, by the names that this transaction sees.

    Returns:
        True when every table was locked.
    """
    if not tables:
        return True
    quote = connection.dialect.identifier_preparer.quote
    order = [f"{quote(schema)}.{quote(table)}" for schema, table in tables]
    deadline, rank, tries = time.monotonic() + patience_s, 0, 0
    while (left := deadline - time.monotonic()) > 0:
        tries += 1
        blocked = _try_once(connection, order, min(ESSAIS_S[rank], left))
        if not blocked:
            log.info("Lecteurs attendus : %d essai(s)", tries)
            return True
        crossed, name = blocked.startswith("croisee "), blocked.removeprefix("croisee ")
        order.remove(name)  # first next time: what readers hold while they want the others
        order.insert(0, name)
        if not crossed:
            rank = min(rank + 1, len(ESSAIS_S) - 1)
        time.sleep(min(GUET_S if crossed else PAUSE_S, max(0.0, deadline - time.monotonic())))
    log.warning("Des lecteurs lisent depuis plus de %.0f s : la bascule ne les attend plus", patience_s)
    return False


def _try_once(connection: Connection, order: list[str], span_s: float) -> str:
    """Returns the table that could not be locked, after `croisee ` when a reader waited for us; empty when all were."""
    tables = ", ".join("'" + name.replace("'", "''") + "'" for name in order)
    with _watch(connection):
        connection.exec_driver_sql(VERROUILLER.format(span=span_s, tables=tables))
    return connection.scalar(text("SELECT current_setting('pilotage.bloquee')")) or ""


@contextmanager
def _watch(connection: Connection) -> Iterator[None]:
    """Meanwhile, another session looks for readers that wait for us while we wait for them, and makes us give way."""
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    done = threading.Event()

    def look() -> None:
        with (
            suppress(SQLAlchemyError),  # no connection left: the switch waits without it
            connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other,
        ):
            while not done.wait(GUET_S):
                other.execute(CROISEMENT, {"moi": pid})

    watcher = threading.Thread(target=look, name="guet", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
