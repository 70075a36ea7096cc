"""Frames of the recommender read from the mirror's files, in the shape of the marts: for tests without a warehouse."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from models_ml.donnees import Donnees
from models_ml.histoire import NATURES

ARRONDISSEMENTS = {"751": "75056", "132": "13055"}


def _text(path, **options) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


def _number(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column.str.replace(",", "."), errors="coerce")


def build_passage(mirror: Path) -> dict[str, str]:
    """Every old or delegated code -> its commune of 2025 (a split goes to its first part: enough for tests)."""
    cog = _text(mirror / "insee__communes/2025/v_commune_2025.csv")
    current = set(cog.loc[cog.TYPECOM == "COM", "COM"])
    passage = {a: b for a, b in zip(cog.COM, cog.COMPARENT, strict=True) if b and a not in current}
    moves = _text(mirror / "insee__mouvements_communes/2025/v_mvt_commune_2025.csv").sort_values(
        "DATE_EFF", ascending=False
    )
    for before, after in zip(moves.COM_AV, moves.COM_AP, strict=True):
        after = passage.get(after, after)
        if before not in current and after in current:
            passage.setdefault(before, after)
    return passage


def _current(codes: pd.Series, passage: dict[str, str]) -> pd.Series:
    def one(code: str) -> str:
        if code.startswith("6938"):
            return "69123"
        return ARRONDISSEMENTS.get(code[:3]) or passage.get(code, code)

    return codes.map(one)


def _populations(mirror: Path, passage) -> pd.DataFrame:
    parts = []
    for year in ("2017", "2019", "2020", "2021", "2022"):
        path = next((mirror / "insee__populations" / year).glob("[Cd]o*unes.csv"))
        raw = _text(path, sep=";")
        if "CODDEP" in raw:
            dep = raw.CODDEP
            code = dep.where(dep.str.len() == 3, dep) + raw.CODCOM
            code = np.where(dep.str.len() == 3, dep.str[:2] + raw.CODCOM, code)
        elif "DEPCOM" in raw:
            code = raw.DEPCOM
        else:
            code = raw.COM
        codes = _current(pd.Series(code), passage)
        parts.append(
            pd.DataFrame({"code_commune": codes, "millesime": year, "population_municipale": _number(raw.PMUN)})
        )
    both = pd.concat(parts)
    return both.groupby(["code_commune", "millesime"], as_index=False).population_municipale.sum()


def _communes(mirror: Path, passage, populations) -> pd.DataFrame:
    cog = _text(mirror / "insee__communes/2025/v_commune_2025.csv")
    cog = cog[cog.TYPECOM == "COM"]
    frame = pd.DataFrame(
        {"code_commune": cog.COM, "nom_commune": cog.LIBELLE, "code_departement": cog.DEP, "code_region": cog.REG}
    )
    osm = _text(mirror / "osm__centres_communes/2018/communes_2018_mapshaper.csv").set_index("insee")
    frame["latitude"] = _number(frame.code_commune.map(osm.cy).astype("str"))
    frame["longitude"] = _number(frame.code_commune.map(osm.cx).astype("str"))
    area = (_number(osm.surf_ha) / 100).groupby(osm.index.map(lambda c: passage.get(c, c))).sum()
    frame["superficie_km2"] = frame.code_commune.map(area)
    epci = pd.read_excel(mirror / "dgcl__intercommunalites/2025/epcicom2025.xlsx", engine="calamine", dtype=str)
    epci["insee"] = epci.insee.str.zfill(5)
    frame["siren_epci"] = frame.code_commune.map(epci.drop_duplicates("insee").set_index("insee").siren)
    density = pd.read_excel(
        mirror / "insee__densite/2024/grille_densite_7_niveaux_2024.xlsx", engine="calamine", header=4, dtype=str
    ).drop_duplicates("CODGEO")
    frame["niveau_densite"] = pd.to_numeric(frame.code_commune.map(density.set_index("CODGEO").DENS))
    rural = _text(mirror / "anct__ruralite/2026-07-02/ruralite.csv", encoding="utf-8-sig").set_index("insee_com")
    frame["classe_ruralite"] = frame.code_commune.map(rural.niveau_ruralite.str.strip())
    last = populations[populations.millesime == "2022"].set_index("code_commune").population_municipale
    frame["population"] = frame.code_commune.map(last)
    return _add_profiles(mirror, frame).sort_values("code_commune", ignore_index=True)


def _add_profiles(mirror: Path, frame: pd.DataFrame) -> pd.DataFrame:
    income = _text(mirror / "insee__filosofi/2020/cc_filosofi_2020_COM.csv", sep=";").set_index("CODGEO")
    frame["revenu_median_eur"] = frame.code_commune.map(_number(income.MED20))
    frame["taux_pauvrete_pct"] = frame.code_commune.map(_number(income.TP6020))
    with zipfile.ZipFile(mirror / "insee__comparateur_territoires/2018/base_cc_comparateur_csv.zip") as archive:
        profile = _text(archive.open("base_cc_comparateur.CSV"), sep=";").set_index("CODGEO")
    frame["chomeurs_15_64"] = frame.code_commune.map(_number(profile.P18_CHOM1564))
    frame["actifs_15_64"] = frame.code_commune.map(_number(profile.P18_ACT1564))
    fragility = _text(mirror / "mednum__fragilite_numerique/2023-08-24/ifn-city-all-variation.csv").set_index("code")
    names = {
        "score_thd": "no_thd_coverage_rate",
        "score_4g": "no_4g_coverage_rate",
        "score_pauvrete": "poverty_rate",
        "score_65_ans": "older_65_rate",
        "score_diplome": "nscol15p_rate",
    }
    for name, header in names.items():
        frame[name] = frame.code_commune.map(_number(fragility[header]))
    return frame


def _sites(mirror: Path, passage) -> pd.DataFrame:
    raw = _text(mirror / "anct__france_services/2024-08-01/liste-fs-20240801.csv")
    return pd.DataFrame(
        {
            "id_site": raw.id_fs,
            "nom": raw.lib_fs,
            "code_commune": _current(raw.insee_com, passage),
            "latitude": _number(raw.latitude),
            "longitude": _number(raw.longitude),
            "date_ouverture": pd.to_datetime(raw.labellisation_fs.str.extract(r"(\d\d/\d\d/\d{4})")[0], dayfirst=True),
            "format": np.where(raw.format_fs.isin(["Itinérante", "Bus_équivalent"]), "bus", "fixe"),
            "type_site": np.where(raw.type_fs == "Antenne", "antenne", "principal"),
        }
    )


def _equipements(mirror: Path, passage) -> pd.DataFrame:
    post = _text(mirror / "laposte__points_contact/2020-12/laposte_poincont2.csv", sep=";")
    post = pd.DataFrame(
        {
            "nature": "poste",
            "code_commune": _current(post["Code_INSEE"], passage),
            "nom": post["Libellé_du_site"],
            "latitude": _number(post.Latitude),
            "longitude": _number(post.Longitude),
            "millesime": "2020-12",
        }
    )
    books = _text(mirror / "culture__bibliotheques/2020-11/adresses-des-bibliotheques-publiques.csv", sep=";")
    where = books.coordonnees_finales.str.split(",", expand=True)
    books = pd.DataFrame(
        {
            "nature": "bibliotheque",
            "code_commune": _current(books.INSEE.str.zfill(5), passage),
            "nom": books.Libelle1,
            "latitude": _number(where[0]),
            "longitude": _number(where[1].fillna("")),
            "millesime": "2020-11",
        }
    )
    places = json.loads(
        (mirror / "mednum__lieux_mediation/2022-07-20/lieux-de-mediation-numerique.cnfs.json").read_text()
    )
    places = pd.DataFrame(places)
    places = pd.DataFrame(
        {
            "nature": "mediation",
            "code_commune": None,
            "nom": places.nom,
            "latitude": pd.to_numeric(places.latitude),
            "longitude": pd.to_numeric(places.longitude),
            "millesime": "2022-07-20",
        }
    )
    return pd.concat([post, books, places], ignore_index=True)


def _histoire(mirror: Path, passage) -> pd.DataFrame:
    """The equipment of 2019 by commune, of the natures that the similarity model looks at; no list of 2018 here."""
    parts = []
    for path in sorted((mirror / "insee__equipements_iris").rglob("*.csv.gz")):
        raw = _text(path, sep=";")
        if "TYPEQU" in raw:
            raw = raw[raw.TYPEQU.isin(NATURES)]
            parts.append(pd.DataFrame({"code": raw.DEPCOM, "nature": raw.TYPEQU, "nombre": _number(raw.NB_EQUIP)}))
    frame = pd.concat(parts) if parts else pd.DataFrame({"code": [], "nature": [], "nombre": []})
    frame = frame.assign(code_commune=_current(frame.code.astype(str), passage))
    both = frame.groupby(["code_commune", "nature"], as_index=False).nombre.sum()
    return both.assign(date_donnees="2019-01-01")


def load_donnees_miroir(mirror: Path) -> Donnees:
    """The whole country as the marts would give it."""
    passage = build_passage(mirror)
    populations = _populations(mirror, passage)
    return Donnees.assemble(
        generation="miroir",
        est_simulee=False,
        communes=_communes(mirror, passage, populations),
        sites=_sites(mirror, passage),
        lieux=_equipements(mirror, passage),
        populations=populations,
        histoire=_histoire(mirror, passage),
    )
