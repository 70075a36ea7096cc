"""The page on personal data says what the cards and the SQL say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pilotage.apports import cards
from pilotage.apports.valeurs import check_value
from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE, Settings
from pilotage.dossiers import Dossier
from tests import portes

PAGE = (RACINE / "docs" / "donnees_personnelles.md").read_text(encoding="utf-8")
MODELES = sorted((RACINE / "dbt_project" / "models").rglob("*.sql"))


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}", "", sql, flags=re.S)


def readers(source: str, table: str, column: str) -> list[str]:
    """Models that name both a raw table and one of its columns."""
    found = []
    for path in MODELES:
        sql = without_comments(path.read_text(encoding="utf-8"))
        is_read = f"'{table}'" in sql or f"stg_{source}" in sql
        if is_read and re.search(rf"\b{column}\b", sql):
            found.append(path.stem)
    return found


def test_the_table_lists_each_personal_column_and_no_model_reads_it() -> None:
    said = {}
    for source, column, _, models in re.findall(r"(?m)^\| (\w+__\w+) \| (\w+) \| ([^|]+) \| ([^|]+) \|$", PAGE):
        said[source, column] = [] if models.strip() == "aucun" else models.strip().split(", ")
    known = {
        (name, column): readers(name, table, column)
        for name, card in load_catalogue().items()
        for table, column in sorted(card.personnelles)
    }
    assert said == known


def test_no_staging_model_takes_every_column() -> None:
    for path in MODELES:
        sql = without_comments(path.read_text(encoding="utf-8"))
        if "source('raw'" in sql.replace(" ", "").replace('"', "'"):
            assert not re.search(r"(?i)select\s+\*\s+from\s+\{\{\s*source", sql), path.name


def test_the_page_names_the_models_that_clean_free_texts() -> None:
    cleaning = {p.stem for p in MODELES if "sans_coordonnees(" in without_comments(p.read_text(encoding="utf-8"))}
    assert set(re.findall(r"`(stg_\w+)`", PAGE)) == cleaning


def test_no_message_quotes_a_personal_column(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the reason of a refusal, nor the journal, nor the quarantine's reason, nor the pages of judgments."""
    portes.write_suite(monkeypatch, tmp_path)
    monkeypatch.setattr(Dossier, "personnelles", frozenset({"type"}))
    lines = portes.rows()
    for line in lines[:20]:
        line[5] = "Jeanne Exemple"
    _, report = portes.submit(lines)
    assert report.refusees and "type_connu : 20 lignes" in report.messages[0]
    assert "valeurs : (donnée personnelle)" in report.messages[0]
    few = portes.rows()
    few[0][5], few[1][4] = "Jeanne Exemple", "99999"
    _, report = portes.submit(few)
    assert report.acceptees and report.quarantaine == 2
    reasons = " ".join(row[0] for row in portes.query("SELECT raison FROM quarantaine.arcep__debits"))
    assert "(type = (donnée personnelle))" in reasons and "« 99999 »" in reasons, "others are quoted as before"
    observed = portes.query("SELECT observe, message FROM pilotage.controles") + portes.query(
        "SELECT motif, fichier FROM pilotage.livraisons"
    )
    assert "Jeanne" not in json.dumps(observed, ensure_ascii=False) + reasons
    pages = [path for path in warehouse.home.rglob("*") if path.suffix in (".html", ".json")]
    pages = [path for path in pages if path.is_relative_to(warehouse.home / "gx") or path.suffix == ".html"]
    assert pages and not [path for path in pages if "Jeanne" in path.read_text(encoding="utf-8")]
    assert any("99999" in path.read_text(encoding="utf-8") for path in pages), "the pages do quote what is not personal"


def test_the_reading_of_a_territory_s_file_quotes_no_person() -> None:
    (column,) = [c for c in cards()["gouvernance"].tables[0].colonnes if c.nom == "nom_personne"]
    for value in (" Jeanne Exemple", "Jeanne Exemple\u200b"):
        fault = check_value(column, value)
        assert fault and "(donnée personnelle)" in fault.message and "Jeanne" not in " ".join(map(str, fault))
