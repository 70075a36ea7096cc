"""The door to data.gouv.fr: its official client, the address, the key, and its refusals in French.

The client stands in a folder of its own: its HTTP library replaces `urllib3` for every program of an environment that
it is installed in. Appended to the path, it leaves ours alone.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import sys
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pilotage.config import RACINE
from pilotage.errors import ErreurConfiguration, ErreurPublication

if TYPE_CHECKING:
    from datagouv import Client

CLIENT = RACINE / ".pilotage" / "client_datagouv"
DEMO, PRODUCTION = "https://demo.data.gouv.fr", "https://www.data.gouv.fr"
NOMS = {"demo": DEMO, "production": PRODUCTION}
DELAI_S = 600
ESSAIS = 4
ATTENTE_MAX_S = 300
T = TypeVar("T")


# The client tries again, five times, whatever is neither a PermissionError nor a ValueError; a refused key would wait.
class ErreurDatagouv(ErreurPublication, ValueError):
    """data.gouv.fr refused, or does not answer."""


class Passager(ValueError):
    """Worth another try in `delai` seconds (None: as we like)."""

    def __init__(self, reason: str, delai: float | None = None) -> None:
        self.delai = delai
        super().__init__(reason)


def base_url() -> str:
    """Address of the platform: PILOTAGE_DATAGOUV_URL, `demo` by default; production only when it is named.

    Raises:
        ErreurConfiguration: neither `demo`, `production`, an https address, nor this machine.
    """
    given = os.environ.get("PILOTAGE_DATAGOUV_URL") or "demo"
    url = NOMS.get(given, given).rstrip("/")
    parts = urlsplit(url)
    if parts.hostname == "data.gouv.fr":
        return PRODUCTION
    is_local = parts.hostname in ("127.0.0.1", "localhost")
    if parts.scheme == "https" or (parts.scheme == "http" and is_local):
        return url
    raise ErreurConfiguration(
        f"PILOTAGE_DATAGOUV_URL vaut « {given} »",
        attendu="demo, production, une adresse https, ou http://127.0.0.1:port",
    )


def open_client(url: str, key: str | None) -> Client:
    """The official client, speaking to `url`; without key it only reads.

    Raises:
        ErreurConfiguration: the client is not installed.
    """
    folder = os.environ.get("PILOTAGE_DATAGOUV_CLIENT") or str(CLIENT)
    if Path(folder).is_dir() and folder not in sys.path:
        sys.path.append(folder)
    try:
        datagouv = importlib.import_module("datagouv")
    except ImportError as error:
        raise ErreurConfiguration(
            "le client officiel de data.gouv.fr n'est pas installé",
            fichier=folder,
            conseil="`make datagouv` l'installe dans son dossier",
        ) from error
    hooks = {"response": [lambda response, **_: _judge(response, key)]}
    client = datagouv.Client("www" if url == PRODUCTION else "demo", key, verbose=False, timeout=DELAI_S, hooks=hooks)
    client.base_url = url  # the client has no argument for an address of one's own
    return client


def patiently(action: Callable[[], T], what: str, sleep: Callable[[float], Any] = time.sleep) -> T:
    """The result of `action`, tried again while data.gouv.fr asks to wait or stumbles.

    Raises:
        ErreurDatagouv: refused, or still stumbling after the last try; names what was being done.
    """
    for attempt in range(1, ESSAIS + 1):
        try:
            return action()
        except ErreurDatagouv as error:
            error.fichier = error.fichier or what
            raise
        except Passager as error:
            wait = error.delai if error.delai is not None else 2.0**attempt
            if attempt == ESSAIS or wait > ATTENTE_MAX_S:
                later = f"relancer dans {wait:.0f} secondes" if error.delai else "relancer plus tard"
                raise ErreurDatagouv(
                    str(error), fichier=what, conseil=f"{later} : ce qui est publié reste, la suite reprend là"
                ) from error
            sleep(wait)
        except (OSError, EOFError) as error:
            advice = "vérifier le réseau et PILOTAGE_DATAGOUV_URL, puis relancer : la suite reprend là"
            reason = f"data.gouv.fr ne répond pas ({type(error).__name__})"
            raise ErreurDatagouv(reason, fichier=what, conseil=advice) from error
    raise ErreurDatagouv("aucun essai n'a été fait", fichier=what)


def _judge(response, key: str | None) -> None:
    """Turn a refusal into its French sentence before the client retries it blindly."""
    status = response.status_code or 0
    if status < 400:
        return
    said = " ".join((response.text or "").split())[:300]
    said = said.replace(key, "***") if key else said
    method, path = response.request.method, urlsplit(response.request.url).path
    place = f"{method} {path}"
    if status == 429 or status >= 500:
        reason = "trop de demandes" if status == 429 else f"erreur {status} du serveur"
        raise Passager(f"data.gouv.fr : {reason} ({place})", _retry_after(response.headers.get("Retry-After")))
    messages = {
        400: ("description refusée", "corriger ce que le message nomme"),
        401: ("clé refusée ou absente", "copier la clé du profil de cette plateforme dans PILOTAGE_DATAGOUV_CLE"),
        403: ("la clé n'a pas le droit d'écrire ici", "vérifier PILOTAGE_DATAGOUV_ORGANISATION et le rôle « éditeur »"),
        404: ("introuvable", "effacé sur la plateforme ? retirer son identifiant de datagouv.json pour le recréer"),
        410: ("supprimé", "le restaurer, ou retirer son identifiant de datagouv.json pour le recréer"),
        413: ("fichier trop gros", "publier ce fichier ailleurs, ou l'exporter compressé"),
    }
    reason, advice = messages.get(status, ("demande refusée", "lire le message, corriger, relancer"))
    raise ErreurDatagouv(f"data.gouv.fr {status} : {reason} ({place}) : {said}", conseil=advice)


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, whether the header gives seconds or a date."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until - dt.datetime.now(until.tzinfo)).total_seconds())
