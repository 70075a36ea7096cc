"""Cards never read on a whole real file: their simulated files, and the few real lines that the mirror holds."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pilotage.catalogue import get_source
from pilotage.errors import ErreurLecture
from pilotage.readers import describe, iter_records, read_columns
from pilotage.simulation import write_simulation

EXTRAITS = "arcep__extraits_2026/2026T2-entetes"
LIVRES = {  # excerpt: (source, millésime, name at upstream, records)
    "internet-mci-debit.csv": ("arcep__debits", "2026-06-30", "commune_debit_terrestre.csv", 4),
    "internet-mci-best.csv": ("arcep__technologies", "2026-06-30", "commune_meilleure_techno_thd.csv", 4),
    "arcep-mci-statistiques-commune-head.csv": ("arcep__technologies", "2026-06-30", "commune.csv", 14),
    "arcep-mrm-sites-metropole-2026T1-head.csv": (
        "arcep__sites_metropole", "2026T1", "2026_T1_sites_Metropole.csv", 6,
    ),
    "internet-cuivre.csv": ("economie__fermeture_cuivre", "2026T2", "fermeture-reseau-cuivre.csv", 5),
}  # fmt: skip
FICHIERS = [(s, m, f) for s, m, f, _ in LIVRES.values()] + [
    ("arcep__carte_fibre", "2026T2", "2026t2-commune.zip"),
    ("datagouv__bornes_recharge", "2026-06-30", "consolidation-irve-statique.csv"),
]


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulation")
    write_simulation(folder, 300, 2026)
    return folder


@pytest.mark.parametrize("extrait", LIVRES)
def test_card_reads_the_real_lines(mirror: Path, tmp_path: Path, extrait: str) -> None:
    source, millesime, nom, lignes = LIVRES[extrait]
    shutil.copyfile(mirror / EXTRAITS / extrait, tmp_path / nom)
    livre = describe(get_source(source), millesime, tmp_path / nom)
    assert read_columns(livre).nouvelles == []
    assert len(list(iter_records(livre))) == lignes


@pytest.mark.parametrize("extrait", LIVRES)
def test_simulated_header_is_the_real_one(mirror: Path, simulation: Path, extrait: str) -> None:
    source, millesime, nom, _ = LIVRES[extrait]
    real = (mirror / EXTRAITS / extrait).open("rb").readline().strip()
    assert (simulation / source / millesime / nom).open("rb").readline().strip() == real


@pytest.mark.parametrize(("source", "millesime", "nom"), FICHIERS)
def test_card_reads_the_simulated_file(simulation: Path, source: str, millesime: str, nom: str) -> None:
    card = get_source(source)
    livre = describe(card, millesime, simulation / source / millesime / nom)
    assert read_columns(livre).nouvelles == []
    assert next(iter_records(livre)).rang == 1
    assert card.verifiee is (source == "arcep__debits")


def test_attributes_of_the_fibre_map_are_those_of_the_real_lines(mirror: Path, simulation: Path) -> None:
    real = (mirror / EXTRAITS / "arcep-cartefibre-communes-2026T2-dbf-head.csv").read_text("utf-8").splitlines()
    livre = describe(
        get_source("arcep__carte_fibre"), "2026T2", simulation / "arcep__carte_fibre/2026T2/2026t2-commune.zip"
    )
    assert read_columns(livre).entetes == real[0].split(",")


def test_accents_survive_a_cpg_that_lies(simulation: Path) -> None:
    """Text in latin-1 while the .cpg says UTF-8: read as the card says, not as the archive does."""
    path = simulation / "arcep__carte_fibre/2026T2/2026t2-commune.zip"
    card = get_source("arcep__carte_fibre")
    livre = describe(card, "2026T2", path)
    names = read_columns(livre).entetes
    record = dict(zip(names, next(iter_records(livre)).valeurs, strict=True))
    assert record["NOM_DEP"].startswith("Département simulé")
    table = card.tables[0]
    naive = table.fichiers[0].model_copy(update={"encodage": "utf-8"})
    with pytest.raises(ErreurLecture, match="illisible"):
        read_columns(type(livre)(card, "2026T2", path, table, naive))


def test_each_premises_counts_once_under_its_best_technology(simulation: Path) -> None:
    d = pd.read_csv(
        simulation / "arcep__technologies/2026-06-30/commune_meilleure_techno_thd.csv",
        sep=";",
        dtype={"code_insee": str},
    )
    parts = [c for c in d.columns if c.startswith("elig_")]
    assert len(parts) == 8
    assert (d[parts].sum(axis=1) == d["nbr_elig_8"]).all()


def test_speeds_of_2026_are_cumulative(simulation: Path) -> None:
    d = pd.read_csv(simulation / "arcep__debits/2026-06-30/commune_debit_terrestre.csv", sep=";")
    classes = ["elig_thd1g", "elig_thd100", "elig_thd30", "elig_bhd8", "elig_hd3", "elig_hd05"]
    for narrow, wide in itertools.pairwise(classes):
        assert (d[narrow] <= d[wide]).all()
    assert (d["elig_hd05"] + d["inel_hd"] == d["nbr"]).all()


def test_contacts_of_charge_points_stay_in_the_landing() -> None:
    kept = set(get_source("datagouv__bornes_recharge").tables[0].noms)
    assert not kept & {"contact_amenageur", "contact_operateur", "telephone_operateur"}


@pytest.mark.lent
def test_what_was_never_delivered_has_no_row_rather_than_zeros(entrepot_reel) -> None:
    """The mirror has none of these files: on real input their facts are empty and their indicators absent."""
    facts = ("fait_technologies", "fait_carte_fibre", "fait_sites_metropole", "fait_fermeture_cuivre")
    for fact in (*facts, "fait_bornes_recharge"):
        assert entrepot_reel.frame(f"SELECT COUNT(*) AS n FROM {{infrastructures}}.{fact}").n.iloc[0] == 0
    served = entrepot_reel.frame("SELECT DISTINCT code_indicateur FROM {infrastructures}.indicateurs_infrastructures")
    assert not {"bornes_recharge", "cuivre_ferme", "fibre_carte", "sites_5g_metropole"} & set(served["code_indicateur"])
    action = entrepot_reel.frame("SELECT mesure FROM {commun}.dim_actions WHERE code_action = 'objets_connectes'")
    assert action.mesure.iloc[0] == "données simulées seulement"
