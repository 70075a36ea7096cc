"""The model card, written from what a run measured: `python -m models_ml fiche`."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from models_ml import parametres
from models_ml.attributs import LIBELLES, MONOTONIE
from models_ml.mots import nombre

MESURES = {
    "precision_moyenne": ("précision moyenne (AP)", 3),
    "lift_1_pct": ("lift au premier centième", 1),
    "brier": ("score de Brier", 4),
    "erreur_calibration": ("erreur de calibration", 4),
    "ouvertures_prevues": ("ouvertures prévues", 0),
    "ouvertures_observees": ("ouvertures observées", 0),
}
MODELES = {
    "ressemblance": "ressemblance",
    "logistique": "régression logistique",
    "population_seule": "population seule",
}
COUVERTURE = {
    "ouvertures_reelles": "ouvertures réelles 2022-2024",
    "ressemblance": "autant de communes, classées par ressemblance",
    "plan_de_couverture": "plan de couverture de même taille",
}
JEUX_ACCES = {"acces_avec_bus": "bus à leur commune d'attache", "acces_sans_bus": "sans les bus"}
ACCES = {
    "population_au_dela_20_min": "plus de 20 min",
    "population_au_dela_30_min": "plus de 30 min",
    "population_au_dela_10_km": "plus de 10 km à vol d'oiseau",
}
SENS = {1: "ne peut que rapprocher", -1: "ne peut qu'éloigner", 0: "libre"}


@dataclass(frozen=True)
class Bilan:
    """What the card needs of a run: evaluation rows, decisions and plans as published, and how it was computed."""

    evaluation: pd.DataFrame
    decisions: pd.DataFrame
    plans: pd.DataFrame
    apprentissage: dict
    message: str
    est_simulee: bool
    id_calcul: str


def render(bilan: Bilan) -> str:
    """The card in Markdown; figures only from the run, words only for what they mean and do not."""
    parts = [
        _head(bilan),
        _access(bilan),
        _learning(bilan),
        _coverage(bilan),
        _features(),
        _decisions(bilan),
        _plans(bilan),
        _limits(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _head(bilan: Bilan) -> str:
    nature = "**Données simulées** : aucun chiffre de cette page ne décrit la France." if bilan.est_simulee else ""
    text = (
        "# Fiche du recommandeur\n\n"
        "Page écrite par `python -m models_ml fiche` à partir du calcul publié ; ne pas la corriger à la main.\n\n"
        f"Calcul `{bilan.id_calcul}`. {nature}\n\n"
        "Deux questions ne sont jamais confondues : ce dont les habitants **ont besoin** et peuvent atteindre (scores, "
        "décisions, plans : rien n'y est appris), et là où l'État **a ouvert** jusqu'ici (un modèle appris, nommé "
        "« ressemblance aux implantations passées », montré à côté, qui ne recommande rien)."
    )
    return text.replace(". \n", ".\n")


def _value(frame: pd.DataFrame, model: str, measure: str) -> float:
    found = frame[(frame.modele == model) & (frame.mesure == measure)].valeur
    return float(found.iloc[0]) if len(found) else float("nan")


def _access(bilan: Bilan) -> str:
    rows = [
        [label, *(nombre(_value(bilan.evaluation[bilan.evaluation.jeu == jeu], "reseau", name)) for jeu in JEUX_ACCES)]
        for name, label in ACCES.items()
    ]
    return "## Habitants loin d'un France Services\n\n" + _table(["distance", *JEUX_ACCES.values()], rows)


def _learning(bilan: Bilan) -> str:
    title = "## Ressemblance aux implantations passées : épreuve dans le temps\n\n"
    if bilan.message:
        return title + f"Aucun modèle : {bilan.message}."
    test = bilan.evaluation[bilan.evaluation.jeu == "epreuve"]
    rows = [
        [label, *(nombre(_value(test, model, measure), decimals) for model in MODELES)]
        for measure, (label, decimals) in MESURES.items()
    ]
    intro = "".join(f"- {name} : {text}.\n" for name, text in bilan.apprentissage.items())
    return title + intro + "\n" + _table(["mesure", *MODELES.values()], rows)


def _coverage(bilan: Bilan) -> str:
    table = bilan.evaluation[bilan.evaluation.jeu == "couverture_10_km"]
    if table.empty:
        return ""
    rows = [
        [label, *(nombre(_value(table, name, m)) for m in ("communes_ouvertes", "population_gagnee")),
         f"{nombre(100 * _value(table, name, 'part_des_non_couverts'), 1)} %"]
        for name, label in COUVERTURE.items()
    ]  # fmt: skip
    total, gap = (
        _value(table, "donnees", "population_non_couverte"),
        _value(table, "plan_de_couverture", "ecart_prouve"),
    )
    return (
        f"## Ce que chacun apporte\n\nLe 1er janvier 2022, {nombre(total)} habitants vivaient dans une commune dont le "
        "centre était à plus de 10 km d'un France Services. Part d'entre eux ramenée à moins de 10 km :\n\n"
        + _table(["qui choisit", "communes", "habitants", "part"], rows)
        + f"\n\nAucun plan de cette taille ne dépasse le plan ci-dessus de plus de {nombre(100 * gap, 2)} %."
    )


def _features() -> str:
    rows = [[f"`{name}`", LIBELLES[name], SENS[sense]] for name, sense in MONOTONIE.items()]
    return "## Variables du modèle, telles que connues à la date\n\n" + _table(["variable", "sens", "effet"], rows)


def _decisions(bilan: Bilan) -> str:
    labels = parametres.load_decision().libelles
    groups = bilan.decisions.groupby("action")
    rows = [
        [labels[action], nombre(len(g)), nombre(g.population.sum()), f"{nombre(100 * g.stabilite.mean())} %"]
        for action, g in sorted(groups, key=lambda item: -len(item[1]))
    ]
    return "## Décisions\n\n" + _table(["action", "communes", "habitants", "stabilité moyenne"], rows)


def _plans(bilan: Bilan) -> str:
    rows = [
        [p.scenario, str(p.p), nombre(p.population_couverte_avant), nombre(p.population_couverte_apres),
         f"{nombre(100 * p.ecart, 4)} %", "oui" if p.prouve else "non"]
        for p in bilan.plans.itertuples()
    ]  # fmt: skip
    headings = ["hypothèse de vitesse", "sites permis", "couverts avant", "couverts après", "écart", "prouvé"]
    limit = nombre(parametres.load_decision().plan.seuil_min)
    return f"## Plans nationaux à {limit} minutes\n\n" + _table(headings, rows)


def _limits() -> str:
    p = parametres.load_deplacements()
    return (
        "## Limites\n\n"
        f"- Les temps sont estimés : vol d'oiseau × {nombre(p.detour.valeur, 1)}, vitesses par densité ; ni relief ni "
        "réseau. Les hypothèses rapide et lente encadrent l'erreur, elles ne la mesurent pas.\n"
        "- Un bus compte à sa commune d'attache : la liste ne donne pas ses arrêts.\n"
        "- Une commune est un point : un hameau éloigné du centre est compté comme le centre.\n"
        "- Les périmètres d'EPCI des variables sont ceux d'aujourd'hui, faute d'historique dans l'entrepôt.\n"
        "- La liste ne garde que les sites encore ouverts : un site fermé depuis n'y figure pas.\n"
        "- La ressemblance reproduit les choix passés, leurs oublis compris : ne pas s'en servir pour décider."
    )


def load_bilan() -> Bilan:
    """Read the published run.

    Raises:
        ErreurRecommandation: nothing is published yet.
    """
    from models_ml.lecture import read
    from pilotage.database import get_engine

    decisions = (
        "SELECT d.action, d.stabilite, c.population FROM recommandation.decisions AS d "
        "INNER JOIN commun.dim_communes AS c ON c.code_commune = d.code_commune AND c.est_actuelle"
    )
    with get_engine().connect() as connection:
        model = read(connection, "SELECT * FROM recommandation.modele ORDER BY service").iloc[0]
        return Bilan(
            read(connection, "SELECT * FROM recommandation.evaluation ORDER BY jeu, modele, mesure"),
            read(connection, decisions),
            read(connection, "SELECT * FROM recommandation.plans ORDER BY id_plan"),
            model.apprentissage,
            model.message,
            bool(model.est_simulee),
            model.id_calcul,
        )
