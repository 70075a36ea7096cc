"""Scenario files: what a territory wants to try, as `apports/scenarios/*.yml`, checked and said in French."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from models_ml.parametres import Indice, Part, Strict, load_decision
from models_ml.services import Service, load_service, load_services
from pilotage.errors import ErreurRecommandation
from pilotage.yaml_sur import load_yaml

MESSAGES = {
    "extra_forbidden": "clé inconnue",
    "missing": "clé absente",
    "greater_than": "valeur trop petite",
    "greater_than_equal": "valeur trop petite",
    "less_than_equal": "valeur trop grande",
    "literal_error": "valeur inconnue",
    "finite_number": "nombre infini ou indéfini",
}


SITES_MAX = 5000


class Budget(Strict):
    """New sites, as a number or as euros a year divided by the cost of one site."""

    sites: int | None = Field(None, ge=0, le=SITES_MAX)
    euros: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_of_both(self) -> Budget:
        if (self.sites is None) == (self.euros is None):
            raise ValueError("donner `sites` ou `euros`, l'un des deux")
        return self


class Ouverture(Strict):
    """A place that would open: at its position, else at the centre of its commune."""

    commune: str
    nom: str | None = None
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    capacite: float = Field(1.0, gt=0)


class PlancherEquite(Strict):
    """At least `part` of the people of a group within the threshold. `valeur` names the group of `par`."""

    par: Literal["classe_ruralite", "niveau_densite", "code_departement", "siren_epci", "quintile_pauvrete", "qpv"]
    valeur: str
    part: Part


class Scenario(Strict):
    """One scenario. Without budget, no site is added; without territory, the whole country."""

    nom: str
    description: str = ""
    service: str = "france_services"
    territoire: str = "FR"
    budget: Budget | None = None
    cout_site_eur: float | None = Field(None, gt=0)
    fermetures: list[str] = Field(default_factory=list)
    ouvertures: list[Ouverture] = Field(default_factory=list)
    poids: dict[str, float] = Field(default_factory=dict)
    seuils: dict[str, float] = Field(default_factory=dict)
    planchers: list[PlancherEquite] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known_names(self) -> Scenario:
        service = load_service(self.service)
        _refuse_unknown("poids", self.poids, list(service.besoin.composantes))
        _refuse_unknown("seuils", self.seuils, ["service", *load_decision().conditions])
        if any(value < 0 for value in self.poids.values()) or (self.poids and not sum(self.weights(service).values())):
            raise ValueError("poids : des nombres positifs, dont un au moins n'est pas nul")
        if any(value < 0 for value in self.seuils.values()) or self.seuils.get("service") == 0:
            raise ValueError("seuils : des nombres positifs")
        return self

    def weights(self, service: Service) -> dict[str, float]:
        """Weights of the need's components, those given instead of the declared ones; their sum is free."""
        return {name: self.poids.get(name, c.poids) for name, c in service.besoin.composantes.items()}

    def tune(self) -> Service:
        """The service under this scenario: its threshold, and the weights of its need, made to sum to 1."""
        service = load_service(self.service)
        weights = self.weights(service)
        total = sum(weights.values())
        parts = {
            name: c.model_copy(update={"poids": weights[name] / total})
            for name, c in service.besoin.composantes.items()
        }
        need = Indice(libelle=service.besoin.libelle, composantes=parts) if self.poids else service.besoin
        minutes = self.seuils.get("service", service.seuil_min)
        ratio = minutes / service.seuil_min
        return service.model_copy(
            update={"besoin": need, "seuil_min": minutes, "seuil_alerte_min": service.seuil_alerte_min * ratio}
        )

    def sites(self) -> int:
        """New sites that the budget pays for.

        Raises:
            ErreurRecommandation: euros are given, and no cost of a site is known.
        """
        if self.budget is None:
            return 0
        if self.budget.sites is not None:
            return self.budget.sites
        cost = self.cout_site_eur or load_service(self.service).actions["implanter"].cout_annuel_eur
        if cost is None:
            raise ErreurRecommandation(
                f"scénario « {self.nom} » : le coût d'un lieu de ce service n'est pas connu",
                conseil="ajouter `cout_site_eur`, ou donner un budget en `sites`",
            )
        count = self.budget.euros // cost
        if not count <= SITES_MAX:
            raise ErreurRecommandation(
                f"scénario « {self.nom} » : ce budget paie {count:.3g} lieux",
                attendu=f"au plus {SITES_MAX} lieux",
                conseil="vérifier `euros` et `cout_site_eur`",
            )
        return int(count)


def _refuse_unknown(key: str, given: dict, known: list[str]) -> None:
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" ; vouliez-vous dire « {close[0]} » ?" if close else ""
            raise ValueError(f"{key} : « {name} » inconnu, attendu : {', '.join(known)}{hint}")


def read_scenario(path: Path) -> Scenario:
    """A scenario file, checked.

    Raises:
        ErreurRecommandation: the file is absent, is not YAML, or a key is wrong; file, line and key are named.
    """
    name = path.name
    try:
        text = path.read_text(encoding="utf-8")
        node, content = load_yaml(text)
    except OSError as error:
        raise ErreurRecommandation(
            "fichier de scénario illisible", fichier=str(path), conseil="vérifier le chemin"
        ) from error
    except UnicodeDecodeError as error:
        raise ErreurRecommandation(
            "le fichier n'est pas en UTF-8", fichier=name, conseil="l'enregistrer en UTF-8"
        ) from error
    except yaml.YAMLError as error:
        mark, said = getattr(error, "problem_mark", None), getattr(error, "problem", None) or error
        raise ErreurRecommandation(
            f"le fichier n'est pas du YAML ({said})", fichier=name, ligne=mark.line + 1 if mark else None,
            conseil="vérifier l'indentation, les deux-points et les guillemets",
        ) from error  # fmt: skip
    if not isinstance(content, dict):
        raise ErreurRecommandation("le fichier ne contient pas de clés", fichier=name, attendu="nom: …, service: …")
    try:
        return Scenario.model_validate(content)
    except ErreurRecommandation as error:
        raise ErreurRecommandation(
            error.message, fichier=name, ligne=line_of(node, ("service",)), colonne="service",
            attendu=", ".join(load_services()),
        ) from error  # fmt: skip
    except ValidationError as error:
        raise _told(error, node, name) from error


def _told(error: ValidationError, node: yaml.Node, name: str) -> ErreurRecommandation:
    first = error.errors()[0]
    place, kind = first["loc"], first["type"]
    message = MESSAGES.get(kind, first["msg"].removeprefix("Value error, "))
    if kind.endswith(("_type", "_parsing")):
        message = f"« {first['input']} » n'est pas de la forme attendue"
    expected = None
    if kind == "extra_forbidden":
        known = list(Scenario.model_fields)
        close = get_close_matches(str(place[-1]), known, n=1)
        expected = f"« {close[0]} » ?" if close else ", ".join(known)
    elif kind == "literal_error":
        expected = first["ctx"]["expected"].replace(" or ", " ou ")
    where = ".".join(str(part) for part in place) or None
    key = place or (message.split(" ", 1)[0],)
    return ErreurRecommandation(message, fichier=name, ligne=line_of(node, key), colonne=where, attendu=expected)


def line_of(node: yaml.Node | None, place: tuple[Any, ...]) -> int:
    """Line of the file where a key stands, or of the nearest key that holds it."""
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def reference(like: Scenario) -> Scenario:
    """Today's network, for the same service and territory: nothing closes, nothing opens."""
    return Scenario(nom="situation actuelle", service=like.service, territoire=like.territoire)
