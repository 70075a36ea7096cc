"""The forms of codes that French public files share, and what to say when one is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotage.errors import ErreurConfiguration

ZERO_PERDU = "Le zéro de tête est perdu : le fichier est sans doute passé par un tableur ; redemander l'original."


@dataclass(frozen=True)
class Forme:
    """A kind of code: its regular expression, its sense, and what it looks like once a spreadsheet ate its zeros."""

    regex: str
    sens: str
    zeros_perdus: str | None = None
    regex_simulation: str | None = None  # a large simulated country needs more départements than two digits allow


FORMES = {
    "code_commune": Forme(
        r"^(0[1-9]|[1-9][0-9]|2[AB])[0-9]{3}$",
        "Code commune sur cinq caractères.",
        r"^[1-9][0-9]{3}$",
        r"^[0-9A-Z]{2}[0-9]{3}$",
    ),
    "code_departement": Forme(
        r"^(0[1-9]|[1-8][0-9]|9[0-5]|2[AB]|9[78][0-9])$",
        "Code de département sur deux ou trois caractères.",
        r"^[1-9]$",
        r"^[0-9A-Z]{2,3}$",
    ),
    "code_region": Forme(r"^(0[1-8]|[1-9][0-9])$", "Code de région sur deux chiffres.", r"^[1-9]$"),
    "code_postal": Forme(
        r"^(0[1-9]|[1-9][0-9])[0-9]{3}$", "Code postal sur cinq chiffres.", r"^[1-9][0-9]{3}$", r"^[0-9A-Z]{2}[0-9]{3}$"
    ),
    "siren": Forme(r"^[0-9]{9}$", "Siren sur neuf chiffres."),
    "siret": Forme(r"^[0-9]{14}$", "Siret sur quatorze chiffres."),
    "date_iso": Forme(r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", "Date AAAA-MM-JJ."),
    "date_jma": Forme(r"^(0[1-9]|[12][0-9]|3[01])/(0[1-9]|1[0-2])/(19|20)[0-9]{2}$", "Date JJ/MM/AAAA."),
    "entier": Forme(r"^[0-9]+$", "Nombre entier."),
}


def expand_form(
    forme: str, column: str, facultatif: bool, simulation: bool
) -> list[tuple[str, str, dict[str, Any], str]]:
    """Rules of a form: filled in (unless `facultatif`), no zero lost, right shape.

    Returns:
        (rule, Great Expectations type, arguments, reason) for each.

    Raises:
        ErreurConfiguration: no such form.
    """
    if forme not in FORMES:
        raise ErreurConfiguration(f"forme « {forme} » inconnue", colonne=column, attendu=", ".join(FORMES))
    form = FORMES[forme]
    matches, denies = "expect_column_values_to_match_regex", "expect_column_values_to_not_match_regex"
    rules: list[tuple[str, str, dict[str, Any], str]] = []
    if not facultatif:
        filled = "expect_column_values_to_not_be_null"
        rules.append((f"{column}_renseigne", filled, {"column": column}, f"« {column} » doit être renseigné."))
    if form.zeros_perdus:
        arguments = {"column": column, "regex": form.zeros_perdus}
        rules.append((f"{column}_zeros_perdus", denies, arguments, ZERO_PERDU))
    regex = (simulation and form.regex_simulation) or form.regex
    rules.append((f"{column}_forme", matches, {"column": column, "regex": regex}, form.sens))
    return rules
