"""The declared choices of the synthesis, validated."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models_ml.parametres import Part
from pilotage.errors import ErreurRecommandation

FICHIER = Path(__file__).with_name("parametres.yml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParametresComparaisons(_Strict):
    couverture_minimale_pct: float
    raison_couverture: str
    pairs_observes_minimum: int = Field(ge=1)


class ParametresPairs(_Strict):
    nombre: dict[str, int]
    vivier: dict[str, str]
    quantile_eloigne: Part
    variables_minimum: int = Field(ge=1)
    raison: str


class ParametresEnjeux(_Strict):
    poids_pairs: Part
    poids_cible: Part
    demi_vie_ans: float = Field(gt=0)
    part_plancher: Part
    part_inconnue: Part
    niveau_bas: Part
    raison: str


class Rupture(_Strict):
    indicateur: str
    depuis: date
    raison: str


class ParametresSuivi(_Strict):
    niveau_prevision: Part
    dates_prevision: int = Field(ge=3)
    tolerance: float = Field(ge=0)
    ecart_couverture_pts: float
    horizon_ans: float = Field(gt=0)
    prolongement_max: float = Field(gt=0)
    couverture_minimale_pct: float
    raison: str
    ruptures: list[Rupture]


class Composante(_Strict):
    libelle: str
    dimension: str
    unite: str
    sens: Literal["plus", "moins"]
    poids: Part
    source: str
    partie_ifn: str
    raison: str


class ParametresFragilite(_Strict):
    tirages: int = Field(ge=1)
    quantiles: tuple[Part, Part]
    centiles_bornes: tuple[float, float]
    communes_minimum: Part
    couverture_minimale: Part
    dimensions_minimum: int
    correlation_double: Part
    vif_double: float
    dirichlet: float = Field(gt=0)
    plancher_geometrique: float = Field(gt=0)
    raison_couverture: str
    cadre: str
    dimensions: dict[str, str]
    composantes: dict[str, Composante]

    @model_validator(mode="after")
    def _whole(self) -> ParametresFragilite:
        total = sum(c.poids for c in self.composantes.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"les poids déclarés font {total:.3f} et non 1")
        unknown = {c.dimension for c in self.composantes.values()} - set(self.dimensions)
        if unknown:
            raise ValueError(f"dimensions sans libellé : {sorted(unknown)}")
        return self


class Parametres(_Strict):
    graine: int
    comparaisons: ParametresComparaisons
    pairs: ParametresPairs
    enjeux: ParametresEnjeux
    suivi: ParametresSuivi
    fragilite: ParametresFragilite


@cache
def load_parametres() -> Parametres:
    """The choices of `parametres.yml`.

    Raises:
        ErreurRecommandation: names the entry that is not what it must be.
    """
    try:
        return Parametres.model_validate(yaml.safe_load(FICHIER.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ErreurRecommandation(first["msg"], fichier="models_ml/synthese/parametres.yml", colonne=where) from error


def fingerprint() -> str:
    """SHA-256 of the choices."""
    return hashlib.sha256(FICHIER.read_bytes()).hexdigest()
