"""Source cards: `pilotage/sources/<source>.yml` read into validated `Source` objects.

A card says where a dataset comes from, under what licence, which files make up a delivery, how they are written and
what each column means. Everything else (raw tables, dbt sources, DAG tasks, the sources page) is derived from it.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import re
import unicodedata
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pilotage.errors import ErreurFiche
from pilotage.motifs import Motif
from pilotage.yaml_sur import load_yaml

FICHES = Path(__file__).parent / "sources"
AXES = ("commun", "infrastructures", "developpement", "services", "usages", "ecosystemes")
LICENCES = {
    "lov1": ("Licence Ouverte 1.0", "https://www.etalab.gouv.fr/wp-content/uploads/2014/05/Licence_Ouverte.pdf"),
    "lov2": ("Licence Ouverte 2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"),
    "odbl": ("Open Database License 1.0 (partage à l'identique)", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "insee": ("Réutilisation libre avec mention de la source (Insee)", "https://www.insee.fr/fr/information/2381863"),
    "inconnue": ("Licence non vue chez le producteur", None),
}
SANS_EFFET = {"description", "unite", "personnel", "regles"}  # what a file becomes in raw does not depend on them
Type = Literal[
    "texte", "entier", "decimal", "booleen", "date", "code_commune", "code_departement", "code_region", "code_postal",
    "siren", "siret", "latitude", "longitude",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Regles(_Strict):
    """What a value typed by hand must be, in a file that the territory itself writes."""

    obligatoire: bool = False
    valeurs: list[str] = []
    minimum: float | None = None
    maximum: float | None = None
    motif: Motif | None = Field(default=None, description="Regular expression of the whole value.")
    forme: str | None = Field(default=None, description="That expression in words.")
    apres: str | None = Field(default=None, description="Column of a date that this one may not precede.")
    un_par: list[str] = Field(default=[], description="Rows that share these columns share this value too.")
    reference: Literal["action", "indicateur", "source", "source_ou_local", "territoire"] | None = None
    exemple: str | None = None


class Colonne(_Strict):
    """One column of a raw table."""

    nom: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=59)
    description: str
    type: Type = "texte"
    unite: str | None = None
    personnel: bool = False
    facultative: bool = Field(default=False, description="Absent from some millésimes.")
    alias: list[Motif] = Field(default=[], description="Regular expressions of upstream headers, whole match.")
    regles: Regles = Regles()

    def matches(self, header: str, suffixes: dict[str, str]) -> bool:
        """True when an upstream header is this column; `{aa}` in an alias is the millésime's own suffix."""
        patterns = [_fill(alias, suffixes) for alias in self.alias]
        if patterns:
            return any(re.fullmatch(p, header) for p in patterns)
        return slugify(header) == self.nom and not _has_foreign_letter(header)


class Depivot(_Strict):
    """Columns whose names carry a value (T1 2018): turned into rows."""

    motif: Motif
    variable: str
    valeur: str


class Fichier(_Strict):
    """How the files that match `motif` are written."""

    motif: str = Field(description="Pattern of the file's name, as a shell writes it.")
    millesimes: list[str] = Field(default=[], description="Only these; all when empty.")
    format: Literal["csv", "xlsx", "json", "geojson", "parquet", "shapefile"] = "csv"
    membre: str | None = Field(default=None, description="Pattern of the file inside a zip.")
    encodage: Literal["utf-8", "utf-8-sig", "cp1252", "latin-1"] = "utf-8"
    separateur: str = Field(default=",", pattern=r"^[\x09\x20-\x7e]$")
    guillemet: str = Field(default='"', pattern=r"^[\x21-\x7e]$")
    lignes_a_sauter: int = Field(default=0, ge=0)
    feuille: str | list[str] | None = Field(default=None, description="Several: read as one, named in `feuille`.")
    racine: str | None = Field(default=None, description="Key of the array of objects, where a JSON wraps it.")
    aplatir: bool = Field(default=False, description="Nested objects of a JSON become columns: `a_b` for a.b.")
    depivoter: Depivot | None = None
    entetes: dict[str, str] = Field(default={}, description="Upstream header -> column, where the name misleads.")
    colonnes_ignorees: list[str] = Field(default=[], description="Upstream headers left in the landing.")

    def matches(self, nom: str, millesime: str) -> bool:
        return fnmatch.fnmatchcase(nom, self.motif) and (not self.millesimes or millesime in self.millesimes)


