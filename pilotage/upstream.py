"""Which files upstream offers for a source: the card's own addresses, or what a mirror lists.

A mirror is laid out `<source>/<millésime>/<files>`. Its list is `MANIFEST.tsv` at its root when there is one (columns
`source`, `millesime`, `file`, and `sha256` if known); a folder adds to it what its own folders hold; an HTTP mirror
without a manifest must serve index pages (autoindex), whose links are read.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote

import httpx

from pilotage.catalogue import Fichier, Source, Table
from pilotage.demande import MO, Demande, ErreurIntrouvable, Limites, is_plain_name
from pilotage.download import download
from pilotage.errors import ErreurFiche, ErreurPilotage, ErreurTelechargement
from pilotage.landing import COMPAGNONS, Depot, Recu
from pilotage.transport import folder_url, is_http

MANIFESTE = "MANIFEST.tsv"
MARQUE_SIMULATION = "SIMULATION"
MIROIR = "_miroir"
LISTE_MAX = 20 * MO
Offre = dict[tuple[str, str], str | None]


def list_demandes(
    source: Source, miroir: str | None, client: httpx.Client, depot: Depot, limites: Limites
) -> tuple[list[Demande], list[ErreurPilotage]]:
    """The files to fetch, and an error for each file offered that the card does not know or whose name is refused.

    Raises:
        ErreurTelechargement: nothing is offered for this source, or the list itself cannot be read.
    """
    if miroir is None:
        offers = {(a.millesime, a.fichier): (a.url, None) for a in source.adresses}
    else:
        listed = list_mirror(source.source, miroir, client, depot, limites)
        offers = {key: (address(miroir, source.source, *key), sha256) for key, sha256 in listed.items()}
    if not offers and miroir and (source.est_apport or not source.verifiee):
        return [], []  # nobody ever saw a real file of it, or nothing need be given: a mirror may hold none
    if not offers:
        raise _nothing_offered(source.source, miroir)
    if miroir and is_http(miroir) and not any(depot.receipts(source.source)):
        _refuse_hidden_simulation(source.source, miroir, client, depot, limites)
    demandes, errors = [], []
    for (millesime, fichier), (url, sha256) in sorted(offers.items()):
        try:
            dialect = _dialect(source, millesime, fichier)
        except ErreurPilotage as error:
            errors.append(error)
            continue
        if dialect:
            demandes.append(Demande(source.source, millesime, fichier, url, *dialect, sha256_annonce=sha256))
    return demandes, errors


def list_mirror(source: str, miroir: str, client: httpx.Client, depot: Depot, limites: Limites) -> Offre:
    """(millésime, file) -> SHA-256 announced by the manifest or None."""
    manifest = _read_listing(source, f"{_root(miroir)}/{MANIFESTE}", "csv", client, depot, limites)
    offered = _parse_manifest(source, manifest) if manifest is not None else {}
    if not is_http(miroir):
        return {key: offered.get(key) for key in sorted({*offered, *_walk(Path(miroir) / source)})}
    if manifest is not None:
        return offered
    found: Offre = {}
    for folder in _links(source, f"{miroir}/{quote(source)}/", client, depot, limites):
        if folder.endswith("/"):
            millesime = folder.rstrip("/")
            pages = _links(source, f"{miroir}/{quote(source)}/{quote(millesime)}/", client, depot, limites)
            found |= {(millesime, nom): None for nom in pages if not nom.endswith("/")}
    return found


def address(miroir: str, source: str, millesime: str, fichier: str) -> str:
    return f"{_root(miroir)}/{quote(source)}/{quote(millesime)}/{quote(fichier)}"


def _root(miroir: str) -> str:
    return miroir if is_http(miroir) else folder_url(Path(miroir))


def _dialect(source: Source, millesime: str, fichier: str) -> tuple[str, str] | None:
    """Format and encoding of the card for a file; None when the card leaves it aside.

    The .dbf, .shx and .prj of a shapefile are landed beside it, though they are no deliveries of their own.
    """
    if not (is_plain_name(millesime) and is_plain_name(fichier)):
        raise ErreurTelechargement(
            "nom de fichier ou de millésime refusé",
            source=source.source,
            fichier=repr(f"{millesime}/{fichier}")[:120],
            attendu="un nom simple, sans chemin ni caractère de contrôle, qui ne commence pas par un point",
            conseil="renommer le fichier dans le miroir",
        )
    found = source.find(fichier, millesime) or _shapefile_of(source, fichier, millesime)
    if found is None:
        return None
    try:
        source.millesime(millesime)
    except ErreurFiche as error:
        error.fichier = f"{millesime}/{fichier}"
        raise
    return found[1].format, found[1].encodage


def _shapefile_of(source: Source, fichier: str, millesime: str) -> tuple[Table, Fichier] | None:
    """The shapefile that a file left aside by the card belongs to, if any."""
    stem, _, suffix = fichier.rpartition(".")
    if f".{suffix.lower()}" not in COMPAGNONS:
        return None
    found = source.find(f"{stem}.shp", millesime)
    return found if found and found[1].format == "shapefile" else None


def _walk(folder: Path) -> list[tuple[str, str]]:
    """(millésime, file) pairs of a mirror's folder; names that begin with a dot belong to the system."""
    return [
        (path.parent.name, path.name)
        for path in folder.glob("*/*")
        if not path.is_dir() and not path.name.startswith(".") and not path.parent.name.startswith(".")
    ]


