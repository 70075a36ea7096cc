"""Are the bytes what the card says? Answered from headers, first bytes and indexes, without extracting anything."""

from __future__ import annotations

import gzip
import lzma
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from pilotage.demande import MO, Demande, Limites
from pilotage.errors import ErreurTelechargement

TETE = 4096
MAGIES = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gz"), (b"PAR1", "parquet"), (b"%PDF", "pdf"),
    (b"\xd0\xcf\x11\xe0", "ancien classeur Excel (xls)"), (b"\x89PNG", "image"), (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "rar"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x7fELF", "programme"), (b"SQLite format 3", "sqlite"),
)  # fmt: skip
MAGIE_ATTENDUE = {"zip": "zip", "xlsx": "zip", "gz": "gz", "parquet": "parquet"}
TEXTES = ("csv", "json", "geojson")
# Possessive: a comment is read in one way only, else a head full of comments takes ages to say no.
HTML = re.compile(
    rb"(?>\s*)(?>(?:<!--(?:(?!-->).)*+-->\s*+)*+)(?:<\?xml[^>]*+>\s*+)?<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
TITRE = re.compile(r"<title[^>]{0,200}>(.{0,500}?)</title>", re.I | re.S)
# What zipfile, gzip and zlib raise on bytes that are not theirs.
ILLISIBLES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError,
    LookupError, OverflowError,
)  # fmt: skip
BOMS_16 = (b"\xff\xfe", b"\xfe\xff")
TYPES = {
    "text/html": "html", "application/xhtml+xml": "html", "application/pdf": "pdf", "application/json": "json",
    "application/geo+json": "json", "application/zip": "zip", "application/x-zip-compressed": "zip",
    "application/gzip": "gz", "application/x-gzip": "gz", "text/csv": "csv", "application/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}  # fmt: skip
TYPES_ADMIS = {
    "csv": {"csv"}, "json": {"json"}, "geojson": {"json"}, "xlsx": {"xlsx", "zip"}, "zip": {"zip"},
    "gz": {"gz", "csv", "json"}, "html": {"html", "csv"}, "shapefile": {"zip"}, "parquet": set(),
}  # fmt: skip


def check_type(demande: Demande, type_contenu: str | None) -> None:
    """Refuse a Content-Type that names another format; general ones (octet-stream, text/plain, none) say nothing.

    HTML is left to `check_head`, which can quote the page's title.
    """
    plain = (type_contenu or "").partition(";")[0].strip().lower()
    media = plain.startswith(("image/", "audio/", "video/"))
    famille = "media" if media else TYPES.get(plain)
    if famille and famille != "html" and famille not in TYPES_ADMIS[demande.contenant]:
        raise demande.refus(
            f"le serveur annonce « {plain} », qui contredit le format de la fiche",
            attendu=f"un fichier {demande.contenant}",
            conseil="vérifier que l'adresse mène au fichier lui-même, ou corriger le format dans la fiche",
        )


def check_head(demande: Demande, tete: bytes, type_contenu: str | None = None) -> None:
    """Refuse first bytes that are a web page, or another format than the card's."""
    if demande.contenant == "html":
        return
    announced = (type_contenu or "").lower().startswith(("text/html", "application/xhtml"))
    if announced or HTML.match(tete.removeprefix(b"\xef\xbb\xbf")):
        titre = TITRE.search(tete.decode("utf-8", "replace"))
        said = f" (titre : « {' '.join(titre[1].split())[:80]} »)" if titre else ""
        raise demande.refus(
            f"page HTML reçue à la place du fichier{said}",
            attendu=f"un fichier {demande.contenant}",
            conseil="ouvrir l'adresse dans un navigateur : fichier déplacé, page d'accueil ou de maintenance",
        )
    found = next((nom for debut, nom in MAGIES if tete.startswith(debut)), None)
    expected = MAGIE_ATTENDUE.get(demande.contenant)
    if found != expected and (expected or (found and demande.contenant in TEXTES)):
        said = f"sont ceux d'un fichier {found}" if found else f"ne sont pas ceux d'un fichier {demande.contenant}"
        raise demande.refus(
            f"les premiers octets ({tete[:4].hex(' ')}) {said}",
            attendu=f"un fichier {demande.contenant}",
            conseil="vérifier l'adresse et le format déclaré dans la fiche",
        )
    if demande.contenant in TEXTES:
        _check_text(demande, tete)


def check_file(demande: Demande, chemin: Path, limites: Limites) -> None:
    """Refuse a whole file that is empty, cut, a bomb, or an archive with names that could escape."""
    with chemin.open("rb") as handle:
        tete = handle.read(TETE)
        handle.seek(max(0, chemin.stat().st_size - 64))
        queue = handle.read()
    if not tete.strip():
        raise demande.refus(
            "fichier vide", attendu=f"un fichier {demande.contenant} non vide", conseil="réessayer plus tard"
        )
    check_head(demande, tete)
    if demande.contenant in ("zip", "xlsx"):
        check_zip(demande, chemin, limites)
    elif demande.contenant == "gz":
        check_gzip(demande, chemin, limites)
    elif demande.contenant == "parquet" and not queue.endswith(b"PAR1"):
        raise _cut(demande, "la marque de fin PAR1 manque")
    elif demande.contenant in ("json", "geojson") and not queue.rstrip().endswith((b"}", b"]")):
        raise _cut(demande, "le JSON ne se referme pas")


def check_zip(demande: Demande, chemin: Path, limites: Limites) -> None:
    """Judge a zip by its index alone: number, names, sizes, ratios, overlaps and encryption of its members."""
    try:
        with zipfile.ZipFile(chemin) as archive:
            membres = archive.infolist()
    except ILLISIBLES as error:
        raise _cut(demande, f"l'index du zip est illisible ({error})") from error
    if len(membres) > limites.zip_entrees:
        raise _bomb(demande, f"{len(membres)} membres", f"au plus {limites.zip_entrees} membres")
    if not membres:
        raise demande.refus("archive zip vide", attendu="au moins un fichier", conseil="réessayer plus tard")
    connus: set[str] = set()
    for membre in membres:
        raison = name_fault(membre.orig_filename) or _member_fault(membre)
        raison = raison or ("nom donné à deux membres" if membre.filename in connus else None)
        connus.add(membre.filename)
        if raison:
            raise demande.refus(
                f"membre de zip refusé, « {membre.orig_filename[:80]!r} » : {raison}",
                attendu="des noms relatifs simples, des fichiers ordinaires non chiffrés",
                conseil="ne pas ouvrir cette archive ; prévenir le producteur",
            )
    total = sum(membre.file_size for membre in membres)
    _check_inflation(demande, total, chemin.stat().st_size, limites)
    fin = 0
    for membre in sorted(membres, key=lambda m: m.header_offset):
        if membre.header_offset < fin:
            raise _bomb(demande, "des membres se recouvrent", "des membres disjoints")
        fin = membre.header_offset + 30 + membre.compress_size


def check_gzip(demande: Demande, chemin: Path, limites: Limites) -> None:
    """Inflate a gzip block by block into nothing, to its end or to the first limit."""
    total, taille = 0, chemin.stat().st_size
    try:
        with gzip.open(chemin) as archive:
            while bloc := archive.read(MO):
                total += len(bloc)
                _check_inflation(demande, total, taille, limites)
    except ILLISIBLES as error:
        raise _cut(demande, f"la compression gzip s'interrompt ({error})") from error


def name_fault(nom: str) -> str | None:
    """Why a member's name cannot be trusted; None when it names a place below the archive's own folder."""
    if not nom or "\x00" in nom:
        return "nom vide ou avec un octet nul"
    if "\\" in nom or re.match(r"[A-Za-z]:", nom):
        return "chemin à la façon de Windows"
    if nom.startswith("/"):
        return "chemin absolu"
    if ".." in PurePosixPath(nom).parts:
        return "chemin qui remonte (..)"
    return None


def _member_fault(membre: zipfile.ZipInfo) -> str | None:
    if membre.flag_bits & 1:
        return "membre chiffré"
    mode = membre.external_attr >> 16
    if membre.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "lien symbolique ou fichier spécial"
    return None


def _check_text(demande: Demande, tete: bytes) -> None:
    wide = demande.encodage.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if not wide and (tete.startswith(BOMS_16) or b"\x00" in tete):
        raise demande.refus(
            "le fichier est en UTF-16, ou binaire",
            attendu=f"du texte en {demande.encodage}",
            conseil="corriger `encodage` dans la fiche, ou l'adresse",
        )
    starts = tete.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if demande.format in ("json", "geojson") and not wide and starts not in (b"{", b"["):
        raise demande.refus("le fichier ne commence pas comme du JSON", attendu="{ ou [", conseil="vérifier l'adresse")


def _check_inflation(demande: Demande, total: int, taille: int, limites: Limites) -> None:
    if total > limites.decompresse_max:
        most = f"au plus {limites.decompresse_max / MO:.0f} Mo"
        raise _bomb(demande, f"{total / MO:.0f} Mo une fois décompressé", most)
    if total > limites.ratio_a_partir_de and total > limites.ratio_max * taille:
        raise _bomb(demande, f"{total / taille:.0f} fois sa taille", f"au plus {limites.ratio_max:.0f} fois")


def _bomb(demande: Demande, constat: str, attendu: str) -> ErreurTelechargement:
    return demande.refus(
        f"archive piégée ou démesurée : {constat}", attendu=attendu, conseil="ne pas ouvrir ; prévenir le producteur"
    )


def _cut(demande: Demande, constat: str) -> ErreurTelechargement:
    return demande.refus(
        f"fichier tronqué ou abîmé : {constat}",
        attendu=f"un fichier {demande.contenant} entier",
        conseil="relancer la collecte ; si le défaut reste, prévenir le producteur",
    )
