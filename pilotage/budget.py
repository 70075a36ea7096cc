"""The alert budget: for each check, who answers for it, how urgent it is, what to do, and whether it is muted.

`expectations/budget.yml` is its only place. A check is a dotted name: `porte.entree.<source>`, `porte.marts.<axe>`,
`tache.<dag>.<task>`, `echeance.<dag>`, `etat.<part of pilotage etat>`, or a word that code gives to `alerter`.
"""

from __future__ import annotations

import datetime as dt
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pilotage.config import RACINE
from pilotage.errors import ErreurConfiguration
from pilotage.orchestration.plan import AXES

FICHIER = RACINE / "expectations" / "budget.yml"
CONSIGNES = "docs/exploitation.md"
AUTRE = "alerte.autre"
SEVERITES = ("information", "avertissement", "critique")
Paire = tuple[float, float]


class _Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Silence(_Modele):
    """Why a check is muted, and until which day, included."""

    motif: str = Field(min_length=5)
    jusqu_au: dt.date


class Entree(_Modele):
    """What is decided for the checks that a pattern names."""

    controle: str = Field(pattern=r"^[a-z_0-9.*]+$")
    responsable: str = Field(min_length=3)
    severite: Literal["information", "avertissement", "critique"]
    que_faire: str = Field(min_length=3)
    silence: Silence | None = None

    def covers(self, controle: str) -> bool:
        return fnmatchcase(controle, self.controle)

    def is_muted(self, today: dt.date | None = None) -> bool:
        return self.silence is not None and (today or dt.date.today()) <= self.silence.jusqu_au

    @property
    def consigne(self) -> str:
        """Link to the heading of the runbook, as GitHub writes anchors."""
        return f"{CONSIGNES}#{slug(self.que_faire)}"


class Seuils(_Modele):
    """Thresholds of `pilotage etat`, (warning, critical): hours, days, shares in percent."""

    nuit_heures: Paire = (26, 50)
    generation_jours: Paire = (10, 40)
    sources_en_retard_part: Paire = (55, 80)
    quarantaine_part: Paire = (5, 20)
    disque_libre_part: Paire = (15, 5)
    disque_jours: Paire = (30, 7)

    @field_validator("*", mode="before")
    @classmethod
    def _pair(cls, value: list[float]) -> tuple[float, ...]:
        return tuple(value)


class Budget(_Modele):
    """The whole file; `par_semaine` counts alerts that were sent or would have been, muted ones left out."""

    par_semaine: int = Field(ge=0)
    seuils: Seuils = Seuils()
    controles: tuple[Entree, ...]

    def find(self, controle: str) -> Entree | None:
        """The first entry that covers a check; None when nobody answers for it."""
        return next((entree for entree in self.controles if entree.covers(controle)), None)


def load_budget(fichier: Path | None = None) -> Budget:
    """Read the budget.

    Raises:
        ErreurConfiguration: the file is absent or is not what is expected; names the place.
    """
    fichier = fichier or FICHIER
    try:
        return Budget.model_validate(yaml.safe_load(fichier.read_text(encoding="utf-8")))
    except OSError as error:
        raise ErreurConfiguration(f"le budget des alertes manque : {error}", fichier=str(fichier)) from error
    except (yaml.YAMLError, ValidationError) as error:
        details = str(error) if isinstance(error, yaml.YAMLError) else "; ".join(map(_place, error.errors()))
        raise ErreurConfiguration(details, fichier=fichier.name, conseil="voir l'en-tête du fichier") from error


def name_of_task(dag: str, tache: str, objet: str | None = None) -> str:
    """The check that an Airflow task is: gates go by their suite, other tasks by DAG and task.

    Args:
        tache: task id, with its group and its axis: `traiter.gate`, `controler_usages`.
        objet: what a mapped task works on: the source.
    """
    nom = tache.rpartition(".")[2]
    axe = next((axe for axe in ("commun", "synthese", *AXES) if nom.endswith(f"_{axe}")), None)
    nom = nom.removesuffix(f"_{axe}") if axe else nom
    if (dag, nom) == ("ingestion", "gate"):
        return f"porte.entree.{objet or 'inconnue'}"
    if nom == "controler":
        return f"porte.marts.{axe or dag}"
    return ".".join(filter(None, ("tache", dag, nom, axe)))


def slug(titre: str) -> str:
    """Anchor that GitHub gives to a heading: lower case, no punctuation, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", titre.strip().lower()).replace(" ", "-")


def _place(error: dict) -> str:
    return f"{'.'.join(map(str, error['loc']))} : {error['msg']}"
