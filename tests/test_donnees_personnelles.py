"""The page on personal data says what the cards and the SQL say."""

from __future__ import annotations

import re

from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE

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
