"""The fuzzing itself: its samples hold, a broken promise is found, kept as a file, and told by the exit code."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.cibles import NOMS


@pytest.mark.parametrize("name", NOMS)
def test_the_samples_of_every_target_keep_its_promise(name: str) -> None:
    target = importlib.import_module(f"tests.fuzz.cibles.{name}")
    assert len(target.seeds()) >= 2
    for content in target.seeds():
        target.run(content)


def test_a_broken_promise_is_found_and_kept(tmp_path: Path) -> None:
    executed, found, code = fuzz("temoin", 20, 1, tmp_path)
    assert code != 0 and executed > 0
    assert len(found) == 1 and found[0].name.startswith("crash-")
    assert found[0].read_bytes().startswith(b"ma")
