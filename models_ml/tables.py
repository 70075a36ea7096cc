"""The tables of schema `recommandation`: columns, types and the French comments that planners read."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Float, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

CALCUL = (
    "Identifiant du calcul (modele.id_calcul, avec l'empreinte des données et les dates) : mêmes données, mêmes "
    "paramètres, même version donnent le même."
)
EMPREINTE = "Empreinte SHA-256 des données lues."
SCORES = {
    "besoin": "Besoin d'un accompagnement, de 0 à 1",
    "deficit_acces": "Déficit d'accès au service, de 0 (à moins de 5 min, bien doté) à 1",
    "aptitude_numerique": "Aptitude numérique du territoire, de 0 à 1",
    "dematerialisable": "Part du service qui peut se passer d'un guichet, de 0 à 1 ; déclarée, la même partout",
}


def _cle(name: str, kind, comment: str) -> Column:
    return Column(name, kind, primary_key=True, autoincrement=False, comment=comment)


def _run() -> list[Column]:
    """The run of a row; `modele` holds its data hash and dates once, not a million times."""
    return [Column("id_calcul", Text, nullable=False, comment=CALCUL)]


def _commune_service() -> list[Column]:
    return [
        _cle("code_commune", Text, "Code INSEE de la commune actuelle (commun.dim_communes)."),
        _cle("service", Text, "Code du service."),
        Column("cle_territoire", Text, nullable=False, comment="Clé de la commune dans commun.dim_territoires."),
    ]


def _score_columns() -> list[Column]:
    columns = []
    for name, label in SCORES.items():
        columns += [
            Column(name, Float, comment=f"{label} ; vide si aucune composante n'est connue."),
            Column(
                f"{name}_bas", Float, nullable=False, comment=f"{label} : borne basse (composantes manquantes à 0)."
            ),
            Column(
                f"{name}_haut", Float, nullable=False, comment=f"{label} : borne haute (composantes manquantes à 1)."
            ),
        ]
    return columns


def build_metadata(schema: str) -> MetaData:
    """Tables of `schema`, unbound; every table and column has a comment."""
    metadata = MetaData(schema=schema)
    Table(
        "acces",
        metadata,
        *_commune_service(),
        Column("temps_min", Float, comment="Minutes vers le site le plus proche ; vide si inconnu ou sans route."),
        Column("temps_bas_min", Float, comment="Les mêmes minutes, hypothèse rapide (× 0,8)."),
        Column("temps_haut_min", Float, comment="Les mêmes minutes, hypothèse lente (× 1,25)."),
        Column("distance_km", Float, comment="Distance à vol d'oiseau du centre de la commune à ce site, en km."),
        Column("temps_2e_min", Float, comment="Minutes vers le deuxième site le plus proche."),
        Column(
            "e2sfca",
            Float,
            comment="Offre à portée par habitant, en unités du service (E2SFCA, Luo et Qi 2009 ; zones d'un demi, "
            "un et un et demi seuil du service, soit 10, 20, 30 min pour France services ; poids 1, 0,68, 0,22).",
        ),
        Column(
            "nb_sites", Integer, nullable=False, comment="Sites ouverts dans la commune, bus compris à leur attache."
        ),
        Column("id_site_proche", Text, comment="Identifiant du site le plus proche dans la liste servie."),
        Column("nom_site_proche", Text, comment="Nom de ce site."),
        Column("methode", Text, nullable=False, comment="Comment le temps a été obtenu, ou pourquoi il manque."),
        *_run(),
        comment="Grain : une ligne par commune et service. Accès au service, par-delà les limites administratives.",
    )
    Table(
        "scores",
        metadata,
        *_commune_service(),
        *_score_columns(),
        Column(
            "couverture_donnees",
            Float,
            nullable=False,
            comment="Part des poids des scores dont la donnée est connue, de 0 à 1.",
        ),
        Column(
            "ressemblance_passee",
            Float,
            comment="Ressemblance aux implantations passées (probabilité), pour mémoire : aucune décision n'en dépend. "
            "Vide si la commune a déjà un site ou si aucun modèle n'a pu être appris.",
        ),
        *_run(),
        comment="Grain : une ligne par commune et service. Quatre scores de 0 à 1, chacun avec son intervalle.",
    )
    Table(
        "decisions",
        metadata,
        *_commune_service(),
        Column(
            "action",
            Text,
            nullable=False,
            comment="Action recommandée (maintenir, implanter, guichet_partage, itinerance…).",
        ),
        Column("libelle_action", Text, nullable=False, comment="L'action en toutes lettres."),
        Column("score", Float, comment="Priorité, de 0 à 1 : moyenne géométrique du besoin et du déficit d'accès."),
        Column("score_bas", Float, nullable=False, comment="Priorité, borne basse."),
        Column("score_haut", Float, nullable=False, comment="Priorité, borne haute."),
        Column("raisons", ARRAY(Text), nullable=False, comment="Raisons, avec les chiffres et les seuils."),
        Column("stabilite", Float, comment="Part des tirages où l'action est la même, de 0 à 1."),
        Column("bascule", Text, comment="Le plus petit changement qui ferait changer l'action."),
        Column("donnees_manquantes", ARRAY(Text), nullable=False, comment="Données absentes pour cette commune."),
        Column("rang_plan", Integer, comment="Rang de la commune dans le plan national central ; vide si non retenue."),
        Column(
            "population_gagnee", BigInteger, comment="Habitants que ce site ajoute, à son rang, sous le seuil de temps."
        ),
        *_run(),
        comment="Grain : une ligne par commune et service. Que faire, pourquoi, et à quel point c'est sûr.",
    )
    _plan_tables(metadata)
    _what_if_tables(metadata)
    _model_tables(metadata)
    return metadata


def _plan_tables(metadata: MetaData) -> None:
    Table(
        "plans",
        metadata,
        _cle("id_plan", Text, "Identifiant du plan : service, territoire, nombre de sites, hypothèse de vitesse."),
        Column("service", Text, nullable=False, comment="Code du service."),
        Column("territoire", Text, nullable=False, comment="Code du territoire ; FR pour la France."),
        Column("cle_territoire", Text, nullable=False, comment="Clé du territoire dans commun.dim_territoires."),
        Column("scenario", Text, nullable=False, comment="Hypothèse de vitesse : central, rapide ou lent."),
        Column("seuil_min", Float, nullable=False, comment="Un habitant est couvert à moins de ce nombre de minutes."),
        Column("p", Integer, nullable=False, comment="Nombre de sites permis en plus du réseau actuel."),
        Column("objectif", Float, nullable=False, comment="Habitants couverts par le réseau et le plan."),
        Column("borne", Float, nullable=False, comment="Aucun plan de même taille ne couvre davantage."),
        Column("ecart", Float, nullable=False, comment="(borne - objectif) / objectif."),
        Column("prouve", Boolean, nullable=False, comment="Vrai si l'écart est inférieur à celui demandé (0,01 %)."),
        Column("methode", Text, nullable=False, comment="Modèle et solveur."),
        Column(
            "population_couverte_avant", BigInteger, nullable=False, comment="Habitants couverts par le réseau actuel."
        ),
        Column("population_couverte_apres", BigInteger, nullable=False, comment="Habitants couverts, plan réalisé."),
        Column(
            "cout_annuel_eur",
            Float,
            comment="Coût annuel des sites proposés, ordre de grandeur déclaré du service ; vide si inconnu.",
        ),
        *_run(),
        comment="Grain : une ligne par plan de couverture, avec sa borne.",
    )
    Table(
        "plans_sites",
        metadata,
        Column(
            "id_plan",
            Text,
            ForeignKey(metadata.tables[f"{metadata.schema}.plans"].c.id_plan),
            primary_key=True,
            comment="Plan (plans.id_plan).",
        ),
        _cle("rang", Integer, "Rang du site, par ce qu'il ajoute à ceux qui le précèdent."),
        Column("code_commune", Text, nullable=False, comment="Commune où ouvrir."),
        Column("cle_territoire", Text, nullable=False, comment="Clé de cette commune dans commun.dim_territoires."),
        Column("population_gagnee", BigInteger, nullable=False, comment="Habitants couverts en plus par ce site."),
        *_run(),
        comment="Grain : une ligne par site proposé dans un plan.",
    )


def _what_if_tables(metadata: MetaData) -> None:
    Table(
        "frontieres",
        metadata,
        _cle("service", Text, "Code du service."),
        _cle("cle_territoire", Text, "Territoire au-dessus de la commune (commun.dim_territoires)."),
        _cle("rang", Integer, "Nombre de sites ajoutés ; chaque rang garde les sites des précédents."),
        Column("code_commune", Text, nullable=False, comment="Commune où ouvrir le site de ce rang."),
        Column("population_gagnee", BigInteger, nullable=False, comment="Habitants que ce site met sous le seuil."),
        Column(
            "population_couverte",
            BigInteger,
            nullable=False,
            comment="Habitants du territoire sous le seuil, réseau actuel et sites jusqu'à ce rang.",
        ),
        Column("borne", BigInteger, nullable=False, comment="Aucun choix d'autant de sites n'en couvrirait davantage."),
        Column("ecart", Float, nullable=False, comment="(borne - population_couverte) / population_couverte."),
        *_run(),
        comment="Grain : une ligne par service, territoire et nombre de sites. Ce qu'apporterait chaque site de plus, "
        "ajouté là où il met le plus d'habitants du territoire sous le seuil (Nemhauser, Wolsey et Fisher 1978).",
    )
    Table(
        "fermetures",
        metadata,
        _cle("service", Text, "Code du service."),
        _cle("id_offre", Text, "Identifiant du lieu dans commun.fait_offre_services."),
        Column("code_commune", Text, comment="Commune du lieu ; vide si rien ne la dit."),
        Column("cle_territoire", Text, comment="Clé de cette commune dans commun.dim_territoires."),
        Column("nom", Text, comment="Nom du lieu."),
        Column(
            "population_rattachee",
            BigInteger,
            nullable=False,
            comment="Habitants des communes dont c'est le lieu le plus proche.",
        ),
        Column(
            "population_au_dela",
            BigInteger,
            nullable=False,
            comment="Habitants que sa seule fermeture mettrait au-delà du seuil.",
        ),
        Column(
            "minutes_en_plus",
            Float,
            comment="Minutes de plus jusqu'au lieu suivant, en moyenne par habitant rattaché ; vide s'il n'y en a pas.",
        ),
        *_run(),
        comment="Grain : une ligne par service et lieu. Et si ce lieu fermait, lui seul ?",
    )


def _model_tables(metadata: MetaData) -> None:
    Table(
        "modele",
        metadata,
        _cle("id_calcul", Text, CALCUL),
        _cle("service", Text, "Code du service."),
        Column("version", Text, nullable=False, comment="Version du recommandeur."),
        Column("generation", Text, nullable=False, comment="Génération de l'entrepôt lue, nommée par sa date."),
        Column("offre", JSONB, nullable=False, comment="Sources des lieux du service et millésime servi de chacune."),
        Column(
            "parametres", JSONB, nullable=False, comment="Empreinte des paramètres, graine, versions des bibliothèques."
        ),
        Column(
            "apprentissage",
            JSONB,
            nullable=False,
            comment="Périodes et effectifs de la ressemblance aux implantations passées.",
        ),
        Column("message", Text, comment="Pourquoi aucun modèle n'a été appris ; vide sinon."),
        Column("est_simulee", Boolean, nullable=False, comment="Vrai si les données sont simulées."),
        Column("empreinte_donnees", Text, nullable=False, comment=EMPREINTE),
        comment="Grain : une ligne par calcul et service. De quoi refaire le calcul à l'identique.",
    )
    Table(
        "evaluation",
        metadata,
        _cle("modele", Text, "Modèle, référence ou constat mesuré."),
        _cle("jeu", Text, "Jeu d'épreuve ou tableau."),
        _cle("mesure", Text, "Nom de la mesure."),
        _cle("service", Text, "Code du service."),
        Column("valeur", Float, comment="Valeur de la mesure."),
        *_run(),
        comment="Grain : une ligne par modèle, jeu et mesure. Épreuve dans le temps et tableau de couverture.",
    )
