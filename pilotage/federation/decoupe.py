"""Cut the package of a territory out of a whole export: what a neighbour needs to merge it with theirs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pilotage.errors import ErreurPublication
from pilotage.federation.ecriture import Sortie, write_package
from pilotage.federation.paquet import Paquet, check_target, database, open_package
from pilotage.lecture_parquet import parquet_sql

# How each table is cut: by the communes of the territory, by the territories that lie wholly inside it, by the doors
# kept, or not at all for what everyone shares.
ENTIERES = (
    "commun.dim_axes", "commun.dim_actions", "commun.dim_indicateurs", "commun.dim_sources", "commun.dim_services",
)  # fmt: skip
PAR_COMMUNE = (
    "commun.dim_communes", "commun.pont_communes_territoires", "commun.passage_communes", "commun.dim_lieux",
    "commun.fait_populations", "commun.fait_contours", "commun.fait_offre_services", "synthese.fragilite",
    "recommandation.decisions",
)  # fmt: skip
PAR_LIEU = ("commun.pont_lieux_sources",)


def cut_package(export: Path, territories: Sequence[str], target: Path) -> dict:
    """Write at `target` the package of the communes of these territories.

    The rows of a wider territory are kept only where all its communes are inside: one that sticks out would pass for
    whole. They are computed again when packages are merged.

    Args:
        export: folder of a whole export, or of another package.
        territories: keys, such as `departement:01` or `epci:200071751`.

    Raises:
        ErreurPublication: a territory is not in the export, or the export is not a whole package.
    """
    target = check_target(target)
    with tempfile.TemporaryDirectory(prefix="pilotage-decoupe-") as work, database(work, [export.name]) as connection:
        package = open_package(export, 0, Path(work))
        names = _find(connection, package, territories)
        outputs = [Sortie(t, _query(package, t), package.resources[t]) for t in _tables(package)]
        partial = target.with_name(f"{target.name}.partiel")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        descriptor = write_package(connection, outputs, _said(package, territories, names), partial, _note(names))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return descriptor


def _tables(package: Paquet) -> list[str]:
    known = {*ENTIERES, *PAR_COMMUNE, *PAR_LIEU, "commun.dim_territoires", *package.indicators}
    return sorted(known & package.parquets.keys())


def _find(connection, package: Paquet, territories: Sequence[str]) -> list[str]:
    bridge = _read(package, "commun.pont_communes_territoires")
    connection.execute("CREATE TABLE demandes (cle VARCHAR)")
    connection.executemany("INSERT INTO demandes VALUES (?)", [(one,) for one in territories])
    connection.execute(
        f"CREATE TABLE dedans AS SELECT DISTINCT code_commune FROM {bridge} WHERE cle_territoire IN (FROM demandes)"
    )
    connection.execute(
        f"CREATE TABLE entiers AS SELECT cle_territoire FROM {bridge} LEFT JOIN dedans USING (code_commune) "
        "GROUP BY 1 HAVING bool_and(dedans.code_commune IS NOT NULL)"
    )
    names = []
    for one in territories:
        found = connection.execute(
            f"SELECT nom_territoire FROM {_read(package, 'commun.dim_territoires')} WHERE cle_territoire = ? "
            f"AND cle_territoire IN (SELECT cle_territoire FROM {bridge})", [one],
        ).fetchall()  # fmt: skip
        if not found:
            raise ErreurPublication(
                f"territoire « {one} » inconnu de cet export", source=package.nom,
                attendu="niveau:code, par exemple departement:01 ou epci:200071751",
                conseil="`pilotage territoires chercher <nom>` donne les codes",
            )  # fmt: skip
        names.append(found[0][0] or one)
    return names


def _query(package: Paquet, table: str) -> str:
    source = _read(package, table)
    order = ", ".join(f'"{column}"' for column in package.key_of(table)) or "ALL"
    if table in ENTIERES:
        where = "TRUE"
    elif table in PAR_COMMUNE:
        where = "code_commune IN (FROM dedans)"
    elif table in PAR_LIEU:
        where = (
            f"id_lieu IN (SELECT id_lieu FROM {_read(package, 'commun.dim_lieux')} WHERE code_commune IN (FROM dedans))"
        )
    elif table == "commun.dim_territoires":
        bridge = _read(package, "commun.pont_communes_territoires")
        where = f"cle_territoire IN (SELECT cle_territoire FROM {bridge} WHERE code_commune IN (FROM dedans))"
    else:
        where = "cle_territoire IN (FROM entiers)"
    return f"SELECT * FROM {source} WHERE {where} ORDER BY {order}"


def _read(package: Paquet, table: str) -> str:
    return parquet_sql(package.parquets[table])


def _said(package: Paquet, territories: Sequence[str], names: list[str]) -> dict:
    title = f"Diagnostic numérique : {', '.join(names)}"
    slug = "-".join(one.replace(":", "-").lower() for one in sorted(territories))
    return {
        "name": f"pilotage-{slug}"[:100],
        "title": f"DONNÉES SIMULÉES : {title}" if package.est_simule else title,
        "description": "Communes, lieux et indicateurs d'un territoire, à réunir avec ceux de ses voisins.",
        "version": package.descripteur.get("version", ""),
        "created": package.date,
        "pilotage": {
            **package.descripteur.get("pilotage", {}),
            "territoires": sorted(territories),
        },
    }


def _note(names: list[str]) -> str:
    return (
        f"Territoire : {', '.join(names)}. Les lignes d'un territoire plus large n'y sont que si toutes ses communes "
        "sont dans le paquet. `pilotage federer` réunit plusieurs paquets et recalcule les taux de chaque échelon."
    )
