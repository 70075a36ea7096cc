"""The model card, written from what a run measured: `python -m models_ml fiche`."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from models_ml import parametres
from models_ml.attributs import EVOLUTIVES, LIBELLES, MONOTONIE
from models_ml.derive import SEUIL_ALERTE
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
AP = "precision_moyenne"
EVALUATION = "SELECT * FROM recommandation.evaluation WHERE service = 'france_services' ORDER BY jeu, modele, mesure"
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
        _regions(bilan),
        _fairness(bilan),
        _drift(bilan),
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


def _regions(bilan: Bilan) -> str:
    """Each region ranked by a model that never saw it."""
    table = bilan.evaluation[bilan.evaluation.jeu.str.startswith("region_")]
    if table.empty:
        return ""
    rows = []
    for game, part in sorted(table.groupby("jeu")):
        openings, score = _value(part, "ressemblance", "ouvertures_observees"), _value(part, "ressemblance", AP)
        rows.append(
            [game.removeprefix("region_"), nombre(openings), "trop peu" if score != score else nombre(score, 3)]
        )
    whole = _value(bilan.evaluation[bilan.evaluation.jeu == "regions_laissees"], "ressemblance", AP)
    return (
        "## Une région laissée de côté à chaque fois\n\n"
        "Appris sur les autres régions (2020-2021), jugé sur les ouvertures de celle-ci (2022-2024), sans calibration "
        f"et en moins d'étapes. Toutes ensemble : précision moyenne {nombre(whole, 3)}.\n\n"
        + _table(["région (code Insee)", "ouvertures", "précision moyenne"], rows)
    )


def _fairness(bilan: Bilan) -> str:
    """Whom the openings, the model and the plan choose and serve, group by group."""
    table = bilan.evaluation[bilan.evaluation.jeu.str.startswith("equite_")]
    if table.empty:
        return ""
    rows = []
    for game, part in sorted(table.groupby("jeu")):
        for name in sorted({measure.split(":")[0] for measure in part.mesure}):
            cells = [game.removeprefix("equite_").replace("_", "-"), name]
            for who in COUVERTURE:
                choice, served = (_value(part, who, f"{name}:part_des_{m}") for m in ("choix", "non_couverts"))
                cells.append(f"{nombre(100 * choice, 1)} % ; {nombre(100 * served, 1)} %")
            score = _value(part, "ressemblance", f"{name}:{AP}")
            rows.append([*cells, "trop peu" if score != score else nombre(score, 3)])
    headings = ["dimension", "groupe", *COUVERTURE.values(), "précision moyenne du modèle"]
    return (
        "## Équité : qui est choisi, qui est desservi\n\n"
        "Part des communes choisies qui sont du groupe ; part des habitants du groupe alors à plus de 10 km qui "
        "sont "
        "ramenés à moins de 10 km. Cinquième 5 : les communes les plus pauvres.\n\n" + _table(headings, rows)
    )


def _drift(bilan: Bilan) -> str:
    """The variables that moved most since the model learned."""
    table = bilan.evaluation[bilan.evaluation.jeu == "derive"].sort_values(
        ["valeur", "mesure"], ascending=[False, True]
    )
    if table.empty:
        return ""
    rows = [
        [f"`{r.mesure}`", nombre(r.valeur, 3), "suit le réseau" if r.mesure in EVOLUTIVES else ""]
        for r in table.head(8).itertuples()
    ]
    return (
        "## Dérive\n\nIndice de stabilité de population entre les communes de l'apprentissage et celles de cette "
        f"nuit ; au-delà de {nombre(SEUIL_ALERTE, 2)}, une variable qui ne suit pas le réseau est signalée.\n\n"
        + _table(["variable", "indice", ""], rows)
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
        "INNER JOIN commun.dim_communes AS c ON c.code_commune = d.code_commune AND c.est_actuelle "
        "WHERE d.service = 'france_services'"
    )
    with get_engine().connect() as connection:
        model = read(connection, "SELECT * FROM recommandation.modele WHERE service = 'france_services'").iloc[0]
        return Bilan(
            read(connection, EVALUATION),
            read(connection, decisions),
            read(connection, "SELECT * FROM recommandation.plans WHERE service = 'france_services' ORDER BY id_plan"),
            model.apprentissage,
            model.message,
            bool(model.est_simulee),
            model.id_calcul,
        )
