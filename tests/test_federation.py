"""Packages cut and merged: two real départements equal to both computed together, conflicts, hostile input."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pilotage.errors import ErreurPublication
from pilotage.federation.decoupe import cut_package
from pilotage.federation.ecriture import Sortie, write_package
from pilotage.federation.fusion import federate
from pilotage.federation.portes import settle
from pilotage.lecture_parquet import parquet_sql
from tests.entrepot_reel import EntrepotReel

AXES = ("infrastructures", "developpement", "services", "usages", "ecosystemes")
KEYS = {
    "commun.dim_communes": ["code_commune"], "commun.dim_territoires": ["cle_territoire"],
    "commun.pont_communes_territoires": ["code_commune", "cle_territoire"],
    "commun.dim_indicateurs": ["code_indicateur"], "commun.dim_lieux": ["id_lieu"],
    "commun.pont_lieux_sources": ["id_lieu", "source", "id_source"],
    "commun.passage_communes": ["code_ancien", "code_commune"],
    **{f"{axe}.indicateurs_{axe}": ["cle_territoire", "code_indicateur", "millesime"] for axe in AXES},
}  # fmt: skip


def make(
    folder: Path,
    tables: dict[str, pd.DataFrame],
    *,
    simulated: bool = True,
    created: str = "2026-01-01",
    keys: dict[str, list[str]] = KEYS,
) -> Path:
    """A package of the standard from frames."""
    connection = duckdb.connect()
    outputs = []
    for name, frame in tables.items():
        connection.register(f"_{name}", frame)
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM "_{name}"')
        fields = [{"name": column, "type": "any"} for column in frame.columns]
        schema = {"fields": fields, "primaryKey": keys[name]}
        order = ", ".join(f'"{column}"' for column in keys[name])
        outputs.append(Sortie(name, f'SELECT * FROM "{name}" ORDER BY {order}', {"schema": schema, "title": name}))
    folder.mkdir(parents=True)
    said = {
        "name": "p", "title": folder.name, "description": "x", "version": "g", "created": created,
        "pilotage": {"donnees_simulees": simulated, "territoires": []},
    }  # fmt: skip
    write_package(connection, outputs, said, folder, "")
    return folder


def country(codes: dict[str, float], *, values: dict[str, tuple[float, float]], day: str = "2025-01-01") -> dict:
    """Communes of one EPCI `e` of three communes, with one indicator: numerator and denominator by commune."""
    bridge = [(c, f"commune:{c}", "commune", c) for c in codes] + [(c, "epci:e", "epci", "e") for c in codes]
    territories = [(f"commune:{c}", "commune", c, c, float(p), 1) for c, p in codes.items()]
    rows = [
        (f"commune:{c}", "commune", c, "taux", "2025", day, n, d, 100 * n / d, "%", "plus", 100.0, False, "s")
        for c, (n, d) in values.items()
    ]
    columns = [
        "cle_territoire", "niveau", "code_territoire", "code_indicateur", "millesime", "date_donnees", "numerateur",
        "denominateur", "valeur", "unite", "sens", "couverture_population_pct", "est_secret", "source",
    ]  # fmt: skip
    return {
        "commun.dim_communes": pd.DataFrame(
            {"code_commune": list(codes), "est_actuelle": True, "population": list(codes.values())}
        ),
        "commun.dim_territoires": pd.DataFrame(
            [*territories, ("epci:e", "epci", "e", "E", 600.0, 3)],
            columns=["cle_territoire", "niveau", "code_territoire", "nom_territoire", "population", "nb_communes"],
        ),
        "commun.pont_communes_territoires": pd.DataFrame(
            bridge, columns=["code_commune", "cle_territoire", "niveau", "code_territoire"]
        ),
        "commun.dim_indicateurs": pd.DataFrame(
            [("taux", 100.0, "%", "plus", "commune", "s")],
            columns=["code_indicateur", "facteur", "unite", "sens", "niveau_min", "source"],
        ),
        "usages.indicateurs_usages": pd.DataFrame(rows, columns=columns).astype({"date_donnees": "string"}),
    }


def doors(rows: list[tuple[str, str, str]]) -> dict[str, pd.DataFrame]:
    """Doors (id, name, id in source `s`)."""
    return {
        "commun.dim_lieux": pd.DataFrame([r[:2] for r in rows], columns=["id_lieu", "nom_lieu"]).assign(
            code_commune="1"
        ),
        "commun.pont_lieux_sources": pd.DataFrame(
            [(r[0], "s", r[2]) for r in rows], columns=["id_lieu", "source", "id_source"]
        ),
    }


def table(folder: Path, name: str) -> pd.DataFrame:
    schema, _, one = name.partition(".")
    return pd.read_parquet(folder / schema / f"{one}.parquet")


def value(folder: Path, cle: str = "epci:e") -> tuple[float, float]:
    frame = table(folder, "usages.indicateurs_usages").set_index("cle_territoire")
    return frame.valeur[cle], frame.couverture_population_pct[cle]


@pytest.fixture
def west(tmp_path: Path) -> Path:
    return make(tmp_path / "ouest", country({"1": 100, "2": 200}, values={"1": (1, 10), "2": (9, 10)}))


@pytest.fixture
def east(tmp_path: Path) -> Path:
    return make(
        tmp_path / "est", country({"2": 200, "3": 300}, values={"2": (9, 10), "3": (10, 80)}), created="2026-02-01"
    )


def test_a_shared_commune_counts_once_and_the_rate_is_no_mean(west: Path, east: Path, tmp_path: Path) -> None:
    report = federate([west, east], tmp_path / "f")
    assert report.lignes["commun.dim_communes"] == 3
    assert value(tmp_path / "f") == (20.0, 100.0)  # 100 × (1 + 9 + 10) / (10 + 10 + 80)
    assert (report.conflits, report.partiels) == (0, 0)
    brought = table(tmp_path / "f", "federation.provenance").set_index(["nom_table", "paquet"])
    communes = brought.loc["commun.dim_communes"]
    assert communes.date_paquet.to_dict() == {"est": "2026-02-01", "ouest": "2026-01-01"}
    assert communes.lignes.to_dict() == {"est": 2, "ouest": 2}
    assert communes.lignes_gardees.to_dict() == {"est": 2, "ouest": 1}


def test_half_a_territory_says_so(west: Path, tmp_path: Path) -> None:
    report = federate([west], tmp_path / "f")
    assert value(tmp_path / "f") == (50.0, 50.0)
    assert report.partiels == 1
    (row,) = table(tmp_path / "f", "federation.territoires_partiels").itertuples()
    assert (row.cle_territoire, row.nb_communes, row.nb_communes_connues, row.part_connue_pct) == ("epci:e", 3, 2, 50.0)


def files(folder: Path, *without: str) -> dict[str, str]:
    kept = (p for p in folder.rglob("*") if p.is_file() and p.name not in without)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def test_order_grouping_and_repetition_change_nothing(west: Path, east: Path, tmp_path: Path) -> None:
    third = make(tmp_path / "sud", country({"1": 100}, values={"1": (1, 10)}))
    about = ("provenance.csv", "provenance.parquet", "datapackage.json", "LISEZMOI.md", "SHA256SUMS")
    whole = files(federate([west, east, third], tmp_path / "f1").dossier, *about)
    assert files(federate([third, east, west], tmp_path / "f2").dossier, *about) == whole
    federate([west, east], tmp_path / "f3")
    assert files(federate([tmp_path / "f3", third], tmp_path / "f4").dossier, *about) == whole
    assert files(federate([tmp_path / "f1", tmp_path / "f1"], tmp_path / "f5").dossier, *about) == whole
    again = files(federate([west, east, third], tmp_path / "f6").dossier)
    assert again == files(tmp_path / "f1")


def test_the_newer_figure_is_kept_and_the_other_is_listed(west: Path, tmp_path: Path) -> None:
    later = make(
        tmp_path / "recent", country({"1": 100, "2": 200}, values={"1": (5, 10), "2": (9, 10)}, day="2025-06-01")
    )
    report = federate([west, later], tmp_path / "f")
    assert value(tmp_path / "f")[0] == 70.0
    assert report.conflits == 4  # one commune's numerator and value, two communes' date
    rows = table(tmp_path / "f", "federation.conflits")
    kept = rows[(rows.colonne == "numerateur")].iloc[0]
    assert (kept.paquet_garde, kept.valeur_gardee, kept.valeur_ecartee) == ("recent", "5", "1")
    assert set(rows.motif) == {"données plus récentes"}


def test_other_editions_stand_side_by_side(west: Path, tmp_path: Path) -> None:
    tables = country({"1": 100, "2": 200}, values={"1": (2, 10), "2": (8, 10)})
    tables["usages.indicateurs_usages"]["millesime"] = "2024"
    federate([west, make(tmp_path / "avant", tables)], tmp_path / "f")
    frame = table(tmp_path / "f", "usages.indicateurs_usages")
    assert frame[frame.niveau == "epci"].set_index("millesime").valeur.to_dict() == {"2024": 50.0, "2025": 50.0}


def test_a_secret_stays_secret_and_in_no_sum(west: Path, tmp_path: Path) -> None:
    tables = country({"3": 300}, values={"3": (10, 80)})
    frame = tables["usages.indicateurs_usages"]
    frame["est_secret"], frame["valeur"], frame["numerateur"] = True, None, None
    federate([west, make(tmp_path / "secret", tables)], tmp_path / "f")
    assert value(tmp_path / "f") == (50.0, 50.0)
    assert pd.isna(value(tmp_path / "f", "commune:3")[0])


def test_communes_merged_since_are_carried_over(tmp_path: Path) -> None:
    before = country({"1": 100, "2": 200, "4": 50}, values={"1": (1, 10), "2": (9, 10), "4": (4, 20)})
    after = country({"2": 250}, values={})
    after["commun.passage_communes"] = pd.DataFrame(
        [("4", "2", 1.0), ("2", "2", 1.0)], columns=["code_ancien", "code_commune", "part"]
    )
    old = make(tmp_path / "ancien", before)
    new = make(tmp_path / "neuf", after, created="2026-03-01")
    federate([old, new], tmp_path / "f")
    assert sorted(table(tmp_path / "f", "commun.dim_communes").code_commune) == ["1", "2"]
    frame = table(tmp_path / "f", "usages.indicateurs_usages").set_index("cle_territoire")
    assert (frame.numerateur["commune:2"], frame.denominateur["commune:2"]) == (13, 30)
    assert frame.valeur["commune:2"] == pytest.approx(100 * 13 / 30)
    assert frame.valeur["epci:e"] == pytest.approx(100 * 14 / 40)
    after["commun.passage_communes"]["part"] = [0.4, 1.0]
    with pytest.raises(ErreurPublication, match="la commune 4 s'est séparée"):
        federate([old, make(tmp_path / "scission", after)], tmp_path / "g")


def test_a_door_known_by_the_same_row_is_one_door(tmp_path: Path) -> None:
    base = country({"1": 100}, values={"1": (1, 10)})
    one = make(tmp_path / "a", {**base, **doors([("b2", "Médiathèque", "7"), ("c3", "Poste", "8")])})
    two = make(tmp_path / "b", {**base, **doors([("a1", "La médiathèque", "7")])}, created="2026-05-01")
    federate([one, two], tmp_path / "f")
    places = table(tmp_path / "f", "commun.dim_lieux").set_index("id_lieu").nom_lieu.to_dict()
    assert places == {"a1": "La médiathèque", "c3": "Poste"}
    assert sorted(table(tmp_path / "f", "commun.pont_lieux_sources").id_lieu) == ["a1", "c3"]
    assert settle([["b", "c"], ["c", "a"], ["x", "y"]]) == {"b": "a", "c": "a", "y": "x"}


def spoil(folder: Path, how: str, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(folder, tmp_path / f"gate_{how}"))
    path = copy / "datapackage.json"
    said = json.loads(path.read_text())
    if how == "descripteur":
        path.write_text("{")
    elif how == "absent":
        (copy / "commun" / "dim_communes.parquet").unlink()
    elif how == "modifie":
        with (copy / "commun" / "dim_communes.parquet").open("ab") as file:
            file.write(b"x")
    elif how == "dehors":
        next(r for r in said["resources"] if r["name"].endswith("communes.parquet"))["path"] = "../../x.parquet"
        path.write_text(json.dumps(said))
    elif how in ("motif", "partition"):
        one = next(r for r in said["resources"] if r["name"] == "commun.dim_communes.parquet")
        checked = copy / ("commun/[d]im_communes.parquet" if how == "motif" else 'a" FROM x; --=1/c.parquet')
        checked.parent.mkdir(exist_ok=True)
        shutil.copy(copy / one["path"], checked)
        one["path"] = str(checked.relative_to(copy))
        path.write_text(json.dumps(said))
    elif how == "nom_piege":
        next(r for r in said["resources"] if r["name"] == "commun.dim_communes")["name"] = "../../x.y"
        path.write_text(json.dumps(said))
    elif how == "colonne_piege":
        said["resources"][0]["schema"]["fields"][0]["name"] = 'a" FROM x; --'
        path.write_text(json.dumps(said))
    elif how == "sans_table":
        said["resources"] = [r for r in said["resources"] if "pont_communes" not in r["name"]]
        path.write_text(json.dumps(said))
    return copy


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("descripteur", "descripteur illisible"),
        ("absent", "fichier annoncé et absent"),
        ("modifie", "n'est pas celui que le descripteur annonce"),
        ("dehors", "chemin hors du paquet"),
        ("motif", "chemin refusé"),
        ("partition", "chemin refusé"),
        ("nom_piege", "nom « ../../x.y » refusé"),
        ("colonne_piege", "refusé"),
        ("sans_table", "la table commun.pont_communes_territoires manque"),
    ],
)
def test_a_broken_package_is_named_and_nothing_is_lost(
    west: Path, east: Path, tmp_path: Path, how: str, told: str
) -> None:
    federate([west], tmp_path / "f")
    before = files(tmp_path / "f")
    with pytest.raises(ErreurPublication, match=told) as raised:
        federate([east, spoil(west, how, tmp_path)], tmp_path / "f")
    assert f"gate_{how}" in str(raised.value)
    assert files(tmp_path / "f") == before


def test_a_folder_whose_name_is_a_pattern_is_read_alone(west: Path, east: Path, tmp_path: Path) -> None:
    there = tmp_path / "b[1]*=2"
    shutil.copytree(west, there / "paquet")
    federate([there / "paquet", east], there / "f")
    federate([west, east], tmp_path / "f")
    assert files(there / "f").keys() == files(tmp_path / "f").keys()
    assert table(there / "f", "commun.dim_communes").equals(table(tmp_path / "f", "commun.dim_communes"))
    trap, checked = tmp_path / "d.parquet", tmp_path / "[d].parquet"
    pd.DataFrame({"a": [1]}).to_parquet(checked)
    pd.DataFrame({'a" FROM x; --': [1]}).to_parquet(trap)
    with duckdb.connect() as connection:
        assert [c[0] for c in connection.execute(f"FROM {parquet_sql(checked)}").description] == ["a"]
        (tmp_path / "n=1").mkdir()
        shutil.copy(checked, tmp_path / "n=1" / "a.parquet")
        assert connection.execute(f"FROM {parquet_sql(tmp_path / 'n=1' / 'a.parquet')}").fetchall() == [(1,)]


def test_packages_that_cannot_be_added_up_are_refused(west: Path, tmp_path: Path) -> None:
    tables = country({"3": 300}, values={"3": (10, 80)})
    real = make(tmp_path / "reel", tables, simulated=False)
    with pytest.raises(ErreurPublication, match="ne se mêlent pas"):
        federate([west, real], tmp_path / "f")
    tables["commun.dim_indicateurs"]["unite"] = "pour mille"
    other = make(tmp_path / "autre", tables, created="2025-01-01")
    with pytest.raises(ErreurPublication, match="taux n'y est pas mesuré comme ailleurs : unite « pour mille »"):
        federate([west, other], tmp_path / "f")
    with pytest.raises(ErreurPublication, match="ce n'est pas un paquet"):
        federate([tmp_path], tmp_path / "f")


@pytest.mark.parametrize("name", ["../../evil", "/evil", "a/../../evil", "C:\\evil"])
def test_an_archive_cannot_write_elsewhere(west: Path, tmp_path: Path, name: str) -> None:
    archive = tmp_path / "p.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(name, "x")
    with pytest.raises(ErreurPublication, match="chemin dangereux"):
        federate([archive], tmp_path / "f")


def test_a_zip_is_a_package_too(west: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "ouest"), "zip", tmp_path, "ouest")
    federate([Path(archive)], tmp_path / "f")
    assert value(tmp_path / "f")[0] == 50.0


def test_a_formula_stays_harmless_in_csv_and_exact_in_parquet(tmp_path: Path) -> None:
    tables = country({"1": 100}, values={"1": (1, 10)}) | doors([("a1", "=1+1", "7")])
    federate([make(tmp_path / "p", tables)], tmp_path / "f")
    rows = list(csv.DictReader((tmp_path / "f" / "commun" / "dim_lieux.csv").open(encoding="utf-8", newline="")))
    assert rows[0]["nom_lieu"] == "'=1+1"
    assert table(tmp_path / "f", "commun.dim_lieux").nom_lieu[0] == "=1+1"


def test_merged_packages_become_a_generation_apart(warehouse, west: Path, east: Path, tmp_path: Path) -> None:
    from sqlalchemy import text

    from pilotage.database import get_engine
    from pilotage.federation.entrepot import load_package
    from pilotage.generations import list_generations

    federate([west, east], tmp_path / "f")
    first = load_package(tmp_path / "f")
    with get_engine(warehouse).connect() as connection:
        query = text(f"SELECT valeur FROM \"usages__{first}\".indicateurs_usages WHERE cle_territoire = 'epci:e'")
        assert connection.scalar(query) in (20, "20", "20.0")
    assert [(g.generation, g.etat) for g in list_generations()] == [(first, "federee")]


REELLES = KEYS | {
    "commun.dim_communes": ["cle_commune"],
    "commun.pont_lieux_sources": ["source", "millesime", "id_source"],
    "commun.passage_communes": ["date_reference", "code_ancien", "code_commune"],
}
VOISINES = "SELECT code_commune FROM {commun}.dim_communes WHERE est_actuelle AND code_region = '84'"
LIMITES = {
    "commun.pont_lieux_sources": "id_lieu IN (SELECT id_lieu FROM {commun}.dim_lieux "
    f"WHERE code_commune IN ({VOISINES}))",
    "commun.dim_indicateurs": "TRUE",
}


@pytest.fixture(scope="module")
def export(entrepot_reel: EntrepotReel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real warehouse's own rows of a région and of what it touches, in the export's standard."""
    bridge = f"SELECT cle_territoire FROM {{commun}}.pont_communes_territoires WHERE code_commune IN ({VOISINES})"
    frames = {}
    for name in KEYS:
        schema, _, one = name.partition(".")
        by = "code_commune" if one.startswith(("dim_communes", "dim_lieux", "passage")) else "cle_territoire"
        where = LIMITES.get(name) or f"{by} IN ({VOISINES if by == 'code_commune' else bridge})"
        frame = entrepot_reel.frame(f'SELECT * FROM {{{schema}}}."{one}" WHERE {where}')
        frames[name] = frame.astype({c: "string" for c in frame.columns if c.startswith("date_")})
    return make(tmp_path_factory.mktemp("export") / "region", frames, simulated=False, keys=REELLES)


