"""Building files reduced out of PostgreSQL: both engines, both forms and an independent count say the same."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pilotage.config import RACINE, Settings
from pilotage.errors import ErreurConfiguration, ErreurLecture
from pilotage.immeubles import forme, reduction
from pilotage.immeubles.forme import COLONNES, trimestre_of
from pilotage.immeubles.reduction import land_reduction, reduce_files
from pilotage.immeubles.simulation import FAUTES, simulate
from tests.oracle_immeubles import count, differences, read_raw

IMMEUBLES, COMMUNES = 20_000, 300
A_LA_MAIN = [  # imb_id, code_insee, catg_loc_imb, imb_etat, code_l331, date_completude
    ("IMB/A", "{c}", "individuel", "deploye", "FRTE", "2024-01-15"),
    ("IMB/A", "{c}", "entre 2 et 11", "Déployé", "SFR0", "2025-02-01"),  # a later declaration by another operator
    ("IMB/A", "{c}", "individuel", "cible", "BOUY", ""),  # no date: never the latest
    ("IMB/B", " {c} ", "Individuel", "EN_COURS_DE_DEPLOIEMENT", " frte ", "2024"),  # «2024» is no date
    ("IMB/B", "{c}", "individuel", "signe", "FRTE", "31/12/2024"),  # nor is this: the most advanced state wins
    ("IMB/C", "{c}", "", "abandonne", "", ""),
    ("IMB/D", "99999", "individuel", "deploye", "FRTE", ""),
    ("IMB/E", "{c}", "individuel", " ", "FRTE", ""),
    ("IMB/F", "{c}", "individuel", "en attente", "FRTE", ""),
    ("", "{c}", "individuel", "deploye", "FRTE", ""),
]


@pytest.fixture(scope="module")
def brut(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Two simulated quarters and one written by hand, as CSV and as Parquet."""
    folder = tmp_path_factory.mktemp("immeubles") / "brut"
    written = simulate(IMMEUBLES, COMMUNES, 7, folder, ("2026T1", "2026T2"))
    code = next(c for c in pl.read_csv(written.communes, infer_schema=False)["COM"] if c.startswith("0"))
    by_hand = folder / "carte_fibre_immeubles_2025_T4_main.csv"
    with by_hand.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLONNES, restval="", quoting=csv.QUOTE_MINIMAL)
        writer.writeheader()
        for values in A_LA_MAIN:
            row = dict(zip(forme.LUES, (v.format(c=code) for v in values), strict=True))
            writer.writerow(row | {"nom_voie": 'RUE DITE "LA VIEILLE", CÔTÉ EST'})
    kept_as_text = pa.csv.ConvertOptions(column_types=dict.fromkeys(COLONNES, pa.string()), strings_can_be_null=False)
    hand = written.parquet / "trimestre=2025T4"
    hand.mkdir()
    pq.write_table(pa.csv.read_csv(by_hand, convert_options=kept_as_text), hand / "main.parquet")
    return SimpleNamespace(ecrits=written, csv=[*written.csv, by_hand], code=code)


def _reduce(brut: SimpleNamespace, moteur: str, entrees: list[Path], sortie: Path) -> reduction.Reduction:
    lack = reduction.missing(moteur)
    if lack:
        pytest.skip(str(lack))
    options = ["--grappe", "local[2]", "--partitions", "2", "--memoire", "300MB"]
    return reduce_files(entrees, brut.ecrits.communes, sortie, moteur, options)


