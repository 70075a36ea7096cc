"""The metrics: what prometheus_client's own parsers read, by the conventions, in the file and by HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from pilotage.budget import load_budget
from pilotage.config import RACINE
from pilotage.etat import page, releve
from pilotage.etat.jugement import judge, worst
from pilotage.etat.metriques import FAMILLES_PILOTAGE, to_openmetrics, write_metrics
from pilotage.etat.modele import JAMAIS
from tests.releves import GO, make_entrepot, make_releve

UNITES = {"", "seconds", "bytes", "rows"}


def _values(families) -> dict[tuple, float]:
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_openmetrics_is_read_back_by_the_reference_parser() -> None:
    values = _values(read_openmetrics(to_openmetrics(make_releve())))
    assert values["pilotage_nuit_duree_seconds",] == 3600
    assert values["pilotage_etape_duree_seconds", "build", "usages"] == 60
    assert values["pilotage_etape_rows", "a__b", "fetch"] == 10
    assert values["pilotage_source_age_seconds", "2026", "s__10"] == 10 * 86400
    assert values["pilotage_porte_attentes", "marts", "tenues", "usages"] == 12
    assert values["pilotage_table_rows", "fait_frequentations", "usages"] == 1200
    assert values["pilotage_disque_utilise_bytes", "base"] == 5 * GO
    assert values["pilotage_generation_age_seconds",] == 3 * 3600
    assert values["pilotage_alertes_total", "critique"] == 3
    assert values["pilotage_etat_code",] == 0
    assert values["pilotage_info", "g20261128t040000", "reelles"] == 1


def test_what_is_not_known_is_absent_never_zero() -> None:
    names = {
        s.name for f in read_openmetrics(to_openmetrics(make_releve(entrepot=None, base=JAMAIS))) for s in f.samples
    }
    assert "pilotage_etat_code" in names and "pilotage_disque_libre_bytes" in names
    for absent in (
        "nuit_duree_seconds",
        "generation_age_seconds",
        "sources_jamais_recues",
        "disque_plein_dans_seconds",
    ):
        assert f"pilotage_{absent}" not in names


def test_a_label_may_hold_anything() -> None:
    hostile = 'a"b\\c\nd{}'
    releve = make_releve(entrepot=make_entrepot(tables={f"usages.{hostile}": 3}))
    for text, read in ((to_openmetrics(releve), read_openmetrics),):
        assert _values(read(text))["pilotage_table_rows", *sorted((hostile, "usages"))] == 3


def test_names_units_and_helps_follow_the_conventions() -> None:
    for family in FAMILLES_PILOTAGE:
        assert re.fullmatch(r"pilotage_[a-z_]+", family.nom_complet)
        assert family.unite in UNITES
        stem = family.nom_complet.removesuffix("_total")
        assert stem.endswith(family.unite)
        assert (family.genre == "counter") == family.nom_complet.endswith("_total")
        assert family.aide.endswith(".") and len(family.aide) > 10
    names = [family.nom_complet for family in FAMILLES_PILOTAGE]
    assert len(names) == len(set(names))


def test_the_text_file_is_whole_readable_by_all_and_replaced_in_one_move(tmp_path: Path) -> None:
    file = tmp_path / "journaux" / "metriques.prom"
    write_metrics(file, make_releve())
    first = file.stat().st_ino
    write_metrics(file, make_releve())
    assert file.stat().st_ino != first, "the file was rewritten in place: a reader could see half of it"
    assert list(file.parent.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o644
    values = _values(read_text(file.read_text()))
    assert values["pilotage_nuit_duree_seconds",] == 3600 and values["pilotage_alertes_total", "critique"] == 3


def test_the_page_lists_every_metric() -> None:
    text = (RACINE / "docs" / "etat.md").read_text(encoding="utf-8")
    for family in FAMILLES_PILOTAGE:
        assert f"| `{family.nom_complet}` |" in text
    assert page.render()[page.PAGE] == text


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path / "home"))
    env = {**os.environ, "PYTHONPATH": str(RACINE), "COLUMNS": "200"}
    command = [sys.executable, "-m", "pilotage", "etat", "servir", "--port", "0"]
    process = subprocess.Popen(command, env=env, cwd=RACINE, stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(timeout=10)


def test_prometheus_is_served_on_this_machine_only(served: str) -> None:
    assert served.startswith("http://127.0.0.1:")
    answer = httpx.get(served, headers={"Accept": "application/openmetrics-text; version=1.0.0"}, trust_env=False)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    values = _values(read_openmetrics(answer.text))
    assert values["pilotage_base_repond",] == 0
    assert values["pilotage_etat_code",] == worst(judge(releve.take(), load_budget().seuils))
    assert not any(name[0].startswith(("python_", "process_")) for name in values), "the process's own are not ours"
