"""Backups and restorations that something cuts or disturbs: the next command puts right what was left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pilotage import generations
from pilotage.config import Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.errors import ErreurDepot
from pilotage.flux import guarded
from pilotage.landing import open_depot
from pilotage.load import load_source, pending
from pilotage.sauvegarde import ErreurSauvegarde, ecriture, menage, restauration
from pilotage.sauvegarde.controle import check_home
from pilotage.sauvegarde.ecriture import write_backup
from pilotage.sauvegarde.manifeste import list_backups, verify_backup
from pilotage.sauvegarde.nuit import tidy_night
from pilotage.sauvegarde.ranger import VERROU
from pilotage.sauvegarde.reprise import rebuild
from pilotage.sauvegarde.restauration import restore
from pilotage.verrou import locked
from tests.copies import damage, elsewhere, journal, night, serve, settle, tree
from tests.portes import DEBITS, FICHIER, query, rows
from tests.test_generations import build


@pytest.fixture
def mirror(warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


@pytest.fixture
def served(mirror: Path) -> Path:
    return serve(mirror)


class Coupure(BaseException):
    """What a kill is: nothing after it runs."""


def cut(*_: object, **__: object) -> None:
    raise Coupure


@pytest.mark.parametrize("step", ["create_schemas", "migrate", "forget_tables"])
def test_a_restoration_cut_anywhere_is_ended_by_rebuilding(served, server, tmp_path, monkeypatch, step) -> None:
    with psycopg_connection() as connection:
        connection.execute(
            "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) "
            "VALUES ('g20260101t000000', 'visible', 'x', true)"
        )
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'chargeur'").fetchone():
            connection.execute("CREATE ROLE chargeur")  # whose rights are given as soon as the schemas stand
    before = journal()
    write_backup(get_settings(), tmp_path / "copies")
    with psycopg_connection() as connection:
        connection.execute("DELETE FROM pilotage.generations")
    with elsewhere(server, tmp_path / "ailleurs", monkeypatch) as other:
        with monkeypatch.context() as patch, pytest.raises(Coupure):
            patch.setattr(restauration, step, cut)
            restore(other, tmp_path / "copies", construire=False)
        assert rebuild(other, construire=False, sources=[DEBITS]).erreurs == {}
        assert journal() == before
        assert query("SELECT etat FROM pilotage.generations") == [("supprimee",)]
        assert pending(DEBITS) == []
        tables = tree(other.landing), journal()
        assert rebuild(other, construire=False, sources=[DEBITS]).acceptees == 0, "what stands is not loaded again"
        assert (tree(other.landing), journal()) == tables


def test_rebuilding_leaves_the_generations_that_stand(mirror) -> None:
    night(mirror, rows())
    build("g20260101t000000", 1)
    generations.switch("g20260101t000000")
    assert rebuild(get_settings(), construire=False, sources=[DEBITS]).acceptees == 0
    assert [g.etat for g in generations.list_generations()] == ["visible"]


def test_a_night_does_not_wait_for_a_backup_that_reads_the_landing(served) -> None:
    with locked(get_settings().home / VERROU):
        assert tidy_night() == ("sans_changement", "une sauvegarde lit le dépôt : rien n'est rangé cette nuit")
    assert tidy_night()[0] == "sans_changement"


def test_nothing_that_goes_wrong_with_tidying_fails_a_night(served, monkeypatch) -> None:
    monkeypatch.setattr("pilotage.sauvegarde.ranger._old_paths", lambda *_: int("index coupé"))
    state, message = tidy_night()
    assert state == "echouee" and "index coupé" in message


def test_a_machine_without_memory_does_not_refuse_a_delivery(mirror, monkeypatch) -> None:
    def empty(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("pilotage.load.read_columns", lambda livre: guarded(livre, "illisible", "un fichier", empty))
        patch.setattr("pilotage.readers.Livre.est_direct", property(lambda _: False))
        with pytest.raises(ErreurDepot, match="cette machine n'a pas pu le lire"):
            night(mirror, rows())
    assert query("SELECT etat FROM pilotage.livraisons") == [("recue",)]
    assert load_source(DEBITS).lignes == 60


def test_what_the_store_of_backups_spoilt_is_copied_again(served, tmp_path) -> None:
    place = tmp_path / "copies"
    write_backup(get_settings(), place)
    victim = next((place / "depot").rglob(FICHIER))
    damage(victim)
    again = write_backup(get_settings(), place)
    assert again.octets_ecrits == victim.stat().st_size
    assert verify_backup(again.dossier).depot


def test_cut_while_old_backups_go_leaves_nothing_behind(served, tmp_path, monkeypatch) -> None:
    place = tmp_path / "copies"
    first, remove = write_backup(get_settings(), place).dossier, shutil.rmtree

    def half(path: Path, **options: object) -> None:
        if path.name.startswith(first.name):
            (path / "manifeste.sha256").unlink()
            raise Coupure
        remove(path, **options)

    with monkeypatch.context() as patch, pytest.raises(Coupure):
        patch.setattr(menage.shutil, "rmtree", half)
        write_backup(get_settings(), place, garder=1)
    assert not first.exists() and list(place.glob("*.partiel"))
    last = write_backup(get_settings(), place)
    assert not list(place.glob("*.partiel")) and last.dossier in list_backups(place)


def test_a_night_in_the_way_of_a_parallel_dump_makes_it_go_on_alone(served, tmp_path, monkeypatch) -> None:
    asked, run = [], ecriture.run_tool

    def busy(settings, name, *arguments, **options):
        asked.append(arguments)
        if any(str(argument).startswith("--jobs") for argument in arguments):
            Path(arguments[-1]).mkdir()
            raise ErreurSauvegarde('pg_dump s\'est arrêté : could not obtain lock on relation "raw.x"')
        return run(settings, name, *arguments, **options)

    monkeypatch.setattr(ecriture, "run_tool", busy)
    done = write_backup(get_settings(), tmp_path / "copies", tout=True)
    assert len(asked) == 3 and any(part.chemin.startswith("base/") for part in done.manifeste.morceaux)


def test_a_damaged_object_of_a_shared_store_is_mended_for_all_machines(served, tmp_path, monkeypatch) -> None:
    write_backup(get_settings(), tmp_path / "copies")
    monkeypatch.setenv("PILOTAGE_MAGASIN", f"file://{tmp_path}/magasin")
    check_home(get_settings(), tmp_path / "copies")  # fills the store
    victim = next(Path(tmp_path / "magasin").rglob(FICHIER))
    damage(victim)
    ours = get_settings().home / victim.relative_to(tmp_path / "magasin")
    ours.unlink()
    named = ours.relative_to(get_settings().landing).as_posix()
    assert check_home(get_settings()).abimees == [named]
    assert check_home(get_settings(), tmp_path / "copies").reparees == [named]
    assert victim.read_bytes() == ours.read_bytes()


def test_no_backup_brings_an_erased_delivery_back(served, tmp_path) -> None:
    write_backup(get_settings(), tmp_path / "copies")
    depot = open_depot(get_settings())
    former = next(recu for recu, current in depot.receipts() if not current)
    folder = depot.chemin(former, former.sha256).parent
    shutil.rmtree(folder)
    with psycopg_connection() as connection:
        connection.execute(
            "UPDATE pilotage.livraisons SET motif = 'effacée du dépôt : opposition, 28/11/2026' WHERE livraison = %s",
            (former.livraison,),
        )
    report = check_home(get_settings(), tmp_path / "copies")
    assert report.reparees == report.absentes == [] and not folder.exists()
