"""The French note that travels with an export, and its SHA256SUMS."""

from __future__ import annotations

from pathlib import Path

from pilotage.catalogue import LICENCES
from pilotage.datapackage import Generation, SourceServie, TableExportee, description_of, sha256_of
from pilotage.ouvert.exposes import Paquet
from pilotage.ouvert.standard_lieux import FICHIER, SCHEMA, VERSION, Conversion

SIMULEES = """> # ⚠ DONNÉES SIMULÉES
> Le territoire de cet export est **fictif** : noms, codes et chiffres sont inventés par un programme, pour essayer
> Pilotage sans réseau. Ne rien en conclure sur un territoire réel.

"""
USAGE = """## Lire les fichiers
- **CSV** : UTF-8, virgule, guillemets doubles, fin de ligne CRLF (RFC 4180), point décimal, dates AAAA-MM-JJ. Une
  cellule vide est une **valeur absente, jamais un zéro**. Au-delà de 100 Mo le fichier est comprimé (`.csv.gz`, lu tel
  quel par pandas, R, DuckDB, Frictionless) : un tableur ne saurait de toute façon pas l'ouvrir.
- **Cellules qui commencent par `=`, `+`, `-`, `@`, une tabulation ou un retour à la ligne** : dans les colonnes de
  texte du CSV, une apostrophe les précède, pour qu'un tableur n'exécute pas ce qu'un tiers y aurait écrit. Retirer la
  première apostrophe rend la valeur exacte (`pilotage.neutralisation` de datapackage.json donne le motif). Les nombres
  ne sont pas touchés, et Parquet garde la valeur d'origine.
- **Parquet** : les mêmes lignes, typées, dans le même ordre (zstd).
- **geographie/** : les tables qui ont un lieu ou un contour, en GeoJSON (RFC 7946) et GeoParquet 1.1 (WGS 84).
- **paquets/** : les mêmes fichiers, rangés par sujet ; chacun a son `datapackage.json` et garde sa version tant que
  ses données ne changent pas. `catalogue.jsonld` les décrit en DCAT-AP pour les portails.
- **JOURNAL.md**, **differences.json** : ce qui a changé depuis la publication précédente, table par table.
- **datapackage.json** : le schéma de chaque table (types, descriptions, unités, clés), sa licence et ses sources.

## Vérifier
```
sha256sum -c SHA256SUMS
frictionless validate datapackage.json
```

## Données personnelles
Aucune colonne personnelle des sources (courriels, téléphones) n'est exportée : l'export s'arrête s'il en trouve une,
par son nom suivi à travers les calculs ou par les valeurs des cellules.

"""


def write_lisezmoi(
    generation: Generation,
    exportees: list[TableExportee],
    sources: dict[str, SourceServie],
    folder: Path,
    places: Conversion | None = None,
    package: Paquet | None = None,
) -> Path:
    """Write LISEZMOI.md: what, when, simulated or not, tables with licences, sources with millésimes.

    Args:
        places: what became of our places in the national standard, in the export that holds it.
        package: the declared package that this folder is, None for the whole export.
    """
    title = (
        f"# {package.titre}\n\n{package.description}"
        if package
        else (f"# Pilotage, génération {generation.nom}\n\n{description_of(generation)}")
    )
    parts = [
        SIMULEES if generation.est_simulee else "",
        f"{title}\n\nVersion {generation.nom}, construite le {generation.creee_le}. {len(exportees)} tables.\n\n",
        USAGE,
        _tell_places(places) if places else "",
        "## Tables et licences\n| table | lignes | licence | pourquoi |\n|---|---:|---|---|\n",
        *(_table_row(exported, folder) for exported in exportees),
        "\n## Sources et millésimes servis\n",
        "| source | producteur et jeu | millésime servi | données du | licence | mention |\n",
        "|---|---|---|---|---|---|\n",
        *(_source_row(sources[name]) for name in sorted({n for e in exportees for n in e.licence.sources})),
        _unknown_licences(exportees),
    ]
    path = folder / "LISEZMOI.md"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _tell_places(places: Conversion) -> str:
    left = "".join(f"- {n} : {reason}\n" for reason, n in places.ecartes.items())
    words = "".join(f"- « {word} » ({n} lieux)\n" for word, n in places.inconnus.items())
    lost = f"Mots de services que le standard ne connaît pas, laissés de côté :\n{words}\n" if words else ""
    return (
        f"## Le fichier au standard national\n`{FICHIER}` suit le standard « lieux de médiation numérique » v{VERSION} "
        f"({SCHEMA}) : {places.ecrits} lieux sur {places.lieux}. Téléphones et courriels restent vides. Les autres "
        f"lieux n'y sont pas, car :\n{left}\n{lost}"
    )


def _table_row(exported: TableExportee, folder: Path) -> str:
    path = exported.fichiers.csv.relative_to(folder).as_posix()
    count = f"{exported.fichiers.lignes:,}".replace(",", " ")
    licence = exported.licence
    return f"| [{exported.table.nom_complet}]({path}) | {count} | {licence.libelle} | {licence.explication} |\n"


def _source_row(served: SourceServie) -> str:
    card = served.fiche
    vintage = (served.millesime or "non connu") + (" (périmé)" if served.est_perimee else "")
    title = f"{card.producteur}, {card.titre}"
    cells = [card.source, f"[{title}]({card.page})" if card.page.startswith("http") else title, vintage]
    cells += [served.date_donnees or "non connue", LICENCES[card.licence][0], card.attribution]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _unknown_licences(exportees: list[TableExportee]) -> str:
    unknown = sorted({name for exported in exportees for name in exported.licence.inconnues})
    if not unknown:
        return ""
    return (
        "\n## Licences inconnues\nLa licence de ces sources n'a pas été vue chez leur producteur ; avant de rediffuser "
        f"une table qui en dépend, la lui demander : {', '.join(unknown)}.\n"
    )


def write_sums(folder: Path) -> Path:
    """Write SHA256SUMS of every other file, in the order of their paths, as `sha256sum -c` reads it."""
    path = folder / "SHA256SUMS"
    draft = path.with_name(f".{path.name}.partiel")  # sums say that an export is whole: never half written
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p not in (path, draft))
    known: dict[int, str] = {}
    for file in files:
        inode = file.stat().st_ino
        if inode not in known:  # a file of a package is one of the export's, under another name
            known[inode] = sha256_of(file)
    lines = [f"{known[file.stat().st_ino]}  {file.relative_to(folder).as_posix()}\n" for file in files]
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(path)
    return path
