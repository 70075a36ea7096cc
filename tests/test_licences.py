"""Licences carried down the lineage."""

from __future__ import annotations

import pytest

from pilotage.catalogue import LICENCES, load_catalogue
from pilotage.licences import derive_licence


@pytest.fixture
def fiche():
    card = next(iter(load_catalogue().values()))
    return lambda name, licence: card.model_copy(update={"source": name, "licence": licence})


def test_open_licences_become_licence_ouverte(fiche):
    derived = derive_licence([fiche("b__b", "lov1"), fiche("a__a", "insee")])
    assert (derived.licence, derived.sources) == ("lov2", ("a__a", "b__b"))
    assert [d["name"] for d in derived.descripteurs] == ["etalab-2.0"]


def test_share_alike_gives_its_licence_and_is_named(fiche):
    derived = derive_licence([fiche("a__a", "lov2"), fiche("o__o", "odbl")])
    assert [d["name"] for d in derived.descripteurs] == ["ODbL-1.0"]
    assert "o__o" in derived.explication


def test_an_unknown_licence_is_never_taken_for_an_open_one(fiche):
    derived = derive_licence([fiche("a__a", "lov2"), fiche("i__i", "inconnue")])
    assert derived.inconnues == ("i__i",)
    assert [d["title"] for d in derived.descripteurs] == [LICENCES["inconnue"][0]]


def test_share_alike_does_not_hide_an_unknown_one(fiche):
    derived = derive_licence([fiche("o__o", "odbl"), fiche("i__i", "inconnue")])
    assert [d["name"] for d in derived.descripteurs] == ["ODbL-1.0", "notspecified"]
    assert "i__i" in derived.explication


def test_every_licence_of_the_catalogue_can_be_described(fiche):
    for name in LICENCES:
        assert derive_licence([fiche("a__a", name)]).descripteurs
