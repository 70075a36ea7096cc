"""What a digest speaks of, as read from the warehouse; nothing here is a sentence yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mesure:
    """The latest value of an indicator in each generation; None is «not known», never zero."""

    libelle: str
    unite: str
    sens: str
    avant: float | None
    apres: float | None
    date_avant: dt.date | None
    date_apres: dt.date | None
    millesime_avant: str | None
    millesime_apres: str | None


@dataclass(frozen=True)
class Suivi:
    """An indicator whose follow-up state is not what it was."""

    libelle: str
    avant: str
    apres: str
    motif: str | None


@dataclass(frozen=True)
class Enjeu:
    """A stake that entered or left the first five."""

    libelle: str
    rang_avant: int | None
    rang_apres: int | None
    raison: str | None


@dataclass(frozen=True)
class Decision:
    """Communes of the territory whose recommended action moved the same way, the most peopled first."""

    service: str
    avant: str
    apres: str
    communes: list[str]
    nombre: int


@dataclass(frozen=True)
class Porte:
    """A door that opened, closed, or left the sources."""

    nom: str
    categorie: str
    commune: str
    mouvement: str  # ouverte, fermee, disparue


@dataclass(frozen=True)
class Territoire:
    """A territory and what changed there; `absents` names the parts that the former generation did not have."""

    cle: str
    nom: str
    mesures: list[Mesure] = field(default_factory=list)
    suivis: list[Suivi] = field(default_factory=list)
    enjeux: list[Enjeu] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    portes: list[Porte] = field(default_factory=list)
    absents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retard:
    """A source whose data are older than its card allows; `est_nouveau` since the last digest."""

    titre: str
    date_donnees: dt.date
    limite: dt.date
    est_nouveau: bool


@dataclass(frozen=True)
class Livraison:
    """A delivery refused or with rows set aside, since the last digest."""

    source: str
    millesime: str
    est_refusee: bool
    motif: str | None
    nb_quarantaine: int


@dataclass(frozen=True)
class Echec:
    """A step that failed since the last digest and has not succeeded since."""

    etape: str
    objet: str
    debut: dt.datetime
    message: str | None


@dataclass(frozen=True)
class Faits:
    """All that one digest says. `ancienne` is None when there is nothing to compare with."""

    generation: str
    publiee_le: dt.datetime | None
    ancienne: str | None
    ancienne_publiee_le: dt.datetime | None
    est_simulee: bool
    territoires: list[Territoire]
    retards: list[Retard]
    livraisons: list[Livraison]
    echecs: list[Echec]
    services_nouveaux: list[str] = field(default_factory=list)
