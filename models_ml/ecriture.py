"""Write recommendations into the schema `recommandation` of their generation: all services, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import pandas as pd
import polars as pl
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.schema import CreateSchema

from models_ml import parametres
from models_ml.calcul import VERSION, Recommandation
from models_ml.offre import people_beyond
from models_ml.scores import Score
from models_ml.services import decision_of
from models_ml.tables import build_metadata

BIBLIOTHEQUES = ("numpy", "scipy", "scikit-learn", "highspy")
SANS_APPRENTISSAGE = "les ouvertures passées de ce service ne sont pas datées : rien à apprendre"
CLES = {"cle_territoire": "dim_territoires", "service": "dim_services"}


@contextmanager
def writing(generation: str) -> Iterator[Callable[[Recommandation], int]]:
    """Replace the tables of the generation in one transaction; gives a function that writes one service's rows and
    counts them. Keys are added at the end; a row of an unknown territory or service fails there, and all is undone."""
    from pilotage.database import get_engine
    from pilotage.generations import schema
    from pilotage.suivi import check_courante

    metadata = build_metadata(schema("recommandation", generation))
    with get_engine().begin() as connection:
        connection.execute(CreateSchema(metadata.schema, if_not_exists=True))
        metadata.drop_all(connection)
        metadata.create_all(connection)

        def write(result: Recommandation) -> int:
            frames = build_frames(result)
            return sum(copy_frame(connection, table, frames[table.name]) for table in metadata.sorted_tables)

        yield write
        _key_to_commun(connection, metadata, schema("commun", generation))
        check_courante(connection)


def _key_to_commun(connection: Connection, metadata: MetaData, commun: str) -> None:
    quote = connection.dialect.identifier_preparer
    for table in metadata.sorted_tables:
        for column, target in CLES.items():
            if column in table.c:
                connection.execute(
                    text(
                        f"ALTER TABLE {quote.format_table(table)} ADD FOREIGN KEY ({column}) "
                        f"REFERENCES {quote.quote_schema(commun)}.{target} ({column})"
                    )
                )
        connection.execute(text(f"ANALYZE {quote.format_table(table)}"))


def copy_frame(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    """COPY a frame whose columns are the table's; NaN and None become NULL, a list an array of texts."""
    quote = connection.dialect.identifier_preparer
    columns = [column.name for column in table.columns]
    target = f"{quote.format_table(table)} ({', '.join(quote.quote(name) for name in columns)})"
    cells = pl.DataFrame([_cells(frame[name]) for name in columns])
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT csv)") as copy:
        copy.write(cells.write_csv(include_header=False).encode())
    return len(frame)


def _cells(values: pd.Series) -> pl.Series:
    """A column as PostgreSQL reads it in CSV: nothing for a missing value, `{"…","…"}` for a list of texts."""
    if isinstance(next(iter(values), None), list):
        escaped = pl.element().str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
        lists = pl.Series(values.name, values.tolist(), dtype=pl.List(pl.String))
        quoted = lists.list.eval(pl.lit('"') + escaped + pl.lit('"')).list.join(",")
        return ("{" + quoted + "}").alias(values.name)
    if pd.api.types.is_float_dtype(values.dtype):
        return pl.Series(values.name, values.to_numpy(float)).fill_nan(None)
    cells = [None if value is None or value is pd.NA or value != value else value for value in values.tolist()]
    return pl.Series(values.name, cells)


def build_frames(result: Recommandation) -> dict[str, pd.DataFrame]:
    """The rows of each table, sorted by key: same result, same frames."""
    frames = {
        "acces": _acces(result),
        "scores": _scores(result),
        "decisions": _decisions(result),
        "plans": _plans(result),
        "plans_sites": _plan_sites(result),
        "frontieres": result.frontieres.assign(service=result.service.code),
        "fermetures": _closures(result),
        "evaluation": _evaluation(result),
    }
    run = {"id_calcul": result.id_calcul, "empreinte_donnees": result.donnees.empreinte}
    return {name: frame.assign(**run) for name, frame in {**frames, "modele": _modele(result)}.items()}


