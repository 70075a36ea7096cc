"""Scenario files: taken with finite numbers, or refused."""

from __future__ import annotations

import math

from models_ml.scenarios import SITES_MAX, read_scenario
from pilotage.apports import EXEMPLES
from pilotage.errors import ErreurRecommandation
from tests.fuzz.cibles import file_of


def seeds() -> list[bytes]:
    made = [path.read_bytes() for path in sorted((EXEMPLES / "scenarios").glob("*.yml"))]
    return [*made, b"nom: x\nbudget: {euros: 1.0e+5}\ncout_site_eur: 1\n", b"nom: x\nseuils: {service: .inf}\n"]


def run(data: bytes) -> None:
    try:
        scenario = read_scenario(file_of("s.yml", data))
        service, sites = scenario.tune(), scenario.sites()
    except ErreurRecommandation as error:
        assert str(error)
        return
    assert 0 <= sites <= SITES_MAX
    assert math.isfinite(service.seuil_min)
    assert all(math.isfinite(part.poids) for part in service.besoin.composantes.values())
