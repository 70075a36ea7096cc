"""The form of Arcep's building file (`carte_fibre_immeubles_<année>_T<n>_<date>.csv`) and what is read of it.

Header and states are those that public programs reading the files of 2024 to 2026 declare; no whole file was seen.
`geom_mod` left the file and `pm_date_mad` came between 2024 and 2025: neither is read. The file has no number of
premises, only a class of size, so a building counts for the least number of its class.
"""

from __future__ import annotations

import re
from pathlib import Path

from pilotage.errors import ErreurLecture

SOURCE = "arcep__immeubles"
COLONNES = (
    "x", "y", "imb_id", "num_voie", "cp_no_voie", "type_voie", "nom_voie", "batiment", "code_insee", "code_poste",
    "nom_com", "catg_loc_imb", "imb_etat", "pm_ref", "pm_etat", "pm_date_mad", "code_l331", "type_imb",
    "date_completude", "date_completude_manquante",
)  # fmt: skip
LUES = ("imb_id", "code_insee", "catg_loc_imb", "imb_etat", "code_l331", "date_completude")
# From the least to the most advanced; `etats.csv` of the dbt project ranks them (a test compares the two).
ETATS = ("abandonne", "cible", "signe", "raccordable demande", "en cours de deploiement", "deploye")
CATEGORIES = {"individuel": 1, "entre 2 et 11": 2, "entre 12 et 35": 12, "entre 36 et 99": 36, "100 et plus": 100}
_NOM = re.compile(r"(20\d\d)_?[Tt]?([1-4])(?!\d)")
_PARTITION = re.compile(r"trimestre=(20\d\dT[1-4])")


def trimestre_of(chemin: Path) -> str:
    """Quarter of a file or folder, by its partition (`trimestre=2026T2`) or its name (`…_2026_T2_20260902.csv`).

    Raises:
        ErreurLecture: the name tells no quarter.
    """
    found = _PARTITION.search(str(chemin))
    if found:
        return found[1]
    named = _NOM.search(chemin.name)
    if named:
        return f"{named[1]}T{named[2]}"
    raise ErreurLecture(
        "le nom ne dit pas le trimestre",
        source=SOURCE,
        fichier=str(chemin),
        attendu="carte_fibre_immeubles_2026_T2_<date>.csv, ou un dossier trimestre=2026T2",
        conseil="rendre au fichier le nom sous lequel l'Arcep le publie",
    )
