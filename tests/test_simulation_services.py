"""Simulated files of the axis «services»: same heads as the real ones, and figures that hold together."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pilotage.catalogue import get_source
from pilotage.readers import describe, iter_records, read_columns
from pilotage.simulation import write_simulation
from pilotage.simulation.tiers_lieux import cut_short

ENTETES = (
    "education__ips/2022/fr-en-ips_ecoles_2022.csv", "education__ips/2022/fr-en-ips_colleges_2022.csv",
    "drees__maternites/2023/annuaire_maternites_DREES.csv",
    "cnam__professionnels_sante/2024/toutes_specialites_departement.csv",
    "drees__finess/2025-occitanie/finess_occitanie2.csv", "opendatafrance__organisations/2025-03-25/odf.csv",
    "datagouv__catalogue/2025-04-01-extrait/datagouv_catalog.csv",
)  # fmt: skip
ANNUAIRE = "education__annuaire/2025/annuaire_ecoles_france_mini.parquet"
JAMAIS_VUES = {
    "dinum__demarches": "2025-04/observatoire-demarches.csv", "betagouv__startups": "2025-04/startups.json",
    "scdl__deliberations": "2025-04/deliberations-consolidees.csv", "transport__covoiturage": "2025-04/bnlc.csv",
}  # fmt: skip


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulation")
    write_simulation(folder, 300, 2026)
    return folder


@pytest.mark.parametrize("chemin", ENTETES)
def test_header_is_byte_for_byte_the_real_one(mirror: Path, simulation: Path, chemin: str) -> None:
    real, ours = ((base / chemin).open("rb").readline() for base in (mirror, simulation))
    assert ours == real


def test_directory_has_the_columns_and_types_of_the_real_parquet(mirror: Path, simulation: Path) -> None:
    real, ours = (pq.read_schema(base / ANNUAIRE) for base in (mirror, simulation))
    assert ours.names == real.names
    assert [str(t) for t in ours.types] == [str(t) for t in real.types]
    assert json.loads(ours.metadata[b"geo"])["columns"]["geometry"]["encoding"] == "WKB"


def test_second_sites_repeat_the_pupils(simulation: Path) -> None:
    raw = pd.read_parquet(simulation / ANNUAIRE)
    twice = raw[raw.duplicated("identifiant_de_l_etablissement", keep=False)]
    assert len(twice) > 0
    assert twice.groupby("identifiant_de_l_etablissement")["nombre_d_eleves"].nunique(dropna=False).eq(1).all()


def test_totals_of_professionals_are_the_sum_of_their_detail(simulation: Path) -> None:
    raw = pd.read_csv(simulation / ENTETES[3], dtype=str, keep_default_na=False, encoding="utf-8-sig")
    raw = raw.astype({"effectif": int})
    detail = raw[raw["departement"] != "999"].groupby("profession_sante")["effectif"].sum()
    france = raw[raw["region"] == "99"].set_index("profession_sante")["effectif"]
    assert detail.to_dict() == france.to_dict()
    both = (
        france["Ensemble des médecins généralistes"] + france["Ensemble des médecins spécialistes (hors généralistes)"]
    )
    assert france["Ensemble des médecins"] == both


def test_overseas_maternities_carry_the_hospital_code(simulation: Path) -> None:
    raw = pd.read_csv(simulation / ENTETES[2], sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert not raw["COM"].str.startswith("97").any()
    assert raw.groupby("ANNEE").size().is_monotonic_decreasing


@pytest.mark.parametrize("source", JAMAIS_VUES)
def test_sources_never_seen_are_marked_and_readable(simulation: Path, source: str) -> None:
    card = get_source(source)
    assert not card.verifiee
    millesime, nom = JAMAIS_VUES[source].split("/")
    livre = describe(card, millesime, simulation / source / millesime / nom)
    assert {n for n in read_columns(livre).noms if n} == set(card.tables[0].noms)
    assert sum(1 for _ in iter_records(livre)) > 5


@pytest.mark.parametrize("combien", [0, 1, 18, 400])
def test_postcodes_cut_short_are_never_twice_there(combien: int) -> None:
    codes = [f"{departement:02d}{rang:03d}" for departement in range(1, 20) for rang in range(0, 40, 3)]
    ecrits = cut_short(codes, combien)
    changed = [(code, ecrit) for code, ecrit in zip(codes, ecrits, strict=True) if code != ecrit]
    assert len(set(ecrits)) == len(codes)
    assert len(changed) == min(combien, len({code[:4] for code in codes[1:]}))
    assert all(ecrit == f" {code[:4]}" for code, ecrit in changed)
