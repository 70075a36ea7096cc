"""The warehouse against a recomputation by other means, on territories and indicators drawn at random."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.entrepot_reel import EntrepotReel
from tests.recalcul import NIVEAUX, RECALCULS, Miroir, draw, value

GRAINE = 2026


@pytest.fixture(scope="module")
def miroir(mirror: Path) -> Miroir:
    return Miroir(mirror)


def test_ten_indicators_by_five_territories_are_equal(entrepot_reel: EntrepotReel, miroir: Miroir) -> None:
    parts = {}
    for code, level, place in draw(miroir, GRAINE, 10, 5):
        vintage, factor, recompute = RECALCULS[code]
        parts[code] = parts[code] if code in parts else recompute(miroir)
        ours = value(parts[code], factor, miroir.territory(level, place))
        axe = "infrastructures" if code.startswith(("fibre", "debit", "ecart")) else "usages"
        rows = entrepot_reel.frame(
            f"SELECT valeur FROM {{{axe}}}.indicateurs_{axe} WHERE code_indicateur = '{code}' "
            f"AND cle_territoire = '{level}:{place}' AND millesime = '{vintage}'"
        )
        theirs = float(rows.valeur.iloc[0]) if len(rows) else math.nan
        assert theirs == pytest.approx(ours, rel=1e-9, nan_ok=True), f"{code}, {level} {place}"


def test_the_draw_takes_every_level_and_does_not_change(miroir: Miroir) -> None:
    drawn = draw(miroir, GRAINE, 10, 5)
    assert len(drawn) == 50 and len({code for code, _, _ in drawn}) == 10
    assert {level for _, level, _ in drawn} == set(NIVEAUX)
    assert drawn == draw(miroir, GRAINE, 10, 5) != draw(miroir, GRAINE + 1, 10, 5)
