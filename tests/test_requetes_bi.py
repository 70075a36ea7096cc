"""The queries of load tests are those of the dashboards: readable SQL, one statement a call, few enough for pgbench."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from bi.declaration import load_declaration
from tests.requetes_bi import chart_sql, list_requetes

PLUS_DE_PGBENCH = 128


def test_every_chart_and_every_shared_filter_has_its_query() -> None:
    declaration = load_declaration()
    requetes = list(list_requetes(declaration, ["Ain", "Côte-d'Or"]))
    charts = sum(len(tableau.graphiques) for tableau in declaration.tableaux)
    assert len(requetes) == charts + len({f.nom for t in declaration.tableaux for f in t.filtres})
    assert len({requete.nom for requete in requetes}) == len(requetes) < PLUS_DE_PGBENCH - 2
    for requete in requetes:
        for sql in (requete.sql, *requete.par_departement):
            (parsed,) = sqlglot.parse(sql, read="postgres")
            assert isinstance(parsed, exp.Select)
            assert parsed.args["limit"]


def test_a_chart_is_narrowed_by_its_own_rows_and_by_the_filters_that_move_it() -> None:
    declaration = load_declaration()
    tableau = next(t for t in declaration.tableaux if t.code == "synthese")
    chart = next(c for c in tableau.graphiques if c.type == "tableau" and c.jeu == "enjeux")
    sql = chart_sql(tableau, chart, declaration.jeux["enjeux"], "Côte-d'Or")
    where = sqlglot.parse_one(sql, read="postgres").args["where"].sql("postgres")
    assert where == "WHERE \"rang\" = 1 AND \"echelon\" IN ('Département') AND \"departement\" IN ('Côte-d''Or')"


def test_a_script_sends_one_statement_a_call() -> None:
    requetes = list(list_requetes(load_declaration(), ["Ain", "Var"]))
    narrowed = next(requete for requete in requetes if requete.par_departement)
    lines = narrowed.script.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("\\")] == [
        "\\set",
        "\\if",
        "\\elif",
        "\\else",
        "\\endif",
    ]
    assert [line[-1] for line in lines if line.startswith("SELECT")] == [";"] * 3
    assert any("'Var'" in line for line in lines)
