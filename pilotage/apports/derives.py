"""What is derived from the cards of the territory's own files: Table Schemas, their data package, gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from pilotage.apports import EXEMPLES, SCHEMAS, cards
from pilotage.apports.valeurs import DECIMAL, ENTIER, PERSONNEL
from pilotage.catalogue import Colonne, Source
from pilotage.config import RACINE
from pilotage.formes import FORMES

ENTETE = "# Écrit par `pilotage pages` d'après la fiche ; ne pas modifier.\n"
TYPES = {"entier": "integer", "decimal": "number", "date": "date"}
# A day that exists: 31, 30 or 28 days by month, and the 29th of February of leap years.
JOUR = (
    r"^((19|20)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|((19|20)(0[48]|[2468][048]|[13579][26])|2000)-02-29)$"
)
REGEX, IN_SET = "expect_column_values_to_match_regex", "expect_column_values_to_be_in_set"


def render() -> dict[Path, str]:
    """Content of every derived file, by path."""
    content = {}
    for name, card in cards().items():
        content[SCHEMAS / f"{name}.json"] = _json(table_schema(card))
        content[RACINE / "expectations" / "raw" / f"{card.source}.yml"] = _gate_yml(card)
    content[EXEMPLES / "datapackage.json"] = _json(_data_package())
    return content


def table_schema(card: Source) -> dict[str, Any]:
    """The Table Schema of a type of file (specs.frictionlessdata.io/table-schema)."""
    table = card.tables[0]
    return {
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "name": card.source,
        "title": card.titre,
        "description": card.description,
        "fields": [_field(column) for column in table.colonnes],
        "primaryKey": table.cle,
        "missingValues": [""],
    }


def _field(column: Colonne) -> dict[str, Any]:
    kind = TYPES.get(column.type, "string")
    field: dict[str, Any] = {"name": column.nom, "description": column.description, "type": kind}
    if kind == "number":
        field |= {"decimalChar": ",", "bareNumber": True}
    if column.regles.exemple:
        field["example"] = column.regles.exemple
    if column.personnel:
        field["donneePersonnelle"] = True
    rules = column.regles
    limits = {"minimum": rules.minimum, "maximum": rules.maximum} if kind in ("integer", "number") else {}
    pattern = rules.motif or (FORMES[column.type].regex if column.type in FORMES and kind == "string" else None)
    constraints = {"required": rules.obligatoire or None, "enum": rules.valeurs or None, "pattern": pattern, **limits}
    given = {name: value for name, value in constraints.items() if value is not None}
    return {**field, "constraints": given} if given else field


def _data_package() -> dict[str, Any]:
    """The examples as one package, so that any Frictionless tool validates them, or a territory's own files."""
    resources = [
        {
            "name": name,
            "title": card.titre,
            "path": f"{name}/exemple.csv",
            "profile": "tabular-data-resource",
            "format": "csv",
            "encoding": "utf-8",
            "dialect": {"delimiter": ";", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
            "schema": table_schema(card),
        }
        for name, card in cards().items()
    ]
    return {
        "name": "pilotage-apports",
        "title": "Apports d'une collectivité à Pilotage : exemples",
        "description": "Exemples inventés : ni les personnes, ni les décisions, ni les chiffres n'existent.",
        "licenses": [{"name": "etalab-2.0", "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"}],
        "resources": resources,
    }


def _gate_yml(card: Source) -> str:
    lines: list[dict[str, Any]] = []
    for column in card.tables[0].colonnes:
        lines += _gate_lines(column)
    content = {
        "suite": card.source,
        "chute_max": 1.0,  # the territory may withdraw what it gave
        "attentes": [
            {
                "attente": "expect_table_row_count_to_be_between",
                "min_value": 1,
                "raison": "Un fichier vide n'apporte rien.",
            }
        ],
        "lignes": lines,
        "doublons": [{"cle": card.tables[0].cle, "raison": "Une seule ligne par clé."}],
    }
    return ENTETE + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=115)


def _gate_lines(column: Colonne) -> list[dict[str, Any]]:
    """Rules on the rows of one column: the same as the reading before landing, judged again in the warehouse."""
    name, rules = column.nom, column.regles
    lines: list[dict[str, Any]] = []

    def add(rule: str, attente: str, raison: str, **arguments: Any) -> None:
        lines.append({"regle": f"{name}_{rule}", "attente": attente, "column": name, **arguments, "raison": raison})

    if rules.obligatoire and column.type not in FORMES:
        add("renseigne", "expect_column_values_to_not_be_null", f"« {name} » doit être renseigné.")
    if column.type in ("code_commune", "siret"):
        form: dict[str, Any] = {"forme": column.type, "column": name, "raison": column.description}
        lines.append(form if rules.obligatoire else {**form, "facultatif": True})
    elif column.type == "date":
        add("forme", REGEX, "Un jour qui existe, AAAA-MM-JJ.", regex=JOUR)
    elif column.type in ("entier", "decimal"):
        regex = f"^{ENTIER if column.type == 'entier' else DECIMAL}$"
        add("forme", REGEX, "Un nombre, sans espace ni unité.", regex=regex)
    if rules.valeurs:
        add("permis", IN_SET, "L'une des valeurs permises.", value_set=rules.valeurs)
    if rules.motif:
        add("motif", REGEX, rules.forme or column.description, regex=rules.motif)
    if rules.minimum is not None:
        reason = "Dans les bornes de la fiche."
        add("bornes", "expect_column_values_to_be_between", reason, **_bounds(rules.minimum, rules.maximum))
    if rules.apres:
        rule = f"{name} >= {rules.apres}"
        lines.append({"regle": f"{name}_apres", "condition": rule, "raison": f"Jamais avant {rules.apres}."})
    if column.type == "texte" and not column.personnel and not rules.valeurs and not rules.motif:
        reason = "Ni courriel ni téléphone dans une colonne publiée."
        add("sans_coordonnees", "expect_column_values_to_not_match_regex", reason, regex=PERSONNEL.pattern)
    return lines


def _bounds(low: float, high: float | None) -> dict[str, float]:
    return {"min_value": low} if high is None else {"min_value": low, "max_value": high}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
