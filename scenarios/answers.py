"""What was decided, as tables: a tier's solution into facilities, assignments and villages."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.solution import SitingSolution
from scenarios.facility_states import PROPOSED
from scenarios.plan import ASSIGNMENT_COLUMNS, DEMAND_COLUMNS, FACILITY_COLUMNS
from scenarios.problems import TierProblem
from scenarios.schema import ProblemType, StreamProfile, Tier
from scenarios.sizes import Size
from scenarios.travel import Travel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WHOLE = 1 - 1e-6
"""A point whose shares add up to this is served wholly."""


@dataclass(frozen=True, eq=False)
class TierAnswer:
    """A solved tier: the problem, its solution and who goes where.

    Parameters
    ----------
    demand, site : (f,) positions of each flow, by demand point, the largest share first
    share : (f,) 0..1
    impedance_m, back_m, by_road : (f,) of each flow
    """

    tier_problem: TierProblem
    solution: SitingSolution
    demand: IntArray
    site: IntArray
    share: FloatArray
    impedance_m: FloatArray
    back_m: FloatArray
    by_road: NDArray[np.bool_]

    @property
    def tier(self) -> Tier:
        """The tier that was sited."""
        return self.tier_problem.tier

    @property
    def tonnes(self) -> FloatArray:
        """(f,) tonnes a year of each flow; NaN where a point's tonnes are not known."""
        return self.tier_problem.wants.tonnes[self.demand] * self.share

    @property
    def throughput_t_per_yr(self) -> FloatArray:
        """(m,) tonnes a year that each site handles."""
        m = len(self.tier_problem.sites)
        load = np.bincount(self.site, weights=np.nan_to_num(self.tonnes), minlength=m)
        return np.asarray(load, np.float64)

    @property
    def served(self) -> NDArray[np.bool_]:
        """(n,) points that are served wholly."""
        total = np.bincount(self.demand, weights=self.share, minlength=len(self.tier_problem.wants))
        return np.asarray(total >= WHOLE)


def read_answer(tier_problem: TierProblem, solution: SitingSolution) -> TierAnswer:
    """The solution with the length of every flow, in a settled order."""
    order = np.lexsort((solution.site, -solution.share, solution.demand))
    demand, site = solution.demand[order], solution.site[order]
    trips = tier_problem.trips
    width = max(len(tier_problem.sites), 1)
    known = trips.row * width + trips.site
    arc = np.searchsorted(known, demand * width + site)
    return TierAnswer(
        tier_problem=tier_problem,
        solution=solution,
        demand=demand,
        site=site,
        share=solution.share[order],
        impedance_m=trips.out_m[arc],
        back_m=trips.back_m[arc],
        by_road=trips.by_road[arc],
    )


def assignments_table(answer: TierAnswer) -> pd.DataFrame:
    """Flows by name: :data:`scenarios.plan.ASSIGNMENT_COLUMNS`, and how each was measured."""
    problem = answer.tier_problem.problem
    return pd.DataFrame(
        {
            "from_id": np.array(problem.demand.ids, dtype=object)[answer.demand],
            "to_id": np.array(problem.sites.ids, dtype=object)[answer.site],
            "tier": answer.tier.id,
            "impedance": answer.impedance_m,
            "unit": "m",
            "share": answer.share,
            "tonnes_per_yr": answer.tonnes,
            "measured": np.where(answer.by_road, answer.tier.metric.value, "straight"),
        }
    )[[*ASSIGNMENT_COLUMNS, "measured"]]


def facilities_table(
    answer: TierAnswer, closed: gpd.GeoDataFrame, profile: StreamProfile
) -> gpd.GeoDataFrame:
    """Every site of the tier, open or not: :data:`scenarios.plan.FACILITY_COLUMNS`."""
    sites = answer.tier_problem.sites
    chosen = _chosen_sizes(answer)
    throughput = answer.throughput_t_per_yr
    capacity = np.array([np.nan if s is None else s.capacity_t_per_yr for s in chosen])
    capacity[np.isinf(capacity)] = np.nan
    mean_m, worst_m = _distances(answer)
    population = _population_served(answer)
    frame = pd.DataFrame(
        {
            **{name: sites[name].to_numpy(object) for name in ("id", "name", "district")},
            "stream": profile.id,
            "tier": answer.tier.id,
            "village": sites["village"].to_numpy(object),
            "status": [
                _status(bool(existing), size, has_plan=answer.solution.has_plan)
                for existing, size in zip(sites["existing"], chosen, strict=True)
            ],
            "state": sites["state"].to_numpy(object),
            "size": [_size_name(size) for size in chosen],
            "capacity_t_per_yr": capacity,
            "throughput_t_per_yr": throughput,
            "load_rate": throughput / capacity,
            "land_m2": [
                _land(size, site) for size, site in zip(chosen, sites["area_m2"], strict=True)
            ],
            "investment_wan_cny": [
                np.nan
                if size is None or size.investment_wan_cny is None
                else size.investment_wan_cny
                for size in chosen
            ],
            "n_served": np.bincount(answer.site, minlength=len(sites)),
            "population_served": population,
            "mean_impedance": mean_m,
            "worst_impedance": worst_m,
            "phase": "",
            "responsible": answer.tier.responsible or profile.department,
        }
    )
    table = gpd.GeoDataFrame(frame, geometry=sites.geometry.to_numpy(), crs="EPSG:4326")
    parts = [table, _closed_rows(closed, answer, profile)] if len(closed) else [table]
    joined = pd.concat(parts, ignore_index=True)[list(FACILITY_COLUMNS)]
    return gpd.GeoDataFrame(joined, geometry="geometry", crs="EPSG:4326")


