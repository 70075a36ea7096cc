"""The benchmark command: small files in the published formats, solved and reported; malformed ones say where."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models_ml.bancs import __main__ as commande
from models_ml.bancs.formats import FORMATS, read_orlib_pmed, read_orlib_pmedcap, read_orlib_uflp, read_sjc, read_tsplib
from pilotage.errors import ErreurRecommandation

PMED = "4 5 1\n1 2 9\n2 3 4\n3 4 0\n1 2 3\n2 2 8\n"
PMEDCAP = "2\n 1 5\n 3 1 10\n 1 0 0 2\n 2 3 4 3\n 3 1 1 5\n 2 7\n 2 1 9\n 1 0 0 2\n 2 1 1 3\n"
SJC = "3 1\n0.5 0 10 2\n3.5 4 10 3\n0.5 1 12 5\n"
TSP = (
    "NAME : quatre\nTYPE: TSP\nCOMMENT : quatre points\nDIMENSION : 4\nEDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n"
    "1 0 0\n2 1.0e+00 1\n3 5 5\n4 5 6\nEOF\n"
)
UFLP = "2 3\ncapacity 10.\ncapacity 12\n 4\n 1 8\n 5\n 2.5 1\n 1\n 9 2\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "essai.txt"
    path.write_text(text)
    return path


def run(*arguments: str):
    return CliRunner().invoke(commande.app, [str(part) for part in arguments])


def values(output: str) -> list[dict[str, str]]:
    lines = [line for line in output.splitlines() if re.match(r"probleme=", line)]
    return [dict(part.split("=", 1) for part in line.split(" ")) for line in lines]


def test_the_last_length_of_a_repeated_edge_counts_and_zero_is_a_length(tmp_path):
    (one,) = read_orlib_pmed(written(tmp_path, PMED))
    expected = [[0, 3, 7, 7], [3, 0, 4, 4], [7, 4, 0, 0], [7, 4, 0, 0]]
    assert one.costs.tolist() == expected and one.p == 1 and one.weights.tolist() == [1] * 4


def test_capacitated_distances_are_rounded_down_and_problems_follow_each_other(tmp_path):
    first, second = read_orlib_pmedcap(written(tmp_path, PMEDCAP))
    assert first.costs.tolist() == [[0, 5, 1], [5, 0, 3], [1, 3, 0]]
    assert (first.p, first.connu, first.capacities.tolist()) == (1, 5.0, [10.0] * 3)
    assert first.weights.tolist() == [2, 3, 5]
    assert second.costs.tolist() == [[0, 1], [1, 0]] and second.nom.endswith("-2")


@pytest.mark.parametrize("start", [" 1 5\n", ""])
def test_a_single_capacitated_problem_needs_no_count(tmp_path, start):
    (one,) = read_orlib_pmedcap(written(tmp_path, start + " 2 1 9\n 1 0 0 2\n 2 3 4 3\n"))
    assert one.costs.tolist() == [[0, 5], [5, 0]] and one.connu == (5.0 if start else None)


def test_sjc_distances_are_not_rounded(tmp_path):
    (one,) = read_sjc(written(tmp_path, SJC))
    assert np.allclose(one.costs, [[0, 5, 1], [5, 0, np.sqrt(18)], [1, np.sqrt(18), 0]])
    assert one.capacities.tolist() == [10, 10, 12] and one.weights.tolist() == [2, 3, 5]


def test_tsplib_rounds_only_when_asked(tmp_path):
    path = written(tmp_path, TSP)
    (plain,), (rounded,) = read_tsplib(path), read_tsplib(path, True)
    assert plain.costs[0, 1] == pytest.approx(np.sqrt(2)) and rounded.costs[0, 1] == 1
    assert plain.p is None


def test_the_word_capacity_stands_for_a_capacity(tmp_path):
    (one,) = read_orlib_uflp(written(tmp_path, UFLP))
    assert one.costs.tolist() == [[1, 8], [2.5, 1], [9, 2]] and one.fixed_costs.tolist() == [10, 12]


def test_the_command_prints_a_sentence_and_keys(tmp_path):
    result = run("orlib-pmed", written(tmp_path, PMED))
    assert result.exit_code == 0 and "optimum prouvé" in result.stdout
    (found,) = values(result.stdout)
    assert list(found) == ["probleme", "n", "m", "p", "sites", "objectif", "borne", "ecart", "prouve", "secondes"]
    assert (found["objectif"], found["borne"], found["prouve"]) == ("11", "11", "oui")
    (two,) = values(run("orlib-pmed", tmp_path / "essai.txt", "--p", "2").stdout)
    assert (two["objectif"], two["p"]) == ("3", "2")


def test_the_command_solves_facility_location_and_coordinates(tmp_path):
    (found,) = values(run("uflp-orlib", written(tmp_path, UFLP)).stdout)
    assert found["objectif"] == "22.5" and found["p"] == ""  # the first site alone; the second alone costs 23
    (found,) = values(run("tsplib-pmedian", written(tmp_path, TSP), "--p", "2").stdout)
    assert float(found["objectif"]) == pytest.approx(1 + np.sqrt(2), abs=1e-6)
    refused = run("tsplib-pmedian", tmp_path / "essai.txt")
    assert refused.exit_code == 1 and "--p" in refused.stderr


def test_the_command_solves_capacitated_problems_one_or_all(tmp_path):
    pytest.importorskip("models_ml.optimisation.capacite")
    path = written(tmp_path, PMEDCAP)
    assert [one["objectif"] for one in values(run("orlib-pmedcap", path).stdout)] == ["4", "1"]
    assert [one["objectif"] for one in values(run("orlib-pmedcap", path, "--probleme", "2").stdout)] == ["1"]
    assert run("orlib-pmedcap", path, "--probleme", "3").exit_code == 1
    (found,) = values(run("sjc-cpmp", written(tmp_path, SJC)).stdout)
    assert float(found["objectif"]) == pytest.approx(1 + np.sqrt(18), abs=1e-6)  # the third has the room for all


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("orlib-pmed", "3 2 1\n1 2 5\n", 2, "incomplet"),
        ("orlib-pmed", "3 1 1\n1 4 5\n", 2, "au plus 3"),
        ("orlib-pmed", "3 1 1\n1 2 x\n", 2, "« x »"),
        ("orlib-pmed", "3 1 1\n1 2 5\n2 3 5\n", 3, "en trop"),
        ("orlib-pmed", "", 1, "incomplet"),
        ("orlib-pmedcap", "1\n1 5\n2 1 9\n1 0 0 2\n2 0 0 -3\n", 5, "demande"),
        ("sjc-cpmp", "2 1\n0 0 5 1\n0 1 5\n", 3, "demande"),
        ("tsplib-pmedian", "DIMENSION : 2\nEDGE_WEIGHT_TYPE : GEO\nNODE_COORD_SECTION\n1 0 0\n", 1, "EUC_2D"),
        ("tsplib-pmedian", "NAME : vide\n", 1, "NODE_COORD_SECTION"),
        ("uflp-orlib", "1 1\ncapacity nan\n1\n1\n", 2, "« nan »"),
    ],
)
def test_a_malformed_file_says_where(tmp_path, name, text, line, words):
    path = written(tmp_path, text)
    with pytest.raises(ErreurRecommandation) as error:
        list(FORMATS[name](path, False))
    assert error.value.ligne == line and words in str(error.value) and str(path) in str(error.value)
    assert run(name, path).exit_code == 1


def test_an_absent_file_is_told(tmp_path):
    result = run("orlib-pmed", tmp_path / "absent.txt")
    assert result.exit_code == 1 and "illisible" in result.stderr