@pytest.fixture(scope="module")
def par_duckdb(brut: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> reduction.Reduction:
    return _reduce(brut, "duckdb", brut.csv, tmp_path_factory.mktemp("duckdb"))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def test_reduction_equals_an_independent_count(brut: SimpleNamespace, par_duckdb: reduction.Reduction) -> None:
    expected = count(brut.ecrits.dossier, brut.ecrits.communes)
    assert differences(par_duckdb.sortie, expected) == []
    assert expected["quarantaine_immeubles"]["nb_lignes"].sum() == brut.ecrits.lignes + len(A_LA_MAIN)
    assert par_duckdb.trimestres == ["2025T4", "2026T1", "2026T2"]


def test_csv_and_parquet_give_the_same_bytes(
    brut: SimpleNamespace, par_duckdb: reduction.Reduction, tmp_path: Path
) -> None:
    other = _reduce(brut, "duckdb", [brut.ecrits.parquet], tmp_path)
    assert _bytes(other.sortie) == _bytes(par_duckdb.sortie)


def test_spark_gives_the_bytes_of_duckdb(
    brut: SimpleNamespace, par_duckdb: reduction.Reduction, tmp_path: Path
) -> None:
    other = _reduce(brut, "spark", brut.csv, tmp_path)
    assert _bytes(other.sortie) == _bytes(par_duckdb.sortie)


def test_lines_written_by_hand_are_counted_as_read(brut: SimpleNamespace, par_duckdb: reduction.Reduction) -> None:
    fact = pl.read_parquet(par_duckdb.sortie / "fait_immeubles.parquet").filter(pl.col("trimestre") == "2025T4")
    assert sorted(fact.drop("trimestre", "code_commune").rows()) == [
        ("FRTE", "en cours de deploiement", 1, 2, 1, 0),
        ("NR", "abandonne", 1, 1, None, 1),  # no known size: no number of premises, not zero
        ("SFR0", "deploye", 1, 3, 2, 0),
    ]
    assert fact["code_commune"].unique().to_list() == [brut.code]
    shares = pl.read_parquet(par_duckdb.sortie / "deploiement_communes.parquet")
    shares = shares.filter(pl.col("trimestre") == "2025T4")
    assert shares.select("nb_immeubles", "numerateur", "denominateur", "part_deployee").rows() == [(3, 1, 2, 0.5)]
    lines = pl.read_parquet(par_duckdb.sortie / "quarantaine_immeubles.parquet")
    lines = dict(lines.filter(pl.col("trimestre") == "2025T4").drop("trimestre").rows())
    aside = dict.fromkeys(("sans_identifiant", "commune_inconnue", "etat_vide", "etat_inconnu"), 1)
    assert lines == {"gardee": 6} | aside


def test_faults_are_there_in_their_shares(brut: SimpleNamespace) -> None:
    raw = read_raw(brut.ecrits.parquet).filter(pl.col("trimestre") != "2025T4").collect()
    shares = {
        "etat_vide": raw["imb_etat"].str.strip_chars().eq("").mean(),
        "etat_inconnu": raw["imb_etat"].eq("en attente").mean(),
        "sans_operateur": raw["code_l331"].eq("").mean(),
        "sans_categorie": raw["catg_loc_imb"].eq("").mean(),
        "etat_ecrit_autrement": raw["imb_etat"].str.contains("^[A-Z]").mean(),
    }
    for fault, share in shares.items():
        assert FAUTES[fault] / 3 < share < FAUTES[fault] * 3, fault
    assert raw["code_insee"].str.contains(r"^\d{4}$").any()
    twice = raw.filter(pl.col("imb_id") != "").group_by("trimestre", "imb_id").agg(pl.col("code_l331").n_unique())
    assert 0 < twice.filter(pl.col("code_l331") > 1).height < len(twice) / 20


def test_a_deployed_building_stays_deployed(brut: SimpleNamespace) -> None:
    raw = read_raw(brut.ecrits.parquet).filter(pl.col("trimestre") != "2025T4").collect()
    once = raw.group_by("trimestre", "imb_id").agg(pl.len(), pl.col("imb_etat").first()).filter(pl.col("len") == 1)
    before, after = (once.filter(pl.col("trimestre") == q) for q in ("2026T1", "2026T2"))
    both = before.join(after, on="imb_id").filter(pl.col("imb_etat") == "deploye")
    changed = both.filter(~pl.col("imb_etat_right").str.to_lowercase().str.strip_chars().is_in(["deploye", ""]))
    assert len(both) > 1000
    assert set(changed["imb_etat_right"]) <= {"en attente"}


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (simulate(2000, 300, 5, tmp_path / name) for name in "ab")
    assert [p.read_bytes() for p in one.csv] == [p.read_bytes() for p in two.csv]
    with pytest.raises(ErreurConfiguration, match="pas vide"):
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "precieux.txt").touch()
        simulate(2000, 300, 5, tmp_path / "c")


