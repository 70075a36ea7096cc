"""A published table written as CSV: PostgreSQL's own COPY, streamed row by row, in one order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pilotage.tables_publiees import ColonnePubliee, TablePubliee

if TYPE_CHECKING:
    from pandas import DataFrame
    from psycopg import Connection

# Cells that a spreadsheet would run get an apostrophe in front; apostrophes already standing before such a sign get one
# more, so that taking one away always gives the value back. The signs are those of OWASP's «CSV injection», and the
# full-width ones that Asian editions of spreadsheets take for them. The same patterns serve Python, PostgreSQL, Arrow.
SIGNES = r"=+@\t\r\n＝＋－＠-"
A_PROTEGER = rf"^'*[{SIGNES}]"
PROTEGE = rf"^'('*[{SIGNES}])"
# What a package says of it, so that anyone can have the values back.
NEUTRALISATION = {
    "colonnes": "celles de type string des fichiers CSV ; les nombres ne sont pas touchés, Parquet est exact",
    "motif": PROTEGE,
    "annuler": "retirer la première apostrophe des cellules qui répondent au motif",
}
MOTIF_SQL = A_PROTEGER.replace("'", "''")
PREMIERS = "'=', '+', '-', '@', '''', E'\\t', E'\\r', E'\\n', '＝', '＋', '－', '＠'"
SANS_ORDRE = ("json", "xml", "point")


@dataclass(frozen=True)
class FichierCsv:
    """What COPY wrote: number of records, and whether a cell holds a line break."""

    chemin: Path
    lignes: int
    retours_dans_cellules: bool


def protect(text: str) -> str:
    """A text as a cell of a published CSV: an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if re.match(A_PROTEGER, text) else text


def unprotect(cell: str) -> str:
    """The text that a cell stands for."""
    return cell[1:] if re.match(PROTEGE, cell) else cell


def write_frame(frame: DataFrame, path: Path) -> None:
    """A data frame as CSV, its texts protected."""
    texts = frame.select_dtypes(include=["object", "string", "category"]).columns
    safe = frame.assign(**{n: frame[n].map(lambda v: protect(v) if isinstance(v, str) else v) for n in texts})
    safe.to_csv(path, index=False)


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
            f"CASE WHEN left({text}, 1) = ANY (ARRAY[{PREMIERS}]) AND {text} ~ '{MOTIF_SQL}' "
            f"THEN '''' || {text} ELSE {text} END"
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
