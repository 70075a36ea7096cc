"""The passage of codes to today's communes: the models' own SQL on histories drawn at random, against an oracle."""

from __future__ import annotations

import datetime as dt

import jinja2
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotage.config import RACINE, Settings
from pilotage.database import psycopg_connection
from pilotage.mouvements import Mouvement, carry, name_on
from pilotage.recit import say_of, tell
from pilotage.territoires import related
from tests.histoires import JOURS, Histoire, histoires, play

MODELES = ("intermediaire/int_evenements", "intermediaire/int_mouvements", "marts/commun/passage_communes")
ENTREES = """
CREATE TEMP TABLE stg_insee__mouvements_communes (
    date_effet date, nature_avant text, code_avant text, nature_apres text, code_apres text);
CREATE TEMP TABLE int_populations (source text, geographie date, code_commune text, population_municipale integer);
CREATE TEMP TABLE int_communes_courantes (code_commune text, millesime text, date_cog date);
CREATE TEMP TABLE stg_insee__communes (code_commune text, code_parent text, nature text, millesime text);
CREATE TEMP TABLE fiches_millesimes (geographie date);
INSERT INTO fiches_millesimes VALUES ('2019-07-01')
"""
DEPUIS = [dt.date(2017, 1, 1), *JOURS]
Passage = dict[dt.date, dict[str, dict[str, float]]]


@pytest.fixture(scope="module")
def base(warehouse: Settings):
    with psycopg_connection() as connection:
        yield connection


def sql(modele: str) -> str:
    """A model's SQL outside dbt: each `ref` is the table of that name."""
    text = (RACINE / "dbt_project" / "models" / f"{modele}.sql").read_text(encoding="utf-8")
    return jinja2.Template(text).render(ref=lambda name: name, config=lambda **_: "")


def build(connection: psycopg.Connection, h: Histoire) -> Passage:
    """Run the three models on a history; {day: {code: {commune of today: share}}}."""
    with connection.transaction(force_rollback=True):
        for statement in ENTREES.split(";"):
            connection.execute(statement)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO stg_insee__mouvements_communes VALUES (%s, 'COM', %s, 'COM', %s)",
                [(jour, avant, apres) for jour, _, avant, apres in h.lignes],
            )
            cursor.executemany(
                "INSERT INTO int_populations VALUES ('insee__populations', %s, %s, %s)",
                [(jour, code, people) for (jour, code), people in h.populations.items()],
            )
            today = sorted(h.vivantes[JOURS[-1]])
            cursor.executemany(
                "INSERT INTO int_communes_courantes VALUES (%s, '2025', '2025-01-01')", [(code,) for code in today]
            )
        for modele in MODELES:
            connection.execute(f"CREATE TEMP TABLE {modele.rpartition('/')[2]} AS {sql(modele)}")
        passage: Passage = {jour: {} for jour in DEPUIS}
        query = "SELECT date_reference, code_ancien, code_commune, part FROM passage_communes"
        for jour, ancien, vers, part in connection.execute(query):
            passage.setdefault(jour, {}).setdefault(ancien, {})[vers] = float(part)
        rows = connection.execute("SELECT date_effet, code_avant, code_apres, part FROM int_mouvements").fetchall()
        h.moves = [Mouvement(jour, "32", "COM", a, a, "COM", b, b, float(p)) for jour, a, b, p in rows]
    return passage


PROFIL = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@PROFIL
@given(histoires())
def test_passage_is_the_movements_played_day_after_day(base: psycopg.Connection, h: Histoire) -> None:
    """From any 1st of January since 2017, and through any order of years, with totals conserved."""
    passage = build(base, h)
    assert set(DEPUIS) <= set(passage)
    for jour in DEPUIS:
        for code in sorted(h.vivantes[jour]):
            direct = passage[jour].get(code, {code: 1.0})
            assert direct == pytest.approx(play(h, {code: 1.0}, jour))
            assert direct == pytest.approx(carry(code, jour, h.moves))
            assert sum(direct.values()) == pytest.approx(1)
            assert set(direct) <= h.vivantes[JOURS[-1]]


