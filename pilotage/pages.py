"""Files derived from cards, seeds and the dbt project: written by one command, checked by lint and by a test."""

from __future__ import annotations

from pathlib import Path

from pilotage.catalogue import load_catalogue
from pilotage.config import RACINE
from pilotage.errors import ErreurFiche
from pilotage.fiche import explain


def render() -> dict[Path, str]:
    """Content of every derived file, by path."""
    from models_ml import page, page_services
    from models_ml.synthese import regles
    from pilotage import dbt_sources, metriques, modeles, tracabilite
    from pilotage.apports import derives
    from pilotage.etat import page as etat

    pages = {RACINE / "docs" / "sources.md": _sources_page()}
    parts = (dbt_sources, tracabilite, derives, modeles, metriques, regles, page, page_services, etat)
    return {**{path: text for part in parts for path, text in part.render().items()}, **pages}


def write() -> list[Path]:
    """Write those that changed; their paths."""
    changed = stale()
    content = render()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content[path], encoding="utf-8")
    return changed


def stale() -> list[Path]:
    """Derived files that no longer say what they are derived from."""
    return [p for p, text in render().items() if not p.exists() or p.read_text(encoding="utf-8") != text]


def check() -> None:
    """Refuse stale files, and an alert budget that is not kept.

    Raises:
        ErreurFiche: names the files and the command that writes them.
        ErreurConfiguration: lists what is wrong with the budget.
    """
    from pilotage.budget_controle import check as check_budget

    names = ", ".join(str(path.relative_to(RACINE)) for path in stale())
    if names:
        raise ErreurFiche(f"fichiers dérivés périmés : {names}", conseil="`make pages`, puis relire la différence")
    check_budget()


def _sources_page() -> str:
    head = (
        "# Les sources\n\n"
        "Page écrite par `make pages` à partir des fiches de `pilotage/sources/` : ne pas la modifier.\n"
        "Une adresse « non vérifiée » vient d'un code public ou du modèle d'une adresse voisine et n'a pas pu être "
        "essayée d'ici ; `pilotage sources verifier --internet` les essaie toutes.\n"
    )
    cards = [explain(card).replace("\n## ", "\n### ").replace("# ", "## ", 1) for card in load_catalogue().values()]
    return "\n".join([head, *(f"{card}\n" for card in cards)])
