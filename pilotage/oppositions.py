"""People who asked to be erased: recognised by keyed hashes, their cells blanked as soon as a delivery is loaded.

The list (`pilotage.oppositions`) holds no text: each entry is the HMAC-SHA256 of normalised words, under a key that
stands in `<home>/oppositions_cle` or PILOTAGE_OPPOSITIONS_CLE. A cell is blanked when the same words stand in it side
by side, in any order, whatever accents, case and punctuation; a telephone number, whatever its spaces and prefix.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.errors import ErreurConfiguration, ErreurPilotage
from pilotage.lecteur import draw_password
from pilotage.magasin import get_magasin

TECHNIQUES = ("_millesime", "_livraison", "_ligne")
ECARTS = r"[\s.\-/]"  # \s holds the no-break spaces that a spreadsheet puts in a number
TELEPHONE = re.compile(
    rf"(?<![0-9])(?:\+33|0033|0){ECARTS}{{0,3}}(?:\(0\))?{ECARTS}{{0,3}}([1-9](?:{ECARTS}{{0,3}}[0-9]{{2}}){{4}})(?![0-9])"
)
MOTS_MAX = 12
TEXTES = sql.SQL("SELECT DISTINCT {column} FROM {table} WHERE {column} ~ '[[:alpha:]]{{2}}|[0-9]{{2}}'")
Filtre = Callable[[str], bool]


class ErreurOpposition(ErreurPilotage):
    """What was given does not point at a person, or the list of oppositions cannot be applied."""


def words(text: str) -> list[str]:
    """Words without accents nor case: «Hélène D'ARC» -> helene, d, arc."""
    return re.findall(r"[a-z0-9]+", fold(text))


def fold(text: str) -> str:
    """The text without accents nor case."""
    if text.isascii():
        return text.casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def shape(text: str) -> tuple[int, str]:
    """What of a text is compared: (number of words, words in order); (0, ten digits) for a telephone number.

    Raises:
        ErreurOpposition: one word alone: «Martin» would blank «Saint-Martin» in every file.
    """
    if phone := TELEPHONE.fullmatch(text.strip()):
        return 0, "0" + re.sub(r"\D", "", phone[1])
    found = words(text)
    if not 2 <= len(found) <= MOTS_MAX:
        raise ErreurOpposition(
            f"{len(found)} mot(s) donné(s)",
            attendu=f"un prénom et un nom, une adresse électronique, un téléphone (de 2 à {MOTS_MAX} mots)",
            conseil="un seul mot effacerait aussi des noms de lieux",
        )
    return len(found), " ".join(sorted(found))


def holds(value: str, sizes: Iterable[int], test: Callable[[int, str], bool]) -> bool:
    """True when some words of a value, side by side, pass the test."""
    found = words(value)
    for size in sizes:
        if size == 0:
            if any(test(0, "0" + re.sub(r"\D", "", m[1])) for m in TELEPHONE.finditer(value)):
                return True
        elif any(test(size, " ".join(sorted(found[i : i + size]))) for i in range(len(found) - size + 1)):
            return True
    return False


def plain_filter(text: str) -> Filtre:
    """A filter that looks for one text, itself known: for a search."""
    size, normal = shape(text)
    return lambda value: holds(value, [size], lambda _, one: one == normal)


def hashed_filter(key: bytes, signs: Iterable[tuple[int, str]]) -> Filtre:
    """A filter that recognises (words, hash) pairs of the list."""
    known = set(signs)
    sizes = sorted({size for size, _ in known})
    return lambda value: holds(value, sizes, lambda size, one: (size, sign(key, size, one)) in known)


def sign(key: bytes, size: int, normal: str) -> str:
    return hmac.new(key, f"{size}:{normal}".encode(), hashlib.sha256).hexdigest()


