"""The warehouse's own words: comments of its columns, which describe those of the data sets."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, make_url, text

from bi.declaration import Declaration
from pilotage.errors import ErreurConfiguration

COMMENTAIRES = text(
    "SELECT n.nspname || '.' || c.relname || '.' || a.attname, col_description(a.attrelid, a.attnum) "
    "FROM pg_attribute AS a INNER JOIN pg_class AS c ON c.oid = a.attrelid "
    "INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY(:schemas)"
)


def reader_engine(url: str) -> Engine:
    """An engine of the main environment's own driver, whatever driver the address names."""
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"))


def read_comments(url: str, declaration: Declaration) -> dict[str, str]:
    """Comments by `schema.table.column`, of the schemas that the declaration names.

    Raises:
        ErreurConfiguration: a column that the declaration names is not in the warehouse.
    """
    wanted = {column.depuis for jeu in declaration.jeux.values() for column in jeu.colonnes if column.depuis}
    engine = reader_engine(url)
    with engine.connect() as connection:
        found = connection.execute(COMMENTAIRES, {"schemas": sorted({name.split(".")[0] for name in wanted})}).all()
    engine.dispose()
    comments = {name: comment for name, comment in found if name in wanted}
    if missing := sorted(wanted - comments.keys()):
        raise ErreurConfiguration(
            f"l'entrepôt n'a pas {', '.join(missing[:5])}",
            fichier="bi/jeux",
            attendu="les tables de la génération visible, lisibles par le rôle lecteur",
            conseil="`make run`, puis `python -m bi importer`",
        )
    return {name: comment for name, comment in comments.items() if comment}
