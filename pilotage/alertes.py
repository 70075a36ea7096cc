"""Telling a person: always a line in the alert journal, and an e-mail or a webhook when the environment names one.

`PILOTAGE_ALERTE_WEBHOOK` (https address that takes `{"text": …}`), `PILOTAGE_ALERTE_COURRIEL` (addresses, commas) with
`PILOTAGE_SMTP_URL` (`smtp://user:password@host:587`, `smtps://` for TLS from the start).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from pilotage import budget
from pilotage.config import LOCAUX
from pilotage.discretion import hide
from pilotage.errors import ErreurConfiguration, ErreurPilotage
from pilotage.magasin import get_magasin

log = logging.getLogger(__name__)
DELAI_S = 15
DECIDE = ("severite", "responsable", "que_faire")


def alerter(titre: str, texte: str, *, controle: str = budget.AUTRE, **details: str | int | None) -> dict:
    """Write the alert in `journaux/alertes.jsonl`, then send it wherever the environment asks.

    A channel that does not answer is itself journaled and never stops the night. An alert that the budget mutes, or
    holds for an information, is journaled and not sent.

    Args:
        controle: the check that speaks, as `expectations/budget.yml` names it.

    Returns:
        The line written: `quand`, `titre`, `texte`, `controle`, `severite`, `responsable`, `que_faire`, `muette` (why),
        `details`, `envois` ({channel: 'envoyé' or the reason why not}).
    """
    titre, texte = hide(titre), hide(texte)
    alerte = {
        "quand": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        "titre": titre,
        "texte": texte,
        **_decided(controle),
        "details": {name: value for name, value in details.items() if value is not None},
    }
    champs = {**alerte["details"], **{name: alerte[name] for name in DECIDE}}
    told = channels() if not alerte["muette"] and alerte["severite"] != "information" else {}
    alerte["envois"] = {name: send(name, titre, texte, champs=champs) for name in told}
    try:
        get_magasin().add_line("journaux/alertes.jsonl", alerte)
    except ErreurPilotage as error:  # told to people already; a store that is down must not hide the first failure
        log.warning("alerte non journalisée : %s", error)
    return alerte


def prevenir_echec(context: Mapping[str, Any]) -> None:
    """Airflow's `on_failure_callback`: which task, of which night, for which reason, and where to read more."""
    ti = context["ti"]
    objet = getattr(ti, "rendered_map_index", None)
    titre = f"Pilotage : échec de {ti.dag_id}.{ti.task_id}" + (f" ({objet})" if objet else "")
    error = context.get("exception")
    texte = str(error) or type(error).__name__
    controle = budget.name_of_task(ti.dag_id, ti.task_id, objet)
    details = {"dag": ti.dag_id, "tache": ti.task_id, "objet": objet, "essai": ti.try_number, "execution": ti.run_id}
    alerter(titre, texte, controle=controle, **details)


def prevenir_retard(context: Mapping[str, Any] | None = None, *, dag: str, delai_min: int) -> None:
    """Airflow's deadline callback: a run that should have ended has not."""
    run = (context or {}).get("dag_run") or {}
    run_id = run.get("dag_run_id") or run.get("run_id") if isinstance(run, Mapping) else run.run_id
    texte = f"{dag} n'a pas fini {delai_min} minutes après son lancement ; voir la page d'Airflow."
    alerter(f"Pilotage : {dag} en retard", texte, controle=f"echeance.{dag}", dag=dag, execution=run_id)


def _decided(controle: str) -> dict[str, str | None]:
    """What the budget says of a check; a check without an entry, or a budget that cannot be read, is told to all."""
    try:
        entree = budget.load_budget().find(controle)
    except ErreurConfiguration as error:
        log.warning("budget des alertes illisible : %s", error)
        entree = None
    if entree is None:
        return dict(
            zip(("controle", *DECIDE, "muette"), (controle, "critique", "inconnu", "inconnu", None), strict=True)
        )
    return {
        "controle": controle,
        "severite": entree.severite,
        "responsable": entree.responsable,
        "que_faire": entree.consigne,
        "muette": entree.silence.motif if entree.silence and entree.is_muted() else None,
    }


def channels() -> dict[str, Callable[..., None]]:
    """The channels that the environment names: `webhook`, `courriel`."""
    found: dict[str, Callable[..., None]] = {}
    if os.environ.get("PILOTAGE_ALERTE_WEBHOOK"):
        found["webhook"] = _post
    if os.environ.get("PILOTAGE_ALERTE_COURRIEL"):
        found["courriel"] = _mail
    return found


def send(channel: str, titre: str, texte: str, *, html: str | None = None, champs: Mapping[str, Any]) -> str:
    """Send by a channel of `channels()`.

    Args:
        html: what a mail reader shows rather than the text.
        champs: what a webhook receives beside `text`; a mail without HTML lists them below its text.

    Returns:
        «envoyé», or the reason why not; never raises.
    """
    try:
        channels()[channel](titre, texte, html, champs)
    except Exception as error:  # whatever a mail or web server may do, the night goes on
        log.warning("message non envoyé : %s", hide(str(error)))
        return hide(f"non envoyé : {type(error).__name__} : {error}")
    return "envoyé"


def _post(titre: str, texte: str, html: str | None, champs: Mapping[str, Any]) -> None:
    import httpx

    url = httpx.URL(os.environ["PILOTAGE_ALERTE_WEBHOOK"])
    if url.scheme != "https" and not (url.scheme == "http" and url.host in LOCAUX):
        raise ErreurConfiguration("PILOTAGE_ALERTE_WEBHOOK", attendu="une adresse https")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells addresses, and this one holds a token
    answer = httpx.post(url, json={"text": f"{titre}\n{texte}", **champs}, timeout=DELAI_S)
    answer.raise_for_status()


def _mail(titre: str, texte: str, html: str | None, champs: Mapping[str, Any]) -> None:
    import smtplib
    import ssl
    from functools import partial

    server = urlsplit(os.environ.get("PILOTAGE_SMTP_URL", "smtp://127.0.0.1:25"))
    message = EmailMessage()
    message["Subject"] = titre.replace("\n", " ")
    message["From"] = os.environ.get("PILOTAGE_ALERTE_EXPEDITEUR") or "pilotage@localhost"
    message["To"] = os.environ["PILOTAGE_ALERTE_COURRIEL"]
    if html:
        message.set_content(texte)
        message.add_alternative(html, subtype="html")
    else:
        details = "\n".join(f"{name} : {value}" for name, value in champs.items())
        message.set_content(f"{texte}\n\n{details}\n")
    tls = ssl.create_default_context()  # smtplib's own does not look at the certificate
    kind = partial(smtplib.SMTP_SSL, context=tls) if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname or "127.0.0.1", server.port or 0, timeout=DELAI_S) as smtp:
        if server.username:
            if server.scheme == "smtp":
                smtp.starttls(context=tls)
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(message)
