"""Readers: every format, by real files where the mirror has one, and by files that a library wrote."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from pilotage.catalogue import Fichier, Source
from pilotage.errors import ErreurLecture
from pilotage.readers import describe, iter_records, read_columns

COLUMNS = [{"nom": "code", "description": "Code Insee"}, {"nom": "valeur", "description": "Une valeur"}]
FRAME = pd.DataFrame({"code": ["01001", "2A004", None], "valeur": [1.0, 2.5, None]})
EXPECTED = [["01001", "1"], ["2A004", "2.5"], [None, None]]


def card(columns: list[dict] = COLUMNS, **dialect: object) -> Source:
    return Source.model_validate(
        {
            "source": "essai__jeu",
            "titre": "Jeu",
            "producteur": "Essai",
            "axe": "commun",
            "description": "Un jeu.",
            "page": "https://exemple.fr",
            "licence": "lov2",
            "attribution": "Essai",
            "frequence": "annuelle",
            "fraicheur_max_jours": 10,
            "millesimes": {"2024": {"date_donnees": "2024-01-01", "geographie": "2024-01-01"}},
            "tables": [{"table": "essai__jeu", "fichiers": [{"motif": "*", **dialect}], "colonnes": columns}],
        }
    )


def read(path: Path, columns: list[dict] = COLUMNS, **dialect: object) -> list[list[str | None]]:
    return [record.valeurs for record in iter_records(describe(card(columns, **dialect), "2024", path))]


def test_parquet(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", format="parquet") == EXPECTED


def test_xlsx_with_banner_and_sheet(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "a.xlsx") as writer:
        pd.DataFrame({"note": ["rien"]}).to_excel(writer, sheet_name="Lisez-moi", index=False)
        FRAME.dropna().to_excel(writer, sheet_name="Données 2024", startrow=3, index=False)
    livre = describe(card(format="xlsx", feuille="Données*", lignes_a_sauter=3), "2024", tmp_path / "a.xlsx")
    records = list(iter_records(livre))
    assert [r.valeurs for r in records] == EXPECTED[:2]
    assert [r.ligne for r in records] == [5, 6], "lines as a spreadsheet shows them"


def test_several_sheets_of_a_zipped_workbook_are_read_as_one(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "f.xlsx", engine="openpyxl") as book:
        pd.DataFrame({"code": ["01001"], "nom": ["Abergement"]}).to_excel(book, sheet_name="COM", index=False)
        pd.DataFrame({"nom": ["Belley"], "taille": [105.0]}).to_excel(book, sheet_name="ZONES", index=False)
        pd.DataFrame({"autre": ["x"]}).to_excel(book, sheet_name="Documentation", index=False)
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.write(tmp_path / "f.xlsx", "f.xlsx")
    columns = [{"nom": n, "description": "d"} for n in ("feuille", "code", "nom", "taille")]
    rows = read(tmp_path / "f.zip", columns, format="xlsx", feuille=["COM", "ZONES"])
    assert rows == [["COM", "01001", "Abergement", None], ["ZONES", None, "Belley", "105"]]
    with pytest.raises(ErreurLecture, match="aucune feuille « ARM »"):
        read(tmp_path / "f.zip", columns, format="xlsx", feuille=["COM", "ARM"])


def test_json_with_fields_that_come_late(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"code": "01001"}, {"valeur": ["a", 1], "code": "01002"}]))
    assert read(tmp_path / "a.json", format="json") == [["01001", None], ["01002", '["a", 1]']]


def test_geojson_with_geometry(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {"code": "1"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    columns = [COLUMNS[0], {"nom": "geometry", "description": "Position"}]
    assert read(tmp_path / "a.geojson", columns, format="geojson") == [
        ["1", '{"type": "Point", "coordinates": [1, 2]}']
    ]


def test_gz_zip_banner_and_quoted_line_breaks(tmp_path: Path) -> None:
    content = 'avertissement\ncode;valeur\n01001;"deux\nlignes"\n01002;x\n'.encode("cp1252")
    with gzip.open(tmp_path / "a.csv.gz", "wb") as stream:
        stream.write(content)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("dossier/données.csv", content)
        archive.writestr("lisezmoi.txt", "rien")
    dialect = {"separateur": ";", "lignes_a_sauter": 1, "encodage": "cp1252"}
    for name, member in (("a.csv.gz", None), ("a.zip", "dossier/*.csv")):
        records = list(iter_records(describe(card(membre=member, **dialect), "2024", tmp_path / name)))
        assert [r.valeurs for r in records] == [["01001", "deux\nlignes"], ["01002", "x"]]
        assert [r.ligne for r in records] == [3, 5], "physical lines, banner and line breaks counted"


def test_unpivot(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,T1 2018,T2 2018\n01001,1,2\n01002,3,4\n")
    columns = [COLUMNS[0], {"nom": "trimestre", "description": "T"}, {"nom": "valeur", "description": "V"}]
    rule = {"motif": r"T\d \d{4}", "variable": "trimestre", "valeur": "valeur"}
    assert read(tmp_path / "a.csv", columns, depivoter=rule) == [
        ["01001", "T1 2018", "1"],
        ["01001", "T2 2018", "2"],
        ["01002", "T1 2018", "3"],
        ["01002", "T2 2018", "4"],
    ]


def test_year_in_the_column_name(tmp_path: Path) -> None:
    columns = [COLUMNS[0], {"nom": "med", "description": "Médiane", "alias": ["MED{aa}"]}]
    (tmp_path / "a.csv").write_text("code,MED19,MED18\n1,20000,19000\n")
    source = card(columns).model_dump(mode="json")
    source["millesimes"]["2024"]["suffixes"] = {"aa": "19"}
    found = read_columns(describe(Source.model_validate(source), "2024", tmp_path / "a.csv"))
    assert found.noms == ["code", "med", None] and found.nouvelles == ["MED18"]


def test_shapefile_of_the_mirror(mirror: Path) -> None:
    """Attributes as the producer's dBase has them: 980 places."""
    path = next((mirror / "cget__maisons_services_public").glob("*/*.shp"))
    columns = [
        {"nom": "city", "description": "Commune", "alias": ["(?i)city"]},
        {"nom": "geometry", "description": "G"},
    ]
    livre = describe(card(columns, format="shapefile"), "2024", path)
    found = read_columns(livre)
    rows = list(iter_records(livre))
    assert len(rows) == 980
    point = rows[0].valeurs[found.noms.index("geometry")]
    longitude, latitude = map(float, point.removeprefix("POINT (").rstrip(")").split())
    assert -6 < longitude < 10 and 41 < latitude < 52, "projected coordinates were turned to WGS 84"


