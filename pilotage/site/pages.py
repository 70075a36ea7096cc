"""The pages of the territories, written one by one from rows that are already JSON."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pilotage.site import requetes
from pilotage.site.commun import NIVEAUX, dump
from pilotage.site.lecture import as_array, group, read

if TYPE_CHECKING:
    from jinja2 import Template
    from psycopg import Connection

PARTIES = {
    "ind": (requetes.INDICATEURS, slice(1, None)),
    "enjeux": (requetes.ENJEUX, slice(1, None)),
    "suivi": (requetes.SUIVI, slice(1, None)),
    "decisions": (requetes.DECISIONS, slice(1, None)),
    "comptes": (requetes.COMPTES, slice(1, None)),
    "implantations": (requetes.IMPLANTATIONS, slice(1, -1)),
    "frontieres": (requetes.FRONTIERES, slice(1, None)),
    "fermetures": (requetes.FERMETURES, slice(2, -1)),
    **{name: (query, slice(1, None)) for name, query in requetes.APPORTS.items()},
}
LOT = 6000  # territories in memory at a time: the pages of France weigh 0.8 GB
TOUT_DEPARTEMENT = ("departement", "region", "france")
ORDRE_PARENTS = ("epci", "crte", "bassin_vie", "territoire", "departement", "region", "france")


def page_path(niveau: str, code: str) -> str:
    """Path of a territory's page from the root of the site; communes lie in their département's folder."""
    name = code if re.fullmatch(r"[\w.-]+", code) else hashlib.sha256(code.encode()).hexdigest()[:16]
    folder = f"commune/{code[:3] if code.startswith('97') else code[:2]}" if niveau == "commune" else niveau
    return f"t/{folder}/{name}.html"


def write_pages(connection: Connection, template: Template, folder: Path) -> int:
    """Write every territory's page under `folder`.

    Returns:
        The number of pages.
    """
    territories = read(connection, requetes.TERRITOIRES)
    links = _links(connection, territories)
    columns = [name for name in territories.columns if name not in ("cle_territoire", "niveau", "code_departement")]
    for some in territories.iter_slices(LOT):
        first, last = some["cle_territoire"][0], some["cle_territoire"][-1]
        parts = {name: _part(connection, *part, first, last) for name, part in PARTIES.items()}
        lines = as_array(some, columns[:1] + columns[2:])
        for row, line in zip(some.iter_rows(named=True), lines, strict=True):
            cle = row["cle_territoire"]
            pieces = [f'"cle":{dump(cle)}', f'"niveau":"{row["niveau"]}"', f'"nom":{dump(row["nom_territoire"])}']
            pieces += [f'"identite":{line}', *(f'"{name}":{text}' for name, text in links(cle))]
            pieces += [f'"{name}":{rows[cle]}' for name, rows in parts.items() if cle in rows]
            _write(template, row, "{" + ",".join(pieces) + "}", folder)
    return len(territories)


def _part(connection: Connection, query: str, keep: slice, first: str, last: str) -> dict[str, str]:
    """The rows of a part for the territories from `first` to `last`, in the order of their bytes."""
    low, high = (text.replace("'", "''") for text in (first, last))
    where = f"""cle_territoire COLLATE "C" BETWEEN '{low}' AND '{high}'"""
    frame = read(connection, f"SELECT * FROM ({query}) AS tout WHERE {where}")
    return group(frame, frame.columns[keep])


def _links(connection: Connection, territories: pl.DataFrame):
    """A function that gives, for a territory: those that hold it, its communes, départements and comparable ones."""
    bridge = read(connection, requetes.PONT)
    names = dict(zip(territories["cle_territoire"], territories["nom_territoire"], strict=True))
    mine = bridge.filter(pl.col("niveau") == "commune").select("code_commune", cle_commune="cle_territoire")
    above = bridge.filter(pl.col("niveau") != "commune")
    order = {niveau: rank for rank, niveau in enumerate(ORDRE_PARENTS)}
    parents = _parents(above, mine, order)
    members = above.filter(~pl.col("niveau").is_in(TOUT_DEPARTEMENT)).group_by("cle_territoire", maintain_order=True)
    communes = dict(members.agg(pl.col("code_commune")).iter_rows())
    places = bridge.group_by("cle_territoire", maintain_order=True).agg(pl.col("code_departement").unique().sort())
    departments = dict(places.iter_rows())
    peers = read(connection, requetes.PAIRS).group_by("cle_territoire", maintain_order=True).agg(pl.col("cle_pair"))
    alike = dict(peers.iter_rows())

    def links(cle: str) -> Iterator[tuple[str, str]]:
        around = next((other for other in parents.get(cle, ()) if other.startswith("epci:")), None)
        if cle.startswith("commune:") and around:  # its map is that of its EPCI
            yield "voisinage", dump(communes[around])
        yield "parents", dump([[other, names[other]] for other in parents.get(cle, ())])
        yield "pairs", dump([[other, names[other]] for other in alike.get(cle, ())])
        yield "deps", dump(departments.get(around if cle.startswith("commune:") and around else cle, []))
        if cle in communes:
            yield "communes", dump(communes[cle])

    return links


def _parents(above: pl.DataFrame, mine: pl.DataFrame, order: dict[str, int]) -> dict[str, list[str]]:
    """Territories that hold all or part of each one: for a commune those above it, else départements and régions."""
    ranked = above.with_columns(rang=pl.col("niveau").replace_strict(order, default=99)).sort("rang", "cle_territoire")
    of_communes = ranked.join(mine, on="code_commune").group_by("cle_commune", maintain_order=True)
    found = dict(of_communes.agg(pl.col("cle_territoire")).iter_rows())
    wide = ranked.filter(pl.col("niveau").is_in(TOUT_DEPARTEMENT)).select(
        "code_commune", "rang", large="cle_territoire"
    )
    both = ranked.join(wide, on="code_commune").filter(pl.col("rang_right") > pl.col("rang"))
    pairs = both.unique(["cle_territoire", "large"]).sort("cle_territoire", "rang_right", "large")
    for cle, large in pairs.group_by("cle_territoire", maintain_order=True).agg(pl.col("large")).iter_rows():
        found[cle] = large
    return found


def _write(template: Template, row: dict, data: str, folder: Path) -> None:
    path = folder / page_path(row["niveau"], row["code_territoire"])
    path.parent.mkdir(parents=True, exist_ok=True)
    text = template.render(
        nom=row["nom_territoire"] or row["code_territoire"],
        niveau=NIVEAUX[row["niveau"]][0],
        code=row["code_territoire"],
        racine="../" * (len(path.relative_to(folder).parts) - 1),
        donnees=data.replace("<", "\\u003c"),
    )
    path.write_text(text, encoding="utf-8")
