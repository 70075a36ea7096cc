"""Retention: whatever the history, no file loses its last good copy, nor a standing generation what it was made of."""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotage.config import Settings, get_settings
from pilotage.sauvegarde.controle import check_home
from pilotage.sauvegarde.nuit import tidy_night
from pilotage.sauvegarde.rangement import Copie, removable
from pilotage.sauvegarde.ranger import tidy
from tests.copies import FAUTIVE, night, start_mirror
from tests.portes import FICHIER, MILLESIME, clean, query, rows, write_suite
from tests.test_generations import build

ORIGINE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
EVENEMENTS = st.lists(
    st.tuples(
        st.sampled_from(["livraison", "refus", "non chargee", "generation", "retour"]),
        st.integers(0, 2),  # file
        st.integers(1, 40),  # days since the event before
        st.booleans(),  # this delivery's bytes will be found damaged
    ),
    min_size=1,
    max_size=40,
)


@dataclass
class Histoire:
    """A warehouse's life told day by day, with what was in service each time a generation was opened."""

    maintenant: dt.datetime = ORIGINE
    copies: dict[str, Copie] = field(default_factory=dict)
    servies: dict[int, str] = field(default_factory=dict)
    debout: list[tuple[dt.datetime, frozenset[str]]] = field(default_factory=list)

    def play(self, genre: str, fichier: int, jours: int, abimee: bool) -> None:
        self.maintenant += dt.timedelta(days=jours)
        if genre == "generation":
            self.debout = [*self.debout, (self.maintenant, frozenset(self.servies.values()))][-2:]
            return
        if genre == "retour":
            self.debout = self.debout[:1]
            return
        name = f"l{len(self.copies)}"
        for other, copy in self.copies.items():
            if copy.fichier == key(fichier):
                self.copies[other] = replace(copy, courante=False)
        etat = {"livraison": "acceptee", "refus": "refusee", "non chargee": "recue"}[genre]
        decided = None if etat == "recue" else self.maintenant
        self.copies[name] = Copie(name, key(fichier), self.maintenant, True, etat, decided, 1, not abimee)
        for other, copy in list(self.copies.items()):
            if other != name and copy.fichier == key(fichier) and etat == "acceptee" and copy.etat == "acceptee":
                self.copies[other] = replace(copy, etat="remplacee", decidee_le=self.maintenant)
            if other != name and copy.fichier == key(fichier) and copy.etat == "recue":
                self.copies[other] = replace(copy, etat="remplacee", decidee_le=None)  # never in service
        if etat == "acceptee":
            self.servies[fichier] = name


def key(fichier: int) -> tuple[str, str, str]:
    return ("essai__fichiers", "2024", f"f{fichier}.csv")


@settings(max_examples=300, deadline=None)
@given(EVENEMENTS, st.integers(30, 400), st.integers(0, 500))
def test_whatever_the_history_nothing_that_may_serve_goes(events, jours, later) -> None:
    story = Histoire()
    for event in events:
        story.play(*event)
    now = story.maintenant + dt.timedelta(days=later)
    opened = [moment for moment, _ in story.debout]
    going = removable(story.copies.values(), opened, jours, now)
    gone = {copy.livraison for copy in going}
    left = [copy for copy in story.copies.values() if copy.livraison not in gone]
    for copy in going:
        assert not copy.courante and copy.etat not in ("recue", "candidate", "acceptee")
        assert now - copy.recue_le > dt.timedelta(days=jours)
    for _, served in story.debout:
        assert not gone & served, "a generation that stands was built from it"
    for fichier in {copy.fichier for copy in story.copies.values()}:
        of_file = [copy for copy in story.copies.values() if copy.fichier == fichier]
        stay = [copy for copy in left if copy.fichier == fichier]
        good = [copy for copy in of_file if copy.entiere and copy.etat != "refusee"]
        if good:
            assert max(good, key=lambda copy: copy.recue_le) in stay, "the last good copy"
        assert {c.recue_le.strftime("%Y-%m") for c in good} <= {c.recue_le.strftime("%Y-%m") for c in stay}, "series"
        if any(copy.entiere for copy in of_file):
            assert any(copy.entiere for copy in stay), "a whole copy"
    assert removable(left, opened, jours, now) == [], "twice is once"


def test_old_copies_of_a_month_go_but_for_its_last() -> None:
    days = [dt.timedelta(days=n) for n in (0, 5, 10, 40, 300)]
    copies = [Copie(f"l{n}", key(0), ORIGINE + day, n == 4, "remplacee", None) for n, day in enumerate(days)]
    copies[4] = replace(copies[4], etat="acceptee")
    now = ORIGINE + dt.timedelta(days=400)
    assert [c.livraison for c in removable(copies, [], 90, now)] == ["l0", "l1"]
    assert removable(copies, [], 401, now) == []
    assert [c.livraison for c in removable(copies, [ORIGINE + dt.timedelta(days=1)], 90, now)] == ["l0", "l1"]
    served = [replace(copies[0], decidee_le=ORIGINE + days[1]), *copies[1:]]
    assert [c.livraison for c in removable(served, [ORIGINE + dt.timedelta(days=1)], 90, now)] == ["l1"]


