"""Tonnes a year of demand points: stated, or estimated from population, area, floor space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geodata.faults import N_, Fault, Phrase, Severity, list_names
from geodata.units import DAYS_PER_YEAR, factor_per_year

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Factor:
    """``tonnes a year = quantity x value``, in a unit as written: "kg/人·d", "t/亩", "t/万m²"."""

    of: str
    value: float | None
    unit: str


@dataclass(frozen=True, eq=False)
class Demand:
    """What each point of a layer wants, and on what basis.

    Parameters
    ----------
    t_per_yr : (n,) what to plan with: stated where stated, else estimated; NaN where neither
    basis : (n,) "stated", "estimated" or "count" (no tonnes known: each point counts as one)
    stated_t_per_yr, estimated_t_per_yr : (n,) both, NaN where not there
    faults : gaps over the tolerance by name, columns missing, points without any figure
    """

    t_per_yr: FloatArray
    basis: NDArray[np.str_]
    stated_t_per_yr: FloatArray
    estimated_t_per_yr: FloatArray
    faults: tuple[Fault, ...]


def estimate_demand(
    table: gpd.GeoDataFrame,
    stated_column: str | None = None,
    factors: Sequence[Factor] = (),
    *,
    where: str = "villages",
    growth: float = 1.0,
    gap_tolerance: float = 0.2,
) -> Demand:
    """Stated tonnes where the layer states them, else quantity x factor summed over the factors.

    Parameters
    ----------
    table : a demand layer
    stated_column : column of tonnes a year; one that the layer lacks states nothing
    factors : a factor whose value is unknown, or whose column the layer lacks, estimates nothing
    where : the layer's name in faults
    growth : both are multiplied by it, see :func:`growth_factor`
    gap_tolerance : stated and estimated may differ by this share of the estimate before a warning

    Returns
    -------
    Both figures and the one to plan with. A point where a part of several factors is unknown has
    the sum of the known ones, with a warning. Points with neither figure have basis "count".
    """
    stated = _column(table, stated_column) * growth
    estimated, faults = _estimate(table, factors, where)
    estimated = estimated * growth
    has_stated, has_estimate = np.isfinite(stated), np.isfinite(estimated)
    tonnes = np.where(has_stated, stated, estimated)
    basis = np.where(has_stated, "stated", np.where(has_estimate, "estimated", "count"))
    faults += _gap(table, stated, estimated, gap_tolerance, where)
    if (stated_column is not None or factors) and (basis == "count").sum() > 0:
        faults.append(_without_figure(table, basis == "count", stated_column, factors, where))
    return Demand(tonnes, basis.astype(np.str_), stated, estimated, tuple(faults))


def growth_factor(rate_per_yr: float, years: float) -> float:
    """What to multiply tonnes by after some years of growth (negative: decline) at a rate."""
    return float((1.0 + rate_per_yr) ** years)


def peak_t_per_day(t_per_yr: ArrayLike, unevenness: float = 1.0) -> FloatArray:
    """Tonnes on a busy day; 日变化系数 A1 is 1.1 to 1.5 for household waste (GB 50337-2003)."""
    return np.asarray(t_per_yr, np.float64) / DAYS_PER_YEAR * unevenness


def by_season(t_per_yr: ArrayLike, shares: Sequence[float]) -> FloatArray:
    """Tonnes of each period, (periods, n), e.g. shares (0.45, 0.55) for two harvests.

    Raises
    ------
    ValueError
        Where shares are negative or do not sum to 1 within 1e-6.
    """
    parts = np.asarray(shares, np.float64)
    if parts.size == 0 or (parts < 0).any() or abs(parts.sum() - 1.0) > 1e-6:
        raise ValueError(f"shares of the periods {list(shares)} must be >= 0 and sum to 1")
    return np.multiply.outer(parts, np.asarray(t_per_yr, np.float64))


def _column(table: pd.DataFrame, name: str | None) -> FloatArray:
    """A column as numbers, NaN where the table does not have it."""
    if name is None or name not in table:
        return np.full(len(table), np.nan)
    numbers = pd.to_numeric(table[name], errors="coerce")
    return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)


def _quantity(table: pd.DataFrame, of: str) -> FloatArray:
    """What a factor multiplies; a layer without a column ``count`` has one at each point."""
    if of == "count" and of not in table:
        return np.ones(len(table))
    return _column(table, of)


def _estimate(
    table: pd.DataFrame, factors: Sequence[Factor], where: str
) -> tuple[FloatArray, list[Fault]]:
    """Sum of the factors; NaN where none of them is known."""
    total, known = np.zeros(len(table)), np.zeros(len(table), np.int64)
    faults: list[Fault] = []
    usable = [factor for factor in factors if factor.value is not None]
    for factor in usable:
        try:
            t_per_unit = factor_per_year(float(factor.value or 0.0), factor.unit, factor.of)
        except ValueError as error:
            message = N_("the factor for {of} cannot be used: {why}")
            faults.append(Fault(where, message, {"of": factor.of, "why": str(error)}))
            continue
        part = _quantity(table, factor.of) * t_per_unit
        total += np.nan_to_num(part)
        known += np.isfinite(part)
    partial = (known > 0) & (known < len(usable))
    if partial.any():
        message = N_(
            "{n} points are estimated from a part of {columns} only, the rest being blank: {names}"
        )
        values = {
            "n": int(partial.sum()),
            "columns": ", ".join(factor.of for factor in usable),
            "names": _names(table, partial),
        }
        faults.append(Fault(where, message, values, Severity.WARNING))
    return np.where(known > 0, total, np.nan), faults


def _gap(
    table: pd.DataFrame,
    stated: FloatArray,
    estimated: FloatArray,
    tolerance: float,
    where: str,
) -> list[Fault]:
    """One warning where stated and estimated tonnes disagree, the largest gaps first."""
    both = np.isfinite(stated) & np.isfinite(estimated)
    difference = np.where(both, np.abs(stated - estimated), 0.0)
    wide = difference > tolerance * np.where(both, estimated, 0.0) + 1e-9
    if not wide.any():
        return []
    order = np.argsort(-difference, kind="stable")[: int(wide.sum())]
    names = table["name"].to_numpy(dtype=object)
    shown = [f"{names[k]} ({stated[k]:.4g} / {estimated[k]:.4g} t)" for k in order]
    message = N_(
        "stated and estimated tonnes differ by over {tolerance} at {n} of {total} points "
        "(together {stated} stated, {estimated} estimated t/a): {names}; check what each counts "
        "(口径). The stated figures are used"
    )
    values = {
        "tolerance": f"{tolerance:.0%}",
        "n": int(wide.sum()),
        "total": int(both.sum()),
        "stated": f"{stated[both].sum():.6g}",
        "estimated": f"{estimated[both].sum():.6g}",
        "names": list_names(shown),
    }
    return [Fault(where, message, values, Severity.WARNING)]


def _without_figure(
    table: pd.DataFrame,
    lacking: NDArray[np.bool_],
    stated_column: str | None,
    factors: Sequence[Factor],
    where: str,
) -> Fault:
    """Points that no figure is known of."""
    columns = [stated_column] if stated_column else []
    columns += [factor.of for factor in factors]
    message = N_(
        "{n} of {total} points have no tonnes and nothing to estimate them from ({columns}): "
        "{names}"
    )
    values = {
        "n": int(lacking.sum()),
        "total": len(table),
        "columns": ", ".join(dict.fromkeys(columns)),
        "names": _names(table, lacking),
    }
    return Fault(where, message, values, Severity.WARNING)


def _names(table: pd.DataFrame, chosen: NDArray[np.bool_]) -> Phrase:
    """The first names of the chosen rows."""
    return list_names([str(name) for name in table["name"].to_numpy(dtype=object)[chosen]])
