"""Licences carried down the lineage: what a table owes to the sources it is built on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pilotage.catalogue import LICENCES, Source

OUVERTE = "lov2"
PARTAGE_A_L_IDENTIQUE = ("odbl",)
INCONNUE = "inconnue"
# The name of each licence in the Open Definition's register, which Frictionless asks for.
NOMS_OPEN_DEFINITION = {"lov1": "etalab-1.0", "lov2": "etalab-2.0", "odbl": "ODbL-1.0", "insee": "other-open"}


@dataclass(frozen=True)
class LicenceTable:
    """What the table built on `sources` may be published under.

    `licence` is the one licence of the table; `inconnues` names the sources whose licence nobody has seen, which
    leave the reuse of this table to be checked.
    """

    licence: str
    sources: tuple[str, ...]
    inconnues: tuple[str, ...]
    identiques: tuple[str, ...]

    @property
    def libelle(self) -> str:
        return LICENCES[self.licence][0]

    @property
    def explication(self) -> str:
        """One French sentence: why this licence."""
        if self.identiques:
            reason = f"partage à l'identique imposé par {', '.join(self.identiques)}"
        elif self.sources:
            reason = "licences ouvertes avec mention des sources"
        else:
            reason = "produite par Pilotage, sans source extérieure"
        if self.inconnues:
            reason += f" ; licence non vue chez le producteur : {', '.join(self.inconnues)}"
        return reason

    @property
    def descripteurs(self) -> list[dict[str, str]]:
        """`licenses` of a Frictionless resource; an unknown licence is said as unknown."""
        names = [self.licence] if self.licence != INCONNUE else []
        found = [describe_licence(name) for name in names]
        return [*found, describe_licence(INCONNUE)] if self.inconnues else found


def derive_licence(sources: Iterable[Source]) -> LicenceTable:
    """Licence of a table built on these sources.

    A share-alike source gives its licence to the whole table. Open licences that only ask for attribution become
    Licence Ouverte 2.0, whose text declares itself compatible with them. A source whose licence is unknown makes the
    table's unknown too, unless a share-alike one settles it; it is listed in either case.
    """
    cards = sorted(sources, key=lambda card: card.source)
    unknown = tuple(card.source for card in cards if card.licence == INCONNUE)
    alike = tuple(card.source for card in cards if card.licence in PARTAGE_A_L_IDENTIQUE)
    if alike:
        licence = next(card.licence for card in cards if card.source == alike[0])
    else:
        licence = INCONNUE if unknown else OUVERTE
    return LicenceTable(licence, tuple(card.source for card in cards), unknown, alike)


def describe_licence(licence: str) -> dict[str, str]:
    """A card's licence as Frictionless writes it: name, title, and path when there is a text to read."""
    title, path = LICENCES[licence]
    described = {"name": NOMS_OPEN_DEFINITION.get(licence, "notspecified"), "title": title}
    return {**described, "path": path} if path else described