def test_seeds_say_what_the_simulation_writes() -> None:
    seeds = RACINE / "dbt_immeubles" / "seeds"
    assert tuple(pl.read_csv(seeds / "etats.csv").sort("rang")["etat"]) == forme.ETATS
    assert dict(pl.read_csv(seeds / "tailles.csv").rows()) == forme.CATEGORIES


@pytest.mark.parametrize(
    ("nom", "trimestre"),
    [
        ("carte_fibre_immeubles_2026_T2_20260902.csv", "2026T2"),
        ("carte_fibre_immeubles_2024_3_20241106.csv", "2024T3"),
        ("2026t2-immeuble.zip", "2026T2"),
        ("trimestre=2025T1/part-0.parquet", "2025T1"),
    ],
)
def test_quarter_comes_from_the_name(nom: str, trimestre: str) -> None:
    assert trimestre_of(Path(nom)) == trimestre


def test_bad_inputs_are_named(brut: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = tmp_path / "carte_fibre_immeubles_2026_T2_x.csv"
    bad.write_text("imb_id;code_insee\n", encoding="utf-8")
    nameless = tmp_path / "immeubles.csv"
    nameless.write_text("", encoding="utf-8")
    monkeypatch.setattr(reduction, "missing", lambda moteur: None)
    for inputs, words in (
        ([bad], "colonnes absentes : imb_id, code_insee"),
        ([nameless], "le nom ne dit pas le trimestre"),
        ([brut.csv[0], brut.ecrits.parquet], "formes de fichiers"),
        ([tmp_path / "absent_2026_T1.csv"], "ni fichier"),
    ):
        with pytest.raises(ErreurLecture, match=words):
            reduce_files(inputs, brut.ecrits.communes, tmp_path / "sortie")


def test_missing_environment_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduction, "PYTHON", tmp_path / "python")
    with pytest.raises(ErreurConfiguration, match=r"\.venv-immeubles") as caught:
        reduce_files([], tmp_path, tmp_path)
    assert "make immeubles" in str(caught.value)
    monkeypatch.setattr(reduction, "PYTHON", RACINE / "Makefile")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "Java" in str(reduction.missing("spark"))
    assert reduction.missing("duckdb") is None


def test_reduced_fact_enters_the_warehouse(
    brut: SimpleNamespace, par_duckdb: reduction.Reduction, warehouse: Settings
) -> None:
    from pilotage.database import psycopg_connection
    from pilotage.fetch import reindex_landing
    from pilotage.gate import gate_source
    from pilotage.load import load_source

    done = land_reduction(warehouse, par_duckdb, brut.csv, "duckdb")
    assert "2026T2/immeubles_communes.csv" in done.livraisons
    receipts = [json.loads(p.read_text()) for p in warehouse.landing.rglob("arcep__immeubles/2026T2/*/*.recu.json")]
    assert len(receipts) == 2
    assert all(r["est_simule"] and brut.ecrits.csv[1].name in r["url"] for r in receipts)
    reindex_landing(forme.SOURCE)
    load_source(forme.SOURCE)
    gate_source(forme.SOURCE)
    with psycopg_connection() as connection:
        query = (
            "SELECT _millesime, sum(nb_immeubles::bigint), sum(nb_declarations::bigint) FROM raw.arcep__immeubles "
            "GROUP BY 1 ORDER BY 1"
        )
        loaded = connection.execute(query).fetchall()
    fact = count(brut.ecrits.dossier, brut.ecrits.communes)["fait_immeubles"]
    sums = fact.group_by("trimestre").agg(pl.col("nb_immeubles", "nb_declarations").sum()).sort("trimestre")
    assert [tuple(map(int, row[1:])) for row in loaded] == [row[1:] for row in sums.rows()]
    assert [row[0] for row in loaded] == ["2025T4", "2026T1", "2026T2"]


def test_real_and_simulated_buildings_never_share_a_landing(
    par_duckdb: reduction.Reduction, warehouse: Settings, tmp_path: Path
) -> None:
    real = tmp_path / "carte_fibre_immeubles_2026_T2_20260902.csv"
    real.touch()
    with pytest.raises(ErreurConfiguration, match="simulés"):
        land_reduction(warehouse, par_duckdb, [real], "duckdb")
