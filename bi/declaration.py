"""What a person writes: data sets (`jeux/`), dashboards (`tableaux/`), checked one against the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilotage.catalogue import AXES
from pilotage.errors import ErreurConfiguration

DOSSIER = Path(__file__).parent
LARGEUR = 12  # Superset's grid
Valeur = str | int | float | bool
M = TypeVar("M", bound=BaseModel)


class Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Colonne(Modele):
    """A column of a data set: its French title, and the warehouse's column whose comment describes it."""

    nom: str
    titre: str
    type: Literal["text", "integer", "double precision", "boolean", "date"] = "text"
    depuis: str | None = Field(default=None, pattern=r"^\w+\.\w+\.\w+$")
    description: str | None = None


class Mesure(Modele):
    """A metric: an SQL expression over the rows of a data set, with its definition in words."""

    nom: str
    titre: str
    definition: str
    expression: str
    format: str = ",.0f"


class Jeu(Modele):
    nom: str
    description: str
    sql: str
    colonnes: list[Colonne]
    mesures: list[Mesure] = []

    @property
    def noms(self) -> set[str]:
        return {column.nom for column in self.colonnes}

    def mesure(self, nom: str) -> Mesure:
        return next(m for m in self.mesures if m.nom == nom)


class Graphique(Modele):
    """A chart: what it shows of which data set, among which rows (`ou`), and which filters of the dashboard move it."""

    titre: str
    type: Literal["chiffre", "barres", "courbe", "tableau", "repartition", "secteurs", "points", "carte"]
    jeu: str
    mesures: list[str] = []
    par: list[str] = []
    series: str | None = None
    colonne: str | None = None
    ou: dict[str, Valeur | list[Valeur]] = {}
    suit: list[str] = []
    ignore: list[str] = []
    ordre: Literal["croissant", "decroissant"] = "decroissant"
    limite: int = 20
    classes: int = 20
    sous_titre: str = ""
    description: str = ""
    format: str | None = None
    empile: bool = False
    horizontal: bool = True
    largeur: Annotated[int, Field(ge=1, le=LARGEUR)] | None = None

    @property
    def colonnes(self) -> set[str]:
        """Every column that it names."""
        named = {*self.par, *self.ou}
        return named | {name for name in (self.series, self.colonne) if name}


class Rangee(Modele):
    titre: str = ""
    hauteur: int = 50
    graphiques: list[Graphique]


class Filtre(Modele):
    """A native filter: a column of a data set, by name the same in every data set that it narrows."""

    nom: str
    titre: str
    jeu: str
    colonne: str
    parmi: dict[str, Valeur] = {}
    parent: str | None = None
    defaut: str | None = None
    multiple: bool = True
    cible: bool = Field(default=False, description="Only the charts that name it in `suit` follow it.")


class Tableau(Modele):
    code: str
    titre: str
    resume: str
    filtres: list[Filtre]
    rangees: list[Rangee]
    couleurs: dict[str, str] = {}

    @property
    def graphiques(self) -> list[Graphique]:
        return [chart for row in self.rangees for chart in row.graphiques]


class Declaration(Modele):
    jeux: dict[str, Jeu]
    tableaux: list[Tableau]


def load_declaration(folder: Path = DOSSIER) -> Declaration:
    """All that the folder declares, each name verified.

    Raises:
        ErreurConfiguration: a file is not of its form, or names a data set, column, metric or filter that is not.
    """
    jeux = {jeu.nom: jeu for path in sorted((folder / "jeux").glob("*.yml")) for jeu in _load_jeux(path)}
    common = [_read(Filtre, entry, folder / "filtres.yml") for entry in _yaml(folder / "filtres.yml")]
    tableaux = []
    for path in sorted((folder / "tableaux").glob("*.yml")):
        content = _yaml(path)
        own = [_read(Filtre, entry, path) for entry in content.pop("filtres", [])]
        content = {"code": path.stem, "filtres": [*own, *common], **content}
        for row in content["rangees"]:
            row["graphiques"] = [_expand(chart, path.stem) for chart in row["graphiques"]]
        tableaux.append(_check(_read(Tableau, content, path), jeux, path))
    return Declaration(jeux=jeux, tableaux=tableaux)


def _load_jeux(path: Path) -> list[Jeu]:
    """One data set, or one an axis when its query names `{axe}`."""
    content = _yaml(path)
    snippets = {file.stem: file.read_text(encoding="utf-8").strip() for file in path.parent.glob("*.sql")}
    for name, sql in snippets.items():
        content["sql"] = content["sql"].replace(f"{{{name}}}", sql)
    if "{axe}" not in content["nom"]:
        return [_read(Jeu, content, path)]
    text = yaml.safe_dump(content, allow_unicode=True)
    return [_read(Jeu, yaml.safe_load(text.replace("{axe}", axe)), path) for axe in AXES if axe != "commun"]


def _expand(chart: dict, axe: str) -> dict:
    """`indicateur: X` stands for: the rate of X, at its last date (`dates: toutes` for all), from the communes."""
    if "indicateur" not in chart:
        return chart
    chart = dict(chart)
    where = {"code_indicateur": chart.pop("indicateur"), "niveau": chart.pop("niveau", "commune")}
    if chart.pop("dates", "derniere") == "derniere":
        where["est_dernier"] = True
    measures = [] if chart["type"] == "repartition" else ["taux"]
    return {"jeu": f"indicateurs_{axe}", "mesures": measures, **chart, "ou": {**where, **chart.get("ou", {})}}


def _check(tableau: Tableau, jeux: dict[str, Jeu], path: Path) -> Tableau:
    filtres = {filtre.nom for filtre in tableau.filtres}
    for chart in tableau.graphiques:
        jeu = jeux.get(chart.jeu)
        if jeu is None:
            raise _unknown(path, chart.titre, "jeu", chart.jeu, jeux)
        measures = {mesure.nom for mesure in jeu.mesures}
        for kind, names, known in (
            ("colonne", chart.colonnes, jeu.noms),
            ("mesure", set(chart.mesures), measures),
            ("filtre", {*chart.suit, *chart.ignore}, filtres),
        ):
            if names - known:
                raise _unknown(path, chart.titre, kind, ", ".join(sorted(names - known)), known)
    for filtre in tableau.filtres:
        if filtre.jeu not in jeux or filtre.colonne not in jeux[filtre.jeu].noms:
            raise _unknown(path, filtre.titre, "colonne", f"{filtre.jeu}.{filtre.colonne}", jeux)
    return tableau


def _unknown(path: Path, where: str, kind: str, name: str, known) -> ErreurConfiguration:
    return ErreurConfiguration(
        f"« {where} » : {kind} inconnu(e) : {name}", fichier=path.name, attendu=", ".join(sorted(known))
    )


def _yaml(path: Path):
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        raise ErreurConfiguration(
            "YAML illisible", fichier=path.name, ligne=line.line + 1 if line else None, conseil=str(error)
        ) from error


def _read(kind: type[M], content: dict, path: Path) -> M:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, e['loc']))} : {e['msg']}" for e in error.errors())
        raise ErreurConfiguration(details, fichier=path.name, conseil="voir docs/bi.md") from error
