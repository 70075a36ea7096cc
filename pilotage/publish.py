"""The last step but one of a night: the new generation becomes visible."""

from __future__ import annotations

from pilotage import generations
from pilotage.generations import drop_old, go_back

__all__ = ["drop_old", "go_back", "switch"]


def switch(generation: str) -> list[str]:
    """Show a generation to readers, then drop those beyond the number kept.

    Returns:
        The generations dropped.

    Raises:
        ErreurPublication: a column of the generation comes from a personal one; readers still see the former.
    """
    check_personal(generation)
    generations.switch(generation)
    return drop_old()


def check_personal(generation: str) -> int:
    """Refuse a generation that would show personal columns to BI readers, before it is shown.

    Returns:
        The number of tables looked at.

    Raises:
        ErreurPublication: names the table and the column.
    """
    from pilotage.catalogue import load_catalogue
    from pilotage.config import get_settings
    from pilotage.database import psycopg_connection
    from pilotage.export import refuse_personal_columns
    from pilotage.lignage import bring_manifests, read_lignage
    from pilotage.tables_publiees import read_tables

    settings = get_settings()
    with psycopg_connection(settings) as connection:
        tables = read_tables(connection, {name: generations.schema(name, generation) for name in generations.SCHEMAS})
    bring_manifests(settings, generation)
    lignage = read_lignage(settings.dbt_target, generation, load_catalogue())
    for table in tables:
        refuse_personal_columns(table, lignage)
    return len(tables)
