"""`docs/synthese.md`: how territories are compared, stakes ranked and indicators followed, from the choices."""

from __future__ import annotations

import csv
from pathlib import Path

from models_ml.synthese.etats import REGLES
from models_ml.synthese.parametres import Parametres, load_parametres
from pilotage.config import RACINE

PAGE = RACINE / "docs" / "synthese.md"
INDICATEURS = RACINE / "dbt_project" / "seeds" / "indicateurs.csv"


def render() -> dict[Path, str]:
    """Content of the page, by path."""
    choix = load_parametres()
    parts = [_head(), _compare(choix), _stakes(choix), _follow(choix), _targets()]
    return {PAGE: "\n\n".join(parts) + "\n"}


def _head() -> str:
    return (
        "# La synthèse : comparer, classer, suivre\n\n"
        "Page écrite par `make pages` à partir de `models_ml/synthese/parametres.yml` et des indicateurs : ne pas la "
        "modifier. Les tables sont dans le schéma `synthese` ; l'indice de fragilité a sa page, "
        "[fragilite.md](fragilite.md)."
    )


def _compare(choix: Parametres) -> str:
    counts = ", ".join(f"{level} {number}" for level, number in choix.pairs.nombre.items())
    return (
        "## Territoires comparables et rangs\n\n"
        "Les plus proches voisins au même échelon, par cinq variables standardisées : population et densité (en "
        "logarithme), part des 65 ans et plus, niveau de vie, niveau de la grille de densité. Une variable secrète ou "
        "inconnue est laissée de côté pour ce territoire, jamais remplacée ; à moins de "
        f"{choix.pairs.variables_minimum} variables connues, pas de comparables. {choix.pairs.raison} Nombre par "
        f"échelon : {counts}. Un territoire que l'on définit soi-même est comparé aux intercommunalités. Ceux à qui "
        "leurs "
        "voisins ressemblent le moins sont dits `est_singulier`.\n\n"
        "Rang et quantile se lisent dans le sens favorable de l'indicateur : rang 1 et quantile 1 sont les meilleurs. "
        f"{choix.comparaisons.raison_couverture} Pas de rang parmi les comparables à moins de "
        f"{choix.comparaisons.pairs_observes_minimum} observés."
    )


def _stakes(choix: Parametres) -> str:
    rules = choix.enjeux
    return (
        "## Enjeux prioritaires\n\n"
        f"{rules.raison}\n\n"
        f"Score d'un indicateur = gravité × ({_d(rules.part_plancher)} + {_d(1 - rules.part_plancher)} × part des "
        "habitants "
        "concernés). Score d'une action = moyenne de ses indicateurs pondérée par leur fraîcheur, × poids que le "
        "territoire "
        "lui donne (de 0 à 5, 1 s'il n'a rien dit). La distance à la cible vaut 1 pour les "
        f"{100 * rules.niveau_bas:.0f} % de territoires les plus mal placés de l'échelon. Sans comparables ni cible, "
        "l'action n'est pas classée."
    )


def _follow(choix: Parametres) -> str:
    rules = choix.suivi
    lines = "\n".join(f"{n}. **{state}** : {reason} ;" for n, (state, reason) in enumerate(REGLES, start=1))
    breaks = "\n".join(f"- `{b.indicateur}`, depuis le {b.depuis:%d/%m/%Y} : {b.raison}" for b in rules.ruptures)
    return (
        "## Suivi\n\n"
        "Une droite des moindres carrés par territoire et indicateur, sur les dates comparables : après la dernière "
        f"rupture, observées pour {rules.couverture_minimale_pct:.0f} % de la population au moins et à "
        f"{rules.ecart_couverture_pts:.0f} points près comme la dernière. {rules.raison}\n\n"
        f"L'état est celui de la première règle qui convient, et la ligne dit laquelle (`motif`) :\n\n{lines}\n\n"
        "Un objectif que le territoire donne lui-même (`apports`) remplace la cible publique. Un indicateur sans "
        "ligne dans "
        "`synthese.suivi` est non mesurable : une seule date, pas de cible.\n\n"
        f"Séries rompues :\n\n{breaks}"
    )


def _targets() -> str:
    with INDICATEURS.open(encoding="utf-8", newline="") as stream:
        aimed = [row for row in csv.DictReader(stream) if row["cible"]]
    rows = "\n".join(
        f"| {row['libelle']} | {row['cible'].replace('.', ',')} {row['unite']} | {row['cible_date']} | "
        f"{row['cible_origine']} |"
        for row in aimed
    )
    return f"## Cibles que fixe un texte public\n\n| indicateur | cible | date | origine |\n|---|---|---|---|\n{rows}"


def _d(value: float) -> str:
    return f"{value:g}".replace(".", ",")
