"""Reading what changed between two generations, in a few statements whatever the number of territories."""

from __future__ import annotations

import datetime as dt
import os

from sqlalchemy import Connection, text

from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration, ErreurPublication
from pilotage.generations import Generation, list_generations, schema
from pilotage.resume import requetes
from pilotage.resume.faits import Decision, Echec, Enjeu, Faits, Livraison, Mesure, Porte, Retard, Suivi, Territoire

KINDS = {"mesures": Mesure, "suivis": Suivi, "enjeux": Enjeu, "decisions": Decision, "portes": Porte}
# The lock that `generations.switch` takes alone: no schema changes its name while we read.
LOCK = text("SELECT pg_advisory_xact_lock_shared(hashtext('pilotage.generations'))")


def named_territories() -> list[str]:
    """Territories of PILOTAGE_TERRITOIRES (`epci:200071751,departement:01`), France by default."""
    given = [one.strip() for one in os.environ.get("PILOTAGE_TERRITOIRES", "").split(",")]
    return [one for one in given if one] or ["france:FR"]


def read_facts(
    territoires: list[str],
    *,
    racontee: str | None = None,
    depuis: dt.datetime | None = None,
    maintenant: dt.datetime | None = None,
) -> Faits:
    """What changed for these territories.

    Args:
        territoires: `niveau:code`.
        racontee: generation that the last digest told; what changed since it is what is compared, when it is kept.
        depuis: when the last digest was sent; without it, when the former generation was published.
        maintenant: the day that lateness is judged on.

    Raises:
        ErreurConfiguration: an unknown territory.
        ErreurPublication: no generation is visible.
    """
    now = maintenant or dt.datetime.now().astimezone()
    with get_engine().begin() as connection:
        connection.execute(LOCK)
        served, former = _generations(racontee)
        names = _names(connection, territoires)
        since = depuis or (former.publiee_le if former else None) or served.creee_le
        values = {"depuis": since.date(), "jour": now.date(), "instant": since}
        changes, missing = _changes(connection, list(names), former)
        return Faits(
            generation=served.generation,
            publiee_le=served.publiee_le,
            ancienne=former.generation if former else None,
            ancienne_publiee_le=former.publiee_le if former else None,
            est_simulee=served.est_simulee,
            territoires=[Territoire(cle, nom, **changes[cle], absents=missing) for cle, nom in names.items()],
            retards=[Retard(*row) for row in connection.execute(text(requetes.RETARDS), values)],
            livraisons=[Livraison(*row) for row in connection.execute(text(requetes.LIVRAISONS), values)],
            echecs=[Echec(*row) for row in connection.execute(text(requetes.ECHECS), values)],
            services_nouveaux=_new_services(connection, former, missing),
        )


def _generations(told: str | None) -> tuple[Generation, Generation | None]:
    every = list_generations()
    served = next((g for g in every if g.etat == "visible"), None)
    if served is None:
        raise ErreurPublication("aucune génération n'est visible", conseil="`make run` en publie une")
    kept = [g for g in every if g.etat == "precedente"]
    if told == served.generation:
        return served, None
    return served, next((g for g in kept if g.generation == told), kept[0] if kept else None)


def _names(connection: Connection, keys: list[str]) -> dict[str, str]:
    query = text("SELECT cle_territoire, nom_territoire FROM commun.dim_territoires WHERE cle_territoire = ANY(:cles)")
    found = dict(connection.execute(query, {"cles": keys}).tuples().all())
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise ErreurConfiguration(
            f"territoire inconnu : {', '.join(unknown)}",
            attendu="niveau:code, par exemple epci:200071751, departement:01 ou france:FR",
            conseil="corriger PILOTAGE_TERRITOIRES ou --territoire ; `pilotage territoires chercher` donne les codes",
        )
    return {key: found[key] for key in keys}


def _changes(connection: Connection, keys: list[str], former: Generation | None) -> tuple[dict, tuple[str, ...]]:
    changes = {key: {part: [] for part in KINDS} for key in keys}
    if former is None:
        return changes, ()
    suffix = schema("", former.generation)
    missing = []
    for name, (part, query) in requetes.PARTS.items():
        if not _has(connection, suffix, requetes.BESOINS[name]):
            missing.append(name)
            continue
        for key, *row in connection.execute(text(query.format(avant=suffix)), {"cles": keys}):
            changes[key][part].append(KINDS[part](*row))
    return changes, tuple(missing)


def _new_services(connection: Connection, former: Generation | None, missing: tuple[str, ...]) -> list[str]:
    if former is None or "les recommandations" in missing:
        return []
    query = requetes.SERVICES.format(avant=schema("", former.generation))
    return list(connection.scalars(text(query)))


def _has(connection: Connection, suffix: str, needs: list[tuple[str, str, str]]) -> bool:
    query = text(
        "SELECT count(*) FROM information_schema.columns JOIN unnest(CAST(:s AS text[]), CAST(:t AS text[]), "
        "CAST(:c AS text[])) AS besoins(s, t, c) ON table_schema = s AND table_name = t AND column_name = c"
    )
    schemas, tables, columns = zip(*needs, strict=True)
    values = {"s": [f"{name}{suffix}" for name in schemas], "t": list(tables), "c": list(columns)}
    return connection.scalar(query, values) == len(needs)
