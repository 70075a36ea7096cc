"""A small fictional country for the recommender's tests: communes on a grid, sites, places and label dates."""

import numpy as np
import pandas as pd

from models_ml.donnees import Donnees


def build_communes(n: int, rng) -> pd.DataFrame:
    side = int(np.ceil(np.sqrt(n)))
    rows, columns = np.divmod(np.arange(n), side)
    scores = {
        name: rng.integers(0, 11, n).astype(float)
        for name in ("score_thd", "score_4g", "score_pauvrete", "score_65_ans", "score_diplome")
    }
    active = rng.integers(100, 400, n).astype(float)
    return pd.DataFrame(
        {
            "code_commune": [f"{10 + k // 100:02d}{k % 100 + 1:03d}" for k in range(n)],
            "nom_commune": [f"Commune {k}" for k in range(n)],
            "code_departement": [f"{10 + k // 100:02d}" for k in range(n)],
            "code_region": "84",
            "siren_epci": [f"2000000{k // 20:02d}" for k in range(n)],
            "niveau_densite": rng.integers(4, 8, n).astype(float),
            "classe_ruralite": None,
            "population": np.round(rng.lognormal(6.3, 1.2, n)),
            "latitude": 45 + 0.06 * rows + rng.normal(0, 0.01, n),
            "longitude": 2 + 0.09 * columns + rng.normal(0, 0.01, n),
            "superficie_km2": rng.uniform(5, 30, n),
            "revenu_median_eur": np.where(np.arange(n) % 50 == 5, np.nan, rng.normal(22000, 2500, n)),
            "taux_pauvrete_pct": np.nan,
            "chomeurs_15_64": np.round(active * rng.uniform(0.03, 0.2, n)),
            "actifs_15_64": active,
            **scores,
        }
    )


def build_donnees(n: int = 400, sites: int = 20, seed: int = 0, generation: str = "g20260101t000000") -> Donnees:
    """n communes and as many sites as asked for, the largest communes first; dated from 2020 to 2024."""
    rng = np.random.default_rng(seed)
    communes = build_communes(n, rng)
    order = np.argsort(-communes.population.to_numpy() * rng.uniform(0.3, 1, n), kind="stable")[:sites]
    held = communes.iloc[order]
    dates = pd.to_datetime("2020-02-01") + pd.to_timedelta(np.linspace(0, 1500, sites).round(), unit="D")
    fs = pd.DataFrame(
        {
            "id_site": [str(k) for k in range(sites)],
            "nom": "France services de " + held.nom_commune.to_numpy(),
            "code_commune": held.code_commune.to_numpy(),
            "latitude": held.latitude.to_numpy() + 0.002,
            "longitude": held.longitude.to_numpy(),
            "date_ouverture": dates,
            "format": np.where(np.arange(sites) % 10 == 9, "bus", "fixe"),
            "type_site": np.where(np.arange(sites) % 7 == 6, "antenne", "principal"),
        }
    )
    hosts = communes.iloc[::5]
    lieux = pd.DataFrame(
        {
            "nature": np.where(np.arange(len(hosts)) % 2, "bibliotheque", "mediation"),
            "code_commune": hosts.code_commune.to_numpy(),
            "nom": "Lieu de " + hosts.nom_commune.to_numpy(),
            "latitude": hosts.latitude.to_numpy(),
            "longitude": hosts.longitude.to_numpy(),
            "millesime": "2020-11",
        }
    )
    populations = pd.concat(
        [
            pd.DataFrame(
                {"code_commune": communes.code_commune, "millesime": year, "population_municipale": communes.population}
            )
            for year in ("2017", "2019", "2022")
        ]
    )
    return Donnees.assemble(
        generation=generation, est_simulee=True, communes=communes, sites=fs, lieux=lieux, populations=populations
    )
