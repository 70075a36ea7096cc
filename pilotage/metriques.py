"""The metrics layer: what a BI tool or an analyst must compute so that a rate is never averaged.

Derived from `seeds/indicateurs.csv`: a semantic model an axis over `indicateurs_<axe>`, a metric an indicator, and the
exposures that say who reads which models.
"""

from __future__ import annotations

import csv
from pathlib import Path

import yaml

from pilotage.config import RACINE
from pilotage.ouvert.exposes import load_exposes

DBT = RACINE / "dbt_project"
DOSSIER = DBT / "models" / "semantique"
PAGE = RACINE / "docs" / "metriques.md"
ENTETE = "# Derived from seeds/indicateurs.csv and the declared packages by `make pages`; do not edit.\n"
AXES = {
    "infrastructures": "Infrastructures d'accès au numérique",
    "developpement": "Développement territorial",
    "services": "Services numériques et services publics",
    "usages": "Usages et médiation numérique",
    "ecosystemes": "Acteurs, réseaux et tiers-lieux",
}
RANGS = ("commune", "epci", "departement", "france")
PROPRIETAIRE = {"name": "Équipe données", "email": "donnees@exemple.invalid"}


def read_indicators() -> list[dict[str, str]]:
    """Rows of the seed, in its order."""
    with (DBT / "seeds" / "indicateurs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def render() -> dict[Path, str]:
    """Content of the derived files, by path."""
    indicators = read_indicators()
    by_axis = {
        axe: {
            "semantic_models": [_semantic_model(axe)],
            "metrics": [*_sums(axe), *(_metric(row) for row in indicators if row["code_axe"] == axe)],
        }
        for axe in AXES
    }
    return {
        **{DOSSIER / f"_{axe}.yml": ENTETE + _dump(content) for axe, content in by_axis.items()},
        DOSSIER / "_exposes.yml": ENTETE + _dump({"exposures": _exposures()}),
        PAGE: _page(indicators),
    }


def _semantic_model(axe: str) -> dict:
    entities = [
        {"name": f"mesure_{axe}", "type": "primary", "expr": "cle_territoire || code_indicateur || millesime"},
        {"name": "territoire", "type": "foreign", "expr": "cle_territoire"},
    ]
    dimensions = [{"name": name, "type": "categorical"} for name in ("niveau", "code_territoire", "code_indicateur")]
    dimensions += [
        {"name": "millesime", "type": "categorical"},
        {"name": "date_donnees", "type": "time", "type_params": {"time_granularity": "day"}},
    ]
    return {
        "name": f"indicateurs_{axe}",
        "label": AXES[axe],
        "description": "Numérateurs et dénominateurs par territoire : ils s'additionnent, les taux jamais. "
        "Un seul échelon à la fois.",
        "model": f"ref('indicateurs_{axe}')",
        "defaults": {"agg_time_dimension": "date_donnees"},
        "entities": entities,
        "dimensions": dimensions,
        "measures": [{"name": f"{part}_{axe}", "agg": "sum", "expr": part} for part in ("numerateur", "denominateur")],
    }


def _sums(axe: str) -> list[dict]:
    return [
        {
            "name": f"somme_{part}s_{axe}",
            "label": f"Somme des {said}, {AXES[axe]}",
            "description": f"Somme des {said} d'un indicateur et d'un échelon ; ne se lit pas seule.",
            "type": "simple",
            "type_params": {"measure": f"{part}_{axe}"},
        }
        for part, said in (("numerateur", "numérateurs"), ("denominateur", "dénominateurs"))
    ]


def _metric(row: dict[str, str]) -> dict:
    axe = row["code_axe"]
    only = (
        f"{{{{ Dimension('mesure_{axe}__code_indicateur') }}}} = '{row['code_indicateur']}' "
        f"AND {{{{ Dimension('mesure_{axe}__niveau') }}}} = '{row['niveau_min']}'"
    )
    return {
        "name": row["code_indicateur"],
        "label": row["libelle"],
        "description": f"{row['description']} {_formula(row)}",
        "type": "derived",
        "type_params": {
            "expr": f"{row['facteur']} * numerateur / nullif(denominateur, 0)",
            "metrics": [
                {"name": f"somme_{part}s_{axe}", "alias": part, "filter": only}
                for part in ("numerateur", "denominateur")
            ],
        },
        "config": {"meta": {"unite": row["unite"], "sens": row["sens"], "echelon_additionne": row["niveau_min"]}},
    }


def _formula(row: dict[str, str]) -> str:
    factor = "" if row["facteur"] == "1" else f"{row['facteur']} × "
    return f"{factor}somme ({row['numerateur']}) ÷ somme ({row['denominateur']})."


def _exposures() -> list[dict]:
    marts = DBT / "models" / "marts"
    models = {folder.name: sorted(path.stem for path in folder.glob("*.sql")) for folder in marts.iterdir()}
    found = [
        _exposure(f"tableau_{axe}", f"Tableau de bord : {label}", "dashboard", [f"indicateurs_{axe}", *SOCLE])
        for axe, label in AXES.items()
    ]
    every = [f"indicateurs_{axe}" for axe in AXES]
    found += [
        _exposure("tableau_synthese", "Tableau de bord : synthèse", "dashboard", [*every, *SOCLE]),
        _exposure("tableau_recommandations", "Tableau de bord : recommandations", "dashboard", [*OFFRE, *SOCLE]),
        _exposure(
            "site", "Site des décideurs, une page par territoire", "application", [*every, *OFFRE, *SOCLE, *SITE]
        ),
    ]
    for package in load_exposes().paquets:
        mine = [
            name
            for schema, names in models.items()
            for name in names
            if load_exposes().package_of(f"{schema}.{name}").nom == package.nom
        ]
        read = mine or [*every, *SOCLE]
        found.append(
            _exposure(
                f"paquet_{package.nom}", f"Paquet ouvert : {package.titre}", "analysis", read, package.description
            )
        )
    return found


SOCLE = ("dim_territoires", "dim_communes", "dim_indicateurs", "dim_actions", "pont_communes_territoires")
OFFRE = ("dim_services", "fait_offre_services", "dim_lieux")
SITE = ("dim_sources", "fait_contours", "pont_codes_postaux", "fait_actions_territoire", "fait_objectifs")


def _exposure(name: str, label: str, kind: str, models: list[str], description: str | None = None) -> dict:
    return {
        "name": name,
        "label": label,
        "type": kind,
        "maturity": "high",
        "owner": PROPRIETAIRE,
        "description": description or label,
        "depends_on": [f"ref('{model}')" for model in dict.fromkeys(models)],
    }


def _dump(content: dict) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=158, default_flow_style=None)


