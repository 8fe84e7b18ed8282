"""Why a tiered problem has no plan, and the smallest change that would allow one.

The elastic model stretches one group of rules at a time with all others kept; where none would do
alone, all together, in the order of :data:`ORDER` (what is easiest to change first).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.models.tiered import TieredModel, build
from planner.models.tiered_draft import Rule
from planner.problem import FloatArray, Strength
from planner.solution import FEASIBILITY_TOLERANCE, Reason, SolverSettings
from planner.solving.highs import Ending
from planner.solving.method import Watch
from planner.solving.pulp_solver import run_program
from planner.solving.tiered.plain import writer_for
from planner.tiered.problem import TieredProblem

QUESTION_LIMIT_S = 20.0
"""One question may take this long."""
EXPLAIN_LIMIT_S = 60.0

ORDER = (
    Rule.QUOTAS,
    Rule.SHARING,
    Rule.LEAST_THROUGHPUT,
    Rule.TERMINALS,
    Rule.CAPACITY,
    Rule.LAND,
    Rule.BUDGET,
    Rule.COVERAGE,
)

KINDS = {
    Rule.QUOTAS: "tiered_quota_clash",
    Rule.SHARING: "tiered_sharing",
    Rule.LEAST_THROUGHPUT: "tiered_least_throughput",
    Rule.TERMINALS: "tiered_terminal_quota",
    Rule.CAPACITY: "tiered_missing_capacity",
    Rule.LAND: "tiered_missing_land",
    Rule.BUDGET: "tiered_budget",
    Rule.COVERAGE: "tiered_least_unserved",
}
"""Stable words for the reasons. ``subjects`` are quotas, facilities, terminals, places or
"stream:point"; ``values["amount"]`` is the least that must give in all (facilities for quotas,
t/yr, m2, CNY), ``by_subject`` how much at each, ``proven`` whether less would not do, ``together``
whether other groups must give at the same time."""


def explain(problem: TieredProblem, settings: SolverSettings, watch: Watch) -> tuple[Reason, ...]:
    """Reasons; empty where the time did not suffice for any."""
    loose = _without_yielding(problem)
    end_s = watch.seconds + max(2.0, min(EXPLAIN_LIMIT_S, watch.remaining_s))
    alone = []
    for rule in ORDER:
        if watch.seconds < end_s:
            alone += _stretched(loose, settings, watch, [rule], end_s)
    return tuple(alone) or tuple(_together(loose, settings, watch, end_s))


def _without_yielding(problem: TieredProblem) -> TieredProblem:
    """Quotas that may yield are no reason for there being no plan."""
    kept = (Strength.MUST, Strength.ENCOURAGED)
    quotas = tuple(quota for quota in problem.quotas if quota.strength in kept)
    return replace(problem, quotas=quotas)


def _together(
    problem: TieredProblem, settings: SolverSettings, watch: Watch, end_s: float
) -> list[Reason]:
    """The least of every group when all may give, the later ones in the order first kept small."""
    held: list[Rule] = list(ORDER)
    needed: list[Rule] = []
    # Drop, from what is hardest to change, the groups that need not give.
    for rule in reversed(ORDER):
        tried = [one for one in held if one is not rule]
        if watch.seconds < end_s and _possible(problem, settings, watch, tried, end_s):
            held = tried
        else:
            needed.append(rule)
    reasons = _stretched(problem, settings, watch, held, end_s)
    return [replace(one, values={**one.values, "together": True}) for one in reasons]


def _possible(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    relaxed: Sequence[Rule],
    end_s: float,
) -> bool:
    return bool(_stretched(problem, settings, watch, relaxed, end_s, gap=1e9))


def _stretched(
    problem: TieredProblem,
    settings: SolverSettings,
    watch: Watch,
    relaxed: Sequence[Rule],
    end_s: float,
    gap: float = 1e-6,
) -> list[Reason]:
    """What these groups would have to give, one reason a group; empty where that is no help."""
    model = build(problem, writer_for(problem, watch), relaxed=relaxed, measured=relaxed)
    if not model.stretches:
        return []
    limited = watch.part(max(0.5, min(QUESTION_LIMIT_S, end_s - watch.seconds)))
    found = run_program(model.linear.arrays(), replace(settings, gap=gap), limited, phase="explain")
    if not found.has_values:
        return []
    proven = found.ending is Ending.FINISHED and gap <= 1e-6
    return _reasons(problem, model, found.values, proven=proven)


def _reasons(
    problem: TieredProblem, model: TieredModel, values: FloatArray, *, proven: bool
) -> list[Reason]:
    by_rule: dict[Rule, dict[str, float]] = defaultdict(dict)
    phases: dict[Rule, set[int]] = defaultdict(set)
    for one in model.stretches:
        amount = float(values[one.column]) * one.unit
        if values[one.column] > FEASIBILITY_TOLERANCE:
            given = by_rule[one.rule]
            given[one.subject] = max(given.get(one.subject, 0.0), amount)
            phases[one.rule].add(one.phase)
    reasons = []
    for rule in ORDER:
        given = by_rule.get(rule, {})
        if given:
            years = [problem.phases.years[t] for t in sorted(phases[rule])]
            subjects = tuple(one for one in given if one)
            total = float(np.sum(list(given.values())))
            detail = {
                "amount": total,
                "by_subject": dict(given),
                "years": years,
                "proven": proven,
            }
            reasons.append(Reason(KINDS[rule], subjects, detail))
    return reasons
