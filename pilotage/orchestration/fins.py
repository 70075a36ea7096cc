"""Why something ended, in words for a person: the exception of a log, without the statement that met it."""

from __future__ import annotations

import re
from pathlib import Path

EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Exit)\b(?:: .*)?")
ORDINAIRE = re.compile(r"\[(?:info|debug) *\]")  # how structlog marks the level
LUS, FIN, LIGNES, LONGUEUR = 65536, 150, 3, 400


def without_statement(message: str) -> str:
    """What SQLAlchemy says of an error, without the SQL and the values that follow: they are in the log."""
    return message.partition("\n[SQL:")[0].strip()


def last_words(log: Path) -> str:
    """The exception at the end of a process' log, else its last lines; empty without a log, and for a process that was
    killed while all was well. What it tells further up it lived through."""
    try:
        with log.open("rb") as content:
            content.seek(max(0, log.stat().st_size - LUS))
            text = content.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    lines = [line[:LONGUEUR] for line in text.splitlines()[-FIN:] if line.strip()]
    raised = [line for line in lines if EXCEPTION.fullmatch(line)]
    if raised:
        return raised[-1]
    return " | ".join(line.strip() for line in lines[-LIGNES:] if not ORDINAIRE.search(line))
