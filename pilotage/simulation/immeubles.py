"""The building file of fibre once reduced: what `pilotage immeubles reduire` lands, at the scale of the territory.

Nothing here writes the file at the building: `pilotage.immeubles.simulation` does, when asked.
"""

from __future__ import annotations

import numpy as np

from pilotage.simulation.ecriture import Depot, texte
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.insee_chiffres import Places
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

SOURCE, TRIMESTRE, ANNEE = "arcep__immeubles", "2026T2", 2026.5
ETATS = ("deploye", "abandonne", "cible", "signe", "raccordable demande", "en cours de deploiement")
RESTE = (0.05, 0.2, 0.2, 0.3, 0.25)  # of the buildings not deployed
OPERATEURS = ("FRTE", "SFR0", "AXIO", "ALTI", "THDB", "NR")
ENTETE = "trimestre,code_commune,code_operateur,etat,nb_immeubles,nb_declarations,nb_locaux_minimum,nb_sans_taille"


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    """One row a commune, operator and state that has buildings; one operator a commune."""
    rng, places = t.tirage("immeubles reduits"), Places(t, h.etats["2025"], villes=False)
    locaux = np.maximum(np.rint(places.somme(p.locaux)), 1).astype(int)
    immeubles = np.maximum(locaux * 2 // 3, 1)
    deployes = np.floor(immeubles * np.clip(places.moyenne(p.part_fibre(ANNEE)), 0, 1)).astype(int)
    par_etat = np.column_stack([deployes, rng.multinomial(immeubles - deployes, RESTE)])
    rang, etat = np.nonzero(par_etat)
    nombre = par_etat[rang, etat]
    sans_taille = rng.binomial(nombre, 0.004)
    declarations = nombre + rng.binomial(nombre, 0.02)
    minimum = np.floor((nombre - sans_taille) * (locaux / immeubles)[rang]).astype(int)
    operateur = np.array(OPERATEURS)[rng.integers(len(OPERATEURS), size=len(locaux))]
    colonnes = [
        [TRIMESTRE] * len(rang), np.array(places.codes)[rang].tolist(), operateur[rang].tolist(),
        np.array(ETATS)[etat].tolist(), texte(nombre), texte(declarations),
        ["" if m == 0 else str(m) for m in minimum.tolist()], texte(sans_taille),
    ]  # fmt: skip
    depot.csv(SOURCE, TRIMESTRE, "immeubles_communes.csv", ENTETE, colonnes)
    gardees = int(declarations.sum())
    lignes = {"commune_inconnue": gardees // 330 + 1, "etat_vide": gardees // 200 + 1, "gardee": gardees}
    colonnes = [[TRIMESTRE] * len(lignes), list(lignes), texte(lignes.values())]
    depot.csv(SOURCE, TRIMESTRE, "immeubles_lignes.csv", "trimestre,regle,nb_lignes", colonnes)