def _nothing_offered(source: str, miroir: str | None) -> ErreurTelechargement:
    if miroir is None:
        return ErreurTelechargement(
            "la fiche ne donne aucune adresse",
            source=source,
            attendu="`adresses` dans la fiche",
            conseil="ajouter l'adresse du producteur, ou nommer un miroir dans PILOTAGE_SOURCES",
        )
    return ErreurTelechargement(
        "aucun fichier proposé par le miroir",
        source=source,
        attendu=f"{miroir}/{source}/<millésime>/<fichiers>",
        conseil="compléter le miroir ; s'il s'agit de la simulation, l'écrire d'abord",
    )


def _refuse_hidden_simulation(source: str, miroir: str, client: httpx.Client, depot: Depot, limites: Limites) -> None:
    """Before the first file of a source: an HTTP mirror of a simulated folder must not pass for real data."""
    if _read_listing(source, f"{miroir}/{MARQUE_SIMULATION}", "html", client, depot, limites) is not None:
        raise ErreurTelechargement(
            f"ce miroir sert des données simulées (il contient {MARQUE_SIMULATION})",
            source=source,
            attendu="un miroir de données réelles",
            conseil="lire ce dossier sans passer par HTTP, ou prendre PILOTAGE_SOURCES=simulation",
        )


def _parse_manifest(source: str, text: str) -> Offre:
    reader = csv.DictReader(io.StringIO(text), delimiter="\t")
    missing = {"source", "millesime", "file"} - set(reader.fieldnames or ())
    if missing:
        raise ErreurTelechargement(
            f"colonnes absentes : {', '.join(sorted(missing))}",
            source=source,
            fichier=MANIFESTE,
            ligne=1,
            attendu="source, millesime, file, séparés par des tabulations",
            conseil=f"corriger {MANIFESTE} à la racine du miroir",
        )
    return {(r["millesime"], r["file"]): r.get("sha256") or None for r in reader if r["source"] == source}


def _read_listing(
    source: str, url: str, format: str, client: httpx.Client, depot: Depot, limites: Limites
) -> str | None:
    """Text of a mirror's manifest or index page, landed as files are so that an unchanged one costs a 304.

    Returns:
        None when the mirror has none.
    """
    millesime = hashlib.sha256(url.encode()).hexdigest()[:12]
    demande = Demande(MIROIR, millesime, MANIFESTE if format == "csv" else "index.html", url, format)
    limites = replace(limites, taille_max=min(LISTE_MAX, limites.taille_max))
    try:
        with depot.lock(MIROIR, limites.verrou_s):
            suivi = depot.read_suivi(demande)
            got = download(client, demande, depot, limites, suivi)
            if got:
                recu = Recu(
                    MIROIR, millesime, demande.fichier, got.sha256, got.taille_octets, url, got.url_finale, "",
                    got.etag, got.last_modified, got.type_contenu,
                )  # fmt: skip
                depot.land(demande, recu)
            content = depot.bring(demande, got.sha256 if got else suivi.sha256).read_bytes()  # type: ignore[union-attr]
        return content.decode("utf-8-sig")
    except ErreurIntrouvable:
        return None
    except ErreurTelechargement as error:
        error.source, error.fichier = source, url.rpartition("/")[2] or "page d'index du miroir"
        raise
    except UnicodeDecodeError as error:
        raise ErreurTelechargement("liste illisible : ce n'est pas de l'UTF-8", source=source, fichier=url) from error


def _links(source: str, url: str, client: httpx.Client, depot: Depot, limites: Limites) -> list[str]:
    """Children that an index page links to; folders end with a slash."""
    page = _read_listing(source, url, "html", client, depot, limites)
    if page is None:
        return []
    reader = _Liens()
    reader.feed(page)
    names = []
    for href in reader.liens:
        nom = unquote(href.removeprefix("./"))
        if "?" not in href and "#" not in href and is_plain_name(nom.removesuffix("/")):
            names.append(nom)
    return names


class _Liens(HTMLParser):
    """The href of every link of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.liens: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.liens += [value for name, value in attrs if name == "href" and value]
