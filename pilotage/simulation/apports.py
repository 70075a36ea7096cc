"""What a territory brings of its own, in the form of its own CSV files: one of each type, for the largest grouping."""

from __future__ import annotations

import csv
import datetime as dt
import io

import numpy as np

from pilotage.apports import MILLESIME, cards
from pilotage.simulation.ecriture import Depot
from pilotage.simulation.groupements import Groupements
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.territoire import Territoire

COLLEGES = ("etat", "elus", "techniciens", "experts", "acteurs_economiques_sociaux", "citoyens")
PAYS, VALLEE = "pays-simule", "vallee-simulee"
ACTIONS = ("fibre", "mobile", "accompagnement", "lieux_mediation", "tiers_lieux")


def write(t: Territoire, h: Histoire, depot: Depot) -> None:
    """Ten files under the sources' own names."""
    groupements = Groupements(t, h.etats["2025"], 2022)
    largest = int(np.argmax(np.where(np.arange(groupements.nombre) >= 0, groupements.effectif, 0)))
    members = groupements.etat.chefs[groupements.epci == largest]
    codes = [str(t.code[village]) for village in members]
    epci = str(groupements.siren[largest])
    rng = t.tirage("apports")
    for name, rows in {
        "territoires": _territories(codes),
        "gouvernance": _governance(epci),
        "partenaires": _partners(epci),
        "actions": _actions(epci),
        "objectifs": _targets(epci),
        "priorites": _priorities(epci),
        "consultations": _consultation(rng, epci),
        "compteurs": _counters(rng, epci),
        "frequentation": _attendance(rng, codes[0]),
        "lieux": _decisions(),
    }.items():
        _write(depot, name, rows)


def _write(depot: Depot, name: str, rows: list[dict]) -> None:
    card = cards()[name]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=card.tables[0].noms, restval="", delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    notes = {"separator": ";", "encoding": "utf-8", "rows": str(len(rows))}
    depot.octets(card.source, MILLESIME, f"{name}.csv", out.getvalue().encode(), **notes)


