"""Schools: the ministry's directory as a GeoParquet, and the social position indices of schools and collèges."""

from __future__ import annotations

import io
import json
import struct

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot
from pilotage.simulation.histoire import Etat, Histoire
from pilotage.simulation.profils import Profils
from pilotage.simulation.territoire import Territoire

NATURES = {  # nature: (establishments in reality, weight of the population, mean number of pupils)
    "Ecole": (48_701, 0.6, 130), "Collège": (9_032, 0.9, 480), "Lycée": (5_601, 1.0, 630),
    "Médico-social": (2_297, 0.9, 0), "Service Administratif": (2_044, 1.0, 0), "Autre": (362, 1.0, 0),
}  # fmt: skip
ENTETE_IPS = (
    "Rentrée scolaire;Académie;Code du département;Département;UAI;Nom de l'établissment;Code INSEE de la commune;"
    "Nom de la commune;Secteur;IPS"
)
GEO = {
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
    "version": "1.0.0",
}


class Ecoles:
    """Parallel arrays over establishments."""

    def __init__(self, t: Territoire) -> None:
        rng, self.t = t.tirage("ecoles"), t
        poids = np.where(t.population > 0, t.population, 0).astype(float)
        lots = []
        for nature, (reel, puissance, _) in NATURES.items():
            p = poids**puissance
            lots.append((nature, rng.choice(len(t), size=t.nombre(reel, 4), p=p / p.sum())))
        self.village = np.concatenate([v for _, v in lots])
        self.nature = [n for n, v in lots for _ in range(len(v))]
        n = len(self.village)
        self.uai = [f"{9_000_000 + k:07d}{chr(65 + k % 23)}" for k in range(n)]
        self.prive = rng.random(n) < 0.19
        moyenne = np.array([NATURES[x][2] for x in self.nature], float)
        self.eleves = np.rint(np.maximum(8, moyenne * rng.lognormal(-0.15, 0.5, n)))
        muet = np.where(np.array([x == "Ecole" for x in self.nature]), rng.random(n) < 0.03, rng.random(n) < 0.25)
        self.eleves[muet | (moyenne == 0)] = np.nan
        self.lat = t.lat[self.village] + rng.normal(0, 0.008, n)
        self.lon = t.lon[self.village] + rng.normal(0, 0.008, n)
        self.quartier = rng.integers(0, 1 << 20, n)

    def __len__(self) -> int:
        return len(self.village)

    def code(self, k: int, etat: Etat) -> str:
        """Code of the commune, or of the arrondissement in a divided city."""
        village = int(self.village[k])
        villes = self.t.villes.tolist()
        if village in villes:
            codes = self.t.code_arrondissement(villes.index(village))
            return codes[int(self.quartier[k]) % len(codes)]
        return str(self.t.code[etat.parent[village]])

    def commune(self, k: int, etat: Etat) -> str:
        chef = etat.parent[self.village[k]]
        return noms.libelle(etat.tncc[chef], etat.nom[chef])


def write(t: Territoire, h: Histoire, p: Profils, depot: Depot) -> None:
    ecoles = Ecoles(t)
    _write_annuaire(ecoles, h.etats["2025"], depot)
    _write_ips(ecoles, h.etats["2021"], p, depot)


def _write_annuaire(e: Ecoles, etat: Etat, depot: Depot) -> None:
    """A few establishments come once more for their second site, with the same number of pupils."""
    ordre = [*range(len(e)), *range(0, len(e), max(1, len(e) // max(1, e.t.nombre(74))))]
    ecole = [e.nature[k] == "Ecole" for k in ordre]
    tirage = e.t.tirage("annuaire").random((len(ordre), 2))
    colonnes = {
        "identifiant_de_l_etablissement": [e.uai[k] for k in ordre],
        "nom_etablissement": [f"{e.nature[k]} simulé de {e.commune(k, etat)}" for k in ordre],
        "type_etablissement": [e.nature[k] for k in ordre],
        "statut_public_prive": [
            None if e.nature[k] == "Service Administratif" else "Privé" if e.prive[k] else "Public" for k in ordre
        ],
        "code_commune": [e.code(k, etat) for k in ordre],
        "nom_commune": [e.commune(k, etat) for k in ordre],
        "code_region": [e.t.region_dep[e.t.dep[e.village[k]]] for k in ordre],
        "code_academie": [e.t.codes_dep[e.t.dep[e.village[k]]] for k in ordre],
        "ecole_maternelle": [float(s < 0.74) if x else None for x, s in zip(ecole, tirage[:, 0].tolist(), strict=True)],
        "ecole_elementaire": [
            float(s < 0.74) if x else None for x, s in zip(ecole, tirage[:, 1].tolist(), strict=True)
        ],
        "voie_generale": ["1" if e.nature[k] == "Lycée" else "0" if e.nature[k] == "Collège" else None for k in ordre],
        "nombre_d_eleves": [float(e.eleves[k]) for k in ordre],
        "geometry": [struct.pack("<BIdd", 1, 1, e.lon[k], e.lat[k]) for k in ordre],
        "__index_level_0__": list(range(len(ordre))),
    }
    contenu = geoparquet(colonnes)
    fichier = "annuaire_ecoles_france_mini.parquet"
    depot.octets("education__annuaire", "2025", fichier, contenu, separator="parquet", rows=str(len(ordre)))


def geoparquet(colonnes: dict[str, list]) -> bytes:
    """A parquet file whose metadata say that `geometry` holds WKB points."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(colonnes).replace_schema_metadata({"geo": json.dumps(GEO)})
    tampon = io.BytesIO()
    pq.write_table(table, tampon, compression="snappy")
    return tampon.getvalue()


def _write_ips(e: Ecoles, etat: Etat, p: Profils, depot: Depot) -> None:
    """Indices fall where poverty is high; a third of schools have none, and one collège an empty cell."""
    rng, t = e.t.tirage("ips"), e.t
    base = 103 - 220 * (p.pauvrete[e.village] - p.pauvrete.mean()) + 8 * e.prive + rng.normal(0, 11, len(e))
    ips, publie = np.clip(base, 50, 155), rng.random(len(e)) < 0.68
    for nature, nom in (("Ecole", "ecoles"), ("Collège", "colleges")):
        choisis = [k for k in range(len(e)) if e.nature[k] == nature and (publie[k] or nature == "Collège")]
        rangees = []
        for rang, k in enumerate(choisis):
            dep = t.codes_dep[t.dep[e.village[k]]]
            rangees.append((
                "2021-2022", f"ACADEMIE {t.region_dep[t.dep[e.village[k]]]}", dep.rjust(3, "0"),
                f"DEPARTEMENT {dep}", e.uai[k], noms.majuscules(f"{nature} simulé {rang}"), e.code(k, etat),
                noms.majuscules(e.commune(k, etat)), "privé sous contrat" if e.prive[k] else "public",
                "" if nature == "Collège" and rang == 5 and len(choisis) > 1_000 else f"{ips[k]:.1f}",
            ))  # fmt: skip
        colonnes = list(zip(*rangees, strict=True))
        depot.csv(
            "education__ips", "2022", f"fr-en-ips_{nom}_2022.csv", ENTETE_IPS, colonnes, separateur=";", fin="\r\n"
        )
