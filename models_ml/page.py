"""`docs/recommandation.md`: how a decision is reached, written from the declared parameters and tables of services."""

from __future__ import annotations

from pathlib import Path

from models_ml.mots import nombre
from models_ml.parametres import ParametresDecision, load_decision, load_deplacements, load_indices
from models_ml.services import Service, load_services
from pilotage.config import RACINE

PAGE = RACINE / "docs" / "recommandation.md"
SIGNES = {"<=": "≤", ">=": "≥"}


def render() -> dict[Path, str]:
    """Content of the page, by path."""
    p, services = load_decision(), load_services()
    parts = [_head(), _services(services), _scores(), _rules(p), _conditions(p), _doubt(p), _plan(p), _limits()]
    return {PAGE: "\n\n".join(parts) + "\n"}


def _table(headings: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [headings, ["---"] * len(headings), *rows])


def _head() -> str:
    return (
        "# Les recommandations\n\n"
        "Page écrite par `make pages` à partir de `models_ml/parametres/` et des tables `services*.csv` : ne pas la "
        "modifier.\n\n"
        "Pour chaque commune et chaque service : que faire, pourquoi, à quel point c'est sûr, et ce qui ferait changer "
        "d'avis. Rien de ce qui suit n'est appris du passé : besoins, accès, règles sont déclarés, avec leurs raisons "
        "([services.md](services.md), [trajets.md](trajets.md)). Le modèle appris, « ressemblance aux implantations "
        "passées », est montré à côté et ne décide de rien : [sa fiche](../models_ml/FICHE.md). Essayer autre chose "
        "(budget, fermetures, planchers d'équité) : [scenarios.md](scenarios.md)."
    )


def _services(services: dict[str, Service]) -> str:
    rows = []
    for one in services.values():
        value, low, high = one.score_dematerialisable()
        refused = [load_decision().libelles[a.action] for a in one.actions.values() if not a.admise]
        rows.append(
            [
                one.libelle, f"`{one.code}`", f"{nombre(one.seuil_min)} min", nombre(one.habitants_par_unite),
                nombre(one.population_candidate_min), f"{nombre(value, 2)} [{nombre(low, 2)} – {nombre(high, 2)}]",
                one.offre_observee, ", ".join(refused) or "—",
            ]
        )  # fmt: skip
    headings = [
        "service", "code", "seuil", "habitants par unité", "population d'une commune candidate", "dématérialisable",
        "lieux connus", "actions écartées",
    ]  # fmt: skip
    return "## Les services\n\n" + _table(headings, rows)


def _scores() -> str:
    parts = [
        "## Les quatre scores\n\n"
        "De 0 à 1, chacun avec son intervalle. Une composante vaut `(valeur - zéro) / (un - zéro)`, ramenée entre 0 et "
        "1 ; inconnue, elle compte 0 dans la borne basse et 1 dans la haute. Le besoin de chaque service a ses propres "
        "composantes ([services.md](services.md)) ; « dématérialisable » est propre au service. La **priorité** est la "
        "moyenne géométrique du besoin et du déficit d'accès : elle monte avec l'un et l'autre, et s'annule avec l'un."
    ]
    for index in load_indices().values():
        rows = [
            [c.libelle, nombre(c.poids, 2), f"{c.zero:g} → {c.un:g}".replace(".", ","), f"`{c.source}`", c.raison]
            for c in index.composantes.values()
        ]
        headings = ["composante", "poids", "zéro → un", "source", "raison"]
        parts.append(f"### {index.libelle}\n\n" + _table(headings, rows))
    return "\n\n".join(parts)


