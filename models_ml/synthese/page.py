"""`docs/fragilite.md`, written from a built generation: `python -m models_ml fragilite`."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from models_ml.synthese.correlations import IFN
from models_ml.synthese.fragilite import INDICE
from models_ml.synthese.incertitude import LIBELLES
from models_ml.synthese.parametres import Parametres, load_parametres

TABLES = ("fragilite", "fragilite_definitions", "fragilite_correlations", "fragilite_incertitude")
MODALITES = {
    "centiles": "entre deux centiles",
    "z_score": "écarts types",
    "rang": "rangs",
    "dimensions": "dimensions égales",
    "egales": "composantes égales",
    "acp": "analyse en composantes principales",
    "experts": "poids déclarés",
    "hasard": "poids au hasard (un tirage de Dirichlet)",
    "arithmetique": "moyenne arithmétique",
    "geometrique": "moyenne géométrique",
    "laissees": "laissées de côté, poids répartis",
    "tirees": "tirées dans les communes de même densité",
}


def load_tables(generation: str | None = None) -> tuple[dict[str, pd.DataFrame], bool]:
    """The tables of the index in a generation (the visible one by default), and whether its data are simulated."""
    from sqlalchemy import text

    from models_ml.lecture import read
    from pilotage.database import get_engine
    from pilotage.generations import schema

    place, commun = schema("synthese", generation), schema("commun", generation)
    with get_engine().connect() as connection:
        frames = {name: read(connection, f'SELECT * FROM "{place}".{name}') for name in TABLES}
        simulated = connection.scalar(
            text(f'SELECT COALESCE(BOOL_OR(est_simule), FALSE) FROM "{commun}".dim_territoires')
        )
    return frames, bool(simulated)


def render(frames: dict[str, pd.DataFrame], simulated: bool, choix: Parametres | None = None) -> str:
    """The page in Markdown; figures only from the run."""
    choix = choix or load_parametres()
    parts = [
        _head(frames["fragilite"], simulated, choix),
        _components(frames["fragilite_definitions"]),
        _method(choix),
        _doubt(frames["fragilite"], frames["fragilite_incertitude"], choix),
        _double(frames["fragilite_definitions"], frames["fragilite_correlations"], choix),
        _published(frames["fragilite_definitions"], frames["fragilite_correlations"]),
    ]
    return "\n\n".join(parts) + "\n"


def _head(index: pd.DataFrame, simulated: bool, choix: Parametres) -> str:
    ranked = index.dropna(subset=["score"])
    text = (
        "# Indice de fragilité numérique de Pilotage\n\n"
        "Page écrite par `python -m models_ml fragilite` à partir d'un calcul ; ne pas la modifier. Méthode : les "
        "étapes du "
        "*Handbook on Constructing Composite Indicators* (OCDE et Centre commun de recherche, 2008).\n\n"
    )
    if simulated:
        text += "**Données simulées** : aucun chiffre de cette page ne décrit la France.\n\n"
    return (
        f"{text}**Cadre.** {choix.fragilite.cadre}\n\n"
        f"{_n(len(ranked))} communes sur {_n(len(index))} ont un indice ; pour les autres il manque trop de "
        "composantes, et "
        "rien n'est inventé. Une commune n'est jamais publiée par son rang seul : voir l'intervalle."
    )


def _components(definitions: pd.DataFrame) -> str:
    rows = [
        [
            line.libelle,
            line.dimension,
            "haute" if line.sens == "plus" else "basse",
            f"`{line.source}`",
            f"{_d(line.part_communes_pct)} %",
            f"{_d(line.mediane)} {line.unite}" if pd.notna(line.mediane) else "",
            _d(line.facteur_inflation_variance),
            "oui" if line.est_retenue else f"non : {line.motif_ecart}",
        ]
        for line in definitions.sort_values("ordre").itertuples()
    ]
    heads = ["composante", "dimension", "fragile quand", "source", "communes", "médiane", "VIF", "retenue"]
    reasons = "\n".join(f"- {line.libelle} : {line.raison}" for line in definitions.sort_values("ordre").itertuples())
    missing = (
        "Ce que le cadre demande et qu'aucune source lue ne mesure par commune : la couverture mobile (l'IFN n'en "
        "donne qu'un "
        "score), l'équipement des ménages, l'illectronisme lui-même."
    )
    return f"## Composantes\n\n{_table(heads, rows)}\n\n{reasons}\n\n{missing}"


def _method(choix: Parametres) -> str:
    rules = choix.fragilite
    low, high = rules.centiles_bornes
    return (
        "## Règles\n\n"
        f"- Donnée manquante : {rules.raison_couverture}\n"
        f"- Mise à la même échelle de l'indice publié : de 0 à 100 entre le centile {_d(low)} et le centile "
        f"{_d(high)}, coupé "
        "au-delà. Essayées aussi : écarts types, rangs.\n"
        "- Pondération de l'indice publié : dimensions égales, puis composantes égales dans chacune. Essayées aussi : "
        "composantes égales, analyse en composantes principales (valeurs propres supérieures à 1, sans rotation), "
        "poids déclarés, "
        "poids tirés au hasard.\n"
        "- Agrégation de l'indice publié : moyenne arithmétique. Essayée aussi : moyenne géométrique, où un point "
        "fort ne "
        "rachète pas un point faible.\n"
        "- Une composante peut aussi être retirée, et une valeur manquante être tirée dans les communes de même "
        "densité.\n"
        f"- {_n(rules.tirages)} tirages de tous ces choix à la fois, graine {choix.graine} : le même calcul redonne "
        "les mêmes rangs."
    )


def _doubt(index: pd.DataFrame, choices: pd.DataFrame, choix: Parametres) -> str:
    ranked = index.dropna(subset=["score"])
    total = len(ranked)
    width = 100 * (ranked.rang_haut - ranked.rang_bas) / max(total, 1)
    fifth = total / 5
    labels = MODALITES | {name: part.libelle for name, part in choix.fragilite.composantes.items()}
    surely = int((ranked.rang_haut <= fifth).sum())
    rows = [
        [
            line.libelle,
            labels.get(line.modalite, line.modalite) + (" (indice publié)" if line.est_reference else ""),
            _d(line.spearman_reference, 3),
            f"{_d(line.deplacement_moyen_pct)} %",
            f"{_d(line.part_deplacee_10_pct)} %",
            f"{_d(line.part_decile_gardee_pct)} %",
        ]
        for line in choices.itertuples()
    ]
    heads = [
        "choix",
        "option",
        "Spearman",
        "déplacement moyen",
        "bougent de plus de 10 %",
        "dixième le plus fragile gardé",
    ]
    shares = choices.drop_duplicates("choix").sort_values("part_variance_pct", ascending=False)
    owed = " ; ".join(f"{LIBELLES[line.choix].lower()} {_d(line.part_variance_pct)} %" for line in shares.itertuples())
    low, high = (f"{100 * q:.0f}" for q in choix.fragilite.quantiles)
    return (
        "## Ce que vaut un rang\n\n"
        f"L'intervalle d'un rang va du {low}e au {high}e centile des tirages. Largeur médiane : {_d(width.median())} "
        "% des communes "
        f"classées (un quart sous {_d(width.quantile(0.25))} %, un quart au-dessus de {_d(width.quantile(0.75))} %). "
        "Des "
        f"{_n(round(fifth))} communes du cinquième le plus fragile, {_n(surely)} y restent sur tout l'intervalle.\n\n"
        f"{_table(heads, rows)}\n\n"
        f"Part de la variance d'un rang due à chaque choix pris seul, en moyenne des communes : {owed}. Le reste "
        "vient de leurs "
        "combinaisons. Lecture : plus une part est grande, plus ce choix mérite d'être discuté avec ceux que "
        "l'indice décrit."
    )


def _double(definitions: pd.DataFrame, correlations: pd.DataFrame, choix: Parametres) -> str:
    kept = definitions[definitions.est_retenue].sort_values("ordre")
    inside = correlations[correlations.variable_a.isin(kept.composante) & correlations.variable_b.isin(kept.composante)]
    rows = [
        [line.libelle_a, line.libelle_b, _d(line.pearson, 2), _d(line.spearman, 2), _n(line.nb_communes)]
        for line in inside.sort_values("spearman", key=abs, ascending=False).itertuples()
    ]
    double = inside[inside.est_double_compte]
    high = kept[kept.facteur_inflation_variance > choix.fragilite.vif_double]
    verdict = (
        f"Aucun couple ne dépasse {_d(choix.fragilite.correlation_double)} en valeur absolue"
        if double.empty
        else f"{len(double)} couple(s) au-delà de {_d(choix.fragilite.correlation_double)} : "
        + " ; ".join(f"{line.libelle_a} et {line.libelle_b}" for line in double.itertuples())
    )
    table = _table(["composante", "composante", "Pearson", "Spearman", "communes"], rows)
    return (
        f"## Doubles comptes\n\n{verdict} ; {len(high)} composante(s) au-delà d'un facteur d'inflation de la "
        "variance de "
        f"{_d(choix.fragilite.vif_double)}.\n\n{table}"
    )


def _published(definitions: pd.DataFrame, correlations: pd.DataFrame) -> str:
    found = correlations[(correlations.variable_a == INDICE) & correlations.variable_b.isin(IFN)]
    rows = [
        [line.libelle_b.removeprefix("IFN publié : "), _d(line.pearson, 2), _d(line.spearman, 2), _n(line.nb_communes)]
        for line in found.itertuples()
    ]
    shared = definitions[definitions.partie_ifn_meme_source.notna()]
    same = "\n".join(
        f"- {line.libelle} et « {line.partie_ifn_meme_source.removeprefix('IFN publié : ')} »"
        for line in shared.sort_values("ordre").itertuples()
    )
    agreed = correlations[correlations.est_meme_source]
    pairs = " ; ".join(f"{line.libelle_a} {_d(line.spearman, 2)}" for line in agreed.itertuples())
    return (
        "## Face à l'indice publié (IFN, La MedNum)\n\n"
        "L'IFN n'entre pas dans l'indice ; il sert à comparer.\n\n"
        f"{_table(['indice de Pilotage et', 'Pearson', 'Spearman', 'communes'], rows)}\n\n"
        "Reposent sur la même source que la partie nommée de l'IFN, parfois à une autre date ; leur accord n'est pas "
        "une "
        f"preuve indépendante :\n\n{same}\n\nSpearman de ces couples : {pairs}. L'IFN donne des scores entiers de 0 "
        "à 10 par "
        "commune ; ils sont rangés ici par paquets, ce qui affaiblit la corrélation. « Chômeurs » n'a pas "
        "d'équivalent dans "
        "l'IFN ; « absence de 4G » n'en a pas dans l'indice."
    )


def _table(heads: Sequence[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(heads), ["---"] * len(heads), *rows])


def _d(value: float | None, digits: int = 1) -> str:
    """A decimal in French, empty when missing: 12,5."""
    if value is None or pd.isna(value):
        return ""
    text = f"{value:,.{digits}f}".replace(",", " ").replace(".", ",")
    return text.removesuffix("," + "0" * digits) if digits else text


def _n(value: float) -> str:
    return f"{int(value):,}".replace(",", " ")
