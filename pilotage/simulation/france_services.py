"""The three lists of France Services: GeoJSON of 2020, then two different CSV schemas (2022, 2024)."""

from __future__ import annotations

import json

from pilotage.simulation import noms
from pilotage.simulation.ecriture import Depot, guillemets
from pilotage.simulation.histoire import Histoire
from pilotage.simulation.portes import MAIRIE, POSTE, FranceServices, Portes
from pilotage.simulation.territoire import rares

HORAIRES = (
    "09:00 - 12:00 / 14:00 - 17:00", "08:30 - 12:00 / 13:30 - 17:00", "09:00 - 12:30 / 13:30 - 17:00", "09:00 - 12:00",
    "09:00 - 12:00 / 13:30 - 16:30", "08:30 - 12:30", "14:00 - 17:00", "",
)  # fmt: skip
JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi")
FORMATS = ("Fixe", "Multisites", "Bus_équivalent", "Fixe_antenne(s)", "Itinérante")
PART_FORMATS = (0.844, 0.061, 0.047, 0.038, 0.01)
COMMENTAIRES = (
    "Prise de rendez-vous conseillée (horaires simulés)", "Sur rendez-vous le samedi (horaires simulés)",
    "Permanences simulées\n\n\n\n\n\nLundi et mercredi sur RDV ; jeudi de 9h à 12h",
)  # fmt: skip
ENTETE_2022 = noms.mots(
    "id_fs insee_dep lib_fs adresse complement_adresse insee_com code_postal lib_com latitude longitude mail telephone "
    "h_lundi h_mardi h_mercredi h_jeudi h_vendredi h_samedi commentaire itinerance format_fs groupe labellisation"
)
ENTETE_2024 = [
    *ENTETE_2022[:18], "prise_rdv", "commentaire", "type_fs", "format_fs", "groupe_fs", "labellisation_fs"
]  # fmt: skip
NOMBRES = {"latitude", "longitude"}


def telephone(rang: int) -> str:
    """Numbers of the range kept for fiction."""
    return f"01 99 00 {rang // 100 % 100:02d} {rang % 100:02d}"


def jour_francais(date: str) -> str:
    return f"{date[8:]}/{date[5:7]}/{date[:4]}"


