"""What a night ends with: rows by layer, gates, quarantine, freshness, recommendations in words, where to look."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from sqlalchemy import Connection, text

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings, get_settings
from pilotage.database import get_engine
from pilotage.fraicheur import freshness
from pilotage.generations import SCHEMAS, Generation, visible

ACTIONS = {
    "maintenir": "maintenir",
    "guichet_partage": "partager un guichet",
    "itinerance": "desservir en itinérance",
    "implanter": "implanter",
    "dematerialiser_avec_mediation": "dématérialiser avec médiation",
    "dematerialiser": "dématérialiser",
    "a_instruire": "à instruire",
}
FIRST = text(
    "SELECT c.nom_commune, d.code_commune, d.action, d.score, d.score_bas, d.score_haut, d.stabilite, d.raisons "
    "FROM recommandation.decisions d JOIN commun.dim_communes c ON c.code_commune = d.code_commune AND c.est_actuelle "
    "WHERE d.action = 'implanter' AND d.service = 'france_services' "
    "ORDER BY d.rang_plan NULLS LAST, d.score DESC NULLS LAST, d.code_commune LIMIT 3"
)

CHANGES = text(
    "SELECT s.libelle, d.libelle_action, count(d.service) FROM commun.dim_services s LEFT JOIN "
    "recommandation.decisions d ON d.service = s.service AND d.action <> 'maintenir' "
    "GROUP BY s.ordre, s.libelle, d.libelle_action ORDER BY s.ordre, 3 DESC"
)


@dataclass(frozen=True)
class Bilan:
    """Figures of the warehouse as readers see it now."""

    generation: Generation | None
    couches: dict[str, tuple[int, int]]  # layer -> tables, rows
    controles: tuple[int, int]  # passed, run
    quarantaine: dict[str, int]
    fraicheur: dict[str, int]  # state -> sources; a source never received has a state of its own
    refusees: list[str]
    recommandations: list[str]
    decisions: list[str]  # one sentence a service


def read_bilan() -> Bilan:
    """Read the figures; each is counted, none is remembered from the run."""
    generation = visible()
    with get_engine().connect() as connection:
        states = Counter(line.etat for line in freshness().values())
        states["jamais reçues"] = len(load_catalogue()) - states.total()
        return Bilan(
            generation=generation,
            couches=_layers(connection, generation),
            controles=_controls(connection, generation),
            quarantaine=_quarantine(connection),
            fraicheur=dict(states),
            refusees=_refused(connection),
            recommandations=_recommendations(connection) if generation else [],
            decisions=_decisions(connection) if generation else [],
        )


def print_bilan(nuit: str | None = None, console: Console | None = None, airflow_url: str | None = None) -> None:
    """Say the summary of a night to a person.

    Args:
        nuit: the night whose failed steps are listed.
        airflow_url: address of Airflow's page, when it stays up.
    """
    console = console or Console()
    settings, bilan = get_settings(), read_bilan()
    if settings.is_simulation:
        console.print(Panel("DONNÉES SIMULÉES : territoire, noms et chiffres sont fictifs.", style="bold yellow"))
    console.print(_table_of_layers(bilan))
    passed, run = bilan.controles
    console.print(f"Portes : {passed} attentes tenues sur {_group(run)}.")
    rows = sum(bilan.quarantaine.values())
    where = ", ".join(f"{nom} {_group(n)}" for nom, n in bilan.quarantaine.items())
    console.print(f"Quarantaine : {_group(rows)} lignes{f' ({where})' if where else ''} — `pilotage quarantaine`.")
    plural = {"périmée": "périmées"}
    ages = ", ".join(f"{count} {plural.get(state, state)}" for state, count in sorted(bilan.fraicheur.items()) if count)
    console.print(f"Fraîcheur des {sum(bilan.fraicheur.values())} sources : {ages} — `pilotage sources`.")
    for line in bilan.refusees:
        console.print(f"[bold red]Refusée[/] {line}", highlight=False)
    for line in _failed(nuit):
        console.print(f"[bold red]En échec[/] {line}", highlight=False)
    console.print("\n[bold]Premières recommandations[/] (France services)")
    for rank, sentence in enumerate(bilan.recommandations, start=1):
        console.print(f" {rank}. {sentence}", highlight=False)
    if not bilan.recommandations:
        console.print(" aucune implantation recommandée")
    console.print("\n[bold]Communes où autre chose que maintenir est recommandé, par service[/]")
    for sentence in bilan.decisions:
        console.print(f" - {sentence}", highlight=False)
    _say_where(console, settings, airflow_url)


def _say_where(console: Console, settings: Settings, airflow_url: str | None) -> None:
    lines = {
        "Exports": settings.exports / "derniere",
        "Site": settings.publication / "site" / "index.html",
        "Contrôles (Data Docs)": settings.data_docs / "index.html",
        "Journaux": settings.logs,
        "Airflow": airflow_url or "arrêté ; `make up` le garde en marche",
    }
    console.print()
    for name, place in lines.items():
        console.print(f"{name} : {place}", highlight=False, soft_wrap=True)


def _table_of_layers(bilan: Bilan) -> Table:
    title = f"Génération {bilan.generation.generation}" if bilan.generation else "Aucune génération visible"
    table = Table(title=title)
    table.add_column("Couche")
    for column in ("Tables", "Lignes"):
        table.add_column(column, justify="right")
    for layer, (tables, rows) in bilan.couches.items():
        table.add_row(layer, str(tables), _group(rows))
    return table


def _layers(connection: Connection, generation: Generation | None) -> dict[str, tuple[int, int]]:
    tables, rows = connection.execute(
        text("SELECT count(DISTINCT table_raw), coalesce(sum(nb_lignes - coalesce(nb_quarantaine, 0)), 0) "
             "FROM pilotage.livraisons WHERE etat = 'acceptee'")
    ).one()  # fmt: skip
    layers = {"raw": (tables, int(rows))}
    counts = (generation.statistiques or {}) if generation else {}
    for schema in SCHEMAS:
        of_schema = [n for table, n in counts.items() if table.startswith(f"{schema}.")]
        if of_schema:
            layers[schema] = (len(of_schema), sum(of_schema))
    return layers


def _controls(connection: Connection, generation: Generation | None) -> tuple[int, int]:
    """Controls of the deliveries served and of the visible generation."""
    query = text(
        "SELECT count(*) FILTER (WHERE succes), count(*) FROM pilotage.controles c WHERE c.generation = :g "
        "OR c.livraison IN (SELECT livraison FROM pilotage.livraisons WHERE etat = 'acceptee')"
    )
    return tuple(connection.execute(query, {"g": generation.generation if generation else None}).one())


def _quarantine(connection: Connection) -> dict[str, int]:
    query = text(
        "SELECT source, sum(nb_quarantaine) FROM pilotage.livraisons WHERE etat = 'acceptee' AND nb_quarantaine > 0 "
        "GROUP BY source ORDER BY 2 DESC, 1"
    )
    return {source: int(n) for source, n in connection.execute(query)}


def _refused(connection: Connection) -> list[str]:
    return list(
        connection.scalars(text("SELECT motif FROM pilotage.livraisons WHERE etat = 'refusee' ORDER BY source"))
    )


def _failed(nuit: str | None) -> list[str]:
    query = text(
        "SELECT etape || ' ' || objet || ' : ' || coalesce(message, '') FROM pilotage.etapes e "
        "WHERE nuit = :nuit AND etat = 'echouee' AND NOT EXISTS (SELECT 1 FROM pilotage.etapes s WHERE "
        "s.nuit = e.nuit AND s.etape = e.etape AND s.objet = e.objet AND s.id > e.id AND s.etat <> 'echouee') "
        "ORDER BY id"
    )
    with get_engine().connect() as connection:
        return list(connection.scalars(query, {"nuit": nuit}))


def _recommendations(connection: Connection) -> list[str]:
    if not connection.scalar(text("SELECT to_regclass('recommandation.decisions')")):
        return []
    return [
        f"{nom} ({code}) : {ACTIONS.get(action, action)} ; score {score:.2f} [{low:.2f} – {high:.2f}], même décision "
        f"dans {stability:.0%} des tirages. {' '.join(reasons)}"
        for nom, code, action, score, low, high, stability, reasons in connection.execute(FIRST)
    ]


def _decisions(connection: Connection) -> list[str]:
    if not connection.scalar(text("SELECT to_regclass('recommandation.decisions')")):
        return []
    services: dict[str, list[str]] = {}
    for label, action, count in connection.execute(CHANGES):
        services.setdefault(label, [])
        if action:
            services[label].append(f"{action} {_group(count)}")
    return [f"{label} : {', '.join(actions) or 'aucune'}" for label, actions in services.items()]


def _group(number: int) -> str:
    return f"{number:,}".replace(",", " ")