@PROFIL
@given(histoires(), st.data())
def test_totals_are_conserved_whatever_the_order_of_years(base: psycopg.Connection, h: Histoire, data) -> None:
    passage = build(base, h)
    debut, halte = sorted(data.draw(st.lists(st.sampled_from(DEPUIS), min_size=2, max_size=2)))
    people = {code: data.draw(st.integers(0, 10_000)) for code in sorted(h.vivantes[debut])}

    def carried(purse: dict[str, float], jour: dt.date) -> dict[str, float]:
        totals: dict[str, float] = {}
        for code, amount in purse.items():
            for vers, part in passage[jour].get(code, {code: 1.0}).items():
                totals[vers] = totals.get(vers, 0) + amount * part
        return totals

    direct = carried(people, debut)
    staged = carried(play(h, dict(people), debut, halte), halte)
    assert sum(direct.values()) == pytest.approx(sum(people.values()))
    assert staged == pytest.approx(direct)


@PROFIL
@given(histoires())
def test_what_nothing_moved_is_itself(base: psycopg.Connection, h: Histoire) -> None:
    passage = build(base, h)
    for jour in DEPUIS:
        left = {avant for quand, _, avant, apres in h.lignes if quand > jour and avant != apres}
        for code in h.vivantes[jour] - left:
            assert code not in passage[jour]


# ---- the story of a code
def move(day: str, kind: str, avant: str, apres: str, part: float | None = None) -> Mouvement:
    """`avant` and `apres` as «14712 Troarn», led by COMD or COMA when it is not a commune."""

    def side(text: str) -> tuple[str, str, str]:
        nature = text.split()[0] if text[:3] == "COM" else "COM"
        code, nom = text.removeprefix(nature).strip().split(" ", 1)
        return nature, code, nom

    return Mouvement(dt.date.fromisoformat(day), kind, *side(avant), *side(apres), part)


SALINE = [
    move("2017-01-01", "32", "14666 Sannerville", "14712 Saline", 1.0),
    move("2017-01-01", "32", "14712 Troarn", "14712 Saline"),
    move("2017-01-01", "32", "14712 Troarn", "COMD 14712 Troarn"),
    move("2019-12-31", "21", "14712 Saline", "14666 Sannerville", 0.355),
    move("2019-12-31", "21", "14712 Saline", "14712 Troarn", 0.645),
]


def test_a_code_that_was_merged_then_restored_is_told() -> None:
    assert tell(related("14666", SALINE)) == [
        "Le 1er janvier 2017, Sannerville (14666) et Troarn (14712) se réunissent dans la commune nouvelle de Saline "
        "(14712).",
        "Le 31 décembre 2019, Saline (14712) se sépare en Sannerville (14666) et Troarn (14712) ; ses habitants : "
        "Sannerville (14666) 35,5 % et Troarn (14712) 64,5 %.",
    ]
    assert carry("14666", dt.date(2016, 1, 1), SALINE) == {"14666": 0.355, "14712": 0.645}
    assert carry("14666", dt.date(2019, 12, 31), SALINE) == {"14666": 1.0}, "the day's own movement is in the codes"
    assert [name_on("14712", dt.date(y, 6, 1), SALINE) for y in (2016, 2018, 2024)] == ["Troarn", "Saline", "Troarn"]
    assert name_on("14666", dt.date(2018, 6, 1), SALINE) is None


def test_a_code_that_moves_twice_on_one_day_is_told_to_the_end() -> None:
    moves = [
        move("2018-01-01", "32", "44225 Freigné", "44180 Vallons-de-l'Erdre", 1.0),
        move("2018-01-01", "32", "44180 Saint-Mars-la-Jaille", "44180 Vallons-de-l'Erdre"),
        move("2018-01-01", "41", "49144 Freigné", "44225 Freigné", 1.0),
    ]
    assert tell(related("49144", moves)) == [
        "Le 1er janvier 2018, Freigné (49144) change de département et prend le code 44225.",
        "Le 1er janvier 2018, Saint-Mars-la-Jaille (44180) et Freigné (44225) se réunissent dans la commune nouvelle "
        "de Vallons-de-l'Erdre (44180).",
    ]
    assert carry("49144", dt.date(2017, 1, 1), moves) == {"44180": 1.0}


@pytest.mark.parametrize(
    ("nom", "dit"),
    [("Le Mans", "du Mans"), ("Les Essarts", "des Essarts"), ("Évry", "d'Évry"), ("La Baule", "de La Baule"),
     ("Lyon", "de Lyon"), ("L'Oie", "de L'Oie")],
)  # fmt: skip
def test_names_after_de(nom: str, dit: str) -> None:
    assert say_of(nom) == dit
