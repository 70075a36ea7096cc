"""From facts to the lines of a digest: pure, bounded, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pilotage.resume import mots
from pilotage.resume.faits import Decision, Echec, Enjeu, Faits, Livraison, Mesure, Porte, Suivi, Territoire

LIGNES_MAX = 10
ALARMES = ("s'éloigne", "en retard")


@dataclass(frozen=True)
class Section:
    """A heading and its lines; `total` counts what changed, shown or not."""

    code: str
    titre: str
    lignes: list[str]
    total: int


def territory_sections(territoire: Territoire) -> list[Section]:
    """What changed there, one section a subject, none that is empty."""
    moved = sorted((m for m in territoire.mesures if _is_told(m)), key=_badness)
    drifted = sorted(territoire.suivis, key=lambda s: s.apres not in ALARMES)
    sections = [
        _section("derives", "Indicateurs qui dérivent ou se redressent", drifted, _drift),
        _section("indicateurs", "Indicateurs qui ont bougé", moved, _move),
        _section("enjeux", "Enjeux prioritaires : les cinq premiers", territoire.enjeux, _stake),
        _section(
            "recommandations", "Recommandations qui changent", sorted(territoire.decisions, key=_weight), _decision
        ),
        _section("lieux", "Lieux ouverts ou fermés", sorted(territoire.portes, key=lambda p: p.mouvement), _door),
    ]
    return [section for section in sections if section.total]


def common_sections(faits: Faits) -> list[Section]:
    """What holds for every territory: services now studied, sources, deliveries, the night."""
    late = [one for one in faits.retards if one.est_nouveau]
    sections = [
        _services(faits.services_nouveaux),
        _section("sources", "Sources devenues trop anciennes", late, _late),
        _section("livraisons", "Livraisons refusées ou mises en partie de côté", faits.livraisons, _delivery),
        _section("nuit", "Étapes en échec", faits.echecs, _failure),
    ]
    return [section for section in sections if section.total]


def _section(code: str, titre: str, found: Iterable, write: Callable[..., str]) -> Section:
    found = list(found)
    lines = [mots.depersonalise(write(one)) for one in found[:LIGNES_MAX]]
    left = len(found) - len(lines)
    if left:
        lines.append(f"… et {mots.count(left, 'autre', 'autres')}.")
    return Section(code, titre, lines, len(found))


def _services(names: list[str]) -> Section:
    return Section("services", "Services publics désormais étudiés", [" ; ".join(names)], len(names))


def _is_told(mesure: Mesure) -> bool:
    """A move that the figures show, a new vintage, or a value that came or went."""
    if mesure.avant is None or mesure.apres is None:
        return (mesure.avant is None) != (mesure.apres is None)
    before, after = mots.move(mesure.avant, mesure.apres)
    return before != after or mesure.millesime_avant != mesure.millesime_apres


def _badness(mesure: Mesure) -> tuple[int, float]:
    """Losses, then what worsens, then what improves, then what is stable; the largest relative moves first."""
    if mesure.avant is None or mesure.apres is None:
        return (0 if mesure.apres is None else 3, 0.0)
    size = abs(mesure.apres - mesure.avant) / max(abs(mesure.avant), abs(mesure.apres), 1e-9)
    return ({"moins bien": 1, "mieux": 2}.get(direction(mesure), 4), -size)


def direction(mesure: Mesure) -> str:
    """«mieux», «moins bien» or «stable», by the sense of the indicator."""
    if mesure.avant is None or mesure.apres is None:
        return "nouveau" if mesure.avant is None else "perdu"
    before, after = mots.move(mesure.avant, mesure.apres)
    if before == after:
        return "stable"
    return "mieux" if (mesure.apres > mesure.avant) == (mesure.sens == "plus") else "moins bien"


def _move(m: Mesure) -> str:
    unite = mots.unit(m.unite)
    if m.apres is None:
        return f"Plus connu : {m.libelle} ; valait {mots.number(m.avant)}{unite} au {mots.day(m.date_avant)}."
    if m.avant is None:
        return f"Nouveau : {m.libelle} : {mots.number(m.apres)}{unite} au {mots.day(m.date_apres)}."
    before, after = mots.move(m.avant, m.apres)
    if m.millesime_avant == m.millesime_apres:
        when = f"données du {mots.day(m.date_apres)}, recalculées ou corrigées"
    else:
        when = f"nouveau millésime : {mots.day(m.date_apres)}, avant {mots.day(m.date_avant)}"
    values = f"toujours {after}" if before == after else f"{before} → {after}"
    return f"{direction(m).capitalize()} : {m.libelle} : {values}{unite} ({when})."


def _drift(s: Suivi) -> str:
    reason = f" : {mots.shorten(s.motif)}" if s.motif else ""
    return f"{s.libelle} : « {s.avant} » → « {s.apres} »{reason}."


def _stake(e: Enjeu) -> str:
    if e.rang_apres is None or e.rang_apres > 5:
        now = "n'y est plus" if e.rang_apres is None else f"passe au rang {e.rang_apres}"
        return f"Sort : {e.libelle} (était au rang {e.rang_avant}, {now})."
    before = f", était au rang {e.rang_avant}" if e.rang_avant else ""
    return f"Entre au rang {e.rang_apres}{before} : {e.libelle}. {mots.shorten(e.raison or '', 240)}".rstrip()


def _weight(d: Decision) -> tuple[int, int]:
    """A site to open, or no longer to open, before any number of smaller moves."""
    return (0 if d.apres == "implanter" else 1 if d.avant == "implanter" else 2, -d.nombre)


def _decision(d: Decision) -> str:
    names = ", ".join(d.communes)
    where = names if d.nombre == len(d.communes) else f"{mots.count(d.nombre, 'commune', 'communes')}, dont {names}"
    return f"{d.service} : « {d.avant} » → « {d.apres} » : {where}."


def _door(p: Porte) -> str:
    kind = mots.CATEGORIES.get(p.categorie, p.categorie.replace("_", " "))
    verb = {"ouverte": "Ouvert", "fermee": "Fermé", "disparue": "N'est plus dans les sources"}[p.mouvement]
    return f"{verb} : {p.nom or 'lieu sans nom'}, {kind}, à {p.commune}."


def _late(retard) -> str:
    return (
        f"{retard.titre} : données du {mots.day(retard.date_donnees)}, à renouveler avant le {mots.day(retard.limite)}."
    )


def _delivery(one: Livraison) -> str:
    if one.est_refusee:
        why = mots.shorten(one.motif or "motif inconnu")
        return f"Refusée : {one.source}, {one.millesime} : {why} ; la précédente reste servie."
    rows = mots.count(one.nb_quarantaine, "ligne mise", "lignes mises")
    return f"{one.source}, {one.millesime} : {rows} de côté ; `pilotage quarantaine` dit pourquoi."


def _failure(one: Echec) -> str:
    step = mots.ETAPES.get(one.etape, one.etape)
    return f"{step.capitalize()} de {one.objet}, le {mots.moment(one.debut)} : {mots.plain(one.message or '')}"
