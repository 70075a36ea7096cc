"""`docs/modeles.md`: every dbt model with its grain, columns, described share and data tests, read from the project."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from pilotage.config import RACINE

DBT = RACINE / "dbt_project"
PROMESSES = RACINE / "expectations" / "marts"
CALCULS = {"synthese": RACINE / "models_ml" / "synthese" / "tables.yml"}  # tables that Python writes
PAGE = RACINE / "docs" / "modeles.md"
GRAIN = re.compile(r"\A-- Grain : (.+)")
CLES = re.compile(r"contraintes\(|cles_indicateurs\(|rattacher\(")
MINIMUM = 4
TITRES = (
    "| schéma | modèle | grain | colonnes | décrites | tests | porte | clés |",
    "|---|---|---|---|---|---|---|---|",
)
TETE = f"""# Les modèles de l'entrepôt

Page écrite par `make pages` à partir de `dbt_project/` : ne pas la modifier.
Une ligne par modèle. « Décrites » : part des colonnes déclarées qui ont une description, que PostgreSQL garde aussi.
« Tests » : tests de données qui tournent à chaque construction, ceux des colonnes compris ; {MINIMUM} au moins.
« Porte » : promesses aux décideurs que la seconde porte (`expectations/marts/`) juge en plus des tests.
« Clés » : clé primaire et clés étrangères posées dans PostgreSQL, en plus encore.
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
    promesses: int
    a_des_cles: bool

    @property
    def decrites_pct(self) -> float:
        return 100 * self.decrites / self.colonnes if self.colonnes else 0.0


def read_models() -> list[Modele]:
    """Every model in the order of the way of the data, then by schema and name."""
    declared = {entry["name"]: entry for entry in _declarations()}
    promises = _count_promises()
    models = [_read(path, declared.get(path.stem, {}), promises) for path in (DBT / "models").rglob("*.sql")]
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
        lines += ["", f"## {layer}", "", *TITRES, *(_row(m) for m in models if m.couche == layer)]
    lines += ["", "## Tables qu'un calcul écrit", "", "Écrites par `models_ml`, qui ne lit que des marts.", "", *TITRES]
    lines += [_row(table) for table in read_computed()]
    return {PAGE: "\n".join(lines) + "\n"}


def read_computed() -> list[Modele]:
    """Tables that Python writes in a schema of the warehouse, as their own list declares them."""
    promises, found = _count_promises(), []
    for schema, path in CALCULS.items():
        for table in yaml.safe_load(path.read_text(encoding="utf-8"))["tables"]:
            columns = table["colonnes"]
            grain, _, _ = table["description"].removeprefix("Grain : ").partition(".")
            described = sum(1 for column in columns if column.get("description"))
            keys = any(column.get("cle") for column in columns)
            count = promises.get((schema, table["nom"]), 0)
            found.append(Modele(table["nom"], "calcul", schema, grain, len(columns), described, 0, count, keys))
    return found


def too_few_tests() -> list[str]:
    """Models with fewer data tests than promised."""
    return [f"{model.nom} ({model.tests})" for model in read_models() if model.tests < MINIMUM]


def _declarations() -> Iterable[dict]:
    for path in sorted((DBT / "models").rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        yield from content.get("models") or []


def _count_promises() -> Counter[tuple[str, str]]:
    """Expectations of the second gate, by (schema, table)."""
    found: Counter[tuple[str, str]] = Counter()
    for path in sorted(PROMESSES.glob("*.yml")):
        suite = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = [*(suite.get("attentes") or []), *(suite.get("lignes") or [])]
        found.update((path.stem, entry.get("table", path.stem)) for entry in entries)
    return found


def _read(path: Path, entry: dict, promises: Counter[tuple[str, str]]) -> Modele:
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
        promesses=promises.get((inside[1], path.stem), 0) if inside[0] == "marts" else 0,
        a_des_cles=bool(CLES.search(text)),
    )


def _row(m: Modele) -> str:
    keys, tests, gate = "oui" if m.a_des_cles else "", m.tests or "", m.promesses or ""
    return f"| {m.schema} | `{m.nom}` | {m.grain} | {m.colonnes} | {m.decrites_pct:.0f} % | {tests} | {gate} | {keys} |"


def _total(label: str, models: list[Modele]) -> str:
    columns, described = sum(m.colonnes for m in models), sum(m.decrites for m in models)
    tests = sum(m.tests for m in models)
    share = f"{100 * described / columns:.1f} %".replace(".", ",") if columns else ""
    each = f"{tests / len(models):.1f}".replace(".", ",") if models else ""
    return f"| {label} | {len(models)} | {columns} | {share} | {tests} | {each} |"
