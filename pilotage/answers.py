"""What an answer of upstream may say before its first byte is kept: address, redirection, status, headers."""

from __future__ import annotations

import datetime as dt
import shutil
from email.utils import parsedate_to_datetime

import httpx

from pilotage.demande import MO, Demande, ErreurIntrouvable, Limites
from pilotage.errors import ErreurTelechargement
from pilotage.inspection import check_type
from pilotage.landing import Depot

PASSAGERS = {408, 425, 429, 500, 502, 503, 504}


def check_url(demande: Demande, adresse: str | httpx.URL, role: str = "") -> None:
    """Refuse an address with credentials, or of another protocol than the demand's own kind.

    `role` begins the message («redirection vers »).
    """
    try:
        url = httpx.URL(adresse)
    except httpx.InvalidURL as error:
        raise demande.refus(f"adresse illisible ({error})", conseil="corriger l'adresse dans la fiche") from error
    if url.userinfo:
        raise demande.refus(
            f"{role}une adresse qui contient un identifiant ou un mot de passe ({url.host})",
            attendu="une adresse sans identifiant",
            conseil="retirer l'identifiant et le mot de passe de l'adresse",
        )
    admis = ("file",) if demande.url.startswith("file:") else ("http", "https")
    if url.scheme not in admis:
        raise demande.refus(
            f"{role}un protocole refusé : « {url.scheme} »",
            attendu=" ou ".join(admis),
            conseil="mettre dans la fiche une adresse https qui mène au fichier",
        )


def redirected(demande: Demande, url: httpx.URL, vers: str) -> httpx.URL:
    """Where a redirection leads, once it is allowed: http may become https, never the reverse, nothing else."""
    try:
        nouvelle = url.join(vers)
    except (httpx.InvalidURL, ValueError) as error:
        raise demande.refus("redirection illisible", conseil="prévenir le producteur") from error
    check_url(demande, nouvelle, "redirection vers ")
    if url.scheme == "https" and nouvelle.scheme == "http":
        raise demande.refus(
            f"redirection de https vers http ({nouvelle.host})",
            attendu="une redirection qui reste chiffrée",
            conseil="mettre dans la fiche l'adresse https du fichier",
        )
    return nouvelle


def check_status(demande: Demande, depot: Depot, response: httpx.Response) -> None:
    """Let 200 and 206 through.

    Raises:
        ErreurPassagere: another try may succeed (408, 416, 425, 429, 5xx).
        ErreurIntrouvable: 404 or 410.
        ErreurTelechargement: any other status.
    """
    code = response.status_code
    if code in (200, 206):
        return
    if code == 416:  # the partial file is longer than what upstream now has
        depot.drop_partiel(demande)
        raise demande.passagere("la reprise ne correspond plus au fichier", attendre_s=0)
    if code in (404, 410):
        raise ErreurIntrouvable(
            f"le fichier n'est plus à son adresse ({code})",
            source=demande.source,
            fichier=demande.nom,
            attendu=without_query(demande.url),
            conseil="chercher la nouvelle adresse sur la page du jeu de données et corriger la fiche ou le miroir",
        )
    if code in PASSAGERS:
        said = "trop de requêtes selon le serveur" if code == 429 else "panne du serveur"
        raise demande.passagere(f"{said} ({code})", _retry_after(response.headers.get("Retry-After")))
    raise demande.refus(
        f"réponse inattendue du serveur ({code})",
        attendu="200",
        conseil="accès refusé : vérifier les droits de lecture" if code in (401, 403) else "vérifier l'adresse",
    )


def announced_size(demande: Demande, depot: Depot, response: httpx.Response, debut: int) -> int | None:
    """The whole file's size according to the headers; None when they do not say."""
    if response.status_code == 206:
        plage, _, total = response.headers.get("Content-Range", "").partition("/")
        if not plage.startswith(f"bytes {debut}-") or not total.isdigit():
            depot.drop_partiel(demande)
            raise demande.passagere("la reprise proposée n'est pas celle demandée", attendre_s=0)
        return int(total)
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def check_headers(
    demande: Demande, depot: Depot, response: httpx.Response, total: int | None, limites: Limites
) -> None:
    """Refuse by the headers what need not be downloaded: contradictory type, imposed compression, size, no room."""
    check_type(demande, response.headers.get("Content-Type"))
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("", "identity") and not (demande.contenant == "gz" and "gzip" in encoding):
        raise demande.refus(
            f"le serveur impose une compression ({encoding}) qui n'a pas été demandée",
            attendu="le fichier tel quel",
            conseil="prévenir le producteur, ou passer par un miroir",
        )
    if total is not None and total > limites.taille_max:
        raise too_big(demande, total, limites)
    free = shutil.disk_usage(depot.dossier(demande)).free
    if total is not None and total > free:
        raise demande.passagere(
            f"place insuffisante dans le dépôt : {free / MO:.0f} Mo libres",
            attendu=f"{total / MO:.0f} Mo",
            conseil="libérer de la place, ou déplacer PILOTAGE_HOME",
        )


def too_big(demande: Demande, taille: int, limites: Limites) -> ErreurTelechargement:
    return demande.refus(
        f"fichier trop gros : {taille / MO:.1f} Mo ou plus",
        attendu=f"au plus {limites.taille_max / MO:.1f} Mo",
        conseil="si cette taille est normale, augmenter PILOTAGE_FETCH_MAX_MO",
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait from a Retry-After header, which is a number of seconds or a date; None when it says nothing."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - dt.datetime.now(moment.tzinfo)).total_seconds())


def without_query(url: str) -> str:
    """An address without its query, which may carry a temporary signature."""
    return url.partition("?")[0]
