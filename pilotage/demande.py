"""What is asked of upstream: one file, and within which limits."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from pilotage.config import Settings
from pilotage.errors import ErreurTelechargement

MO = 1_000_000
RESERVES = (".partiel", ".partiel.json", ".recu.json", ".suivi.json", ".abime")


class ErreurPassagere(ErreurTelechargement):
    """A failure that another try may cure; `attendre_s` is what upstream asked to wait, None when it did not say."""

    attendre_s: float | None = None


class ErreurIntrouvable(ErreurTelechargement):
    """Upstream says that the file does not exist (404) or no longer does (410)."""


@dataclass(frozen=True)
class Limites:
    """Bounds of one file's download; sizes in bytes, times in seconds."""

    taille_max: int = 2048 * MO
    duree_max_s: float = 600
    tentatives: int = 5
    attente_s: float = 1.0
    attente_max_s: float = 60.0
    redirections: int = 5
    connexion_s: float = 10.0
    lecture_s: float = 30.0
    verrou_s: float = 900.0
    zip_entrees: int = 10_000
    ratio_max: float = 200.0
    ratio_a_partir_de: int = 20 * MO
    decompresse_max: int = 8 * 1024 * MO

    @classmethod
    def from_settings(cls, settings: Settings) -> Limites:
        return cls(taille_max=settings.fetch_max_mo * MO, duree_max_s=settings.fetch_timeout_s)


@dataclass(frozen=True)
class Demande:
    """One file of a source. `format` and `encodage` are the card's; `sha256_annonce` is the mirror's manifest's."""

    source: str
    millesime: str
    fichier: str
    url: str
    format: str = "csv"
    encodage: str = "utf-8"
    sha256_annonce: str | None = None

    @property
    def nom(self) -> str:
        return f"{self.millesime}/{self.fichier}"

    @property
    def contenant(self) -> str:
        """What the bytes themselves must be: `zip` or `gz` by the file's name, else the card's format."""
        suffixe = self.fichier.lower().rpartition(".")[2]
        return suffixe if suffixe in ("zip", "gz") else self.format

    def refus(self, message: str, attendu: str | None = None, conseil: str | None = None) -> ErreurTelechargement:
        """The error that names this file."""
        return ErreurTelechargement(message, source=self.source, fichier=self.nom, attendu=attendu, conseil=conseil)

    def passagere(self, message: str, attendre_s: float | None = None, **parts: str) -> ErreurPassagere:
        """The same for a failure worth another try."""
        error = ErreurPassagere(message, source=self.source, fichier=self.nom, **parts)
        error.attendre_s = attendre_s
        return error


def is_plain_name(nom: str) -> bool:
    """True for a name that is one visible path component and cannot be taken for one of the landing's own files."""
    return (
        0 < len(os.fsencode(nom)) <= 200
        and nom == nom.encode("utf-8", "replace").decode()  # bytes of another encoding cannot be journalled
        and not nom.startswith((".", "_"))
        and not nom.endswith(RESERVES)
        and re.search(r"[/\\:\x00-\x1f\x7f]", nom) is None
    )
