"""What a built programme does when tonnes or sites are not as planned.

A programme is held as it stands in one phase (every facility at its size, no other), and the
service is planned anew: first as many tonnes as can be served, then at least cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.problem import FloatArray, IntArray
from planner.solution import FEASIBILITY_TOLERANCE, OnProgress, SolverSettings
from planner.solving.tiered.solve import solve_tiered
from planner.tiered.facilities import NO_YEAR
from planner.tiered.loads import taken_in
from planner.tiered.network import Tier
from planner.tiered.objectives import Plans, goal_value, value_of
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import Goal, GoalKind, Phases
from planner.tiered.solution import TieredSolution

ESTIMATES = ("low", "middle", "high")

Down = tuple[str, str, int]
"""Stream, tier and facility that is out of service."""


@dataclass(frozen=True, eq=False)
class Outage:
    """What happens in a phase when facilities are down or tonnes surge.

    Parameters
    ----------
    unserved_t_per_yr : that nobody has room for, as a yearly rate
    cost_cny_per_yr : of the phase as it then runs
    taken_over : (stream, tier, facility) -> tonnes more (or fewer) a year than planned
    solution : the one-phase answer, with flows and unserved points
    problem : the one-phase problem that it answers
    """

    unserved_t_per_yr: float
    cost_cny_per_yr: float
    taken_over: Mapping[tuple[str, str, str], float]
    solution: TieredSolution
    problem: TieredProblem


@dataclass(frozen=True, eq=False)
class Regrets:
    """Programmes made for each estimate, tried under each: rows are programmes, columns estimates.

    Parameters
    ----------
    cost : (3, 3) weighted over the phases; comparable only where nothing is unserved
    unserved_t_per_yr : (3, 3) most in any phase
    regret : (3, 3) cost over the cheapest for that estimate, ``inf`` where tonnes are left
    holds_at_high : (3,) whether capacity holds at the high estimate
    robust : position of the programme with the least largest regret among those that hold at high,
        -1 where none does
    """

    solutions: tuple[TieredSolution, ...]
    cost: FloatArray
    unserved_t_per_yr: FloatArray
    regret: FloatArray
    holds_at_high: tuple[bool, ...]
    robust: int


def outage(
    problem: TieredProblem,
    plans: Plans,
    phase: int,
    down: tuple[Down, ...] = (),
    *,
    surge: float = 1.0,
    divided: bool = False,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Outage:
    """Where the tonnes go when facilities are down, or when all tonnes are ``surge`` times as many.

    Parameters
    ----------
    divided : points and facilities may then give to several, as one does in need; a linear program

    Raises
    ------
    ValueError
        If a facility that is to be down is not known.
    """
    known = {(stream.id, tier.id): tier for stream in problem.streams for tier in stream.tiers}
    wrong = [one for one in down if not 0 <= one[2] < _count(known.get(one[:2]))]
    if wrong:
        raise ValueError(f"no such facility: {wrong[0]}; give stream, tier and position")
    held = as_built(problem, plans, phase, down, surge=surge, divided=divided)
    solution = solve_tiered(held, settings, on_progress)
    usual, after = _loads(problem, plans, phase), _loads(held, solution.streams, 0)
    changed = {key: after.get(key, 0.0) - tonnes for key, tonnes in usual.items()}
    return Outage(
        sum(one.tonnes for one in solution.unserved),
        value_of(held, solution.streams, GoalKind.COST) if solution.has_plan else float("nan"),
        {key: tonnes for key, tonnes in changed.items() if abs(tonnes) > 1e-6},
        solution,
        held,
    )


def regrets(
    problem: TieredProblem,
    settings: SolverSettings | None = None,
    on_progress: OnProgress | None = None,
    *,
    divided: bool = False,
) -> Regrets:
    """Programmes for low, middle and high tonnes, each under all three.

    Parameters
    ----------
    divided : tried with points that may give to several, which is a linear program
    """
    solutions = tuple(
        solve_tiered(problem.at_estimate(estimate), settings, on_progress) for estimate in ESTIMATES
    )
    cost, unserved = np.full((3, 3), np.inf), np.full((3, 3), np.inf)
    for row, solution in enumerate(solutions):
        if solution.has_plan:
            for column, estimate in enumerate(ESTIMATES):
                asked = problem.at_estimate(estimate)
                cost[row, column], unserved[row, column] = _run_as_built(
                    asked, solution.streams, settings, divided=divided
                )
    serves = unserved <= FEASIBILITY_TOLERANCE * max(1.0, _most_tonnes(problem))
    comparable = np.where(serves, cost, np.inf)
    least = comparable.min(axis=0)
    regret = np.where(
        np.isfinite(comparable), comparable - np.where(np.isfinite(least), least, 0), np.inf
    )
    holds = serves[:, 2]
    worst = np.where(holds, regret.max(axis=1), np.inf)
    robust = int(np.argmin(worst)) if np.isfinite(worst).any() else -1
    return Regrets(solutions, cost, unserved, regret, tuple(map(bool, holds)), robust)


def as_built(
    problem: TieredProblem,
    plans: Plans,
    phase: int,
    down: tuple[Down, ...] = (),
    *,
    surge: float = 1.0,
    divided: bool = False,
) -> TieredProblem:
    """One phase of a problem with a programme's facilities as they stand, and no others."""
    streams = []
    for stream, plan in zip(problem.streams, plans, strict=True):
        tiers = tuple(
            _tier_as_built(
                tier,
                size[phase],
                [j for s, k, j in down if (s, k) == (stream.id, tier.id)],
                divided=divided,
            )
            for tier, size in zip(stream.tiers, plan.size, strict=True)
        )
        demand = stream.demand
        tonnes = surge * demand.tonnes[phase : phase + 1]
        ends = stream.terminals
        if ends is not None:
            ends = replace(ends, capacity_t_per_yr=ends.capacity_t_per_yr[phase : phase + 1])
        streams.append(
            replace(
                stream,
                demand=replace(demand, tonnes=tonnes, low=tonnes, high=tonnes),
                tiers=tiers,
                terminals=ends,
                coverage_target=np.zeros(1),
                contiguity=None,
                single_source=stream.single_source and not divided,
            )
        )
    return replace(
        problem,
        streams=tuple(streams),
        phases=Phases((problem.phases.years[phase],)),
        quotas=(),
        goals=(Goal.of(GoalKind.COVERED_TONNES), Goal.of(GoalKind.COST)),
    )


