"""Benchmarks, both sides measured in one run: `make bench` reads their results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sqlalchemy.exc import SQLAlchemyError

from models_ml.acces import e2sfca
from models_ml.deplacements import Lieux, within_km
from models_ml.plan import couverture_maximale
from pilotage.errors import ErreurPilotage

RAYON_TERRE_KM = 6371.0088
PORTEE_KM = 30.0
GRAPPES = 300


@dataclass(frozen=True)
class Banc:
    """One comparison: medians in seconds, their ratio (reference over ours), the greatest relative difference of the
    results, and what was measured."""

    nom: str
    reference: str
    reference_s: float
    notre_s: float
    rapport: float
    ecart_relatif: float
    detail: str


def bench_e2sfca() -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`: measure, peer, ours, ratio, aim."""
    one = measure_e2sfca()
    label = f"E2SFCA, {one.detail} ; écart relatif {one.ecart_relatif:.0e} (pair : {one.reference})"
    return label, f"{one.reference_s:.3f} s", f"{one.notre_s:.4f} s", f"{one.rapport:.0f}", "≥ 200, égal à 1e-9"


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


def load_places() -> tuple[Lieux, Lieux, np.ndarray, str]:
    """Communes, sites and populations of the visible generation; without one, a drawn country of the same size."""
    from models_ml.deplacements import commune_places, site_places
    from models_ml.lecture import load_donnees

    try:
        donnees = load_donnees()
    except (ErreurPilotage, SQLAlchemyError, OSError):
        return (*draw_country(), "pays tiré au sort, faute d'entrepôt")
    communes = commune_places(donnees.communes)
    sites = donnees.sites
    targets = site_places(sites.latitude, sites.longitude, donnees.commune_index(sites.code_commune), communes)
    people = np.nan_to_num(donnees.communes.population.to_numpy())
    return communes, targets, people, "données simulées" if donnees.est_simulee else "données réelles"


def draw_country(n: int = 35_000, m: int = 2_726, seed: int = 2026) -> tuple[Lieux, Lieux, np.ndarray]:
    """n communes in clusters over mainland France's box, m of them with a site, log-normal populations."""
    rng = np.random.default_rng(seed)
    centre = rng.integers(0, GRAPPES, n)
    middle = np.column_stack([rng.uniform(42.5, 51, GRAPPES), rng.uniform(-4, 8, GRAPPES)])
    position = middle[centre] + rng.normal(0, 0.25, (n, 2))
    people = np.round(rng.lognormal(6.2, 1.3, n))
    held = np.sort(rng.choice(n, m, replace=False, p=people / people.sum()))

    def places(rows: np.ndarray) -> Lieux:
        speed, land = np.full(len(rows), 50.0), np.zeros(len(rows), int)
        return Lieux(position[rows, 0], position[rows, 1], speed, rows, land)

    return places(np.arange(n)), places(held), people


def median_seconds(action: Callable[[], object], times: int) -> tuple[float, object]:
    """Median wall time of `times` calls, and the last result."""
    seconds, result = [], None
    for _ in range(times):
        start = time.perf_counter()
        result = action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


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


def measure_couverture(sites: tuple[int, ...] = (100, 300, 500), radius_km: float = 10.0) -> list[Banc]:
    """Add p sites to the network within a radius: our plan proven to 1e-4 against greedy alone, how short it stops."""
    from models_ml.heuristiques import covered_weight, greedy

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
