"""The services that the recommender decides on, as declared in the seeds `services*.csv`; nothing here is learned."""

from __future__ import annotations

import csv
from functools import cache
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from models_ml.parametres import (
    TABLES,
    Composante,
    Critere,
    Indice,
    ParametresDecision,
    Regle,
    Strict,
    load_decision,
    load_indices,
)
from pilotage.errors import ErreurRecommandation

OUI_NON = {"oui": True, "non": False}
OuiNon = Annotated[bool, BeforeValidator(lambda value: OUI_NON.get(value, value))]
Facultatif = Annotated[float | None, BeforeValidator(lambda value: None if value == "" else value)]
SANS_SOLUTION = Regle(
    action="a_instruire",
    si=[],
    motif="aucune des solutions admises pour ce service ne convient : à instruire avec son opérateur",
)
OBSERVATIONS = {"oui": "complete", "partielle": "partielle", "non": "inconnue"}


class ActionService(Strict):
    """Whether an action suits a service, and its yearly cost in euros; None where no figure is known."""

    action: str
    admise: OuiNon
    cout_annuel_eur: Facultatif
    cout_bas_eur: Facultatif
    cout_haut_eur: Facultatif


class Service(Strict):
    """One service: its threshold in minutes, reference ratio, criteria, need and admitted actions.

    population_candidate_min: least population of a commune where a site of its own makes sense.
    """

    code: str
    libelle: str
    ordre: int
    seuil_min: float = Field(gt=0)
    seuil_alerte_min: float = Field(gt=0)
    habitants_par_unite: float = Field(gt=0)
    population_candidate_min: float = Field(ge=0)
    offre_observee: str
    dematerialisable: dict[str, Critere]
    besoin: Indice
    actions: dict[str, ActionService]

    @model_validator(mode="after")
    def _complete(self) -> Service:
        total = sum(c.poids for c in self.dematerialisable.values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"les poids des critères font {total:.3f} et non 1")
        missing = set(load_decision().libelles) - {"a_instruire"} - set(self.actions)
        if missing:
            raise ValueError(f"actions sans ligne : {', '.join(sorted(missing))}")
        if self.offre_observee not in OBSERVATIONS:
            raise ValueError(f"offre_observee vaut {', '.join(OBSERVATIONS)}")
        return self

    @property
    def natures(self) -> set[str]:
        """Natures of hosts that are places of this very service: they host nothing new."""
        from models_ml.donnees import HOTES_PAR_SERVICE

        own = {nature for nature, service in HOTES_PAR_SERVICE.items() if service == self.code}
        return own | {"poste": {"poste"}, "bibliotheque_mediation": {"bibliotheque", "mediation"}}.get(self.code, set())

    def score_dematerialisable(self) -> tuple[float, float, float]:
        """Weighted mean of the criteria: value, lower and upper bound, each in [0, 1]."""
        parts = self.dematerialisable.values()
        return tuple(sum(c.poids * getattr(c, part) for c in parts) for part in ("valeur", "bas", "haut"))


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a declared table, with their line in `_ligne`.

    Raises:
        ErreurRecommandation: the file is absent.
    """
    path = TABLES / name
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return [{**row, "_ligne": str(number)} for number, row in enumerate(csv.DictReader(lines), start=2)]
    except FileNotFoundError as error:
        raise ErreurRecommandation("table déclarée absente", fichier=f"dbt_project/seeds/{name}") from error


def _rows(name: str, service: str) -> list[dict[str, str]]:
    return [row for row in read_table(name) if row["service"] == service]


def _validated(model, content: dict, name: str, line: str):
    try:
        return model.model_validate({key: content[key] for key in model.model_fields if key in content})
    except ValidationError as error:
        first = error.errors()[0]
        raise ErreurRecommandation(
            first["msg"], fichier=f"dbt_project/seeds/{name}", ligne=int(line),
            colonne=".".join(map(str, first["loc"])) or content.get("service"),
        ) from error  # fmt: skip


def _part(model, name: str, service: str, key: str) -> dict:
    return {row[key]: _validated(model, row, name, row["_ligne"]) for row in _rows(name, service)}


def _service(row: dict[str, str]) -> Service:
    code = row["service"]
    components = _part(Composante, "services_besoins.csv", code, "composante")
    need = _validated(
        Indice, {"libelle": f"Besoin : {row['libelle']}", "composantes": components}, "services_besoins.csv", "1"
    )
    parts = {
        "code": code,
        "besoin": need,
        "dematerialisable": _part(Critere, "services_dematerialisation.csv", code, "critere"),
        "actions": _part(ActionService, "services_actions.csv", code, "action"),
    }
    return _validated(Service, {**row, **parts}, "services.csv", row["_ligne"])


@cache
def load_services() -> dict[str, Service]:
    """The declared services by code, in their order.

    Raises:
        ErreurRecommandation: a table is absent, or a line breaks its rules; file, line and column are named.
    """
    found = [_service(row) for row in read_table("services.csv")]
    return {one.code: one for one in sorted(found, key=lambda one: (one.ordre, one.code))}


def load_service(code: str) -> Service:
    """The declared service `code`.

    Raises:
        ErreurRecommandation: the service is not declared; the known ones are named.
    """
    services = load_services()
    if code not in services:
        raise ErreurRecommandation(f"service « {code} » inconnu", attendu=", ".join(services))
    return services[code]


@cache
def decision_of(code: str) -> ParametresDecision:
    """The rule table as it reads for a service: its own threshold in minutes, the actions it admits, its own hosts.

    Where the last rule is not admitted, what no rule settles is «à instruire», never an action that does not suit.
    """
    service, base = load_service(code), load_decision()
    conditions = {
        name: one.model_copy(update={"seuil": service.seuil_min})
        if one.mesure in ("temps_min", "temps_plan_min")
        else one
        for name, one in base.conditions.items()
    }
    rules = [rule for rule in base.regles if service.actions[rule.action].admise]
    if rules[-1].si:
        rules.append(SANS_SOLUTION)
    return base.model_copy(
        update={
            "conditions": conditions,
            "regles": rules,
            "hotes": [host for host in base.hotes if host not in service.natures],
            "plan": base.plan.model_copy(update={"seuil_min": service.seuil_min}),
        }
    )


def indices_of(code: str) -> dict[str, Indice]:
    """The composite scores of a service: its own need, and the two that all share."""
    return {"besoin": load_service(code).besoin, **load_indices()}


@cache
def fs_capacities() -> dict[str, float]:
    """Declared capacity of a France Services site by kind: principal, antenne, bus."""
    return {row["nature"]: float(row["capacite"]) for row in _rows("services_offre.csv", "france_services")}
