"""What each Airflow task does: call one step, journal it, and turn its report into Airflow's own signs.

Everything is imported inside functions: parsing a DAG must load neither dbt, Great Expectations, pandas nor SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from pilotage.errors import ErreurConfiguration, ErreurControle
from pilotage.orchestration import ErreurOrchestration

if TYPE_CHECKING:
    from pilotage.suivi import Etape
DERNIERES = ("synthese", "recommandation")  # the last gate of a DAG renders what those before it judged


def fetch(source: str) -> None:
    """Fetch one source; skip the rest of its line when nothing new came and nothing waits from an interrupted night.

    Raises:
        AirflowSkipException: nothing to load.
        ErreurTelechargement: a file failed; those that came are loaded all the same.
    """
    from pilotage.evenements.emission import attribute
    from pilotage.fetch import fetch_source
    from pilotage.roles import as_loader

    with as_loader(), journaliser("fetch", source) as journal:
        rapport = fetch_source(source)
        attente = _count("source = :source AND etat IN ('recue', 'candidate')", source=source)
        unchanged = not rapport.nouvelles and not attente
        size = f"{rapport.octets / 1e6:.1f} Mo"
        journal.message = f"{len(rapport.nouvelles)} nouvelles, {rapport.inchangees} inchangées, {size}"
        journal.message = " ; ".join([journal.message, *rapport.avertissements])
        journal.etat = "sans_changement" if unchanged else "reussie"
        attribute("fetch", rapport.nouvelles)
    if unchanged:
        raise AirflowSkipException("aucune livraison nouvelle")


def load(source: str) -> None:
    """Load the received deliveries of one source into candidate tables."""
    from pilotage.evenements.emission import attribute
    from pilotage.load import load_source
    from pilotage.roles import as_loader

    with as_loader(), journaliser("load", source) as journal:
        rapport = load_source(source)
        journal.lignes = rapport.lignes
        journal.message = f"{len(rapport.candidates)} candidates"
        attribute("load", rapport.candidates)


def gate(source: str) -> list[str]:
    """Judge the candidates of one source.

    Returns:
        The deliveries accepted.

    Raises:
        ErreurControle: every delivery was refused; some refused beside some accepted is an alert only.
    """
    from pilotage.evenements.emission import attribute
    from pilotage.gate import gate_source
    from pilotage.roles import as_loader

    with as_loader(), journaliser("gate", source) as journal:
        rapport = gate_source(source, pages=False)
        journal.message = (
            f"{len(rapport.acceptees)} acceptées, {len(rapport.refusees)} refusées, {rapport.controles} contrôles, "
            f"{rapport.quarantaine} lignes en quarantaine"
        )
        if rapport.refusees:
            reasons = " ; ".join(map(str, rapport.messages))
            journal.message = f"{journal.message} ; {reasons}"[:2000]
            if not rapport.acceptees:
                raise ErreurControle(f"livraison refusée, la précédente reste servie : {reasons}", source=source)
            _tell_partial_refusal(source, reasons)
        attribute("gate", rapport.acceptees)
    return list(rapport.acceptees)


def conclude_ingestion() -> dict[str, str]:
    """Say whether the warehouse must be rebuilt.

    Returns:
        The extra of the asset event: the night.

    Raises:
        AirflowSkipException: nothing changed since the visible generation, so no event is emitted.
        ErreurOrchestration: no delivery was ever accepted: there is nothing to build from.
    """
    from pilotage.entrepot import needs_rebuild
    from pilotage.gate import render_pages
    from pilotage.sauvegarde.nuit import tidy_night

    with journaliser("pages", "controles") as journal:
        journal.etat, journal.message = render_pages()
    with journaliser("conclure", "livraisons") as journal:
        if not _count("etat = 'acceptee'"):
            raise ErreurOrchestration(
                "aucune livraison acceptée : il n'y a rien à construire",
                conseil="lire les échecs des sources, vérifier PILOTAGE_SOURCES et le réseau",
            )
        rebuild = needs_rebuild()
        journal.etat = "reussie" if rebuild else "sans_changement"
        journal.message = "entrepôt à reconstruire" if rebuild else "rien n'a changé"
    with journaliser("ranger", "accueil") as journal:
        journal.etat, journal.message = tidy_night()
    if not rebuild:
        _finish_export()
        summarise_for_people()
        raise AirflowSkipException("rien n'a changé depuis la génération visible")
    return {"nuit": current_night()}


def create_generation() -> str:
    from pilotage.entrepot import create_generation as create

    with journaliser("generation", "entrepot") as journal:
        journal.message = create()
    return journal.message


def build(generation: str, axe: str) -> None:
    from pilotage.entrepot import build_axe

    with journaliser("build", axe) as journal:
        rapport = build_axe(generation, axe)
        journal.lignes = getattr(rapport, "lignes", None)


def synthesise(generation: str) -> None:
    from models_ml.synthese.calcul import synthesise as compute

    with journaliser("build", "synthese") as journal:
        journal.lignes = compute(generation).lignes


def gate_marts(generation: str, axe: str) -> None:
    from pilotage.gate import gate_axe

    with journaliser("gate", axe) as journal:
        rapport = gate_axe(generation, axe, pages=axe in DERNIERES)
        journal.message = f"{rapport.controles} contrôles"


def recommend() -> None:
    """Compute the recommendations of the generation that woke this DAG; what a person should look at is journalled."""
    from models_ml.calcul import recommend as compute

    with journaliser("recommander", "recommandation") as journal:
        rapport = compute(current_generation()["generation"])
        journal.lignes = rapport.lignes
        unproven = [f"plan non prouvé : {service}" for service in rapport.non_prouves]
        journal.message = " ; ".join([f"{len(rapport.actions)} services", *unproven, *rapport.alertes])


def gate_recommendations() -> dict[str, str]:
    """Judge the recommendations of the generation that woke this DAG; returns the extra for the next one."""
    extra = current_generation()
    gate_marts(extra["generation"], "recommandation")
    return extra


def switch() -> dict[str, str]:
    from pilotage.publish import switch as publish

    extra = current_generation()
    with journaliser("basculer", "publication") as journal:
        publish(extra["generation"])
        journal.message = extra["generation"]
    return extra


def export() -> dict[str, str]:
    from pilotage.export import export_generation

    extra = current_generation()
    with journaliser("exporter", "publication") as journal:
        journal.message = str(export_generation(extra["generation"]))
    return extra


def write_site() -> None:
    from pilotage.config import get_settings
    from pilotage.publication_partagee import publish_checks
    from pilotage.site.generation import build_site

    with journaliser("ecrire_site", "publication") as journal:
        rapport = build_site()
        publish_checks(get_settings(), rapport.generation)
        journal.lignes = rapport.pages
        journal.message = str(rapport.dossier)


def summarise_for_people() -> None:
    """Send the digest of what changed; what keeps it from leaving is journalled and never fails the night."""
    from pilotage.errors import ErreurPilotage
    from pilotage.resume.envoi import resumer_nuit

    with journaliser("resumer", "publication") as journal:
        try:
            sent = resumer_nuit()["envois"]
        except ErreurPilotage as error:
            journal.etat, journal.message = "echouee", str(error)
            return
        journal.message = ", ".join(f"{channel} : {answer}" for channel, answer in sent.items()) or "aucun canal"


def current_night(context: Mapping[str, Any] | None = None) -> str:
    """The night this run belongs to: carried from event to event, else the run's own name."""
    context = context or get_current_context()
    return _extra(context).get("nuit") or context["dag_run"].run_id


