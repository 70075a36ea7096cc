"""What dbt needs from the cards: `sources.yml`, and two seeds of what the cards say of sources and vintages."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import yaml

from pilotage.catalogue import LICENCES, Source, load_catalogue
from pilotage.config import RACINE
from pilotage.errors import ErreurFiche

DBT = RACINE / "dbt_project"
HEADER = "# Written from the cards by `python -m pilotage.dbt_sources`; do not edit.\n"
JOURNAL = {
    "livraisons": "Les fichiers livrés et ce que le contrôle en a décidé.",
}


def render(catalogue: dict[str, Source] | None = None) -> dict[Path, str]:
    """Content of every derived file, by path."""
    catalogue = catalogue or load_catalogue()
    return {
        DBT / "models" / "staging" / "sources.yml": _sources_yml(catalogue),
        DBT / "seeds" / "fiches.csv": _csv(_fiches(catalogue)),
        DBT / "seeds" / "fiches_millesimes.csv": _csv(_millesimes(catalogue)),
    }


def write(catalogue: dict[str, Source] | None = None) -> list[Path]:
    """Write the derived files that changed; their paths."""
    changed = stale(catalogue)
    for path, content in render(catalogue).items():
        if path in changed:
            path.write_text(content, encoding="utf-8")
    return changed


def stale(catalogue: dict[str, Source] | None = None) -> list[Path]:
    """Derived files that no longer say what the cards say."""
    return [p for p, text in render(catalogue).items() if not p.exists() or p.read_text(encoding="utf-8") != text]


def check(catalogue: dict[str, Source] | None = None) -> None:
    """Refuse to go on with stale files.

    Raises:
        ErreurFiche: names the stale files and the command that writes them.
    """
    names = ", ".join(str(path.relative_to(RACINE)) for path in stale(catalogue))
    if names:
        raise ErreurFiche(
            f"fichiers dérivés des fiches plus vieux qu'elles : {names}", conseil="`python -m pilotage.dbt_sources`"
        )


def _sources_yml(catalogue: dict[str, Source]) -> str:
    tables = [
        {"name": table.table, "description": f"{source.titre} ({source.producteur})"}
        for source in catalogue.values()
        for table in source.tables
    ]
    journal = [{"name": name, "description": text} for name, text in JOURNAL.items()]
    content = {
        "version": 2,
        "sources": [
            {"name": "raw", "schema": "raw", "description": "Les livraisons acceptées, en texte.", "tables": tables},
            {"name": "pilotage", "schema": "pilotage", "description": "Le journal.", "tables": journal},
        ],
    }
    return HEADER + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=115)


def _fiches(catalogue: dict[str, Source]) -> list[dict]:
    return [
        {
            "source": s.source,
            "titre": s.titre,
            "producteur": s.producteur,
            "axe": s.axe,
            "licence_id": s.licence,
            "licence": LICENCES[s.licence][0],
            "page": s.page,
            "attribution": s.attribution,
            "frequence": s.frequence,
            "fraicheur_max_jours": s.fraicheur_max_jours,
            "est_derive_tiers": str(s.derive_tiers).lower(),
            "est_verifiee": str(s.est_vue).lower(),
        }
        for s in catalogue.values()
    ]


def _millesimes(catalogue: dict[str, Source]) -> list[dict]:
    return [
        {
            "source": s.source,
            "millesime": nom,
            "date_donnees": m.date_donnees.isoformat(),
            "geographie": m.geographie.isoformat(),
        }
        for s in catalogue.values()
        for nom, m in s.millesimes.items()
    ]


def _csv(rows: list[dict]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


if __name__ == "__main__":
    write()