def _tier_as_built(tier: Tier, size: IntArray, down: list[int], *, divided: bool) -> Tier:
    part = tier.facilities
    standing = size.copy()
    standing[down] = -1
    none = np.zeros(len(part), np.bool_)
    return replace(
        tier,
        hosted_by=None,
        single_destination=tier.single_destination and not divided,
        facilities=replace(
            part,
            existing_size=standing,
            forbidden=standing < 0,
            required=none,
            closable=none,
            lasts_yr=np.full(len(part), NO_YEAR),
            expandable=none,
            least_throughput_t_per_yr=np.zeros(len(part.capacity_t_per_yr)),
        ),
    )


def _run_as_built(
    problem: TieredProblem, plans: Plans, settings: SolverSettings | None, *, divided: bool
) -> tuple[float, float]:
    """Cost over the phases and the most that is unserved in any."""
    cost, unserved = 0.0, 0.0
    for t, weight in enumerate(problem.phases.weight.tolist()):
        held = as_built(problem, plans, t, divided=divided)
        solution = solve_tiered(held, settings)
        if not solution.has_plan:
            return float("inf"), float("inf")
        cost += weight * goal_value(held, solution.streams, Goal.of(GoalKind.COST))
        missing = sum(one.tonnes for one in solution.unserved if one.kind != "unreachable")
        unserved = max(unserved, missing)
    return cost, unserved


def _loads(problem: TieredProblem, plans: Plans, phase: int) -> dict[tuple[str, str, str], float]:
    loads: dict[tuple[str, str, str], float] = {}
    for stream, plan in zip(problem.streams, plans, strict=True):
        for tier in stream.tiers:
            taken = taken_in(stream, plan, tier.id, len(problem.phases))[phase]
            for j, name in enumerate(tier.facilities.ids):
                loads[stream.id, tier.id, name] = float(taken[j])
    return loads


def _most_tonnes(problem: TieredProblem) -> float:
    return float(sum(stream.demand.high.sum(axis=1).max() for stream in problem.streams))


def _count(tier: Tier | None) -> int:
    return 0 if tier is None else len(tier.facilities)
