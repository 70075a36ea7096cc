"""Accessibility against PySAL `access`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import sparse

from models_ml.acces import e2sfca
from models_ml.bancs import RAYON_TERRE_KM, Banc, load_places, median_seconds
from models_ml.deplacements import within_km
from models_ml.raam import raam

PORTEE_KM = 30.0
TAU_KM = 20.0


def bench_e2sfca() -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`: measure, peer, ours, ratio, aim."""
    one = measure_e2sfca()
    label = f"E2SFCA, {one.detail} ; écart relatif {one.ecart_relatif:.0e} (pair : {one.reference})"
    return label, f"{one.reference_s:.3f} s", f"{one.notre_s:.4f} s", f"{one.rapport:.0f}", "≥ 200, égal à 1e-9"


def bench_raam() -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`: RAAM on the same pairs; the peer holds the whole matrix, for minutes."""
    communes, sites, people, nature = load_places()
    i, j, km = within_km(communes, sites, PORTEE_KM, RAYON_TERRE_KM)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=len(communes)))])
    travel = sparse.csr_matrix((km, j, pointers), shape=(len(communes), len(sites)))
    people, supply = np.round(people), np.ones(len(sites))
    supply[np.bincount(j, minlength=len(sites)) == 0] = 0
    inhabited = people[i] > 0
    ours_s, ours = median_seconds(lambda: raam(people, supply, travel, tau=TAU_KM), 3)
    peer_s, theirs = median_seconds(lambda: _peer_raam(people, supply, i[inhabited], j[inhabited], km[inhabited]), 1)
    gap = float(np.max(np.abs(ours[theirs.index] / theirs.to_numpy() - 1)))
    label = f"RAAM, {len(km)} paires, {nature} ; écart relatif {gap:.0e} (pair : access)"
    return label, f"{peer_s:.1f} s", f"{ours_s:.2f} s", f"{peer_s / ours_s:.0f}", "≥ 50, égal"


def _peer_raam(people, supply, i, j, km) -> pd.Series:
    from access.raam import raam as peer

    demand = pd.DataFrame({"id": np.arange(len(people)), "people": people.astype(int)})
    offer = pd.DataFrame({"id": np.arange(len(supply)), "places": supply})
    return peer(
        demand, offer, pd.DataFrame({"origin": i, "dest": j, "cost": km}), demand_index="id", demand_name="people",
        supply_index="id", supply_name="places", tau=TAU_KM,
    )  # fmt: skip


def measure_e2sfca(times: int = 5) -> Banc:
    """E2SFCA within 30 km: ours on a sparse table against PySAL `access`, or against group-by sums of pandas."""
    communes, sites, people, nature = load_places()
    i, j, km = within_km(communes, sites, PORTEE_KM, RAYON_TERRE_KM)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=len(communes)))])
    travel = sparse.csr_matrix((km, j, pointers), shape=(len(communes), len(sites)))
    supply = np.ones(len(sites))
    ours_s, ours = median_seconds(lambda: e2sfca(people, supply, travel), times)
    name, reference = _reference(people, supply, i, j, km)
    reference_s, theirs = median_seconds(reference, 1 if name == "access" else times)
    finite = np.isfinite(theirs)  # the peer divides by zero around a site that nobody reaches
    difference = float(np.max(np.abs(ours - theirs)[finite] / np.maximum(theirs[finite], np.finfo(float).tiny)))
    detail = (
        f"{len(communes)} communes × {len(sites)} sites, {len(km)} paires à {PORTEE_KM:g} km, {nature} ; "
        f"{int((~finite).sum())} communes sans valeur finie chez la référence"
    )
    return Banc("e2sfca", name, reference_s, ours_s, reference_s / ours_s, difference, detail)


def _reference(people, supply, i, j, km) -> tuple[str, Callable[[], np.ndarray]]:
    """The peer if it is installed, else the formula with pandas joins and groups."""
    pairs = pd.DataFrame({"origin": i, "dest": j, "cost": km})
    try:
        import access
    except ImportError:
        return "pandas", lambda: _with_pandas(people, supply, pairs)
    demand = pd.DataFrame({"id": np.arange(len(people)), "people": people})
    offer = pd.DataFrame({"id": np.arange(len(supply)), "places": supply})

    def peer() -> np.ndarray:
        one = access.Access(
            demand_df=demand, demand_index="id", demand_value="people", supply_df=offer, supply_index="id",
            supply_value="places", cost_df=pairs, cost_origin="origin", cost_dest="dest", cost_name="cost",
        )  # fmt: skip
        step = access.weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
        result = one.enhanced_two_stage_fca(name="e", cost="cost", max_cost=30, weight_fn=step)
        return result["e_places"].reindex(np.arange(len(people))).fillna(0).to_numpy()

    return "access", peer


def _with_pandas(people, supply, pairs: pd.DataFrame) -> np.ndarray:
    weight = np.select([pairs.cost <= 10, pairs.cost <= 20, pairs.cost <= 30], [1, 0.68, 0.22], 0.0)
    pairs = pairs.assign(weight=weight)
    reached = (pairs.weight * people[pairs.origin]).groupby(pairs.dest).sum()
    ratio = pd.Series(supply).div(reached).replace(np.inf, 0).fillna(0)
    parts = pairs.weight * ratio.reindex(pairs.dest).to_numpy()
    return parts.groupby(pairs.origin).sum().reindex(np.arange(len(people))).fillna(0).to_numpy()
