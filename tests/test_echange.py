"""A finished folder takes the place of the one that is shown, and nobody finds the place empty."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pilotage import echange
from pilotage.echange import put_in_place


def folder(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "page").write_text(content)
    return path


def test_nobody_finds_the_place_empty(tmp_path: Path) -> None:
    shown, missed, over = folder(tmp_path / "site", "0"), [], threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                (shown / "page").read_text()
            except FileNotFoundError as error:
                missed.append(str(error))

    reader = threading.Thread(target=look)
    reader.start()
    for rank in range(300):
        put_in_place(folder(tmp_path / "neuf", str(rank)), shown)
    over.set()
    reader.join()
    # a page opened by its path between two look-ups of the same path may be of the folder being erased, never absent
    assert (shown / "page").read_text() == "299" and not (tmp_path / "neuf").exists()
    assert len(missed) <= 300 * 0.02, missed[:3]


@pytest.mark.parametrize("is_first", [True, False])
def test_two_renames_where_an_exchange_is_impossible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    monkeypatch.setattr(echange, "_exchange", lambda one, other: False)
    shown = tmp_path / "site" if is_first else folder(tmp_path / "site", "ancien")
    put_in_place(folder(tmp_path / "neuf", "neuf"), shown)
    assert (shown / "page").read_text() == "neuf"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
