"""Why something ended, in words for a person: the exception of a log, without the statement that met it."""

from __future__ import annotations

import re
from pathlib import Path

EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Exit)\b(?:: .*)?$", re.MULTILINE)
LUS, LIGNES, LONGUEUR = 65536, 3, 400


def without_statement(message: str) -> str:
    """What SQLAlchemy says of an error, without the SQL and the values that follow: they are in the log."""
    return message.partition("\n[SQL:")[0].strip()


def last_words(log: Path) -> str:
    """The last exception that a process' log tells, else its last lines; empty without a log."""
    try:
        with log.open("rb") as content:
            content.seek(max(0, log.stat().st_size - LUS))
            text = content.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    raised = EXCEPTION.findall(text)
    if raised:
        return raised[-1][:LONGUEUR]
    lines = [line.strip()[:LONGUEUR] for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-LIGNES:])
