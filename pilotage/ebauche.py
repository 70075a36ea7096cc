"""Draft the four files of a new source from one real file: card, gate, staging model, sample."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from pathlib import Path

import yaml

from pilotage.catalogue import AXES, Fichier, Source, Table, slugify
from pilotage.config import RACINE
from pilotage.errors import ErreurFiche
from pilotage.readers import Livre, open_bytes

FORMATS = {".xlsx": "xlsx", ".json": "json", ".geojson": "geojson", ".parquet": "parquet", ".shp": "shapefile"}


def draft(source: str, exemple: Path, millesime: str, axe: str, root: Path = RACINE) -> list[Path]:
    """Write the drafts; a file that exists is never overwritten.

    Returns:
        The paths written.

    Raises:
        ErreurFiche: the name is not `producteur__jeu`, the axis is unknown, or the source exists.
    """
    if "__" not in source or slugify(source.replace("__", " ")).replace("_", "") != source.replace("_", ""):
        raise ErreurFiche(f"« {source} »", attendu="producteur__jeu, en minuscules sans accents")
    if axe not in AXES:
        raise ErreurFiche(f"axe « {axe} » inconnu", attendu=", ".join(AXES))
    producer = source.split("__")[0]
    card = root / "pilotage" / "sources" / f"{source}.yml"
    if card.exists():
        raise ErreurFiche("cette source a déjà sa fiche", source=source, fichier=card.name)
    dialect = _guess(exemple)
    headers, rows = _read_some(source, exemple, millesime, axe, dialect)
    columns = [slugify(h) or f"colonne_{i}" for i, h in enumerate(headers, 1)]
    if len(set(columns)) < len(columns) or not columns:
        twice = next((name for name in columns if columns.count(name) > 1), "aucune")
        raise ErreurFiche("deux colonnes du même nom, ou aucune", fichier=exemple.name, colonne=twice)
    files = {
        card: _card(source, axe, exemple, millesime, dialect, columns),
        root / "expectations" / "raw" / f"{source}.yml": _gate(source, columns, len(rows)),
        root / "dbt_project" / "models" / "staging" / producer / f"stg_{source}.sql": _staging(source, columns),
        root / "tests" / "data" / f"{source}.csv": ",".join(headers) + "\n",  # its lines are ours to write
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def _guess(path: Path) -> dict:
    kind = FORMATS.get(path.suffix.lower(), "csv")
    if kind != "csv":
        return {"motif": path.name, "format": kind}
    with path.open("rb") as stream:
        start = stream.read(65536)
    try:
        start.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError as error:
        encoding = "utf-8" if error.start > len(start) - 4 else "cp1252"
    text = start.decode(encoding, errors="replace")
    try:
        dialect = csv.Sniffer().sniff(text, delimiters=",;\t|")
    except csv.Error as error:
        advice = "donner un fichier csv, xlsx, json, geojson, parquet ou shapefile"
        raise ErreurFiche("aucun séparateur ne se devine", fichier=path.name, conseil=advice) from error
    return {"motif": path.name, "encodage": encoding, "separateur": dialect.delimiter}


def _read_some(source: str, path: Path, millesime: str, axe: str, dialect: dict) -> tuple[list[str], list]:
    """Headers and the first records of the example."""
    day = dt.date.today()
    card = Source.model_construct(source=source, axe=axe, millesimes={millesime: {"date_donnees": day}})
    fichier = Fichier(**dialect)
    livre = Livre(card, millesime, path, Table.model_construct(table=source, colonnes=[], fichiers=[fichier]), fichier)
    if fichier.format != "csv":
        from pilotage.tables import read_table

        headers, rows = read_table(livre)
        return headers, [values for _, values in itertools.islice(rows, 20)]
    with open_bytes(livre) as stream:
        lines = [line.decode(fichier.encodage, errors="replace") for line in itertools.islice(stream, 60)]
    try:
        headers, *rows = csv.reader(lines, delimiter=fichier.separateur)
    except (csv.Error, ValueError) as error:
        raise ErreurFiche(f"en-tête illisible ({error})", fichier=path.name) from error
    return headers, rows[:20]


def _card(source: str, axe: str, exemple: Path, millesime: str, dialect: dict, columns: list[str]) -> str:
    today = dt.date.today()
    content = {
        "source": source,
        "titre": f"Titre chez le producteur ({exemple.name})",
        "producteur": source.split("__")[0].upper(),
        "axe": axe,
        "description": "Ce que le jeu décrit, son grain, ses pièges.",
        "page": "https://www.data.gouv.fr/",
        "licence": "inconnue",
        "attribution": source.split("__")[0].upper(),
        "frequence": "annuelle",
        "fraicheur_max_jours": 400,
        "millesimes": {millesime: {"date_donnees": today, "geographie": today.replace(month=1, day=1)}},
        "tables": [
            {
                "table": source,
                "cle": [],
                "fichiers": [dialect],
                "colonnes": [{"nom": c, "description": f"Sens de {c} à écrire."} for c in columns],
            }
        ],
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=118)


def _gate(source: str, columns: list[str], rows: int) -> str:
    content = {
        "suite": source,
        "attentes": [
            {
                "attente": "expect_table_row_count_to_be_between",
                "min_value": max(1, rows // 2),
                "raison": "Un fichier coupé ne remplace pas le dernier bon.",
            }
        ],
        "lignes": [
            {
                "regle": f"{columns[0]}_present",
                "attente": "expect_column_values_to_not_be_null",
                "column": columns[0],
                "tolerance": 0.01,
                "raison": f"Une ligne sans {columns[0]} ne désigne rien.",
            }
        ],
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=118)


def _staging(source: str, columns: list[str]) -> str:
    names = ",\n    ".join(columns)
    table = "{{ source('raw', '" + source + "') }}"
    return (
        f"-- Grain : une ligne par ligne de {source} et par millésime.\n"
        f"SELECT\n    {names},\n    _millesime AS millesime,\n    _livraison AS livraison,\n    _ligne AS ligne\n"
        f"FROM {table}\n"
    )
