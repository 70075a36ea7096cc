"""The audit of dependencies: locks, environment, OSV's ranges on advisories made by hand, acceptances, what is said."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pilotage.audit import ACCEPTES, VERROU_NPM, VERROUS, ErreurAudit
from pilotage.audit.__main__ import app
from pilotage.audit.avis import is_affected, match, read_accepted, read_advisories, split_accepted
from pilotage.audit.nomenclature import bill_of_materials
from pilotage.audit.verrous import Paquet, check_environment, find_yanked, read_locks
from pilotage.config import RACINE

TODAY = dt.date(2026, 11, 28)
HASH = "--hash=sha256:" + "0" * 64


def test_our_locks_are_exact_and_hashed_and_the_environment_is_theirs() -> None:
    packages, problems = read_locks()
    assert problems == []
    assert {p.verrou for p in packages} == {*VERROUS, VERROU_NPM}
    assert len({p.nom for p in packages if p.ecosysteme == "PyPI"}) > 200
    assert check_environment(packages) == []


def test_every_lock_of_the_repository_is_audited() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*.lock", "*package-lock.json"], cwd=RACINE, capture_output=True, text=True
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git clone")
    assert set(tracked) == {*VERROUS, VERROU_NPM}


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    """A repository's locks, all good, to be spoiled."""
    for name in (*VERROUS, VERROU_NPM):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# c\nun==1.0 \\\n    {HASH}\n")
    node = {"packages": {"": {}, "node_modules/a": {"version": "1.0.0", "integrity": "sha512-AAAA"}}}
    (tmp_path / VERROU_NPM).write_text(json.dumps(node))
    return tmp_path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"deux>=1 {HASH}", "deux sans version exacte"),
        (f"deux==1.* {HASH}", "deux sans version exacte"),
        ("deux==1.0", "deux sans empreinte SHA-256"),
        ("deux==1.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e", "deux sans empreinte SHA-256"),
        ("deux==1.0 --hash=sha256:abc", "deux sans empreinte SHA-256"),
        (f"deux @ https://x.exemple/deux.whl {HASH}", "deux sans version exacte"),
        ("--index-url https://x.exemple/simple", "n'est pas un paquet épinglé"),
        ("git+https://x.exemple/deux", "n'est pas un paquet épinglé"),
    ],
)
def test_a_loose_line_is_told_with_its_place(locks: Path, line: str, said: str) -> None:
    assert read_locks(locks)[1] == []
    with (locks / VERROUS[0]).open("a") as lock:
        lock.write(line + "\n")
    (problem,) = read_locks(locks)[1]
    assert problem.startswith("requirements.lock, ligne 4") and said in problem


@pytest.mark.parametrize(
    "entry",
    [
        {"version": "1.0.0"},
        {"version": "1.0.0", "integrity": "sha1-AAAA"},
        {"version": "1.0.0", "integrity": "sha512-AAAA", "resolved": "https://x.exemple/a.tgz"},
    ],
)
def test_a_loose_node_package_is_told(locks: Path, entry: dict) -> None:
    (locks / VERROU_NPM).write_text(json.dumps({"packages": {"node_modules/@x/b": entry}}))
    assert len(read_locks(locks)[1]) == 1 and "@x/b" in read_locks(locks)[1][0]


def test_another_environment_is_told(tmp_path: Path) -> None:
    for name, version in (("un", "1.0"), ("deux", "2.1"), ("intrus", "3")):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    wanted = [Paquet(n, v, "PyPI", VERROUS[0], 1) for n, v in (("un", "1.0.0"), ("deux", "2.0"), ("absent", "1"))]
    assert check_environment(wanted, tmp_path) == [
        "deux 2.1 : installé, alors que le verrou dit 2.0",
        "intrus 3 : installé, mais dans aucun verrou",
        "absent : dans requirements.lock, mais pas installé",
    ]


def span(*events: dict, kind: str = "ECOSYSTEM") -> dict:
    return {"ranges": [{"type": kind, "events": list(events)}]}


