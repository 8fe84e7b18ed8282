"""One instance of the rounds benchmark: ours, the peer's, and the check from written rounds."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any

import numpy as np
import pyvrp

from benchmarks.measuring import peak_resident_mib
from benchmarks.rounds_instances import Capacitated, Located, Synthetic
from benchmarks.rounds_overhead import pyvrp_clock
from planner.routes import (
    RoundsProblem,
    RoundsSettings,
    RoundsSolution,
    check_solution,
    plan_rounds,
)
from planner.routes.location import locate_and_route

Row = dict[str, Any]


def run_capacitated(
    instance: Capacitated, limit_s: float, seed: int, peer: str | None
) -> list[Row]:
    """Ours from reading to checked rounds, PyVRP alone for as long."""
    begin_s = time.perf_counter()
    problem = instance.problem
    with pyvrp_clock() as clock:
        found = plan_rounds(problem, RoundsSettings(time_limit_s=limit_s, seed=seed))
    seconds = time.perf_counter() - begin_s
    cost = _length(instance, found)
    row = _row(instance.name, instance.family, problem, found, cost, seconds, limit_s)
    row |= {"best_known": instance.best_known, "gap": _gap(cost, instance.best_known)}
    row["overhead"] = round(clock.overhead(seconds), 4)
    if peer == "pyvrp":
        begin_s = time.perf_counter()
        data = pyvrp.read(
            instance.path, round_func="round" if instance.whole else "exact"
        )  # fmt: skip
        alone = pyvrp.solve(
            data, pyvrp.stop.MaxRuntime(limit_s), seed=seed, collect_stats=False, display=False
        )
        units = 1.0 if instance.whole else 1000.0
        row |= {
            "peer": "pyvrp",
            "peer_cost": float(alone.cost()) / units if alone.is_feasible() else None,
            "peer_seconds": round(time.perf_counter() - begin_s, 3),
        }
    return [row]


def _length(instance: Capacitated, found: RoundsSolution) -> float:
    """The instance's own cost of the written rounds: lengths between stops in their order."""
    total = 0.0
    for one in found.rounds:
        path = [0, *(call.position + 1 for call in one.stops), 0]
        total += float(instance.length[path[:-1], path[1:]].sum())
    return total


def run_located(instance: Located, limit_s: float, seed: int, _peer: str | None) -> list[Row]:
    """Depots and rounds together."""
    problem = instance.problem
    begin_s = time.perf_counter()
    found = locate_and_route(problem, limit_s, seed)
    seconds = time.perf_counter() - begin_s
    cost = _recomputed(instance, found.rounds)
    return [
        {
            "instance": instance.name, "family": "prins", "stops": len(problem.stop_ids),
            "cost": cost, "best_known": instance.best_known,
            "gap": _gap(cost, instance.best_known), "vehicles": len(found.rounds),
            "seconds": round(seconds, 3), "checked": math.isclose(cost, found.cost),
            "peer": None, "peer_cost": None, "opened": list(found.opened),
            "best_at_seconds": round(found.seconds, 3), "limit_seconds": limit_s,
        }
    ]  # fmt: skip


def _recomputed(instance: Located, rounds: tuple[tuple[int, tuple[int, ...]], ...]) -> float:
    """Cost from the written rounds, arc by arc; infinite where a rule is broken."""
    one = instance.problem
    m = len(one.depot_ids)
    total = 0.0
    held: dict[int, float] = {}
    seen: set[int] = set()
    for depot, stops in rounds:
        load = sum(float(one.demand[i]) for i in stops)
        if load > one.lorry_capacity or seen & set(stops):
            return math.inf
        seen |= set(stops)
        held[depot] = held.get(depot, 0.0) + load
        total += one.lorry_cost
        at = depot
        for i in stops:
            total += float(one.way_cost[at, m + i])
            at = m + i
        total += float(one.way_cost[at, depot])
    if len(seen) != len(one.stop_ids) or any(held[j] > one.capacity[j] for j in held):
        return math.inf
    return total + sum(float(one.opening_cost[j]) for j in held)


