"""`pilotage sources`: what a person sees, and the draft of a new source."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pilotage import pages
from pilotage.__main__ import app
from pilotage.adresses import try_address
from pilotage.catalogue import FICHES, read_card
from pilotage.config import Settings
from pilotage.ebauche import draft
from pilotage.errors import ErreurFiche, ErreurPilotage
from pilotage.readers import describe, iter_records

runner = CliRunner(env={"COLUMNS": "200"})


def test_list_names_every_source(warehouse: Settings) -> None:
    shown = runner.invoke(app, ["sources"])
    assert shown.exit_code == 0
    assert all(path.stem in shown.output for path in FICHES.glob("*.yml"))
    assert "jamais chargée" in shown.output


def test_check_reads_the_real_files_without_loading(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTAGE_SOURCES", str(mirror))
    shown = runner.invoke(app, ["sources", "verifier", "anct__france_services", "arcep__debits"])
    assert shown.exit_code == 0, shown.output
    assert "2845" in shown.output and "35359" in shown.output


def test_check_fails_on_a_file_that_is_not_its_card_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "arcep__debits" / "2019-09-30"
    folder.mkdir(parents=True)
    (folder / "commune-debit-beta.csv").write_text("avertissement\na;b\n1;2\n")
    monkeypatch.setenv("PILOTAGE_SOURCES", str(tmp_path))
    shown = runner.invoke(app, ["sources", "verifier", "arcep__debits"])
    assert isinstance(shown.exception, ErreurPilotage) and "1 fichier(s) refusé(s)" in str(shown.exception)


def test_draft_reads_its_own_example(tmp_path: Path) -> None:
    example = tmp_path / "exemple.csv"
    example.write_text("Code Insee;Année\n01001;2024\n", encoding="utf-8")
    written = draft("essai__jeu", example, "2024", "usages", root=tmp_path)
    assert [p.name for p in written] == ["essai__jeu.yml", "essai__jeu.yml", "stg_essai__jeu.sql", "essai__jeu.csv"]
    card = read_card(written[0])
    livre = describe(card, "2024", example)
    assert [r.valeurs for r in iter_records(livre)] == [["01001", "2024"]]
    assert card.tables[0].noms == ["code_insee", "annee"]
    assert yaml.safe_load(written[1].read_text())["suite"] == "essai__jeu"
    with pytest.raises(ErreurFiche, match="déjà"):
        draft("essai__jeu", example, "2024", "usages", root=tmp_path)


def test_derived_files_are_up_to_date() -> None:
    assert pages.stale() == []


def test_trying_an_address_never_raises_and_never_asks_a_private_one() -> None:
    assert try_address("https://127.0.0.1:1/fichier.csv").startswith("refusée : elle mène à une adresse privée")
    assert try_address("https://nulle-part.invalid/fichier.csv").startswith("injoignable")
