"""Source cards."""

from __future__ import annotations

from pilotage.catalogue import FICHES, read_card
from pilotage.errors import ErreurFiche
from tests.fuzz.cibles import file_of


def seeds() -> list[bytes]:
    made = [(FICHES / f"{name}.yml").read_bytes()[:3000] for name in ("arcep__debits", "anct__campus_connectes")]
    return [*made, b"a: &a [x]\nb: *a\n", b"a: {<<: {b: 1}}\n", b"source: !!timestamp 2024-01-01\n"]


def run(data: bytes) -> None:
    try:
        card = read_card(file_of("arcep__debits.yml", data))
    except ErreurFiche as error:
        assert "arcep__debits" in str(error)
        return
    for table in card.tables:
        for column in table.colonnes:
            column.matches("Code INSEE", {"aa": "24"})
