"""One file from upstream into the landing's partial file: conditional, resumed, retried, bounded, hashed on the way."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential_jitter

from pilotage.answers import announced_size, check_headers, check_status, check_url, redirected, too_big, without_query
from pilotage.demande import Demande, ErreurPassagere, Limites
from pilotage.errors import ErreurTelechargement
from pilotage.inspection import TETE, check_head
from pilotage.landing import Depot, Reprise, Suivi
from pilotage.transport import BLOC, AdresseInterdite


@dataclass(frozen=True)
class Telechargement:
    """What came: the whole file's hash and size, and the bytes that this call moved (fewer after a resumption)."""

    sha256: str
    taille_octets: int
    octets_transferes: int
    url_finale: str
    etag: str | None
    last_modified: str | None
    type_contenu: str | None


def download(
    client: httpx.Client, demande: Demande, depot: Depot, limites: Limites, suivi: Suivi | None = None
) -> Telechargement | None:
    """Download into `depot.partiel(demande)`, or learn that `suivi` is still current.

    Returns:
        None when upstream answers that nothing changed.
    Raises:
        ErreurTelechargement: refused, or still failing after the retries; a partial file that can be resumed stays.
    """
    check_url(demande, demande.url)
    depot.dossier(demande).mkdir(parents=True, exist_ok=True)
    limite = time.monotonic() + limites.duree_max_s
    depart = wait_exponential_jitter(initial=limites.attente_s, max=limites.attente_max_s, jitter=limites.attente_s)

    def wait(state: RetryCallState) -> float:
        asked = getattr(state.outcome.exception() if state.outcome else None, "attendre_s", None)
        return depart(state) if asked is None else asked

    retrying = Retrying(
        retry=retry_if_exception_type(ErreurPassagere),
        stop=stop_after_attempt(limites.tentatives) | stop_before_delay(limites.duree_max_s),
        wait=wait,
        reraise=True,
    )
    try:
        return retrying(_attempt, client, demande, depot, limites, suivi, limite)
    except ErreurPassagere as error:
        times = retrying.statistics.get("attempt_number", 1)
        waited = f" (Retry-After : {error.attendre_s:.0f} s)" if error.attendre_s else ""
        raise demande.refus(
            f"{error.message}, après {times} tentative{'s' if times > 1 else ''}{waited}",
            error.attendu or "une réponse complète",
            error.conseil or "relancer plus tard ; ce qui est déjà reçu sera repris si le serveur le permet",
        ) from error
    except ErreurTelechargement:
        depot.drop_partiel(demande)
        raise


def _attempt(
    client: httpx.Client, demande: Demande, depot: Depot, limites: Limites, suivi: Suivi | None, limite: float
) -> Telechargement | None:
    debut, headers = _prepare(demande, depot, suivi)
    try:
        response = _open(client, demande, headers, limites)
        try:
            if response.status_code == 304 and suivi:
                depot.drop_partiel(demande)
                return None
            check_status(demande, depot, response)
            return _receive(demande, depot, response, debut, limites, limite)
        finally:
            response.close()
    except httpx.TimeoutException as error:
        raise demande.passagere("le serveur ne répond plus (délai dépassé)") from error
    except httpx.TransportError as error:
        raise demande.passagere(f"connexion impossible ou rompue ({error})") from error


def _prepare(demande: Demande, depot: Depot, suivi: Suivi | None) -> tuple[int, dict[str, str]]:
    """Bytes already held that may be kept, and the headers that say so."""
    headers: dict[str, str] = {}
    if suivi and suivi.url == demande.url:
        headers |= {"If-None-Match": suivi.etag} if suivi.etag else {}
        headers |= {"If-Modified-Since": suivi.last_modified} if suivi.last_modified else {}
    reprise, partiel = depot.read_reprise(demande), depot.partiel(demande)
    debut = partiel.stat().st_size if partiel.exists() else 0
    if not debut or reprise is None or reprise.url != demande.url:
        depot.drop_partiel(demande)
        return 0, headers
    return debut, headers | {"Range": f"bytes={debut}-", "If-Range": reprise.validateur}


