"""What the recommender reads: the marts of one generation, as typed and checked frames."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models_ml.histoire import empty
from pilotage.errors import ErreurRecommandation


@dataclass(frozen=True)
class Colonne:
    """Kind and bounds of a column, in its own unit. A facultative one may be absent: all missing then."""

    genre: str
    mini: float | None = None
    maxi: float | None = None
    unite: str = ""
    obligatoire: bool = False
    facultative: bool = False


TEXTE, CLE = Colonne("texte"), Colonne("texte", obligatoire=True)
SCORE = Colonne("nombre", 0, 10, "score de 0 à 10")
PART = Colonne("nombre", 0, 100, "%", facultative=True)
EFFECTIF = Colonne("nombre", 0, None, "effectif")
LATITUDE, LONGITUDE = Colonne("nombre", -90, 90, "degrés"), Colonne("nombre", -180, 180, "degrés")

COMMUNES = {
    "code_commune": CLE,
    "nom_commune": TEXTE,
    "code_departement": TEXTE,
    "code_region": TEXTE,
    "code_bassin_vie": Colonne("texte", facultative=True),
    "siren_epci": TEXTE,
    "code_crte": Colonne("texte", facultative=True),
    "niveau_densite": Colonne("nombre", 1, 7, "niveau de la grille de densité"),
    "classe_ruralite": TEXTE,
    "population": EFFECTIF,
    "latitude": LATITUDE,
    "longitude": LONGITUDE,
    "superficie_km2": Colonne("nombre", 0, 20_000, "km²"),
    "revenu_median_eur": Colonne("nombre", 0, 500_000, "€ par an"),
    "taux_pauvrete_pct": Colonne("nombre", 0, 100, "%"),
    "chomeurs_15_64": EFFECTIF,
    "actifs_15_64": EFFECTIF,
    "score_thd": SCORE,
    "score_4g": SCORE,
    "score_pauvrete": SCORE,
    "score_65_ans": SCORE,
    "score_diplome": SCORE,
    "population_qpv_pct": PART,
    "part_65_ans_pct": PART,
    "part_15_24_ans_pct": PART,
    "part_peu_diplomes_pct": PART,
    "demandeurs_emploi_pct": PART,
    "logements_sociaux_pct": PART,
}
SITES = {
    "id_site": CLE,
    "nom": TEXTE,
    "code_commune": TEXTE,
    "latitude": LATITUDE,
    "longitude": LONGITUDE,
    "date_ouverture": Colonne("date"),
    "format": CLE,
    "type_site": CLE,
}
LIEUX = {
    "nature": CLE,
    "code_commune": TEXTE,
    "nom": TEXTE,
    "latitude": LATITUDE,
    "longitude": LONGITUDE,
    "millesime": TEXTE,
}
OFFRE = {
    "id_offre": CLE,
    "service": CLE,
    "code_commune": TEXTE,
    "nom": TEXTE,
    "latitude": LATITUDE,
    "longitude": LONGITUDE,
    "nombre": EFFECTIF,
    "capacite": EFFECTIF,
    "format": TEXTE,
    "source": TEXTE,
    "millesime": TEXTE,
}
DISTANCIER = ("code_origine", "code_destination", "minutes")
HISTOIRE = {"code_commune": CLE, "nature": CLE, "nombre": EFFECTIF, "date_donnees": Colonne("date")}
# Natures of hosts that are themselves offers of a service: a town hall, a third place.
HOTES_PAR_SERVICE = {"mairie": "annexe_mairie", "tiers_lieu": "tiers_lieu", "france_services": "france_services"}
POPULATIONS = {"code_commune": CLE, "millesime": CLE, "population_municipale": EFFECTIF}


def check_frame(frame: pd.DataFrame, colonnes: dict[str, Colonne], table: str) -> pd.DataFrame:
    """Frame with exactly `colonnes`, typed; numbers are float64 with NaN for missing.

    Raises:
        ErreurRecommandation: a column is absent, empty where it must not be, not a number, or outside its bounds.
    """
    frame = frame.assign(**{name: np.nan for name, kind in colonnes.items() if kind.facultative and name not in frame})
    absent = [name for name in colonnes if name not in frame]
    if absent:
        raise ErreurRecommandation(
            "colonne absente", source=table, colonne=absent[0], conseil="comparer le mart au contrat"
        )
    return pd.DataFrame({name: _check_column(frame[name], kind, table, name) for name, kind in colonnes.items()})


def _check_column(values: pd.Series, kind: Colonne, table: str, name: str) -> pd.Series:
    if kind.obligatoire and values.isna().any():
        raise ErreurRecommandation(f"{int(values.isna().sum())} valeurs manquantes", source=table, colonne=name)
    if kind.genre == "texte":
        return values.astype(object).where(values.notna(), None)
    if kind.genre == "date":
        return pd.to_datetime(values)
    try:
        numbers = pd.to_numeric(values).astype("float64")
    except (ValueError, TypeError) as error:
        raise ErreurRecommandation(
            f"valeur non numérique ({error})", source=table, colonne=name, attendu=kind.unite
        ) from error
    outside = np.zeros(len(numbers), bool)
    if kind.mini is not None:
        outside |= (numbers < kind.mini).to_numpy()
    if kind.maxi is not None:
        outside |= (numbers > kind.maxi).to_numpy()
    if outside.any():
        first = numbers[outside].iloc[0]
        bounds = f"de {kind.mini} à {kind.maxi if kind.maxi is not None else 'plus'} ({kind.unite})"
        raise ErreurRecommandation(
            f"{int(outside.sum())} valeurs hors bornes, dont {first}", source=table, colonne=name, attendu=bounds
        )
    return numbers


@dataclass(frozen=True)
class Donnees:
    """The recommender's input; a missing value is NaN.

    communes: one row a current commune, sorted by position: codes are only names, and a country whose codes all change
    gets the same answers.

    offre: where each service is offered, one row a place, or a commune and kind where only communal counts are known.
    histoire: dated counts of what the similarity model may look at. distancier: minutes given between communes.
    """

    generation: str
    est_simulee: bool
    communes: pd.DataFrame
    sites: pd.DataFrame
    lieux: pd.DataFrame
    populations: pd.DataFrame
    offre: pd.DataFrame
    histoire: pd.DataFrame
    distancier: pd.DataFrame
    empreinte: str = field(default="")

    @classmethod
    def assemble(
        cls, *, generation, est_simulee, communes, sites, lieux, populations, offre=None, histoire=None, distancier=None
    ) -> Donnees:
        """Check every frame, derive the unemployment rate, hash the whole.

        Without `offre`, only France Services is known, from `sites`.
        """
        communes = check_frame(communes, COMMUNES, "commun.dim_communes")
        communes = communes.sort_values(["latitude", "longitude", "code_commune"], ignore_index=True)
        if communes.code_commune.duplicated().any():
            twice = communes.code_commune[communes.code_commune.duplicated()].iloc[0]
            raise ErreurRecommandation(f"commune {twice} en double", source="commun.dim_communes")
        if communes.empty:
            raise ErreurRecommandation("aucune commune", source="commun.dim_communes", conseil="construire l'entrepôt")
        active = communes.actifs_15_64.where(communes.actifs_15_64 > 0)
        communes["taux_chomage_pct"] = (100 * communes.chomeurs_15_64 / active).clip(upper=100)
        sites = check_frame(sites, SITES, "usages.fait_france_services")
        lieux = check_frame(lieux, LIEUX, "commun.dim_lieux")
        populations = check_frame(populations, POPULATIONS, "commun.fait_populations")
        offre = _offre_of_sites(sites) if offre is None else check_frame(offre, OFFRE, "fait_offre_services")
        frames = [
            communes,
            sites.sort_values("id_site", ignore_index=True),
            lieux.sort_values(["nature", "code_commune", "nom", "latitude", "longitude"], ignore_index=True),
            populations.sort_values(["code_commune", "millesime"], ignore_index=True),
            offre.sort_values(["service", "id_offre"], ignore_index=True),
            check_frame(empty() if histoire is None else histoire, HISTOIRE, "commun.fait_equipements").sort_values(
                ["nature", "code_commune"], ignore_index=True
            ),
            (pd.DataFrame(columns=list(DISTANCIER)) if distancier is None else distancier).sort_values(
                ["code_origine", "code_destination"], ignore_index=True
            ),
        ]
        return cls(generation, est_simulee, *frames, empreinte=_fingerprint(frames))

    def commune_index(self, codes) -> np.ndarray:
        """Position of each code in `communes`, -1 when unknown; int array of the same length."""
        return pd.Index(self.communes.code_commune).get_indexer(pd.Index(codes))

    def sites_of(self, service: str) -> pd.DataFrame:
        """Places of a service: id_site, nom, code_commune, latitude, longitude, nombre, capacite, format; by id."""
        chosen = self.offre[self.offre.service == service]
        columns = ["id_offre", "nom", "code_commune", "latitude", "longitude", "nombre", "capacite", "format"]
        return chosen[columns].rename(columns={"id_offre": "id_site"}).reset_index(drop=True)

    def places_of(self, nature: str) -> pd.DataFrame:
        """Places of a nature of host or mediator: code_commune, nom, latitude, longitude."""
        if nature in HOTES_PAR_SERVICE:
            return self.sites_of(HOTES_PAR_SERVICE[nature])
        return self.lieux[self.lieux.nature == nature]


def _offre_of_sites(sites: pd.DataFrame) -> pd.DataFrame:
    """The France Services list as an offer, with the declared capacities."""
    from models_ml.services import fs_capacities

    kind = pd.Series(np.where(sites.format == "bus", "bus", sites.type_site), index=sites.index)
    frame = sites[["code_commune", "nom", "latitude", "longitude", "format"]].assign(
        id_offre=sites.id_site, service="france_services", nombre=1.0, capacite=kind.map(fs_capacities()),
        source="anct__france_services", millesime=None,
    )  # fmt: skip
    return check_frame(frame, OFFRE, "usages.fait_france_services")


def _fingerprint(frames: list[pd.DataFrame]) -> str:
    digest = hashlib.sha256()
    for frame in frames:
        digest.update("|".join(frame.columns).encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()
