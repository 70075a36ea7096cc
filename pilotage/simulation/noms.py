"""Fictional names. Every root holds a pair of letters that no French commune's name holds («zd», «vl», «kv» …), so a
simulated name can never be that of a real commune, whatever the seed; a test compares them with the official list."""

from __future__ import annotations

import unicodedata
import zlib

import numpy as np


def mots(texte: str, separateur: str | None = None) -> list[str]:
    """The words of a long constant."""
    return texte.split(separateur)


DEBUTS = mots(
    "Bra Bro Cal Car Cor Cra Da Del Dor Fa Fer Fla For Ga Gar Glo Gra Hau Ju La Lé Lor Lu Ma Mar Mé Mon Mor Na Né No "
    "Or Pa Pel Per Pla Pra Qué Ra Ro Ru Sa Sé Sol Su Ta Ter Tor Tra Tu Va Vé Ver Vi Au Ar É Al Er Ou"
)
PIVOTS = mots("zda zde zdo zgo zga zna zné zno zpe zpa vla vle vlo vna vno vné kva kvo pka jva jvé vma vmo vze vzo zja")
MILIEUX = mots("la le lo ma mi na no ra re ri ro sa si ta ti to vi vo ba be di du")
FINS = mots(
    "c gnac ville court gny nay ron rolles sson tte ches nne rac lle sse mont bourg val lan ret gney bec rey chy ncy "
    "llon zac ges vres bray ntin pont sac ndes rs x th ghem nges lieu mpé dec"
)
LIAISONS = ("sur", "lès", "en", "sous", "près", "de")
ARTICLES = {0: "", 1: "", 2: "Le ", 3: "La ", 4: "Les ", 5: "L'", 6: "Aux ", 7: "Las ", 8: "Los "}
VOIES = mots(
    "de la Mairie|de l'École|de l'Église|du Moulin|des Tilleuls|des Écoles|du Lavoir|de la Fontaine|du Stade|"
    "des Lilas|de la Gare|du Marché|des Acacias|du Château|de la Poste|des Vignes|du Pont|de la République|"
    "de la Liberté|des Jardins|du Puits|du Four|de la Forge|des Prés|du Bois|de la Source|des Chênes|de l'Étang|"
    "du Général Simulé|de la Résistance|de Verdun|du Commerce|des Artisans|Simone Exemple|Victor Exemple",
    "|",
)
TYPES_VOIE = ("Rue", "Place", "Avenue", "Boulevard", "Route", "Chemin", "Impasse", "Allée")
ABREGES = {"Avenue": "AV", "Boulevard": "BD", "Place": "PL", "Route": "RTE", "Chemin": "CHE", "Impasse": "IMP",
           "Allée": "ALL", "Rue": "RUE"}  # fmt: skip


def tirage(communes: int, graine: int, sujet: str) -> np.random.Generator:
    """One independent and repeatable stream of draws by subject, so that adding a subject moves no other."""
    return np.random.default_rng([graine, communes, zlib.crc32(sujet.encode())])


def sans_accents(texte: str) -> str:
    """ASCII letters; œ and typographic marks are spelled out."""
    plat = texte.replace("œ", "oe").replace("Œ", "OE").replace("’", "'")
    return unicodedata.normalize("NFD", plat).encode("ascii", "ignore").decode()


def majuscules(texte: str) -> str:
    """Upper case without accents, apostrophes or hyphens, as Insee's NCC and La Poste write names."""
    return sans_accents(texte).upper().replace("-", " ").replace("'", " ")


def libelle(tncc: int, nom: str) -> str:
    """The name with its article, from Insee's type of name."""
    return ARTICLES[tncc] + nom


def radicaux(rng: np.random.Generator, nombre: int) -> list[str]:
    """`nombre` roots, each with one of the impossible pairs."""
    debut, pivot = rng.integers(len(DEBUTS), size=nombre), rng.integers(len(PIVOTS), size=nombre)
    milieu = np.where(rng.random(nombre) < 0.45, rng.integers(len(MILIEUX), size=nombre), -1)
    fin = rng.integers(len(FINS), size=nombre)
    choix = zip(debut.tolist(), pivot.tolist(), milieu.tolist(), fin.tolist(), strict=True)
    return [DEBUTS[a] + PIVOTS[b] + (MILIEUX[c] if c >= 0 else "") + FINS[d] for a, b, c, d in choix]


def communes(rng: np.random.Generator, nombre: int) -> tuple[np.ndarray, list[str]]:
    """Types of name (TNCC, 0 to 8) and names without article, with the homonyms that reality has."""
    noms, seconds = radicaux(rng, nombre), radicaux(rng, nombre)
    compose = rng.random(nombre) < 0.22
    liaison = rng.integers(len(LIAISONS), size=nombre)
    for i in np.flatnonzero(compose).tolist():
        noms[i] = f"{noms[i]}-{LIAISONS[liaison[i]]}-{seconds[i]}"
    sort = rng.random(nombre)
    voyelle = np.array([sans_accents(n[0]) in "AEIOUY" for n in noms])
    tncc = np.select([sort < 0.034, sort < 0.058, sort < 0.069], [3, 2, 4], 0)
    tncc = np.where(voyelle, np.where(sort < 0.02, 5, 1), tncc)
    return tncc, noms


def adresses(rng: np.random.Generator, nombre: int) -> tuple[list[str], list[str], list[str]]:
    """Number (may be empty), kind of way and name of way."""
    numero = np.where(rng.random(nombre) < 0.78, rng.integers(1, 90, size=nombre), 0)
    genre = rng.choice(len(TYPES_VOIE), size=nombre, p=(0.5, 0.2, 0.1, 0.05, 0.06, 0.04, 0.02, 0.03))
    voie = rng.integers(len(VOIES), size=nombre)
    return (
        [str(n) if n else "" for n in numero.tolist()],
        [TYPES_VOIE[g] for g in genre.tolist()],
        [VOIES[v] for v in voie.tolist()],
    )


def siren(rangs: np.ndarray) -> list[str]:
    """Nine digits in the family «29», that the register does not use, closed by their Luhn key (rank below 10⁶)."""
    chiffres = np.array([int(c) for c in "29"] + [0] * 6)[None, :].repeat(len(rangs), 0)
    for k in range(6):
        chiffres[:, 7 - k] = rangs // 10**k % 10
    return ["".join(map(str, ligne)) + str(cle) for ligne, cle in zip(chiffres.tolist(), _luhn(chiffres), strict=True)]


def siret(sirens: list[str], rang: int = 1) -> list[str]:
    """Fourteen digits: the SIREN, a four-digit establishment number and the Luhn key of the whole."""
    bases = np.array([[int(c) for c in f"{s}{rang:04d}"] for s in sirens]).reshape(-1, 13)
    return ["".join(map(str, base)) + str(cle) for base, cle in zip(bases.tolist(), _luhn(bases), strict=True)]


def _luhn(chiffres: np.ndarray) -> list[int]:
    doubles = chiffres.copy()
    doubles[:, ::-1][:, ::2] *= 2
    return (-(doubles - 9 * (doubles > 9)).sum(1) % 10).tolist()
