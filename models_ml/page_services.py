"""`docs/services.md`: the declared tables of services, with the reason and source of every figure."""

from __future__ import annotations

from pathlib import Path

from models_ml.services import read_table
from pilotage.config import RACINE

PAGE = RACINE / "docs" / "services.md"
ENTETE = (
    "# Les services, et ce qui en est déclaré\n\n"
    "Page écrite par `make pages` à partir des tables `dbt_project/seeds/services*.csv` : ne pas la modifier. Rien n'y "
    "est appris. « Hypothèse déclarée » : aucun texte ne fixe ce chiffre, il se discute et se change dans la table. "
    "Comment ces tables font une décision : [recommandation.md](recommandation.md)."
)
PARTIES = (
    (
        "Lieux retenus", "services_offre.csv",
        {"source": "source", "nature": "nature", "capacite": "capacité", "raison": "raison"},
    ),
    (
        "Besoin", "services_besoins.csv",
        {"libelle": "composante", "poids": "poids", "zero": "zéro", "un": "un", "source": "source", "raison": "raison",
         "source_raison": "d'où vient le poids"},
    ),
    (
        "Dématérialisable", "services_dematerialisation.csv",
        {"critere": "critère", "poids": "poids", "valeur": "valeur", "bas": "bas", "haut": "haut", "raison": "raison",
         "source": "d'où vient la valeur"},
    ),
    (
        "Actions et coûts annuels", "services_actions.csv",
        {"action": "action", "admise": "admise", "raison": "raison", "cout_annuel_eur": "coût (€)",
         "cout_bas_eur": "bas", "cout_haut_eur": "haut", "source_cout": "d'où vient le coût"},
    ),
)  # fmt: skip


def render() -> dict[Path, str]:
    """Content of the page, by path."""
    tables = {name: read_table(name) for _, name, _ in PARTIES}
    parts = [ENTETE]
    for one in sorted(read_table("services.csv"), key=lambda row: int(row["ordre"])):
        parts.append(_head(one))
        for title, name, columns in PARTIES:
            rows = [row for row in tables[name] if row["service"] == one["service"]]
            parts.append(f"### {title}\n\n" + _table(columns, rows))
    return {PAGE: "\n\n".join(parts) + "\n"}


def _head(one: dict[str, str]) -> str:
    return (
        f"## {one['libelle']}\n\n"
        f"- **Seuil** : {one['seuil_min']} min, grave à {one['seuil_alerte_min']}. {one['raison_seuil']} "
        f"({one['source_seuil']})\n"
        f"- **Unité** : {one['unite_capacite']} ; référence d'une unité pour {one['habitants_par_unite']} habitants. "
        f"{one['raison_ratio']}.\n"
        f"- **Commune candidate** : {one['population_candidate_min']} habitants ou plus. {one['raison_candidate']}\n"
        f"- **Guichet obligatoire** : {one['guichet_obligatoire']}. {one['texte_guichet']}\n"
        f"- **Lieux connus** : {one['offre_observee']}. {one['raison_offre']}"
    )


def _table(columns: dict[str, str], rows: list[dict[str, str]]) -> str:
    lines = [list(columns.values()), ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
