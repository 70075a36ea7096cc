"""The Parquet copy of a published table, made from its CSV batch by batch: same cells, no date of writing.

Every value passes here on its way out, so this is where a personal value or a number that is none stops the export.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pilotage.ecriture_csv import PROTEGE, FichierCsv
from pilotage.errors import ErreurPublication
from pilotage.tables_publiees import ColonnePubliee, TablePubliee
from pilotage.valeurs_personnelles import find_personal_value

if TYPE_CHECKING:
    import pyarrow

SEUIL_COMPRESSION = 100_000_000
NIVEAU_GZIP = 4  # level 6 takes twice as long for 3 % less on an indicator table
BLOC = 8 << 20


@dataclass(frozen=True)
class FichiersTable:
    """The two files of a table. `neutralisees` counts the CSV cells that got an apostrophe."""

    csv: Path
    parquet: Path
    lignes: int
    neutralisees: int


def convert(table: TablePubliee, csv: FichierCsv, parquet: Path) -> FichiersTable:
    """Make the Parquet file from the CSV, looking at every text cell on the way; compress a large CSV.

    Raises:
        ErreurPublication: a personal value, a number that is not finite, or a count that differs from COPY's.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([_arrow_field(column) for column in table.colonnes])
    rows = protected = 0
    with pq.ParquetWriter(parquet, schema, compression="zstd", version="2.6") as writer:
        for batch in _read_batches(table, csv):
            arrays = []
            for column, values in zip(table.colonnes, batch.columns, strict=True):
                _refuse_bad_values(table, column, values)
                values, found = _unprotect(values) if column.est_texte else (values, 0)
                is_list = column.type_sql.endswith("[]")
                arrays.append(_lists(values, arrow_type(column)) if is_list else values)
                protected += found
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            rows += batch.num_rows
    if rows != csv.lignes:
        raise ErreurPublication(
            f"{rows} lignes relues dans le CSV pour {csv.lignes} écrites",
            source=table.nom_complet,
            fichier=csv.chemin.name,
            conseil="ne pas publier ; relancer l'export et signaler la table",
        )
    return FichiersTable(_compress_large(csv.chemin), parquet, rows, protected)


def _read_batches(table: TablePubliee, csv: FichierCsv):
    from pyarrow import csv as pa_csv

    types = {column.nom: arrow_type(column, cells=True) for column in table.colonnes}
    return pa_csv.open_csv(
        csv.chemin,
        read_options=pa_csv.ReadOptions(column_names=list(types), skip_rows=1, block_size=BLOC),
        parse_options=pa_csv.ParseOptions(newlines_in_values=csv.retours_dans_cellules, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
            true_values=["true"], false_values=["false"],
        ),
    )  # fmt: skip


def arrow_type(column: ColonnePubliee, cells: bool = False) -> pyarrow.DataType:
    """Arrow type of a PostgreSQL type; with `cells`, the type in which its CSV cells are first read."""
    import pyarrow as pa

    kind = column.type_sql
    if kind.endswith("[]"):
        inner = ColonnePubliee(column.nom, kind.removesuffix("[]"), "")
        return pa.string() if cells else pa.list_(arrow_type(inner))
    if scale := re.fullmatch(r"numeric\((\d+),(\d+)\)", kind):
        return pa.decimal128(int(scale[1]), int(scale[2]))
    simple = {
        "smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64(), "real": pa.float32(),
        "double precision": pa.float64(), "numeric": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
        "timestamp with time zone": pa.timestamp("us", "UTC"), "timestamp without time zone": pa.timestamp("us"),
    }  # fmt: skip
    return simple.get(re.sub(r"\(\d+\)", "", kind), pa.string())


def _arrow_field(column: ColonnePubliee) -> pyarrow.Field:
    import pyarrow as pa

    return pa.field(column.nom, arrow_type(column), metadata={"description": column.description})


def _refuse_bad_values(table: TablePubliee, column: ColonnePubliee, values: pyarrow.Array) -> None:
    import pyarrow as pa
    import pyarrow.compute as compute

    if pa.types.is_string(values.type) and (found := find_personal_value(column.nom, values)):
        raise ErreurPublication(
            f"{found[0]} (« {found[1]} ») dans une table publiée : rien n'a été exporté",
            source=table.nom_complet,
            colonne=column.nom,
            conseil="effacer cette valeur dans le modèle de staging, ou marquer la colonne `personnel` dans la fiche",
        )
    if pa.types.is_floating(values.type) and compute.any(compute.invert(compute.is_finite(values))).as_py():
        raise ErreurPublication(
            "valeur infinie ou indéfinie (NaN) : une valeur absente doit rester vide",
            source=table.nom_complet,
            colonne=column.nom,
            conseil="protéger la division dans le modèle (NULLIF)",
        )


def _unprotect(values: pyarrow.Array) -> tuple[pyarrow.Array, int]:
    """Values without the apostrophe of the CSV, and how many had it."""
    import pyarrow.compute as compute

    if not compute.any(compute.match_substring_regex(values.unique(), PROTEGE)).as_py():
        return values, 0
    count = compute.sum(compute.match_substring_regex(values, PROTEGE)).as_py()
    return compute.replace_substring_regex(values, PROTEGE, r"\1"), count


def _lists(values: pyarrow.Array, kind: pyarrow.DataType) -> pyarrow.Array:
    import pyarrow as pa

    return pa.array([None if text is None else json.loads(text) for text in values.to_pylist()], type=kind)


def _compress_large(path: Path) -> Path:
    """A CSV over 100 MB becomes `.csv.gz` (no date or name inside): six times less to download, read as is by tools."""
    if path.stat().st_size <= SEUIL_COMPRESSION:
        return path
    target = path.with_name(path.name + ".gz")
    engine = zlib.compressobj(NIVEAU_GZIP, zlib.DEFLATED, 31)
    with path.open("rb") as source, target.open("wb") as output:
        while block := source.read(1 << 20):
            output.write(engine.compress(block))
        output.write(engine.flush())
    path.unlink()
    return target
