"""What lint asks of the alert budget: every check has its entry, every entry its use, no mute outlives its date."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

from pilotage.budget import AUTRE, CONSIGNES, FICHIER, Budget, load_budget, name_of_task, slug
from pilotage.config import RACINE
from pilotage.errors import ErreurConfiguration
from pilotage.orchestration.plan import DAGS

CODE = ("pilotage", "models_ml", "dags", "bi")


def list_checks(racine: Path = RACINE) -> dict[str, str]:
    """Every check of the project and where it comes from: suites, deadlines, tasks, parts of `etat`, calls of code."""
    from pilotage.etat.jugement import PARTIES

    checks = {f"porte.entree.{p.stem}": _short(p, racine) for p in sorted((racine / "expectations/raw").glob("*.yml"))}
    checks |= {
        f"porte.marts.{p.stem}": _short(p, racine) for p in sorted((racine / "expectations/marts").glob("*.yml"))
    }
    checks |= {f"echeance.{dag}": f"dags/{dag}.py" for dag in DAGS}
    for dag in DAGS:
        for task in _tasks(racine / "dags" / f"{dag}.py"):
            name = name_of_task(dag, task)
            if name.startswith("tache."):
                checks[name] = f"dags/{dag}.py"
    checks |= {f"etat.{partie}": "pilotage etat" for partie in PARTIES}
    checks[AUTRE] = "pilotage/alertes.py"
    for name, place in _calls(racine):
        if name:
            checks.setdefault(name, place)
    return checks


def faults(budget: Budget, checks: dict[str, str], today: dt.date, runbook: str) -> list[str]:
    """What is wrong, as sentences; empty when nothing is.

    Args:
        checks: name -> where it comes from.
        runbook: text of the page to which entries point.
    """
    found = [f"{name} ({place}) n'a pas d'entrée" for name, place in checks.items() if budget.find(name) is None]
    used = {id(budget.find(name)) for name in checks}
    titles = {slug(title) for title in re.findall(r"^#+ +(.+?)\s*$", runbook, flags=re.MULTILINE)}
    for entree in budget.controles:
        if id(entree) not in used:
            found.append(f"« {entree.controle} » ne sert à aucun contrôle, ou une entrée plus large la précède")
        if slug(entree.que_faire) not in titles:
            found.append(f"« {entree.controle} » renvoie à {entree.consigne}, qui n'existe pas")
        if entree.silence and not entree.is_muted(today):
            found.append(f"« {entree.controle} » est muette jusqu'au {entree.silence.jusqu_au}, date passée")
    return list(dict.fromkeys(found))


def check(today: dt.date | None = None) -> None:
    """Refuse a budget that is not kept.

    Raises:
        ErreurConfiguration: lists every fault.
    """
    page = RACINE / CONSIGNES
    runbook = page.read_text(encoding="utf-8") if page.exists() else ""
    found = faults(load_budget(), list_checks(), today or dt.date.today(), runbook)
    found += [f"{place} : `alerter` sans `controle=`" for name, place in _calls(RACINE) if not name]
    if found:
        raise ErreurConfiguration(
            " | ".join(found),
            fichier=str(FICHIER.relative_to(RACINE)),
            conseil="compléter le budget : un responsable, une sévérité, un titre de docs/exploitation.md",
        )


def _short(path: Path, racine: Path) -> str:
    return str(path.relative_to(racine))


def _tasks(path: Path) -> Iterator[str]:
    """Names of the functions that a DAG file makes tasks of."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(_name(d) == "task" for d in node.decorator_list):
            yield node.name


def _calls(racine: Path) -> Iterator[tuple[str | None, str]]:
    """Each call of `alerter` in the code: the check that it names (a variable part reads `*`), and file and line."""
    for folder in CODE:
        for path in sorted((racine / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "alerter(" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and _name(node.func) == "alerter":
                    value = next((keyword.value for keyword in node.keywords if keyword.arg == "controle"), None)
                    yield _written(value), f"{_short(path, racine)}:{node.lineno}"


def _written(value: ast.expr | None) -> str | None:
    """A name as written; `{…}` of an f-string reads `*`, and a computed name is any check."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in value.values)
    return None if value is None else AUTRE


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
