"""What rounds cost without planning them: a continuous approximation fitted to solved rounds.

Rounds over stops of some density drive a *line haul* (from the depot to the area and home over the
site, once for each load) and *hops* between neighbouring stops, of about ``k / sqrt(density)`` each
(Beardwood, Halton and Hammersley, 1959; Daganzo, 1984). How much of both is driven on a road
network, between windows and over a calendar, is no theory but fitted: ``metres = a x line haul +
b x hops``, by least squares over rounds that were really solved, and fitted again when there are
more of them. Metres and minutes have prices, which are known; a lorry's day is spread over the
hours that it is out. What all of it misses (waiting, overtime) raises the three factors alike, so
that the estimate of the rounds it was fitted to adds up to what they cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import lsq_linear

from planner.problem import BoolArray, FloatArray, IntArray
from planner.routes.fleet import M_PER_KM, S_PER_H
from planner.routes.problem import RoundsProblem
from planner.routes.solution import Kind, Round, RoundsSolution

NEAREST = 3
"""A hop is the mean way to so many nearest neighbours among those visited."""


LEAST_SHARES, MOST_SHARES = (0.5, 0.0), (1.5, 4.0)
"""What a metre of line haul, and one of hops, can be of a driven one: some stops lie on the way to
others."""


@dataclass(frozen=True, eq=False)
class HaulFactors:
    """CNY a metre of line haul, CNY a metre of hops, CNY a visit; and how well they fit.

    Parameters
    ----------
    error : on the rounds that they were fitted to: what they are off together / what they cost
    rounds : so many
    haul_cny_per_t_km : the line haul of all these rounds for a tonne and a kilometre of one way,
        the empty way with it: what depends on where sites stand, in the terms of siting
    """

    line_cny_per_m: float
    hop_cny_per_m: float
    visit_cny: float
    error: float
    rounds: int
    load_t: float = float("inf")
    """Mean tonnes that a lorry came with: less than its payload where the shift is what ends it."""
    haul_cny_per_t_km: float = 0.0

    def cost(self, line_m: float, hop_m: float, visits: float) -> float:
        """Cost by the three drivers."""
        return self.line_cny_per_m * line_m + self.hop_cny_per_m * hop_m + self.visit_cny * visits


Solved = tuple[RoundsProblem, RoundsSolution]
"""A problem and rounds of it."""


def fitted(solved: Iterable[Solved]) -> HaulFactors:
    """Factors over every round of the solutions.

    Raises
    ------
    ValueError
        If there is no round to fit to.
    """
    rows = [_measured(problem, one) for problem, found in solved for one in found.rounds]
    if not rows:
        raise ValueError("there are no rounds to fit an estimate to; solve some first")
    line, hop, visits, loads, tonnes, metres, m_cny, stay_cny, cost = np.array(rows).T
    table = np.column_stack((line, hop))
    # Each round counts by its share, so that large ones do not drown the rest.
    weight = 1.0 / np.maximum(metres, 1.0)
    shares = lsq_linear(table * weight[:, None], metres * weight, (LEAST_SHARES, MOST_SHARES)).x
    per_m, per_visit = m_cny.sum() / max(metres.sum(), 1.0), stay_cny.sum() / visits.sum()
    estimate = table @ shares * per_m + visits * per_visit
    missed = float(cost.sum() / max(estimate.sum(), 1e-9))
    line_cny, hop_cny = (float(share * per_m * missed) for share in shares)
    t_km = float((tonnes * line / loads).sum()) / (2 * M_PER_KM)
    return HaulFactors(
        line_cny_per_m=line_cny,
        hop_cny_per_m=hop_cny,
        visit_cny=float(per_visit * missed),
        error=float(np.abs(estimate * missed - cost).sum() / cost.sum()),
        rounds=len(rows),
        load_t=float(tonnes.sum() / loads.sum()),
        haul_cny_per_t_km=line_cny * float(line.sum()) / t_km if t_km > 0 else 0.0,
    )


def _measured(problem: RoundsProblem, one: Round) -> tuple[float, ...]:
    """Line haul, hops, visits, loads, tonnes, metres; cost of driving, of standing, and of all."""
    stops = np.array([call.position for call in one.stops], np.int64)
    loads = float(max(one.trips, 1))
    line, hop = drivers(problem, stops, loads=loads, depot=one.depot)
    vehicle = problem.vehicles[one.vehicle]
    stay_s = sum(call.leave_s - call.begin_s for call in one.visits if call.kind is not Kind.DEPOT)
    s_cny = vehicle.cny_per_h / S_PER_H + vehicle.fixed_cny / max(one.out_s, 1.0)
    m_cny = one.distance_m * vehicle.cny_per_km / M_PER_KM + (one.out_s - stay_s) * s_cny
    return (
        line, hop, float(len(stops)), loads, one.tonnes(problem), one.distance_m, m_cny,
        stay_s * s_cny, one.cost_cny(problem),
    )  # fmt: skip


def loads_of(problem: RoundsProblem, stops: np.ndarray, load_t: float) -> float:
    """Lorry loads of so many tonnes that some stops make; ``inf`` makes one."""
    tonnes = float(problem.stops.amount_t[stops].sum())
    return max(1.0, float(np.ceil(tonnes / load_t - 1e-9)))


def drivers(
    problem: RoundsProblem, stops: np.ndarray, *, loads: float, depot: int | IntArray = 0
) -> tuple[float, float]:
    """Line haul and hops, in metres, of visiting some stops once.

    Parameters
    ----------
    loads : each drives out and home once
    depot : of all, or of each
    """
    if len(stops) == 0:
        return 0.0, 0.0
    roads = problem.matrix(problem.vehicles[0]).distance_m
    place = problem.stops.place[stops]
    home = np.broadcast_to(problem.depots.place[depot], len(stops))
    out, back = roads[home, place], _way_home(problem, roads, place, home)
    tonnes = problem.stops.amount_t[stops].sum(axis=1)
    share = tonnes / max(float(tonnes.sum()), 1e-12) if tonnes.any() else np.full(len(stops), 1.0)
    line = float(((out + back) * share).sum() / share.sum()) * loads
    return line, float(_hops(roads, place).sum())


def _way_home(
    problem: RoundsProblem, roads: FloatArray, place: IntArray, home: IntArray
) -> FloatArray:
    """(k,) metres from places over the best site to their depots."""
    if not len(problem.disposal):
        straight: FloatArray = roads[place, home]
        return straight
    sites = problem.disposal.place
    over: FloatArray = (roads[np.ix_(place, sites)] + roads[np.ix_(sites, home)].T).min(axis=1)
    return over


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
    visits_per_yr : (n,) of each producer on rounds
    store_load_t : that a lorry takes from a store at once
    """

    problem: RoundsProblem
    factors: HaulFactors
    producers: int
    visits_per_yr: FloatArray
    store_load_t: float

    @property
    def _load_t(self) -> float:
        return min(self.factors.load_t, self.problem.vehicles[0].payload_t)

    @cached_property
    def _way_m(self) -> FloatArray:
        """(n + m,) metres out and back of each stop, from the depot that is nearest so."""
        place = self.problem.stops.place
        return self._ways[np.arange(len(place)), self._home]

    @cached_property
    def _ways(self) -> FloatArray:
        roads = self.problem.matrix(self.problem.vehicles[0]).distance_m
        place = self.problem.stops.place
        return np.column_stack(
            [
                roads[home, place]
                + _way_home(self.problem, roads, place, np.full(len(place), home))
                for home in self.problem.depots.place
            ]
        )

    @cached_property
    def _home(self) -> IntArray:
        nearest: IntArray = np.argmin(self._ways, axis=1)
        return nearest

    def rounds(self, visited: BoolArray) -> float:
        """Cost a year of visiting some producers, (n,)."""
        stops = np.flatnonzero(visited)
        if not len(stops):
            return 0.0
        loads = loads_of(self.problem, stops, self._load_t)
        line, hops = drivers(self.problem, stops, loads=loads, depot=self._home[stops])
        times = float(self.visits_per_yr[stops].mean())
        return self.factors.cost(line, hops, len(stops)) * times

    def marginal(self, visited: BoolArray) -> FloatArray:
        """(n,) cost a year that one producer more on rounds makes."""
        roads = self.problem.matrix(self.problem.vehicles[0]).distance_m
        place = self.problem.stops.place[: self.producers]
        others = np.flatnonzero(visited)
        among = roads[np.ix_(place, place[others])].copy()
        among[others, np.arange(len(others))] = np.inf
        near = np.sort(among, axis=1)[:, :NEAREST]
        hop = np.where(np.isfinite(near), near, 0.0).mean(axis=1) if near.shape[1] else 0.0
        tonnes = self.problem.stops.amount_t[: self.producers].sum(axis=1)
        line = self._way_m[: self.producers] * np.minimum(tonnes / self._load_t, 1.0)
        one = self.factors.line_cny_per_m * line + self.factors.hop_cny_per_m * hop
        marginal: FloatArray = (one + self.factors.visit_cny) * self.visits_per_yr
        return marginal

    def from_stores(self, held_t: FloatArray) -> float:
        """Cost a year of emptying stores, (m,) tonnes a year in each."""
        loads = np.ceil(held_t / self.store_load_t - 1e-9)
        way = self._way_m[self.producers :]
        cost = loads * (self.factors.line_cny_per_m * way + self.factors.visit_cny)
        return float(cost[held_t > 0].sum())
