"""What rounds cost without planning them: a continuous approximation fitted to solved rounds.

Rounds over stops of some density drive a *line haul* (from the depot to the area and home over the
site, once for each load) and *hops* between neighbouring stops, of about ``k / sqrt(density)`` each
(Beardwood, Halton and Hammersley, 1959; Daganzo, 1984). With both a road network and a calendar in
between, the two factors are not theory but fitted: ``cost = a x line haul + b x hops + c x stops``,
by least squares over rounds that were really solved, and fitted again when there are more of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from planner.problem import BoolArray, FloatArray
from planner.routes.problem import RoundsProblem
from planner.routes.solution import RoundsSolution

NEAREST = 3
"""A hop is the mean way to so many nearest neighbours among those visited."""


@dataclass(frozen=True, eq=False)
class HaulFactors:
    """CNY a metre of line haul, CNY a metre of hops, CNY a visit; and how well they fit.

    ``error`` is the mean relative error on the rounds that they were fitted to.
    """

    line_cny_per_m: float
    hop_cny_per_m: float
    visit_cny: float
    error: float
    rounds: int

    def cost(self, line_m: float, hop_m: float, visits: float) -> float:
        """Cost by the three drivers."""
        return self.line_cny_per_m * line_m + self.hop_cny_per_m * hop_m + self.visit_cny * visits


def fitted(problem: RoundsProblem, solutions: Iterable[RoundsSolution]) -> HaulFactors:
    """Factors by least squares, none below 0, over every round of the solutions.

    Raises
    ------
    ValueError
        If there is no round to fit to.
    """
    rows, costs = [], []
    for solution in solutions:
        for one in solution.rounds:
            vehicle = problem.vehicles[one.vehicle]
            stops = np.array([call.position for call in one.stops], np.int64)
            rows.append([*drivers(problem, stops, vehicle.payload_t, one.depot), float(len(stops))])
            costs.append(one.cost_cny(problem))
    if not rows:
        raise ValueError("there are no rounds to fit an estimate to; solve some first")
    table, cost = np.array(rows), np.array(costs)
    # Each round counts by its share, so that large ones do not drown the rest.
    factors, _ = nnls(table / cost[:, None], np.ones(len(cost)))
    error = float(np.abs(table @ factors / cost - 1).mean())
    line, hop, visit = (float(one) for one in factors)
    return HaulFactors(line, hop, visit, error, len(rows))


def drivers(
    problem: RoundsProblem, stops: np.ndarray, payload_t: float, depot: int = 0
) -> tuple[float, float]:
    """Line haul and hops, in metres, of visiting some stops once.

    Parameters
    ----------
    payload_t : of a lorry; each load drives out and home once. ``inf``: one load
    """
    if len(stops) == 0:
        return 0.0, 0.0
    roads = problem.matrix(problem.vehicles[0]).distance_m
    place, home = problem.stops.place[stops], int(problem.depots.place[depot])
    sites = problem.disposal.place if len(problem.disposal) else np.array([home])
    back = (roads[np.ix_(place, sites)] + roads[sites, home]).min(axis=1)
    out = roads[home, place]
    tonnes = problem.stops.amount_t[stops].sum(axis=1)
    loads = max(1.0, float(np.ceil(tonnes.sum() / payload_t - 1e-9)))
    share = tonnes / max(float(tonnes.sum()), 1e-12) if tonnes.any() else np.full(len(stops), 1.0)
    line = float(((out + back) * share).sum() / share.sum()) * loads
    return line, float(_hops(roads, place).sum())


def _hops(roads: FloatArray, place: np.ndarray) -> FloatArray:
    """(k,) mean way to the nearest others of a set."""
    if len(place) < 2:
        return np.zeros(len(place))
    near = roads[np.ix_(place, place)].copy()
    np.fill_diagonal(near, np.inf)
    nearest = np.sort(near, axis=1)[:, : min(NEAREST, len(place) - 1)]
    means: FloatArray = np.where(np.isfinite(nearest), nearest, 0.0).mean(axis=1)
    return means


@dataclass(frozen=True, eq=False)
class HaulEstimate:
    """The estimate for choosing between stores and rounds, a year.

    Parameters
    ----------
    problem : its stops are the producers, first, and the stores, after them
    producers : how many of its stops are producers
    visits_per_yr : of a producer on rounds
    store_load_t : that a lorry takes from a store at once
    """

    problem: RoundsProblem
    factors: HaulFactors
    producers: int
    visits_per_yr: float
    store_load_t: float

    def rounds(self, visited: BoolArray) -> float:
        """Cost a year of visiting some producers, (n,)."""
        stops = np.flatnonzero(visited)
        payload_t = self.problem.vehicles[0].payload_t
        line, hops = drivers(self.problem, stops, payload_t)
        return self.factors.cost(line, hops, len(stops)) * self.visits_per_yr

    def marginal(self, visited: BoolArray) -> FloatArray:
        """(n,) cost a year that one producer more on rounds makes."""
        roads = self.problem.matrix(self.problem.vehicles[0]).distance_m
        place = self.problem.stops.place[: self.producers]
        others = np.flatnonzero(visited)
        among = roads[np.ix_(place, place[others])].copy()
        among[others, np.arange(len(others))] = np.inf
        near = np.sort(among, axis=1)[:, :NEAREST]
        hop = np.where(np.isfinite(near), near, 0.0).mean(axis=1) if near.shape[1] else 0.0
        home = int(self.problem.depots.place[0])
        tonnes = self.problem.stops.amount_t[: self.producers].sum(axis=1)
        share = np.minimum(tonnes / self.problem.vehicles[0].payload_t, 1.0)
        line = (roads[home, place] + roads[place, home]) * share
        one = self.factors.line_cny_per_m * line + self.factors.hop_cny_per_m * hop
        marginal: FloatArray = (one + self.factors.visit_cny) * self.visits_per_yr
        return marginal

    def from_stores(self, held_t: FloatArray) -> float:
        """Cost a year of emptying stores, (m,) tonnes a year in each."""
        roads = self.problem.matrix(self.problem.vehicles[0]).distance_m
        place = self.problem.stops.place[self.producers :]
        home = int(self.problem.depots.place[0])
        loads = np.ceil(held_t / self.store_load_t - 1e-9)
        way = roads[home, place] + roads[place, home]
        cost = loads * (self.factors.line_cny_per_m * way + self.factors.visit_cny)
        return float(cost[held_t > 0].sum())
