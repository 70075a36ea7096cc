"""`docs/tracabilite.md`: each line of the State's guide followed down to the tests that guard its figures.

Derived from the seeds (axes, actions, indicateurs), the dbt descriptions of the models and the suites of gate 2.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE

DBT = RACINE / "dbt_project"
PAGE = RACINE / "docs" / "tracabilite.md"
HEAD = """# Traçabilité de la feuille de route

Page écrite par `make pages` à partir de `dbt_project/seeds/` et des contrôles : ne pas la modifier. De la ligne du
guide de l'État à l'indicateur, à la table de faits qui le porte, à la source et aux contrôles qui le gardent. Une
ligne « non mesurée » nomme le jeu de données qui la mesurerait ; un indicateur « simulé » attend son premier fichier
réel : sa source n'a été lue que sur des fichiers simulés ; un indicateur « apports » n'existe que là où la collectivité
a donné ses propres fichiers (docs/apports.md).

{total} lignes d'action : {reelles} mesurées sur données réelles, {simulees} sur données simulées seulement, {apports}
par les apports seulement, {absentes} non mesurées ; {indicateurs} indicateurs.

| ligne du guide | données réelles | données simulées seulement | apports | non mesurée |
|---|---|---|---|---|
{tableau}"""
TITLES = ("ligne du guide", "indicateur", "numérateur ÷ dénominateur", "modèle", "source", "contrôles")
COLUMNS = f"| {' | '.join(TITLES)} |\n{'|---' * len(TITLES)}|\n"


def render() -> dict[Path, str]:
    """Content of the page, by path."""
    axes, actions, indicators = (_seed(name) for name in ("axes", "actions", "indicateurs"))
    tests = _dbt_tests()
    rules = _gate_rules()
    states = {a["code_action"]: _measure(a["code_action"], indicators) for a in actions}
    head = HEAD.format(
        total=len(actions),
        reelles=sum(real > 0 for real, _, _ in states.values()),
        simulees=sum(real == 0 < simulated for real, simulated, _ in states.values()),
        apports=sum(real == simulated == 0 < own for real, simulated, own in states.values()),
        absentes=sum(counts == (0, 0, 0) for counts in states.values()),
        indicateurs=len(indicators),
        tableau="".join(_summary(action, *states[action["code_action"]]) for action in actions),
    )
    parts = [head]
    for axe in axes:
        lines = [
            line for a in actions if a["code_axe"] == axe["code_axe"] for line in _lines(a, indicators, tests, rules)
        ]
        parts.append(f"\n## {axe['ordre']}. {axe['libelle']}\n\n{COLUMNS}{''.join(lines)}")
    return {PAGE: "".join(parts)}


def _measure(code_action: str, indicators: list[dict]) -> tuple[int, int, int]:
    """Indicators of a line read on real files, on simulated files only, and in what a territory brings itself."""
    cards = [load_catalogue()[i["source"]] for i in indicators if i["code_action"] == code_action]
    seen = [card.est_vue for card in cards if not card.est_apport]
    return seen.count(True), seen.count(False), len(cards) - len(seen)


def _summary(action: dict, real: int, simulated: int, own: int) -> str:
    label = ("↳ " if action["code_action_mere"] else "") + _cell(action["libelle"])
    cells = (str(real or ""), str(simulated or ""), str(own or ""), "" if real or simulated or own else "✗")
    return f"| {label} | {' | '.join(cells)} |\n"


def _lines(
    action: dict, indicators: list[dict], tests: dict[str, Counter], rules: dict[str, list[str]]
) -> Iterator[str]:
    """Markdown rows of one line of the guide: one an indicator, or one that says what is missing."""
    label = ("↳ " if action["code_action_mere"] else "") + _cell(action["libelle"])
    mine = [i for i in indicators if i["code_action"] == action["code_action"]]
    if not mine:
        yield f"| {label} | *non mesurée* | | | {_cell(action['jeu_manquant'])} | |\n"
    for indicator in mine:
        table = f"indicateurs_{indicator['code_axe']}"
        card = load_catalogue()[indicator["source"]]
        unit = indicator["unite"] + (", *apports*" if card.est_apport else "" if card.est_vue else ", *simulé*")
        yield (
            f"| {label} | {_cell(indicator['libelle'])} (`{indicator['code_indicateur']}`, {unit}) "
            f"| {_cell(indicator['numerateur'])} ÷ {_cell(indicator['denominateur'])} "
            f"| `{indicator['modele']}` → `{table}` | `{indicator['source']}` "
            f"| {_checks([indicator['modele'], table], tests, rules)} |\n"
        )
        label = ""


def _checks(models: list[str], tests: dict[str, Counter], rules: dict[str, list[str]]) -> str:
    """« 14 tests dbt (cle_unique, …) ; porte 2 : couverture, … » of the models an indicator goes through."""
    found = sum((tests.get(model, Counter()) for model in models), Counter())
    own = [
        name for name in ("total_conserve", "autant_de_lignes", "cle_unique", "vrai", "relationships") if found[name]
    ]
    gate = dict.fromkeys(rule for model in models for rule in rules.get(model, []))
    text = f"{found.total()} tests dbt ({', '.join(own)})"
    return f"{text} ; porte 2 : {', '.join(gate)}" if gate else text


def _dbt_tests() -> dict[str, Counter]:
    """Tests of every model, by kind."""
    tests: dict[str, Counter] = {}
    for path in sorted(DBT.glob("models/**/*.yml")):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            declared = [
                *model.get("data_tests", []),
                *(t for c in model.get("columns", []) for t in c.get("data_tests", [])),
            ]
            tests[model["name"]] = Counter(t if isinstance(t, str) else next(iter(t)) for t in declared)
    return tests


def _gate_rules() -> dict[str, list[str]]:
    """Named rules of gate 2, by table."""
    rules: dict[str, list[str]] = {}
    for path in sorted((RACINE / "expectations" / "marts").glob("*.yml")):
        suite = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in suite.get("lignes", []):
            rules.setdefault(entry.get("table", suite["suite"]), []).append(f"`{entry['regle']}`")
    return rules


def _seed(name: str) -> list[dict]:
    with (DBT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
