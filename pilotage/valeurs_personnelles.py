"""Personal values that slipped into a text column: e-mail addresses, French telephone numbers, names of persons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

COURRIEL = r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
# Ten digits after the point of a latitude, or inside a dated address of a page, are no telephone number.
_AVANT, _APRES = r"(^|[^0-9A-Za-z.\-]|[^0-9A-Za-z][.\-]|[A-Za-z]\.)", r"($|[^0-9A-Za-z])"
_ECART = r"[ \t\u00a0\u2009\u202f.-]"  # no-break spaces by their codes: Python and PostgreSQL read these alike
_DEBUT = rf"((\+|00)[0-9]{{2,3}}{_ECART}{{0,3}}(?:\(0\){_ECART}{{0,3}})?[1-9]|0[1-9])"
TELEPHONE = rf"{_AVANT}{_DEBUT}({_ECART}{{0,3}}[0-9]{{2}}){{4}}{_APRES}"
TELEPHONE_ESPACE = rf"{_AVANT}{_DEBUT}({_ECART}{{1,3}}[0-9]{{2}}){{4}}{_APRES}"
# Slashes apart: mixed with spaces they would take « 01/02/2024 10:30 », and after one, a dated address of a page.
TELEPHONE_BARRE = (
    rf"(^|[^0-9A-Za-z./\-]){_DEBUT}(( ?/ ?[0-9]{{2}}){{4}}| ?/ ?[0-9]{{2}}({_ECART}{{1,3}}[0-9]{{2}}){{3}}){_APRES}"
)
# A civility that opens a line or a part of it, or that follows « chez », « domicile de »; « École Madame Coty » and
# « rue M. Rostand » name a school and a street. Or a first name and a NAME after « contact : ».
_CIVILITE = r"(MM?\.|Mr\.?|Mmes?|Mlle|Monsieur|Madame|Mademoiselle)"
_CHEZ = r"([Cc]hez|CHEZ|omicile de|OMICILE DE|[cC]/[oO]|ttention de)"
PERSONNE = r"((^|[\n\r·;:,]) *|" + _CHEZ + r" +)" + _CIVILITE + r" +[A-ZÀ-ÖØ-Þ][^\n\r·;,]*"
PERSONNE_TIRET = r"( - *)(MM?\.|Mr\.?|Mmes?|Mlle) +[A-ZÀ-ÖØ-Þ][^\n\r·;,]*"  # « Lakanal - Madame Campan »: a school
CONTACT = (
    r"(([Cc]ontact|CONTACT|[Rr]éférente?|[Rr]esponsable|[Ii]nterlocuteur|[Ii]nterlocutrice) *: *)"
    r"[A-ZÀ-ÖØ-Þ][A-Za-zà-öø-ÿ-]+ +[A-ZÀ-ÖØ-Þ]{2}[^\n\r·;,]*"
)
IDENTIFIANTS = re.compile(r"(id|cle|code|siret|siren|empreinte|livraison)(_|$)")


def find_personal_value(colonne: str, values: pyarrow.Array) -> tuple[str, str] | None:
    """First personal value of a text column.

    Args:
        colonne: its name; in an identifier (`id_`, `cle_`, `code_`, …) ten digits in a row are a code.
        values: string array.

    Returns:
        (what it is, in French; the value masked), or None.
    """
    import pyarrow.compute as compute

    unique = values.unique().drop_null()
    phone = TELEPHONE_ESPACE if IDENTIFIANTS.match(colonne) else TELEPHONE
    for kind, pattern in (
        ("une adresse électronique", COURRIEL),
        ("un numéro de téléphone", phone),
        ("un numéro de téléphone", TELEPHONE_BARRE),
        ("un nom de personne", PERSONNE),
        ("un nom de personne", PERSONNE_TIRET),
        ("un nom de personne", CONTACT),
    ):
        # Arrow's engine takes the character, not its code
        plain = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), pattern)
        hits = unique.filter(compute.match_substring_regex(unique, plain))
        if len(hits):
            return kind, mask(re.search(pattern, hits[0].as_py()).group(0).strip())
    return None


def mask(value: str) -> str:
    """The shape of a value without its content: `jean.dupont@ville.fr` -> `j***.******@*****.**`."""
    return value[:1] + re.sub(r"\w", "*", value[1:])
