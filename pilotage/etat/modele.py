"""The state of a warehouse, as plain records that JSON carries both ways."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel

REPOND, ARRETEE, MUETTE, VIDE, JAMAIS = "répond", "arrêtée", "muette", "sans entrepôt", "jamais démarrée"


class Etape(BaseModel):
    """One step on one object in the last night, its last attempt."""

    etape: str
    objet: str
    etat: Literal["en_cours", "reussie", "sans_changement", "echouee"]
    secondes: float
    lignes: int | None = None
    message: str | None = None
    d_une_source: bool = False


class Nuit(BaseModel):
    """The last night of the journal."""

    nom: str
    debut: dt.datetime
    fin: dt.datetime | None
    secondes: float
    etat: Literal["en cours", "interrompue", "échouée", "partielle", "réussie"]
    etapes: list[Etape]

    @property
    def echecs(self) -> list[Etape]:
        return [etape for etape in self.etapes if etape.etat == "echouee"]


class Source(BaseModel):
    """What is served of a source; ages count from the day that the data describe."""

    source: str
    millesime: str
    date_donnees: dt.date
    age_jours: int
    age_max_jours: int
    etat: str
    lignes: int

    @property
    def retard_jours(self) -> int:
        return max(0, self.age_jours - self.age_max_jours)


class Generation(BaseModel):
    generation: str
    etat: str
    publiee_le: dt.datetime | None


class Suite(BaseModel):
    """The expectations of a suite on what is served: those held, and those that failed, by severity."""

    suite: str
    porte: Literal["entree", "marts"]
    tenues: int
    signalees: int
    bloquantes: int


class Refus(BaseModel):
    source: str
    fichier: str
    motif: str
    le: dt.datetime | None


class Quarantaine(BaseModel):
    source: str
    lignes: int
    sur: int
    plus_ancienne: dt.datetime


class Entrepot(BaseModel):
    """All that the database tells; kept in the state file for when it does not answer."""

    lu_le: dt.datetime
    simulee: bool | None
    nuit: Nuit | None
    sources: list[Source]
    jamais_recues: list[str]
    generations: list[Generation]
    suites: list[Suite]
    refus: list[Refus]
    quarantaine: list[Quarantaine]
    tables: dict[str, int]
    octets: int | None

    @property
    def visible(self) -> Generation | None:
        return next((g for g in self.generations if g.etat == "visible"), None)


class Airflow(BaseModel):
    """`répond`, `arrêté` (nothing says that it should run) or `muet`; health of each component."""

    etat: Literal["répond", "arrêté", "muet"]
    adresse: str | None = None
    composants: dict[str, str] = {}


class Disque(BaseModel):
    """Bytes of each part of the home; of its file system, bytes free and bytes that anyone may use, as `df` counts them
    (what is kept for the administrator is in neither); days until it is full, when growth is known."""

    parties: dict[str, int]
    libre: int
    total: int
    jours_restants: float | None = None


class Alertes(BaseModel):
    """Alerts of the last seven days against the budget, those not read yet, and all of the journal by severity."""

    semaine: int
    budget: int
    non_lues: int
    critiques_non_lues: int
    par_severite: dict[str, int]


class Releve(BaseModel):
    """Everything, at one moment."""

    quand: dt.datetime
    home: str
    simulation: bool  # what the settings ask for; the warehouse, when it is known, says what it holds
    base: str
    base_detail: str | None = None
    entrepot: Entrepot | None
    airflow: Airflow
    disque: Disque
    alertes: Alertes
    cron: str
    prochaine: dt.datetime | None

    @property
    def simulee(self) -> bool:
        known = self.entrepot.simulee if self.entrepot else None
        return self.simulation if known is None else known

    @property
    def de_memoire(self) -> bool:
        """True when the database did not answer and what is told of it comes from the state file."""
        return self.entrepot is not None and self.base != REPOND