def _closed_rows(
    closed: gpd.GeoDataFrame, answer: TierAnswer, profile: StreamProfile
) -> gpd.GeoDataFrame:
    """Standing sites that end, as rows of the same table."""
    frame = pd.DataFrame(
        {
            **{
                n: closed[n].to_numpy(object)
                for n in ("id", "name", "district", "village", "state")
            },
            "stream": profile.id,
            "tier": answer.tier.id,
            "status": "closed",
            "size": "",
            "throughput_t_per_yr": 0.0,
            "land_m2": closed["area_m2"].to_numpy(float),
            "n_served": 0,
            "phase": "",
            "responsible": answer.tier.responsible or profile.department,
        }
    )
    for name in (
        "capacity_t_per_yr", "load_rate", "investment_wan_cny", "population_served",
        "mean_impedance", "worst_impedance",
    ):  # fmt: skip
        frame[name] = np.nan
    return gpd.GeoDataFrame(frame, geometry=closed.geometry.to_numpy(), crs="EPSG:4326")


def _chosen_sizes(answer: TierAnswer) -> list[Size | None]:
    """The size of each site, None where closed.

    A model without costs is given each site's largest size; what it needs to handle its load is
    then the smallest of the tier that holds it.
    """
    sizes = answer.tier_problem.sizes
    chosen = [None if s < 0 else sizes[s] for s in answer.solution.size]
    if answer.tier.problem is ProblemType.CAPACITATED_LOCATION:
        return chosen
    load = answer.throughput_t_per_yr
    ordered = sorted(answer.tier.sizes, key=lambda one: one.capacity_t_per_yr or np.inf)
    for position, size in enumerate(chosen):
        if size is None or size.option is None:
            continue
        option = next(
            one for one in ordered
            if one is size.option or (one.capacity_t_per_yr or np.inf) >= load[position]
        )  # fmt: skip
        capacity = np.inf if option.capacity_t_per_yr is None else option.capacity_t_per_yr
        chosen[position] = Size(
            size.site, option, capacity, size.fixed_cny_per_yr, option.investment_wan_cny,
            option.land_m2,
        )  # fmt: skip
    return chosen


def _status(existing: bool, size: Size | None, *, has_plan: bool) -> str:
    if existing and not has_plan:
        return "kept"  # nothing was decided
    if size is None:
        return "closed" if existing else "not_chosen"
    if existing:
        return "kept" if size.option is None else "expanded"
    return "new"


def _size_name(size: Size | None) -> str:
    return "" if size is None or size.option is None else size.option.name.zh


def _land(size: Size | None, area_m2: float) -> float:
    if size is None or size.land_m2 is None:
        return float(area_m2)
    return size.land_m2


def _distances(answer: TierAnswer) -> tuple[FloatArray, FloatArray]:
    """(m,) share-weighted mean and worst metres of what each site serves; NaN where nobody."""
    m = len(answer.tier_problem.sites)
    share = np.bincount(answer.site, weights=answer.share, minlength=m)
    total = np.bincount(answer.site, weights=answer.share * answer.impedance_m, minlength=m)
    mean = np.divide(total, share, out=np.full(m, np.nan), where=share > 0)
    worst = np.full(m, -np.inf)
    np.maximum.at(worst, answer.site, answer.impedance_m)
    return mean, np.where(share > 0, worst, np.nan)


