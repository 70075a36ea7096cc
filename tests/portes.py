"""Deliveries of ARCEP's speeds made to measure, and a small suite for them, for the tests of the gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotage import suites
from pilotage.database import psycopg_connection
from pilotage.gate import RapportControle, gate_source
from pilotage.load import load_source
from tests.livraisons import deliver

DEBITS, MILLESIME, FICHIER = "arcep__debits", "2019-09-30", "commune-debit-beta.csv"
HEADER = (
    "code_insee;nom_com;code_dep;code_reg;nbr;type;inel_hd;elig_hd05;elig_hd3;elig_hd8;elig_thd30;elig_thd100;"
    "elig_thd1g;date"
)
BANNER = "Version beta : les données sont présentées en l’état"

SUITE = """
suite: arcep__debits
attentes:
  - {attente: expect_table_row_count_to_be_between, min_value: 40, max_value: 5000, raison: Une ligne par commune.}
lignes:
  - {forme: code_commune, column: code_insee, tolerance: 0.2, raison: Commune.}
  - regle: locaux_bornes
    attente: expect_column_values_to_be_between
    column: nbr
    min_value: 0
    max_value: 1000
    tolerance: 0.2
    raison: Nombre de locaux.
  - regle: somme_exacte
    condition: >-
      nombre(inel_hd) + nombre(elig_hd05) + nombre(elig_hd3) + nombre(elig_hd8) + nombre(elig_thd30)
      + nombre(elig_thd100) + nombre(elig_thd1g) = nombre(nbr)
    tolerance: 0.2
    raison: Les classes font le total.
  - regle: type_connu
    attente: expect_column_values_to_be_in_set
    column: type
    value_set: [logloc]
    tolerance: 0.2
    raison: Type de locaux.
doublons:
  - {identiques: 0.2, contradictoires: 0.2}
"""


def rows(count: int = 60, start: int = 1) -> list[list[str]]:
    """Good rows: `count` communes of département 01, ten premises each."""
    return [
        [f"01{rank:03d}", f"Commune {rank}", "01", "84", "10", "logloc", "0", "0", "0", "4", "0", "0", "6", MILLESIME]
        for rank in range(start, start + count)
    ]


def content(lines: list[list[str]]) -> bytes:
    return ("\n".join([BANNER, HEADER, *(";".join(line) for line in lines)]) + "\n").encode()


def submit(lines: list[list[str]] | bytes) -> tuple[str, RapportControle]:
    """Deliver, load and judge; returns the delivery and the gate's report."""
    body = lines if isinstance(lines, bytes) else content(lines)
    delivery = deliver(DEBITS, MILLESIME, FICHIER, body)
    load_source(DEBITS)
    return delivery, gate_source(DEBITS)


def write_suite(patch: pytest.MonkeyPatch, folder: Path, text: str = SUITE, name: str = "raw/arcep__debits") -> None:
    """Make the gates read their suites in `folder`."""
    target = folder / f"{name}.yml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    patch.setattr(suites, "EXPECTATIONS", folder)


def query(statement: str) -> list[tuple]:
    with psycopg_connection() as connection:
        return connection.execute(statement).fetchall()


def state(delivery: str) -> tuple[str, str | None]:
    return query(f"SELECT etat, motif FROM pilotage.livraisons WHERE livraison = '{delivery}'")[0]


def served() -> list[str]:
    """Codes in raw, in file order."""
    return [code for (code,) in query("SELECT code_insee FROM raw.arcep__debits ORDER BY _livraison, _ligne")]


def clean() -> None:
    """An empty warehouse."""
    with psycopg_connection() as connection:
        connection.execute("DELETE FROM pilotage.livraisons")
        connection.execute("DELETE FROM pilotage.controles")
        connection.execute("DELETE FROM pilotage.reglages")
        for schema in ("raw", "raw_candidats", "quarantaine"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