@pytest.mark.parametrize(
    ("version", "affected", "expected"),
    [
        ("1.5", span({"introduced": "0"}), True),
        ("0.0.1.dev1", span({"introduced": "0"}), True),
        ("1.9", span({"introduced": "1.0"}, {"fixed": "2.0"}), True),
        ("2.0", span({"introduced": "1.0"}, {"fixed": "2.0"}), False),
        ("2.0rc1", span({"introduced": "1.0"}, {"fixed": "2.0"}), True),
        ("2.0.post1", span({"introduced": "1.0"}, {"fixed": "2.0"}), False),
        ("1.0", span({"introduced": "1.0"}, {"fixed": "2.0"}), True),
        ("0.9", span({"introduced": "1.0"}, {"fixed": "2.0"}), False),
        ("1.10", span({"introduced": "1.2"}, {"fixed": "1.9"}), False),
        ("2.0", span({"introduced": "0"}, {"last_affected": "2.0"}), True),
        ("2.0.1", span({"introduced": "0"}, {"last_affected": "2.0"}), False),
        ("3.5", span({"introduced": "0"}, {"fixed": "2"}, {"introduced": "3"}, {"fixed": "4"}), True),
        ("2.5", span({"introduced": "0"}, {"fixed": "2"}, {"introduced": "3"}, {"fixed": "4"}), False),
        ("3.5", span({"fixed": "4"}, {"introduced": "3"}, {"fixed": "2"}, {"introduced": "0"}), True),
        ("2.0", span({"introduced": "1"}, {"fixed": "2.0"}, {"introduced": "2.0"}, {"fixed": "3"}), True),
        ("1!0.5", span({"introduced": "1.0"}), True),
        ("1.0", {"versions": ["1.0"]}, True),
        ("1.0", {"versions": ["1.0.0"]}, True),
        ("1.1", {"versions": ["1.0"]}, False),
        ("1.1", {"versions": ["1.1"], **span({"introduced": "5"})}, True),
        ("1.1", span({"introduced": "0"}, kind="GIT"), False),
        ("1.1", {}, False),
    ],
)
def test_ranges_of_osv(version: str, affected: dict, expected: bool) -> None:
    assert is_affected(version, affected) is expected


@pytest.mark.parametrize(
    ("version", "affected", "expected"),
    [
        ("1.2.3", span({"introduced": "0"}, {"fixed": "1.2.4"}, kind="SEMVER"), True),
        ("1.2.4", span({"introduced": "0"}, {"fixed": "1.2.4"}, kind="SEMVER"), False),
        ("1.2.4-rc.9", span({"introduced": "0"}, {"fixed": "1.2.4-rc.10"}, kind="SEMVER"), True),
        ("1.2.4-rc.11", span({"introduced": "0"}, {"fixed": "1.2.4-rc.10"}, kind="SEMVER"), False),
        ("1.10.0", span({"introduced": "1.9.0"}, kind="SEMVER"), True),
    ],
)
def test_ranges_of_node(version: str, affected: dict, expected: bool) -> None:
    assert is_affected(version, affected, "npm") is expected


def advisory(name: str, package: str, **more: object) -> dict:
    affected = {"package": {"ecosystem": "PyPI", "name": package}, **span({"introduced": "0"}, {"fixed": "2"})}
    return {"id": name, "summary": "faille", "affected": [affected], **more}


UN = [Paquet("mon-paquet", "1.0", "PyPI", "requirements.lock", 1)]


def test_an_advisory_is_found_by_any_spelling_of_the_name_and_a_withdrawn_one_is_not() -> None:
    given = [
        advisory("A", "Mon_Paquet", aliases=["CVE-1"]),
        advisory("B", "mon.paquet", withdrawn="2026-01-01T00:00:00Z"),
        advisory("C", "autre"),
    ]
    found, count, ecosystems = match(UN, given)
    assert [str(one) for one in found] == ["requirements.lock : mon-paquet 1.0 : A (CVE-1) faille ; corrigé en 2"]
    assert (count, ecosystems) == (3, {"PyPI"})


