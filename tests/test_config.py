"""Settings: read when asked for, refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotage.config import get_settings
from pilotage.errors import ErreurConfiguration, ErreurLecture


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PILOTAGE_SOURCES", "/nulle/part", "n'est ni simulation"),
        ("PILOTAGE_COMMUNES", "beaucoup", "COMMUNES"),
        ("PILOTAGE_COMMUNES", "3", "COMMUNES"),
        ("PILOTAGE_FETCH_TIMEOUT_S", "-1", "FETCH_TIMEOUT_S"),
    ],
)
def test_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ErreurConfiguration, match=words):
        get_settings()


def test_each_nature_of_data_has_its_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PILOTAGE_HOME")
    homes = set()
    for sources in ("simulation", str(tmp_path)):
        monkeypatch.setenv("PILOTAGE_SOURCES", sources)
        homes.add(get_settings().home.name)
    assert homes == {"simulation", "reel"}


def test_a_folder_that_a_simulation_wrote_is_simulated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PILOTAGE_SOURCES", str(tmp_path))
    assert not get_settings().is_simulation
    (tmp_path / "SIMULATION").touch()
    assert get_settings().is_simulation


def test_database_url_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://a@b/c")
    with pytest.raises(ErreurConfiguration, match="DATABASE_URL"):
        _ = get_settings().database_url
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@c:1/d")
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@localhost:1/d")
    assert get_settings().database_url == "postgresql+psycopg://a:b@localhost:1/d"


def test_errors_name_place_expectation_and_next_step() -> None:
    error = ErreurLecture("absente", source="a__b", fichier="f.csv", ligne=3, colonne="x", attendu="y", conseil="z")
    assert str(error) == "a__b : f.csv, ligne 3, colonne « x » : absente ; attendu : y ; que faire : z"
    import pickle

    assert str(pickle.loads(pickle.dumps(error))) == str(error)