def test_two_real_departements_merged_are_the_two_computed_together(export: Path, tmp_path: Path) -> None:
    """Ain and Rhône, whose border cuts an EPCI, a CRTE and living areas: every level of both equals the warehouse's."""
    for name, keys in (
        ("ain", ["departement:01"]),
        ("rhone", ["departement:69"]),
        ("deux", ["departement:01", "departement:69"]),
    ):
        cut_package(export, keys, tmp_path / name)
    report = federate([tmp_path / "ain", tmp_path / "rhone"], tmp_path / "f")
    assert report.conflits == 0
    for name in ("commun.dim_communes", "commun.dim_lieux", "commun.pont_lieux_sources"):
        pd.testing.assert_frame_equal(table(tmp_path / "f", name), table(tmp_path / "deux", name))
    key, compared, straddling = KEYS["usages.indicateurs_usages"], 0, 0
    for axe in AXES:
        ours = table(tmp_path / "f", f"{axe}.indicateurs_{axe}").set_index(key)
        theirs = table(tmp_path / "deux", f"{axe}.indicateurs_{axe}").set_index(key)
        communal = {code for _, code, _ in theirs.index[theirs.niveau == "commune"]}
        lost = theirs.index.difference(ours.index)
        assert not {code for _, code, _ in lost} & communal, "only what communes do not give can be out of reach"
        both = theirs.index.intersection(ours.index)
        for column in ("numerateur", "denominateur", "valeur", "couverture_population_pct"):
            gap = (ours.loc[both, column] - theirs.loc[both, column]).abs() / theirs.loc[both, column].abs().clip(
                lower=1
            )
            assert gap.max() < 1e-9, (axe, column)
        compared += len(both)
        cut = {c for n in ("ain", "rhone") for c in table(tmp_path / n, f"{axe}.indicateurs_{axe}").cle_territoire}
        straddling += len({cle for cle, _, _ in both} - cut)
    assert compared > 50_000
    assert straddling >= 3, "levels that neither package held whole"
