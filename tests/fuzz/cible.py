"""One target under atheris, in a process of its own: `python -m tests.fuzz.cible <nom> [options of libFuzzer]`."""

from __future__ import annotations

import atexit
import importlib
import shutil
import sys

import atheris


def main() -> None:
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=["pilotage", "models_ml"]):
        target = importlib.import_module(f"tests.fuzz.cibles.{name}")
    from tests.fuzz.cibles import TRAVAIL

    TRAVAIL.mkdir(exist_ok=True)
    atexit.register(shutil.rmtree, TRAVAIL, ignore_errors=True)
    atheris.Setup([sys.argv[0], *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
