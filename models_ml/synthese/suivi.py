"""Continuous evaluation: where each dated indicator comes from, where it goes, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import t as student

from models_ml.synthese.cibles import Cibles
from models_ml.synthese.comparaisons import median_of_peers
from models_ml.synthese.etats import REGLES
from models_ml.synthese.lecture import Marts
from models_ml.synthese.pairs import Pairs
from models_ml.synthese.parametres import Parametres, ParametresSuivi

ANNEE = 365.25


@dataclass(frozen=True)
class Serie:
    """The comparable values of one indicator.

    Attributes:
        jours: (D,) days, oldest first.
        valeurs: (T, D), NaN where not observed well enough to be compared with the latest.
    """

    jours: np.ndarray
    valeurs: np.ndarray


@dataclass(frozen=True)
class Droite:
    """Least squares of each territory's values on time, (T,) each; NaN with fewer than two dates.

    `prevision`, `basse`, `haute` need `dates_prevision` dates; two points make a slope, not a forecast.
    """

    nombre: np.ndarray
    pente: np.ndarray
    prolongement: np.ndarray
    basse: np.ndarray
    haute: np.ndarray


def read_serie(marts: Marts, indicator: int, choix: ParametresSuivi) -> Serie:
    """Dated values since the last declared break; those whose coverage is not that of the latest are left out."""
    code = marts.indicateurs["code_indicateur"][indicator]
    breaks = [np.datetime64(r.depuis) for r in choix.ruptures if r.indicateur == code]
    rows = marts.mesures.filter(pl.col("indicateur") == indicator)
    days = rows["date_donnees"].cast(pl.Date).to_numpy().astype("datetime64[D]")
    kept = np.unique(days[days >= max(breaks)] if breaks else days)
    values = np.full((len(marts.territoires), len(kept)), np.nan)
    coverage = np.full(values.shape, np.nan)
    inside = np.isin(days, kept)
    where = rows["territoire"].to_numpy()[inside], np.searchsorted(kept, days[inside])
    values[where] = rows["valeur"].to_numpy()[inside]
    coverage[where] = rows["couverture_population_pct"].to_numpy()[inside]
    last = _last(coverage)
    with np.errstate(invalid="ignore"):
        comparable = (coverage >= choix.couverture_minimale_pct) & (
            np.abs(coverage - last[:, None]) <= choix.ecart_couverture_pts
        )
    return Serie(kept, np.where(comparable, values, np.nan))


def fit(serie: Serie, days: np.ndarray, choix: ParametresSuivi) -> Droite:
    """Fit a line by territory and carry it to `days`, (T,), with Student's prediction interval from three dates on."""
    known = ~np.isnan(serie.valeurs)
    count = known.sum(axis=1)
    time = np.where(known, serie.jours.astype("datetime64[D]").astype(float)[None, :] / ANNEE, 0.0)
    value = np.where(known, serie.valeurs, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = np.where(count > 0, count, np.nan)
        mean_t, mean_v = time.sum(axis=1) / n, value.sum(axis=1) / n
        dt = np.where(known, time - mean_t[:, None], 0.0)
        spread = (dt**2).sum(axis=1)
        slope = np.where(count >= 2, (dt * (value - mean_v[:, None])).sum(axis=1) / spread, np.nan)
        ahead = days.astype("datetime64[D]").astype(float) / ANNEE - mean_t
        ahead = np.where(np.isnat(days), np.nan, ahead)
        forecast = mean_v + slope * ahead
        residual = np.where(known, value - mean_v[:, None] - slope[:, None] * dt, 0.0)
        enough = count >= choix.dates_prevision
        degrees = np.where(enough, count - 2, 1)
        error = np.sqrt((residual**2).sum(axis=1) / degrees * (1 + 1 / n + ahead**2 / spread))
        half = np.where(enough, student.ppf((1 + choix.niveau_prevision) / 2, degrees) * error, np.nan)
    return Droite(count, slope, forecast, forecast - half, forecast + half)


def follow(marts: Marts, pairs: Pairs, cibles: Cibles, choix: Parametres) -> pl.DataFrame:
    """One row a territory and indicator that has two comparable dates somewhere, or a target."""
    frames = []
    for indicator in marts.mesures["indicateur"].unique().sort():  # one that nothing measures yet has no row
        serie = read_serie(marts, indicator, choix.suivi)
        if len(serie.jours) >= 2 or (len(serie.jours) and not np.isnan(cibles.valeurs[:, indicator]).all()):
            frames.append(_follow_one(marts, pairs, cibles, serie, indicator, choix))
    return pl.concat(frames) if frames else pl.DataFrame()


def _follow_one(
    marts: Marts, pairs: Pairs, cibles: Cibles, serie: Serie, indicator: int, choix: Parametres
) -> pl.DataFrame:
    sense = 1.0 if marts.indicateurs["sens"][indicator] == "plus" else -1.0
    first, last = _first(serie.valeurs), _last(serie.valeurs)
    known = ~np.isnan(serie.valeurs)
    days = np.where(
        known.any(axis=1), serie.jours[len(serie.jours) - 1 - np.argmax(known[:, ::-1], axis=1)], np.datetime64("NaT")
    )
    starts = np.where(known.any(axis=1), serie.jours[np.argmax(known, axis=1)], np.datetime64("NaT"))
    target, due = cibles.valeurs[:, indicator], cibles.dates[:, indicator]
    later = days + np.timedelta64(round(choix.suivi.horizon_ans * ANNEE), "D")
    reachable = (due > days) & (due - days <= choix.suivi.prolongement_max * (days - starts))
    horizon = np.where(reachable, due, later)
    line = fit(serie, horizon, choix.suivi)
    low, high = bounds(marts.indicateurs["unite"][indicator])
    ahead, below, above = (np.clip(v, low, high) for v in (line.prolongement, line.basse, line.haute))
    best = high if sense > 0 else low
    spread = _spread(last, marts.niveaux)
    state, reason = decide(
        sense * last, sense * target, sense * line.pente, sense * ahead, due, days, line.nombre,
        tolerance=choix.suivi.tolerance * spread,
        pairs=median_of_peers(sense * line.pente, pairs.voisins, choix.comparaisons.pairs_observes_minimum),
        au_mieux=sense * last >= sense * best, prevoyable=reachable,
    )  # fmt: skip
    rows = np.flatnonzero(known.any(axis=1))
    forecast = line.nombre >= choix.suivi.dates_prevision
    return pl.DataFrame(
        {
            "territoire": rows.astype(np.int32),
            "indicateur": np.full(len(rows), indicator, dtype=np.int32),
            "nb_dates": line.nombre[rows].astype(np.int32),
            "premiere_date": starts[rows],
            "premiere_valeur": first[rows],
            "derniere_date": days[rows],
            "derniere_valeur": last[rows],
            "tendance_par_an": line.pente[rows],
            "cible": target[rows],
            "cible_date": due[rows],
            "cible_origine": pl.Series(cibles.origines[rows, indicator].tolist(), dtype=pl.String),
            "prevision_date": np.where(forecast, horizon, np.datetime64("NaT"))[rows],
            "prevision": np.where(forecast, ahead, np.nan)[rows],
            "prevision_basse": np.where(forecast, below, np.nan)[rows],
            "prevision_haute": np.where(forecast, above, np.nan)[rows],
            "etat": state[rows],
            "motif": reason[rows],
            "serie": _dated(serie, rows),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def decide(
    last: np.ndarray, target: np.ndarray, slope: np.ndarray, ahead: np.ndarray, due: np.ndarray, days: np.ndarray,
    count: np.ndarray, *, tolerance: np.ndarray, pairs: np.ndarray, au_mieux: np.ndarray, prevoyable: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """(T,) state and its reason. Every figure is turned so that more is better; the first rule that fits decides."""
    aimed, reached = ~np.isnan(target), last >= target - 1e-9
    late = aimed & ~np.isnat(due) & (due <= days)
    still = np.abs(slope) <= tolerance
    conditions = [
        aimed & reached,
        ~aimed & au_mieux,
        late & ~(slope < -tolerance),
        count < 2,
        slope < -tolerance,
        aimed & np.isnat(due) & (slope > tolerance),
        aimed & np.isnat(due),
        aimed & ~prevoyable,
        aimed & (ahead >= target - 1e-9),
        aimed,
        still & (np.abs(pairs) <= tolerance),
        slope >= pairs,
        slope < pairs,
        slope > tolerance,
    ]
    order = [np.array(part, dtype=object) for part in zip(*REGLES, strict=True)]
    chosen = np.argmax(np.column_stack([*conditions, np.ones(len(last), dtype=bool)]), axis=1)
    return order[0][chosen], order[1][chosen]


def bounds(unit: str) -> tuple[float, float]:
    """What a value of this unit cannot go beyond; a pace may be negative."""
    if "par an" in unit:
        return -np.inf, np.inf
    return 0.0, 10.0 if "0 à 10" in unit else 100.0 if unit.startswith("%") else np.inf


def _spread(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(T,) interquartile range of the territory's level; zero where it cannot be told."""
    spread = np.zeros(len(values))
    for level in np.unique(levels):
        known = values[(levels == level) & ~np.isnan(values)]
        if len(known):
            low, high = np.quantile(known, (0.25, 0.75))
            spread[levels == level] = high - low
    return spread


def _dated(serie: Serie, rows: np.ndarray) -> pl.Series:
    """`[["2020-10-12", 1.25], …]` as JSON text, the dates without value left out."""
    points = pl.DataFrame({str(d): serie.valeurs[rows, i] for i, d in enumerate(serie.jours)}).fill_nan(None)
    cells = [pl.format('["{}", {}]', pl.lit(name), pl.col(name)) for name in points.columns]
    return points.select(pl.format("[{}]", pl.concat_str(cells, separator=", ", ignore_nulls=True))).to_series()


def _first(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return values[np.arange(len(values)), np.argmax(known, axis=1)]


def _last(values: np.ndarray) -> np.ndarray:
    return _first(values[:, ::-1])
