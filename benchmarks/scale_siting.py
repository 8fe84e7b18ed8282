"""Ten thousand villages and five hundred candidates on the roads of a made-up county.

Run as ``python -m benchmarks.scale_siting MODEL [--villages N] [--sites M]``: one model in this
process, one JSON row. Everything counts from the seed on: the county with its roads, the distances
by road with access legs, the model and its proof. Candidates are villages drawn without
replacement; what nobody can reach is outside the model and counted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import CRS

from geodata.synthetic import make_county
from planner import SolverSettings, solve, verify
from planner.presets import capacitated_location, maximal_cover, set_cover
from planner.problem import Sites, SitingProblem
from scenarios.schema import ProblemType, Tier, Words
from scenarios.travel import Place, Travel, Trips

MODELS = ("set_cover", "maximal_cover", "capacitated")
RADIUS_KM = 15.0
SHARE_OPENED = 0.2
"""Of the candidates, by maximal cover."""

_T_PER_PERSON_YR = 0.237
_CNY_PER_T_KM = 1.2
_SPARE = 1.6
"""Capacity of all candidates as a multiple of the tonnes."""


@dataclass(frozen=True, eq=False)
class Instance:
    """Villages, candidates and the distances between them.

    Parameters
    ----------
    people : (n,) of the villages
    trips : pairs by road, access legs counted
    """

    villages: tuple[str, ...]
    sites: tuple[str, ...]
    people: np.ndarray
    trips: Trips

    def matrix(self) -> np.ndarray:
        """(n, m) metres, ``inf`` where there is no way."""
        out = np.full((len(self.villages), len(self.sites)), np.inf)
        out[self.trips.row, self.trips.site] = self.trips.out_m
        return out


def make_instance(villages: int, sites: int, seed: int) -> Instance:
    """The county's villages, some of them as candidates, and all road distances."""
    county = make_county(villages, seed)
    table = county.layers["villages"]
    start = Place.of(table, "villages")
    drawn = np.random.default_rng(seed).choice(len(start), sites, replace=False)
    end = start.take(np.sort(drawn), "candidates")
    words = Words(zh="点", en="point")
    tier = Tier(id="point", name=words, problem=ProblemType.SET_COVER)
    travel = Travel(county.roads, CRS.from_user_input(county.metric_crs), 800.0)
    trips = travel.trips(start, end, tier, np.inf)
    return Instance(start.ids, end.ids, table["population"].to_numpy(float), trips)


def problem_of(instance: Instance, model: str, seed: int) -> SitingProblem:
    """The instance as one of :data:`MODELS`."""
    metres, ids = instance.matrix(), instance.villages
    if model == "set_cover":
        return set_cover(metres, radius=RADIUS_KM * 1000, demand_ids=ids, sites=instance.sites)
    if model == "maximal_cover":
        opened = max(1, round(SHARE_OPENED * len(instance.sites)))
        return maximal_cover(
            metres,
            instance.people,
            radius=RADIUS_KM * 1000,
            p=opened,
            demand_ids=ids,
            sites=instance.sites,
        )
    tonnes = instance.people * _T_PER_PERSON_YR
    draw = np.random.default_rng(seed)
    capacity = draw.uniform(0.5, 1.5, len(instance.sites))
    capacity *= _SPARE * tonnes.sum() / capacity.sum()
    fixed_cny = 60 * capacity**0.85
    return capacitated_location(
        metres,
        tonnes,
        sites=Sites.simple(instance.sites, capacity=capacity, fixed_cost=fixed_cny),
        demand_ids=ids,
        cost=metres / 1000 * _CNY_PER_T_KM * tonnes[:, None],
        single_source=True,
    )


def run(model: str, villages: int, sites: int, *, seed: int, limit_s: float) -> dict[str, Any]:
    """Solve one model and say how it went."""
    began_s = time.perf_counter()
    instance = make_instance(villages, sites, seed)
    made_s = time.perf_counter()
    problem = problem_of(instance, model, seed)
    solution = solve(problem, SolverSettings(time_limit_s=limit_s, gap=0.01, threads=2))
    solved_s = time.perf_counter()
    certificate = solution.certificate
    return {
        "model": model,
        "distances": "roads of the synthetic county, both ways, access legs counted",
        "villages": villages,
        "sites": sites,
        "pairs": len(problem.arcs),
        "unreachable": int((~problem.reachable).sum()),
        "opened": len(solution.opened),
        "outcome": str(certificate.outcome),
        "objective": _finite(certificate.objective),
        "bound": _finite(certificate.bound),
        "gap": _finite(certificate.gap),
        "method": certificate.method,
        "checked": verify(problem, solution) == [],
        "county_and_distances_s": round(made_s - began_s, 2),
        "solve_s": round(solved_s - made_s, 2),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--villages", type=int, default=10_000)
    parser.add_argument("--sites", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds of solving")
    given = parser.parse_args(arguments)
    row = run(given.model, given.villages, given.sites, seed=given.seed, limit_s=given.time_limit)
    print(json.dumps(row))


if __name__ == "__main__":
    main()
