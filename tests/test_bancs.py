"""What benches and trials owe to who reads them: a measure that stopped, or that nobody made, is never printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from pilotage.catalogue import Fichier, get_source
from pilotage.config import Settings
from pilotage.errors import ErreurControle
from pilotage.orchestration import ErreurOrchestration, processus
from pilotage.postgres import postgres_dir
from tests import banc_charge, banc_communes, banc_profil
from tests.banc_courbes import Releveur, tree_size
from tests.distribution.constats import count_records
from tests.distribution.nuit import NuitGardee


def test_a_folder_that_vanishes_while_it_is_measured_counts_nothing(tmp_path, monkeypatch):
    (tmp_path / "reste").mkdir()
    (tmp_path / "reste" / "a").write_bytes(b"x" * 8192)
    before = tree_size(tmp_path)
    (tmp_path / "parti" / "dedans").mkdir(parents=True)
    scan = os.scandir

    def lose(folder):
        if str(folder).endswith("parti"):
            monkeypatch.setattr(os, "scandir", scan)
            shutil.rmtree(folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", lose)
    assert before >= 8192 and tree_size(tmp_path) >= before


def test_a_sampler_that_died_fails_its_bench():
    def fail() -> list[int]:
        raise FileNotFoundError("postmaster.pid")

    watch = Releveur(fail, 0.01)
    watch.start()
    with pytest.raises(RuntimeError, match=r"arrêtés en route.*postmaster\.pid"):
        watch.stop()


def test_the_server_that_is_measured_is_the_one_of_the_home(tmp_path):
    settings = Settings(PILOTAGE_HOME=tmp_path)
    assert banc_communes._server(settings) == []
    data = postgres_dir(settings) / "donnees"  # where `postgres.start` has initdb write
    data.mkdir(parents=True)
    (data / "postmaster.pid").write_text("4321\n/ailleurs\n")
    try:
        assert banc_communes._server(settings) == [4321]
        (data / "postmaster.pid").write_text("-4321\n/ailleurs\n")  # while initdb is at work
        assert banc_communes._server(settings) == []
    finally:
        shutil.rmtree(postgres_dir(settings))


def test_readers_that_stopped_end_the_bench_with_what_they_said(tmp_path):
    (tmp_path / "erreurs.txt").write_text("pgbench: error: could not connect\n")
    with subprocess.Popen(["sleep", "30"]) as readers:
        banc_charge._check_reading(readers, tmp_path, "avant la fin de la bascule")
        readers.kill()
        readers.wait()
        with pytest.raises(SystemExit, match=r"avant la fin de la bascule.*could not connect"):
            banc_charge._check_reading(readers, tmp_path, "avant la fin de la bascule")


def test_a_refused_gate_loses_nothing_of_what_was_measured(tmp_path, monkeypatch, capsys):
    def refuse(parts: list[str], found: banc_profil.Releve) -> None:
        found.couts["gate/usages"] = banc_profil.Cout(secondes=12.5, fois=1)
        raise ErreurControle("porte refusée")

    monkeypatch.setattr(banc_profil, "run", refuse)
    monkeypatch.setattr(banc_profil.postgres, "lend", nullcontext)
    monkeypatch.setattr(sys, "argv", ["banc_profil", "construire"])
    with pytest.raises(ErreurControle):
        banc_profil.main()
    assert "gate/usages" in (said := capsys.readouterr().out) and "12.5" in said


def test_a_night_of_trial_ends_with_a_worker_that_ended(tmp_path: Path):
    log = tmp_path / "ouvrier.log"
    worker = processus.start("ouvrier1", ["sh", "-c", "echo mount refuse; exit 1"], os.environ, log, tmp_path)
    nuit = NuitGardee("n", None, None)
    nuit.ouvriers = {log: worker}
    while worker.find():
        pass
    with pytest.raises(ErreurOrchestration, match="mount refuse"):
        nuit._pause()


def test_lines_are_counted_apart(tmp_path):
    (tmp_path / "a.csv").write_text('code;nom\n1;"deux\nlignes"\n\n2;b\n', encoding="utf-8-sig")
    assert count_records(tmp_path / "a.csv", Fichier(motif="*", separateur=";", encodage="utf-8-sig")) == 2


def test_a_banner_with_commas_is_neither_header_nor_record(tmp_path):
    """As ARCEP's file of 2019, whose first line is a warning."""
    file = tmp_path / "commune-debit-beta.csv"
    file.write_text("Attention, version beta, à vérifier, vraiment\ncode_insee;nom_com\n01001;L'Abergement, l'autre\n")
    assert count_records(file, get_source("arcep__debits").find(file.name, "2019-09-30")[1]) == 1
