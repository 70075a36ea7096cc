"""Published advisories in the OSV format (https://ossf.github.io/osv-schema/), matched with the locks.

They come from a folder of JSON files or the zip of one ecosystem, which a connected machine downloads. A version is
affected when it is listed in `versions`, or lies in a range: sorted events, `introduced` opens, `fixed` closes before
it, `last_affected` closes after it; `introduced: "0"` is before every version. GIT ranges speak of
commits, not of versions.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pilotage.audit import ErreurAudit
from pilotage.audit.verrous import Paquet

SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
RANGS = {"fixed": 0, "limit": 0, "introduced": 1, "last_affected": 2}  # at one version: close, open, then include


@dataclass(frozen=True)
class Constat:
    """An advisory that concerns a locked version."""

    paquet: Paquet
    avis: str
    alias: tuple[str, ...]
    resume: str
    corrige: tuple[str, ...]

    def __str__(self) -> str:
        also = f" ({', '.join(self.alias)})" if self.alias else ""
        fixed = f" ; corrigé en {', '.join(self.corrige)}" if self.corrige else " ; pas de version corrigée"
        return (
            f"{self.paquet.verrou} : {self.paquet.nom} {self.paquet.version} : {self.avis}{also} {self.resume}{fixed}"
        )


@dataclass(frozen=True)
class Accepte:
    """An advisory that we live with for a time."""

    avis: str
    paquet: str
    motif: str
    responsable: str
    jusqu_au: dt.date


def read_advisories(place: Path) -> Iterator[dict]:
    """Advisories of a folder (JSON files, zips) or of one zip.

    Raises:
        ErreurAudit: a file cannot be read; what is not looked at is never passed over.
    """
    files = sorted(p for p in place.rglob("*") if p.suffix in (".json", ".zip")) if place.is_dir() else [place]
    for path in files:
        try:
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        if name.endswith(".json"):
                            yield json.loads(archive.read(name))
            else:
                yield json.loads(path.read_bytes())
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ErreurAudit(
                f"avis illisible : {error}",
                fichier=str(path),
                attendu="du JSON au format OSV, ou un zip de tels fichiers",
            ) from error


def match(packages: Iterable[Paquet], advisories: Iterable[dict]) -> tuple[list[Constat], int, set[str]]:
    """Advisories that concern the packages.

    Returns:
        (what was found; how many advisories were looked at; the ecosystems they speak of).
    """
    by_name: dict[tuple[str, str], list[Paquet]] = {}
    for package in packages:
        by_name.setdefault((package.ecosysteme, package.nom), []).append(package)
    found: dict[tuple[str, str, str], Constat] = {}
    count, ecosystems = 0, set()
    for advisory in advisories:
        count += 1
        for affected in advisory.get("affected", ()):
            kind = affected.get("package", {}).get("ecosystem", "").partition(":")[0]
            ecosystems.add(kind)
            name = affected.get("package", {}).get("name", "")
            name = canonicalize_name(name) if kind == "PyPI" else name
            for package in by_name.get((kind, name), ()):
                key = (package.verrou, package.nom, advisory["id"])
                try:
                    if not advisory.get("withdrawn") and is_affected(package.version, affected, kind):
                        found[key] = _finding(package, advisory, affected)
                except ErreurAudit as error:
                    found[key] = Constat(package, advisory["id"], (), f"à lire à la main : {error}", ())
    return list(found.values()), count, ecosystems


def is_affected(version: str, affected: dict, ecosystem: str = "PyPI") -> bool:
    """True when one `affected` of an advisory covers a version.

    Raises:
        ErreurAudit: a bound cannot be compared with the version: an advisory that we cannot read is not one that
            does not concern us.
    """
    if version in affected.get("versions", ()):
        return True
    own = _order(version, ecosystem)
    if ecosystem == "PyPI" and any(_order_or_none(v, ecosystem) == own for v in affected.get("versions", ())):
        return True
    return any(_in_range(own, r, ecosystem) for r in affected.get("ranges", ()) if r.get("type") != "GIT")


def read_accepted(path: Path) -> list[Accepte]:
    """The accepted advisories.

    Raises:
        ErreurAudit: an entry lacks a reason, an owner, or a date.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["acceptes"] or []
    found = []
    for rank, entry in enumerate(entries, 1):
        try:
            one = Accepte(**entry)
        except TypeError as error:
            raise ErreurAudit(
                f"entrée {rank} mal formée", fichier=path.name, attendu="avis, paquet, motif, responsable, jusqu_au"
            ) from error
        if not all(str(v or "").strip() for v in entry.values()) or type(one.jusqu_au) is not dt.date:
            raise ErreurAudit(
                f"entrée {rank} incomplète", fichier=path.name, attendu="un motif, un responsable, une date AAAA-MM-JJ"
            )
        found.append(one)
    return found


