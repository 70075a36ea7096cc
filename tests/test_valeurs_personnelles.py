"""E-mail addresses and telephone numbers in text cells, and what only looks like them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from jinja2 import Environment
from sqlalchemy import text

from pilotage.config import RACINE
from pilotage.valeurs_personnelles import (
    CONTACT,
    COURRIEL,
    PERSONNE,
    PERSONNE_TIRET,
    TELEPHONE,
    TELEPHONE_BARRE,
    find_personal_value,
    mask,
)


def found(value: str, column: str = "adresse") -> str | None:
    hit = find_personal_value(column, pa.array([None, "rien", value]))
    return hit[0] if hit else None


@pytest.mark.parametrize(
    "value",
    ["a.b+c@mairie-ville.fr", "écrire à contact@ville.gouv.fr, merci", "http://x/calendar/CONSEIL@ville.fr/bookings"],
)
def test_an_address_is_seen(value):
    assert found(value) == "une adresse électronique"


@pytest.mark.parametrize(
    "value",
    [
        "04 50 56 87 49",
        "0450568749",
        "04.50.56.87.49",
        "tél.0450568749",
        "+33 4 50 56 87 49",
        "+33492314387",
        "(0450568749)",
        "04\u00a050\u00a056\u00a087\u00a049",
        "tél. 04\u202f50\u202f56\u202f87\u202f49",
        "04  50  56  87  49",
        "04 - 50 - 56 - 87 - 49",
        "04/50/56/87/49",
        "04/50.56.87.49",
        "+33 (0)4 50 56 87 49",
    ],
)
def test_a_telephone_number_is_seen(value):
    assert found(value) == "un numéro de téléphone"


@pytest.mark.parametrize(
    "value",
    [
        "13002603200016",  # SIRET
        "4.0487213938",  # the decimals of a longitude
        "https://ville.fr/2015-02-25-16-45-14/index",
        "https://ville.fr/2015/02/25/16/45/14/index",
        "vu le 01/02/2024 10:30",
        "permis 01/20240315",
        "@telier connecté", "12 rue des 4 vents, 01500 Ambérieu", "3631", "2026-01-02", "commune:01004",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_left(value):
    assert found(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "Domicile de Mme MARTIN", "chez M. Martin", "3 rue du Lac\nMonsieur Martin Paul", "Accueil ; Mlle Martin",
        "24 bd du Nord - Service - Mme Martin Sonia", "Contact : Jeanne MARTIN", "référente : Anne-Marie DUPONT",
    ],
)  # fmt: skip
def test_a_person_named_in_free_text_is_seen(value):
    assert found(value) == "un nom de personne"


@pytest.mark.parametrize(
    "value",
    [
        "Ecole primaire Madame René Coty", "Médiathèque Jean Moulin", "M.J.C. de Laon", "SERV. M.J.P.M. DE RODEZ",
        "1 Rue des Ch M. Le Maire", "Rue M. Rostand", "Ecole élémentaire Lakanal - Madame Campan", "Mme de Sévigné",
        "Bibliotheque Municipale M. ROSE POGGIO", "contact : la mairie", "MONTCEAU LES M. LA COUDRAIE BP",
    ],
)  # fmt: skip
def test_a_name_given_to_a_place_is_left(value):
    assert found(value, "nom") is None


def test_ten_digits_are_a_code_in_an_identifier_but_a_spaced_number_is_not():
    assert found("0123456789", "id_source") is None
    assert found("01 23 45 67 89", "id_source") == "un numéro de téléphone"


def test_the_example_shown_hides_the_value():
    assert mask("jean.dupont@ville.fr") == "j***.******@*****.**"
    kind, shown = find_personal_value("note", pa.array(["appeler 04 50 56 87 49 le soir"]))
    assert (kind, shown) == ("un numéro de téléphone", "0* ** ** ** **")


def test_dbt_s_macro_removes_what_would_stop_an_export(warehouse):
    from pilotage.database import get_engine

    macros = (RACINE / "dbt_project" / "macros" / "personnel.sql").read_text(encoding="utf-8")
    known = (COURRIEL, TELEPHONE, TELEPHONE_BARRE, PERSONNE, PERSONNE_TIRET, CONTACT)
    assert all(f"\n{pattern}\n" in macros for pattern in known)
    expression = Environment().from_string(macros + "{{ sans_coordonnees('valeur') }}").render().strip()
    cells = {
        "6 Rue Capitaine Litolff · 03 80 63 35 21": "6 Rue Capitaine Litolff",
        "89 Rue bibliotheque@vauxsurseine.fr": "89 Rue",
        "Place de l 0385888027": "Place de l",
        "Place de l 03\u00a085\u202f88\u00a080\u00a027": "Place de l",
        "Place de l 03/85/88/80/27, fond": "Place de l , fond",
        "Ouvert le 01/02/2024 10:30": "Ouvert le 01/02/2024 10:30",
        "accueil@ville.fr": None,
        "3 Rue des Lilas\n\nMme MARTIN Catherine": "3 Rue des Lilas",
        "9 RUE DU PORT CHEZ M. MARTIN 02600": "9 RUE DU PORT CHEZ",
        "Domicile de Mme MARTIN": "Domicile de",
        "24 bd du Nord - Service - Mme Martin Sonia": "24 bd du Nord - Service",
        "Salle des fêtes, contact : Jeanne MARTIN": "Salle des fêtes, contact",
        "Ecole Lakanal - Madame Campan": "Ecole Lakanal - Madame Campan",
        "Rue M. Rostand": "Rue M. Rostand",
        "12 rue des 4 vents, 01500 Ambérieu": "12 rue des 4 vents, 01500 Ambérieu",
        "13002603200016": "13002603200016",
    }
    with get_engine(warehouse).connect() as connection:
        query = text(f"SELECT {expression.replace(':', chr(92) + ':')} FROM (SELECT CAST(:v AS text) AS valeur) AS x")
        assert {cell: connection.scalar(query, {"v": cell}) for cell in cells} == cells
