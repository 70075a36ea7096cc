"""The index of names: cut by the first two letters of each word, so that a page loads only what is being typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pilotage.site import requetes
from pilotage.site.commun import dump
from pilotage.site.lecture import read

if TYPE_CHECKING:
    from psycopg import Connection

VIDES = {"de", "du", "des", "la", "le", "les", "et", "en", "sur", "sous", "aux", "au", "lès"}
ORDRE = ["france", "region", "departement", "crte", "epci", "bassin_vie", "territoire", "commune"]


def fold(text: str) -> str:
    """Lower case without accents; what the page does to what is typed."""
    plain = unicodedata.normalize("NFD", text.lower().replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def prefixes(texts: Iterable[str]) -> set[str]:
    """First two letters or digits of each word that says something."""
    words = {word for text in texts for word in re.findall(r"[a-z0-9]+", fold(text))}
    return {word[:2] for word in words if len(word) >= 2 and word not in VIDES}


def write_index(connection: Connection, folder: Path) -> int:
    """Write `recherche/<xx>.js`: rows [niveau, code, name, département, population, postcodes], and `prefixes.js`.

    Returns:
        The number of files.
    """
    posts: dict[str, list[str]] = {}
    for post, commune in read(connection, requetes.CODES_POSTAUX).iter_rows():
        posts.setdefault(commune, []).append(post)
    shards: dict[str, list[list]] = {}
    frame = read(connection, requetes.TERRITOIRES)
    columns = ("niveau", "code_territoire", "nom_territoire", "code_departement", "population")
    rows = sorted(frame.select(columns).iter_rows(), key=lambda r: (ORDRE.index(r[0]), -(r[4] or 0), r[1]))
    for niveau, code, name, department, people in rows:
        codes = posts.get(code, []) if niveau == "commune" else []
        line = [niveau, code, name or code, department or "", people, " ".join(codes)]
        for prefix in prefixes([name or "", code, *codes]):
            shards.setdefault(prefix, []).append(line)
    target = folder / "recherche"
    target.mkdir(parents=True, exist_ok=True)
    for prefix, lines in sorted(shards.items()):
        text = f"(window.NOMS = window.NOMS || {{}})[{dump(prefix)}] = {dump(lines)};\n"
        (target / f"{prefix}.js").write_text(text, encoding="utf-8")
    prefix = f"window.PREFIXES = {dump(sorted(shards))};\n"
    (target / "prefixes.js").write_text(prefix, encoding="utf-8")
    return len(shards)
