"""Packages as an enemy writes them: refused in one sentence, nothing written elsewhere, nothing merged as another."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import stat
import warnings
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.ecriture_csv import A_PROTEGER, PROTEGE, protect, unprotect
from pilotage.errors import ErreurPublication
from pilotage.federation.decoupe import cut_package
from pilotage.federation.descripteur import read_descriptor
from pilotage.federation.fusion import federate
from pilotage.federation.paquet import open_package
from tests.fuzz.profil import borne
from tests.test_federation import country, make, table

FORMULES = [
    "=1+1",
    "+33 1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'=1",
    "''-x",
    "＝1+1",
    "－1",
    "'",
    "''",
    "l'été",
    "",
]


def package(folder: Path, **changes: object) -> Path:
    return make(folder, country({"01001": 100, "01002": 200}, values={"01001": (1, 10), "01002": (9, 10)}), **changes)


def rewrite(folder: Path, name: str, frame: pd.DataFrame) -> None:
    """Another table under the name of one, its hash made good: what an enemy would do."""
    path = folder / name.replace(".", "/", 1)
    path = path.with_name(path.name + ".parquet")
    frame.to_parquet(path)
    descriptor = json.loads((folder / "datapackage.json").read_text())
    for resource in descriptor["resources"]:
        if resource["name"] == f"{name}.parquet":
            resource["hash"] = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    (folder / "datapackage.json").write_text(json.dumps(descriptor))


def refused(tmp_path: Path, *paths: Path) -> str:
    target = tmp_path / "cible"
    with pytest.raises(ErreurPublication) as caught:
        federate(paths, target)
    assert not target.exists(), "nothing is written"
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("../x", 0), ("/x", 0), ("a/../../x", 0), ("C:/x", 0), ("c:x", 0), ("a\\b", 0), ("..\\x", 0), ("a:flux", 0),
        ("lien", stat.S_IFLNK | 0o777), ("tube", stat.S_IFIFO | 0o644),
    ],
)  # fmt: skip
def test_archives_that_would_write_elsewhere(tmp_path: Path, name: str, mode: int) -> None:
    info = zipfile.ZipInfo("x")
    info.filename, info.create_system, info.external_attr = name, 3, mode << 16
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("datapackage.json", "{}")
        archive.writestr(info, b"/etc/passwd")
    assert "chemin dangereux" in refused(tmp_path, tmp_path / "p.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.zip"]


def test_archives_that_are_traps_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datapackage.json", b" " * 300_000_000)
    assert "démesurée" in refused(tmp_path, path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("datapackage.json", "{}")
        archive.writestr("DATAPACKAGE.json", "{}")
    assert "deux fois" in refused(tmp_path, path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datapackage.json", json.dumps({"a": "b" * 5000}))
    whole = bytearray(path.read_bytes())
    whole[50:54] = b"\xff" * 4
    path.write_bytes(whole)
    assert "archive illisible" in refused(tmp_path, path)
    locked = bytearray(path.read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    assert "archive illisible" in refused(tmp_path, path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "descripteur illisible"),
        ("null", "descripteur illisible"),
        ('{"resources": 3, "pilotage": {"donnees_simulees": true}}', "resources"),
        ('{"resources": [{"name": {}, "path": "x"}], "pilotage": {"donnees_simulees": true}}', "resources.0.name"),
        ('{"resources": [{"name": "a", "path": 3}], "pilotage": {"donnees_simulees": true}}', "resources.0.path"),
        ('{"resources": [], "pilotage": {"donnees_simulees": "oui"}}', "donnees_simulees"),
        ('{"resources": [], "pilotage": []}', "pilotage"),
        ('{"resources": [], "created": 3, "pilotage": {"donnees_simulees": true}}', "created"),
        ("[" * 100_000, "descripteur illisible"),
        ("{" * 3, "descripteur illisible"),
        ("9" * 5000, "descripteur illisible"),
    ],
)
def test_descriptors_of_another_shape(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "datapackage.json").write_text(text)
    assert words in refused(tmp_path, tmp_path / "p")


@borne(150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["resources", "name", "path", "schema", "fields", "pilotage", "type"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_descriptor_is_taken_or_refused(tmp_path_factory, content) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "datapackage.json").write_text(json.dumps(content))
    try:
        read_descriptor(folder / "datapackage.json", "p")
        open_package(folder, 0, folder)
    except ErreurPublication as error:
        assert str(error)


def test_names_and_paths_that_are_sql_or_lead_out(tmp_path: Path) -> None:
    for number, (key, value) in enumerate(
        [("path", "../../secret.parquet"), ("path", "/etc/passwd"), ("name", 'a"; DROP TABLE x; --.parquet')]
    ):
        folder = package(tmp_path / f"p{number}")
        descriptor = json.loads((folder / "datapackage.json").read_text())
        for resource in descriptor["resources"]:
            if resource["name"].startswith("commun.dim_communes"):
                resource[key] = value if key == "path" or resource["type"] == "file" else value.removesuffix(".parquet")
        (folder / "datapackage.json").write_text(json.dumps(descriptor))
        assert "hors du paquet" in (said := refused(tmp_path, folder)) or "refusé" in said
    folder = package(tmp_path / "deux")
    descriptor = json.loads((folder / "datapackage.json").read_text())
    descriptor["resources"].append(descriptor["resources"][0])
    (folder / "datapackage.json").write_text(json.dumps(descriptor))
    assert "deux fois" in refused(tmp_path, folder)


def test_a_link_inside_a_folder_leads_nowhere(tmp_path: Path) -> None:
    folder, other = package(tmp_path / "p"), package(tmp_path / "q")
    place = folder / "commun" / "dim_communes.parquet"
    place.unlink()
    place.symlink_to(other / "commun" / "dim_communes.parquet")
    assert "hors du paquet" in refused(tmp_path, folder)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("code_commune", "0100１", "n'est pas un code"),
        ("code_commune", "01001 '; --", "n'est pas un code"),
        ("code_commune", "", "n'est pas un code"),
        ("code_commune", "01002", "clé donnée deux fois"),
        ("code_commune", None, "n'est pas un code"),
        ("population", float("inf"), "n'est pas un nombre fini"),
        ("population", float("nan"), None),
        ("population", "cent", "ces tables ne se lisent pas"),
    ],
)
def test_rows_that_would_pass_for_others(tmp_path: Path, column: str, value: object, words: str | None) -> None:
    folder = package(tmp_path / "p")
    frame = table(folder, "commun.dim_communes").astype({column: object})
    frame.loc[0, column] = value
    if column == "population" and isinstance(value, float):
        frame = frame.astype({"population": float})
    if value == "cent":
        frame = frame.astype({"population": str})
    rewrite(folder, "commun.dim_communes", frame)
    if words is None:  # pandas writes NaN as a missing value: absent, never zero
        assert federate([folder], tmp_path / "cible").lignes["commun.dim_communes"] == 2
    else:
        assert words in refused(tmp_path, folder)


def test_a_code_that_one_package_keeps_as_a_number(tmp_path: Path) -> None:
    """1001 and «01001» would stand side by side as two communes, cast to text without a word."""
    good, bad = package(tmp_path / "bon"), package(tmp_path / "faux")
    frame = table(bad, "commun.dim_communes")
    rewrite(bad, "commun.dim_communes", frame.assign(code_commune=frame.code_commune.astype(int)))
    assert "nombre" in refused(tmp_path, good, bad)
    assert "perdu ses zéros" in refused(tmp_path, bad)
    frame = table(good, "commun.dim_territoires")
    odd = package(tmp_path / "autre")
    rewrite(odd, "commun.dim_territoires", frame.assign(population=frame.population.astype(str)))
    assert "texte ici, nombre dans bon" in refused(tmp_path, good, odd)


def test_a_false_parquet_whose_hash_is_good(tmp_path: Path) -> None:
    folder = package(tmp_path / "p")
    path = folder / "commun" / "dim_communes.parquet"
    whole = bytearray(path.read_bytes())
    for place in range(8, 60):
        whole[place] ^= 0x5A
    for content in (b"PAR1", bytes(whole), b""):
        path.write_bytes(content)
        descriptor = json.loads((folder / "datapackage.json").read_text())
        for resource in descriptor["resources"]:
            if resource["name"] == "commun.dim_communes.parquet":
                resource["hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        (folder / "datapackage.json").write_text(json.dumps(descriptor))
        assert "p : " in refused(tmp_path, folder)


def test_a_folder_that_is_no_package_is_never_replaced(tmp_path: Path) -> None:
    """`--vers` of a home folder would have erased it."""
    folder, target = package(tmp_path / "p"), tmp_path / "documents"
    target.mkdir()
    (target / "photo.jpg").write_bytes(b"x")
    for call in (lambda: federate([folder], target), lambda: cut_package(folder, ["commune:01001"], target)):
        with pytest.raises(ErreurPublication, match="effacerait"):
            call()
    with pytest.raises(ErreurPublication, match="effacerait"):
        federate([folder], Path("/"))
    assert (target / "photo.jpg").read_bytes() == b"x"


@borne(400)
@given(st.text(st.sampled_from(list("=+-@'\t\r\na1 ＝＋－＠é\"")), max_size=6))
def test_a_neutralised_cell_is_harmless_and_gives_itself_back(text: str) -> None:
    cell = protect(text)
    assert unprotect(cell) == text
    assert not cell or cell[0] not in "=+-@\t\r\n＝＋－＠", "what OWASP's page on CSV injection lists"
    assert cell == text or (cell == f"'{text}" and re.match(A_PROTEGER, text))
    assert (re.match(PROTEGE, cell) is not None) == (cell != text) or text.startswith("'")


def test_formulas_through_a_merge_and_back(tmp_path: Path) -> None:
    frames = country({"01001": 100, "01002": 200}, values={"01001": (1, 10), "01002": (9, 10)})
    merged = {}
    for number, text in enumerate(FORMULES):
        frames["commun.dim_territoires"].loc[0, "nom_territoire"] = text
        folder = make(tmp_path / f"p{number}", frames)
        target = federate([folder], tmp_path / f"cible{number}").dossier
        merged[text] = target
        names = table(target, "commun.dim_territoires").set_index("cle_territoire").nom_territoire
        assert names["commune:01001"] == text, "Parquet stays exact"
        again = federate([target], tmp_path / f"encore{number}").dossier
        assert table(again, "commun.dim_territoires").nom_territoire.tolist() == names.tolist()
        with (target / "commun" / "dim_territoires.csv").open(newline="", encoding="utf-8") as file:
            rows = {row["cle_territoire"]: row for row in csv.DictReader(file)}
        assert rows["commune:01001"]["nom_territoire"] == protect(text)
        assert unprotect(rows["commune:01001"]["nom_territoire"]) == text
        if number == 1:
            break
    one = next(iter(merged.values()))
    assert "apostrophe" in (one / "LISEZMOI.md").read_text()
    told = json.loads((one / "datapackage.json").read_text())["pilotage"]["neutralisation"]
    assert told["motif"] == PROTEGE and "apostrophe" in told["annuler"]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[protect(text)] for text in FORMULES])
    read = [row[0] if row else "" for row in csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)]
    assert [unprotect(cell) for cell in read] == FORMULES
