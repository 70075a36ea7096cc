"""The locks read and checked: exact versions, hashes for each, and an environment that is what they say."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pilotage.audit import VERROU_NPM, VERROUS
from pilotage.config import RACINE

EMPREINTE = re.compile(r"--hash=sha256:([0-9a-f]{64})(?=\s|$)")
OUTILS = {"pip", "setuptools", "wheel"}  # what `python -m venv` brings by itself


@dataclass(frozen=True)
class Paquet:
    """One line of a lock."""

    nom: str
    version: str
    ecosysteme: str  # PyPI | npm, OSV's words
    verrou: str
    ligne: int
    empreintes: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        kind = {"PyPI": "pypi", "npm": "npm"}[self.ecosysteme]
        return f"pkg:{kind}/{self.nom.replace('@', '%40')}@{self.version}"


def read_locks(root: Path = RACINE) -> tuple[list[Paquet], list[str]]:
    """Every package of every lock, and what is wrong with their lines, in French.

    A Python line wants an exact version and at least one SHA-256; a Node one, a version and its integrity, and either
    no address or the public registry's.
    """
    found: list[Paquet] = []
    problems: list[str] = []
    for name in VERROUS:
        path = root / name
        if not path.exists():
            problems.append(f"{name} : absent")
            continue
        for line, text in _joined(path):
            _read_line(name, line, text, found, problems)
    npm = root / VERROU_NPM
    if not npm.exists():
        problems.append(f"{VERROU_NPM} : absent")
        return found, problems
    for place, entry in json.loads(npm.read_text(encoding="utf-8"))["packages"].items():
        if place:
            _read_node(place, entry, found, problems)
    return found, problems


def check_environment(packages: list[Paquet], site: Path | None = None) -> list[str]:
    """Differences between the running environment and the locks that make it (requirements, dev, uv).

    A package of the environment that no lock names, or another version, is a difference; a development package that is
    absent is none: production does without.

    Args:
        site: folder of installed packages; the running interpreter's when None.
    """
    own = VERROUS[:3]
    wanted: dict[str, set[str]] = {}
    for package in packages:
        if package.verrou in own:
            wanted.setdefault(package.nom, set()).add(package.version)
    distributions = metadata.distributions(path=[str(site)]) if site else metadata.distributions()
    installed = {canonicalize_name(d.metadata["Name"]): d.version for d in distributions if d.metadata["Name"]}
    problems = []
    for name, version in sorted(installed.items()):
        if name in OUTILS:
            continue
        if name not in wanted:
            problems.append(f"{name} {version} : installé, mais dans aucun verrou")
        elif not any(_same(version, one) for one in wanted[name]):
            problems.append(f"{name} {version} : installé, alors que le verrou dit {', '.join(sorted(wanted[name]))}")
    needed = {p.nom for p in packages if p.verrou == VERROUS[0]}
    problems += [f"{name} : dans {VERROUS[0]}, mais pas installé" for name in sorted(needed - installed.keys())]
    return problems


def find_yanked(root: Path = RACINE, uv: str = "uv") -> tuple[list[str], list[str]]:
    """What the registry says was withdrawn, asked by uv as for an installation, lock by lock.

    Returns:
        (withdrawn versions; locks for which the registry did not answer, with its words).
    """
    yanked, silent = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in VERROUS:
            lines = [re.split(r"\s", text, maxsplit=1)[0] for _, text in _joined(root / name)]
            pins = Path(folder) / "pins.txt"
            pins.write_text("\n".join(lines), encoding="utf-8")
            command = [uv, "pip", "install", "--dry-run", "--no-deps", "--python-version", "3.11", "--target", folder]
            done = subprocess.run([*command, "-r", str(pins)], capture_output=True, text=True)
            if done.returncode:
                silent.append(f"{name} : {(done.stderr.strip() or '?').splitlines()[-1]}")
            yanked += [f"{name} : {w}" for w in re.findall(r"warning: (`[^`]+` is yanked.*)", done.stderr)]
    return yanked, silent


def _joined(path: Path) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first physical line; comments dropped."""
    start, parts = 0, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        start = start if parts else number
        if text.endswith("\\"):
            parts.append(text[:-1].strip())
            continue
        if whole := " ".join([*parts, text]).strip():
            yield start, whole
        parts = []
    if parts:
        yield start, " ".join(parts)


def _read_line(lock: str, line: int, text: str, found: list[Paquet], problems: list[str]) -> None:
    place = f"{lock}, ligne {line}"
    head = re.split(r"\s--", text, maxsplit=1)[0].strip()
    try:
        wanted = Requirement(head)
    except InvalidRequirement:
        problems.append(f"{place} : « {head[:60]} » n'est pas un paquet épinglé")
        return
    pins = list(wanted.specifier)
    if wanted.url or len(pins) != 1 or pins[0].operator != "==" or "*" in pins[0].version:
        problems.append(f"{place} : {wanted.name} sans version exacte")
        return
    hashes = EMPREINTE.findall(text)
    if not hashes or len(hashes) != text.count("--hash="):
        problems.append(f"{place} : {wanted.name} sans empreinte SHA-256")
    found.append(Paquet(canonicalize_name(wanted.name), pins[0].version, "PyPI", lock, line, tuple(hashes)))


def _read_node(place: str, entry: dict, found: list[Paquet], problems: list[str]) -> None:
    name = entry.get("name") or place.rpartition("node_modules/")[2]
    version, integrity = entry.get("version"), entry.get("integrity", "")
    if not version or not re.match(r"sha(512|384|256)-", integrity):
        problems.append(f"{VERROU_NPM} : {name} sans version ou sans empreinte")
        return
    if "resolved" in entry:  # the machine that installs says where from, not the lock
        problems.append(f"{VERROU_NPM} : {name} porte une adresse de téléchargement")
    found.append(Paquet(name, version, "npm", VERROU_NPM, 0, (integrity,)))


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
