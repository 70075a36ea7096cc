"""One warehouse built from the mirror's real files, for all the tests that compare marts with raw files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sqlalchemy import create_engine, make_url, text

from pilotage.apports import EXEMPLES
from pilotage.catalogue import AXES, load_catalogue
from pilotage.config import get_settings

if TYPE_CHECKING:
    from models_ml.calcul import Recommandation

JUGEES = {
    "anct__conseillers_numeriques_activite",  # 29 postcodes cut short
    "cget__maisons_services_public",  # a point in Lisbon, a postcode of two digits
    "education__annuaire",  # a school written twice
    "opendatafrance__organisations",  # a body without a true Siren
}


@dataclass(frozen=True)
class EntrepotReel:
    """Its database, its folders and its generation."""

    url: str
    home: Path
    mirror: Path
    generation: str = ""
    appris: Recommandation | None = None  # what was computed of the service that is learned, by `entrepot_recommande`

    def indicator(self, schema: str, code: str, niveau: str, millesime: str) -> pd.DataFrame:
        """Rows of one indicator at one level, by code of the territory."""
        query = (
            f"SELECT * FROM {{{schema}}}.indicateurs_{schema} WHERE code_indicateur = '{code}' "
            f"AND niveau = '{niveau}' AND millesime = '{millesime}'"
        )
        return self.frame(query).set_index("code_territoire").sort_index()

    def frame(self, query: str) -> pd.DataFrame:
        """Result of a query in which `{commun}`, `{usages}`, `{staging}`… stand for the generation's schemas."""
        names = {name: f"{name}__{self.generation}" for name in (*AXES, "staging", "synthese", "recommandation")}
        engine = create_engine(self.url)
        with engine.connect() as connection:
            result = connection.execute(text(query.format(**names)))
            frame = pd.DataFrame(result.fetchall(), columns=list(result.keys()))
        engine.dispose()
        return frame

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Within it, the steps of Pilotage read and write this warehouse."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URL", self.url)
            patch.setenv("PILOTAGE_HOME", str(self.home))
            patch.setenv("PILOTAGE_SOURCES", str(self.mirror))
            patch.setenv("PILOTAGE_APPORTS", str(EXEMPLES))
            yield


@pytest.fixture(scope="session")
def entrepot_recommande(entrepot_reel: EntrepotReel) -> EntrepotReel:
    """The same, with the recommender's tables of its generation."""
    from models_ml import calcul

    learned = []
    with entrepot_reel.opened(), pytest.MonkeyPatch.context() as patch:
        keep = calcul._keep_model
        patch.setattr(calcul, "_keep_model", lambda one: (keep(one), one.ressemblance and learned.append(one)))
        calcul.recommend(entrepot_reel.generation)
    return replace(entrepot_reel, appris=learned[0])


@pytest.fixture(scope="session")
def entrepot_reel(server: str, mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> EntrepotReel:
    """Built once a session, by the first test that asks; the session's server goes away with it."""
    return _build(server, mirror, tmp_path_factory.mktemp("entrepot_reel"))


def _build(server: str, mirror: Path, home: Path) -> EntrepotReel:
    from models_ml.synthese.calcul import synthesise
    from pilotage.database import get_engine, migrate
    from pilotage.entrepot import build_axe, create_generation

    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS entrepot_reel WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE entrepot_reel"))
    admin.dispose()
    url = make_url(server).set(database="entrepot_reel", drivername="postgresql+psycopg")
    warehouse = EntrepotReel(url.render_as_string(hide_password=False), home, mirror)
    with warehouse.opened():
        settings = get_settings()
        migrate(settings)
        for source in load_catalogue():
            _load(source)
        generation = create_generation()
        for axe in AXES:
            build_axe(generation, axe)
        synthesise(generation)
        get_engine(settings).dispose()
    return replace(warehouse, generation=generation)


def _load(source: str) -> None:
    """All the rows of a source into raw, unjudged: tests of the gate are elsewhere, and no row may be missing here.

    The sources of JUGEES go through their gate, without which their models' own tests stop the build.
    """
    from pilotage.database import psycopg_connection
    from pilotage.fetch import fetch_source
    from pilotage.gate import gate_source
    from pilotage.load import attach, load_source

    fetch_source(source)
    candidates = load_source(source).candidates
    if source in JUGEES:
        gate_source(source, pages=False)
        return
    with psycopg_connection() as connection:
        for delivery in candidates:
            attach(connection, delivery)
