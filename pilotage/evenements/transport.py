"""OpenLineage's events as lines of a file a day; the client's own file transport does not keep lines of several
processes apart, nor days."""

from __future__ import annotations

import datetime as dt
import fcntl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attr
from openlineage.client.serde import Serde
from openlineage.client.transport.transport import Config, Transport

if TYPE_CHECKING:
    from openlineage.client.client import Event

GARDES_JOURS = 30


@attr.define
class ConfigDossier(Config):
    """`dossier`: where the files are."""

    dossier: str

    @classmethod
    def from_dict(cls, params: dict[str, Any]) -> ConfigDossier:
        return cls(dossier=params["dossier"])


class TransportDossier(Transport):
    """Appends each event, whole, to `<dossier>/<AAAA-MM-JJ>.jsonl`; thirty days are kept."""

    kind = "dossier"
    config_class = ConfigDossier

    def __init__(self, config: ConfigDossier) -> None:
        self.dossier = Path(config.dossier)

    def emit(self, event: Event) -> None:
        line = (Serde.to_json(event) + "\n").encode()
        self.dossier.mkdir(parents=True, exist_ok=True)
        file = self.dossier / f"{dt.date.today():%Y-%m-%d}.jsonl"
        if not file.exists():
            self._forget_old()
        with file.open("ab") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            journal.write(line)
            journal.flush()

    def _forget_old(self) -> None:
        oldest = f"{dt.date.today() - dt.timedelta(days=GARDES_JOURS):%Y-%m-%d}.jsonl"
        for file in self.dossier.glob("????-??-??.jsonl"):
            if file.name < oldest:
                file.unlink(missing_ok=True)