def _rules(p: ParametresDecision) -> str:
    rows = [
        [str(rank), p.libelles[rule.action], " et ".join(f"`{name}`" for name in rule.si) or "dans tous les autres cas",
         rule.motif]
        for rank, rule in enumerate(p.regles, start=1)
    ]  # fmt: skip
    return (
        "## La table de règles\n\n"
        "Lue de haut en bas : la première règle dont toutes les conditions tiennent donne l'action. Les règles des "
        "actions qu'un service n'admet pas sont ôtées ; s'il ne reste rien, la commune est « à instruire ».\n\n"
        + _table(["rang", "action", "si", "motif"], rows)
    )


def _conditions(p: ParametresDecision) -> str:
    rows = [
        [f"`{name}`", f"`{one.mesure}` {SIGNES[one.comparateur]} {one.seuil:g}".replace(".", ","), one.raison]
        for name, one in p.conditions.items()
    ]
    hosts = ", ".join(p.hotes)
    return (
        "### Conditions\n\n" + _table(["condition", "mesure et seuil", "raison"], rows) + "\n\n"
        "Les minutes vers un site, ouvert ou proposé, se comparent au seuil du service (20 pour France services). "
        f"Lieux d'accueil : {hosts}, jamais ceux du service lui-même. Médiateurs : {', '.join(p.mediateurs)}."
    )


def _doubt(p: ParametresDecision) -> str:
    scenarios = load_deplacements().scenarios
    return (
        "## Doute, bascule, données manquantes\n\n"
        f"- **Stabilité** : part de {p.tirages} tirages où l'action reste la même. Chaque tirage multiplie tous les "
        f"trajets par un facteur commun (triangulaire, de {nombre(scenarios['rapide'], 2)} à "
        f"{nombre(scenarios['lent'], 2)}) et par un facteur propre à la commune (écart-type {p.dispersion_locale:g}), "
        "et prend chaque score dans son intervalle. "
        f"Sous {nombre(100 * p.stabilite_minimale)} %, la commune est « à instruire », et la raison dit quelle donnée "
        f"trancherait. {p.raison_stabilite}\n"
        "- **Bascule** : le plus petit changement d'une seule mesure qui changerait l'action.\n"
        "- **Données indispensables** : sans population, sans position, ou loin du seul réseau connu d'un service dont "
        "les lieux ne sont pas tous listés, aucune action n'est dite.\n"
        "- **Comparaison** : le temps de la commune est mis à côté de la médiane des communes de même densité et de "
        "celle du département."
    ).replace(f"{p.dispersion_locale:g}", nombre(p.dispersion_locale, 1))


def _plan(p: ParametresDecision) -> str:
    return (
        "## Les plans\n\n"
        f"Pour chaque service que l'on peut implanter : {nombre(100 * p.plan.part_du_reseau)} % de sites en plus, au "
        f"plus {p.plan.sites_au_plus}, placés pour couvrir le plus d'habitants sous le seuil (couverture maximale, "
        "Church et ReVelle 1974), le réseau actuel gardé. Un site n'ouvre que dans une commune assez peuplée pour lui "
        "(« commune candidate ») ; la borne est celle de tels plans. "
        f"{p.plan.raison} {p.plan.raison_sites_au_plus} Un plan porte toujours sa borne : aucun autre de même "
        "taille ne la dépasse ; il n'est dit prouvé que si l'écart est d'au plus "
        f"{nombre(100 * p.plan.ecart, 2)} %. Trois plans, un par hypothèse de vitesse. Les coûts sont des ordres de "
        "grandeur déclarés ; vides quand aucun n'est connu."
    )


def _limits() -> str:
    return (
        "## Limites\n\n"
        "- Temps estimés à vol d'oiseau tant qu'aucun distancier ni moteur routier n'est donné ; une commune est un "
        "point, son centre.\n"
        "- Les plans de services différents sont cherchés séparément : aucun ne sait ce qu'un autre ouvre.\n"
        "- Une liste de lieux date ; `recommandation.modele.offre` donne le millésime servi de chaque source.\n"
        "- Un nombre d'équipements par commune ne dit ni leurs horaires ni s'ils prennent de nouveaux usagers."
    )
