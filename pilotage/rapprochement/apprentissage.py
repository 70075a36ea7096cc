"""`pilotage lieux apprendre`: fit the model, measure it, write the seeds that the warehouse scores with."""

from __future__ import annotations

import csv
from pathlib import Path

from pilotage.config import RACINE
from pilotage.rapprochement.etiquettes import load_gathered, load_pairs, read_labels
from pilotage.rapprochement.modele import Mesure, Modele, learn, measure

SEEDS = RACINE / "dbt_project" / "seeds"
LIBELLES = {
    "seuil_meme": "Probabilité à partir de laquelle deux descriptions sont réunies",
    "seuil_a_revoir": "Probabilité à partir de laquelle une personne doit trancher",
    "precision": "Part des couples jugés « même » qui le sont",
    "precision_stricte": "La même, les couples indécidables tenus pour des erreurs",
    "rappel": "Part des vrais couples jugés « même »",
    "rappel_avec_revue": "Part des vrais couples jugés « même » ou à revoir",
    "part_a_revoir": "Part des candidats à revoir",
    "indecidables_reunis": "Part des couples indécidables jugés « même »",
    "brier": "Erreur quadratique de la probabilité (score de Brier)",
}


def learn_places(staging: str, folder: Path = SEEDS) -> list[dict[str, str]]:
    """Fit on the pairs of a generation's staging schema and write `lieux_modele.csv` and `lieux_mesures.csv`.

    Returns:
        The rows of `lieux_mesures.csv`.
    """
    labels = read_labels()
    couples, aside = load_pairs(staging, labels)
    training, trial = couples.part(~aside), couples.part(aside)
    modele, out = learn(training)
    write_model(folder / "lieux_modele.csv", training.attributs, modele)
    rows = [
        _row(name, Mesure(value, 0, 1), "seuil", LIBELLES[name], 0)
        for name, value in (("seuil_meme", modele.seuil_meme), ("seuil_a_revoir", modele.seuil_a_revoir))
    ]
    trial_score = modele.probability(trial.x)
    for lecture, suffix, part, score in (
        ("validation croisée", "croisee", training, out),
        ("épreuve", "epreuve", trial, trial_score),
    ):
        for name, figure in measure(part, score, modele).items():
            rows.append(_row(f"{name}_{suffix}", figure, lecture, LIBELLES[name], len(part.y)))
    undecided = int((labels.etiquette == "indecidable").sum())
    rows.append(_row("couples_indecidables", Mesure(undecided, undecided, undecided), "étiquetage",
                     "Couples qu'une lecture attentive ne tranche pas, hors du calcul", len(labels)))  # fmt: skip
    _write(folder / "lieux_mesures.csv", rows)
    return rows


def measure_places(staging: str) -> list[dict[str, str]]:
    """What became of the labelled pairs once the places are gathered: precision and recall over the candidates."""
    labels = read_labels()
    couples, _ = load_pairs(staging, labels)
    gathered = load_gathered(staging, labels).astype(float)
    figures = measure(couples, gathered, Modele(0.0, couples.x[0] * 0, 1.0, 0.5, 0.5))
    kept = ("precision", "precision_stricte", "rappel", "indecidables_reunis")
    return [_row(name, figures[name], "lieux réunis", LIBELLES[name], len(labels)) for name in kept]


def write_model(path: Path, attributs: list[str], modele: Modele) -> None:
    """One row a coefficient of the logit."""
    values = {"constante": modele.constante, **dict(zip(attributs, modele.coefficients.tolist(), strict=True))}
    _write(path, [{"attribut": name, "coefficient": f"{value:.6f}"} for name, value in values.items()])


def _row(name: str, figure: Mesure, lecture: str, libelle: str, n: int) -> dict[str, str]:
    return {
        "mesure": name, "valeur": f"{figure.valeur:.4f}", "borne_basse": f"{figure.basse:.4f}",
        "borne_haute": f"{figure.haute:.4f}", "lecture": lecture, "nb_couples": str(n), "libelle": libelle,
    }  # fmt: skip


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
