"""What gate 1 must know of a delivery before judging it: table, rules, key, and the delivery it would replace."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import PurePath

from pilotage.catalogue import Table, get_source
from pilotage.config import Settings
from pilotage.copie import partition_name
from pilotage.database import psycopg_connection
from pilotage.load import Livraison
from pilotage.suites import Doublons, Regle, SuiteAppliquee, raw_suite
from pilotage.table_controle import duplicate_rules, typed_rules


@dataclass(frozen=True)
class Dossier:
    """One delivery and all that applies to it."""

    livraison: Livraison
    table: Table
    suite: SuiteAppliquee
    doublons: Doublons | None
    precedente: int | None

    @property
    def regles(self) -> list[Regle]:
        """Rules in the order of the suite, then those about duplicates, then the loss of rows."""
        rules = [*self.suite.regles, *duplicate_rules(self.doublons)]
        return typed_rules([*rules, *self._loss()])

    @property
    def personnelles(self) -> frozenset[str]:
        """Columns whose values no message quotes."""
        return frozenset(column.nom for column in self.table.colonnes if column.personnel)

    @property
    def candidate(self) -> str:
        """Table of the delivery, in `raw_candidats` before the decision, in `raw` once accepted."""
        return partition_name(self.table.table, self.livraison.livraison)

    @property
    def nom_suite(self) -> str:
        stem = PurePath(self.livraison.fichier).stem
        name = f"{self.table.table}__{self.livraison.millesime}__{stem}"
        return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:120]

    def _loss(self) -> list[Regle]:
        if self.precedente is None:
            return []
        share, least = self.suite.chute_max, math.ceil(self.precedente * (1 - self.suite.chute_max))
        reason = f"La bonne livraison précédente comptait {self.precedente} lignes : au plus {share:.0%} de moins."
        name = "expect_table_row_count_to_be_between"
        return [Regle("chute_du_nombre_de_lignes", name, {"min_value": least}, reason)]


def waiting_candidates(source: str) -> list[tuple[Livraison, str]]:
    """Deliveries of a source that wait for judgment, oldest first, with their raw table."""
    query = (
        "SELECT livraison, source, millesime, fichier, sha256, table_raw FROM pilotage.livraisons "
        "WHERE source = %s AND etat = 'candidate' ORDER BY recue_le, millesime, fichier"
    )
    with psycopg_connection() as connection:
        return [(Livraison(*row[:5]), row[5]) for row in connection.execute(query, (source,)).fetchall()]


def open_dossier(settings: Settings, livraison: Livraison, table_raw: str) -> Dossier:
    """Gather what applies to a delivery.

    Raises:
        ErreurConfiguration: the suite of the source cannot be read.
    """
    table = next(t for t in get_source(livraison.source).tables if t.table == table_raw)
    suite = raw_suite(livraison.source)
    place = {"simulation": settings.is_simulation, "millesime": livraison.millesime, "fichier": livraison.fichier}
    applied = suite.apply(table_raw, **place)
    doublons = suite.duplicates(table_raw, table.cle or table.noms, **place)
    return Dossier(livraison, table, applied, doublons, _former_rows(livraison))


def _former_rows(livraison: Livraison) -> int | None:
    query = (
        "SELECT nb_lignes FROM pilotage.livraisons WHERE source = %s AND millesime = %s AND fichier = %s "
        "AND etat = 'acceptee' AND livraison <> %s ORDER BY decidee_le DESC LIMIT 1"
    )
    key = (livraison.source, livraison.millesime, livraison.fichier, livraison.livraison)
    with psycopg_connection() as connection:
        row = connection.execute(query, key).fetchone()
    return row[0] if row else None