def _territories(codes: list[str]) -> list[dict]:
    """Two territories that overlap."""
    half = max(1, len(codes) // 2)
    parts = {(PAYS, "Pays simulé"): codes, (VALLEE, "Vallée simulée"): codes[:half]}
    return [
        {"code_territoire": code, "nom_territoire": name, "code_commune": commune}
        for (code, name), communes in parts.items()
        for commune in communes
    ]


def _governance(epci: str) -> list[dict]:
    return [
        {
            "id_membre": f"SIEGE-{rank:02d}", "niveau": "epci", "code_territoire": epci,
            "instance": "Comité de pilotage", "college": college, "organisme": f"Organisme simulé {rank}",
            "fonction": "présidence" if rank == 2 else "membre", "date_debut": "2024-01-01",
            "date_fin": "2024-12-31" if rank == 7 else "", "nom_personne": f"Personne simulée {rank}",
            "courriel_personne": f"personne{rank}@exemple.invalid",
        }
        for rank, college in enumerate([*COLLEGES, "elus"], start=1)
    ]  # fmt: skip


def _partners(epci: str) -> list[dict]:
    kinds = ("etat", "association", "entreprise", "operateur_public")
    states = ("signe", "signe", "en_discussion", "pressenti")
    return [
        {
            "id_partenariat": f"PART-{rank:02d}", "niveau": "epci", "code_territoire": epci,
            "nom_partenaire": f"Partenaire simulé {rank}", "siret": f"{99900000000000 + rank}", "type_partenaire": kind,
            "code_action": ACTIONS[rank % len(ACTIONS)], "objet": "Convention simulée", "etat": state,
            "date_debut": "2024-06-01" if state == "signe" else "", "montant_eur": str(5000 * rank),
            "contact": f"contact{rank}@exemple.invalid",
        }
        for rank, (kind, state) in enumerate(zip(kinds, states, strict=True), start=1)
    ]  # fmt: skip


def _actions(epci: str) -> list[dict]:
    states = ("terminee", "en_cours", "en_cours", "decidee", "a_etudier")
    return [
        {
            "id_action": f"ACT-{rank:02d}", "niveau": "epci", "code_territoire": epci, "code_action": action,
            "intitule": f"Action simulée {rank}", "pilote": "Direction du numérique", "etat": state,
            "date_debut": f"2024-0{rank}-01", "date_fin_prevue": f"2025-0{rank}-01",
            "date_fin_reelle": "2025-02-01" if state == "terminee" else "", "budget_prevu_eur": str(20_000 * rank),
            "budget_engage_eur": str(15_000 * rank) if rank < 4 else "",
            "budget_depense_eur": str(9_000 * rank) if rank < 4 else "", "financeurs": "EPCI|État",
            "avancement_pct": {"terminee": "100", "en_cours": "42,5"}.get(state, ""),
        }
        for rank, (action, state) in enumerate(zip(ACTIONS, states, strict=True), start=1)
    ]  # fmt: skip


def _targets(epci: str) -> list[dict]:
    targets = {"fibre_raccordable": "98", "france_services_20_min": "2,5"}
    places = (("epci", epci), ("territoire", PAYS))
    return [
        {
            "niveau": level, "code_territoire": code, "code_indicateur": indicator, "date_objectif": "2027-12-31",
            "valeur_cible": value, "origine": "Délibération simulée",
        }
        for level, code in places
        for indicator, value in targets.items()
    ]  # fmt: skip


def _priorities(epci: str) -> list[dict]:
    weights = {"accompagnement": "2", "fibre": "1,5", "tiers_lieux": "0"}
    return [
        {"niveau": "epci", "code_territoire": epci, "code_action": action, "poids": weight, "motif": "Projet simulé"}
        for action, weight in weights.items()
    ]


def _consultation(rng: np.random.Generator, epci: str) -> list[dict]:
    answers = ("En mairie", "Auprès d'un proche", "Je n'en demande pas")
    return [
        {
            "code_consultation": "usages-2025", "nom_consultation": "Vos usages du numérique", "niveau": "epci",
            "code_territoire": epci, "date_debut": "2025-03-01", "date_fin": "2025-04-15", "code_question": "q1",
            "question": "Où demandez-vous de l'aide ?", "reponse": answer, "nb_reponses": str(rng.integers(5, 200)),
            "code_action": "accompagnement",
        }
        for answer in answers
    ]  # fmt: skip


def _counters(rng: np.random.Generator, epci: str) -> list[dict]:
    return [
        {
            "code_compteur": "bornes_wifi", "nom_compteur": "Bornes Wi-Fi publiques", "unite": "bornes",
            "niveau": "epci", "code_territoire": epci, "date_mesure": f"2025-0{month}-01",
            "valeur": str(10 + month + int(rng.integers(0, 2))), "origine": "Relevé simulé",
        }
        for month in range(1, 7)
    ]  # fmt: skip


def _attendance(rng: np.random.Generator, commune: str) -> list[dict]:
    rows = []
    for source, place in (("local", "MED-01"), ("anct__aidants_connect", "1")):
        for quarter in range(4):
            start, end = dt.date(2024, 3 * quarter + 1, 1), dt.date(2024 + quarter // 3, (3 * quarter + 3) % 12 + 1, 1)
            rows.append({
                "source_lieu": source, "id_lieu_source": place, "nom_lieu": f"Lieu simulé {place}",
                "code_commune": commune, "date_debut": start.isoformat(),
                "date_fin": (end - dt.timedelta(days=1)).isoformat(), "nb_visites": str(rng.integers(100, 900)),
                "nb_accompagnements": str(rng.integers(5, 60)) if quarter else "",
            })  # fmt: skip
    return rows


def _decisions() -> list[dict]:
    return [
        {
            "source_a": "anct__aidants_connect", "id_a": "1", "source_b": "anct__aidants_connect", "id_b": "2",
            "decision": "different", "date_decision": "2025-06-01", "commentaire": "Décision simulée",
        }
    ]  # fmt: skip
