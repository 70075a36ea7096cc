"""Read the landing again against its receipts and the journal: what is damaged, what is lost, who can give it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from pilotage.catalogue import get_source
from pilotage.config import Settings
from pilotage.database import psycopg_connection
from pilotage.demande import Limites
from pilotage.errors import ErreurConfiguration, ErreurPilotage
from pilotage.landing import Depot, open_depot
from pilotage.sauvegarde.depot import check_landing, gather_receipts, mend, share, unpack_receipts
from pilotage.sauvegarde.ecriture import EN_SERVICE
from pilotage.sauvegarde.manifeste import DEPOT, find_backup, verify_backup
from pilotage.transport import open_client
from pilotage.upstream import list_demandes

JETEES = "SELECT livraison FROM pilotage.livraisons WHERE starts_with(motif, 'effacée du dépôt')"


@dataclass
class RapportDepot:
    """State of the landing.

    Attributes:
        offertes, perdues: what is absent or damaged, once upstream was asked.
        muettes: sources whose upstream could not be asked, and why.
        base: why the journal could not be read, when it could not.
    """

    lus: int = 0
    bons: int = 0
    reparees: list[str] = field(default_factory=list)
    abimees: list[str] = field(default_factory=list)
    absentes: list[str] = field(default_factory=list)
    offertes: list[str] = field(default_factory=list)
    perdues: list[str] = field(default_factory=list)
    muettes: dict[str, str] = field(default_factory=dict)
    base: str | None = None


def check_home(settings: Settings, depuis: Path | None = None, *, amont: bool = False) -> RapportDepot:
    """Read every landed file again; put back from a backup what is not whole; say what is lost and who still offers it.

    What the journal has in service and the landing knows nothing of counts as absent.

    Args:
        depuis: a backup, verified first; None to only look.
        amont: ask upstream about what stays absent or damaged.
    """
    depot = open_depot(settings)
    gather_receipts(depot)
    report = RapportDepot()
    if depuis:
        folder = find_backup(depuis)
        verify_backup(folder)
        settings.landing.mkdir(parents=True, exist_ok=True)
        unpack_receipts(folder / "recus.tar.gz", depot, _thrown_away(settings))
        report.reparees, _ = mend(depot, [folder.parent / DEPOT], list(check_landing(depot)))
        share(depot, report.reparees)
    known = set()
    for state in check_landing(depot):
        report.lus += 1
        known.add(state.chemin)
        if state.etat == "bon":
            report.bons += 1
        else:
            (report.abimees if state.etat == "abime" else report.absentes).append(state.chemin)
    try:
        with psycopg_connection(settings) as connection:
            served = {"/".join(row) for row in connection.execute(EN_SERVICE).fetchall()}
        report.absentes = sorted({*report.absentes, *(served - known)})
    except (ErreurConfiguration, psycopg.Error) as error:  # without its journal, a landing still knows its receipts
        report.base = str(error).split("\n", 1)[0]
    if amont:
        _ask_upstream(settings, depot, report)
    return report


def _thrown_away(settings: Settings) -> set[str]:
    """Deliveries that left the landing because a person was erased: no backup brings them back."""
    try:
        with psycopg_connection(settings) as connection:
            return {row[0] for row in connection.execute(JETEES).fetchall()}
    except (ErreurConfiguration, psycopg.Error):
        return set()


def _ask_upstream(settings: Settings, depot: Depot, report: RapportDepot) -> None:
    missing: dict[str, list[str]] = {}
    for place in [*report.absentes, *report.abimees]:
        missing.setdefault(place.split("/", 1)[0], []).append(place)
    limites = Limites.from_settings(settings)
    for source, places in sorted(missing.items()):
        try:
            offered = _offered(settings, depot, limites, source)
        except (ErreurPilotage, httpx.HTTPError) as error:
            report.muettes[source] = str(error)
            continue
        for place in places:
            _, millesime, _, fichier = place.split("/")
            (report.offertes if (millesime, fichier) in offered else report.perdues).append(place)


def _offered(settings: Settings, depot: Depot, limites: Limites, source: str) -> set[tuple[str, str]]:
    """What upstream offers of a source now, each address tried."""
    card = get_source(source)
    own = card.est_apport and not settings.is_simulation
    mirror = str(settings.apports) if own else None if settings.sources == "internet" else settings.mirror
    with open_client(mirror, connexion_s=limites.connexion_s, lecture_s=limites.lecture_s) as client:
        if own:
            from pilotage.apports.depot import list_apports

            demandes, _ = list_apports(card, settings.apports)
        else:
            demandes, _ = list_demandes(card, mirror, client, depot, limites)
        return {(d.millesime, d.fichier) for d in demandes if _answers(client, d.url)}


def _answers(client: httpx.Client, url: str) -> bool:
    with client.stream("GET", url) as answer:
        return answer.status_code < 400
