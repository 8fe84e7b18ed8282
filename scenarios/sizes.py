"""The sizes that a site may have, what stands there today among them, and their yearly cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from planner.tiered import annualised_cny_per_yr
from scenarios.facility_states import MAY_GROW
from scenarios.schema import ProblemType, SizeOption, Tier

WAN = 10_000.0


@dataclass(frozen=True)
class Size:
    """A size that one site may have; ``option`` None is the size it has today."""

    site: int
    option: SizeOption | None
    capacity_t_per_yr: float
    """``inf`` is unlimited."""
    fixed_cny_per_yr: float
    investment_wan_cny: float | None
    land_m2: float | None


def annual_cost_cny(size: SizeOption, discount_rate: float) -> float:
    """Yearly cost of a size: investment by the capital recovery factor, plus running cost.

    ``r (1 + r)^n / ((1 + r)^n - 1)`` over its life of ``n`` years at the rate ``r``.
    """
    return WAN * (
        size.investment_wan_cny * recovery_factor(discount_rate, size.lifetime_yr)
        + size.operation_wan_cny_per_yr
    )


def recovery_factor(rate: float, years: float) -> float:
    """Part of an investment that each year of its life bears."""
    return float(annualised_cny_per_yr(1.0, years, rate))


def site_sizes(tier: Tier, sites: gpd.GeoDataFrame, discount_rate: float) -> tuple[Size, ...]:
    """The sizes of every site in turn: those of the tier, and what stands there today."""
    found: list[Size] = []
    for position, site in enumerate(sites.itertuples()):
        if site.existing:
            found += _present_sizes(tier, position, site, discount_rate)
        else:
            area = float(site.area_m2)
            fitting = [one for one in tier.sizes if not (one.land_m2 or 0) > area]
            # Screening has dropped sites below the smallest size; an unknown area fits all.
            for option in fitting or tier.sizes[:1]:
                found.append(_new_size(position, option, annual_cost_cny(option, discount_rate)))
            if not tier.sizes:
                found.append(Size(position, None, np.inf, 0.0, None, None))
    return tuple(_largest_only(found) if _ignores_cost(tier) else found)


def _new_size(position: int, option: SizeOption, cost_cny: float) -> Size:
    capacity = np.inf if option.capacity_t_per_yr is None else option.capacity_t_per_yr
    return Size(position, option, capacity, cost_cny, option.investment_wan_cny, option.land_m2)


def _present_sizes(tier: Tier, position: int, site: object, discount_rate: float) -> list[Size]:
    """What stands there, at its running cost; larger ones where it may grow, less what it has."""
    present = float(site.capacity_t_per_yr)  # type: ignore[attr-defined]  # a row of the table
    area = float(site.area_m2)  # type: ignore[attr-defined]
    alike = _alike(tier.sizes, present)
    if np.isnan(present):
        # A facility table without capacities: the smallest size is the safe reading.
        present = np.inf if alike is None else (alike.capacity_t_per_yr or np.inf)
    running = 0.0 if alike is None else alike.operation_wan_cny_per_yr * WAN
    found = [Size(position, None, present, running, 0.0, None if np.isnan(area) else area)]
    if site.state not in MAY_GROW:  # type: ignore[attr-defined]
        return found
    for option in tier.sizes:
        larger = np.inf if option.capacity_t_per_yr is None else option.capacity_t_per_yr
        if larger <= present:
            continue
        added = 1.0 if not np.isfinite(larger) else 1 - present / larger
        cost = WAN * (
            added * option.investment_wan_cny * recovery_factor(discount_rate, option.lifetime_yr)
            + option.operation_wan_cny_per_yr
        )
        investment = added * option.investment_wan_cny
        found.append(Size(position, option, larger, cost, investment, option.land_m2))
    return found


def _alike(sizes: Sequence[SizeOption], present_t_per_yr: float) -> SizeOption | None:
    """The size that stands for an existing capacity: the smallest that holds it, else the last."""
    if not sizes:
        return None
    ordered = sorted(sizes, key=lambda size: size.capacity_t_per_yr or np.inf)
    if np.isnan(present_t_per_yr):
        return ordered[0]
    holding = [one for one in ordered if (one.capacity_t_per_yr or np.inf) >= present_t_per_yr]
    return (holding or ordered[-1:])[0]


def _ignores_cost(tier: Tier) -> bool:
    return tier.problem is not ProblemType.CAPACITATED_LOCATION


def _largest_only(sizes: list[Size]) -> list[Size]:
    """One size a site: a model without costs would take the largest anyway."""
    best: dict[int, Size] = {}
    for size in sizes:
        other = best.get(size.site)
        if other is None or size.capacity_t_per_yr > other.capacity_t_per_yr:
            best[size.site] = size
    return [best[position] for position in sorted(best)]
