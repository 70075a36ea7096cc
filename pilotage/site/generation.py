"""Make the whole site of the visible generation aside, then put it in place of the former one."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pilotage.config import RACINE, Settings, get_settings
from pilotage.database import psycopg_connection
from pilotage.echange import put_in_place
from pilotage.errors import ErreurPublication
from pilotage.publication_partagee import publish_site, publishing, stored_site
from pilotage.recit import say_day
from pilotage.site.cartes import write_maps
from pilotage.site.commun import as_script, read_commun
from pilotage.site.pages import write_pages
from pilotage.site.recherche import write_index
from pilotage.verrou import locked

MODELES = Path(__file__).parent / "modeles"
CONSTRUIT = RACINE / "site" / "construit"
FICHIERS = ("style.css", "accueil.js", "territoire.js", "graphiques.js", "LICENCES.txt")
SESSION = (
    "SET datestyle = 'ISO, YMD'",
    "SET extra_float_digits = 1",
    "SET work_mem = '256MB'",
    "SELECT pg_advisory_lock_shared(hashtext('pilotage.generations'))",
)
GENERATION = """
SELECT generation, to_char(creee_le AT TIME ZONE 'Europe/Paris', 'YYYY-MM-DD'), est_simulee
FROM pilotage.generations WHERE etat = 'visible'
"""
EN_BREF = """
SELECT t.niveau, t.code_territoire, t.nom_territoire, r.code_territoire AS region
FROM commun.dim_territoires AS t
LEFT JOIN LATERAL (
    SELECT b.code_territoire FROM commun.pont_communes_territoires AS a
    INNER JOIN commun.pont_communes_territoires AS b ON b.code_commune = a.code_commune AND b.niveau = 'region'
    WHERE a.cle_territoire = t.cle_territoire LIMIT 1
) AS r ON TRUE
WHERE t.niveau IN ('departement', 'region', 'territoire')
ORDER BY t.niveau, unaccent(t.nom_territoire), t.code_territoire
"""


@dataclass(frozen=True)
class RapportSite:
    """What was written. durees: seconds by part."""

    dossier: Path
    generation: str
    pages: int
    fichiers: int
    octets: int
    durees: dict[str, float]


def build_site(settings: Settings | None = None) -> RapportSite:
    """Write the site of the visible generation in `<home>/publication/site`; the former one stays until it is whole.

    Raises:
        ErreurPublication: nothing is visible, or the scripts were not built (`make installer`).
    """
    settings = settings or get_settings()
    missing = [name for name in FICHIERS if not (CONSTRUIT / name).exists()]
    if missing:
        raise ErreurPublication(
            "les scripts du site ne sont pas construits", fichier=str(CONSTRUIT / missing[0]), conseil="`make site`"
        )
    target = settings.publication / "site"
    partial = target.with_name("site.partiel")
    with (
        publishing(settings, "site") as verrou,
        locked(settings.publication / ".verrou"),
        psycopg_connection(settings) as connection,
    ):
        for statement in SESSION:
            connection.execute(statement)
        connection.commit()
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute(GENERATION).fetchone()
        if row is None:
            raise ErreurPublication("aucune génération n'est visible", conseil="`make run` en construit une")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            pages, seconds = _write_all(connection, row, partial)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise ErreurPublication(
                f"écriture impossible : {error}", fichier=str(partial), conseil="libérer de la place, puis relancer"
            ) from error
        put_in_place(partial, target)
        publish_site(settings, row[0], verrou)
    files = [path.stat().st_size for path in target.rglob("*") if path.is_file()]
    return RapportSite(target, row[0], pages, len(files), sum(files), seconds)


def site_generation(settings: Settings) -> str | None:
    """The generation whose site is in place; with a store, in the store."""
    if settings.magasin:
        return stored_site(settings)
    path = settings.publication / "site" / "GENERATION"
    return path.read_text().strip() if path.exists() else None


def _write_all(connection, row: tuple, folder: Path) -> tuple[int, dict[str, float]]:
    from jinja2 import Environment, FileSystemLoader

    start, seconds = time.perf_counter(), {}
    for name in FICHIERS:
        shutil.copyfile(CONSTRUIT / name, folder / name)
    templates = Environment(loader=FileSystemLoader(MODELES), autoescape=True, keep_trailing_newline=True)
    templates.globals.update(generation=row[0], jour=say_day(dt.date.fromisoformat(row[1])), est_simulee=row[2])
    shared = read_commun(connection, *row)
    _write_home(connection, templates, shared, folder)
    steps = {
        "recherche": lambda: write_index(connection, folder),
        "cartes": lambda: write_maps(connection, folder),
        "pages": lambda: write_pages(connection, templates.get_template("territoire.html.j2"), folder),
    }
    written = {}
    for name, step in steps.items():
        written[name] = step()
        now = time.perf_counter()
        seconds[name], start = round(now - start, 1), now
    text = as_script("COMMUN", {**shared, "cartes": written["cartes"]})
    (folder / "commun.js").write_text(text, encoding="utf-8")
    (folder / "GENERATION").write_text(f"{row[0]}\n")
    return written["pages"], seconds


def _write_home(connection, templates, shared: dict, folder: Path) -> None:
    from pilotage.site.pages import page_path

    levels: dict[str, list] = {}
    for niveau, code, name, region in connection.execute(EN_BREF):
        levels.setdefault(niveau, []).append((page_path(niveau, code), name or code, code, region))
    for page in ("index.html", "sources.html", "methode.html"):
        text = templates.get_template(f"{page}.j2").render(racine="", niveaux=levels, commun=shared)
        (folder / page).write_text(text, encoding="utf-8")
