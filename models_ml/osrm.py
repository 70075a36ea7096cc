"""Minutes by road from an OSRM server: its `table` service, asked commune by commune for those around."""

from __future__ import annotations

import httpx
import numpy as np
import pandas as pd

from models_ml.deplacements import commune_places, within_km
from models_ml.distancier import COLONNES
from models_ml.parametres import load_deplacements
from pilotage.errors import ErreurRecommandation

LOT = 90
"""Destinations a request: a public server accepts a hundred places, the origin included."""
DELAI_S, ESSAIS = 30.0, 3


def ask_table(client: httpx.Client, base: str, places: np.ndarray) -> np.ndarray:
    """Minutes from the first of `places` (k, 2: latitude, longitude) to each of the others, NaN where no road leads.

    `GET /table/v1/driving/lon,lat;…?sources=0` of the OSRM HTTP API.

    Raises:
        ErreurRecommandation: the server does not answer, or answers something else.
    """
    path = ";".join(f"{longitude:.6f},{latitude:.6f}" for latitude, longitude in places)
    address = f"{base.rstrip('/')}/table/v1/driving/{path}"
    for attempt in range(1, ESSAIS + 1):
        try:
            answer = client.get(address, params={"sources": "0", "annotations": "duration"}, timeout=DELAI_S)
            content = answer.json()
            break
        except (httpx.HTTPError, ValueError) as error:
            if attempt == ESSAIS:
                raise ErreurRecommandation(
                    f"le serveur d'itinéraires ne répond pas ({type(error).__name__})", source="OSRM",
                    conseil="vérifier l'adresse, puis relancer",
                ) from error  # fmt: skip
    if answer.status_code != 200 or content.get("code") != "Ok":
        told = content.get("message") or content.get("code") or answer.status_code
        raise ErreurRecommandation(f"réponse refusée : {told}", source="OSRM", attendu="code « Ok »")
    row = content["durations"][0][1:]
    return np.array([np.nan if seconds is None else seconds / 60 for seconds in row], float)


def build_distancier(communes: pd.DataFrame, inside: np.ndarray, base: str, km: float) -> pd.DataFrame:
    """Minutes between the communes `inside`, bool (n,), and all those at most `km` away: rows of a distancier.

    A pair without a road is left out: it stays estimated, never zero.

    Raises:
        ErreurRecommandation: as `ask_table`.
    """
    places = commune_places(communes)
    i, j, _ = within_km(places, places, km, load_deplacements().rayon_terre_km)
    asked = inside[i] & (i != j) & (~inside[j] | (i < j))
    position, codes = np.column_stack([places.latitude, places.longitude]), communes.code_commune.to_numpy()
    rows = []
    with httpx.Client() as client:
        for origin in np.unique(i[asked]):
            near = j[asked & (i == origin)]
            for start in range(0, len(near), LOT):
                part = near[start : start + LOT]
                minutes = ask_table(client, base, position[np.concatenate([[origin], part])])
                rows += [(codes[origin], codes[k], m) for k, m in zip(part, minutes, strict=True) if np.isfinite(m)]
    return pd.DataFrame(rows, columns=list(COLONNES))
