"""The matrices of a vehicle type, with the last emptying and what is forbidden in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.problem import FloatArray, IntArray
from planner.routes.day_task import DayTask, needs_time
from planner.routes.fleet import M_PER_KM, S_PER_H, VehicleClass

FAR_S = 10**7
"""Seconds of a way that may not be driven: longer than any shift."""
FAR_TIMES = 20
"""A way that may not be driven is this many times as dear as a lorry to the farthest place."""
ROUNDING = 1e-6
LARGEST = 2**42
"""Below what PyVRP takes as a value of a matrix (``pyvrp.constants.MAX_VALUE``)."""

WholeArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ways:
    """Matrices over jobs, starts (one a depot), ends (one a depot) and sites, in that order.

    Parameters
    ----------
    distance, duration : (p, p) whole metres (rounded) and seconds (rounded up)
    far : a distance from here on may not be driven
    last_site : (depots, j) where a lorry empties that ends after a job, -1 where at its depot
    """

    distance: WholeArray
    duration: WholeArray
    far: int
    last_site: IntArray


def short_on_board(task: DayTask, vehicle: int) -> bool:
    """Whether the time on board can bind: it is shorter than a lorry may be out."""
    one = task.problem.vehicles[vehicle]
    return bool(task.problem.longest_on_board_s(one) < one.longest_out_s)


def unit_prices(vehicle: VehicleClass) -> tuple[float, float, float, float]:
    """CNY of a metre, a second, a second of overtime and a day."""
    return (
        vehicle.cny_per_km / M_PER_KM,
        vehicle.cny_per_h / S_PER_H,
        vehicle.overtime_cny_per_h / S_PER_H,
        vehicle.fixed_cny,
    )


def whole_up(seconds: float) -> int:
    """Rounded up, but for the rounding of sums."""
    return int(np.ceil(seconds - ROUNDING))


def latest(seconds: float) -> int:
    """Rounded down; what never ends is the largest number PyVRP knows."""
    return int(np.floor(seconds + ROUNDING)) if np.isfinite(seconds) else 2**63 - 1


def profiles(
    task: DayTask, types: tuple[tuple[int, int], ...], sites: tuple[int, ...]
) -> tuple[list[Ways], list[int]]:
    """Matrices, shared where classes drive and empty alike, and which of them each type takes."""
    found: list[Ways] = []
    known: dict[tuple[Any, ...], int] = {}
    chosen = []
    for v, _ in types:
        vehicle = task.problem.vehicles[v]
        key = (
            vehicle.matrix, task.sites(v), task.allowed[v].tobytes(), short_on_board(task, v),
            unit_prices(vehicle), needs_time(task, vehicle),
        )  # fmt: skip
        if key not in known:
            known[key] = len(found)
            found.append(_ways(task, v, sites))
        chosen.append(known[key])
    return found, chosen


def _ways(task: DayTask, v: int, sites: tuple[int, ...]) -> Ways:
    problem, vehicle = task.problem, task.problem.vehicles[v]
    roads = problem.matrix(vehicle)
    home = problem.depots.place
    places = np.concatenate(
        (problem.stops.place[task.stop], home, home, problem.disposal.place[list(sites)])
    )
    distance = roads.distance_m[np.ix_(places, places)]
    duration = roads.duration_s[np.ix_(places, places)]
    n, k = len(task), len(home)
    _charge_tolls(task, v, sites, distance)
    own = set(task.sites(v))
    mine = [m for m, site in enumerate(sites) if site in own]
    last_site = np.full((k, n), -1, np.int64)
    if mine:
        last_site = _fold_last_emptying(task, v, sites, mine, distance, duration)
    if short_on_board(task, v):
        _forget_way_out(vehicle, distance, duration, n, k)
    wrong = np.flatnonzero(~task.allowed[v])
    end = slice(n + k, n + 2 * k)
    for table in (distance, duration):
        table[wrong, :] = np.inf
        table[:, wrong] = np.inf
        table[end, :] = 0.0  # nobody leaves from an end
        table[n : n + k, end] = 0.0  # an idle lorry
        np.fill_diagonal(table, 0.0)
    far = _far_m(vehicle, distance)
    whole = np.where(np.isfinite(distance), np.round(distance), far).astype(np.int64)
    return Ways(whole, _whole_s(duration, timed=needs_time(task, vehicle)), far, last_site)


def _charge_tolls(task: DayTask, v: int, sites: tuple[int, ...], distance: FloatArray) -> None:
    """Sites that would be overfilled lie farther off, by what their toll is worth in metres."""
    per_m, *_ = unit_prices(task.problem.vehicles[v])
    if per_m <= 0 or not len(sites):
        return
    first = len(distance) - len(sites)
    distance[:first, first:] += task.toll_cny[list(sites)] / per_m


def _fold_last_emptying(
    task: DayTask,
    v: int,
    sites: tuple[int, ...],
    mine: list[int],
    distance: FloatArray,
    duration: FloatArray,
) -> IntArray:
    """Ways to the ends go over the cheapest site, chosen here for each depot and job."""
    n, k = len(task), len(task.problem.depots)
    per_m, per_s, *_ = unit_prices(task.problem.vehicles[v])
    unload = task.problem.disposal.unload_s[[sites[m] for m in mine]]
    column = n + 2 * k + np.array(mine)
    rows = np.arange(n)
    last_site = np.full((k, n), -1, np.int64)
    for depot in range(k):
        home = n + depot
        via_m = distance[:n, column] + distance[column, home]
        via_s = duration[:n, column] + unload + duration[column, home]
        # The time on board counts too: where it binds, the nearer site is the only right one.
        price = via_m * per_m + via_s * max(per_s, ROUNDING)
        if short_on_board(task, v):
            limit = task.problem.longest_on_board_s(task.problem.vehicles[v])
            price = np.where(duration[:n, column] > limit, np.inf, price)
        best = np.argmin(price, axis=1)
        to_end_m, to_end_s = via_m[rows, best], via_s[rows, best]
        if short_on_board(task, v):
            ride_s = duration[rows, column[best]]
            after_s = np.where(np.isfinite(to_end_s), to_end_s - ride_s, 0.0)
            to_end_m, to_end_s = to_end_m + after_s * _metres_a_second(per_m, per_s), ride_s
        distance[:n, n + k + depot] = to_end_m
        duration[:n, n + k + depot] = to_end_s
        last_site[depot] = np.array(sites)[np.array(mine)[best]]
    for depot in range(k):
        distance[column, n + k + depot] = distance[column, n + depot]
        duration[column, n + k + depot] = duration[column, n + depot]
    return last_site


def _forget_way_out(
    vehicle: VehicleClass, distance: FloatArray, duration: FloatArray, n: int, k: int
) -> None:
    """The way out takes no time, so that a route lasts as long as its goods are on board.

    What those hours cost is put on the metres instead; the way back after emptying likewise, where
    the last emptying is folded in.
    """
    per_m, per_s, *_ = unit_prices(vehicle)
    out = (slice(n, n + k), slice(0, n))
    distance[out] += duration[out] * _metres_a_second(per_m, per_s)
    duration[out] = np.where(np.isfinite(duration[out]), 0.0, np.inf)


def _metres_a_second(per_m: float, per_s: float) -> float:
    return per_s / per_m if per_m > 0 else 0.0


def _far_m(vehicle: VehicleClass, distance: FloatArray) -> int:
    per_m, *_, fixed = unit_prices(vehicle)
    largest = float(distance[np.isfinite(distance)].max(initial=1.0))
    lorry_m = fixed / per_m if per_m > 0 else 0.0
    return int(min(FAR_TIMES * (largest + lorry_m) + 1, LARGEST))


def _whole_s(duration: FloatArray, *, timed: bool) -> WholeArray:
    if not timed:
        return np.zeros(duration.shape, np.int64)
    return np.where(
        np.isfinite(duration), np.ceil(duration - ROUNDING), FAR_S
    ).astype(np.int64)  # fmt: skip
