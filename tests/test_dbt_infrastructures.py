"""Star schema of infrastructures on real files, against figures worked out from the files by other means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pilotage.config import RACINE
from tests.miroir_recommandation import build_passage

pytestmark = pytest.mark.lent
OUTRE_MER = ("97501", "97502", "97701", "97801")


def _csv(path: Path, **options) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


def _count(column: pd.Series) -> pd.Series:
    """« 12 394 » -> 12394 and « - » -> 0, as ARCEP's sheets write them."""
    return column.str.replace(r"\s", "", regex=True).replace("-", "0").astype(int)


@pytest.fixture(scope="module")
def fibre(mirror: Path) -> pd.DataFrame:
    """The two ARCEP sheets of 2018T1: premises and connectable premises by commune of then."""
    folder = mirror / "arcep__deploiement_fibre/2018T1"
    base = _csv(folder / "communes.csv", skiprows=4).set_index("Code commune")
    lines = _csv(folder / "ftthCommunes.csv", skiprows=4)
    counts = lines[lines["Champ"] == "Locaux Raccordables"].set_index("Code commune")
    return pd.DataFrame(
        {
            "departement": base["Code département"],
            "logements": _count(base["Logements"]),
            "etablissements": _count(base["Établissements"]),
            **{quarter: _count(counts[quarter]) for quarter in ("T3 2017", "T4 2017", "T1 2018")},
        }
    )


def test_premises_of_2018_are_the_same_before_and_after_carrying(entrepot_reel, fibre) -> None:
    carried = entrepot_reel.frame(
        "SELECT SUM(logements) AS logements, SUM(etablissements) AS etablissements, "
        "SUM(locaux_raccordables) AS raccordables "
        "FROM {infrastructures}.fait_deploiement_fibre WHERE trimestre = '2018T1'"
    ).iloc[0]
    assert (fibre["logements"].sum(), fibre["etablissements"].sum()) == (34_886_407, 1_896_183)
    assert carried.logements == pytest.approx(34_886_407, abs=1e-3)
    assert carried.etablissements == pytest.approx(1_896_183, abs=1e-3)
    assert carried.raccordables == pytest.approx(fibre["T1 2018"].sum(), abs=1e-3) == 10_965_667


def test_fibre_rate_of_departements_is_that_of_the_sheets(entrepot_reel, fibre) -> None:
    """No merger since 2018 crosses a département: its premises are those of the communes of then."""
    ours = entrepot_reel.indicator("infrastructures", "fibre_raccordable", "departement", "2018T1")
    sums = fibre.drop(index=list(OUTRE_MER)).groupby("departement").sum()
    sums["taux"] = 100 * sums["T1 2018"] / (sums["logements"] + sums["etablissements"])
    assert len(ours) == 101
    assert list(ours.index) == list(sums.index)
    assert (ours["numerateur"] - sums["T1 2018"]).abs().max() < 1e-6
    assert (ours["valeur"] - sums["taux"]).abs().max() < 1e-9


def test_figures_told_at_the_time_are_found_again(entrepot_reel) -> None:
    """Regions at the end of 2017 as the press gave them from ARCEP (futura-sciences.com, « internet fibre optique
    déploiement France »), and classes of départements on ARCEP's map at the end of T3 2017 (amf.asso.fr, 25003)."""
    regions = entrepot_reel.indicator("infrastructures", "fibre_raccordable", "region", "2017T4")["numerateur"]
    assert [round(regions[code], -3) for code in ("11", "84", "93")] == [3_751_000, 1_241_000, 830_000]
    rates = entrepot_reel.indicator("infrastructures", "fibre_raccordable", "departement", "2017T3")["valeur"]
    assert list(rates[rates > 80].index) == ["75", "92"]
    assert list(rates[(rates > 50) & (rates <= 80)].index) == ["69"]


def test_the_page_of_departements_says_what_the_warehouse_says(entrepot_reel) -> None:
    page = (RACINE / "docs" / "fibre_departements.md").read_text(encoding="utf-8")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    told = {cells[0]: float(cells[6].replace(",", ".")) for cells in lines if len(cells) == 7 and cells[0] != "code"}
    rates = entrepot_reel.indicator("infrastructures", "fibre_raccordable", "departement", "2018T1")["valeur"]
    assert set(told) == set(rates.index)
    assert max(abs(told[code] - rates[code]) for code in told) <= 0.05 + 1e-9


def test_speed_classes_are_cumulated(entrepot_reel, mirror) -> None:
    raw = _csv(mirror / "arcep__debits/2019-09-30/commune-debit-beta.csv", sep=";", skiprows=1)
    total = raw.loc[:, "inel_hd":"elig_thd1g"].astype(int).sum()
    ours = entrepot_reel.frame(
        "SELECT SUM(locaux) AS locaux, SUM(locaux_30_et_plus) AS a, SUM(locaux_100_et_plus) AS b, "
        "SUM(locaux_1g_et_plus) AS c FROM {infrastructures}.fait_debits"
    ).iloc[0]
    assert ours.locaux == pytest.approx(raw["nbr"].astype(int).sum())
    assert ours.c == pytest.approx(total["elig_thd1g"])
    assert ours.b == pytest.approx(total["elig_thd100"] + total["elig_thd1g"])
    assert ours.a == pytest.approx(total["elig_thd30"] + total["elig_thd100"] + total["elig_thd1g"])


def test_a_commune_where_nothing_was_counted_has_no_rate(entrepot_reel, mirror) -> None:
    raw = _csv(mirror / "arcep__debits/2019-09-30/commune-debit-beta.csv", sep=";", skiprows=1)
    empty = set(raw.loc[raw["nbr"] == "0", "code_insee"])
    served = set(entrepot_reel.indicator("infrastructures", "debit_30", "commune", "2019-09-30").index)
    passage = build_passage(mirror)
    alone = empty - set(passage) - set(passage.values())
    assert (len(empty), len(alone) >= 100) == (433, True)
    assert not alone & served
    assert entrepot_reel.frame("SELECT 1 FROM {infrastructures}.fait_debits WHERE locaux = 0").empty


def test_mobile_sites_say_nothing_of_the_mainland(entrepot_reel) -> None:
    rows = entrepot_reel.frame(
        "SELECT niveau, code_territoire, couverture_population_pct FROM {infrastructures}.indicateurs_infrastructures "
        "WHERE code_indicateur = 'sites_4g' AND niveau IN ('departement', 'france')"
    ).set_index("code_territoire")["couverture_population_pct"]
    assert set(rows.index) - {"FR", "FRANCE", "france"} == {"971", "972", "973", "974", "976"}
    assert rows.drop(["971", "972", "973", "974", "976"]).iloc[0] < 5
