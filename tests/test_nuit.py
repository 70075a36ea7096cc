"""A whole night through Airflow's scheduler on a simulated territory; then one with a fault; then one with nothing new.

The three nights share one home, as they would in life, so the tests of this module run in order.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import psutil
import pytest

from models_ml.services import load_services
from pilotage.generations import SCHEMAS
from tests.maison import COMMUNES, Maison

pytestmark = pytest.mark.lent

FILES_OF_TABLES = (
    "SELECT n.nspname, c.relname, c.relfilenode FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    f"WHERE n.nspname IN ({', '.join(map(repr, ('raw', *SCHEMAS)))}) AND c.relkind = 'r' "
    "ORDER BY 1, 2"
)


def test_first_night_publishes_everything(maison: Maison) -> None:
    done = maison.sorties[0]
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "DONNÉES SIMULÉES" in done.stdout
    assert "Premières recommandations" in done.stdout
    assert maison.query("SELECT count(*) FROM commun.dim_communes WHERE est_actuelle")[0][0] == pytest.approx(
        COMMUNES, rel=0.1
    )
    decided = maison.query("SELECT service, count(*) FROM recommandation.decisions GROUP BY 1")
    ((communes,),) = maison.query("SELECT count(*) FROM commun.dim_communes WHERE est_actuelle")
    assert communes == pytest.approx(COMMUNES, rel=0.1)
    assert dict(decided) == dict.fromkeys(load_services(), communes), "every commune has its decision, by service"


def test_exports_hold_what_the_warehouse_shows(maison: Maison) -> None:
    package = maison.home / "exports" / "derniere"
    frame = pd.read_csv(next(package.rglob("*dim_territoires.csv")), dtype=str)
    ((count,),) = maison.query("SELECT count(*) FROM commun.dim_territoires")
    assert len(frame) == count
    assert (package / "datapackage.json").exists() and (package / "SHA256SUMS").exists()


def test_nothing_is_left_running(maison: Maison) -> None:
    mine = [p for p in psutil.process_iter(["cmdline", "environ"]) if _belongs(p, maison.home)]
    assert mine == [], [p.info["cmdline"] for p in mine]


def _belongs(process: psutil.Process, home: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("PILOTAGE_HOME") == str(home)
    except psutil.Error:
        return False


def test_a_bad_source_is_isolated_and_told(maison: Maison) -> None:
    """One source loses a column, another has really changed: the second is published, the first keeps its data."""
    debits = next((maison.sources / "arcep__debits" / "2019-09-30").glob("*.csv"))
    lines = debits.read_text(encoding="utf-8").split("\n")
    header, *rows = lines[1:]
    debits.write_text("\n".join([lines[0], header.replace("elig_thd30", "elig_thd"), *rows]), encoding="utf-8")
    crte = next((maison.sources / "anct__contrats_crte").rglob("*.csv"))
    crte.write_text(crte.read_text(encoding="utf-8").replace("CRTE ", "Contrat "), encoding="utf-8")
    served = maison.query("SELECT sum(locaux) FROM infrastructures.fait_debits")
    maison.run("executer")
    shown = maison.sorties[-1].stdout + maison.sorties[-1].stderr
    assert "arcep__debits" in shown and "elig_thd30" in shown and "colonne absente" in shown
    assert maison.query("SELECT sum(locaux) FROM infrastructures.fait_debits") == served
    names = maison.query(
        "SELECT DISTINCT split_part(nom_territoire, ' ', 1) FROM commun.dim_territoires WHERE niveau = 'crte'"
    )
    assert ("Contrat",) in names, "the source that changed for good was published"
    states = dict(maison.query("SELECT etat, count(*) FROM pilotage.generations GROUP BY 1"))
    assert states["visible"] == 1 and states["precedente"] == 1


def test_return_to_the_former_generation(maison: Maison) -> None:
    (former,) = (
        g for g, etat in maison.query("SELECT generation, etat FROM pilotage.generations") if etat == "precedente"
    )
    assert maison.run("generations", "revenir").returncode == 0
    assert maison.query("SELECT generation FROM pilotage.generations WHERE etat = 'visible'") == [(former,)]


@pytest.mark.parametrize("niveau", ["commune", "epci", "bassin_vie", "crte", "departement", "region", "france"])
def test_recommendation_for_each_level(maison: Maison, niveau: str) -> None:
    ((code,),) = maison.query(f"SELECT min(code_territoire) FROM commun.dim_territoires WHERE niveau = '{niveau}'")
    done = maison.run("recommander", code, "--budget", "2")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "simul" in done.stdout.lower()


def test_the_history_of_a_code_is_told(maison: Maison) -> None:
    ((code, nom),) = maison.query(
        "SELECT code_avant, nom_avant FROM commun.fait_mouvements_communes "
        "WHERE type_evenement = '21' AND nature_avant = 'COM' AND code_avant <> code_apres ORDER BY 1, 2 LIMIT 1"
    )
    told = maison.run("territoires", "suivre", code)
    assert told.returncode == 0, told.stderr[-2000:]
    assert "SIMULÉES" in told.stdout and "se sépare en" in told.stdout
    found = maison.run("territoires", "chercher", nom)
    assert found.returncode == 0 and code in found.stdout
    unknown = maison.run("territoires", "suivre", "99999")
    assert unknown.returncode == 1 and "Traceback" not in unknown.stderr and "chercher" in unknown.stderr


def test_unknown_territory_is_one_sentence(maison: Maison) -> None:
    done = maison.run("recommander", "99999X")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and "99999X" in done.stderr


def test_a_night_with_nothing_new_rewrites_no_table_and_does_not_undo_a_return(maison: Maison) -> None:
    """The bad source is itself again: what was served of it never left. The generation that a person left is not built
    again from the same deliveries."""
    debits = next((maison.sources / "arcep__debits" / "2019-09-30").glob("*.csv"))
    debits.write_text(debits.read_text(encoding="utf-8").replace("elig_thd;", "elig_thd30;", 1), encoding="utf-8")
    before = maison.query(FILES_OF_TABLES)
    generations = maison.query("SELECT generation, etat FROM pilotage.generations ORDER BY 1")
    done = maison.run("executer")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "rien n'a changé" in done.stdout.lower().replace("’", "'")
    assert maison.query(FILES_OF_TABLES) == before
    assert maison.query("SELECT generation, etat FROM pilotage.generations ORDER BY 1") == generations
