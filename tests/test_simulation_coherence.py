"""The simulated France as a territory: figures that agree between files, read back as anybody would read them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from pilotage.simulation import write_simulation
from pilotage.simulation.histoire import Histoire, compter
from pilotage.simulation.territoire import dresser

COMMUNES = 1200
COG = {
    "2021": "commune2021.csv", "2022": "commune_2022.csv", "2023": "v_commune_2023.csv",
    "2024": "v_commune_2024.csv", "2025": "v_commune_2025.csv",
}  # fmt: skip
POPULATIONS = {"2019": "2021-01-01", "2021": "2023-01-01", "2022": "2024-01-01"}  # millésime: geography


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulation")
    write_simulation(folder, COMMUNES, 2026)
    return folder


def read(path: Path, **options: object) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


def cog(folder: Path, year: str, kind: str = "COM") -> pd.DataFrame:
    table = read(folder / "insee__communes" / year / COG[year])
    return table.query("TYPECOM == @kind")


@pytest.fixture(scope="module")
def mouvements(simulation: Path) -> pd.DataFrame:
    table = read(simulation / "insee__mouvements_communes/2025/v_mvt_commune_2025.csv")
    return table[(table.TYPECOM_AV == "COM") & (table.TYPECOM_AP == "COM")]


def carry(codes: set[str], depuis: str, mouvements: pd.DataFrame) -> dict[str, set[str]]:
    """For each code of a geography, the codes of 2025 that hold its territory, by the movements file alone."""
    table = {code: {code} for code in codes}
    for _, du_jour in mouvements.query("DATE_EFF > @depuis").groupby("DATE_EFF"):
        suite = du_jour.groupby("COM_AV").COM_AP.agg(set).to_dict()
        table = {code: set().union(*(suite.get(c, {c}) for c in vers)) for code, vers in table.items()}
    return table


def test_every_code_that_vanishes_or_appears_is_explained(simulation: Path, mouvements: pd.DataFrame) -> None:
    years = sorted(COG)
    for before, after in pairwise(years):
        avant, apres = set(cog(simulation, before).COM), set(cog(simulation, after).COM)
        portes = carry(avant, f"{before}-01-01", mouvements.query(f"DATE_EFF <= '{after}-01-01'"))
        assert set().union(*portes.values()) == apres, (before, after)
        assert avant - apres, (before, after)


@pytest.mark.parametrize("communes", [50, 300, 1200, 3500])
@pytest.mark.parametrize("graine", [1, 7, 2026])
def test_every_chain_of_movements_ends_at_a_commune_of_today(communes: int, graine: int) -> None:
    histoire = Histoire(dresser(communes, graine, sum(compter(communes).values())))
    etat = histoire.etats["2025"]
    today = {str(code) for code in histoire.t.code[etat.chefs]}
    moved: dict[str, list[tuple[str, str]]] = {}
    for mouvement in histoire.mouvements:
        _, date, nature_avant, avant, *_ = mouvement
        nature_apres, apres = mouvement[8:10]
        if nature_avant == nature_apres == "COM":
            moved.setdefault(avant, []).append((date, apres))
    left = {code: max(date for date, _ in moves) for code, moves in moved.items()}
    lost = [
        (date, code, apres)
        for code, moves in moved.items()
        for date, apres in moves
        if apres not in today and left.get(apres, "") < date
    ]
    assert lost == []


def test_2025_has_mergers_a_five_way_split_and_a_change_of_code(simulation: Path, mouvements: pd.DataFrame) -> None:
    recents = mouvements[mouvements.DATE_EFF > "2024-01-01"]
    assert {"21", "32", "50"} <= set(recents.MOD)
    assert recents[recents.MOD == "21"].groupby("COM_AV").COM_AP.nunique().max() == 5
    avant, apres = set(cog(simulation, "2024").COM), set(cog(simulation, "2025").COM)
    assert len(apres) == COMMUNES
    assert len(apres - avant) >= 5


def test_a_merged_commune_and_its_delegate_share_a_code(simulation: Path) -> None:
    deleguees = cog(simulation, "2025", "COMD")
    assert len(set(deleguees.COM) & set(cog(simulation, "2025").COM)) > 5
    assert (deleguees.DEP == "").all()
    assert set(deleguees.COMPARENT) <= set(cog(simulation, "2025").COM)


def populations(folder: Path, year: str) -> pd.Series:
    """Inhabitants by commune: arrondissements put back into their city, which the file does not name."""
    table = read(folder / "insee__populations" / year / "donnees_communes.csv", sep=";")
    ville = cog(folder, "2021", "ARM").set_index("COM").COMPARENT
    assert not set(ville) & set(table.COM)
    return table.PMUN.astype(int).groupby(table.COM.map(ville).fillna(table.COM)).sum()


def test_inhabitants_are_conserved_through_the_movements(simulation: Path, mouvements: pd.DataFrame) -> None:
    for year, geographie in POPULATIONS.items():
        pop = populations(simulation, year)
        vers = carry(set(pop.index), geographie, mouvements)
        finals = set(cog(simulation, "2025").query("DEP != '976'").COM)
        portee = pd.Series(0.0, index=sorted(finals))
        for code, cibles in vers.items():
            portee[sorted(cibles)] += pop[code] / len(cibles)
        assert set().union(*vers.values()) == finals
        assert portee.sum() == pytest.approx(pop.sum(), abs=1e-6)


def test_a_year_counts_the_same_people_in_two_geographies(simulation: Path, mouvements: pd.DataFrame) -> None:
    """Population 2021 stands in the 2023 geography (Insee) and in the 2024 one (grid, groupings): mergers add up."""
    pop = populations(simulation, "2021")
    vers = carry(set(pop.index), "2023-01-01", mouvements[mouvements.DATE_EFF <= "2024-01-01"])
    grille = pd.read_excel(simulation / "insee__densite/2024/grille_densite_7_niveaux_2024.xlsx", skiprows=4)
    grille = grille.set_index("CODGEO").PMUN21
    entieres = {code: next(iter(cibles)) for code, cibles in vers.items() if len(cibles) == 1}
    attendu = pop.groupby(pd.Series(entieres)).sum()
    restaurees = {c for cibles in vers.values() if len(cibles) > 1 for c in cibles}
    assert len(attendu) > COMMUNES * 0.9
    for code, valeur in attendu.items():
        assert code in restaurees or grille[code] == valeur


def test_mayotte_is_apart(simulation: Path) -> None:
    mayotte = read(simulation / "insee__populations/2017/donnees_communes_mayotte.csv", sep=";")
    assert set("97" + mayotte.CODCOM) == set(cog(simulation, "2021").query("DEP == '976'").COM)
    assert (mayotte.COM == "").all()
    assert not read(simulation / "insee__populations/2017/Communes.csv", sep=";").DEPCOM.str.startswith("976").any()


@pytest.fixture(scope="module")
def groupements(simulation: Path) -> pd.DataFrame:
    return pd.read_excel(simulation / "dgcl__intercommunalites/2025/epcicom2025.xlsx", dtype={"insee": str})


def test_groupings_are_a_partition_but_for_islands(simulation: Path, groupements: pd.DataFrame) -> None:
    assert groupements.insee.is_unique
    seules = set(cog(simulation, "2025").COM) - set(groupements.insee)
    assert 1 <= len(seules) <= 4
    assert set(groupements.insee) <= set(cog(simulation, "2025").COM)
    sommes = groupements.groupby("siren").agg(n=("insee", "size"), p=("pmun_2025", "sum"))
    premiers = groupements.drop_duplicates("siren").set_index("siren").sort_index()
    assert (sommes.n == premiers.nb_membres).all()
    assert (sommes.p == premiers.total_pop_mun).all()
    assert (groupements.dept != groupements.dep_com).any()  # some cross the border of their département


def test_groupings_are_in_one_piece(simulation: Path, groupements: pd.DataFrame) -> None:
    lieux = read(simulation / "osm__centres_communes/2018/communes_2018_mapshaper.csv").set_index("insee")
    table = groupements[groupements.insee.isin(lieux.index)].reset_index()
    xy = lieux.loc[table.insee, ["cx", "cy"]].astype(float).to_numpy()
    proches = cKDTree(xy).query(xy, k=8)[1][:, 1:]
    meme = (table.siren.to_numpy()[proches] == table.siren.to_numpy()[:, None]).sum(1)
    assert (meme > 0).mean() > 0.98
    assert meme.mean() > 3.5  # of seven neighbours; a random grouping would have less than one


def test_contracts_are_made_of_groupings(simulation: Path, groupements: pd.DataFrame) -> None:
    crte = read(simulation / "anct__contrats_crte/2023-01-05/datagouv_epci-and-crte.csv")
    entiers = crte[crte.nature_juridique != "COM"]
    assert set(entiers.siren_groupement) <= set(groupements.siren.astype(str))
    assert (crte.nature_juridique == "COM").sum() >= 2
    assert crte.duplicated(["id_crte", "siren_groupement"]).any()


def test_speed_classes_are_exclusive(simulation: Path) -> None:
    debits = read(simulation / "arcep__debits/2019-09-30/commune-debit-beta.csv", sep=";", skiprows=1)
    classes = [c for c in debits if c.startswith(("inel", "elig"))]
    assert len(classes) == 7
    assert (debits[classes].astype(int).sum(axis=1) == debits.nbr.astype(int)).all()


def test_fibre_progresses_and_stays_below_the_premises(simulation: Path) -> None:
    folder = simulation / "arcep__deploiement_fibre/2018T1"
    ftth = read(folder / "ftthCommunes.csv", skiprows=4)
    locaux = ftth[ftth.Champ == "Locaux Raccordables"].set_index("Code commune").drop(columns="Champ").astype(int)
    assert (locaux.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    communes = read(folder / "communes.csv", skiprows=4).set_index("Code commune")
    plat = communes[["Logements", "Établissements"]].map(lambda v: int(v.strip().replace("\xa0", "").replace("-", "0")))
    assert (locaux["T1 2018"] <= plat.sum(axis=1).reindex(locaux.index)).all()
    categories = ftth[ftth.Champ == "Catégorie"].set_index("Code commune")["T1 2018"].astype(int)
    assert set(categories) <= {0, 5, 10, 25, 50, 80}
    assert ((categories == 0) == (locaux["T1 2018"] == 0)).all()
    recent = read(simulation / "arcep__fibre_communes/2025-05/fibre_data.csv").set_index("code_insee")
    part = recent.nb_locaux_fibre.replace("", "0").astype(float).sum() / recent.nb_locaux.astype(int).sum()
    assert part > 0.7 > 0.5 > locaux["T1 2018"].sum() / plat.sum(axis=1).sum()


def test_income_is_secret_for_the_small_and_falls_with_poverty(simulation: Path) -> None:
    f2020 = read(simulation / "insee__filosofi/2020/cc_filosofi_2020_COM.csv", sep=";")
    assert 0.03 < (f2020.MED20 == "s").mean() < 0.2
    assert (f2020.TP6020 == "s").mean() > 0.6
    assert (f2020.MED20 == "nd").sum() >= 1
    connus = f2020[~f2020.TP6020.isin(["s", "nd"])]
    taux = connus.TP6020.str.replace(",", ".").astype(float)
    assert np.corrcoef(taux, connus.MED20.astype(int))[0, 1] < -0.5
    assert "s" not in set(read(simulation / "insee__filosofi/2019/cc_filosofi_2019_COM.CSV", sep=";").MED19)


def test_labels_follow_the_real_years(simulation: Path) -> None:
    fs = read(simulation / "anct__france_services/2024-08-01/liste-fs-20240801.csv")
    annees = fs.labellisation_fs.str[-4:].value_counts(normalize=True)
    reel = pd.Series({"2020": 938, "2021": 914, "2022": 808, "2023": 169, "2024": 16}) / 2845
    assert (annees - reel).abs().max() < 0.02
    assert (annees > 0).sum() == 5
    assert fs.labellisation_fs.str.fullmatch(r"Espace labellisé \d{2}/\d{2}/\d{4}").all()


def test_identifiers_of_france_services_are_not_stable(simulation: Path) -> None:
    fs22 = read(simulation / "anct__france_services/2022-12-01/liste-fs-20221201.csv")
    fs24 = read(simulation / "anct__france_services/2024-08-01/liste-fs-20240801.csv")
    communs = set(fs22.id_fs) & set(fs24.id_fs)
    assert 0.7 * len(fs24) < len(communs) < len(fs24)
    assert (fs22.insee_com == "0null").sum() == 1
    assert (fs22.latitude == "").any()


def test_openings_go_where_people_were_far_from_one(simulation: Path) -> None:
    """Sites of 2022 to 2024 lie further from those of 2020 and 2021 than communes drawn by population would."""
    fs = read(simulation / "anct__france_services/2024-08-01/liste-fs-20240801.csv")
    lieu = fs[["longitude", "latitude"]].astype(float).to_numpy() * [76, 111]
    anciens = fs.labellisation_fs.str[-4:].isin(["2020", "2021"]).to_numpy()
    grille = cKDTree(lieu[anciens])
    pop = populations(simulation, "2021")
    centres = read(simulation / "osm__centres_communes/2018/communes_2018_mapshaper.csv").set_index("insee")
    centres = centres.loc[[c for c in pop.index if c in centres.index and not c.startswith("97")]]
    hasard = grille.query(centres[["cx", "cy"]].astype(float).to_numpy() * [76, 111])[0]
    poids = pop[centres.index].to_numpy()
    assert grille.query(lieu[~anciens])[0].mean() > 1.15 * np.average(hasard, weights=poids)


def test_the_same_doors_stand_in_several_lists_under_other_names(simulation: Path) -> None:
    fs = read(simulation / "anct__france_services/2024-08-01/liste-fs-20240801.csv")
    listes = json.loads(
        (simulation / "mednum__lieux_mediation/2022-07-20/lieux-de-mediation-numerique.cnfs.json").read_bytes()
    )
    postes = read(simulation / "laposte__points_contact/2020-12/laposte_poincont2.csv", sep=";")
    postes = postes[postes.Latitude != ""]
    ici = fs[["longitude", "latitude"]].astype(float).to_numpy() * [76, 111]
    autres = {
        "mediation": [[o["longitude"], o["latitude"], o["nom"]] for o in listes],
        "poste": postes[["Longitude", "Latitude", "Libellé_du_site"]].to_numpy().tolist(),
    }
    for nom, lieux in autres.items():
        xy = np.array([[float(x), float(y)] for x, y, _ in lieux]) * [76, 111]
        distance, rang = cKDTree(xy).query(ici)
        memes = np.flatnonzero(distance < 0.1)
        assert len(memes) > 0.08 * len(fs), nom
        assert all(lieux[rang[k]][2] != fs.lib_fs[k] for k in memes), nom


def test_lost_zeros_and_other_mess_are_there(simulation: Path) -> None:
    cnfs = read(simulation / "anct__conseillers_numeriques/2023-04-05/20230405-3925-cnfs.csv", sep=";")
    assert (cnfs["Code commune INSEE"].str.len() == 4).any()
    assert (cnfs["Code postal"].str.len() == 4).any()
    aidants = read(simulation / "anct__aidants_connect/2024-02-12/20240212-aidants_connect_structures.csv")
    assert aidants.Siret.str.fullmatch(r"(\d{14}|0)\.0").all()
    assert aidants.Address.str.contains("\n").any()
    assert (aidants["City Insee Code"] == "").any()
    postes = read(simulation / "laposte__points_contact/2020-12/laposte_poincont2.csv", sep=";")
    assert (postes.Latitude == "").any()
    ifn = read(simulation / "mednum__fragilite_numerique/2023-08-24/ifn-city-all-variation.csv")
    assert (ifn.total == "").sum() == 1
    assert ifn[ifn.total != ""].total.astype(float).between(0, 10).all()
