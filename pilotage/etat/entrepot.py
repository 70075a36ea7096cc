"""What the database tells of the warehouse: its journal, its generations, its gates, its quarantine."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, text

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings
from pilotage.database import get_engine
from pilotage.etat.modele import Entrepot, Etape, Generation, Nuit, Quarantaine, Refus, Source, Suite
from pilotage.fraicheur import freshness

DUREE_MAX = dt.timedelta(hours=6)  # as `dagrun_timeout`: a step that says longer that it runs was cut
STEPS = text(
    "SELECT DISTINCT ON (etape, objet) etape, objet, etat, lignes, message, debut, fin, "
    "extract(epoch FROM coalesce(fin, clock_timestamp()) - debut)::float AS secondes FROM pilotage.etapes "
    "WHERE nuit = (SELECT nuit FROM pilotage.etapes ORDER BY id DESC LIMIT 1) ORDER BY etape, objet, id DESC"
)
NIGHT = text(
    "SELECT nuit, min(debut), max(fin), clock_timestamp() FROM pilotage.etapes "
    "WHERE nuit = (SELECT nuit FROM pilotage.etapes ORDER BY id DESC LIMIT 1) GROUP BY nuit"
)
ROWS = text(
    "SELECT source, coalesce(sum(nb_lignes), 0)::bigint FROM pilotage.livraisons WHERE etat = 'acceptee' GROUP BY 1"
)
GENERATIONS = text(
    "SELECT generation, etat, publiee_le, statistiques FROM pilotage.generations "
    "WHERE etat IN ('visible', 'precedente') ORDER BY etat = 'visible' DESC, creee_le DESC"
)
SUITES = text(
    "SELECT suite, livraison IS NULL, count(*) FILTER (WHERE succes), "
    "count(*) FILTER (WHERE NOT succes AND severite <> 'bloquante'), "
    "count(*) FILTER (WHERE NOT succes AND severite = 'bloquante') FROM ("
    "  SELECT DISTINCT ON (suite, livraison, generation, attente, colonne, message) * FROM pilotage.controles c"
    "  WHERE c.generation = :g OR c.livraison IN (SELECT livraison FROM pilotage.livraisons WHERE etat = 'acceptee')"
    "  ORDER BY suite, livraison, generation, attente, colonne, message, id DESC) AS dernieres "
    "GROUP BY 1, 2 ORDER BY 1"
)
REFUSED = text(
    "SELECT source, millesime || '/' || fichier, coalesce(motif, 'sans motif'), decidee_le FROM pilotage.livraisons "
    "WHERE etat = 'refusee' ORDER BY decidee_le DESC NULLS LAST, source"
)


def read_entrepot(settings: Settings) -> Entrepot:
    """Read everything in a few queries.

    Raises:
        SQLAlchemyError: the server does not answer, or it does and holds no warehouse.
    """
    with get_engine(settings).connect() as connection:
        generations = connection.execute(GENERATIONS).all()
        visible = next((g for g in generations if g.etat == "visible"), None)
        rows = dict(connection.execute(ROWS).tuples().all())
        nature = connection.scalar(text("SELECT valeur FROM pilotage.reglages WHERE cle = 'est_simulee'"))
        sources = _sources(rows)
        return Entrepot(
            lu_le=dt.datetime.now().astimezone(),
            simulee=None if nature is None else nature == "true",
            nuit=_night(connection),
            sources=sources,
            jamais_recues=sorted(load_catalogue().keys() - {s.source for s in sources}),
            generations=[Generation(generation=g, etat=e, publiee_le=p) for g, e, p, _ in generations],
            suites=_suites(connection, visible.generation if visible else None),
            refus=[Refus(source=s, fichier=f, motif=m, le=d) for s, f, m, d in connection.execute(REFUSED)],
            quarantaine=_quarantine(connection, rows),
            tables={k: n for k, n in ((visible.statistiques or {}) if visible else {}).items() if isinstance(n, int)},
            octets=connection.scalar(text("SELECT pg_database_size(current_database())")),
        )


def _night(connection: Connection) -> Nuit | None:
    found = connection.execute(NIGHT).one_or_none()
    if found is None:
        return None
    name, start, end, now = found
    known = load_catalogue()
    steps = [
        Etape(**{k: v for k, v in row.items() if k not in ("debut", "fin")}, d_une_source=row["objet"] in known)
        for row in connection.execute(STEPS).mappings()
    ]
    running = any(step.etat == "en_cours" for step in steps)
    cut = running and now - start > DUREE_MAX
    return Nuit(
        nom=name,
        debut=start,
        fin=None if running else end,
        secondes=((now if running and not cut else end or start) - start).total_seconds(),
        etat="interrompue" if cut else "en cours" if running else _outcome(steps),
        etapes=steps,
    )


def _outcome(steps: list[Etape]) -> str:
    """`partielle` when only sources failed, and not all of them: what is published goes on."""
    failed = [step for step in steps if step.etat == "echouee"]
    if not failed:
        return "réussie"
    tried = {step.objet for step in steps if step.d_une_source}
    every = tried and tried <= {step.objet for step in failed}
    digest_only = all(step.d_une_source or step.etape == "resumer" for step in failed)
    return "partielle" if digest_only and not every else "échouée"


def _sources(rows: dict[str, int]) -> list[Source]:
    catalogue = load_catalogue()
    return [
        Source(
            source=name,
            millesime=line.millesime,
            date_donnees=line.date_donnees,
            age_jours=line.age_jours or 0,
            age_max_jours=catalogue[name].fraicheur_max_jours,
            etat=line.etat,
            lignes=rows.get(name, 0),
        )
        for name, line in sorted(freshness().items())
    ]


def _suites(connection: Connection, generation: str | None) -> list[Suite]:
    return [
        Suite(suite=suite, porte="marts" if marts else "entree", tenues=held, signalees=told, bloquantes=blocking)
        for suite, marts, held, told, blocking in connection.execute(SUITES, {"g": generation})
    ]


def _quarantine(connection: Connection, rows: dict[str, int]) -> list[Quarantaine]:
    quote = connection.dialect.identifier_preparer.quote
    names = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'quarantaine' ORDER BY 1")
    ).all()
    found = []
    for name in names:
        query = f"SELECT count(*), min(mise_le) FROM quarantaine.{quote(name)} WHERE etat = 'en_quarantaine'"
        count, oldest = connection.execute(text(query)).one()
        if count:
            found.append(Quarantaine(source=name, lignes=count, sur=rows.get(name, 0), plus_ancienne=oldest))
    return sorted(found, key=lambda line: -line.lignes)