def _population_served(answer: TierAnswer) -> FloatArray:
    population = pd.to_numeric(answer.tier_problem.wants.table["population"], errors="coerce")
    people = population.to_numpy(np.float64)[answer.demand] * answer.share
    known = np.bincount(
        answer.site, weights=~np.isnan(people), minlength=len(answer.tier_problem.sites)
    )
    total = np.bincount(
        answer.site, weights=np.nan_to_num(people), minlength=len(answer.tier_problem.sites)
    )
    return np.where(known > 0, total, np.nan)


def demand_table(
    answer: TierAnswer,
    basis: NDArray[np.str_],
    travel: Travel,
    profile: StreamProfile,
    radius_m: FloatArray | None = None,
) -> gpd.GeoDataFrame:
    """Who is served from where, and why not: :data:`scenarios.plan.DEMAND_COLUMNS`.

    Parameters
    ----------
    radius_m : (m,) what each site's tier promises, NaN where nothing; left out where all sites are
        of the answer's tier
    """
    wants, sites = answer.tier_problem.wants, answer.tier_problem.sites
    n = len(wants)
    served = answer.served
    first = _first_flow(answer, n)
    has = (first >= 0) & served
    flow = np.where(has, first, 0)
    site = answer.site[flow] if len(answer.site) else np.zeros(n, np.int64)
    impedance = np.full(n, np.nan)
    impedance[has] = answer.impedance_m[flow[has]]
    straight = np.full(n, np.nan)
    if has.any():
        there = np.flatnonzero(has)
        metres = travel.straight_m(wants.place, answer.tier_problem.site_place)
        straight[there] = metres(there, site[there])
    promised_m = np.full(n, np.nan if answer.tier.radius_m is None else answer.tier.radius_m)
    if radius_m is not None:
        promised_m[has] = radius_m[site[has]]
    frame = pd.DataFrame(
        {
            **{name: wants.table[name].to_numpy(object) for name in ("id", "name", "district")},
            "stream": profile.id,
            "population": pd.to_numeric(wants.table["population"], errors="coerce").to_numpy(float),
            "demand_t_per_yr": wants.tonnes,
            "demand_basis": basis,
            "served": served,
            "facility_id": np.where(has, _named(sites, "id", site), ""),
            "facility_name": np.where(has, _named(sites, "name", site), ""),
            "impedance": impedance,
            "straight_m": straight,
            "snap_m": _snap_m(answer, travel),
            "within_radius": _within_radius(promised_m, impedance, has),
            "reason": unserved_reasons(answer, served),
        }
    )
    geometry = wants.table.geometry.to_numpy()
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")[list(DEMAND_COLUMNS)]


def _named(sites: gpd.GeoDataFrame, column: str, position: IntArray) -> NDArray[np.object_]:
    values = np.append(sites[column].to_numpy(object), "")
    return np.asarray(values[np.minimum(position, len(values) - 1)], dtype=object)


def _first_flow(answer: TierAnswer, n: int) -> IntArray:
    """(n,) position of each point's largest flow, -1 where it has none."""
    first = np.full(n, -1, np.int64)
    first[answer.demand[::-1]] = np.arange(len(answer.demand))[::-1]
    return first


def _snap_m(answer: TierAnswer, travel: Travel) -> FloatArray:
    snapped = travel.snapped(answer.tier_problem.wants.place, answer.tier)
    if snapped is None:
        return np.full(len(answer.tier_problem.wants), np.nan)
    return snapped.distance_m


def _within_radius(
    promised_m: FloatArray, impedance_m: FloatArray, has: NDArray[np.bool_]
) -> pd.Series:
    """Whether each point is as near as promised; null where nothing is."""
    near = np.nan_to_num(impedance_m, nan=np.inf) <= promised_m * (1 + 1e-9)
    return pd.Series(near & has, dtype="boolean").mask(np.isnan(promised_m))


def unserved_reasons(answer: TierAnswer, served: NDArray[np.bool_]) -> NDArray[np.object_]:
    """(n,) "" where served, else why not."""
    tier_problem = answer.tier_problem
    reachable = tier_problem.problem.reachable
    reason = np.full(len(served), "", dtype=object)
    limited = tier_problem.problem.sites.capacitated
    chosen = tier_problem.tier.problem is ProblemType.MAXIMAL_COVER
    short = "capacity" if limited and not chosen else "left_out"
    reason[~served] = short
    reason[~served & ~reachable] = "no_candidate_in_reach"
    reason[~served & ~tier_problem.on_road] = "no_road"
    return reason


def is_open(status: pd.Series) -> pd.Series:
    """Rows of a facilities table that stand in the plan."""
    return status.isin(("kept", "expanded", "new"))


def shown_state(state: str, status: str) -> str:
    """The state a reader is told: that of the input, 规划新建 for a new site."""
    return next(iter(PROPOSED)) if status == "new" else state or "kept"
