"""A territory's CSV as rows with their line, or the faults that keep it from being read."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotage.apports.valeurs import BLANCS, shown
from pilotage.catalogue import Table
from pilotage.errors import ErreurApport
from pilotage.flux import Surveille

LARGEUR_MAX = 200
TAILLE_MAX = 64 << 20  # bytes: a file that is read whole
ENREGISTRER = "dans le tableur, enregistrer sous « CSV UTF-8 », séparateur point-virgule"


@dataclass(frozen=True)
class Ligne:
    """One record: physical line of the file where it starts (1 is the header), values by column."""

    numero: int
    valeurs: dict[str, str]


def read_rows(path: Path, nom: str, table: Table) -> tuple[list[Ligne], list[ErreurApport]]:
    """Every record that has as many values as the header, and a fault for each that has not.

    Args:
        nom: the file's name as messages give it.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(TAILLE_MAX + 1)
    except OSError as error:
        advice = "vérifier le fichier et ses droits"
        return [], [ErreurApport(f"illisible ({error.strerror})", fichier=nom, conseil=advice)]
    if len(content) > TAILLE_MAX:
        advice = "le couper en plusieurs fichiers du même type"
        return [], [ErreurApport(f"plus de {TAILLE_MAX >> 20} Mio", fichier=nom, conseil=advice)]
    try:
        text = content.decode("utf-8-sig")
        io.BufferedReader(_watch(content, nom, table)).read()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return [], [ErreurApport("texte qui n'est pas en UTF-8", fichier=nom, ligne=line, conseil=ENREGISTRER)]
    except ErreurApport as error:
        return [], [error]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    try:
        header = next(reader, [])
        faults = check_header(header, nom, table)
        return ([], faults) if faults else _records(reader, header, nom)
    except csv.Error as error:
        said = {"unexpected end of data": "guillemet jamais refermé"}.get(str(error), str(error))
        advice = "fermer le guillemet, ou doubler celui qui est dans le texte"
        return [], [ErreurApport(said, fichier=nom, ligne=reader.line_num, conseil=advice)]


def _watch(content: bytes, nom: str, table: Table) -> Surveille:
    """The checks that every landed csv goes through, so that what is good here is good when it is loaded."""

    def fault(message: str, **details: Any) -> ErreurApport:
        return ErreurApport(message, fichier=nom, **details)

    return Surveille(table.fichiers[0], fault, io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")), 0)


def check_header(header: list[str], nom: str, table: Table) -> list[ErreurApport]:
    """Columns missing, unknown or twice there."""
    expected = ";".join(table.noms)
    if not any(cell.strip() for cell in header):
        return [ErreurApport("fichier vide", fichier=nom, ligne=1, attendu=expected, conseil="partir de l'exemple")]
    if len(header) == 1 and ("," in header[0] or "\t" in header[0]):
        found = "la virgule" if "," in header[0] else "la tabulation"
        return [
            ErreurApport(
                f"le séparateur est {found}", fichier=nom, ligne=1, attendu="le point-virgule", conseil=ENREGISTRER
            )
        ]
    faults = []
    if len(header) > LARGEUR_MAX:
        return [ErreurApport(f"{len(header)} colonnes", fichier=nom, ligne=1, attendu=expected)]
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            advice = "n'en garder qu'une"
            faults.append(
                ErreurApport("colonne écrite deux fois", fichier=nom, ligne=1, colonne=shown(name), conseil=advice)
            )
        if name not in table.noms:
            close = difflib.get_close_matches(name[:80], [n for n in table.noms if n not in header], n=1)
            advice = (
                f"écrire « {close[0]} »" if close else "la retirer, ou mettre son contenu dans une colonne du modèle"
            )
            faults.append(ErreurApport("colonne inconnue", fichier=nom, ligne=1, colonne=shown(name), conseil=advice))
    for column in table.colonnes:
        if column.nom not in header and not column.facultative:
            advice = "ajouter la colonne, même vide"
            faults.append(
                ErreurApport(
                    "colonne absente", fichier=nom, ligne=1, colonne=column.nom, attendu=expected, conseil=advice
                )
            )
    return faults


def _records(reader, header: list[str], nom: str) -> tuple[list[Ligne], list[ErreurApport]]:
    rows, faults, start = [], [], reader.line_num + 1
    for values in reader:
        if len(values) == len(header) and any(value.strip(BLANCS) for value in values):
            rows.append(Ligne(start, dict(zip(header, values, strict=True))))
        elif len(values) != len(header) and values:
            advice = "regarder un point-virgule ou un guillemet dans un texte ; le texte se met entre guillemets"
            message, expected = f"{len(values)} valeurs", f"{len(header)}, comme l'en-tête"
            faults.append(ErreurApport(message, fichier=nom, ligne=start, attendu=expected, conseil=advice))
        else:
            advice = "supprimer la ligne"
            faults.append(ErreurApport("ligne vide", fichier=nom, ligne=start, conseil=advice))
        start = reader.line_num + 1
    if not rows and not faults:
        faults.append(ErreurApport("aucune ligne sous l'en-tête", fichier=nom, conseil="remplir ou retirer le fichier"))
    return rows, faults
