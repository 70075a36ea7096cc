"""A territory's files judged before they enter: every fault with its file, line, column and remedy."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

from pilotage.apports import cards
from pilotage.apports.depot import list_files
from pilotage.apports.lecture import Ligne, read_rows
from pilotage.apports.references import References
from pilotage.apports.valeurs import Defaut, as_date, check_value, quoted
from pilotage.catalogue import Source
from pilotage.errors import ErreurApport, ErreurPilotage

PLUS_GRAND_NOMBRE = 20  # faults told of one file when it is refused; `pilotage apports verifier` tells all


@dataclass(frozen=True)
class Constat:
    """What reading one file told."""

    fichier: str
    lignes: int
    fautes: list[ErreurPilotage]


def check_folder(folder: Path, references: References | None = None) -> list[Constat]:
    """Every file of an `apports` folder, then what only shows when they stand side by side (a key in two files)."""
    found = [(card, path) for card in cards().values() for path in list_files(card, folder)]
    base = references or References()
    base = replace(base, territoires=declared_territories(folder) | (base.territoires or frozenset()))
    constats, seen = [], {}
    for card, path in found:
        name = f"{path.parent.name}/{path.name}"
        rows, faults = check_file(card, path, name, base)
        for row in rows:
            key = (card.source, *(row.valeurs.get(c, "") for c in card.tables[0].cle))
            if key in seen and seen[key][0] != name:
                faults.append(_duplicate(name, row, card, seen[key]))
            seen.setdefault(key, (name, row.numero))
        constats.append(Constat(name, len(rows), sorted(faults, key=lambda f: f.ligne or 0)))
    return [*constats, *_strangers(folder)]


def check_file(card: Source, path: Path, nom: str, references: References) -> tuple[list[Ligne], list[ErreurApport]]:
    """Rows and faults of one file, taken alone."""
    table = card.tables[0]
    rows, faults = read_rows(path, nom, table)
    for row in rows:
        for column in table.colonnes:
            value = row.valeurs.get(column.nom, "")
            fault = check_value(column, value, references.simulation) or _check_row(column, value, row, references)
            if fault:
                faults.append(_located(nom, row, column.nom, fault))
    return rows, [*faults, *_check_keys(card, nom, rows), *_check_constants(card, nom, rows)]


def refuse_faults(card: Source, path: Path, nom: str, simulation: bool, folder: Path | None = None) -> None:
    """Let a file in only when it has no fault.

    Raises:
        ErreurApport: the fault, or the first ones when there are several.
    """
    territories = declared_territories(folder) if folder else None
    _, faults = check_file(card, path, nom, References(territories, simulation=simulation))
    if not faults:
        return
    if len(faults) == 1:
        faults[0].source = card.source
        raise faults[0]
    lines = "".join(f"\n  - {fault}" for fault in faults[:PLUS_GRAND_NOMBRE])
    raise ErreurApport(
        f"{len(faults)} erreurs :{lines}", source=card.source, fichier=nom, conseil="`pilotage apports verifier`"
    )


def declared_territories(folder: Path) -> frozenset[str]:
    """Codes that the folder's own `territoires` files declare."""
    card = cards()["territoires"]
    rows = (row for path in list_files(card, folder) for row in read_rows(path, path.name, card.tables[0])[0])
    return frozenset(row.valeurs.get("code_territoire", "") for row in rows)


def _check_row(column, value: str, row: Ligne, references: References) -> Defaut | None:
    """What depends on another column or on a catalogue."""
    rules = column.regles
    if not value.strip():
        return None
    if rules.apres:
        before, after = as_date(row.valeurs.get(rules.apres, "")), as_date(value)
        if before and after and after < before:
            return Defaut(f"{after} est avant {rules.apres} ({before})", None, "corriger l'une des deux dates")
    if rules.reference:
        return references.check(rules.reference, value, row.valeurs.get("niveau"))
    return None


def _check_keys(card: Source, nom: str, rows: list[Ligne]) -> list[ErreurApport]:
    key, seen, faults = card.tables[0].cle, {}, []
    for row in rows:
        values = tuple(row.valeurs.get(c, "") for c in key)
        if values in seen:
            faults.append(_duplicate(nom, row, card, (nom, seen[values])))
        seen.setdefault(values, row.numero)
    return faults


def _check_constants(card: Source, nom: str, rows: list[Ligne]) -> list[ErreurApport]:
    faults = []
    for column in card.tables[0].colonnes:
        first: dict[tuple, tuple[str, int]] = {}
        for row in rows if column.regles.un_par else []:
            group = tuple(row.valeurs.get(c, "") for c in column.regles.un_par)
            given = row.valeurs.get(column.nom, "")
            value, line = first.setdefault(group, (given, row.numero))
            if value != given:
                said = f"{quoted(column, given)} ici, {quoted(column, value)} ligne {line}"
                same = f"une seule valeur par {' et '.join(column.regles.un_par)}"
                faults.append(_located(nom, row, column.nom, Defaut(said, same, "garder l'une des deux")))
    return faults


def _duplicate(nom: str, row: Ligne, card: Source, first: tuple[str, int]) -> ErreurApport:
    key = ", ".join(card.tables[0].cle)
    where = f"ligne {first[1]}" if first[0] == nom else f"{first[0]}, ligne {first[1]}"
    return _located(nom, row, key, Defaut(f"déjà donné : {where}", "une seule ligne par clé", "retirer l'une des deux"))


def _located(nom: str, row: Ligne, column: str, fault: Defaut) -> ErreurApport:
    return ErreurApport(
        fault.message, fichier=nom, ligne=row.numero, colonne=column, attendu=fault.attendu, conseil=fault.conseil
    )


def _strangers(folder: Path) -> list[Constat]:
    """Sub-folders that no type reads."""
    types = list(cards())
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir() and path.name not in types and any(path.glob("*.csv")):
            close = difflib.get_close_matches(path.name, types, n=1)
            advice = f"le renommer « {close[0]} »" if close else "le ranger dans l'un des dossiers attendus"
            fault = ErreurApport("dossier que rien ne lit", fichier=path.name, attendu=", ".join(types), conseil=advice)
            found.append(Constat(path.name, 0, [fault]))
    return found


def check_scenarios(folder: Path) -> list[Constat]:
    """The scenario files of `folder/scenarios`, each read as `pilotage comparer` would."""
    from models_ml.scenarios import read_scenario

    found = []
    for path in sorted((folder / "scenarios").glob("*.y*ml")):
        try:
            read_scenario(path)
            faults = []
        except ErreurPilotage as error:
            faults = [error]
        found.append(Constat(f"scenarios/{path.name}", 1, faults))
    return found
