"""A simulated building file, written batch by batch: memory depends on the batch and the communes, not on the rows.

Buildings follow the simulated territory: as many in each commune as its premises weigh, deployed in the share that
`Profils.part_fibre` gives at the quarter's end, so a building deployed once stays so. Faults are those of upstream's
files, in fixed shares (`FAUTES`): zeros lost by a spreadsheet, several operators that declare one building, repeated
rows, codes of no commune, states empty, unknown or written otherwise.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from pilotage.errors import ErreurConfiguration
from pilotage.immeubles.forme import CATEGORIES, COLONNES, ETATS
from pilotage.simulation.histoire import Histoire, compter
from pilotage.simulation.insee_chiffres import Places
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import dresser

LOT = 200_000
PAR_FICHIER = 2_000_000
FAUTES = {
    "zero_perdu": 0.02, "autre_operateur": 0.015, "repetee": 0.004, "code_inconnu": 0.003, "etat_vide": 0.005,
    "etat_inconnu": 0.0005, "etat_ecrit_autrement": 0.01, "sans_identifiant": 0.0002, "sans_operateur": 0.002,
    "sans_categorie": 0.004,
}  # fmt: skip
OPERATEURS = ("FRTE", "SFR0", "FREE", "BOUY", "AXIO", "ALTI", "COVA", "ONUM", "THDB", "SIEA", "TUTO", "LOSA")
INCONNUS = ("99999", "75156X", "ABCDE", "00000", "")
VOIES = ("RUE", "AVENUE", "CHEMIN", "IMPASSE", "PLACE", "ROUTE")
NOMS_VOIE = ("DES SAULES SIMULES", "DU PUITS SIMULE", "DE L ECOLE SIMULEE", "DU MOULIN SIMULE", "HAUTE SIMULEE")
JOURS = np.datetime_as_string(np.datetime64("2018-06-30") + np.arange(2900)).tolist()
PARTS_CATEGORIES = (0.78, 0.14, 0.055, 0.02, 0.005)
ENTRE = (0.05, 0.25, 0.45, 0.75)  # of those not deployed: dropped, aimed at, signed, on demand; the rest under way


@dataclass(frozen=True)
class Ecrits:
    """What a call wrote; `lignes` counts all quarters, repeated rows included."""

    dossier: Path
    csv: list[Path]
    parquet: Path
    communes: Path
    lignes: int


@dataclass(frozen=True)
class _Pays:
    """What buildings need of the communes, as arrays."""

    codes: np.ndarray
    noms: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    dense: np.ndarray
    operateur: np.ndarray
    parts: dict[str, np.ndarray]
    cumul: np.ndarray  # buildings of the communes before each one


def simulate(
    premises: int, communes: int, seed: int, folder: Path, trimestres: tuple[str, ...] = ("2026T2",), csv: bool = True
) -> Ecrits:
    """Write about `premises` rows over all quarters: upstream's CSV, Parquet by quarter, and the list of communes.

    Args:
        premises: rows wanted, shared equally among quarters; repeated rows come on top (about 2 %).
        folder: replaced when it holds a former simulation of buildings.

    Raises:
        ErreurConfiguration: fewer rows than communes and quarters, or a folder that holds something else.
    """
    if premises < communes * len(trimestres):
        raise ErreurConfiguration(
            f"{premises} immeubles pour {communes} communes et {len(trimestres)} trimestres",
            attendu="au moins un immeuble par commune et trimestre",
        )
    _clear(folder)
    pays = _pays(communes, seed, premises // len(trimestres), trimestres)
    liste = folder / "communes.csv"
    lines = [f"{c},COM" for c in pays.codes.tolist()]
    liste.write_text("COM,TYPECOM\n" + "\n".join(lines) + "\n", encoding="utf-8")
    files, rows = [], 0
    for trimestre in trimestres:
        name = f"carte_fibre_immeubles_{trimestre[:4]}_{trimestre[4:]}_simulation"
        target = folder / f"{name}.csv" if csv else None
        rows += _write(_lots(pays, seed, trimestre), folder / "parquet" / f"trimestre={trimestre}", target)
        files += [target] if target else []
    return Ecrits(folder, files, folder / "parquet", liste, rows)


def _clear(folder: Path) -> None:
    mark = folder / "SIMULATION"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        conseil = "choisir un dossier vide, la simulation n'écrit jamais parmi d'autres fichiers"
        raise ErreurConfiguration("le dossier n'est pas vide", fichier=str(folder), conseil=conseil)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.write_text("DONNÉES SIMULÉES : immeubles, opérateurs et communes sont inventés.\n", encoding="utf-8")


def _pays(communes: int, seed: int, immeubles: int, trimestres: tuple[str, ...]) -> _Pays:
    t = dresser(communes, seed, sum(compter(communes).values()))
    profils = Profils(t)
    places = Places(t, Histoire(t).etats["2025"], villes=False)
    weight = np.maximum(places.somme(profils.locaux), 1) ** 0.85  # buildings of a city hold more premises
    counts = np.maximum(np.floor(weight / weight.sum() * immeubles).astype(int), 1)
    counts[np.argmax(counts)] += immeubles - counts.sum()
    rng = t.tirage("immeubles")
    years = {q: int(q[:4]) + int(q[5]) / 4 for q in trimestres}
    return _Pays(
        np.array(places.codes), np.array(places.libelles(), dtype=object), t.lon[places.village],
        t.lat[places.village], places.moyenne(profils.urbanite) > 0.985,
        rng.integers(len(OPERATEURS), size=len(counts)),
        {q: np.clip(places.moyenne(profils.part_fibre(y)), 0, 1) for q, y in years.items()},
        np.concatenate([[0], np.cumsum(counts)]),
    )  # fmt: skip


def _lots(pays: _Pays, seed: int, trimestre: str) -> Iterator[pa.Table]:
    """Batches of a quarter: what a building is depends on the seed alone, its faults on the quarter too."""
    total = int(pays.cumul[-1])
    for start in range(0, total, LOT):
        rank = np.arange(start, min(start + LOT, total))
        lasting = np.random.default_rng([seed, start])
        ours = np.random.default_rng([seed, start, int(trimestre[:4]), int(trimestre[5])])
        yield _spoil(_buildings(pays, rank, lasting, trimestre), ours)


def _buildings(pays: _Pays, rank: np.ndarray, rng: np.random.Generator, trimestre: str) -> dict[str, np.ndarray]:
    n = len(rank)
    place = np.searchsorted(pays.cumul, rank, side="right") - 1
    size = np.minimum(rng.choice(5, n, p=PARTS_CATEGORIES) + (pays.dense[place] & (rng.random(n) < 0.7)), 4)
    before, other = rng.random(n), rng.random(n)
    deployed = before < pays.parts[trimestre][place]
    state = np.where(deployed, 5, np.searchsorted(ENTRE, other))
    second = pays.dense[place] & (rng.random(n) < 0.3)
    operator = np.where(second, rng.integers(len(OPERATEURS), size=n), pays.operateur[place])
    day = np.where(deployed, (before * 2900).astype(int), 0)
    return {
        "rank": rank, "place": place, "size": size, "state": state, "operator": operator, "day": day,
        "lon": pays.lon[place] + rng.normal(0, 0.01, n), "lat": pays.lat[place] + rng.normal(0, 0.01, n),
        "number": rng.integers(1, 200, n), "way": rng.integers(len(VOIES), size=n),
        "street": rng.integers(len(NOMS_VOIE), size=n), "codes": pays.codes, "names": pays.noms,
    }  # fmt: skip


def _spoil(b: dict[str, np.ndarray], rng: np.random.Generator) -> pa.Table:
    """Upstream's columns, as text, with faults; repeated and twice-declared rows come shuffled among the others."""
    n = len(b["rank"])
    hit = {fault: rng.random(n) < share for fault, share in FAUTES.items()}
    rows = np.concatenate([np.arange(n), np.flatnonzero(hit["repetee"]), np.flatnonzero(hit["autre_operateur"])])
    second = np.arange(len(rows)) >= n + hit["repetee"].sum()
    draw = lambda size: rng.integers(size, size=len(rows))  # noqa: E731
    hit = {fault: touched[rows] for fault, touched in hit.items()}
    state = np.where(second, draw(len(ETATS)), b["state"][rows])
    day = np.where(second, 2025, b["day"][rows])
    operator = np.where(second, draw(len(OPERATEURS)), b["operator"][rows])
    code = _choose(b["codes"], b["place"][rows])
    lost = pa.array(hit["zero_perdu"])
    code = pc.if_else(pc.and_(lost, pc.starts_with(code, "0")), pc.utf8_slice_codeunits(code, 1, 5), code)
    code = pc.if_else(pa.array(hit["code_inconnu"]), _choose(INCONNUS, draw(len(INCONNUS))), code)
    written = _choose(ETATS, state)
    written = pc.if_else(pa.array(hit["etat_ecrit_autrement"]), pc.utf8_upper(written), written)
    written = pc.if_else(pa.array(hit["etat_vide"]), _choose(("", " "), draw(2)), written)
    written = pc.if_else(pa.array(hit["etat_inconnu"]), "en attente", written)
    table = {
        "imb_id": pc.if_else(pa.array(hit["sans_identifiant"]), "", _identifiers(b["rank"][rows])),
        "code_insee": code,
        "catg_loc_imb": pc.if_else(pa.array(hit["sans_categorie"]), "", _choose(tuple(CATEGORIES), b["size"][rows])),
        "imb_etat": written,
        "code_l331": pc.if_else(pa.array(hit["sans_operateur"]), "", _choose(OPERATEURS, operator)),
        "date_completude": pc.if_else(pa.array(state == 5), _choose(JOURS, day), ""),
    } | _plain(b, rows)
    return pa.table({c: table[c] for c in COLONNES}).take(pa.array(rng.permutation(len(rows))))


