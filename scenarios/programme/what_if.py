"""What a programme does when sites are down, tonnes surge, or the estimates were wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geodata.faults import N_, Fault, Severity
from planner import SolverSettings
from planner.solving.tiered.groups import groups_of, part_of
from planner.solving.tiered.whatif import ESTIMATES, Down, Regrets, outage, regrets
from planner.tiered import StreamPlan as TieredPlan
from planner.tiered import TieredProblem
from planner.tiered.loads import taken_in
from planner.tiered.objectives import costs
from scenarios.joint import LARGEST, DownSite, Joint, Outage
from scenarios.programme.cases import EstimateAnswer, Left, OutageAnswer, Shift, WhatIf

LEAST_TOLD_T = 1e-6


def what_if(
    problem: TieredProblem, plans: Sequence[TieredPlan], joint: Joint, settings: SolverSettings
) -> WhatIf:
    """Every outage and comparison of a joint scenario.

    Service is planned anew with the facilities as built; points may then be divided, as one does in
    need, which is a linear program.
    """
    faults: list[Fault] = []
    outages = [
        answer
        for case in joint.outages
        for answer in _outage(problem, plans, case, settings, faults)
    ]
    estimates = []
    if joint.compare_estimates:
        for group in groups_of(problem):
            part = part_of(problem, group)
            if _has_range(part):
                estimates.append(_estimates(part, settings))
        if not estimates:
            faults.append(_no_range())
    return WhatIf(tuple(outages), tuple(estimates), tuple(faults))


def _outage(
    problem: TieredProblem,
    plans: Sequence[TieredPlan],
    case: Outage,
    settings: SolverSettings,
    faults: list[Fault],
) -> list[OutageAnswer]:
    """One answer a group of streams that the case is about; all groups where it is only a surge."""
    years = problem.phases.years
    phase = len(years) - 1 if case.year is None else years.index(case.year)
    found = []
    for group in groups_of(problem):
        part, own = part_of(problem, group), tuple(plans[s] for s in group)
        mine = [one for one in case.down if one.stream in part.stream_ids]
        if case.down and not mine:
            continue
        down = [_position(part, own, one, phase, faults) for one in mine]
        known = tuple(one for one in down if one is not None)
        if mine and not known:
            continue
        found.append(_answer(part, own, case, phase, known, settings))
    return found


def _position(
    problem: TieredProblem,
    plans: Sequence[TieredPlan],
    down: DownSite,
    phase: int,
    faults: list[Fault],
) -> Down | None:
    """The site that is meant; None, and a fault, where it is not open."""
    s = problem.stream_ids.index(down.stream)
    stream, plan = problem.streams[s], plans[s]
    ids = stream.tier(down.tier).facilities.ids
    size = plan.size[stream.tier_ids.index(down.tier)][phase]
    if down.site == LARGEST and (size >= 0).any():
        taken = taken_in(stream, plan, down.tier, len(problem.phases))[phase]
        return down.stream, down.tier, int(np.argmax(np.where(size >= 0, taken, -1.0)))
    if down.site in ids and size[ids.index(down.site)] >= 0:
        return down.stream, down.tier, ids.index(down.site)
    opened = [ids[j] for j in np.flatnonzero(size >= 0).tolist()]
    message = N_("{site} is not open in {year}, so that it cannot fail; open are {known}")
    values = {
        "site": down.site,
        "year": str(problem.phases.years[phase]),
        "known": ", ".join(opened[:6]) or "-",
    }
    faults.append(Fault(f"joint.outages, {down.stream}", message, values, Severity.WARNING))
    return None


def _answer(
    problem: TieredProblem,
    plans: Sequence[TieredPlan],
    case: Outage,
    phase: int,
    down: tuple[Down, ...],
    settings: SolverSettings,
) -> OutageAnswer:
    result = outage(problem, plans, phase, down, surge=case.surge, divided=True, settings=settings)
    usual = sum(line.cost_cny_per_yr for line in costs(problem, plans) if line.phase == phase)
    left = [
        # Points that no site could ever reach were not served before either.
        Left(
            one.stream,
            problem.stream(one.stream).demand.ids[one.demand],
            float(one.share),
            float(one.tonnes),
        )
        for one in result.solution.unserved
        if one.tonnes > LEAST_TOLD_T and one.kind != "unreachable"
    ]
    shifts = [
        Shift(*key, float(tonnes))
        for key, tonnes in sorted(result.taken_over.items(), key=lambda item: -abs(item[1]))
    ]
    return OutageAnswer(
        name=case.name,
        year=problem.phases.years[phase],
        surge=case.surge,
        streams=problem.stream_ids,
        down=tuple((s, k, problem.stream(s).tier(k).facilities.ids[j]) for s, k, j in down),
        unserved_t_per_yr=sum(one.tonnes for one in left),
        usual_cost_cny_per_yr=float(usual),
        cost_cny_per_yr=float(result.cost_cny_per_yr),
        shifts=tuple(shifts),
        left=tuple(sorted(left, key=lambda one: -one.tonnes)),
    )


def _has_range(problem: TieredProblem) -> bool:
    return any(not np.array_equal(one.demand.low, one.demand.high) for one in problem.streams)


def _estimates(problem: TieredProblem, settings: SolverSettings) -> EstimateAnswer:
    found: Regrets = regrets(problem, settings, divided=True)
    last = {
        "low": [one.demand.low[-1] for one in problem.streams],
        "middle": [one.demand.tonnes[-1] for one in problem.streams],
        "high": [one.demand.high[-1] for one in problem.streams],
    }
    return EstimateAnswer(
        streams=problem.stream_ids,
        tonnes=tuple(float(sum(one.sum() for one in last[name])) for name in ESTIMATES),
        cost_cny=_rows(found.cost),
        unserved_t_per_yr=_rows(found.unserved_t_per_yr),
        regret_cny=_rows(found.regret),
        holds_at_high=found.holds_at_high,
        robust=ESTIMATES[found.robust] if found.robust >= 0 else "",
    )


def _rows(table: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(one) for one in row) for row in table)


def _no_range() -> Fault:
    message = N_("no factor states a range (low, high), so that there are no estimates to compare")
    return Fault("joint.compare_estimates", message, {}, Severity.WARNING)
