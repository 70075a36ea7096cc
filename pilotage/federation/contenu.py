"""The rows of a package that somebody gives: codes that are codes, numbers that are numbers, a key once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilotage.errors import ErreurPublication
from pilotage.lecture_parquet import parquet_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from pilotage.federation.paquet import Paquet

CODES = ("code_commune", "code_ancien", "cle_territoire", "code_territoire", "code_indicateur", "id_lieu")
FORME_CODE = r"[0-9A-Za-z][0-9A-Za-z:_. -]{0,199}"  # ASCII: a full-width digit would make another commune


def check_alike(packages: list[Paquet]) -> None:
    """Refuse two packages that write a column in two kinds: a code kept as a number has lost its zeros.

    Raises:
        ErreurPublication: names package, table and column.
    """
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for package in packages:
        for table in package.parquets:
            for field in package.schema_of(table):
                kind = family(field.type)
                former, name = known.setdefault((table, field.name), (kind, package.nom))
                if "vide" in (kind, former):
                    known[(table, field.name)] = (former, name) if kind == "vide" else (kind, package.nom)
                elif kind != former:
                    raise ErreurPublication(
                        f"{kind} ici, {former} dans {name}", source=package.nom, fichier=table, colonne=field.name,
                        conseil="refaire les paquets avec la même version de Pilotage",
                    )  # fmt: skip


def family(kind: pa.DataType) -> str:
    """A type's family, in French."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return family(kind.value_type)
    tests = (
        (pa.types.is_null, "vide"), (pa.types.is_string, "texte"), (pa.types.is_large_string, "texte"),
        (pa.types.is_boolean, "booléen"), (pa.types.is_integer, "nombre"), (pa.types.is_floating, "nombre"),
        (pa.types.is_decimal, "nombre"), (pa.types.is_date, "date"), (pa.types.is_timestamp, "instant"),
    )  # fmt: skip
    return next((name for test, name in tests if test(kind)), str(kind))


def check_rows(connection: Any, package: Paquet) -> None:
    """Read the columns by which packages are merged.

    Raises:
        ErreurPublication: a code of another form or absent, an infinite number, two rows of one key.
    """
    for table, path in package.parquets.items():
        source = parquet_sql(path)
        key, fields = package.key_of(table), {field.name: family(field.type) for field in package.schema_of(table)}
        if missing := [name for name in key if name not in fields]:
            raise _wrong(package, table, missing[0], "colonne de la clé absente")
        for name in (n for n in CODES if n in fields):
            if fields[name] not in ("texte", "vide"):
                raise _wrong(package, table, name, f"un code écrit comme {fields[name]} a perdu ses zéros", "du texte")
            blank = f'"{name}" IS NULL OR ' if name in key else ""
            bad = _first(connection, source, name, f"{blank}NOT regexp_full_match(\"{name}\", '{FORME_CODE}')")
            if bad:
                raise _wrong(package, table, name, f"« {str(bad[0])[:40]} » n'est pas un code")
        for name in (n for n, kind in fields.items() if kind == "nombre"):
            if bad := _first(connection, source, name, f'NOT isfinite("{name}"::DOUBLE)'):
                raise _wrong(package, table, name, f"« {bad[0]} » n'est pas un nombre fini")
        listed = ", ".join(f'"{name}"' for name in key)
        if key and (twice := _first(connection, source, listed, None, f"GROUP BY {listed} HAVING count(*) > 1")):
            said = ", ".join(str(value)[:40] for value in twice)
            raise _wrong(package, table, ", ".join(key), f"clé donnée deux fois : {said}", "une seule ligne par clé")


def _first(connection: Any, source: str, columns: str, where: str | None, tail: str = "") -> tuple | None:
    listed = columns if columns.startswith('"') else f'"{columns}"'
    condition = f"WHERE {where}" if where else ""
    return connection.execute(f"SELECT {listed} FROM {source} {condition} {tail} LIMIT 1").fetchone()


def _wrong(package: Paquet, table: str, column: str, message: str, expected: str | None = None) -> ErreurPublication:
    return ErreurPublication(
        message, source=package.nom, fichier=table, colonne=column, attendu=expected,
        conseil="demander à nouveau le paquet à qui l'a fait",
    )  # fmt: skip
