"""Public libraries (Ministry of Culture) and La Poste's points of contact, as their producers export them."""

from __future__ import annotations

import numpy as np

from pilotage.simulation import noms
from pilotage.simulation.adresses import centres
from pilotage.simulation.ecriture import Depot, minimal
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.portes import BIBLIOTHEQUE, POSTE, Portes
from pilotage.simulation.territoire import rares

BIBLIOTHEQUES = (
    "Libelle1;Libelle2;Localisation;voie;CP;CEDEXB;Ville;DEPT;INSEE;coordonnees_ban;coordonnees_insee;"
    "coordonnees_finales;code_bib;code_ua;Code region;Statut;surface;type_adresse;amplitude_horaire;pop_com"
)
POINTS = (
    "#Identifiant_du_site;Libellé_du_site;Caractéristique_du_site;Site_Acores_de_rattachement;Adresse;"
    "Complément_d_adresse;Lieu_dit;Code_postal;Localité;Code_INSEE;Pays;Latitude;Longitude;Précision_du_géocodage;"
    "Numéro_de_téléphone;latlong"
)
ENSEIGNES = (
    "Bibliotheque Municipale", "Bibliothèque Municipale", "Médiathèque de {}", "Bibliothèque de {}",
    "Mediatheque Municipale", "BIBLIOTHEQUE DE {}", "Médiathèque intercommunale (simulée)",
)  # fmt: skip
STATUTS = ("Bibliothèque municipale", "Bibliothèque municipale classée", "Bibliothèque départementale", "")
POINTS_POSTE = (
    "Bureau de Poste", "Agence postale communale", "Relais poste commerçant", "Agence postale intercommunale",
)  # fmt: skip
SUFFIXES = ("", " AP", " RP", " AI")
PRECISIONS = (
    "Géocodé au numéro",
    "Géocodé au centre de la commune",
    "Géocodé au milieu d un îlot",
    "Géocodé au milieu de la rue",
)


def write(portes: Portes, h: Histoire, depot: Depot) -> None:
    _write_bibliotheques(portes, h, depot)
    _write_postes(portes, h, depot)


def _write_bibliotheques(portes: Portes, h: Histoire, depot: Depot) -> None:
    """Numbers as floats, three columns of coordinates, postcodes «00000», CRLF."""
    t, etat, rng = portes.t, h.etats["2021"], portes.t.tirage("bibliotheques")
    lon, lat, _ = centres(t, etat)
    population = etat.somme(t.peuple(2017)).astype(int)
    doors = rng.permutation(portes.de(BIBLIOTHEQUE))
    sort = rng.random((len(doors), 9))
    enseigne = rng.choice(7, size=len(doors), p=(0.17, 0.16, 0.22, 0.2, 0.1, 0.12, 0.03))
    statut = rng.choice(4, size=len(doors), p=(0.962, 0.024, 0.011, 0.003))
    rangees, essais = [], range(5, 6 + len(doors) // 15_779)  # a trial record left in the file
    for k, i in enumerate(doors.tolist()):
        ville, s, rang = portes.commune(i, etat), sort[k], etat.rang[portes.village[i]]
        dep = t.dep[portes.village[i]]
        ban = "" if s[0] < 0.052 else f"{portes.lat[i]:.6f}, {portes.lon[i]:.6f}"
        centre = "" if s[1] < 0.0025 else f"{lat[rang]:.10f}, {lon[rang]:.11f}"
        rangees.append((
            "Test" if k in essais else ENSEIGNES[enseigne[k]].format(ville), "Mairie" if s[2] < 0.18 else "",
            "Le Bourg" if s[3] < 0.27 else "",
            "" if s[4] < 0.1 else portes.adresse(i, ("minuscule", "majuscule")[k % 2]),
            "00000" if s[5] < 0.005 else portes.cp[i], "CEDEX" if s[5] > 0.974 else "",
            noms.majuscules(ville) if k % 3 == 0 else ville, t.codes_dep[dep],
            portes.code(i, etat), ban, centre, (ban or centre).replace(", ", ","), f"{k + 1}.0",
            f"{k + 1 if s[6] < 0.8 else max(1, k - k % 5)}.0", "" if s[6] > 0.9955 else t.region_dep[dep],
            STATUTS[statut[k]], "" if s[7] < 0.35 else f"{int(20 + 500 * s[7] ** 4)}.0",
            "Adresse administrative" if s[8] < 0.02 else "Bibliothèque ouverte au public",
            "" if s[8] > 0.66 else f"{4 + int(s[7] * 20) / 2}", f"{population[rang]}.0",
        ))  # fmt: skip
    colonnes = [minimal(c, ";") for c in zip(*rangees, strict=True)]
    depot.csv(
        "culture__bibliotheques", "2020-11", "adresses-des-bibliotheques-publiques.csv", BIBLIOTHEQUES, colonnes,
        separateur=";", fin="\r\n",
    )  # fmt: skip


def _write_postes(portes: Portes, h: Histoire, depot: Depot) -> None:
    """Identifiers of five digits and a letter, capitals, each agency attached to an office of its département."""
    t, etat, rng = portes.t, h.etats["2021"], portes.t.tirage("postes")
    doors = portes.de(POSTE)
    doors = doors[np.argsort(t.code[etat.parent[portes.village[doors]]], kind="stable")]
    n = len(doors)
    genre = rng.choice(4, size=n, p=(0.32, 0.45, 0.216, 0.014))
    urbain = t.population[portes.village[doors]] > 8_000
    genre = np.where(urbain & (rng.random(n) < 0.8), 0, genre)
    identifiants = [f"{(7 * k + 1) % 100_000:05d}{chr(65 + 7 * k // 100_000)}" for k in range(n)]
    deps = t.dep[portes.village[doors]]
    bureaux: dict[int, str] = {}
    for k in np.flatnonzero(genre == 0).tolist():
        bureaux.setdefault(int(deps[k]), identifiants[k])
    precision = rng.choice(4, size=n, p=(0.821, 0.144, 0.028, 0.007))
    muet, sort = np.zeros(n, bool), rng.random((n, 3))
    muet[rng.choice(n, size=rares(n, 26 / 17_700, 0.009), replace=False)] = True
    rangees = []
    for k, i in enumerate(doors.tolist()):
        ville = noms.majuscules(portes.commune(i, etat))
        lat, lon = ("", "") if muet[k] else (f"{portes.lat[i]:.6f}", f"{portes.lon[i]:.6f}")
        rangees.append((
            identifiants[k], ville + SUFFIXES[genre[k]], POINTS_POSTE[genre[k]],
            "" if genre[k] == 0 else bureaux.get(int(deps[k]), identifiants[0]),
            "" if sort[k, 0] < 0.02 else portes.adresse(i, "majuscule"),
            "MAIRIE" if genre[k] == 1 and sort[k, 1] < 0.3 else "", "LE BOURG" if sort[k, 2] < 0.045 else "",
            portes.cp[i], ville, portes.code(i, etat, arrondissement=True), "FRANCE", lat, lon,
            PRECISIONS[1 if muet[k] else precision[k]], "3631", "" if muet[k] else f"{lat},{lon}",
        ))  # fmt: skip
    depot.csv(
        "laposte__points_contact", "2020-12", "laposte_poincont2.csv", POINTS, list(zip(*rangees, strict=True)),
        separateur=";",
    )  # fmt: skip
