"""Coverage plans against the greedy heuristic."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from models_ml.bancs import RAYON_TERRE_KM, Banc, load_places, median_seconds
from models_ml.deplacements import Lieux, within_km
from models_ml.optimisation.heuristiques import covered_weight, greedy
from models_ml.plan import couverture_maximale


def bench_couverture() -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`, for the largest plan; the ratio is how short greedy alone stops."""
    one = measure_couverture()[-1]
    label = f"Couverture, {one.detail} (pair : {one.reference})"
    return (
        label,
        f"{one.reference_s:.2f} s",
        f"{one.notre_s:.2f} s",
        f"glouton à {one.ecart_relatif:.2%}",
        "≤ 10 s, prouvé",
    )


def bench_page_blanche(sites: int = 500, radius_km: float = 10.0) -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`: the best sites of a country that has none, every commune a candidate."""
    communes, _, people, nature = load_places()
    cover = _near(communes, communes, radius_km)
    quick_s, quick = median_seconds(lambda: greedy(cover, people, sites), 1)
    plan = couverture_maximale(cover, people, sites, gap=1e-3, time_limit=115)
    short = 1 - covered_weight(cover, people, quick) / plan.borne
    state = "prouvé" if plan.prouve else "NON prouvé"
    label = f"Page blanche, {len(communes)} × {len(communes)}, p = {sites}, {radius_km:g} km, {nature} (pair : glouton)"
    ours = f"{plan.duree_s:.0f} s, écart {plan.ecart:.2%} {state}"
    return label, f"{quick_s:.2f} s", ours, f"glouton à {short:.2%}", "≤ 0,1 % en ≤ 120 s"


def measure_couverture(sites: tuple[int, ...] = (100, 300, 500), radius_km: float = 10.0) -> list[Banc]:
    """Add p sites to the network within a radius: our plan proven to 1e-4 against greedy alone, how short it stops."""
    communes, network, people, nature = load_places()
    cover = sparse.hstack([_near(communes, communes, radius_km), _near(communes, network, radius_km)]).tocsr()
    existing = np.arange(len(communes), cover.shape[1])
    covered = np.asarray(cover[:, existing].sum(axis=1)).ravel() > 0
    own = cover[:, : len(communes)]
    results = []
    for p in sites:
        quick_s, quick = median_seconds(lambda p=p: greedy(own, people, p, covered), 1)
        plan = couverture_maximale(cover, people, p, existing, gap=1e-4, time_limit=120)
        reached = covered_weight(cover, people, [*quick, *existing])
        detail = (
            f"p = {p}, {radius_km:g} km : objectif {plan.objectif:.0f}, borne {plan.borne:.0f}, "
            f"écart {plan.ecart:.2e}, "
            f"{'prouvé' if plan.prouve else 'non prouvé'}, {nature}"
        )
        short = (plan.borne - reached) / plan.borne
        results.append(Banc(f"couverture_{p}", "glouton", quick_s, plan.duree_s, quick_s / plan.duree_s, short, detail))
    return results


def _near(origins: Lieux, destinations: Lieux, radius_km: float) -> sparse.csr_matrix:
    i, j, _ = within_km(origins, destinations, radius_km, RAYON_TERRE_KM)
    return sparse.csr_matrix((np.ones(len(i)), (i, j)), (len(origins), len(destinations)))
