"""A short campaign of faults on real files, and proof that what judges a campaign sees what it must see."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from pilotage.generations import SCHEMAS
from tests.epreuves.amont import SORTES, misbehaving
from tests.epreuves.banc import Banc
from tests.epreuves.collecte import Collecte
from tests.epreuves.rapport import Epreuve, Rapport
from tests.epreuves.veilleur import LECTURES, Veilleur

PETITES = ("anct__cites_educatives", "arcep__sites_mobiles")
GENERATION = "g20260101t000000"


@pytest.fixture(scope="module")
def collecte(mirror: Path) -> Iterator[Collecte]:
    """Two real sources collected without fault, on a server of their own that may be killed."""
    folder, hasard = Path(tempfile.mkdtemp(prefix="pilotage-epreuves-")), random.Random(5)
    folder.chmod(0o755)
    with misbehaving(mirror) as amont:
        banc = Banc(folder, amont.url, hasard)
        with banc.in_use():
            found = Collecte(banc, mirror, amont, hasard, PETITES)
            assert found.settle() == []
            yield found
    shutil.rmtree(folder, ignore_errors=True)


def judged(epreuves: Iterator[Epreuve]) -> list[Epreuve]:
    rapport, console = Rapport(5), Console(quiet=True)
    for epreuve in epreuves:
        rapport.add(epreuve, console)
    wrong = [one for one in rapport.epreuves if not one.est_bonne]
    assert wrong == []
    return rapport.epreuves


def test_upstream_faults_lose_and_double_nothing(collecte: Collecte) -> None:
    assert {one.sorte for one in judged(collecte.faults_of_upstream(8))} <= set(SORTES)


def test_a_damaged_landing_is_seen_and_mended_by_the_next_collection(collecte: Collecte) -> None:
    found = judged(collecte.faults_of_landing(5))
    refused = {one.sorte for one in found if "erreur dite" in one.issue}
    assert refused == {"octet changé", "tronqué", "vidé", "effacé"}


def test_kills_and_cuts_lose_and_double_nothing(collecte: Collecte) -> None:
    blows = collecte.banc.blows()
    found = judged(collecte.strikes(len(blows), blows, "essai"))
    assert {one.sorte for one in found} == set(blows)
    assert any(one.issue == "tuée" for one in found), "nothing was struck at work"


def test_two_collections_at_once(collecte: Collecte) -> None:
    judged(collecte.together(1))


def test_the_oracle_counts_what_is_lost_doubled_or_changed(collecte: Collecte) -> None:
    banc, (source, *_) = collecte.banc, PETITES
    ((name,),) = banc.query(
        "SELECT format('%%I', table_raw || '__' || livraison) FROM pilotage.livraisons "
        "WHERE source = %s AND etat = 'acceptee' AND table_raw IS NOT NULL",
        source,
    )
    with banc.connection() as connection:
        connection.execute(f"CREATE TABLE epreuve_copie AS SELECT * FROM raw.{name}")
        connection.execute(f"INSERT INTO raw.{name} SELECT * FROM raw.{name} LIMIT 2")
        seen = collecte.oracle.inspect_raw([source])
        assert (seen.perdues, seen.doublees) == (0, 2) and seen.anomalies
        connection.execute(f"DELETE FROM raw.{name} WHERE _ligne <= 5")
        assert collecte.oracle.inspect_raw([source]).perdues > 0
        connection.execute(f"TRUNCATE raw.{name}")
        connection.execute(f"INSERT INTO raw.{name} SELECT * FROM epreuve_copie")
        assert collecte.oracle.inspect_raw([source]).anomalies == []
        connection.execute(f"UPDATE raw.{name} SET _ligne = _ligne + 1000 WHERE _ligne = 3")
        changed = collecte.oracle.inspect_raw([source])
        assert (changed.perdues, changed.doublees) == (0, 0) and "contenu" in changed.anomalies[0]


def test_the_watcher_sees_a_reader_s_mixed_generations(collecte: Collecte, tmp_path: Path) -> None:
    """Schemas renamed one by one, as a careless switch would: the watcher must tell; renamed at once, it must not."""
    banc = collecte.banc
    with banc.connection() as connection:
        for generation in ("", f"__{GENERATION}"):
            for nom in SCHEMAS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {nom}{generation}")
                connection.execute(f"CREATE TABLE {nom}{generation}.temoin AS SELECT 1 AS valeur")
        insert = (
            "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) VALUES (%s, %s, 'x', false)"
        )
        connection.execute(insert, ("g20250101t000000", "visible"))
        connection.execute(insert, (GENERATION, "en_construction"))
    calm = _watch_while(tmp_path / "calme.json", lambda: time.sleep(1))
    assert calm == []

    def careless() -> None:
        with banc.connection() as connection:
            for nom in SCHEMAS:
                connection.execute(f"ALTER SCHEMA {nom} RENAME TO {nom}__g20250101t000000")
                connection.execute(f"ALTER SCHEMA {nom}__{GENERATION} RENAME TO {nom}")
                time.sleep(0.2)

    assert any("plusieurs générations" in told for told in _watch_while(tmp_path / "mele.json", careless))


def _watch_while(report: Path, act) -> list[str]:
    watcher = Veilleur(report)
    watcher.start()
    time.sleep(1.5)
    act()
    counts, seen = watcher.stop()
    assert counts[LECTURES] > 5
    return seen
