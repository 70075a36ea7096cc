"""A published table written as CSV: PostgreSQL's own COPY, streamed row by row, in one order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pilotage.tables_publiees import ColonnePubliee, TablePubliee

if TYPE_CHECKING:
    from psycopg import Connection

# Cells that a spreadsheet would run (`^'*[=+@\t\r-]`) get an apostrophe in front; apostrophes already standing before
# such a sign get one more, so that taking one away always gives the value back.
A_PROTEGER = r"^'*[=+@\t\r-]"
PROTEGE = r"^'('*[=+@\t\r-])"
SANS_ORDRE = ("json", "xml", "point")


@dataclass(frozen=True)
class FichierCsv:
    """What COPY wrote: number of records, and whether a cell holds a line break."""

    chemin: Path
    lignes: int
    retours_dans_cellules: bool


def copy_csv(connection: Connection, table: TablePubliee, path: Path) -> FichierCsv:
    """Write a table as RFC 4180 CSV (UTF-8, CRLF, header), ordered by its key."""
    header = ",".join(column.nom for column in table.colonnes)
    count, breaks = 0, False
    with path.open("wb", buffering=1 << 20) as output, connection.cursor() as cursor:
        output.write(header.encode() + b"\r\n")
        with cursor.copy(f"COPY ({select_of(table)}) TO STDOUT (FORMAT csv)") as copy:
            for record in copy:  # one record a message
                line = bytes(record)[:-1]
                breaks = breaks or b"\n" in line or b"\r" in line
                output.write(line + b"\r\n")
                count += 1
    return FichierCsv(path, count, breaks)


def select_of(table: TablePubliee) -> str:
    """The select that COPY reads: every cell as it must be written, rows in the table's one order."""
    kinds = {column.nom: column for column in table.colonnes}
    cells = ", ".join(_cell(column) for column in table.colonnes)
    sortable = [kinds[name] for name in table.ordre if kinds[name].type_sql not in SANS_ORDRE]
    order = ", ".join(_quote(c.nom) + (' COLLATE "C"' if c.est_texte else "") for c in sortable)
    source = f"{_quote(table.schema_reel)}.{_quote(table.nom)}"
    return f"SELECT {cells} FROM {source}" + (f" ORDER BY {order}" if order else "")


def _cell(column: ColonnePubliee) -> str:
    name, kind = _quote(column.nom), column.type_sql
    if column.est_texte:
        text = f"{name}::text"
        return (
            f"CASE WHEN left({text}, 1) = ANY (ARRAY['=', '+', '-', '@', '''', E'\\t', E'\\r']) "
            f"AND {text} ~ E'^''*[=+@\\t\\r-]' THEN '''' || {text} ELSE {text} END"
        )
    if kind == "boolean":
        return f"{name}::text"  # true/false; COPY alone would write t/f
    if kind.endswith("[]"):
        return f"array_to_json({name})::text"
    if kind.startswith("timestamp"):
        moment = f"{name} AT TIME ZONE 'UTC'" if "with time zone" in kind and "without" not in kind else name
        zone = '"Z"' if moment != name else ""
        return f"to_char({moment}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US{zone}')"
    return name


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
