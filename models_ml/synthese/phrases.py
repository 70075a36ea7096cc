"""Figures and dates as a French reader expects them, made by whole columns."""

from __future__ import annotations

import polars as pl


def number(name: str) -> pl.Expr:
    """`12.345` -> «12,3»; `12.0` -> «12»; from 1,000 on, whole and by threes."""
    value = pl.col(name)
    # Small figures (one adviser for 20,000 people) keep two significant digits rather than become zero.
    rounded = pl.when(value.abs() < 1).then(value.round_sig_figs(2)).otherwise(value.round(1))
    text = rounded.cast(pl.String).str.replace(r"\.0$", "").str.replace(".", ",", literal=True)
    return pl.when(value.abs() >= 1_000).then(_thousands(value.round(0))).otherwise(text)


def people(name: str) -> pl.Expr:
    """A number of people told with two significant digits: «3 400», «1,2 million»."""
    value = pl.col(name).round_sig_figs(2)
    millions = (value / 1e6).round(1).cast(pl.String).str.replace(r"\.0$", "").str.replace(".", ",", literal=True)
    return (
        pl.when(value >= 1.95e6).then(pl.format("{} millions d'", millions))
        .when(value >= 1e6).then(pl.format("{} million d'", millions))
        .otherwise(pl.format("{} ", _thousands(value)))
    )  # fmt: skip


def _thousands(value: pl.Expr) -> pl.Expr:
    whole = value.abs().cast(pl.Int64)
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    high, low = whole // 1_000, (whole % 1_000).cast(pl.String).str.zfill(3)
    grouped = pl.when(high < 1_000).then(high.cast(pl.String)).otherwise(
        pl.format("{} {}", high // 1_000, (high % 1_000).cast(pl.String).str.zfill(3))
    )  # fmt: skip
    return pl.concat_str(
        sign, pl.when(high > 0).then(pl.format("{} {}", grouped, low)).otherwise(whole.cast(pl.String))
    )


def day(name: str) -> pl.Expr:
    """`2018-03-31` -> «31/03/2018»."""
    return pl.col(name).dt.strftime("%d/%m/%Y")


def with_unit(name: str, unit: str = "unite") -> pl.Expr:
    """A figure and its unit: «12,3 % de la population»."""
    return pl.format("{} {}", number(name), pl.col(unit))
