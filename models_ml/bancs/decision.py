"""Every commune and every service decided, and whether two runs say the same."""

from __future__ import annotations

import hashlib
import time

from models_ml.calcul import compute_all
from models_ml.donnees import Donnees
from models_ml.ecriture import build_frames
from models_ml.lecture import load_donnees


def bench_decisions() -> tuple[str, str, str, str, str]:
    """Row of the table of `make bench`: two whole runs on the visible generation; their ratio is that of the runs.

    Raises:
        ErreurRecommandation: there is no visible generation.
    """
    donnees = load_donnees()
    (first_s, first, services), (second_s, second, _) = (run(donnees) for _ in range(2))
    nature = "données simulées" if donnees.est_simulee else "données réelles"
    label = f"Décisions, {len(donnees.communes)} communes × {services} services, {nature} (pair : le même, refait)"
    same = "tables identiques" if first == second else "TABLES DIFFÉRENTES"
    return label, f"{second_s:.1f} s", f"{first_s:.1f} s", f"{second_s / first_s:.2f}, {same}", "≤ 60 s, mêmes tables"


def run(donnees: Donnees) -> tuple[float, str, int]:
    """Seconds of one whole run without its writing, the SHA-256 of its tables, and its number of services."""
    digest, services, spent = hashlib.sha256(), 0, 0.0
    start = time.perf_counter()
    for result in compute_all(donnees):
        spent += time.perf_counter() - start
        services += 1
        for name, frame in build_frames(result).items():
            digest.update(name.encode() + frame.to_json(orient="values", double_precision=15).encode())
        start = time.perf_counter()
    return spent, digest.hexdigest(), services
