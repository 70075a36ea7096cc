"""`docs/modeles.md`: every dbt model with its grain, columns, described share and data tests, read from the project."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from pilotage.config import RACINE

DBT = RACINE / "dbt_project"
PAGE = RACINE / "docs" / "modeles.md"
GRAIN = re.compile(r"\A-- Grain : (.+)")
CLES = re.compile(r"contraintes\(|cles_indicateurs\(|rattacher\(")
MINIMUM = 4
TETE = f"""# Les modèles de l'entrepôt

Page écrite par `make pages` à partir de `dbt_project/` : ne pas la modifier.
Une ligne par modèle. « Décrites » : part des colonnes déclarées qui ont une description, que PostgreSQL garde aussi.
« Tests » : tests de données qui tournent à chaque construction, ceux des colonnes compris ; {MINIMUM} au moins.
« Clés » : clé primaire et clés étrangères posées dans PostgreSQL, en plus des tests.

"""


@dataclass(frozen=True)
class Modele:
    """One model, as its SQL and its yml declare it."""

    nom: str
    couche: str
    schema: str
    grain: str
    colonnes: int
    decrites: int
    tests: int
    a_des_cles: bool

    @property
    def decrites_pct(self) -> float:
        return 100 * self.decrites / self.colonnes if self.colonnes else 0.0


def read_models() -> list[Modele]:
    """Every model in the order of the way of the data, then by schema and name."""
    declared = {entry["name"]: entry for entry in _declarations()}
    models = [_read(path, declared.get(path.stem, {})) for path in (DBT / "models").rglob("*.sql")]
    layers = ("staging", "intermediaire", "marts")
    return sorted(models, key=lambda m: (layers.index(m.couche), m.schema, m.nom))


def render() -> dict[Path, str]:
    """The page, by path."""
    models = read_models()
    lines = [TETE, "| couche | modèles | colonnes | décrites | tests | tests par modèle |", "|---|---|---|---|---|---|"]
    for layer in ("staging", "intermediaire", "marts"):
        lines.append(_total(layer, [m for m in models if m.couche == layer]))
    lines.append(_total("**ensemble**", models))
    for layer in ("staging", "intermediaire", "marts"):
        lines += ["", f"## {layer}", "", "| schéma | modèle | grain | colonnes | décrites | tests | clés |"]
        lines += ["|---|---|---|---|---|---|---|", *(_row(m) for m in models if m.couche == layer)]
    return {PAGE: "\n".join(lines) + "\n"}


def too_few_tests() -> list[str]:
    """Models with fewer data tests than promised."""
    return [f"{model.nom} ({model.tests})" for model in read_models() if model.tests < MINIMUM]


def _declarations() -> Iterable[dict]:
    for path in sorted((DBT / "models").rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        yield from content.get("models") or []


def _read(path: Path, entry: dict) -> Modele:
    text = path.read_text(encoding="utf-8")
    inside = path.relative_to(DBT / "models").parts
    grain = GRAIN.match(text)
    columns = entry.get("columns") or []
    tests = len(entry.get("data_tests") or []) + sum(len(column.get("data_tests") or []) for column in columns)
    return Modele(
        nom=path.stem,
        couche=inside[0],
        schema=inside[1] if inside[0] == "marts" else "staging",
        grain=grain[1].rstrip(".") if grain else "",
        colonnes=len(columns),
        decrites=sum(1 for column in columns if column.get("description")),
        tests=tests,
        a_des_cles=bool(CLES.search(text)),
    )


def _row(m: Modele) -> str:
    keys = "oui" if m.a_des_cles else ""
    return f"| {m.schema} | `{m.nom}` | {m.grain} | {m.colonnes} | {m.decrites_pct:.0f} % | {m.tests} | {keys} |"


def _total(label: str, models: list[Modele]) -> str:
    columns, described = sum(m.colonnes for m in models), sum(m.decrites for m in models)
    tests = sum(m.tests for m in models)
    share = f"{100 * described / columns:.1f} %".replace(".", ",") if columns else ""
    each = f"{tests / len(models):.1f}".replace(".", ",") if models else ""
    return f"| {label} | {len(models)} | {columns} | {share} | {tests} | {each} |"
