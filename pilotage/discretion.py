"""Secrets never leave by a message: what the environment holds of them is replaced by `***` before a text is kept.

The first care is not to write them at all; this is the second, for the words of libraries (an address that a mail or
web server quotes back, a driver's complaint).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

CACHE = "***"
ADRESSES = (
    "DATABASE_URL",
    "PILOTAGE_CHARGEUR_URL",
    "PILOTAGE_LECTEUR_URL",
    "PILOTAGE_SMTP_URL",
    "PILOTAGE_BI_ENTREPOT",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CELERY__RESULT_BACKEND",
)
ENTIERS = (
    "PILOTAGE_DATAGOUV_CLE",
    "PILOTAGE_OPPOSITIONS_CLE",
    "PILOTAGE_OPENLINEAGE_CLE",
    "AWS_SECRET_ACCESS_KEY",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
)
COURT = 6  # a shorter word would be found in anything


def known_secrets(environment: Mapping[str, str] | None = None) -> list[str]:
    """Secret values of the environment, longest first: passwords of addresses, the webhook's path, keys."""
    given = os.environ if environment is None else environment
    found: set[str] = {given[name] for name in ENTIERS if given.get(name)}
    for name in ADRESSES:
        if value := given.get(name):
            found |= _password_of(value)
    if webhook := given.get("PILOTAGE_ALERTE_WEBHOOK"):
        rest = webhook.partition("://")[2].partition("/")[2]
        found |= {webhook, rest, *(part for part in rest.replace("?", "/").split("/") if len(part) >= 16)}
        found |= _password_of(webhook)
    return sorted((value for value in found if len(value) >= COURT), key=len, reverse=True)


def hide(text: str) -> str:
    """The text without the environment's secrets."""
    for secret in known_secrets():
        text = text.replace(secret, CACHE)
    return text


def _password_of(url: str) -> set[str]:
    """The password of an address, quoted and plain; of one that cannot be read, all that stands before its last @."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    if not password and "@" in url:
        password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return {password, unquote(password)} if password else set()
