"""Cards: all valid, all described, and bad ones refused with the field's name."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pilotage.catalogue import FICHES, get_source, load_catalogue, read_card, slugify
from pilotage.errors import ErreurFiche
from pilotage.fiche import explain

SOURCES = sorted(path.stem for path in FICHES.glob("*.yml"))
PERSONAL = ("mail", "courriel", "telephone")


@pytest.mark.parametrize("nom", SOURCES)
def test_card_says_everything(nom: str) -> None:
    card = get_source(nom)
    assert card.page.startswith("https://")
    for table in card.tables:
        assert table.table == nom or table.table.startswith(f"{nom}__")
        for column in table.colonnes:
            assert column.description != column.nom and len(column.description) > 3, column
            if any(word in column.nom for word in PERSONAL):
                assert column.personnel, f"{nom}.{column.nom} holds a way to reach a person"
    words = explain(card)
    assert card.titre in words and all(f"`{m}`" in words for m in card.millesimes)


def test_cards_agree_with_the_manifest_of_real_files(mirror: Path) -> None:
    """Every real file of a carded source is known to its card, table or left aside."""
    with (mirror / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream, delimiter="\t") if r["source"] in SOURCES]
    expected = {nom for nom in SOURCES if get_source(nom).verifiee and not get_source(nom).est_apport}
    assert {row["source"] for row in rows} == expected
    for row in rows:
        card = get_source(row["source"])
        card.find(row["file"], row["millesime"])
        assert row["millesime"] in card.millesimes


def write_card(folder: Path, **changes: object) -> Path:
    card = yaml.safe_load((FICHES / "insee__regions.yml").read_text(encoding="utf-8"))
    path = folder / "insee__regions.yml"
    path.write_text(yaml.safe_dump({**card, **changes}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"axe": "inconnu"}, ["axe", "infrastructures"]),
        ({"licence": "libre"}, ["licence", "lov2"]),
        ({"couleur": "bleu"}, ["couleur"]),
        ({"millesimes": {}}, ["millesimes"]),
        ({"source": "insee__autre"}, ["la fiche dit « insee__autre »"]),
    ],
)
def test_bad_card_is_refused_with_its_field(tmp_path: Path, changes: dict, words: list[str]) -> None:
    with pytest.raises(ErreurFiche) as caught:
        read_card(write_card(tmp_path, **changes))
    assert "insee__regions" in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_yaml_that_cannot_be_read_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "insee__regions.yml"
    path.write_text("source: insee__regions\ntitre: [a\n", encoding="utf-8")
    with pytest.raises(ErreurFiche, match="ligne 3"):
        read_card(path)


def test_unknown_source_suggests_the_closest() -> None:
    with pytest.raises(ErreurFiche, match="arcep__debits"):
        get_source("arcep__debit")


def test_reading_rules_change_the_hash_and_descriptions_do_not() -> None:
    table = load_catalogue()["insee__regions"].tables[0]
    column = table.colonnes[0]
    described = table.model_copy(
        update={"colonnes": [column.model_copy(update={"description": "x"}), *table.colonnes[1:]]}
    )
    separated = table.model_copy(update={"fichiers": [table.fichiers[0].model_copy(update={"separateur": ";"})]})
    assert described.empreinte == table.empreinte != separated.empreinte


@given(st.text(max_size=60))
def test_slug_is_a_column_name_and_stays_itself(text: str) -> None:
    slug = slugify(text)
    assert slug == slugify(slug)
    assert slug.isascii() and slug == slug.lower() and " " not in slug
