"""Try a production address: does it still answer, and with what?"""

from __future__ import annotations

import httpcore
import httpx

from pilotage.transport import AdresseInterdite, open_client


def try_address(url: str, timeout_s: float = 20) -> str:
    """One sentence on an address; never raises for what the network does.

    The guard of the collection holds here too: no private address is asked, whatever a redirection says.
    """
    try:
        with (
            open_client(None, connexion_s=timeout_s, lecture_s=timeout_s) as client,
            client.stream("GET", url, follow_redirects=True) as answer,
        ):
            moved = f", déplacée vers {answer.url}" if answer.history and str(answer.url) != url else ""
            kind = answer.headers.get("content-type", "type non dit").split(";")[0]
            if answer.status_code >= 400:
                return f"refusée : HTTP {answer.status_code}{moved}"
            if kind == "text/html":
                return f"répond par une page HTML, pas par un fichier{moved}"
            return f"répond : {kind}{moved}"
    except AdresseInterdite as error:
        return f"refusée : elle mène à une adresse privée ({error})"
    except (httpx.HTTPError, httpcore.NetworkError) as error:
        return f"injoignable ({type(error).__name__})"