def _choose(words: Sequence[str], which: np.ndarray) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(which))


def _identifiers(rank: np.ndarray) -> pa.Array:
    """National form of a building's identifier: IMB/<5>/<1>/<4>, in letters and digits."""
    alphabet = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)
    text = np.tile(np.frombuffer(b"IMB/-----/-/----", np.uint8), (len(rank), 1))
    for power, at in enumerate((15, 14, 13, 12, 10, 8, 7, 6, 5, 4)):
        text[:, at] = alphabet[rank // 36**power % 36]
    return pa.array(text.view("S16").ravel(), pa.binary()).cast(pa.string())


def _plain(b: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, pa.Array]:
    """Columns that nothing reads."""
    n = len(rows)
    constant = {c: pa.repeat(pa.scalar(""), n) for c in ("cp_no_voie", "batiment", "date_completude_manquante")}
    return constant | {
        "x": pa.array(np.round(b["lon"][rows], 6)).cast(pa.string()),
        "y": pa.array(np.round(b["lat"][rows], 6)).cast(pa.string()),
        "num_voie": pa.array(b["number"][rows]).cast(pa.string()),
        "type_voie": _choose(VOIES, b["way"][rows]),
        "nom_voie": _choose(NOMS_VOIE, b["street"][rows]),
        "code_poste": _choose(b["codes"], b["place"][rows]),
        "nom_com": _choose(b["names"], b["place"][rows]),
        "pm_ref": pc.binary_join_element_wise("PM", pa.array(b["rank"][rows] // 350).cast(pa.string()), "-"),
        "pm_etat": pa.repeat(pa.scalar("deploye"), n),
        "pm_date_mad": pa.repeat(pa.scalar("2021-03-31"), n),
        "type_imb": pc.if_else(pa.array(b["size"][rows] == 0), "PAVILLON", "IMMEUBLE"),
    }


def _write(lots: Iterator[pa.Table], folder: Path, csv: Path | None) -> int:
    """Stream batches into Parquet files of bounded size and, if asked, one CSV; returns the rows."""
    folder.mkdir(parents=True)
    schema = pa.schema([(c, pa.string()) for c in COLONNES])
    options = pa.csv.WriteOptions(include_header=True, quoting_style="none")
    rows, part, writer = 0, 0, None
    with ExitStack() as stack:
        sheet = stack.enter_context(pa.csv.CSVWriter(csv, schema, write_options=options)) if csv else None
        for lot in lots:
            if writer is None:
                writer = pq.ParquetWriter(folder / f"part-{part:04d}.parquet", schema, compression="zstd")
            writer.write_table(lot)
            if sheet:
                sheet.write_table(lot)
            rows += lot.num_rows
            if rows >= (part + 1) * PAR_FICHIER:
                writer.close()
                writer, part = None, part + 1
        if writer:
            writer.close()
    return rows
