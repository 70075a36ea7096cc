"""The card that fuzzed files are read by: a code and a value, and the dialect that is tried."""

from __future__ import annotations

from functools import lru_cache

from pilotage.catalogue import Source


@lru_cache(maxsize=64)
def card(**dialect: object) -> Source:
    columns = [{"nom": "code", "description": "Code"}, {"nom": "valeur", "description": "V", "facultative": True}]
    return Source.model_validate(
        {
            "source": "essai__jeu", "titre": "Jeu", "producteur": "Essai", "axe": "commun", "description": "Un jeu.",
            "page": "https://exemple.fr", "licence": "lov2", "attribution": "Essai", "frequence": "annuelle",
            "fraicheur_max_jours": 10,
            "millesimes": {"2024": {"date_donnees": "2024-01-01", "geographie": "2024-01-01"}},
            "tables": [{"table": "essai__jeu", "fichiers": [{"motif": "*", **dialect}], "colonnes": columns}],
        }
    )  # fmt: skip
