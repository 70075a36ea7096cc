"""Run every target for a while: `python -m tests.fuzz --secondes 60 --graine 1`."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import time
from pathlib import Path

from pilotage.config import RACINE
from tests.fuzz.cibles import NOMS

DOSSIER = RACINE / ".pilotage" / "fuzz"
EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def fuzz(name: str, seconds: int, seed: int, root: Path = DOSSIER) -> tuple[int, list[Path], int]:
    """One target in a process of its own; its corpus grows from run to run.

    Returns:
        (executions, inputs that broke a promise, exit code)
    """
    folder = root / name
    corpus, found = folder / "corpus", folder / "trouvailles"
    for one in (corpus, found):
        one.mkdir(parents=True, exist_ok=True)
    for rank, content in enumerate(importlib.import_module(f"tests.fuzz.cibles.{name}").seeds()):
        (corpus / f"graine_{rank:02d}").write_bytes(content)
    before = set(found.iterdir())
    command = [
        sys.executable, "-m", "tests.fuzz.cible", name, str(corpus), f"-max_total_time={seconds}", f"-seed={seed}",
        "-print_final_stats=1", "-rss_limit_mb=2000", "-timeout=30", "-max_len=20000", f"-artifact_prefix={found}/",
    ]  # fmt: skip
    with (folder / "journal.txt").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, cwd=RACINE, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    text = (folder / "journal.txt").read_text(encoding="utf-8", errors="replace")
    executed = [int(n) for n in EXECUTIONS.findall(text)] or [0]
    return executed[-1], sorted(set(found.iterdir()) - before), code


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--secondes", type=int, default=60, help="for each target")
    parser.add_argument("--graine", type=int, default=1)
    parser.add_argument("--cible", choices=NOMS, action="append", help="only these")
    asked = parser.parse_args()
    broken = 0
    for name in asked.cible or NOMS:
        start = time.monotonic()
        executed, found, code = fuzz(name, asked.secondes, asked.graine)
        print(
            f"{name:<12} {executed:>9} exécutions en {time.monotonic() - start:.0f} s, {len(found)} plantages",
            flush=True,
        )
        for path in found:
            print(f"  {path}", flush=True)
        if code and not found:
            print(f"  arrêt de code {code} : {DOSSIER / name / 'journal.txt'}", flush=True)
        broken += bool(found or code)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