def _page(indicators: list[dict[str, str]]) -> str:
    lines = [
        "# Les métriques\n\n"
        "Page écrite par `make pages` à partir de `dbt_project/seeds/indicateurs.csv` : ne pas la modifier.\n\n"
        "Un taux ne se moyenne jamais : on additionne numérateurs et dénominateurs d'**un seul échelon** de la\n"
        "table `indicateurs_<axe>`, puis on divise. Chaque métrique de `dbt_project/models/semantique/` le dit à dbt\n"
        "(modèle sémantique, métrique dérivée) ; un outil de BI calcule la même chose ainsi :\n\n"
        "```sql\n"
        "SELECT p.code_territoire, 100 * sum(i.numerateur) / nullif(sum(i.denominateur), 0) AS valeur\n"
        "FROM usages.indicateurs_usages AS i\n"
        "JOIN commun.pont_communes_territoires AS p\n"
        "    ON p.code_commune = i.code_territoire AND p.niveau = 'departement'\n"
        "WHERE i.code_indicateur = 'france_services_20_min' AND i.niveau = 'commune'\n"
        "GROUP BY p.code_territoire, i.millesime\n"
        "```\n\n"
        "« Échelon additionné » : le plus fin où l'indicateur est servi ; au-dessous, il n'existe pas.\n"
    ]
    for axe, label in AXES.items():
        lines.append(f"\n## {label}\n| métrique | libellé | définition | unité | sens | échelon additionné |\n")
        lines.append("|---|---|---|---|---|---|\n")
        for row in indicators:
            if row["code_axe"] == axe:
                cells = (row["libelle"], _formula(row), row["unite"], row["sens"], row["niveau_min"])
                lines.append(f"| `{row['code_indicateur']}` | {' | '.join(cells)} |\n")
    return "".join(lines)
