"""Files as a territory writes them, good and bad."""

from __future__ import annotations

from pathlib import Path

from pilotage.apports import cards

SIEGE = "S1;epci;200042935;Comité;elus;Mairie;membre;2025-01-01;;;"


def write(folder: Path, kind: str, *lines: str, name: str = "a.csv") -> Path:
    path = folder / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ";".join(cards()[kind].tables[0].noms)
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


BAD_VALUES = [
    ("gouvernance", SIEGE.replace("elus", "elu"), "college", "« elus »"),
    ("gouvernance", SIEGE.replace("S1", ""), "id_membre", "COPIL-01"),
    ("gouvernance", SIEGE.replace("2025-01-01", "31/12/2025"), "date_debut", "écrire 2025-12-31"),
    ("gouvernance", SIEGE.replace("2025-01-01", "2025-02-30"), "date_debut", "AAAA-MM-JJ"),
    ("priorites", "epci;200042935;fibre;12;", "poids", "au plus 5"),
    ("priorites", "epci;200042935;fibre;deux;", "poids", "12,5 ou 12.5"),
    ("territoires", "pays;Pays;1004;", "code_commune", "01004"),
    ("territoires", "Pays du Bugey;Pays;01004;", "code_territoire", "minuscules"),
    ("consultations", "c;C;france;FR;2025-01-01;;q;Q;R;12,5;", "nb_reponses", "des chiffres"),
]
