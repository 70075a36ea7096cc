"""The simulation as a command: repeatable bytes, no useless rewriting, no foreign folder touched, no real name."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest

from pilotage.catalogue import load_catalogue
from pilotage.errors import ErreurConfiguration
from pilotage.simulation import noms, write_simulation
from pilotage.simulation.territoire import codes_departements

PETITE = 60


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def petite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("petite")
    write_simulation(folder, PETITE, 7)
    return folder


def test_same_arguments_give_the_same_bytes(petite: Path, tmp_path: Path) -> None:
    manifest = write_simulation(tmp_path / "autre", PETITE, 7)
    assert fingerprints(tmp_path / "autre") == fingerprints(petite)
    assert manifest.fichiers == len(fingerprints(petite)) - 2, "all but the mark and the inventory"
    assert not manifest.inchange


def test_another_seed_gives_another_territory(petite: Path, tmp_path: Path) -> None:
    write_simulation(tmp_path, PETITE, 8)
    assert set(fingerprints(tmp_path)) == set(fingerprints(petite))
    cog = "insee__communes/2025/v_commune_2025.csv"
    assert fingerprints(tmp_path)[cog] != fingerprints(petite)[cog]


def test_writing_again_touches_nothing(petite: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in petite.rglob("*") if p.is_file()}
    assert write_simulation(petite, PETITE, 7).inchange
    assert {p: p.stat().st_mtime_ns for p in petite.rglob("*") if p.is_file()} == before


def test_a_truncated_file_is_written_again(petite: Path, tmp_path: Path) -> None:
    write_simulation(tmp_path, PETITE, 7)
    coupe = tmp_path / "anct__ruralite/2026-07-02/ruralite.csv"
    coupe.write_bytes(coupe.read_bytes()[:100])
    assert not write_simulation(tmp_path, PETITE, 7).inchange
    assert fingerprints(tmp_path) == fingerprints(petite)


def test_other_arguments_replace_the_former_simulation(tmp_path: Path) -> None:
    write_simulation(tmp_path, PETITE, 7)
    (tmp_path / "reste.csv").write_text("d'une version précédente")
    assert write_simulation(tmp_path, PETITE + 1, 7).communes == PETITE + 1
    assert not (tmp_path / "reste.csv").exists()


def test_a_folder_of_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    precieux = tmp_path / "MANIFEST.tsv"
    precieux.write_text("source\tmillesime\n")
    with pytest.raises(ErreurConfiguration, match="pas vide"):
        write_simulation(tmp_path, PETITE, 7)
    assert precieux.read_text() == "source\tmillesime\n"


def test_too_few_communes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ErreurConfiguration, match="50 communes"):
        write_simulation(tmp_path, 49)


@pytest.mark.parametrize("communes", [50, 200])
@pytest.mark.parametrize("graine", [0, 1, 99])
def test_the_number_of_communes_is_exact(tmp_path: Path, communes: int, graine: int) -> None:
    write_simulation(tmp_path, communes, graine)
    with (tmp_path / "insee__communes/2025/v_commune_2025.csv").open(encoding="utf-8") as f:
        assert sum(r["TYPECOM"] == "COM" for r in csv.DictReader(f)) == communes


def test_manifest_tells_that_all_is_simulated(petite: Path) -> None:
    with (petite / "MANIFEST.tsv").open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    assert {row["source"] for row in rows} == set(load_catalogue()), "every source has its simulated files"
    for row in rows:
        contenu = (petite / row["source"] / row["millesime"] / row["file"]).read_bytes()
        assert hashlib.sha256(contenu).hexdigest() == row["sha256"]
        assert row["kind"] == "simulated"
        assert row["remarks"].startswith("DONNÉES SIMULÉES")
    assert "DONNÉES SIMULÉES" in (petite / "SIMULATION").read_text("utf-8")


def test_codes_have_the_form_of_official_ones(petite: Path) -> None:
    with (petite / "insee__communes/2025/v_commune_2025.csv").open(encoding="utf-8") as f:
        codes = [r["COM"] for r in csv.DictReader(f)]
    assert all(re.fullmatch(r"(\d{2}|2[AB])\d{3}", code) for code in codes)
    assert {"01", "2A", "2B"} <= set(codes_departements(4))
    assert len(set(large := codes_departements(900))) == 900
    assert not {"98", "00"} & set(large), "98 begins collectivities' codes; 00 loses zeros that nobody can give back"


def test_siren_and_siret_have_a_valid_key(petite: Path) -> None:
    fichier = petite / "anct__conseillers_numeriques/2023-04-05/20230405-3925-cnfs.csv"
    sirets = [r["SIRET"] for r in csv.DictReader(io.StringIO(fichier.read_text("utf-8")), delimiter=";")]
    assert sirets
    for siret in sirets:
        assert re.fullmatch(r"29\d{12}", siret)
        assert all(sum(sum(divmod(int(c) * (1 + k % 2), 10)) for k, c in enumerate(reversed(n))) % 10 == 0
                   for n in (siret, siret[:9]))  # fmt: skip


def real_names(mirror: Path) -> set[str]:
    """Every name that a commune of France bears or bore, upper case without accents."""
    found: set[str] = set()
    for fichier in [*mirror.glob("insee__communes/*/*.csv"), *mirror.glob("insee__mouvements_communes/*/*.csv")]:
        with fichier.open(encoding="utf-8") as f:
            for row in csv.DictReader(f):
                found |= {row[c] for c in ("NCC", "NCC_AV", "NCC_AP") if row.get(c)}
    zip_ = zipfile.ZipFile(mirror / "insee__communes/2019/cog_ensemble_2019_csv.zip")
    texte = io.StringIO(zip_.read("communes-01012019.csv").decode("utf-8-sig"))
    return found | {row["ncc"] for row in csv.DictReader(texte)}


def test_no_name_of_a_real_commune(mirror: Path, tmp_path: Path) -> None:
    write_simulation(tmp_path, 1200, 2026)
    reels, simules = real_names(mirror), real_names(tmp_path)
    assert len(reels) > 35_000
    assert len(simules) > 1_200
    assert not reels & simules


def test_roots_cannot_be_in_a_real_name(mirror: Path) -> None:
    """Whatever the seed: the pair of letters that every root holds is in no real name."""
    paires = {re.match("[bcdfghjklmnpqrstvwxz]{2}|.k|.j", noms.majuscules("o" + p)[1:].lower()).group()
              for p in noms.PIVOTS}  # fmt: skip
    reels = " ".join(real_names(mirror)).lower()
    assert paires
    assert not [paire for paire in paires if paire in reels]
