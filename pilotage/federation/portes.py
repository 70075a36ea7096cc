"""Doors once: the same place under two identifiers is known by a row that both packages took from the same source."""

from __future__ import annotations

LIEUX, PONT = "commun.dim_lieux", "commun.pont_lieux_sources"


def gather_doors(connection, packages: list) -> None:
    """Give one identifier to the doors that share a source's row (source, id_source), in all packages.

    An identifier comes from the most durable description of a place, so that it rarely moves between editions; where it
    does, the smallest of those that meet is kept, whatever the order of the packages.
    """
    from pilotage.federation.fusion import source_of

    holders = [p for p in packages if LIEUX in p.parquets and PONT in p.parquets]
    if len(holders) < 2:
        return
    rows = " UNION ALL ".join(
        f"SELECT source, id_source, id_lieu FROM {source_of(connection, package, PONT)}" for package in holders
    )
    links = connection.sql(
        f"SELECT min(id_lieu), list(DISTINCT id_lieu) FROM ({rows}) GROUP BY source, id_source "
        "HAVING count(DISTINCT id_lieu) > 1 ORDER BY 1"
    ).fetchall()
    renamed = settle([ids for _, ids in links])
    if not renamed:
        return
    connection.execute("CREATE TEMP TABLE renommes (id_lieu VARCHAR, garde VARCHAR)")
    connection.executemany("INSERT INTO renommes VALUES (?, ?)", sorted(renamed.items()))
    for package in packages:
        for table in [name for name, path in package.parquets.items() if _has_door(path)]:
            source = source_of(connection, package, table)
            connection.execute(
                f'CREATE TABLE "paquet_{package.rang}.{table}" AS '
                "SELECT t.* REPLACE (coalesce(r.garde, t.id_lieu) AS id_lieu) "
                f"FROM {source} AS t LEFT JOIN renommes AS r ON r.id_lieu = t.id_lieu"
            )


def _has_door(path) -> bool:
    import pyarrow.parquet as pq

    return "id_lieu" in pq.read_schema(path).names


def settle(groups: list[list[str]]) -> dict[str, str]:
    """Identifiers to rename -> the smallest of those that some chain of groups brings together."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    for group in groups:
        first, *others = sorted({root(one) for one in group})
        for other in others:
            parent[other] = first
    return {one: root(one) for one in parent if root(one) != one}
