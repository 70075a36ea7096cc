"""Expectation suites: the short YAML of `expectations/` read into rules, ready for Great Expectations.

A file holds `attentes` (about a delivery or a table: one fails, it is refused) and `lignes` (about rows: the offending
ones are set aside, or only counted with `effet: signaler`; more than `tolerance` of them and the delivery is refused).
Three shorthands spare repetition: `forme` writes the rules of a kind of code, `condition` is a boolean of SQL over the
columns, and any value may be given by kind of input: `{reel: 34000, simulation: 100}`.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pilotage.errors import ErreurConfiguration
from pilotage.formes import expand_form

EXPECTATIONS = Path(__file__).resolve().parent.parent / "expectations"
ZERO_TOLERANCE = 0.0
READING = re.compile(r"__(nombre|mesure|departement)$")
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


@dataclass(frozen=True)
class Regle:
    """One rule as it applies to one table: a Great Expectations type and its arguments, kinds already chosen."""

    nom: str
    attente: str
    arguments: dict[str, Any]
    raison: str
    portee: Literal["livraison", "ligne"] = "livraison"
    tolerance: float = ZERO_TOLERANCE
    condition: str | None = None
    signale: bool = False

    @property
    def colonne(self) -> str | None:
        """Column of the file that the rule is about, whatever reading of it is judged."""
        column = self.arguments.get("column")
        return column and READING.sub("", column)


@dataclass(frozen=True)
class Doublons:
    """What is tolerated of rows that share a key."""

    cle: tuple[str, ...]
    identiques: float
    contradictoires: float


@dataclass(frozen=True)
class SuiteAppliquee:
    """The rules of one suite that concern one table, millésime and file."""

    table: str
    regles: list[Regle]
    absents: list[str] = field(default_factory=list)
    chute_max: float = 0.2


class _Lu(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    table: str | None = None
    attente: str | None = None
    raison: str
    millesimes: list[str] = []
    sauf_millesimes: list[str] = []
    fichiers: list[str] = []

    def concerns(self, table: str, millesime: str, fichier: str) -> bool:
        return (
            self.table == table
            and (not self.millesimes or millesime in self.millesimes)
            and millesime not in self.sauf_millesimes
            and (not self.fichiers or any(fnmatch.fnmatchcase(fichier, motif) for motif in self.fichiers))
        )

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class _Ligne(_Lu):
    regle: str | None = None
    forme: str | None = None
    condition: str | None = None
    facultatif: bool = False
    effet: Literal["quarantaine", "signaler"] = "quarantaine"
    tolerance: float | dict[str, float] = ZERO_TOLERANCE

    @model_validator(mode="after")
    def _says_one_thing(self) -> _Ligne:
        if sum(x is not None for x in (self.attente, self.forme, self.condition)) != 1:
            raise ValueError("une ligne dit l'un de `attente`, `forme` ou `condition`")
        if not self.forme and not self.regle:
            raise ValueError("il manque le nom de la règle (`regle`)")
        if self.attente == BETWEEN and "min_value" not in self.arguments:
            raise ValueError("donner `min_value` : un texte qui n'est pas un nombre se lit comme moins l'infini")
        return self


class _Doublons(_Lu):
    raison: str = ""
    cle: list[str] = []
    identiques: float | dict[str, float] = ZERO_TOLERANCE
    contradictoires: float | dict[str, float] = ZERO_TOLERANCE


class Suite(BaseModel):
    """A file of `expectations/`, validated."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    suite: str
    absents: list[str] = Field(default=[], description="Texts that stand for no value where a number is expected.")
    chute_max: float | dict[str, float] = Field(default=0.2, description="Largest loss of rows, as a share.")
    attentes: list[_Lu] = []
    lignes: list[_Ligne] = []
    doublons: list[_Doublons] = []

    @model_validator(mode="before")
    @classmethod
    def _table_is_the_suite_by_default(cls, content: Any) -> Any:
        if isinstance(content, dict):
            for part in ("attentes", "lignes", "doublons"):
                for entry in content.get(part) or []:
                    entry.setdefault("table", content.get("suite"))
        return content

    @property
    def tables(self) -> list[str]:
        """Tables that the suite names, in order of appearance."""
        return list(dict.fromkeys(e.table for part in (self.attentes, self.lignes) for e in part if e.table))

    def apply(self, table: str, *, simulation: bool, millesime: str = "", fichier: str = "") -> SuiteAppliquee:
        """Rules for one table; entries about other millésimes and files are left out."""
        rules: list[Regle] = []
        for entry in self.attentes:
            if entry.concerns(table, millesime, fichier):
                arguments = _choose(entry.arguments, simulation)
                rules.append(Regle(entry.attente or "", entry.attente or "", arguments, entry.raison))
        for line in self.lignes:
            if line.concerns(table, millesime, fichier):
                rules.extend(_row_rules(line, simulation))
        return SuiteAppliquee(table, rules, self.absents, _choose(self.chute_max, simulation))

    def duplicates(
        self, table: str, cle: list[str], *, simulation: bool, millesime: str = "", fichier: str = ""
    ) -> Doublons | None:
        """Tolerances for repeated keys: the card's key unless the suite names another; None without any key."""
        for entry in self.doublons:
            if entry.concerns(table, millesime, fichier):
                tolerances = _choose((entry.identiques, entry.contradictoires), simulation)
                key = tuple(entry.cle or cle)
                return Doublons(key, *tolerances) if key else None
        return Doublons(tuple(cle), ZERO_TOLERANCE, ZERO_TOLERANCE) if cle else None


def load_suite(path: Path) -> Suite:
    """Read one file of `expectations/`.

    Raises:
        ErreurConfiguration: absent file, unreadable YAML, unknown field or missing reason; file and place are named.
    """
    try:
        return Suite.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ErreurConfiguration("suite d'attentes absente", fichier=_short(path), conseil="l'écrire") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise ErreurConfiguration(f"YAML illisible : {error}", fichier=_short(path), ligne=line) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ErreurConfiguration(first["msg"], fichier=_short(path), colonne=place) from error


def raw_suite(source: str) -> Suite:
    """Suite of a source: `expectations/raw/<source>.yml`."""
    return load_suite(EXPECTATIONS / "raw" / f"{source}.yml")


def mart_suite(axe: str) -> Suite:
    """Suite of an axis: `expectations/marts/<axe>.yml`."""
    return load_suite(EXPECTATIONS / "marts" / f"{axe}.yml")


def _row_rules(line: _Ligne, simulation: bool) -> list[Regle]:
    arguments = _choose(line.arguments, simulation)
    if line.forme:
        parts = expand_form(line.forme, arguments["column"], line.facultatif, simulation)
    elif line.condition:
        parts = [(line.regle or "", IN_SET, {"column": line.regle, "value_set": [True]}, "")]
    else:
        parts = [(line.regle or "", line.attente or "", arguments, "")]
    common: dict[str, Any] = {
        "portee": "ligne",
        "tolerance": _choose(line.tolerance, simulation),
        "condition": line.condition,
        "signale": line.effet == "signaler",
    }
    return [Regle(name, kind, args, f"{line.raison} {why}".strip(), **common) for name, kind, args, why in parts]


def _choose(value: Any, simulation: bool) -> Any:
    """Replace `{reel: …, simulation: …}` by the value for this kind of input, at any depth."""
    if isinstance(value, dict):
        if set(value) == {"reel", "simulation"}:
            return value["simulation" if simulation else "reel"]
        return {key: _choose(inner, simulation) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_choose(inner, simulation) for inner in value)
    return value


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])