@pytest.fixture
def mirror(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "accueil"))
    write_suite(monkeypatch, tmp_path / "attentes")
    clean()
    return start_mirror(tmp_path / "miroir", monkeypatch)


def age(days: int) -> None:
    """Every receipt, decision and file is that much older."""
    landing = get_settings().landing
    for path in landing.glob("*/*/*/*.recu.json"):
        text = path.read_text()
        start = text.index('"recu_le": "') + 12
        moment = dt.datetime.fromisoformat(text[start : text.index('"', start)]) - dt.timedelta(days=days)
        path.write_text(text[:start] + moment.isoformat(timespec="microseconds") + text[text.index('"', start) :])
    query(f"UPDATE pilotage.livraisons SET decidee_le = decidee_le - interval '{days * 24} hours' RETURNING 1")
    for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'quarantaine'"):
        query(f"UPDATE quarantaine.{table} SET mise_le = mise_le - interval '{days * 24} hours' RETURNING 1")
    old = time.time() - days * 86400
    for path in get_settings().home.rglob("*"):
        os.utime(path, (old, old), follow_symlinks=False)


def test_dry_by_default_then_applied_to_the_landing_the_logs_and_the_quarantine(mirror, monkeypatch) -> None:
    home = get_settings()
    night(mirror, [*rows(), FAUTIVE])
    night(mirror, rows(61))
    night(mirror, rows(62))
    for place in (
        "journaux/mesures_x.json",
        "journaux/taches/dag/1.log",
        "journaux/alertes.jsonl",
        "dbt/g2/manifest.json",
    ):
        (home.home / place).parent.mkdir(parents=True, exist_ok=True)
        (home.home / place).write_text("x")
    assert tidy(home, jours_depot=30, appliquer=True).livraisons == [], "nothing is old enough"
    age(200)
    (home.logs / "mesures_neuf.json").write_text("x")
    before = check_home(home)
    dry = tidy(home, jours_depot=30)
    assert (len(dry.livraisons), dry.quarantaine.total(), dry.applique) == (2, 1, False)
    assert check_home(home) == before and before.bons == 3
    assert tidy(home).livraisons == [], "the landing is left alone until a number of days is given"
    done = tidy(home, jours_depot=30, appliquer=True)
    assert [c.livraison for c in done.livraisons] == [c.livraison for c in dry.livraisons]
    after = check_home(home)
    assert (after.lus, after.bons, after.absentes) == (1, 1, [])
    assert query("SELECT count(*) FROM quarantaine.arcep__debits") == [(0,)]
    assert not (home.logs / "mesures_x.json").exists() and not (home.logs / "taches" / "dag").exists()
    assert (home.logs / "alertes.jsonl").exists() and (home.logs / "mesures_neuf.json").exists()
    assert night(mirror, rows(62)).inchangees == 1 and query("SELECT count(*) FROM raw.arcep__debits") == [(62,)]


def test_a_damaged_current_copy_keeps_the_one_before(mirror) -> None:
    home = get_settings()
    night(mirror, rows())
    night(mirror, rows(61))
    age(200)
    current = max(home.landing.glob(f"*/{MILLESIME}/*/{FICHIER}"), key=lambda path: path.stat().st_size)
    assert len(tidy(home, jours_depot=30).livraisons) == 1
    current.chmod(0o644)
    current.write_bytes(current.read_bytes().replace(b"Commune 1", b"Commune 2"))
    assert tidy(home, jours_depot=30, appliquer=True).livraisons == []
    assert check_home(home).bons == 1


def test_what_a_standing_generation_was_built_from_stays(mirror) -> None:
    home = get_settings()
    night(mirror, rows())
    build("g20260101t000000", 1)
    night(mirror, rows(61))
    age(200)
    moment = query("SELECT decidee_le FROM pilotage.livraisons WHERE etat = 'remplacee'")[0][0]
    query(f"UPDATE pilotage.generations SET creee_le = '{moment - dt.timedelta(milliseconds=1)}' RETURNING 1")
    assert tidy(home, jours_depot=30).livraisons == []
    query("UPDATE pilotage.generations SET etat = 'supprimee' RETURNING 1")
    assert len(tidy(home, jours_depot=30).livraisons) == 1
    query("DELETE FROM pilotage.generations RETURNING 1")


def test_a_night_applies_the_rules_and_never_fails_of_them(mirror, monkeypatch) -> None:
    home = get_settings()
    night(mirror, rows())
    night(mirror, rows(61))
    age(80)  # younger than what logs are kept
    assert tidy_night() == ("sans_changement", "rien à retirer"), "without the setting the landing is left alone"
    monkeypatch.setenv("PILOTAGE_DEPOT_JOURS", "")  # as Compose gives it
    assert get_settings().depot_jours is None and get_settings().magasin is None
    monkeypatch.setenv("PILOTAGE_DEPOT_JOURS", "60")
    (home.logs).mkdir(parents=True, exist_ok=True)
    (home.logs / "vieux.log").write_text("x")
    os.utime(home.logs / "vieux.log", (0, 0))
    assert tidy_night() == ("reussie", "retirés : 1 livraisons, 1 fichiers")
    monkeypatch.setenv("DATABASE_URL", "postgresql://personne@127.0.0.1:1/rien")
    assert tidy_night()[0] == "echouee"
