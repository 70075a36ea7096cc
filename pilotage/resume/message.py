"""A digest as text, as simple HTML that a screen reader follows, and as the fields of a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from pilotage.resume import mots
from pilotage.resume.faits import Faits, Territoire
from pilotage.resume.sections import Section, common_sections, direction, territory_sections

STYLE = "font-family:sans-serif;line-height:1.5;max-width:45em;color:#161616;background:#ffffff"


@dataclass(frozen=True)
class Resume:
    """A digest ready to be read. `parties`: (heading, sections); `a_change` says whether anybody should be woken."""

    sujet: str
    chapeau: list[str]
    parties: list[tuple[str, list[Section]]]
    pied: list[str]
    a_change: bool
    champs: dict

    @property
    def texte(self) -> str:
        lines = [*self.chapeau]
        for titre, sections in self.parties:
            lines += ["", titre.upper()]
            for section in sections:
                lines += ["", section.titre, *(f"  - {line}" for line in section.lignes)]
        return "\n".join([*lines, "", *self.pied]) + "\n"

    @property
    def html(self) -> str:
        body = [f"<h1>{escape(self.sujet)}</h1>", *(f"<p>{escape(line)}</p>" for line in self.chapeau)]
        for titre, sections in self.parties:
            body.append(f"<h2>{escape(titre)}</h2>")
            for section in sections:
                items = "".join(f"<li>{escape(line)}</li>" for line in section.lignes)
                body.append(f"<h3>{escape(section.titre)}</h3><ul>{items}</ul>")
        body += [f"<p>{escape(line)}</p>" for line in self.pied]
        head = f'<meta charset="utf-8"><title>{escape(self.sujet)}</title>'
        return (
            f'<!DOCTYPE html><html lang="fr"><head>{head}</head><body style="{STYLE}">{"".join(body)}</body></html>\n'
        )


def compose(faits: Faits) -> Resume:
    """The digest of these facts: same facts, same bytes."""
    parts = [(t.nom, territory_sections(t)) for t in faits.territoires]
    common = common_sections(faits)
    changed = any(sections for _, sections in parts) or bool(common)
    told = [(name, sections) for name, sections in parts if sections]
    told += [("Données et fonctionnement", common)] if common else []
    names = ", ".join(t.nom for t in faits.territoires[:3])
    left = len(faits.territoires) - 3
    names += f" et {mots.count(left, 'autre territoire', 'autres territoires')}" if left > 0 else ""
    simulated = "DONNÉES SIMULÉES : " if faits.est_simulee else ""
    subject = f"{simulated}Pilotage, {names} : {'ce qui a changé' if changed else 'rien de nouveau'}"
    summary = [_brief(t, sections) for t, (_, sections) in zip(faits.territoires, parts, strict=True)]
    if not changed:
        summary = ["Rien n'a changé : ni indicateur, ni enjeu, ni recommandation, ni lieu ; aucune source en alerte."]
    head = [_compared(faits), *summary]
    if faits.est_simulee:
        head.insert(0, "DONNÉES SIMULÉES : territoire fictif, aucun chiffre n'est réel.")
    return Resume(subject, head, told, _foot(faits), changed, _fields(faits, parts, common, changed))


def _compared(faits: Faits) -> str:
    if faits.ancienne is None:
        return f"Publication du {mots.moment(faits.publiee_le)} ; aucune nouvelle publication à lui comparer."
    former, served = mots.moment(faits.ancienne_publiee_le), mots.moment(faits.publiee_le)
    back = " (retour à une publication antérieure)" if faits.generation < faits.ancienne else ""
    return f"Publication du {served}{back}, comparée à celle du {former}."


def _brief(territoire: Territoire, sections: list[Section]) -> str:
    """One sentence a territory: what to know when one reads nothing else."""
    totals = {section.code: section.total for section in sections}
    senses = [direction(m) for m in territoire.mesures]
    communes = sum(d.nombre for d in territoire.decisions)
    said = (
        (senses.count("moins bien"), "indicateur va moins bien", "indicateurs vont moins bien"),
        (senses.count("mieux"), "indicateur va mieux", "indicateurs vont mieux"),
        (senses.count("perdu"), "indicateur n'est plus connu", "indicateurs ne sont plus connus"),
        (totals.get("derives", 0), "indicateur change d'état de suivi", "indicateurs changent d'état de suivi"),
        (
            totals.get("enjeux", 0),
            "enjeu entre ou sort des cinq premiers",
            "enjeux entrent ou sortent des cinq premiers",
        ),
        (communes, "recommandation change", "recommandations changent"),
        (totals.get("lieux", 0), "lieu ouvre ou ferme", "lieux ouvrent ou ferment"),
    )
    parts = [mots.count(total, one, many) for total, one, many in said if total]
    if not parts:
        other = totals.get("indicateurs", 0)
        parts = [mots.count(other, "indicateur mis à jour", "indicateurs mis à jour")] if other else ["rien n'a changé"]
    return f"{territoire.nom} : {', '.join(parts)}."


def _foot(faits: Faits) -> list[str]:
    known = [one for one in faits.retards if not one.est_nouveau]
    foot = []
    if known:
        count = mots.count(len(known), "source était déjà trop ancienne", "sources étaient déjà trop anciennes")
        foot.append(f"{count} : `pilotage sources` les liste.")
    missing = sorted({name for t in faits.territoires for name in t.absents})
    if missing:
        foot.append(f"Non comparables, car absents de la publication précédente : {', '.join(missing)}.")
    return [*foot, "Une valeur absente n'est jamais un zéro. Détail : le site du territoire, ou `pilotage resumer`."]


def _fields(faits: Faits, parts: list, common: list[Section], changed: bool) -> dict:
    def told(sections: list[Section]) -> dict:
        return {s.code: {"total": s.total, "lignes": s.lignes} for s in sections}

    return {
        "generation": faits.generation,
        "generation_precedente": faits.ancienne,
        "donnees_simulees": faits.est_simulee,
        "a_change": changed,
        "territoires": [
            {"cle": t.cle, "nom": t.nom, "sections": told(sections)}
            for t, (_, sections) in zip(faits.territoires, parts, strict=True)
        ],
        "commun": told(common),
    }
