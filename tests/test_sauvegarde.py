"""Backups: what comes back is what was there; what is damaged is named; nothing is written over anything."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pilotage import generations
from pilotage.__main__ import app
from pilotage.config import Settings, get_settings
from pilotage.database import get_engine, migrate, psycopg_connection
from pilotage.sauvegarde import ErreurSauvegarde, ecriture, outils
from pilotage.sauvegarde.controle import check_home
from pilotage.sauvegarde.ecriture import write_backup
from pilotage.sauvegarde.empreintes import differences, fingerprint
from pilotage.sauvegarde.manifeste import list_backups, read_manifeste, verify_backup
from pilotage.sauvegarde.reprise import rebuild
from pilotage.sauvegarde.restauration import restore
from tests.copies import damage, elsewhere, journal, night, serve, settle, tree
from tests.portes import DEBITS, FICHIER, MILLESIME, query, rows
from tests.test_generations import build

G1, G2 = "g20260101t000000", "g20260102t000000"
AUTRE = "2026-06-30"


@pytest.fixture
def mirror(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


@pytest.fixture
def served(mirror: Path) -> Path:
    return serve(mirror)


def test_a_light_backup_brings_landing_journal_raw_and_quarantine_back(served, server, tmp_path, monkeypatch) -> None:
    before, files = journal(), tree(get_settings().landing)
    assert [len(before[name]) for name in ("livraisons", "raw", "quarantaine")] == [2, 70, 1]
    done = write_backup(get_settings(), tmp_path / "copies")
    assert done.manifeste.lignes["livraisons"] == 2 and done.manifeste.manquantes == []
    with elsewhere(server, tmp_path / "ailleurs", monkeypatch) as other:
        restore(other, tmp_path / "copies", construire=False)
        assert {etat for *_, etat, _, _, _ in query("SELECT 0, etat, 0, 0, 0 FROM pilotage.livraisons")} == {
            "recue", "remplacee"}  # fmt: skip
        assert rebuild(other, construire=False, sources=[DEBITS]).erreurs == {}
        assert journal() == before
        assert tree(other.landing) == files
        assert query("SELECT succes FROM pilotage.controles LIMIT 1")


def test_a_whole_backup_brings_every_table_back_without_building(served, server, tmp_path, monkeypatch) -> None:
    for name, value in ((G1, 1), (G2, 2)):
        build(name, value)
        generations.switch(name)
    with psycopg_connection() as connection:
        before = fingerprint(connection)
    kept, known = journal(), [(g.generation, g.etat) for g in generations.list_generations()]
    write_backup(get_settings(), tmp_path / "copies", tout=True)
    with elsewhere(server, tmp_path / "ailleurs", monkeypatch) as other:
        assert restore(other, tmp_path / "copies").ecarts == {}
        with psycopg_connection() as connection:
            assert differences(before, fingerprint(connection)) == []
            readable = "SELECT has_table_privilege('lecteur', 'commun.temoin', 'SELECT')"
            assert connection.execute(readable).fetchone() == (True,)
        assert journal() == kept
        assert [(g.generation, g.etat) for g in generations.list_generations()] == known
        assert generations.go_back() == G1
    with get_engine().begin() as connection:
        for name in generations.SCHEMAS:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
            connection.execute(text(f"DROP SCHEMA {name}__{G1} CASCADE"))
        connection.execute(text("DELETE FROM pilotage.generations"))


def test_a_delivery_is_copied_once_and_old_backups_leave_only_what_is_still_named(mirror, tmp_path) -> None:
    place = tmp_path / "copies"
    night(mirror, rows())
    first = write_backup(get_settings(), place)
    assert first.octets_ecrits > 0
    assert write_backup(get_settings(), place).octets_ecrits == 0
    night(mirror, rows(70))
    third = write_backup(get_settings(), place, garder=1)
    assert third.octets_ecrits == max(part.octets for part in third.manifeste.depot)
    assert len(third.supprimees) == 2 and [p.name for p in list_backups(place)] == [third.manifeste.nom]
    assert len([p for p in (place / "depot").rglob("*") if p.is_file()]) == 2
    shutil.rmtree(next(p for p in get_settings().landing.glob("*/*/*/") if third.manifeste.depot[0].sha256 == p.name))
    fourth = write_backup(get_settings(), place, garder=1)
    assert len(fourth.manifeste.depot) == 1, "what left the landing leaves the store with the last backup naming it"
    assert len([p for p in (place / "depot").rglob("*") if p.is_file()]) == 1
    assert (place / "derniere").resolve().name == fourth.manifeste.nom


def test_a_clock_set_back_leaves_the_newest_backup_the_last_of_its_folder(served, tmp_path, monkeypatch) -> None:
    class Clock(dt.datetime):
        moment = dt.datetime(2026, 10, 25, 2, 59, 59)

        @classmethod
        def now(cls, tz=None):
            return cls.moment.astimezone(tz) if tz else cls.moment

    monkeypatch.setattr(ecriture, "dt", SimpleNamespace(datetime=Clock, timedelta=dt.timedelta, UTC=dt.UTC))
    place = tmp_path / "copies"
    names = [write_backup(get_settings(), place).manifeste.nom]
    Clock.moment = dt.datetime(2026, 10, 25, 2, 0, 0)  # the end of summer time
    names.append(write_backup(get_settings(), place).manifeste.nom)
    assert names == ["s20261025t025959", "s20261025t030000"]
    last = write_backup(get_settings(), place, garder=1)
    assert last.supprimees == names and [p.name for p in list_backups(place)] == [last.manifeste.nom]


def test_links_take_no_room(served, tmp_path) -> None:
    done = write_backup(get_settings(), tmp_path / "copies", liens=True)
    for part in done.manifeste.depot:
        assert (tmp_path / "copies" / "depot" / part.chemin).samefile(get_settings().landing / part.chemin)


@pytest.mark.parametrize("inside", ["depot", "depot/sous", "exports/x", "publication"])
def test_no_backup_inside_what_is_collected_or_published(served, inside) -> None:
    with pytest.raises(ErreurSauvegarde, match="ne s'écrit pas ici"):
        write_backup(get_settings(), get_settings().home / inside)
    assert not (get_settings().home / "exports").exists()


def test_a_backup_that_fails_leaves_nothing_under_a_backups_name(served, tmp_path, monkeypatch) -> None:
    write_backup(get_settings(), tmp_path / "copies")
    monkeypatch.setattr(outils, "find_tool", lambda *_: Path("/bin/false"))
    with pytest.raises(ErreurSauvegarde, match="code 1"):
        write_backup(get_settings(), tmp_path / "copies")
    assert len(list_backups(tmp_path / "copies")) == 1
    assert not list((tmp_path / "copies").glob("*.partiel"))


@pytest.mark.parametrize("part", ["journal.dump", "recus.tar.gz", "depot", "manifeste.json"])
def test_a_damaged_part_is_named_and_nothing_is_written(served, server, tmp_path, monkeypatch, part) -> None:
    folder = write_backup(get_settings(), tmp_path / "copies").dossier
    victim = folder / part if part != "depot" else next((tmp_path / "copies" / "depot").rglob(FICHIER))
    damage(victim)
    with elsewhere(server, tmp_path / "ailleurs", monkeypatch) as other:
        with pytest.raises(ErreurSauvegarde, match=re.escape(victim.name) + ".*abîmé"):
            restore(other, tmp_path / "copies")
        assert query("SELECT 1 FROM pg_namespace WHERE nspname = 'pilotage'") == []
        assert not other.landing.exists()


def test_nothing_is_restored_over_something(served, server, tmp_path, monkeypatch) -> None:
    write_backup(get_settings(), tmp_path / "copies")
    before, files = journal(), tree(get_settings().landing)
    with pytest.raises(ErreurSauvegarde, match=r"base n'est pas vide : elle a les schémas .*pilotage"):
        restore(get_settings(), tmp_path / "copies")
    assert (journal(), tree(get_settings().landing)) == (before, files)
    with elsewhere(server, tmp_path / "ailleurs", monkeypatch) as other:
        kept = other.landing / DEBITS / MILLESIME / "abc" / FICHIER
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"autre chose")
        with pytest.raises(ErreurSauvegarde, match="dépôt n'est pas vide"):
            restore(other, tmp_path / "copies")
        assert query("SELECT 1 FROM pg_namespace WHERE nspname = 'pilotage'") == []
        restore(other, tmp_path / "copies", garder_depot=True, construire=False)
        assert kept.read_bytes() == b"autre chose"
        assert files.items() <= tree(other.landing).items()


def test_a_backup_of_a_later_release_or_of_the_other_nature_is_refused(served, server, tmp_path, monkeypatch) -> None:
    folder = write_backup(get_settings(), tmp_path / "copies").dossier
    later = read_manifeste(folder)
    (tmp_path / "reel").mkdir()
    with elsewhere(server, tmp_path / "ailleurs", monkeypatch) as other:
        with monkeypatch.context() as patch:
            patch.setenv("PILOTAGE_SOURCES", str(tmp_path / "reel"))
            with pytest.raises(ErreurSauvegarde, match=r"données simulées.*réelles"):
                restore(get_settings(), tmp_path / "copies")
        later.revision, later.version = "9999", "9.0.0"
        later.write(folder)
        with pytest.raises(ErreurSauvegarde, match=r"9\.0\.0 \(schéma 9999\)"):
            restore(other, tmp_path / "copies")


def test_no_secret_is_in_a_backup(served, tmp_path, monkeypatch) -> None:
    secrets = {"PILOTAGE_DATAGOUV_CLE": "cle-tres-secrete", "PILOTAGE_ALERTE_WEBHOOK": "https://ici/jeton-secret"}
    secrets |= {"PILOTAGE_SMTP_URL": "smtps://moi:mot-secret@ici:465", "PILOTAGE_TERRITOIRES": "epci:200071751"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    get_settings().home.joinpath("lecteur").write_text("mot-du-lecteur")
    folder = write_backup(get_settings(), tmp_path / "copies").dossier
    told = (folder / "reglages.env").read_text()
    assert "PILOTAGE_TERRITOIRES=epci:200071751" in told and "# PILOTAGE_DATAGOUV_CLE= (secret" in told
    dump = outils.run_tool(get_settings(), "pg_restore", "--file=-", folder / "journal.dump", database=False)
    everything = dump.encode() + b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    password = os.environ["DATABASE_URL"].split("@")[0].rsplit(":", 1)[-1]
    for word in ("cle-tres-secrete", "jeton-secret", "mot-secret", "mot-du-lecteur", password):
        assert word.encode() not in everything


def test_a_damaged_delivery_never_enters_a_backup_and_is_mended_from_the_one_before(served, tmp_path) -> None:
    place = tmp_path / "copies"
    write_backup(get_settings(), place)
    victim = max(get_settings().landing.glob(f"*/*/*/{FICHIER}"), key=lambda path: path.stat().st_size)
    good = victim.read_bytes()
    damage(victim)
    named = victim.relative_to(get_settings().landing).as_posix()
    assert check_home(get_settings()).abimees == [named]
    fresh = write_backup(get_settings(), tmp_path / "neuf")
    assert fresh.manifeste.manquantes == [named] and any(named in line for line in fresh.avertissements)
    assert named not in {part.chemin for part in verify_backup(fresh.dossier).depot}
    assert write_backup(get_settings(), place).manifeste.manquantes == [], "the store still has it whole"
    report = check_home(get_settings(), place)
    assert (report.reparees, report.abimees, report.absentes) == ([named], [], [])
    assert victim.read_bytes() == good


def test_landing_lost_and_journal_whole_says_who_still_offers_what(mirror, tmp_path) -> None:
    night(mirror, rows(), AUTRE)
    night(mirror, rows(70))
    before = journal()
    write_backup(get_settings(), tmp_path / "copies")
    shutil.rmtree(get_settings().landing)
    shutil.rmtree(mirror / DEBITS / AUTRE)
    report = check_home(get_settings(), amont=True)
    assert (len(report.absentes), report.bons) == (2, 0)
    assert [place.split("/")[1] for place in report.offertes] == [MILLESIME]
    assert [place.split("/")[1] for place in report.perdues] == [AUTRE]
    assert night(mirror, rows(70)).nouvelles == [], "the same bytes are the same delivery: nothing is loaded again"
    assert check_home(get_settings()).absentes == report.perdues
    assert check_home(get_settings(), tmp_path / "copies").absentes == []
    assert journal() == before


def test_database_lost_and_landing_whole_rebuilds_without_any_backup(mirror, server, tmp_path, monkeypatch) -> None:
    night(mirror, rows())
    night(mirror, rows(3))  # too few rows: refused, the one before stays served
    before = journal()["raw"]
    assert len(before) == 60
    with elsewhere(server, get_settings().home, monkeypatch) as other:
        migrate(other)
        done = rebuild(other, construire=False, sources=[DEBITS])
        assert list(done.erreurs) == [DEBITS]
        assert sorted(etat for (etat,) in query("SELECT etat FROM pilotage.livraisons")) == ["acceptee", "refusee"]
        assert query("SELECT * FROM raw.arcep__debits ORDER BY _livraison, _ligne") == before


def test_commands(served, tmp_path) -> None:
    runner = CliRunner()
    place = str(tmp_path / "copies")
    for arguments, words in (
        (["sauvegarder", place], "2 fichiers du dépôt"),
        (["sauvegarder", "ecrire", place, "--garder", "1"], "Supprimée"),
        (["sauvegarder", "lister", place], "journal"),
        (["sauvegarder", "verifier", place], "tous entiers"),
        (["depot", "verifier"], "2 fichiers relus, 2 entiers"),
        (["ranger"], "Rien n'a été supprimé"),
        (["--version"], "Pilotage "),
    ):
        done = runner.invoke(app, arguments)
        assert done.exit_code == 0 and words in done.stdout, (arguments, done.stdout, done.exception)
    damage(next(get_settings().landing.glob(f"*/*/*/{FICHIER}")))
    done = runner.invoke(app, ["depot", "verifier"])
    assert done.exit_code == 1 and "abîmé" in done.stdout
