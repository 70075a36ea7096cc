"""A source of our own, offered by a local server as the mirror that the user named, and its collection."""

from __future__ import annotations

from pilotage.catalogue import Source
from pilotage.demande import Limites
from pilotage.fetch import RapportFetch, land_source
from tests import faults

BON = b"code;nom\n01001;L'Abergement\n" * 400
LIMITES = Limites(
    taille_max=200_000, duree_max_s=8.0, tentatives=3, attente_s=0.01, attente_max_s=0.02, lecture_s=4.0,
    redirections=3, zip_entrees=50, ratio_a_partir_de=1_000_000, decompresse_max=30_000_000,
)  # fmt: skip
CHEMIN = "/essai__fichiers/2024/"


def card(*motifs: tuple[str, str]) -> Source:
    """A card whose files are (pattern, format) pairs."""
    fichiers = [{"motif": motif, "format": format} for motif, format in motifs]
    table = {"table": "essai__fichiers", "fichiers": fichiers, "colonnes": [{"nom": "code", "description": "Code."}]}
    said = dict.fromkeys(("titre", "producteur", "description", "page", "attribution"), "Essai")
    vintage = {"date_donnees": "2024-01-01", "geographie": "2024-01-01"}
    return Source(
        source="essai__fichiers",
        axe="commun",
        licence="lov2",
        frequence="annuelle",
        fraicheur_max_jours=400,
        tables=[table],
        millesimes={"2024": vintage},
        **said,
    )


CARTE = card(
    ("*.csv*", "csv"), ("*.zip", "csv"), ("*.xlsx", "xlsx"), ("*.json", "json"), ("*.geojson", "geojson"),
    ("*.parquet", "parquet"),
)  # fmt: skip


def offer(serveur, **fichiers) -> None:
    """Serve files by name (dots written `__`) and the manifest that lists them."""
    names = {nom.replace("__", "."): route for nom, route in fichiers.items()}
    rows = "".join(f"essai__fichiers\t2024\t{nom}\n" for nom in names)
    corps = ("source\tmillesime\tfile\n" + rows).encode()
    serveur.routes["/MANIFEST.tsv"] = faults.good(corps, etag=f'"{hash(rows)}"')
    serveur.routes |= {CHEMIN + nom: route for nom, route in names.items()}


def land(serveur, depot, limites=LIMITES, carte=CARTE):
    """(report, errors) of one collection of the server as a mirror that the user named."""
    rapport = RapportFetch("essai__fichiers")
    return rapport, land_source(carte, serveur.url, depot, limites, rapport, est_simule=False)