def run_synthetic(instance: Synthetic, limit_s: float, seed: int, peer: str | None) -> list[Row]:
    """Thousands of stops; VROOM where it can express the case."""
    problem = instance.problem
    begin_s = time.perf_counter()
    found = plan_rounds(problem, RoundsSettings(time_limit_s=limit_s, seed=seed))
    seconds = time.perf_counter() - begin_s
    cost = found.cost_cny(problem)
    row = _row(instance.name, "synthetic", problem, found, cost, seconds, limit_s)
    row["trips"] = sum(one.trips for one in found.rounds)
    if peer == "vroom" and instance.trips == 1:
        row |= _vroom(problem, limit_s)
    return [row]


def _vroom(problem: RoundsProblem, limit_s: float) -> Row:
    """VROOM on the same matrix: the last emptying is in the ways to the ends, as in ours."""
    import vroom  # an optional extra

    begin_s = time.perf_counter()
    lorry = problem.vehicles[0]
    roads = problem.matrices["road"]
    distance, duration = _with_ends(problem, roads.distance_m, roads.duration_s)
    asked = vroom.Input()
    asked.set_durations_matrix("car", duration)
    asked.set_distances_matrix("car", distance)
    shift = (int(lorry.shift_start_s), int(lorry.shift_end_s))
    costs = vroom.VehicleCosts(fixed=int(lorry.fixed_cny), per_hour=0, per_km=int(lorry.cny_per_km))
    first_end = len(roads)
    # More lorries than either needs, but not one a stop.
    each = 40 + int(problem.stops.amount_t.sum() / lorry.payload_t)
    for depot in range(len(problem.depots)):
        for k in range(each):
            asked.add_vehicle(
                vroom.Vehicle(
                    1 + depot * each + k, start=int(problem.depots.place[depot]),
                    end=first_end + depot, capacity=[round(lorry.payload_t * 1000)],
                    time_window=shift, costs=costs,
                )
            )  # fmt: skip
    for i in range(len(problem.stops)):
        load = round(float(problem.stops.amount_t[i, 0]) * 1000)
        service = int(problem.stops.service_s[i])
        place = int(problem.stops.place[i])
        asked.add_job(vroom.Job(1 + i, location=place, pickup=[load], default_service=service))
    answer = asked.solve(exploration_level=5, nb_threads=2, timeout=timedelta(seconds=limit_s))
    table = answer.routes
    cost = lorry.fixed_cny * table["vehicle_id"].nunique()
    for _, route in table.groupby("vehicle_id", sort=False):
        path = route["location_index"].to_numpy(int)
        cost += lorry.cny_per_km * float(distance[path[:-1], path[1:]].sum()) / 1000
    return {
        "peer": "vroom",
        "peer_cost": float(cost),
        "peer_seconds": round(time.perf_counter() - begin_s, 3),
        "peer_unassigned": int(answer.summary.unassigned),
        "peer_vehicles": int(table["vehicle_id"].nunique()),
    }


def _with_ends(
    problem: RoundsProblem, distance: np.ndarray, duration: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Matrices with an end a depot, reached over the nearest disposal site."""
    count, ends = len(distance), len(problem.depots)
    wide = [np.zeros((count + ends, count + ends), np.uint32) for _ in range(2)]
    wide[0][:count, :count], wide[1][:count, :count] = distance, duration
    sites = problem.disposal.place
    for k, home in enumerate(problem.depots.place):
        over_m = distance[:, sites] + distance[sites, home]
        over_s = duration[:, sites] + duration[sites, home] + problem.disposal.unload_s
        best = np.argmin(over_m, axis=1)
        rows = np.arange(count)
        wide[0][:count, count + k] = over_m[rows, best]
        wide[1][:count, count + k] = over_s[rows, best]
        wide[0][home, count + k] = wide[1][home, count + k] = 0
    return wide[0], wide[1]


def _gap(cost: float, best_known: float | None) -> float | None:
    return None if best_known is None else round(cost / best_known - 1, 6)


def _row(
    name: str,
    family: str,
    problem: RoundsProblem,
    found: RoundsSolution,
    cost: float,
    seconds: float,
    limit_s: float,
) -> Row:
    served = not found.unserved
    return {
        "instance": name, "family": family, "stops": len(problem.stops), "cost": round(cost, 4),
        "best_known": None, "gap": None, "vehicles": len(found.rounds),
        "seconds": round(seconds, 3),
        "checked": served and check_solution(problem, found) == [],
        "peer": None, "peer_cost": None, "first_seconds": round(found.first_seconds, 3),
        "limit_seconds": limit_s, "mib": round(peak_resident_mib(), 1),
    }  # fmt: skip
