"""The dashboards' own queries, in the SQL that Superset makes of a chart: for load tests and query plans.

One script a chart: half of its calls as the dashboard opens, the others narrowed to one of five départements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bi.declaration import Declaration, Filtre, Graphique, Jeu, Tableau
from bi.graphiques import chart_params

POIDS = {"synthese": 3, "recommandations": 2}  # views of a dashboard, against one of each other
MAXIMUM = 10_000


@dataclass(frozen=True)
class Requete:
    """A query as it is first sent, the same narrowed to a département, how often, and whose data set it reads."""

    nom: str
    famille: str
    poids: int
    sql: str
    par_departement: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """For pgbench: one of its statements a call."""
        if not self.par_departement:
            return f"{_one_line(self.sql)};\n"
        count = len(self.par_departement)
        lines = [f"\\set choix random(1, {2 * count})"]
        for number, sql in enumerate(self.par_departement, start=1):
            lines += [f"\\{'if' if number == 1 else 'elif'} :choix = {number}", f"{_one_line(sql)};"]
        return "\n".join([*lines, "\\else", f"{_one_line(self.sql)};", "\\endif", ""])


def list_requetes(declaration: Declaration, departements: list[str]) -> Iterator[Requete]:
    """Every chart of every dashboard, then the lists of the filters that dashboards share."""
    for tableau in declaration.tableaux:
        for number, chart in enumerate(tableau.graphiques):
            jeu = declaration.jeux[chart.jeu]
            narrowed = "departement" in jeu.noms and "departement" not in chart.ignore
            yield Requete(
                f"{tableau.code}_{number:02}",
                jeu.nom,
                POIDS.get(tableau.code, 1),
                chart_sql(tableau, chart, jeu),
                tuple(chart_sql(tableau, chart, jeu, one) for one in departements) if narrowed else (),
            )
    for filtre in {f.nom: f for t in declaration.tableaux for f in t.filtres}.values():
        yield Requete(f"filtre_{filtre.nom}", "listes des filtres", 1, filter_sql(filtre, declaration))


def chart_sql(tableau: Tableau, chart: Graphique, jeu: Jeu, departement: str | None = None) -> str:
    """The statement that Superset sends for a chart whose dashboard has just been opened."""
    where = [f"{_name(name)} {_equals(value)}" for name, value in chart.ou.items()]
    for filtre in tableau.filtres:
        follows = filtre.nom in chart.suit if filtre.cible else filtre.nom not in chart.ignore
        if filtre.defaut and follows and filtre.colonne in jeu.noms:
            where.append(f"{_name(filtre.colonne)} {_equals([filtre.defaut])}")
    if departement:
        where.append(f"{_name('departement')} {_equals([departement])}")
    if chart.type == "repartition":
        return _select([_name(chart.colonne or "")], jeu.sql, where, [], "", 50_000)
    keys = [_name(name) for name in dict.fromkeys([*chart.par, *([chart.series] if chart.series else [])])]
    measures = [f"{jeu.mesure(name).expression} AS {_name(jeu.mesure(name).titre)}" for name in chart.mesures]
    direction = "ASC" if chart.ordre == "croissant" else "DESC"
    order = f"{_name(jeu.mesure(chart.mesures[0]).titre)} {direction}" if chart.mesures and keys else ""
    return _select([*keys, *measures], jeu.sql, where, keys, order, chart_params(chart, jeu)["row_limit"])


def filter_sql(filtre: Filtre, declaration: Declaration) -> str:
    """The statement that fills the list of a filter."""
    where = [f"{_name(name)} {_equals(value)}" for name, value in filtre.parmi.items()]
    column = _name(filtre.colonne)
    return _select([column], declaration.jeux[filtre.jeu].sql, where, [column], f"{column} ASC", MAXIMUM)


def write_scripts(requetes: list[Requete], folder: Path) -> list[str]:
    """A file a query in the folder; returns pgbench's `-f` arguments."""
    arguments = []
    for requete in requetes:
        path = folder / f"{requete.nom}.sql"
        path.write_text(requete.script, encoding="utf-8")
        arguments += ["-f", f"{path}@{requete.poids}"]
    return arguments


def _select(columns: list[str], sql: str, where: list[str], keys: list[str], order: str, limit: int) -> str:
    parts = [f"SELECT {', '.join(columns)} FROM ({sql.strip()}) AS virtual_table"]
    parts += [f"WHERE {' AND '.join(where)}"] if where else []
    parts += [f"GROUP BY {', '.join(keys)}"] if keys else []
    parts += [f"ORDER BY {order}"] if order else []
    return " ".join([*parts, f"LIMIT {limit}"])


def _name(name: str) -> str:
    return f'"{name}"'


def _equals(value) -> str:
    if isinstance(value, list):
        return f"IN ({', '.join(map(_literal, value))})"
    return f"= {_literal(value)}"


def _literal(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _one_line(sql: str) -> str:
    """pgbench ends a statement at its semicolon; a colon before the name of no variable it leaves alone."""
    return " ".join(sql.split())