def _open(client: httpx.Client, demande: Demande, headers: dict[str, str], limites: Limites) -> httpx.Response:
    """The answer at the end of the redirections, each checked before it is followed."""
    url = httpx.URL(demande.url)
    for _ in range(limites.redirections + 1):
        try:
            response = client.send(client.build_request("GET", url, headers=headers), stream=True)
        except AdresseInterdite as error:
            hote, adresse = error.args
            raise demande.refus(
                f"« {hote} » mène à une adresse privée ou locale ({adresse})",
                attendu="une adresse publique, ou le miroir que l'utilisateur a nommé",
                conseil="corriger l'adresse ; pour un miroir interne, le nommer dans PILOTAGE_SOURCES",
            ) from error
        if not response.has_redirect_location:
            return response
        response.close()
        url = redirected(demande, url, response.headers["Location"])
    raise demande.refus(
        f"plus de {limites.redirections} redirections",
        attendu="le fichier lui-même",
        conseil="mettre dans la fiche l'adresse finale du fichier",
    )


def _receive(
    demande: Demande, depot: Depot, response: httpx.Response, debut: int, limites: Limites, limite: float
) -> Telechargement:
    """Append to the partial file what follows, or write it anew."""
    total = announced_size(demande, depot, response, debut)
    check_headers(demande, depot, response, total, limites)
    _remember(demande, depot, response)
    debut = debut if response.status_code == 206 else 0
    empreinte, taille = hashlib.sha256(), debut
    if debut:
        _hash_held(depot, demande, empreinte)
    try:
        with depot.partiel(demande).open("ab" if debut else "wb") as handle:
            for bloc in _checked(demande, response, debut):
                handle.write(bloc)
                empreinte.update(bloc)
                taille += len(bloc)
                _check_bounds(demande, taille, limites, limite)
            handle.flush()
            os.fsync(handle.fileno())
    except httpx.RemoteProtocolError as error:
        raise _truncated(demande, taille, total) from error
    except OSError as error:
        message = f"écriture impossible dans le dépôt ({error.strerror})"
        raise demande.passagere(message, conseil="voir disque et droits") from error
    if total is not None and taille != total:
        raise _truncated(demande, taille, total)
    headers = response.headers
    return Telechargement(
        empreinte.hexdigest(), taille, taille - debut, without_query(str(response.url)),
        headers.get("ETag"), headers.get("Last-Modified"), headers.get("Content-Type"),
    )  # fmt: skip


def _checked(demande: Demande, response: httpx.Response, debut: int) -> Iterator[bytes]:
    """The body as it comes; a wrong beginning is refused before the rest is waited for."""
    tete, announced = bytearray(), response.headers.get("Content-Type")
    looked = debut > 0
    for bloc in response.iter_raw():
        if not looked:
            tete += bloc[: TETE - len(tete)]
            if looked := len(tete) == TETE:
                check_head(demande, bytes(tete), announced)
        yield bloc
    if not looked and tete:
        check_head(demande, bytes(tete), announced)


def _hash_held(depot: Depot, demande: Demande, empreinte: hashlib._Hash) -> None:
    with depot.partiel(demande).open("rb") as handle:
        while bloc := handle.read(BLOC):
            empreinte.update(bloc)


def _remember(demande: Demande, depot: Depot, response: httpx.Response) -> None:
    etag = response.headers.get("ETag")
    strong = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
    depot.write_reprise(demande, Reprise(demande.url, strong) if strong else None)


def _check_bounds(demande: Demande, taille: int, limites: Limites, limite: float) -> None:
    if taille > limites.taille_max:
        raise too_big(demande, taille, limites)
    if time.monotonic() > limite:
        raise demande.passagere(
            f"transfert trop lent : {taille} octets reçus en {limites.duree_max_s:g} s",
            attendu=f"le fichier entier en {limites.duree_max_s:g} s au plus",
            conseil="relancer (le transfert reprend si le serveur le permet), ou augmenter PILOTAGE_FETCH_TIMEOUT_S",
        )


def _truncated(demande: Demande, taille: int, total: int | None) -> ErreurPassagere:
    sur = f" sur {total} annoncés" if total is not None else ""
    return demande.passagere(f"fichier tronqué : {taille} octets reçus{sur}", attendu="le fichier entier")
