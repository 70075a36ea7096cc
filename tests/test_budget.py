"""The alert budget: who answers for what; what is muted is kept and not sent; what is not kept fails lint."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pilotage import alertes, budget, budget_controle
from pilotage.__main__ import app
from pilotage.budget import FICHIER, load_budget, name_of_task, slug
from pilotage.budget_controle import faults, list_checks
from pilotage.errors import ErreurConfiguration

DEMAIN, HIER = (dt.date.today() + dt.timedelta(days=n) for n in (1, -1))
PAGE = "# Exploitation\n\n## Nuit en retard\n\n### Trop d'alertes\n"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a budget of our own, which the code then reads; home apart."""
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    file = tmp_path / "budget.yml"
    monkeypatch.setattr(budget, "FICHIER", file)

    def write(*entries: dict, **others) -> None:
        base = {"responsable": "exploitant", "severite": "critique", "que_faire": "Nuit en retard"}
        file.write_text(yaml.safe_dump({"par_semaine": 3, "controles": [base | e for e in entries], **others}))

    return write


def _sent(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    sent: list[dict] = []
    monkeypatch.setattr(alertes, "channels", lambda: {"webhook": lambda *parts: sent.append(parts[3])})
    return sent


def test_every_check_of_the_project_has_an_owner_and_every_entry_a_use() -> None:
    checks = list_checks()
    assert all(load_budget().find(name) for name in checks)
    for family in ("porte.entree.insee__communes", "porte.marts.usages", "echeance.ingestion", "etat.disque"):
        assert family in checks
    assert {"tache.ingestion.fetch", "tache.entrepot.construire", "tache.publication.basculer"} <= checks.keys()
    assert "tache.ingestion.gate" not in checks, "a gate goes by its suite"
    budget_controle.check()


def test_the_most_specific_entry_comes_first() -> None:
    decided = load_budget()
    assert decided.find("porte.entree.apports__lieux").responsable == "référent des données du territoire"
    assert decided.find("porte.entree.insee__communes").responsable == "ingénieur des données"
    assert decided.find("inconnu.au.bataillon") is None


@pytest.mark.parametrize(
    ("dag", "tache", "objet", "attendu"),
    [
        ("ingestion", "traiter.fetch", "a__b", "tache.ingestion.fetch"),
        ("ingestion", "traiter.gate", "a__b", "porte.entree.a__b"),
        ("entrepot", "controler_usages", None, "porte.marts.usages"),
        ("entrepot", "construire_usages", None, "tache.entrepot.construire.usages"),
        ("recommandation", "controler", None, "porte.marts.recommandation"),
        ("publication", "ecrire_site", None, "tache.publication.ecrire_site"),
    ],
)
def test_a_task_is_a_check(dag: str, tache: str, objet: str | None, attendu: str) -> None:
    assert name_of_task(dag, tache, objet) == attendu
    assert load_budget().find(attendu) is not None


def test_an_alert_carries_its_owner_its_severity_and_what_to_do(written, monkeypatch, tmp_path: Path) -> None:
    written({"controle": "echeance.*"})
    sent = _sent(monkeypatch)
    line = alertes.alerter("Titre", "Texte", controle="echeance.ingestion", dag="ingestion")
    assert line["envois"] == {"webhook": "envoyé"}
    told = {"severite": "critique", "responsable": "exploitant", "que_faire": "docs/exploitation.md#nuit-en-retard"}
    assert sent == [{"dag": "ingestion", **told}]
    assert json.loads((tmp_path / "journaux" / "alertes.jsonl").read_text())["controle"] == "echeance.ingestion"


@pytest.mark.parametrize(("fin", "envoyee"), [(DEMAIN, False), (dt.date.today(), False), (HIER, True)])
def test_a_mute_keeps_the_line_and_holds_the_message_until_its_date(
    written, monkeypatch, tmp_path: Path, fin: dt.date, envoyee: bool
) -> None:
    written({"controle": "echeance.*", "silence": {"motif": "le producteur déménage", "jusqu_au": fin}})
    sent = _sent(monkeypatch)
    line = alertes.alerter("Titre", "Texte", controle="echeance.ingestion")
    assert bool(sent) is envoyee
    assert line["muette"] == (None if envoyee else "le producteur déménage")
    assert (tmp_path / "journaux" / "alertes.jsonl").read_text().count("\n") == 1


def test_an_information_is_journaled_only(written, monkeypatch) -> None:
    written({"controle": "echeance.*", "severite": "information"})
    sent = _sent(monkeypatch)
    assert alertes.alerter("Titre", "Texte", controle="echeance.ingestion")["envois"] == {} and sent == []


def test_a_check_that_nobody_owns_and_a_budget_that_cannot_be_read_are_told_to_all(written, monkeypatch) -> None:
    written({"controle": "echeance.*"})
    sent = _sent(monkeypatch)
    assert alertes.alerter("Titre", "Texte", controle="autre.chose")["severite"] == "critique"
    budget.FICHIER.write_text("controles: [")
    assert alertes.alerter("Titre", "Texte", controle="echeance.ingestion")["responsable"] == "inconnu"
    assert len(sent) == 2


def test_lint_names_each_fault(written) -> None:
    checks = {"echeance.ingestion": "dags/ingestion.py", "etat.disque": "pilotage etat"}
    written(
        {"controle": "echeance.*", "silence": {"motif": "déménagement", "jusqu_au": HIER}},
        {"controle": "echeance.ingestion"},
        {"controle": "porte.*", "que_faire": "Rien de tel"},
    )
    found = faults(load_budget(budget.FICHIER), checks, dt.date.today(), PAGE)
    assert len(found) == 5
    for expected in ("etat.disque (pilotage etat) n'a pas d'entrée", "date passée", "#rien-de-tel, qui n'existe pas"):
        assert sum(expected in line for line in found) == 1, expected
    assert sum("ne sert à aucun contrôle" in line for line in found) == 2, "shadowed, and of no use"


def test_an_alert_of_code_must_name_its_check(tmp_path: Path) -> None:
    for folder in budget_controle.CODE:
        (tmp_path / folder).mkdir()
    code = (
        'alerter("a", "b")\nalertes.alerter("a", "b", controle=f"echeance.{dag}")\nalerter("a", "b", controle="x.y")\n'
    )
    (tmp_path / "pilotage" / "a.py").write_text(code)
    assert list(budget_controle._calls(tmp_path)) == [
        (None, "pilotage/a.py:1"),
        ("echeance.*", "pilotage/a.py:2"),
        ("x.y", "pilotage/a.py:3"),
    ]


def test_anchors_are_those_of_github() -> None:
    assert slug("Trop d'alertes") == "trop-dalertes"
    assert slug("Génération refusée") == "génération-refusée"


@pytest.mark.parametrize(
    "entry",
    [{"severite": "grave"}, {"silence": {"motif": "court"}}, {"responsable": ""}, {"inconnu": 1}],
    ids=["severity", "mute without a date", "no owner", "unknown word"],
)
def test_a_malformed_budget_names_the_place(written, entry: dict) -> None:
    written({"controle": "echeance.*", **entry})
    with pytest.raises(ErreurConfiguration, match=r"controles\.0"):
        load_budget(budget.FICHIER)


def test_the_file_itself_passes_and_is_listed() -> None:
    shown = CliRunner().invoke(app, ["alertes", "budget"], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    for entry in yaml.safe_load(FICHIER.read_text(encoding="utf-8"))["controles"]:
        assert entry["controle"] in shown.output


def test_unread_alerts_are_shown_until_marked(written, monkeypatch) -> None:
    written({"controle": "echeance.*"})
    monkeypatch.setattr(alertes, "channels", dict)
    alertes.alerter("Pilotage : retard", "deux heures", controle="echeance.ingestion")
    first = CliRunner().invoke(app, ["alertes"])
    assert "critique" in first.output and "deux heures" in first.output and "exploitant" in first.output
    assert "1 alerte" in CliRunner().invoke(app, ["alertes", "lues"]).output
    assert "Aucune" in CliRunner().invoke(app, ["alertes"]).output
