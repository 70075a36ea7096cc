"""The command line under hostile words, file names and data: one sentence, a known exit code, never a traceback."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, OperationalError

from models_ml.territoire import find_territory
from pilotage.__main__ import app
from pilotage.commandes import erreurs
from pilotage.commandes.ecran import Console, plain
from pilotage.config import RACINE, Settings
from pilotage.database import psycopg_connection
from pilotage.ecriture_csv import write_frame
from pilotage.errors import ErreurFiche, ErreurRecommandation
from tests.apports_ecrits import SIEGE, write
from tests.fuzz.profil import borne
from tests.livraisons import deliver

HOSTILES = [
    "'; DROP TABLE pilotage.livraisons; --", "' OR '1'='1", "\\'; SELECT 1; --", "%s%(a)s", "[/bold]", "[bis]", "..",
    "/etc/passwd", "=1+1", "x" * 5000, "\x1b[2J", "é\u0301", "０１００１", "-1", "NaN", "\n",
]  # fmt: skip


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and error stream of a command, run as a terminal would."""
    monkeypatch.setattr(sys, "argv", ["pilotage", *words])
    with pytest.raises(SystemExit) as caught:
        erreurs.run(app)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    return int(caught.value.code or 0), shown.out + shown.err


SAISIES = (["territoires", "suivre"], ["territoires", "chercher"], ["quarantaine", "montrer"], ["recommander"])
AUTRES = (["exporter", "--generation"], ["lieux", "mesurer", "--generation"], ["sources", "expliquer"])


@pytest.mark.parametrize(
    ("command", "word"),
    [(command, word) for command in SAISIES for word in HOSTILES]
    + [(command, word) for command in AUTRES for word in HOSTILES[:5]],
)
def test_hostile_words_reach_the_warehouse_as_words(warehouse: Settings, monkeypatch, capsys, command, word) -> None:
    code, shown = call(monkeypatch, capsys, *command, word)
    assert code in (0, 1, 2), shown
    assert "inattendue" not in shown
    with psycopg_connection() as connection:
        assert connection.execute("SELECT count(*) FROM pilotage.livraisons").fetchone() is not None


def test_names_of_files_in_the_journal_are_words_too(warehouse: Settings, monkeypatch, capsys) -> None:
    name = "a'; DROP TABLE pilotage.livraisons; --[bis].csv"
    deliver("arcep__debits", "2019", name, b"x;y\n1;2\n")
    code, shown = call(monkeypatch, capsys, "sources")
    assert code in (0, 1) and "inattendue" not in shown
    with psycopg_connection() as connection:
        kept = connection.execute("SELECT fichier FROM pilotage.livraisons WHERE source = 'arcep__debits'").fetchall()
    assert kept == [(name,)]


def test_files_that_are_not_there_or_not_what_they_should_be(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "a.txt").write_text("rien")
    (tmp_path / "datapackage.json").write_text("[")
    for command, expected in (
        (["federer", str(tmp_path / "absent"), "--vers", str(tmp_path / "x")], "pas un paquet"),
        (["federer", str(tmp_path / "a.txt"), "--vers", str(tmp_path / "x")], "archive illisible"),
        (["federer", str(tmp_path), "--vers", str(tmp_path / "x")], "descripteur illisible"),
        (["federer", str(tmp_path), "--vers", "/"], "effacerait"),
        (["federer", str(tmp_path), "--vers", str(RACINE)], "effacerait"),
        (["comparer", str(tmp_path / "absent.yml")], "illisible"),
        (["comparer", str(tmp_path)], "illisible"),
        (["comparer", str(tmp_path / "a.txt")], "clés"),
        (["apports", "convertir", str(tmp_path / "a.txt")], "classeur illisible"),
        (["apports", "expliquer", "[/x]"], "inconnu"),
        (["sources", "nouveau", "essai__jeu", str(tmp_path / "a.txt"), "--millesime", "2024", "--axe", "x"], "axe"),
        (["sources", "nouveau", "essai__jeu", str(tmp_path / "a.txt"), "--millesime", "2024"], "séparateur"),
        (["sources", "nouveau", "../../x__y", str(tmp_path / "a.txt"), "--millesime", "2024"], "producteur__jeu"),
        (["exporter", "decouper", "x", "--vers", str(tmp_path / "y"), "--depuis", str(tmp_path)], "descripteur"),
        (["apports", "exemple", str(tmp_path / "a.txt" / "b")], "que faire"),
    ):
        code, shown = call(monkeypatch, capsys, *command)
        assert code == 1, (command, shown)
        assert expected in shown, (command, shown)


