"""Service areas in one piece, for one tier of many units: bound without the rule, plan with it.

Without contiguity it is single-source capacitated location (:mod:`planner.solving.capacitated`)
whose bound holds here too. With the facilities that it opens, areas in one piece are found by a
stricter rule that is linear,

    chain_i_j   x_ij <= sum of x_kj over the neighbours k of i that are nearer to j than i is,

so that every unit has a way home over ever nearer units of its own area. Areas that only a detour
holds together are missed; what that may cost is in the gap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_matrix

from planner.problem import (
    Arcs,
    Demand,
    FloatArray,
    IntArray,
    Objective,
    Quota,
    Sites,
    SitingProblem,
)
from planner.solution import Outcome, SitingSolution, SolverSettings
from planner.solving import judging
from planner.solving.highs import EMPTY, LinearProgram
from planner.solving.method import Watch
from planner.solving.pulp_solver import run_program
from planner.solving.tiered.plain import GroupAnswer, arcs_of, solve_plain
from planner.tiered import checker
from planner.tiered.network import DEMAND
from planner.tiered.objectives import goal_value
from planner.tiered.problem import TieredProblem
from planner.tiered.rules import GoalKind
from planner.tiered.solution import Flow, StreamPlan

METHOD = "capacitated location, then chains of nearer units"
RELAXED_SHARE = 0.5
"""Share of the time for the problem without contiguity."""
MOST_ARCS_WHOLE = 5_000
"""Up to this size the whole model is tried where no areas were found."""
LEAST_UNITS = 150
"""Fewer units are solved as they stand."""
NEAREST = 8
"""Open facilities that a unit may go to in the search for areas in one piece."""


def suits(problem: TieredProblem) -> bool:
    """One stream, one tier, one phase, least cost, contiguous areas; quotas that hold."""
    stream = problem.streams[0]
    kinds = [part for goal in problem.goals for part in goal.parts]
    if len(problem.streams) != 1 or len(stream.tiers) != 1 or len(problem.phases) != 1:
        return False
    part = stream.tiers[0].facilities
    return (
        stream.contiguity is not None
        and len(stream.demand) >= LEAST_UNITS
        and kinds == [(GoalKind.COST, 1.0)]
        and stream.terminals is None
        and bool((stream.coverage_target >= 1 - 1e-9).all())
        and not part.existing.any()
        and not np.isfinite(problem.phases.budget_cny).any()
        and not (part.place >= 0).any()
        and all(quota.binds for quota in problem.quotas)
    )


def solve_contiguous(
    problem: TieredProblem, settings: SolverSettings, watch: Watch, answer: GroupAnswer
) -> None:
    """Bound and plan; ``answer`` holds the best so far."""
    answer.method, answer.bound_proof = METHOD, "lagrangian"
    answer.reached, answer.bounds = [np.inf], [-np.inf]
    relaxed = _without_contiguity(problem, settings, watch)
    if relaxed.outcome is Outcome.INFEASIBLE:
        answer.infeasible = True
    elif np.isfinite(relaxed.certificate.bound):
        answer.bounds[0] = judging.outward(relaxed.certificate.bound, maximise=False)
    if relaxed.has_plan:
        _areas(problem, relaxed.size, settings, watch, answer)
    # The whole model's flow of "being reached" has a column a border, facility and direction.
    small = arcs_of(problem) <= MOST_ARCS_WHOLE
    if answer.plans is None and not answer.infeasible and small and watch.remaining_s > 0:
        bound = answer.bounds[0]
        solve_plain(problem, settings, watch, answer)
        if answer.bounds:
            answer.bounds[0] = max(answer.bounds[0], bound)


def _without_contiguity(
    problem: TieredProblem, settings: SolverSettings, watch: Watch
) -> SitingSolution:
    # The public call of the one-tier problems, which itself knows the tiered ones.
    from planner.solving.solve import solve  # noqa: PLC0415 - would be circular at import

    left = watch.remaining_s
    limit = None if np.isinf(left) else RELAXED_SHARE * left
    part = watch.part(np.inf if limit is None else limit)
    return solve(
        one_tier(problem),
        replace(settings, time_limit_s=limit, gap=min(settings.gap, 1e-3)),
        lambda event: part.report(event.phase, bound=event.bound),
    )


def one_tier(problem: TieredProblem) -> SitingProblem:
    """The problem without contiguity, as the one-tier methods know it."""
    stream, weight = problem.streams[0], float(problem.phases.weight[0])
    tier = stream.tiers[0]
    part = tier.facilities
    leg = stream.legs[stream.legs_from(DEMAND)[0]]
    tonnes = stream.demand.tonnes[0]
    price = leg.cost_cny_per_t + part.handling_cny_per_t[leg.to]
    return SitingProblem(
        Objective.MIN_COST,
        Demand(stream.demand.ids, tonnes),
        Sites(
            part.ids,
            part.required,
            ~problem.alive(tier)[0],
            part.existing,
            part.size_start,
            tier.usable_capacity_t_per_yr,
            weight * part.fixed_cost_cny_per_yr,
            part.least_throughput_t_per_yr,
        ),
        Arcs(leg.start, leg.to, leg.impedance, weight * price * tonnes[leg.row]),
        quotas=tuple(
            Quota(quota.name, quota.facilities, quota.minimum, quota.maximum)
            for quota in problem.quotas
            if len(problem.quota_phases(quota))
        ),
    )


def _areas(
    problem: TieredProblem,
    size: IntArray,
    settings: SolverSettings,
    watch: Watch,
    answer: GroupAnswer,
) -> None:
    """Areas in one piece around the open facilities."""
    stream = problem.streams[0]
    leg = stream.legs[stream.legs_from(DEMAND)[0]]
    usable = _nearest_open(leg.row, leg.to, leg.impedance, size)
    program = _program(problem, size, usable)
    best = [np.inf]

    def keep(values: FloatArray, _: float) -> None:
        arc = usable[values[: len(usable)] > 0.5]
        phase, share = np.zeros(len(arc), np.int64), np.ones(len(arc))
        flow = Flow(phase, arc, stream.demand.tonnes[0][leg.row[arc]], share)
        plans = (StreamPlan((size[None, :].copy(),), (flow,)),)
        reached = goal_value(problem, plans, problem.goals[0])
        if reached < best[0] and not checker.check_plan(problem, plans):
            best[0] = answer.reached[0] = reached
            answer.plans = plans

    found = run_program(
        program, replace(settings, gap=5e-4), watch, phase="areas", start=EMPTY, on_incumbent=keep
    )
    if found.has_values:
        keep(found.values, found.bound)


def _nearest_open(row: IntArray, to: IntArray, impedance: FloatArray, size: IntArray) -> IntArray:
    """Arcs to the nearest open facilities of each unit."""
    there = np.flatnonzero(size[to] >= 0)
    order = there[np.lexsort((impedance[there], row[there]))]
    first = np.searchsorted(row[order], row[order], side="left")
    return np.sort(order[np.arange(len(order)) - first < NEAREST])


def _program(problem: TieredProblem, size: IntArray, usable: IntArray) -> LinearProgram:
    """Assignment to the open facilities with chains of nearer units."""
    stream, weight = problem.streams[0], float(problem.phases.weight[0])
    rule, tier = stream.contiguity, stream.tiers[0]
    assert rule is not None  # noqa: S101 - asked by suits
    part, leg = tier.facilities, stream.legs[stream.legs_from(DEMAND)[0]]
    row, to, tonnes = leg.row[usable], leg.to[usable], stream.demand.tonnes[0]
    column = {(int(i), int(j)): c for c, (i, j) in enumerate(zip(row, to, strict=True))}
    far = dict(zip(column, leg.impedance[usable].tolist(), strict=True))
    n, f = len(stream.demand), len(part)
    rows, columns, values = [row, n + to], [np.arange(len(usable))] * 2, [np.ones(len(usable))]
    values.append(tonnes[row])
    capacity = np.where(size >= 0, tier.usable_capacity_t_per_yr[np.maximum(size, 0)], np.inf)
    lower = [np.where(stream.reachable, 1.0, 0.0), np.full(f, -np.inf)]
    upper = [np.ones(n), capacity]
    fixed = np.zeros(len(usable), np.bool_)
    chain_rows, chain_columns, chain_values = [], [], []
    chains = 0
    for (i, j), c in column.items():
        if i == rule.home[j]:
            fixed[c] = True
            continue
        chain_rows.append(chains)
        chain_columns.append(c)
        chain_values.append(1.0)
        for k in rule.neighbour[rule.start[i] : rule.start[i + 1]].tolist():
            if far.get((k, j), np.inf) < far[i, j] or (k == rule.home[j] and (k, j) in column):
                chain_rows.append(chains)
                chain_columns.append(column[k, j])
                chain_values.append(-1.0)
        chains += 1
    rows.append(n + f + np.array(chain_rows, np.int64))
    columns.append(np.array(chain_columns, np.int64))
    values.append(np.array(chain_values))
    lower.append(np.full(chains, -np.inf))
    upper.append(np.zeros(chains))
    matrix = coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(n + f + chains, len(usable)),
    ).tocsr()
    price = leg.cost_cny_per_t[usable] + part.handling_cny_per_t[to]
    return LinearProgram(
        cost=weight * price * tonnes[row],
        lower=fixed.astype(np.float64),
        upper=np.ones(len(usable)),
        integer=np.ones(len(usable), np.bool_),
        row_start=matrix.indptr.astype(np.int64),
        row_index=matrix.indices.astype(np.int64),
        row_value=matrix.data,
        row_lower=np.concatenate(lower),
        row_upper=np.concatenate(upper),
    )