def test_a_bound_that_cannot_be_compared_is_told_rather_than_passed_over() -> None:
    given = advisory("A", "mon-paquet")
    given["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}, {"fixed": "avant-hier"}]
    (found,) = match(UN, [given])[0]
    assert "à lire à la main" in str(found)


def test_advisories_are_read_from_a_folder_and_from_a_zip_and_a_broken_one_stops(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(advisory("A", "x")))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("B.json", json.dumps(advisory("B", "x")))
    assert {a["id"] for a in read_advisories(tmp_path)} == {"A", "B"}
    assert {a["id"] for a in read_advisories(tmp_path / "all.zip")} == {"B"}
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(ErreurAudit, match="illisible"):
        list(read_advisories(tmp_path))


def test_an_acceptance_has_a_reason_an_owner_and_an_end(tmp_path: Path) -> None:
    path = tmp_path / "avis.yml"
    head = "acceptes:\n- {avis: CVE-1, paquet: Mon_Paquet, motif: rien, responsable: moi, jusqu_au: 2026-11-28}\n"
    path.write_text(head)
    found = match(UN, [advisory("A", "mon-paquet", aliases=["CVE-1"])])[0]
    accepted = read_accepted(path)
    assert split_accepted(found, accepted, TODAY) == ([], found, [])
    standing, borne, over = split_accepted(found, accepted, TODAY + dt.timedelta(days=1))
    assert standing == found and borne == [] and "28/11/2026 par moi" in over[0]
    for spoiled in (
        head.replace("motif: rien, ", ""),
        head.replace("rien", "''"),
        head.replace("2026-11-28", "bientôt"),
    ):
        path.write_text(spoiled)
        with pytest.raises(ErreurAudit, match="entrée 1"):
            read_accepted(path)


def test_our_acceptances_are_not_over() -> None:
    assert split_accepted([], read_accepted(ACCEPTES), dt.date.today())[2] == []


def test_the_command_says_when_nothing_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PILOTAGE_AVIS", raising=False)
    nothing = CliRunner().invoke(app, [])
    assert nothing.exit_code == 2 and "AUCUN AVIS REGARDÉ" in nothing.output
    assert CliRunner().invoke(app, ["--hors-ligne"]).exit_code == 0
    (tmp_path / "a.json").write_text(json.dumps(advisory("A", "inconnu")))
    monkeypatch.setenv("PILOTAGE_AVIS", str(tmp_path))
    half = CliRunner().invoke(app, [])
    assert half.exit_code == 2 and "Avis regardés : 1" in half.output and "AUCUN AVIS npm REGARDÉ" in half.output
    given = advisory("PYSEC-0", "sqlalchemy")
    given["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}]
    (tmp_path / "a.json").write_text(json.dumps(given))
    bad = CliRunner().invoke(app, [])
    assert isinstance(bad.exception, ErreurAudit) and "sqlalchemy" in bad.output and "PYSEC-0" in bad.output


def test_the_bill_of_materials_names_each_component_once_and_is_stable() -> None:
    packages, _ = read_locks()
    bill = bill_of_materials(packages)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    purls = [component["purl"] for component in bill["components"]]
    assert len(set(purls)) == len(purls) == len({p.purl for p in packages})
    assert all(component["hashes"] and component["properties"] for component in bill["components"])
    assert bill == bill_of_materials(list(reversed(packages)))


def test_a_withdrawn_version_is_told_and_a_silent_registry_too(tmp_path: Path) -> None:
    """uv itself is asked in `make audit`; here a program answers as it does, then as it does without network."""
    for name in VERROUS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"un==1.0 {HASH}\n")
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\necho 'warning: `un==1.0` is yanked (reason: \"faute\")' >&2\n")
    program.chmod(0o755)
    yanked, silent = find_yanked(tmp_path, str(program))
    assert len(yanked) == len(VERROUS) and yanked[0].startswith("requirements.lock : `un==1.0` is yanked")
    program.write_text("#!/bin/sh\necho 'error: no answer' >&2\nexit 2\n")
    assert find_yanked(tmp_path, str(program)) == ([], [f"{name} : error: no answer" for name in VERROUS])
    assert silent == [] and shutil.which("sh")