def _evaluation(result: Recommandation) -> pd.DataFrame:
    parts = [people_beyond(result.donnees, result.acces, result.service)]
    if result.ressemblance is not None and len(result.ressemblance.evaluation):
        parts.append(result.ressemblance.evaluation)
    return pd.concat(parts, ignore_index=True).assign(service=result.service.code)


def _keys(result: Recommandation) -> dict:
    codes = result.donnees.communes.code_commune
    return {"code_commune": codes, "service": result.service.code, "cle_territoire": "commune:" + codes}


def _acces(result: Recommandation) -> pd.DataFrame:
    table, low_high, sites = result.acces.tableau, result.acces.enveloppes["temps_min"], result.acces.offre
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
    likeness = result.ressemblance
    frame["ressemblance_passee"] = np.nan if likeness is None else likeness.probabilite
    return frame


def data_coverage(scores: dict[str, Score]) -> np.ndarray:
    """Mean share of the weights observed over the scores that depend on data; (n,) in [0, 1]."""
    return np.mean([scores[n].couverture for n in ("besoin", "deficit_acces", "aptitude_numerique")], axis=0)


def _decisions(result: Recommandation) -> pd.DataFrame:
    labels = decision_of(result.service.code).libelles
    frame = pd.DataFrame(_keys(result)).join(result.decisions)
    whole = frame[["rang_plan", "population_gagnee"]].astype("Int64")
    return frame.assign(libelle_action=frame.action.map(labels), **whole)


def _plan_id(result: Recommandation, scenario: str) -> str:
    return f"{result.service.code}:france:FR:{result.budget}:{scenario}"


PLANS = (
    "id_plan", "service", "territoire", "cle_territoire", "scenario", "seuil_min", "p", "objectif", "borne", "ecart",
    "prouve", "methode", "population_couverte_avant", "population_couverte_apres", "cout_annuel_eur",
)  # fmt: skip


def _plans(result: Recommandation) -> pd.DataFrame:
    cost = result.service.actions["implanter"].cout_annuel_eur
    rows = [
        (
            _plan_id(result, scenario), result.service.code, "FR", "france:FR", scenario, result.service.seuil_min,
            result.budget, one.plan.objectif, one.plan.borne, one.plan.ecart, one.plan.prouve, one.plan.methode,
            int(one.couverte_avant), int(one.couverte_apres), None if cost is None else cost * len(one.rangs),
        )
        for scenario, one in sorted(result.plans.items())
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=PLANS)


def _plan_sites(result: Recommandation) -> pd.DataFrame:
    codes = result.donnees.communes.code_commune
    rows: Iterable[tuple] = (
        (_plan_id(result, scenario), rank, codes.iloc[site], int(gained))
        for scenario, proposition in sorted(result.plans.items())
        for rank, (site, gained) in enumerate(proposition.rangs, start=1)
    )
    frame = pd.DataFrame(rows, columns=["id_plan", "rang", "code_commune", "population_gagnee"])
    return frame.assign(cle_territoire="commune:" + frame.code_commune)


def _closures(result: Recommandation) -> pd.DataFrame:
    frame = result.fermetures.assign(service=result.service.code)
    known = frame.code_commune.notna()
    return frame.assign(cle_territoire=("commune:" + frame.code_commune.astype(str)).where(known, None))


def _modele(result: Recommandation) -> pd.DataFrame:
    likeness = result.ressemblance
    places = result.donnees.offre
    places = places[places.service == result.service.code]
    dated = places.fillna({"millesime": "non daté"}).groupby("source").millesime.max()
    settings = {
        "empreinte_parametres": parametres.fingerprint(),
        "graine": parametres.load_ressemblance().graine,
        "bibliotheques": {name: version(name) for name in BIBLIOTHEQUES},
    }
    row = {
        "service": result.service.code,
        "version": VERSION,
        "generation": result.donnees.generation,
        "offre": json.dumps(dated.to_dict(), ensure_ascii=False),
        "parametres": json.dumps(settings, ensure_ascii=False),
        "apprentissage": json.dumps(likeness.description if likeness else {}, ensure_ascii=False),
        "message": (likeness.message or None) if likeness else SANS_APPRENTISSAGE,
        "est_simulee": result.donnees.est_simulee,
    }
    return pd.DataFrame([row])
