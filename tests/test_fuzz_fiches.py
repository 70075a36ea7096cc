"""Cards and scenarios written by hand or by an enemy: taken, or refused in one sentence; no bomb, no key twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models_ml.scenarios import SITES_MAX, read_scenario
from pilotage.apports import EXEMPLES
from pilotage.catalogue import FICHES, read_card
from pilotage.errors import ErreurFiche, ErreurRecommandation
from tests.fuzz.profil import borne

CARTE = (FICHES / "arcep__debits.yml").read_text(encoding="utf-8")
SCENARIO = (EXEMPLES / "scenarios" / "trois_sites_equitables.yml").read_text(encoding="utf-8")
BOMBE = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)
FUSIONS = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 10)
)
MAUVAIS = [
    (BOMBE, "une fois les alias suivis"),
    (FUSIONS, "une fois les alias suivis"),
    ("a: &x [*x]\n", "se contient elle-même"),
    ("nom: un\nnom: deux\n", "donnée deux fois"),
    ("nom: x\nbudget:\n  sites: 1\n  sites: 2\n", "donnée deux fois"),
    ("[" * 3000, "imbriqués"),
    ("nom: !!timestamp x\n", "valeur impossible"),
    ("nom: !!bool x\n", "valeur impossible"),
    ("nom: 2024-13-45\n", "valeur impossible"),
    ("nom: 0000-00-00\n", "valeur impossible"),
    ("nom: 2024-02-31\n", "valeur impossible"),
    ("nom: " + "9" * 5000 + "\n", "valeur impossible"),
    ("nom: !!python/object/apply:os.system [x]\n", "python/object"),
    ("nom: a\x00b\n", "not allowed"),
    ("nom: 'jamais fermé\n", "YAML"),
    ("x" * 2_100_000, "caractères"),
]


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(("text", "words"), MAUVAIS)
def test_named_faults_of_yaml(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ErreurRecommandation, match=words):
        read_scenario(write(tmp_path, "s.yml", text))
    with pytest.raises(ErreurFiche, match=words):
        read_card(write(tmp_path, "arcep__debits.yml", text))


@pytest.mark.parametrize("text", [b"nom: \xe9t\xe9\n", b"\xff\xfen\x00"])
def test_yaml_that_is_not_utf8(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ErreurRecommandation, match="UTF-8"):
        read_scenario(write(tmp_path, "s.yml", text))
    with pytest.raises(ErreurFiche, match="UTF-8"):
        read_card(write(tmp_path, "arcep__debits.yml", text))


def test_a_card_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ErreurFiche, match="illisible"):
        read_card(tmp_path / "arcep__debits.yml")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("alias", ["(jamais"], "expression régulière"),
        ("alias", ["*"], "expression régulière"),
        ("nom", "nom; drop table raw", "string_pattern|match pattern"),
        ("nom", 'a"b', "match pattern"),
    ],
)
def test_a_card_whose_column_would_fail_later(tmp_path: Path, key: str, value: object, words: str) -> None:
    content = yaml.safe_load(CARTE)
    content["tables"][0]["colonnes"][0][key] = value
    with pytest.raises(ErreurFiche, match=words):
        read_card(write(tmp_path, "arcep__debits.yml", yaml.safe_dump(content)))


@pytest.mark.parametrize(
    ("key", "value"), [("encodage", "klingon"), ("encodage", "utf-16"), ("separateur", ";;"), ("guillemet", ""),
                       ("separateur", "\n"), ("lignes_a_sauter", -1), ("depivoter", {"motif": "("})]
)  # fmt: skip
def test_a_dialect_that_no_reader_speaks(tmp_path: Path, key: str, value: object) -> None:
    content = yaml.safe_load(CARTE)
    content["tables"][0]["fichiers"][0][key] = value
    with pytest.raises(ErreurFiche, match=r"fichiers\.0"):
        read_card(write(tmp_path, "arcep__debits.yml", yaml.safe_dump(content)))


@pytest.mark.parametrize(
    "text",
    [
        "budget: {euros: .inf}",
        "budget: {euros: .nan}",
        "budget: {euros: -1}",
        "budget: {euros: 1e400}",
        "budget: {sites: 99999999999999999999}",
        "budget: {sites: 1.5}",
        "cout_site_eur: .inf",
        "poids: {pauvrete: .nan}",
        "seuils: {service: .inf}",
        "ouvertures: [{commune: '01004', capacite: .inf}]",
        "ouvertures: [{commune: '01004', latitude: .nan}]",
        "service: ../../etc/passwd",
        'service: "\' OR 1=1 --"',
    ],
)
def test_numbers_and_names_that_mean_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(ErreurRecommandation, match=r"s\.yml"):
        read_scenario(write(tmp_path, "s.yml", f"nom: essai\n{text}\n"))


def test_a_budget_that_pays_more_places_than_there_are_towns(tmp_path: Path) -> None:
    text = "nom: essai\nbudget: {euros: 1.0e+300}\ncout_site_eur: 0.1\n"
    with pytest.raises(ErreurRecommandation, match=f"au plus {SITES_MAX} lieux"):
        read_scenario(write(tmp_path, "s.yml", text)).sites()


@borne(150)
@given(st.data())
def test_a_damaged_text_is_taken_or_refused(tmp_path_factory, data) -> None:
    whole, name = data.draw(st.sampled_from([(CARTE, "arcep__debits.yml"), (SCENARIO, "scenario.yml")]))
    text = whole[: data.draw(st.integers(200, 4000))]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text = (
            text[:place]
            + data.draw(st.sampled_from(["*x", "&x ", "\n", ": ", "- ", "!!", "'", '"', "\t", "é", "{", "0"]))
            + text[place:]
        )
    path = write(tmp_path_factory.getbasetemp(), name, text)
    try:
        read_scenario(path).tune() if name == "scenario.yml" else read_card(path)
    except (ErreurFiche, ErreurRecommandation) as error:
        assert name.partition(".")[0] in str(error)
