"""The page of models, and what it promises of each one: a grain, every column described, four data tests."""

from __future__ import annotations

from pilotage import modeles


def test_every_model_says_its_grain_and_describes_its_columns() -> None:
    models = modeles.read_models()
    assert len(models) >= 100
    assert [m.nom for m in models if not m.grain] == []
    assert [m.nom for m in models if not m.colonnes or m.decrites < m.colonnes] == []


def test_every_table_that_python_writes_is_described_too() -> None:
    tables = modeles.read_computed()
    assert {m.schema for m in tables} == {"synthese"}
    assert [m.nom for m in tables if not m.grain or m.decrites < m.colonnes] == []


def test_every_model_has_four_data_tests_at_least() -> None:
    assert modeles.too_few_tests() == []


def test_a_model_without_tests_or_description_would_be_seen(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "models" / "marts" / "commun"
    folder.mkdir(parents=True)
    (folder / "fait_nu.sql").write_text("SELECT 1 AS a, 2 AS b\n")
    (folder / "_nu.yml").write_text(
        "models: [{name: fait_nu, columns: [{name: a, description: Un., data_tests: [not_null]}, {name: b}]}]\n"
    )
    monkeypatch.setattr(modeles, "DBT", tmp_path)
    (model,) = modeles.read_models()
    assert (model.schema, model.grain, model.tests, model.decrites_pct) == ("commun", "", 1, 50.0)
    assert modeles.too_few_tests() == ["fait_nu (1)"]


def test_page_counts_what_it_lists() -> None:
    (page,) = modeles.render().values()
    models = modeles.read_models()
    assert page.count("| `") == len(models) + len(modeles.read_computed())
    assert f"| {len(models)} | {sum(m.colonnes for m in models)} |" in page