@pytest.mark.parametrize(
    ("name", "content", "dialect", "words"),
    [
        ("a.csv", b"", {}, "fichier vide"),
        ("a.csv", b"code,valeur\n1\n", {}, "ligne 2 : 1 valeurs"),
        ("a.csv", b"code,code,valeur\n1,2,3\n", {}, "deux colonnes"),
        ("a.csv", "code,valeur\né,1\n".encode("cp1252"), {}, "utf-8"),
        ("a.json", b"[{]", {"format": "json"}, "JSON mal form"),
        ("a.json", b"{}", {"format": "json"}, "pas un tableau"),
        ("a.geojson", b"{}", {"format": "geojson"}, "features"),
        ("a.xlsx", b"PK\x03\x04", {"format": "xlsx"}, "classeur illisible"),
        ("a.parquet", b"PAR1", {"format": "parquet"}, "parquet illisible"),
        ("a.zip", b"PK\x03\x04", {}, "zip illisible"),
        ("a.shp", b"x", {"format": "shapefile"}, r"shapefile sans \.dbf ni \.shx"),
    ],
)
def test_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes, dialect: dict, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ErreurLecture, match=words) as caught:
        read(tmp_path / name, **dialect)
    assert f"essai__jeu : 2024/{name}" in str(caught.value)


def test_zip_without_the_member_lists_what_it_holds(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("autre.csv", "a")
    with pytest.raises(ErreurLecture, match=r"autre\.csv"):
        read(tmp_path / "a.zip", membre="bon.csv")


def test_a_dialect_is_chosen_by_millesime() -> None:
    first, second = Fichier(motif="*.csv", millesimes=["2019"]), Fichier(motif="*.csv")
    assert first.matches("a.csv", "2019") and not first.matches("a.csv", "2020") and second.matches("a.csv", "2020")


def test_geoparquet_points_are_told_as_wkt(tmp_path: Path) -> None:
    points = [shapely.Point(1.4869502790146212, 43.65805271958675).wkb, None]
    pq.write_table(pa.table({"code": ["01001", "01002"], "geometry": points}), tmp_path / "a.parquet")
    columns = [{"nom": n, "description": "d"} for n in ("code", "geometry")]
    rows = read(tmp_path / "a.parquet", columns, format="parquet")
    assert rows == [["01001", "POINT (1.4869502790146212 43.65805271958675)"], ["01002", None]]


def test_parquet_number_that_is_none_is_absent(tmp_path: Path) -> None:
    pq.write_table(pa.table({"code": ["01001"], "valeur": [float("nan")]}), tmp_path / "a.parquet")
    columns = [{"nom": n, "description": "d"} for n in ("code", "valeur")]
    assert read(tmp_path / "a.parquet", columns, format="parquet") == [["01001", None]]


def test_json_wrapped_and_nested(tmp_path: Path) -> None:
    item = {"id": "a", "attributes": {"name": "Un", "phases": [{"name": "p"}]}, "relationships": {"x": {"id": 3}}}
    (tmp_path / "a.json").write_text(json.dumps({"version": 1, "data": [item]}))
    columns = [
        {"nom": n, "description": "d"} for n in ("id", "attributes_name", "attributes_phases", "relationships_x_id")
    ]
    rows = read(tmp_path / "a.json", columns, format="json", racine="data", aplatir=True)
    assert rows == [["a", "Un", '[{"name": "p"}]', "3"]]
    with pytest.raises(ErreurLecture, match="n'est pas un tableau"):
        read(tmp_path / "a.json", columns, format="json", racine="autre", aplatir=True)