class Table(_Strict):
    """One raw table and the files that feed it."""

    table: str = Field(pattern=r"^[a-z][a-z0-9]*__[a-z0-9_]+$", max_length=45)
    cle: list[str] = Field(default=[], description="Columns that identify a row; empty when upstream has no key.")
    fichiers: list[Fichier] = Field(min_length=1)
    colonnes: list[Colonne] = Field(min_length=1)

    @property
    def noms(self) -> list[str]:
        return [colonne.nom for colonne in self.colonnes]

    @property
    def empreinte(self) -> str:
        """Hash of all that changes what a file becomes in raw: a new one asks for loading again."""
        read = self.model_dump(mode="json", exclude={"colonnes": {"__all__": SANS_EFFET}})
        return hashlib.sha256(repr(read).encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _names_hold_together(self) -> Table:
        if len(set(self.noms)) != len(self.noms):
            raise ValueError(f"{self.table} : deux colonnes portent le même nom")
        missing = set(self.cle) - set(self.noms)
        if missing:
            raise ValueError(f"{self.table} : la clé cite des colonnes absentes : {sorted(missing)}")
        return self


class Adresse(_Strict):
    """Where production fetches a file."""

    url: str = Field(pattern=r"^https://")
    fichier: str
    millesime: str
    verifiee: bool = False


class Millesime(_Strict):
    """What a vintage is about."""

    date_donnees: dt.date = Field(description="The day that the figures describe.")
    geographie: dt.date = Field(description="The communes are those of this day.")
    suffixes: dict[str, str] = {}


class Source(_Strict):
    """A card."""

    source: str = Field(pattern=r"^[a-z][a-z0-9]*__[a-z0-9_]+$", max_length=40)
    titre: str
    producteur: str
    axe: Literal[AXES]  # type: ignore[valid-type]
    description: str
    page: str
    licence: Literal[tuple(LICENCES)]  # type: ignore[valid-type]
    attribution: str
    frequence: Literal["quotidienne", "mensuelle", "trimestrielle", "semestrielle", "annuelle", "irrégulière"]
    fraicheur_max_jours: int = Field(gt=0)
    verifiee: bool = Field(default=True, description="False: read on simulated files only, no real one was seen.")
    extrait: bool = Field(
        default=False, description="Only an extract of a real file was read: no figure comes from it."
    )
    derive_tiers: bool = Field(default=False, description="A third party's computation, never an original.")
    origine: Literal["producteur", "territoire"] = Field(
        default="producteur", description="`territoire`: files of the folder PILOTAGE_APPORTS."
    )
    adresses: list[Adresse] = []
    fichiers_ignores: list[str] = []
    millesimes: dict[str, Millesime] = Field(min_length=1)
    tables: list[Table] = Field(min_length=1)

    @property
    def est_apport(self) -> bool:
        """True when the territory itself writes the files."""
        return self.origine == "territoire"

    @property
    def est_vue(self) -> bool:
        """True when a whole real file was read: its indicators are measured on real data."""
        return self.verifiee and not self.extrait

    @property
    def personnelles(self) -> set[tuple[str, str]]:
        """(table, column) pairs that hold personal data."""
        return {(t.table, c.nom) for t in self.tables for c in t.colonnes if c.personnel}

    def find(self, nom: str, millesime: str) -> tuple[Table, Fichier] | None:
        """Table and dialect of a delivered file; None for a file that the card leaves aside.

        Raises:
            ErreurFiche: no pattern of the card knows the file.
        """
        for table in self.tables:
            for fichier in table.fichiers:
                if fichier.matches(nom, millesime):
                    return table, fichier
        if any(fnmatch.fnmatchcase(nom, motif) for motif in self.fichiers_ignores):
            return None
        raise ErreurFiche(
            "fichier que la fiche ne connaît pas",
            source=self.source,
            fichier=f"{millesime}/{nom}",
            attendu=", ".join(f.motif for t in self.tables for f in t.fichiers),
            conseil=f"ajouter un motif à pilotage/sources/{self.source}.yml, ou `fichiers_ignores`",
        )

    def millesime(self, nom: str) -> Millesime:
        """What the card says of a vintage.

        Raises:
            ErreurFiche: the card does not know it.
        """
        if nom in self.millesimes:
            return self.millesimes[nom]
        raise ErreurFiche(
            f"millésime « {nom} » inconnu de la fiche",
            source=self.source,
            attendu=", ".join(self.millesimes),
            conseil="déclarer sa date et sa géographie sous `millesimes`",
        )


@lru_cache(maxsize=4)
def load_catalogue(folder: Path = FICHES) -> dict[str, Source]:
    """All cards by name, in alphabetical order.

    Raises:
        ErreurFiche: a card is not valid; the message names the file and the field.
    """
    return {path.stem: _read_once(path) for path in sorted(folder.glob("*.yml"))}


def get_source(nom: str) -> Source:
    """One card; the others are not read: the task of a source has no use for them.

    Raises:
        ErreurFiche: no such card; the closest names are given.
    """
    names = sorted(path.stem for path in FICHES.glob("*.yml"))
    if nom in names:
        return _read_once(FICHES / f"{nom}.yml")
    close = get_close_matches(nom, names, n=3) or names
    raise ErreurFiche(f"source « {nom} » inconnue", attendu=", ".join(close), conseil="`pilotage sources` les liste")


def read_card(path: Path) -> Source:
    """Read and validate one card.

    Raises:
        ErreurFiche: file, line or field, and what is wrong.
    """
    place = {"source": path.stem, "fichier": path.name}
    try:
        card = Source.model_validate(load_yaml(path.read_text(encoding="utf-8"))[1])
    except OSError as error:
        raise ErreurFiche(f"illisible ({error.strerror})", **place) from error
    except UnicodeDecodeError as error:
        raise ErreurFiche("la fiche n'est pas en UTF-8", conseil="l'enregistrer en UTF-8", **place) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise ErreurFiche(f"YAML illisible : {' '.join(str(error).split())[:300]}", ligne=line, **place) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ErreurFiche(first["msg"], colonne=where, **place) from error
    if card.source != path.stem:
        raise ErreurFiche(f"la fiche dit « {card.source} »", source=path.stem, attendu=path.stem)
    return card


_read_once = lru_cache(maxsize=512)(read_card)


def slugify(text: str) -> str:
    """Upstream header as a column name: lower case, no accent, `_` for every run of other characters."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def _has_foreign_letter(text: str) -> bool:
    """True when a letter or a digit has no Latin form: a Cyrillic « о » would be dropped, and another name read."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE"))
    return any(ord(character) > 127 and character.isalnum() for character in plain)


def _fill(pattern: str, suffixes: dict[str, str]) -> str:
    for name, value in suffixes.items():
        pattern = pattern.replace("{" + name + "}", re.escape(value))
    return pattern
