"""Names that the DAG files and the launcher share; Airflow is not imported here."""

from __future__ import annotations

from pathlib import Path

FICHES = Path(__file__).parent.parent / "sources"
AXES = ("infrastructures", "developpement", "services", "usages", "ecosystemes")
DAGS = ("ingestion", "entrepot", "recommandation", "publication")  # in the order of the chain
ACTIFS = ("livraisons", "entrepot", "recommandation", "publication")  # what each of them emits
POOL_LOURD = "lourd"
POOLS = {POOL_LOURD: (2, "Chargements, contrôles, dbt et calculs : autant que de cœurs.")}


def source_names() -> list[str]:
    """Names of the cards, by their files alone: a card that cannot be read fails its own task, not all of them."""
    return sorted(path.stem for path in FICHES.glob("*.yml"))