class Listes:
    """Writes the lists of France Services; draws common to the three editions are made once."""

    def __init__(self, portes: Portes, sites: FranceServices, h: Histoire, depot: Depot) -> None:
        self.p, self.s, self.h, self.depot, t = portes, sites, h, depot, portes.t
        n, rng = len(sites.village), t.tirage("listes fs")
        self.format = rng.choice(5, size=n, p=PART_FORMATS)
        self.antenne = (self.format == 3) | (rng.random(n) < 0.005)
        self.heures = rng.choice(8, size=(n, 5), p=(0.3, 0.13, 0.13, 0.1, 0.1, 0.1, 0.07, 0.07))
        self.samedi, self.sort = rng.random(n) < 0.15, rng.random((n, 8))
        self.precision = rng.choice([4, 5, 6, 13], size=n, p=(0.03, 0.19, 0.62, 0.16))

    def _name(self, rang: int, annee: str) -> str:
        i = int(self.s.porte[rang])
        commune = self.p.t.nom[self.p.village[i]]
        if self.format[rang] == 2:
            return f"Bus France services {commune}"
        poste = self.p.genre[i] == POSTE and annee == "2024"
        modele = ("de {}", "{}", "du Pays de {}")[int(self.sort[rang, 0] * 2.2)]
        return "France services " + ("La Poste " if poste else "") + modele.format(commune)

    def _common(self, rang: int, annee: str) -> dict[str, str]:
        """Fields that the lists of 2022 and 2024 share."""
        i, etat = int(self.s.porte[rang]), self.h.etats[annee]
        # a delegated commune's own code instead of its commune's, an arrondissement instead of its city
        code = self.p.code(i, etat, arrondissement=bool(self.sort[rang, 1] < 0.6))
        if self.sort[rang, 2] < 0.02:
            code = str(self.p.t.code[self.p.village[i]])
        dep = self.p.t.codes_dep[self.p.t.dep[self.p.village[i]]]
        decimales = int(self.precision[rang])
        complement = {MAIRIE: "Mairie", POSTE: "Bureau de Poste"}.get(int(self.p.genre[i]), "")
        horaires = {f"h_{jour}": HORAIRES[self.heures[rang, k]] for k, jour in enumerate(JOURS)}
        return {
            "insee_dep": dep, "lib_fs": self._name(rang, annee), "adresse": self.p.adresse(i, "usage"),
            "complement_adresse": complement, "insee_com": code, "code_postal": self.p.cp[i],
            "lib_com": self.p.commune(i, etat), "latitude": f"{self.p.lat[i]:.{decimales}f}",
            "longitude": f"{self.p.lon[i]:.{decimales}f}", "mail": f"accueil-{rang}@france-services.exemple",
            "telephone": telephone(rang), **horaires, "h_samedi": "09:00 - 12:00" if self.samedi[rang] else "",
            "commentaire": COMMENTAIRES[int(self.sort[rang, 4] * 3)] if self.sort[rang, 3] < 0.24 else "",
        }  # fmt: skip

    def write(self) -> None:
        self._write_2020()
        self._write_2022()
        self._write_2024()

    def _csv(self, millesime: str, fichier: str, entete: list[str], rangees: list[dict[str, str]]) -> None:
        colonnes = []
        for nom in entete:
            valeurs = [r[nom] for r in rangees]
            colonnes.append(valeurs if nom in NOMBRES else guillemets(valeurs))
        self.depot.csv("anct__france_services", millesime, fichier, ",".join(guillemets(entete)), colonnes)

    def _write_2022(self) -> None:
        rangees = []
        ouverts = self.s.ouverts("2022-12-01", avec_fermes=True).tolist()
        n, t = len(ouverts), self.p.t
        muets, sans_commune = rares(n, 26 / 2683, 0.009), rares(n, 1 / 2683, 0.011)
        for k, rang in enumerate(ouverts):
            label = self.s.label[rang]
            label = "2022-12-01" if label == "2022-11-15" else label  # the date that the later list corrects
            r = {"id_fs": str(rang + 1), **self._common(rang, "2022")}
            r |= {"itinerance": "Oui" if self.format[rang] in (2, 4) else "Non", "groupe": self._group(rang)}
            r |= {"format_fs": "Antenne" if self.antenne[rang] else "Site principal"}
            r["labellisation"] = f"Espace labellisé {jour_francais(label)}"
            if n - 3 - muets <= k < n - 3:
                r |= dict.fromkeys(("adresse", "insee_com", "code_postal", "lib_com", "latitude", "longitude"), "")
                r |= dict.fromkeys(("mail", "telephone", *(f"h_{j}" for j in (*JOURS, "samedi"))), "")
            if n // 2 <= k < n // 2 + min(1, sans_commune):
                r |= {"insee_com": "0null", "latitude": "", "longitude": ""}
            if k == n // 3:
                r["labellisation"] = ""
            if k >= n - t.nombre(5):
                r["id_fs"] = f"temp_{k - n + t.nombre(5) + 1}"
            rangees.append(r)
        self._csv("2022-12-01", "liste-fs-20221201.csv", ENTETE_2022, rangees)

    def _write_2024(self) -> None:
        rangees = []
        n, ouverts = len(self.s.village), self.s.ouverts("2024-08-01", avec_fermes=False).tolist()
        for k, rang in enumerate(ouverts):
            label = self.s.label[rang]
            instable = label.startswith("2022") and self.sort[rang, 5] < 0.2
            r = {"id_fs": str(rang + 1 + (n if instable else 0)), **self._common(rang, "2024")}
            r |= {"prise_rdv": "Oui" if self.sort[rang, 6] < 0.35 else "Non", "groupe_fs": self._group(rang)}
            r |= {"type_fs": "Antenne" if self.antenne[rang] else "Principal", "format_fs": FORMATS[self.format[rang]]}
            r["labellisation_fs"] = f"Espace labellisé {jour_francais(label)}"
            if k == len(ouverts) // 2:
                r["lib_fs"] = r["lib_fs"] + " "
            if len(ouverts) // 3 <= k < len(ouverts) // 3 + min(1, rares(len(ouverts), 1 / 2845, 0.009)):
                r["insee_dep"] = self.p.t.codes_dep[0]
            rangees.append(r)
        jumeaux = max(1, round(len(rangees) * 0.003))
        for r, modele in zip(rangees[10 : 10 + jumeaux], rangees[9 : 9 + jumeaux], strict=True):
            r |= {"latitude": modele["latitude"], "longitude": modele["longitude"]}
        self._csv("2024-08-01", "liste-fs-20240801.csv", ENTETE_2024, rangees)

    def _group(self, rang: int) -> str:
        epci = self.p.t.epci[self.s.village[rang]]
        return f"Groupe simulé {epci}" if self.format[rang] == 1 and epci >= 0 else ""

    def _write_2020(self) -> None:
        """GeoJSON, one feature a line, slashes escaped, the zero of the département lost."""
        lignes = []
        for rang in self.s.ouverts("2020-09-30", avec_fermes=True).tolist():
            i, r = int(self.s.porte[rang]), self._common(rang, "2021")
            lat, lon = round(float(self.p.lat[i]), 6), round(float(self.p.lon[i]), 6)
            jour = jour_francais(self.s.label[rang])
            label = jour if jour[3:5] == "09" or self.sort[rang, 7] < 0.05 else jour[3:]
            muet = self.sort[rang, 6] < 0.11
            heures = {
                j: "Horaires non communiqués" if muet else r[j].replace("09:00", "9:00") or "-"
                for j in (*(f"h_{x}" for x in JOURS), "h_samedi")
            }
            itinerant = self.format[rang] in (2, 4)
            proprietes = {
                "MATRICULE": rang + 1, "DEPARTEMENT": r["insee_dep"].lstrip("0"), "lib_france_services": self.p.t.nom[
                    self.p.village[i]], "ADRESSE": r["adresse"], "COMPLEMENT.D.ADRESSE": r["complement_adresse"],
                "insee_com": self.p.code(i, self.h.etats["2021"]), "code_postal": r["code_postal"],
                "lib_com": noms.majuscules(r["lib_com"]), "LATITUDE": lat, "LONGITUDE": lon, "CONTACT.MAIL": r["mail"],
                "TELEPHONE": r["telephone"], **heures, "Commentaire.horaires": "" if rang % 3 else None,
                "ITINERANCE": "Oui" if itinerant else "", "FORMAT_FS": "Antenne" if self.antenne[rang] else
                "Espace labellisé", "X._groupe": None, "Groupe": "", "Goupe_France_Services_responsable": None,
                "Goupe_Antennes": "", "Labellisation": f"Espace labellisé {label}",
                "categorie": ("Antenne" if self.antenne[rang] else "FS") + (" itinerante" if itinerant else ""),
            }  # fmt: skip
            corps = json.dumps(proprietes, ensure_ascii=False)[1:-1].replace("/", "\\/")
            point = f'"geometry": {{ "type": "Point", "coordinates": [ {lon}, {lat} ] }}'
            lignes.append(f'{{ "type": "Feature", "properties": {{ {corps} }}, {point} }}')
        tete = (
            '{\n"type": "FeatureCollection",\n"name": "france_services",\n"crs": { "type": "name", "properties": '
            '{ "name": "urn:ogc:def:crs:OGC:1.3:CRS84" } },\n"features": [\n'
        )
        contenu = (tete + ",\n".join(lignes) + "\n]\n}\n").encode()
        self.depot.octets("anct__france_services", "2020-10-12", "france_services.geojson", contenu)
