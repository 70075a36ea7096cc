"""Write a recommendation into the schema `recommandation` of its generation: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

import numpy as np
import pandas as pd
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.schema import CreateSchema

from models_ml import parametres
from models_ml.calcul import VERSION, Recommandation
from models_ml.offre import people_beyond
from models_ml.scores import Score
from models_ml.tables import build_metadata

BIBLIOTHEQUES = ("numpy", "scipy", "scikit-learn", "highspy")


def write_recommandation(generation: str, result: Recommandation) -> int:
    """Replace the tables of the generation by those of `result`, in one transaction; gives the number of rows."""
    from pilotage.database import get_engine
    from pilotage.generations import schema

    metadata = build_metadata(schema("recommandation", generation))
    frames = build_frames(result)
    with get_engine().begin() as connection:
        connection.execute(CreateSchema(metadata.schema, if_not_exists=True))
        metadata.drop_all(connection)
        metadata.create_all(connection)
        rows = sum(copy_frame(connection, table, frames[table.name]) for table in metadata.sorted_tables)
        _key_to_commun(connection, metadata, schema("commun", generation))
        return rows


def _key_to_commun(connection: Connection, metadata: MetaData, commun: str) -> None:
    """Foreign keys to dim_territoires, added once the rows are in; a row of an unknown territory fails here."""
    quote = connection.dialect.identifier_preparer
    for table in metadata.sorted_tables:
        if "cle_territoire" in table.c:
            connection.execute(
                text(
                    f"ALTER TABLE {quote.format_table(table)} ADD FOREIGN KEY (cle_territoire) "
                    f"REFERENCES {quote.quote_schema(commun)}.dim_territoires (cle_territoire)"
                )
            )
        connection.execute(text(f"ANALYZE {quote.format_table(table)}"))


def copy_frame(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    """COPY a frame whose columns are the table's; NaN and None become NULL."""
    quote = connection.dialect.identifier_preparer
    columns = [column.name for column in table.columns]
    target = f"{quote.format_table(table)} ({', '.join(quote.quote(name) for name in columns)})"
    cells = [_nullable(frame[name]) for name in columns]
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in zip(*cells, strict=True):
            copy.write_row(row)
    return len(frame)


def _nullable(values: pd.Series) -> list:
    """Python values with None for missing; lists pass as they are."""
    return [None if value is None or value is pd.NA or value != value else value for value in values.tolist()]


def build_frames(result: Recommandation) -> dict[str, pd.DataFrame]:
    """The rows of each table, sorted by key: same result, same frames."""
    frames = {
        "acces": _acces(result),
        "scores": _scores(result),
        "decisions": _decisions(result),
        "plans": _plans(result),
        "plans_sites": _plan_sites(result),
        "evaluation": _evaluation(result),
    }
    run = {"id_calcul": result.id_calcul, "empreinte_donnees": result.donnees.empreinte}
    return {name: frame.assign(**run) for name, frame in {**frames, "modele": _modele(result)}.items()}


def _evaluation(result: Recommandation) -> pd.DataFrame:
    parts = [people_beyond(result.donnees, result.acces), result.ressemblance.evaluation]
    return pd.concat([part for part in parts if len(part)], ignore_index=True).assign(service=result.service)


def _keys(result: Recommandation) -> dict:
    codes = result.donnees.communes.code_commune
    return {"code_commune": codes, "service": result.service, "cle_territoire": "commune:" + codes}


def _acces(result: Recommandation) -> pd.DataFrame:
    table, low_high, sites = result.acces.tableau, result.acces.enveloppes["temps_min"], result.donnees.sites
    known = table.site.to_numpy() >= 0
    inside = result.acces.sites.commune
    frame = pd.DataFrame(_keys(result)).join(table.drop(columns=["site", "site_sur_place"]))
    frame["temps_bas_min"], frame["temps_haut_min"] = low_high
    frame["nb_sites"] = np.bincount(inside[inside >= 0], minlength=len(frame))
    for column, source in (("id_site_proche", sites.id_site), ("nom_site_proche", sites.nom)):
        frame[column] = np.where(known, source.to_numpy(object)[table.site.to_numpy()], None) if len(sites) else None
    return frame


def _scores(result: Recommandation) -> pd.DataFrame:
    frame = pd.DataFrame(_keys(result))
    for name, score in result.scores.items():
        frame[name], frame[f"{name}_bas"], frame[f"{name}_haut"] = score.valeur, score.bas, score.haut
    frame["couverture_donnees"] = data_coverage(result.scores)
    frame["ressemblance_passee"] = result.ressemblance.probabilite
    return frame


def data_coverage(scores: dict[str, Score]) -> np.ndarray:
    """Mean share of the weights observed over the scores that depend on data; (n,) in [0, 1]."""
    return np.mean([scores[n].couverture for n in ("besoin", "deficit_acces", "aptitude_numerique")], axis=0)


def _decisions(result: Recommandation) -> pd.DataFrame:
    labels = parametres.load_decision().libelles
    frame = pd.DataFrame(_keys(result)).join(result.decisions)
    whole = frame[["rang_plan", "population_gagnee"]].astype("Int64")
    return frame.assign(libelle_action=frame.action.map(labels), **whole)


def _plan_id(result: Recommandation, scenario: str) -> str:
    return f"{result.service}:france:FR:{result.budget}:{scenario}"


def _plans(result: Recommandation) -> pd.DataFrame:
    threshold = parametres.load_decision().plan.seuil_min
    return pd.DataFrame(
        {
            "id_plan": _plan_id(result, scenario),
            "service": result.service,
            "territoire": "FR",
            "cle_territoire": "france:FR",
            "scenario": scenario,
            "seuil_min": threshold,
            "p": result.budget,
            "objectif": proposition.plan.objectif,
            "borne": proposition.plan.borne,
            "ecart": proposition.plan.ecart,
            "prouve": proposition.plan.prouve,
            "methode": proposition.plan.methode,
            "population_couverte_avant": int(proposition.couverte_avant),
            "population_couverte_apres": int(proposition.couverte_apres),
        }
        for scenario, proposition in sorted(result.plans.items())
    )


def _plan_sites(result: Recommandation) -> pd.DataFrame:
    codes = result.donnees.communes.code_commune
    rows: Iterable[tuple] = (
        (_plan_id(result, scenario), rank, codes.iloc[site], int(gained))
        for scenario, proposition in sorted(result.plans.items())
        for rank, (site, gained) in enumerate(proposition.rangs, start=1)
    )
    frame = pd.DataFrame(rows, columns=["id_plan", "rang", "code_commune", "population_gagnee"])
    return frame.assign(cle_territoire="commune:" + frame.code_commune)


def _modele(result: Recommandation) -> pd.DataFrame:
    from psycopg.types.json import Jsonb

    settings = {
        "empreinte_parametres": parametres.fingerprint(),
        "graine": parametres.load_ressemblance().graine,
        "bibliotheques": {name: version(name) for name in BIBLIOTHEQUES},
    }
    row = {
        "service": result.service,
        "version": VERSION,
        "parametres": Jsonb(settings),
        "apprentissage": Jsonb(result.ressemblance.description),
        "message": result.ressemblance.message,
        "est_simulee": result.donnees.est_simulee,
    }
    return pd.DataFrame([row])