def split_accepted(
    found: list[Constat], accepted: list[Accepte], today: dt.date
) -> tuple[list[Constat], list[Constat], list[str]]:
    """(findings that stand, findings accepted, acceptances that are over); an alias accepts as the name does."""
    over = [
        f"{a.avis} ({a.paquet}) : accepté jusqu'au {a.jusqu_au:%d/%m/%Y} par {a.responsable} ; décider à nouveau"
        for a in accepted
        if a.jusqu_au < today
    ]
    valid = {(a.avis, canonicalize_name(a.paquet)) for a in accepted if a.jusqu_au >= today}
    borne = [f for f in found if any((name, canonicalize_name(f.paquet.nom)) in valid for name in (f.avis, *f.alias))]
    return [f for f in found if f not in borne], borne, over


def _in_range(own: object, span: dict, ecosystem: str) -> bool:
    events = []
    for event in span.get("events", ()):
        for kind, bound in event.items():
            if kind in RANGS:
                events.append((_floor(bound, kind, ecosystem), RANGS[kind], kind))
    inside = False
    for bound, _, kind in sorted(events, key=lambda e: (e[0] is not None, e[0] or _order("0", ecosystem), e[1])):
        below = bound is None or bound <= own
        if kind == "introduced" and below:
            inside = True
        elif (kind in ("fixed", "limit") and below) or (kind == "last_affected" and bound is not None and bound < own):
            inside = False
    return inside


def _floor(bound: str, kind: str, ecosystem: str):
    """A bound in its order; None for «0», before every version, and for «*», after every one."""
    if kind == "introduced" and bound == "0":
        return None
    if kind == "limit" and bound == "*":
        return _order("99999999.0.0", ecosystem)
    return _order(bound, ecosystem)


def _order(version: str, ecosystem: str):
    found = _order_or_none(version, ecosystem)
    if found is None:
        raise ErreurAudit(f"version « {version} » incomparable ({ecosystem})", conseil="lire l'avis à la main")
    return found


def _order_or_none(version: str, ecosystem: str):
    if ecosystem == "PyPI":
        try:
            return Version(version)
        except InvalidVersion:
            return None
    parts = SEMVER.fullmatch(version)
    if not parts:
        parts = SEMVER.fullmatch(".".join([*version.split("."), "0", "0"][:3])) if version[:1].isdigit() else None
    if not parts:
        return None
    pre = parts[4]
    # a pre-release comes before its release; numbers before words, numbers by value (SemVer 2.0, 11)
    words = tuple((0, int(w), "") if w.isdigit() else (1, 0, w) for w in pre.split(".")) if pre else ()
    return (int(parts[1]), int(parts[2]), int(parts[3]), 0 if pre else 1, words)


def _finding(package: Paquet, advisory: dict, affected: dict) -> Constat:
    events = (e for r in affected.get("ranges", ()) if r.get("type") != "GIT" for e in r.get("events", ()))
    summary = " ".join((advisory.get("summary") or advisory.get("details") or "").split())[:120]
    fixed = tuple(dict.fromkeys(e["fixed"] for e in events if "fixed" in e))
    return Constat(package, advisory["id"], tuple(advisory.get("aliases", ())), summary, fixed)
