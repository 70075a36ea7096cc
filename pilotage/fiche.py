"""A card in words, for people."""

from __future__ import annotations

from pilotage.catalogue import LICENCES, Colonne, Source, Table


def explain(card: Source) -> str:
    """The card as a page of Markdown, in French."""
    licence, link = LICENCES[card.licence]
    lines = [
        f"# {card.source}",
        f"**{card.titre}** — {card.producteur}, axe *{card.axe}*.",
        card.description,
        f"- Page du producteur : {card.page}",
        f"- Licence : {licence}{f' ({link})' if link else ''} ; mention à porter : {card.attribution}",
        f"- Mise à jour {card.frequence} ; périmée au-delà de {card.fraicheur_max_jours} jours",
    ]
    if card.derive_tiers:
        lines.append("- **Calcul d'un tiers** : jamais dans une série avec l'original")
    if not card.verifiee:
        lines.append("- **Non vérifiée sur fichier réel** : écrite sans en voir un, lue sur fichiers simulés")
    if card.extrait:
        lines.append("- **Extrait** : un extrait du fichier réel a été lu, aucun chiffre n'en est tiré")
    lines += ["", "## Millésimes"]
    lines += [
        f"- `{nom}` : données du {m.date_donnees:%d/%m/%Y}, communes au {m.geographie:%d/%m/%Y}"
        for nom, m in card.millesimes.items()
    ]
    lines += _addresses(card)
    for table in card.tables:
        lines += _table(table)
    return "\n".join(lines)


def card_rules(column: Colonne) -> list[str]:
    """What a value typed by hand must be, in words; nothing for a producer's column."""
    rules = column.regles
    bounds = [f"≥ {rules.minimum:g}" if rules.minimum is not None else ""]
    bounds += [f"≤ {rules.maximum:g}" if rules.maximum is not None else ""]
    words = [
        "obligatoire" if rules.obligatoire else "",
        f"l'une de : {', '.join(rules.valeurs)}" if rules.valeurs else "",
    ]
    words += [*bounds, rules.forme or "", f"pas avant {rules.apres}" if rules.apres else ""]
    words += [f"catalogue : {rules.reference}" if rules.reference else ""]
    words += [f"exemple : {rules.exemple}" if rules.exemple else ""]
    return [word for word in words if word]


def _addresses(card: Source) -> list[str]:
    if card.est_apport:
        return ["", "Écrite par la collectivité elle-même, dans le dossier de ses apports (docs/apports.md)."]
    if not card.adresses:
        return ["", "Aucune adresse de production déclarée : un miroir ou un dossier sont les seules entrées."]
    lines = ["", "## Adresses de production"]
    for a in card.adresses:
        note = "" if a.verifiee else " — adresse non vérifiée"
        lines.append(f"- `{a.millesime}` : {a.url}{note}")
    return lines


def _table(table: Table) -> list[str]:
    lines = ["", f"## Table `raw.{table.table}`"]
    lines.append(f"Clé : {', '.join(table.cle)}." if table.cle else "Pas de clé chez le producteur.")
    for f in table.fichiers:
        where = f" (millésimes {', '.join(f.millesimes)})" if f.millesimes else ""
        inside = f", fichier {f.membre} du zip" if f.membre else ""
        csv = f", séparateur « {f.separateur} », {f.encodage}" if f.format == "csv" else ""
        skip = f", {f.lignes_a_sauter} lignes de bannière" if f.lignes_a_sauter else ""
        lines.append(f"- `{f.motif}`{where} : {f.format}{inside}{csv}{skip}")
    lines += ["", "| colonne | sens | type | particularité |", "|---|---|---|---|"]
    for c in table.colonnes:
        notes = [c.unite] if c.unite else []
        notes += ["**donnée personnelle**"] if c.personnel else []
        notes += ["absente de certains millésimes"] if c.facultative and not card_rules(c) else []
        notes += card_rules(c)
        lines.append(f"| {c.nom} | {c.description} | {c.type} | {', '.join(notes)} |")
    return lines
