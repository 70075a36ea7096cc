"""What a territory brings of its own: CSV files that it writes, checked against the cards `apports__<type>`.

    <PILOTAGE_APPORTS>/<type>/<any name>.csv        UTF-8, semicolons, one header line

The cards say everything (columns, values, keys); the Table Schemas of `schemas/`, the gates and the examples' data
package are derived from them by `pilotage pages`.
"""

from __future__ import annotations

from pathlib import Path

from pilotage.catalogue import Source, load_catalogue

MILLESIME = "apports"
PREFIXE = "apports__"
EXEMPLES = Path(__file__).parent / "exemples"
SCHEMAS = Path(__file__).parent / "schemas"


def cards() -> dict[str, Source]:
    """Cards of the territory's own files, by type (`territoires`, `gouvernance`, …)."""
    return {name.removeprefix(PREFIXE): card for name, card in load_catalogue().items() if card.est_apport}
