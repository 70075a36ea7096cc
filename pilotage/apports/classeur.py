"""A workbook for people who keep their lists in a spreadsheet: an empty model, and its way back to CSV."""

from __future__ import annotations

import csv
import datetime as dt
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotage.apports import cards
from pilotage.apports.valeurs import BLANCS
from pilotage.classeurs import check_workbook
from pilotage.errors import ErreurApport
from pilotage.fiche import card_rules

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

AIDE = "lisez-moi"
LIGNES_GUIDEES = 2000
CONSIGNES = (
    "Ne changer ni le nom des feuilles, ni celui des colonnes ; laisser vide ce qui ne sert pas.",
    "Survoler un nom de colonne dit ce qu'elle attend. Les colonnes sont au format texte : les zéros de tête restent.",
    "Dates AAAA-MM-JJ. Nombres sans espace ni unité.",
    "Ensuite : pilotage apports convertir ce_classeur.xlsx mes_apports, puis pilotage apports verifier mes_apports.",
)


def write_model(path: Path) -> None:
    """An empty workbook: a sheet a type, its columns explained, lists of the values allowed."""
    from openpyxl import Workbook

    book = Workbook()
    help_sheet = book.active
    help_sheet.title = AIDE
    for line in CONSIGNES:
        help_sheet.append([line])
    help_sheet.column_dimensions["A"].width = 120
    for name, card in cards().items():
        sheet = book.create_sheet(name)
        sheet.append(card.tables[0].noms)
        sheet.freeze_panes = "A2"
        for rank, column in enumerate(card.tables[0].colonnes, start=1):
            _explain(sheet, rank, column)
    book.save(path)


def convert(workbook: Path, folder: Path) -> list[Path]:
    """Each filled sheet as `<folder>/<type>/<workbook's name>.csv`; a former conversion of it is replaced.

    Returns:
        The files written.

    Raises:
        ErreurApport: not a workbook, a sheet that no type bears, or none filled.
    """
    written = []
    for title, rows in _sheets(workbook):
        if title.strip(BLANCS).lower() == AIDE:
            continue
        kind = _kind(title, workbook)
        if len(rows) < 2:
            continue
        target = folder / kind / f"{workbook.stem}.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(rows)
        written.append(target)
    if not written:
        raise ErreurApport("aucune feuille remplie", fichier=workbook.name, conseil="remplir une feuille au moins")
    return written


def _sheets(workbook: Path) -> list[tuple[str, list[list[str]]]]:
    """Title and rows of every sheet; a formula gives the value that the spreadsheet kept of it.

    Raises:
        ErreurApport: not a workbook, or one that would not fit in memory; openpyxl's errors derive from many bases.
    """
    from openpyxl import load_workbook

    try:
        check_workbook(workbook)
        book = load_workbook(workbook, read_only=True, data_only=True)
        return [(sheet.title, list(_rows(sheet.iter_rows(values_only=True)))) for sheet in book.worksheets]
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        advice = "l'enregistrer au format .xlsx"
        raise ErreurApport(f"classeur illisible ({said})", fichier=workbook.name, conseil=advice) from error


def as_text(value: Any) -> str:
    """A cell as it must stand in the CSV: days in ISO, whole numbers without decimals; nothing is guessed."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip(BLANCS)


def _rows(rows: Iterable[tuple]) -> Iterator[list[str]]:
    """Rows that hold something, cut at the last named column."""
    width = 0
    for cells in rows:
        values = [as_text(cell) for cell in cells]
        if not any(values):
            continue
        width = width or max(rank for rank, value in enumerate(values, start=1) if value)
        extra = any(values[width:])
        yield values if extra else values[:width]


def _kind(title: str, workbook: Path) -> str:
    name, known = title.strip(BLANCS).lower(), list(cards())
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    advice = f"la renommer « {close[0]} »" if close else "la retirer ; `pilotage apports exemple` donne un modèle"
    raise ErreurApport(f"feuille « {title} » inconnue", fichier=workbook.name, attendu=", ".join(known), conseil=advice)


def _explain(sheet: Worksheet, rank: int, column) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letter, cell = get_column_letter(rank), sheet.cell(row=1, column=rank)
    notes = [column.description, *card_rules(column), "donnée personnelle" if column.personnel else ""]
    cell.comment = Comment("\n".join(note for note in notes if note), "Pilotage", width=420, height=160)
    cell.font = Font(bold=column.regles.obligatoire)
    sheet.column_dimensions[letter].width = max(14, len(column.nom) + 4)
    sheet.column_dimensions[letter].number_format = "@"
    choices = ",".join(column.regles.valeurs)
    if choices and len(choices) < 250:  # Excel's own limit for a list typed in
        validation = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
        validation.add(f"{letter}2:{letter}{LIGNES_GUIDEES}")
        sheet.add_data_validation(validation)
