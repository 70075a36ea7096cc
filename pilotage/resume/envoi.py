"""Sending a digest: at most one a day and channel, tried again at the next run when a channel refused it.

`journaux/resumes.jsonl` has a line a run: when, for which territories, which generation was told, and what each channel
answered. It is what «already sent today» and «since the last digest» are read from.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pilotage import alertes
from pilotage.magasin import Magasin, SansMagasin, get_magasin
from pilotage.resume.lecture import named_territories, read_facts
from pilotage.resume.message import Resume, compose
from pilotage.verrou import alone, locked

JOURNAL = "journaux/resumes.jsonl"
ENVOYE = "envoyé"


def resumer_nuit(territoires: list[str] | None = None, *, maintenant: dt.datetime | None = None) -> dict:
    """Tell each channel what changed since the last digest that it took.

    A channel that is down is journaled and tried again at the next run; it never raises.

    Returns:
        The line journaled: `quand`, `jour`, `territoires`, `generation`, `a_change`, `envois` (channel -> «envoyé»,
        «rien à dire», «déjà envoyé aujourd'hui», or why not).

    Raises:
        ErreurConfiguration: an unknown territory.
    """
    now = maintenant or dt.datetime.now().astimezone()
    keys = territoires or named_territories()
    magasin = get_magasin()
    with _lock(magasin):
        past = _read(magasin.lines(JOURNAL))
        channels = alertes.channels()
        digests = {name: _compose_for(name, keys, past, now) for name in channels}
        shown = next(iter(digests.values()), None) or compose(read_facts(keys, maintenant=now))
        line = {
            "quand": now.isoformat(timespec="seconds"),
            "jour": now.date().isoformat(),
            "territoires": keys,
            "generation": shown.champs["generation"],
            "a_change": any(one.a_change for one in digests.values()) if digests else shown.a_change,
            "envois": {name: _send(name, digests[name], past, now) for name in channels},
        }
        magasin.add_line(JOURNAL, line)
    return line


def _compose_for(channel: str, keys: list[str], past: list[dict], now: dt.datetime) -> Resume:
    taken = [one for one in past if one["territoires"] == keys and one["envois"].get(channel) == ENVOYE]
    if not taken:
        return compose(read_facts(keys, maintenant=now))
    last = taken[-1]
    since = dt.datetime.fromisoformat(last["quand"])
    return compose(read_facts(keys, racontee=last["generation"], depuis=since, maintenant=now))


def _send(channel: str, resume: Resume, past: list[dict], now: dt.datetime) -> str:
    if any(one["jour"] == now.date().isoformat() and one["envois"].get(channel) == ENVOYE for one in past):
        return "déjà envoyé aujourd'hui"
    if not resume.a_change and os.environ.get("PILOTAGE_RESUME_TOUJOURS") != "1":
        return "rien à dire"
    return alertes.send(channel, resume.sujet, resume.texte, html=resume.html, champs=resume.champs)


def _read(lines: list[str]) -> list[dict]:
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:  # a line cut by a full disk must not silence every later digest
            continue
    return found


@contextmanager
def _lock(magasin: Magasin | SansMagasin) -> Iterator[None]:
    """Two runs at once would send twice."""
    with alone("pilotage.resume") if magasin.partage else locked(magasin.home / f"{JOURNAL}.verrou"):
        yield
