"""The declared parameters: each yml beside this file, validated, with the reason of every figure."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pilotage.errors import ErreurRecommandation

DOSSIER = Path(__file__).parent
TABLES = DOSSIER.parents[1] / "dbt_project" / "seeds"
Part = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Detour(Strict):
    valeur: float = Field(ge=1)
    raison: str


class Interne(Strict):
    facteur: float = Field(gt=0)
    raison: str
    plafond_km: float = Field(gt=0)
    raison_plafond: str
    superficie_sans_mesure_km2: float = Field(gt=0)
    raison_sans_mesure: str


class Ile(Strict):
    nom: str
    communes: list[str]


class ParametresDeplacements(Strict):
    rayon_terre_km: float
    detour: Detour
    vitesses_kmh: dict[int, float]
    vitesse_sans_densite_kmh: float
    raison_vitesses: str
    scenarios: dict[Literal["rapide", "central", "lent"], float]
    raison_scenarios: str
    interne: Interne
    horizon_min: float
    voisins_au_dela: int
    iles: list[Ile]


class Composante(Strict):
    colonne: str
    poids: Part
    zero: float
    un: float
    imprecision: float = Field(ge=0)
    libelle: str
    source: str
    raison: str


class Indice(Strict):
    libelle: str
    composantes: dict[str, Composante]

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Indice:
        total = sum(c.poids for c in self.composantes.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"les poids de « {self.libelle} » font {total:.3f} et non 1")
        return self


class Critere(Strict):
    poids: Part
    valeur: Part
    bas: Part
    haut: Part
    raison: str

    @model_validator(mode="after")
    def _ordered(self) -> Critere:
        if not self.bas <= self.valeur <= self.haut:
            raise ValueError("bas ≤ valeur ≤ haut n'est pas respecté")
        return self


class Condition(Strict):
    mesure: str
    comparateur: Literal["<=", ">="]
    seuil: float
    raison: str


class Regle(Strict):
    action: str
    si: list[str]
    motif: str


class ParametresPlan(Strict):
    part_du_reseau: float = Field(ge=0)
    seuil_min: float
    sites_au_plus: int = Field(ge=1)
    raison_sites_au_plus: str
    ecart: float = Field(gt=0)
    limite_s: float = Field(gt=0)
    raison: str


class ParametresDecision(Strict):
    conditions: dict[str, Condition]
    regles: list[Regle]
    libelles: dict[str, str]
    stabilite_minimale: Part
    raison_stabilite: str
    tirages: int = Field(ge=1)
    dispersion_locale: float = Field(ge=0)
    raison_dispersion: str
    mediateurs: list[str]
    hotes: list[str]
    plan: ParametresPlan
    ecarts_lisibles: dict[str, float]

    @model_validator(mode="after")
    def _closed(self) -> ParametresDecision:
        unknown = {name for rule in self.regles for name in rule.si} - set(self.conditions)
        measures = {c.mesure for c in self.conditions.values()} - set(self.ecarts_lisibles)
        actions = {rule.action for rule in self.regles} - set(self.libelles)
        if unknown or measures or actions:
            raise ValueError(f"noms sans définition : {sorted(unknown | measures | actions)}")
        if self.regles[-1].si:
            raise ValueError("la dernière règle doit être sans condition, pour que toute commune ait une action")
        return self


class Periode(Strict):
    origine: date
    fin: date


class ParametresRessemblance(Strict):
    entrainement: Periode
    epreuve: Periode
    rayon_km: float
    graine: int
    ouvertures_minimales: int
    modele: dict[str, float]


M = TypeVar("M", bound=BaseModel)


def _read(name: str):
    return yaml.safe_load((DOSSIER / name).read_text(encoding="utf-8"))


def _validate(model: type[M], name: str, content) -> M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ErreurRecommandation(first["msg"], fichier=f"models_ml/parametres/{name}", colonne=where) from error


@cache
def load_deplacements() -> ParametresDeplacements:
    return _validate(ParametresDeplacements, "deplacements.yml", _read("deplacements.yml"))


@cache
def load_indices() -> dict[str, Indice]:
    """The composite scores that all services share: `deficit_acces`, `aptitude_numerique`."""
    return {name: _validate(Indice, "scores.yml", content) for name, content in _read("scores.yml").items()}


@cache
def load_decision() -> ParametresDecision:
    return _validate(ParametresDecision, "decision.yml", _read("decision.yml"))


@cache
def load_ressemblance() -> ParametresRessemblance:
    return _validate(ParametresRessemblance, "ressemblance.yml", _read("ressemblance.yml"))


def fingerprint() -> str:
    """SHA-256 of all the parameter files and of the declared tables of services, in the order of their names."""
    digest = hashlib.sha256()
    for path in [*sorted(DOSSIER.glob("*.yml")), *sorted(TABLES.glob("services*.csv"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