def current_generation(context: Mapping[str, Any] | None = None) -> dict[str, str]:
    """`{"generation", "nuit"}` of the latest event that woke this run, or of the run's configuration.

    Raises:
        ErreurConfiguration: the DAG was started by hand without saying which generation.
    """
    context = context or get_current_context()
    given = {**_extra(context), **(context["dag_run"].conf or {})}
    if not given.get("generation"):
        raise ErreurConfiguration(
            "aucune génération n'a été transmise",
            attendu='un événement de l\'actif précédent, ou la configuration {"generation": "g…"}',
            conseil="lancer le DAG `entrepot`, ou donner la génération (`pilotage generations` les liste)",
        )
    return {"generation": given["generation"], "nuit": current_night(context)}


@contextmanager
def journaliser(etape: str, objet: str) -> Iterator[Etape]:
    """Journal a step in `pilotage.etapes` and its time and memory in the night's measures."""
    from airflow.sdk.log import mask_secret

    from pilotage.discretion import known_secrets
    from pilotage.etat.releve import FINS, note
    from pilotage.orchestration.mesures import measure_step
    from pilotage.suivi import suivre_etape

    for secret in known_secrets():
        mask_secret(secret)
    nuit, whole = current_night(), False
    try:
        with measure_step(nuit, etape, objet), suivre_etape(nuit, etape, objet) as journal:
            yield journal
        whole = True
    finally:
        if not whole or etape in FINS:
            note()


def _extra(context: Mapping[str, Any]) -> dict[str, str]:
    events = [event for group in context["triggering_asset_events"].values() for event in group]
    return dict(max(events, key=lambda event: event.timestamp).extra or {}) if events else {}


def _finish_export() -> None:
    """Write what a night that was stopped after the switch has not: the exports or the site of what is visible."""
    from pilotage.config import get_settings
    from pilotage.generations import visible
    from pilotage.publication_partagee import exported_generation
    from pilotage.site.generation import site_generation

    settings, served = get_settings(), visible()
    if served is None:
        return
    if exported_generation(settings) != served.generation:
        from pilotage.export import export_generation

        with journaliser("exporter", "publication") as journal:
            journal.message = str(export_generation(served.generation))
    if site_generation(settings) != served.generation:
        write_site()


def _count(condition: str, **values: str) -> int:
    """Deliveries that satisfy a condition."""
    from sqlalchemy import text

    from pilotage.database import get_engine

    with get_engine().connect() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM pilotage.livraisons WHERE {condition}"), values) or 0


def _tell_partial_refusal(source: str, reasons: str) -> None:
    from pilotage.alertes import alerter

    titre, controle = f"Pilotage : livraison refusée pour {source}", f"porte.entree.{source}"
    alerter(titre, reasons, controle=controle, source=source, execution=current_night())
