"""What if this place closes? Who is left far, and which one opening would make up for it best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
import pandas as pd

from models_ml.contexte import Contexte
from models_ml.donnees import Donnees
from models_ml.mesures import part_of
from models_ml.offre import Acces, compute_acces
from models_ml.services import Service
from pilotage.errors import ErreurRecommandation

SUIVANTS = 3


@dataclass(frozen=True)
class Fermeture:
    """A closing place. touchees: communes whose time changes, with minutes before and after. remplacants: the best
    communes where to open instead, with the people each brings back under the threshold; the first is the best of all.
    """

    site: pd.Series
    service: Service
    touchees: pd.DataFrame
    au_dela: float
    remplacants: pd.DataFrame


def find_site(sites: pd.DataFrame, asked: str) -> pd.Series:
    """The place of that identifier, or of that name when only one has it.

    Raises:
        ErreurRecommandation: no place, or several; those that come near are named.
    """
    names = sites.nom.fillna("")
    found = sites[sites.id_site == asked]
    found = found if len(found) else sites[names.str.casefold() == asked.casefold()]
    found = found if len(found) else sites[names.str.casefold().str.contains(asked.casefold(), regex=False)]
    if len(found) == 1:
        return found.iloc[0]
    near = found if len(found) else sites[names.isin(get_close_matches(asked, names.unique().tolist(), 5, 0.6))]
    told = " ; ".join(f"{one.id_site} ({one.nom}, {one.code_commune})" for one in near.head(6).itertuples())
    raise ErreurRecommandation(
        f"{len(found)} lieux s'appellent « {asked} »" if len(found) else f"lieu « {asked} » inconnu",
        attendu="l'identifiant ou le nom d'un lieu ouvert du service",
        conseil=f"essayer {told}" if told else "le chercher dans fait_offre_services",
    )


def close(donnees: Donnees, service: Service, asked: str) -> Fermeture:
    """Close one place of a service and measure it over the whole country.

    Raises:
        ErreurRecommandation: the place is unknown.
    """
    site = find_site(donnees.sites_of(service.code), asked)
    contexte = Contexte.of_places(donnees)
    own = (donnees.offre.service == service.code) & (donnees.offre.id_offre == site.id_site)
    before = compute_acces(donnees, service, contexte)
    after = compute_acces(replace(donnees, offre=donnees.offre[~own]), service, contexte)
    people = np.nan_to_num(donnees.communes.population.to_numpy())
    with np.errstate(invalid="ignore"):
        lost = (before.temps <= service.seuil_min) & ~(after.temps <= service.seuil_min)
    return Fermeture(
        site, service, _touched(donnees, before, after), float(people[lost].sum()),
        best_replacements(donnees, service, contexte, lost),
    )  # fmt: skip


def _touched(donnees: Donnees, before: Acces, after: Acces) -> pd.DataFrame:
    """Communes whose time changes, most people first; infinite minutes where no road leads to another place."""
    communes = donnees.communes
    frame = communes[["code_commune", "nom_commune", "population", "score_pauvrete", "score_65_ans"]].copy()
    frame["temps_avant_min"], frame["temps_apres_min"] = before.temps, after.temps
    changed = ~((before.temps == after.temps) | (np.isnan(before.temps) & np.isnan(after.temps)))
    return frame[changed].sort_values(["population", "code_commune"], ascending=[False, True], ignore_index=True)


def best_replacements(donnees: Donnees, service: Service, contexte: Contexte, lost: np.ndarray) -> pd.DataFrame:
    """Communes where opening brings most of the `lost` people back under the threshold: every candidate is counted, so
    the first is proven the best. Columns code_commune, nom_commune, population_retrouvee; ties go to the larger."""
    rows = np.flatnonzero(lost)
    communes = donnees.communes
    people = np.nan_to_num(communes.population.to_numpy())
    minutes = contexte.travel(
        contexte.communes, part_of(contexte.communes, rows), service.seuil_min, contexte.superficie_km2
    )
    gained = np.bincount(
        np.repeat(np.arange(len(people)), np.diff(minutes.indptr)), people[rows][minutes.indices], len(people)
    )
    gained[people < service.population_candidate_min] = 0
    order = np.lexsort((-people, -gained))[:SUIVANTS]
    order = order[gained[order] > 0]
    frame = communes.iloc[order][["code_commune", "nom_commune"]].reset_index(drop=True)
    return frame.assign(population_retrouvee=gained[order])
