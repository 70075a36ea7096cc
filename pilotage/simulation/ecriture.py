"""Writers: bytes are decided here, and depend on nothing but what they are given (no clock, locale or set order)."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DATE_FIXE = (2000, 1, 1, 0, 0, 0)
_A_ECHAPPER = re.compile(r'["\r\n]')


def texte(values: Iterable) -> list[str]:
    """Numbers as Python writes them, strings as they are; a numpy array is converted at once."""
    return list(map(str, values.tolist() if isinstance(values, np.ndarray) else values))


def decimal(values: np.ndarray, digits: int) -> list[str]:
    """Fixed number of decimals, «.» as mark."""
    model = f"%.{digits}f"
    return [model % v for v in values.tolist()]


def significatif(values: np.ndarray, digits: int = 15) -> list[str]:
    """Significant digits without trailing zeros, as the statistical packages export them."""
    model = f"%.{digits}g"
    return [model % v for v in values.tolist()]


def masque(values: Sequence[str], garde: np.ndarray, sinon: str = "") -> list[str]:
    """`values` where `garde` is true, `sinon` elsewhere."""
    return [v if g else sinon for v, g in zip(values, garde.tolist(), strict=True)]


def minimal(values: Iterable[str], separateur: str) -> list[str]:
    """Quotes only the cells that hold the separator, a quote or a line break."""
    return [
        '"' + v.replace('"', '""') + '"' if separateur in v or _A_ECHAPPER.search(v) else v for v in values
    ]  # fmt: skip


def guillemets(values: Iterable[str], *, vide: bool = False) -> list[str]:
    """Quotes every cell; an empty one stays bare unless `vide`, as R writes a missing value."""
    return ['"' + v.replace('"', '""') + '"' if v or vide else "" for v in values]


def lignes(colonnes: Sequence[Sequence[str]], separateur: str, fin: str) -> Iterator[str]:
    """Records of columns of equal length."""
    joint = separateur.join
    return (joint(cells) + fin for cells in zip(*colonnes, strict=True))


def archive(membres: dict[str, bytes]) -> bytes:
    """A zip whose bytes depend only on its members."""
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zip_:
        for nom, octets in membres.items():
            info = zipfile.ZipInfo(nom, DATE_FIXE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            zip_.writestr(info, octets)
    return tampon.getvalue()


def classeur(feuilles: dict[str, Iterable[Sequence]]) -> bytes:
    """An xlsx workbook of the given sheets, without the hour at which it was written."""
    from openpyxl import Workbook

    livre = Workbook(write_only=True)
    for titre, rangees in feuilles.items():
        feuille = livre.create_sheet(titre)
        for rangee in rangees:
            feuille.append(rangee)
    livre.properties.creator = "Pilotage, données simulées"
    livre.properties.created = dt.datetime(*DATE_FIXE)
    tampon = io.BytesIO()
    livre.save(tampon)
    with zipfile.ZipFile(tampon) as brut:
        membres = {nom: brut.read(nom) for nom in sorted(brut.namelist())}
    horloge = rb'(<dcterms:modified xsi:type="dcterms:W3CDTF">)[^<]*'
    membres["docProps/core.xml"] = re.sub(horloge, rb"\g<1>2000-01-01T00:00:00Z", membres["docProps/core.xml"])
    return archive(membres)


def json_indente(objets: list[dict]) -> bytes:
    """A JSON array as the mediation lists are published: indented by two, accents kept."""
    return (json.dumps(objets, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass
class Depot:
    """Where the files of one simulation go: `<racine>/<source>/<millesime>/<fichier>`, each noted for the manifest."""

    racine: Path
    fichiers: list[dict[str, str]] = field(default_factory=list)

    def octets(self, source: str, millesime: str, fichier: str, contenu: bytes, **notes: str) -> None:
        """Writes one file whole."""
        self._write(source, millesime, fichier, [contenu], notes)

    def csv(
        self, source: str, millesime: str, fichier: str, entete: str, colonnes: Sequence[Sequence[str]], *,
        separateur: str = ",", fin: str = "\n", encodage: str = "utf-8", avant: str = "", derniere_fin: bool = True,
        **notes: str,
    ) -> None:  # fmt: skip
        """Streams one CSV file: optional lines `avant`, the header, then the records."""

        def blocs() -> Iterator[bytes]:
            yield (avant + entete).encode(encodage)
            for ligne in lignes(colonnes, separateur, ""):
                yield (fin + ligne).encode(encodage)
            if derniere_fin:
                yield fin.encode()

        notes = {"separator": separateur, "encoding": encodage, "rows": str(len(colonnes[0])), **notes}
        self._write(source, millesime, fichier, blocs(), notes)

    def _write(self, source: str, millesime: str, fichier: str, blocs: Iterable[bytes], notes: dict) -> None:
        chemin = self.racine / source / millesime / fichier
        chemin.parent.mkdir(parents=True, exist_ok=True)
        empreinte, taille = hashlib.sha256(), 0
        provisoire = chemin.with_name(chemin.name + ".partiel")
        with provisoire.open("wb") as sortie:
            for bloc in blocs:
                empreinte.update(bloc)
                taille += sortie.write(bloc)
        provisoire.replace(chemin)
        self.fichiers.append(
            {"source": source, "millesime": millesime, "file": fichier, "bytes": str(taille)}
            | {"sha256": empreinte.hexdigest()}
            | notes
        )