def test_a_folder_of_apports_with_names_in_markup(tmp_path: Path, monkeypatch, capsys) -> None:
    write(tmp_path, "gouvernance", SIEGE, name="a[bis][x].csv")
    code, shown = call(monkeypatch, capsys, "apports", "verifier", str(tmp_path))
    assert code == 0 and "a[bis][x].csv" in shown
    code, shown = call(monkeypatch, capsys, "apports", "verifier", str(tmp_path / "[/rien]"))
    assert code == 0 and "[/rien]" in shown


def test_an_argument_of_another_encoding_in_a_real_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"pilotage", b"territoires", b"chercher", b"\xe9t\xe9"],
        cwd=RACINE, capture_output=True, check=False, env={**os.environ, "PILOTAGE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2 and b"UTF-8" in done.stderr and b"Traceback" not in done.stderr


@borne(200)
@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_any_text_is_shown_and_commands_nothing(text: str) -> None:
    out = io.StringIO()
    console = Console(file=out, soft_wrap=True, highlight=False, width=500)
    console.print(f"[bold]{text}[/] fin")
    console.print(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", out.getvalue())
    assert len(plain(text).encode().decode()) == len(text)


@pytest.mark.parametrize(
    "text", ["a[bis].csv", "[/x]", "[1]", "[link=file:///etc/passwd]x", r"\[x]", "[@click=quit()]"]
)
def test_brackets_of_others_stay(text: str) -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(f"[bold]{text}[/]")
    assert out.getvalue().strip() in (text, text.replace("\\[", "["), f"[bold]{text}[/]")


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (ErreurFiche("fiche absente"), "fiche absente", 1),
        (FileNotFoundError(2, "No such file", "/x"), "/x", 1),
        (OSError(28, "No space left on device"), "place libre", 1),
        (OperationalError("select 1", {}, Exception("refus")), "ne répond pas", 1),
        (DataError("select 1", {}, Exception("trop grand")), "trop grand", 1),
        (psycopg.errors.OutOfMemory("mémoire"), "mémoire", 1),
        (MemoryError(), "mémoire", 1),
        (KeyError("x"), "inattendue", erreurs.INATTENDUE),
    ],
)
def test_every_error_is_a_sentence(tmp_path: Path, monkeypatch, error: Exception, words: str, code: int) -> None:
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    sentence, given_code = erreurs.explain(error)
    assert words in sentence and given_code == code and "\n" not in sentence
    traces = list((tmp_path / "journaux" / "erreurs").glob("*.txt"))
    assert len(traces) == (code == erreurs.INATTENDUE)
    assert all("KeyError" in trace.read_text() for trace in traces)


@borne(200)
@given(st.text(max_size=12) | st.sampled_from(HOSTILES))
def test_a_code_given_by_hand_finds_its_territory_or_none(code: str) -> None:
    frame = pd.DataFrame(
        [("commune:01001", "commune", "01001", "Un", 10.0), ("departement:01", "departement", "01", "Ain", 20.0)],
        columns=["cle_territoire", "niveau", "code_territoire", "nom_territoire", "population"],
    )
    try:
        found, _ = find_territory(frame, code)
    except ErreurRecommandation as error:
        assert str(error)
        return
    assert code.strip().upper().zfill(2) in (found.code_territoire, found.cle_territoire.upper())


def test_the_csv_of_a_comparison_runs_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"nom": ["=cmd", "Un", None], "valeur": [-1.5, 2.0, None]})
    write_frame(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "nom,valeur\n'=cmd,-1.5\nUn,2.0\n,\n"


def test_the_site_s_downloads_protect_the_same_cells() -> None:
    """The pattern of the pages' script is ours, sign for sign."""
    from pilotage.ecriture_csv import A_PROTEGER

    script = (RACINE / "site" / "src" / "formats.js").read_text(encoding="utf-8")
    assert f"/{A_PROTEGER}/.test(texte)" in script