def read_key(connection: psycopg.Connection, settings: Settings | None = None, *, create: bool = False) -> bytes:
    """The key of the list, drawn the first time that it is asked for with `create`.

    Raises:
        ErreurConfiguration: this machine has no key, or another one than the list was made with: nothing is loaded
            rather than loaded with people who asked not to be there. Or a key would be drawn here for several machines.
    """
    settings = settings or get_settings()
    path: Path = settings.home / "oppositions_cle"
    given = os.environ.get("PILOTAGE_OPPOSITIONS_CLE")
    known = connection.execute("SELECT valeur FROM pilotage.reglages WHERE cle = 'oppositions_cle'").fetchone()
    if create and not given and not known and get_magasin(settings).partage:
        raise ErreurConfiguration(
            "les machines partagent un magasin : une clé tirée ici manquerait aux autres",
            attendu="PILOTAGE_OPPOSITIONS_CLE sur chaque machine qui charge (secret oppositions_cle)",
            conseil="voir docs/machines.md, puis recommencer",
        )
    is_other = bool(given and known and _mark(given) != known[0])  # the list may be older than the variable
    if (path.exists() and (not given or is_other)) or (create and not given and not known):
        given = draw_password(path)
    mark = _mark(given) if given else None
    if mark and not known and create:
        connection.execute("INSERT INTO pilotage.reglages VALUES ('oppositions_cle', %s)", (mark,))
        known = (mark,)
    if not given or not known or known[0] != mark:
        raise ErreurConfiguration(
            "la clé de la liste des oppositions n'est pas ici, ou en est une autre",
            attendu=f"le fichier {path} de la machine où la liste a commencé, ou PILOTAGE_OPPOSITIONS_CLE",
            conseil="la rapporter de la sauvegarde ; sans elle, reprendre les demandes dans une liste vidée",
        )
    return given.encode()


def _mark(key: str) -> str:
    """What the warehouse keeps of a key, to tell it from another."""
    return hashlib.sha256(b"pilotage.oppositions" + key.encode()).hexdigest()[:16]


def check_key(source: str) -> None:
    """Before anything is decided of a source that the list names: the key is here.

    Raises:
        ErreurConfiguration: as `read_key`.
    """
    with psycopg_connection() as connection:
        if connection.execute("SELECT 1 FROM pilotage.oppositions WHERE source = %s LIMIT 1", (source,)).fetchone():
            read_key(connection)


def blank_opposed(connection: psycopg.Connection, source: str, table: sql.Identifier) -> int:
    """Blank, in a table just loaded, the cells of people of the list; the caller commits. Returns how many."""
    rows = connection.execute(
        "SELECT mots, empreinte FROM pilotage.oppositions WHERE source = %s", (source,)
    ).fetchall()
    if not rows:
        return 0
    return sum(blank(connection, table, hashed_filter(read_key(connection), rows)).values())


def blank(connection: psycopg.Connection, table: sql.Identifier, wanted: Filtre) -> dict[str, int]:
    """Empty the cells of a table whose value passes the filter; returns cells by column."""
    done = {}
    for column in text_columns(connection, table):
        values = matching_values(connection, table, column, wanted)
        if values:
            query = sql.SQL("UPDATE {} SET {} = NULL WHERE {} = ANY(%s)")
            name = sql.Identifier(column)
            done[column] = connection.execute(query.format(table, name, name), (values,)).rowcount
    return done


def matching_values(connection: psycopg.Connection, table: sql.Identifier, column: str, wanted: Filtre) -> list[str]:
    """Distinct values of a column that pass the filter."""
    with connection.cursor(name="oppositions") as cursor:
        cursor.itersize = 5000
        cursor.execute(TEXTES.format(column=sql.Identifier(column), table=table))
        return [value for (value,) in cursor if wanted(value)]


def text_columns(connection: psycopg.Connection, table: sql.Identifier) -> list[str]:
    """Text columns of a table, without those that we add."""
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND atttypid = 'text'::regtype ORDER BY attnum"
    )
    rows = connection.execute(query, (table.as_string(connection),)).fetchall()
    return [name for (name,) in rows if name not in TECHNIQUES]
