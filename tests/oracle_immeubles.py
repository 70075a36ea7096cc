"""An independent count of raw building files: polars, streaming, no SQL, nothing shared with the dbt project."""

from __future__ import annotations

from pathlib import Path

import polars as pl

RANG = {
    "abandonne": 0, "cible": 1, "signe": 2, "raccordable demande": 3, "en cours de deploiement": 4, "deploye": 5,
}  # fmt: skip
LOCAUX = {"individuel": 1, "entre 2 et 11": 2, "entre 12 et 35": 12, "entre 36 et 99": 36, "100 et plus": 100}
CLE = ["trimestre", "code_commune", "code_operateur", "etat"]


def read_raw(folder: Path) -> pl.LazyFrame:
    """Columns that count, as text; the quarter is in the folder's name (Parquet) or in the file's (CSV)."""
    wanted = ["imb_id", "code_insee", "catg_loc_imb", "imb_etat", "code_l331", "date_completude"]
    parts = []
    for path in sorted(folder.rglob("*.parquet")) or sorted(folder.rglob("carte_fibre*.csv")):
        if path.suffix == ".csv":
            year, quarter = path.stem.split("_")[3:5]
            frame, name = pl.scan_csv(path, infer_schema=False), f"{year}{quarter}"
        else:
            frame, name = pl.scan_parquet(path, hive_partitioning=False), path.parent.name.removeprefix("trimestre=")
        parts.append(frame.select(wanted).with_columns(trimestre=pl.lit(name)))
    return pl.concat(parts)


def count(folder: Path, communes: Path) -> dict[str, pl.DataFrame]:
    """The fact, the communes' shares and the fate of lines, sorted by key."""
    known = pl.read_csv(communes, infer_schema=False)["COM"].to_list()
    raw = read_raw(folder).with_columns(pl.exclude("trimestre").str.strip_chars(" ").replace("", None))
    code = pl.col("code_insee").str.to_uppercase()
    state = pl.col("imb_etat").str.to_lowercase().str.replace_all("é", "e").str.replace_all("_", " ")
    typed = raw.with_columns(
        code_commune=pl.when(code.str.contains(r"^[0-9]{4}$")).then("0" + code).otherwise(code),
        etat=state,
        code_operateur=pl.col("code_l331").str.to_uppercase().fill_null("NR"),
        complet=pl.col("date_completude").str.to_date("%Y-%m-%d", strict=False),
        locaux=pl.col("catg_loc_imb").str.to_lowercase().replace_strict(LOCAUX, default=None, return_dtype=pl.Int64),
        rang=state.replace_strict(RANG, default=None, return_dtype=pl.Int64),
    ).with_columns(
        regle=pl.when(pl.col("imb_id").is_null())
        .then(pl.lit("sans_identifiant"))
        .when(pl.col("code_commune").is_null() | ~pl.col("code_commune").is_in(known))
        .then(pl.lit("commune_inconnue"))
        .when(pl.col("etat").is_null())
        .then(pl.lit("etat_vide"))
        .when(pl.col("rang").is_null())
        .then(pl.lit("etat_inconnu"))
        .otherwise(pl.lit("gardee"))
    )
    lines = typed.group_by("trimestre", "regle").len("nb_lignes").collect(engine="streaming")
    order = ["trimestre", "imb_id", "complet", "rang", "code_operateur", "code_commune", "locaux"]
    down = [False, False, True, True, False, False, True]
    kept = typed.filter(pl.col("regle") == "gardee").sort(order, descending=down, nulls_last=True, maintain_order=True)
    one = kept.group_by("trimestre", "imb_id", maintain_order=True).agg(
        pl.col("code_commune", "code_operateur", "etat", "locaux").first(), pl.len().alias("declarations")
    )
    fact = (
        one.group_by(CLE)
        .agg(
            pl.len().alias("nb_immeubles"),
            pl.col("declarations").sum().alias("nb_declarations"),
            pl.when(pl.col("locaux").count() > 0).then(pl.col("locaux").sum()).first().alias("nb_locaux_minimum"),
            pl.col("locaux").is_null().sum().alias("nb_sans_taille"),
        )
        .collect()
    )
    return {"fait_immeubles": fact.sort(CLE), "quarantaine_immeubles": lines.sort("trimestre", "regle"),
            "deploiement_communes": _shares(fact)}  # fmt: skip


def _shares(fact: pl.DataFrame) -> pl.DataFrame:
    deployed, planned = pl.col("etat") == "deploye", pl.col("etat") != "abandonne"
    counted = fact.group_by("trimestre", "code_commune").agg(
        pl.col("nb_immeubles").sum(),
        pl.col("nb_immeubles").filter(deployed).sum().alias("numerateur"),
        pl.col("nb_immeubles").filter(planned).sum().alias("denominateur"),
    )
    share = pl.when(pl.col("denominateur") > 0).then(pl.col("numerateur") / pl.col("denominateur"))
    return counted.with_columns(share.alias("part_deployee")).sort("trimestre", "code_commune")


def differences(folder: Path, expected: dict[str, pl.DataFrame]) -> list[str]:
    """How the tables of a reduction differ from an independent count: whole numbers exactly, shares within 1e-12."""
    found = []
    for name, wanted in expected.items():
        keys = [c for c in ("trimestre", "code_commune", "code_operateur", "etat", "regle") if c in wanted.columns]
        ours = pl.read_parquet(folder / f"{name}.parquet").select(wanted.columns).sort(keys)
        if len(ours) != len(wanted):
            found.append(f"{name} : {len(ours)} lignes, {len(wanted)} attendues")
            continue
        for column in wanted.columns:
            left, right = ours[column], wanted[column]
            if left.dtype == pl.Float64:
                same = ((left - right).abs().fill_null(0) <= 1e-12).all() and (left.is_null() == right.is_null()).all()
            else:
                same = left.eq_missing(right.cast(left.dtype)).all()
            if not same:
                found.append(f"{name}.{column}")
    return found
