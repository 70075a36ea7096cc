"""Packages of several years: communes that have merged since are carried to those of the newest package."""

from __future__ import annotations

from pilotage.errors import ErreurPublication

COMMUNES, PASSAGE = "commun.dim_communes", "commun.passage_communes"


def carry_over(connection, packages: list) -> None:
    """Bring the communal indicators of older packages to the communes of the newest.

    A commune that the newest packages' passage table sends to another is replaced by it: numerators and denominators
    add up. One that was split cannot be shared out here.

    Raises:
        ErreurPublication: a commune of a package was split since; names it.
    """
    from pilotage.federation.fusion import source_of

    readers = [package for package in packages if PASSAGE in package.parquets]
    if len(packages) < 2 or not readers:
        return
    moves = " UNION ".join(
        f"SELECT code_ancien, code_commune, part::DOUBLE AS part FROM {source_of(connection, package, PASSAGE)}"
        for package in readers
    )
    current = " UNION ".join(
        f"SELECT code_commune FROM {source_of(connection, package, COMMUNES)} WHERE est_actuelle"
        for package in packages
    )
    for package in packages:
        mine = f"SELECT code_commune FROM {source_of(connection, package, COMMUNES)} WHERE est_actuelle"
        moved = connection.sql(
            f"SELECT DISTINCT m.code_ancien, m.code_commune, m.part FROM ({moves}) AS m JOIN ({mine}) AS c "
            f"ON c.code_commune = m.code_ancien WHERE m.code_commune <> m.code_ancien "
            f"AND m.code_commune IN ({current}) ORDER BY ALL"
        ).fetchall()
        if split := next((old for old, _, part in moved if part is not None and part < 1), None):
            raise ErreurPublication(
                f"la commune {split} s'est séparée depuis : ses chiffres ne peuvent pas être partagés ici",
                source=package.nom, fichier=COMMUNES,
                conseil="refaire ce paquet dans la géographie du plus récent",
            )  # fmt: skip
        if moved:
            mapping = {old: new for old, new, _ in moved}
            kept = {row[0] for row in connection.sql(mine).fetchall()}
            _replace(connection, package, mapping | {new: new for new in mapping.values() if new in kept})


def _replace(connection, package, moved: dict[str, str]) -> None:
    from pilotage.federation.fusion import source_of

    connection.execute("CREATE OR REPLACE TEMP TABLE deplacees (ancien VARCHAR, code VARCHAR)")
    connection.executemany("INSERT INTO deplacees VALUES (?, ?)", sorted(moved.items()))
    for table in [COMMUNES, "commun.pont_communes_territoires"]:
        connection.execute(
            f'CREATE TABLE "paquet_{package.rang}.{table}" AS SELECT * FROM {source_of(connection, package, table)} '
            "WHERE code_commune NOT IN (SELECT ancien FROM deplacees WHERE ancien <> code)"
        )
    for table in package.indicators:
        source = source_of(connection, package, table)
        columns = [row[0] for row in connection.sql(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        summed = {
            "cle_territoire": "'commune:' || d.code", "code_territoire": "d.code", "numerateur": "sum(t.numerateur)",
            "denominateur": "sum(t.denominateur)", "date_donnees": "max(t.date_donnees)", "niveau": "'commune'",
            "valeur": "NULL::DOUBLE", "couverture_population_pct": "min(t.couverture_population_pct)",
            "est_secret": "bool_or(t.est_secret)", "code_indicateur": "t.code_indicateur", "millesime": "t.millesime",
        }  # fmt: skip
        listed = ", ".join(f'{summed.get(c, f"any_value(t.{c})")} AS "{c}"' for c in columns)
        connection.execute(
            f"CREATE TABLE \"paquet_{package.rang}.{table}\" AS SELECT * FROM {source} WHERE niveau = 'commune' "
            "AND code_territoire NOT IN (SELECT ancien FROM deplacees) UNION ALL BY NAME "
            f"SELECT {listed} FROM {source} AS t JOIN deplacees AS d ON d.ancien = t.code_territoire "
            "WHERE t.niveau = 'commune' GROUP BY d.code, t.code_indicateur, t.millesime"
        )
