"""The state judged part by part, as Nagios plugins do: 0 well, 1 warning, 2 critical, 3 unknown."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass

from pilotage.budget import Seuils
from pilotage.etat.machine import PARIS
from pilotage.etat.modele import ARRETEE, JAMAIS, MUETTE, REPOND, Releve

BIEN, ATTENTION, CRITIQUE, INCONNU = 0, 1, 2, 3
MOTS = {BIEN: "BIEN", ATTENTION: "ATTENTION", CRITIQUE: "CRITIQUE", INCONNU: "INCONNU"}
GRAVITE = (BIEN, INCONNU, ATTENTION, CRITIQUE)  # from the least to the most pressing
JOUR = 86400


@dataclass(frozen=True)
class Verdict:
    """What one part of the state is worth, in one sentence."""

    partie: str
    niveau: int
    message: str


def judge(releve: Releve, seuils: Seuils) -> list[Verdict]:
    """A verdict on each part, in the order of the screen."""
    return [Verdict(partie, *rule(releve, seuils)) for partie, rule in PARTIES.items()]


def worst(verdicts: list[Verdict]) -> int:
    """The exit code: critical over warning over unknown over well."""
    return max((verdict.niveau for verdict in verdicts), key=GRAVITE.index, default=INCONNU)


def _base(releve: Releve, _: Seuils) -> tuple[int, str]:
    detail = f" : {releve.base_detail}" if releve.base_detail else ""
    if releve.base in (REPOND, ARRETEE) and releve.entrepot:
        since = "" if releve.base == REPOND else f" ; état du {_day(releve.entrepot.lu_le)}"
        return BIEN, f"PostgreSQL {'répond' if releve.base == REPOND else 'est arrêté'}{since}"
    if releve.base in (ARRETEE, JAMAIS):
        hint = (
            "`pilotage etat --preter` le fait répondre" if releve.base == ARRETEE else "`make run` construit l'entrepôt"
        )
        what = "est arrêté et rien n'est connu" if releve.base == ARRETEE else "n'a jamais démarré ici"
        return INCONNU, f"PostgreSQL {what} ; {hint}"
    if releve.base == MUETTE:
        return CRITIQUE, f"PostgreSQL ne répond pas{detail}"
    return CRITIQUE, f"la base répond, mais l'entrepôt n'y est pas lisible{detail}"


def _airflow(releve: Releve, _: Seuils) -> tuple[int, str]:
    airflow = releve.airflow
    if airflow.etat == "arrêté":
        return BIEN, "arrêté ; `make up` le garde en marche"
    if airflow.etat == "muet":
        return CRITIQUE, f"devrait tourner et ne répond pas à {airflow.adresse}"
    sick = [name for name, state in airflow.composants.items() if state != "healthy"]
    return (CRITIQUE, f"en panne : {', '.join(sick)}") if sick else (BIEN, f"répond à {airflow.adresse}")


def _nuit(releve: Releve, seuils: Seuils) -> tuple[int, str]:
    if not releve.entrepot:
        return INCONNU, "rien n'est connu"
    night = releve.entrepot.nuit
    if night is None:
        return INCONNU, "aucune nuit n'a encore eu lieu"
    hours = (releve.quand - (night.fin or night.debut)).total_seconds() / 3600
    age = _above(hours, seuils.nuit_heures) if releve.cron and night.etat != "en cours" else BIEN
    outcome = {"échouée": CRITIQUE, "interrompue": CRITIQUE, "partielle": ATTENTION}.get(night.etat, BIEN)
    failed = f", {plural(len(night.echecs), 'étape')} en échec" if night.echecs else ""
    late = f" ; finie il y a {hours:.0f} h" if age else ""
    return max(age, outcome), f"{night.etat}{failed}{late}"


def _fraicheur(releve: Releve, seuils: Seuils) -> tuple[int, str]:
    if not releve.entrepot:
        return INCONNU, "rien n'est connu"
    sources = releve.entrepot.sources
    if not sources:
        return INCONNU, "aucune source n'est servie"
    late = [source for source in sources if source.retard_jours]
    level = _above(100 * len(late) / len(sources), seuils.sources_en_retard_part)
    never = len(releve.entrepot.jamais_recues)
    return level, f"{len(late)} en retard sur {len(sources)} servies" + (f", {never} jamais reçues" if never else "")


def _generation(releve: Releve, seuils: Seuils) -> tuple[int, str]:
    if not releve.entrepot:
        return INCONNU, "rien n'est connu"
    served = releve.entrepot.visible
    if served is None or served.publiee_le is None:
        return CRITIQUE, "aucune génération n'est visible"
    days = (releve.quand - served.publiee_le).total_seconds() / JOUR
    return _above(days, seuils.generation_jours), f"{served.generation}, publiée il y a {days:.0f} j"


def _portes(releve: Releve, _: Seuils) -> tuple[int, str]:
    if not releve.entrepot:
        return INCONNU, "rien n'est connu"
    suites, refused = releve.entrepot.suites, releve.entrepot.refus
    blocking = sum(suite.bloquantes for suite in suites)
    held, told = sum(suite.tenues for suite in suites), sum(suite.signalees for suite in suites)
    message = f"{held} attentes tenues sur {held + told + blocking}"
    message += f", {plural(len(refused), 'livraison')} refusée{'s' * (len(refused) > 1)}" if refused else ""
    return (
        CRITIQUE if any(s.bloquantes and s.porte == "marts" for s in suites) else ATTENTION if refused else BIEN
    ), message


def _quarantaine(releve: Releve, seuils: Seuils) -> tuple[int, str]:
    if not releve.entrepot:
        return INCONNU, "rien n'est connu"
    lines = releve.entrepot.quarantaine
    share = max((100 * line.lignes / max(line.sur, line.lignes) for line in lines), default=0.0)
    total = sum(line.lignes for line in lines)
    where = f" ({plural(len(lines), 'source')}, {share:.1f} % au plus)".replace(".", ",") if lines else ""
    return _above(share, seuils.quarantaine_part), f"{plural(total, 'ligne')}{where}"


def _disque(releve: Releve, seuils: Seuils) -> tuple[int, str]:
    disk = releve.disque
    share = 100 * disk.libre / disk.total if disk.total else 0.0
    days = disk.jours_restants
    level = max(_below(share, seuils.disque_libre_part), BIEN if days is None else _below(days, seuils.disque_jours))
    left = "croissance inconnue" if days is None else f"plein dans {days:.0f} j à ce rythme"
    return level, f"{size(disk.libre)} libres ({share:.0f} %) ; {left}"


def _alertes(releve: Releve, _: Seuils) -> tuple[int, str]:
    told = releve.alertes
    over = told.semaine > told.budget
    unread = f" ; {told.non_lues} non lues" + (
        f", dont {told.critiques_non_lues} critiques" * bool(told.critiques_non_lues)
    )
    message = f"{told.semaine} en sept jours pour un budget de {told.budget}{unread if told.non_lues else ''}"
    return (ATTENTION if over or told.critiques_non_lues else BIEN), message


PARTIES: dict[str, Callable[[Releve, Seuils], tuple[int, str]]] = {
    "base": _base,
    "airflow": _airflow,
    "nuit": _nuit,
    "fraicheur": _fraicheur,
    "generation": _generation,
    "portes": _portes,
    "quarantaine": _quarantaine,
    "disque": _disque,
    "alertes": _alertes,
}


def size(octets: float) -> str:
    """1234567 -> « 1,2 Mo »."""
    rank = min(int(math.log10(max(octets, 1)) / 3), 4)
    value, unit = octets / 1000**rank, ("o", "ko", "Mo", "Go", "To")[rank]
    return f"{value:.0f} {unit}" if rank == 0 or value >= 100 else f"{value:.1f} {unit}".replace(".", ",")


def _above(value: float, limits: tuple[float, float]) -> int:
    return CRITIQUE if value > limits[1] else ATTENTION if value > limits[0] else BIEN


def _below(value: float, limits: tuple[float, float]) -> int:
    return CRITIQUE if value < limits[1] else ATTENTION if value < limits[0] else BIEN


def plural(count: int, word: str) -> str:
    """1234, «ligne» -> « 1 234 lignes »."""
    grouped = f"{count:,}".replace(",", " ")
    return f"{grouped} {word}{'s' if count > 1 else ''}"


def _day(moment: dt.datetime) -> str:
    return f"{moment.astimezone(PARIS):%d/%m %H:%M}"
