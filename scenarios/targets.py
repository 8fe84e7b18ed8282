"""The document's indicator table against a plan: baseline, targets, what siting gives, the gap.

Siting decides some rows (coverage, capacity, numbers of sites) and limits others (a site network
that reaches 90% of the tonnes cannot recover 95% of them); most rows it has nothing to do with, and
the answer says so. A target that the document leaves open stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from geodata.faults import N_
from scenarios.audit.amounts import baseline_year
from scenarios.cells import Cell, CellKind, read_cell
from scenarios.document import Document, Measure, TargetRow
from scenarios.plan import Plan
from scenarios.plan_figures import PlanValue, plan_in, plan_value

TOLERANCE = 1e-9
"""Relative; a plan's 100% is a quotient of floats."""


class State(StrEnum):
    """What can be said of a target."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_DECIDED = "not_decided"
    UNKNOWN_TARGET = "unknown_target"
    NO_TARGET = "no_target"
    NOT_PLANNED = "not_planned"


STATE_NAMES: Mapping[State, str] = {
    State.MET: N_("met"),
    State.NOT_MET: N_("not met"),
    State.NOT_DECIDED: N_("not decided by siting"),
    State.UNKNOWN_TARGET: N_("target unknown"),
    State.NO_TARGET: N_("no target set"),
    State.NOT_PLANNED: N_("decided by siting, not planned here"),
}

SELECTION_NAMES: Mapping[str, str] = {
    "mandatory": N_("mandatory indicator"),
    "optional": N_("optional indicator"),
    "own": N_("self-chosen indicator"),
    "other": N_("other indicator"),
    "": "",
}

NATURE_NAMES: Mapping[str, str] = {
    "binding": N_("binding indicator"),
    "anticipatory": N_("anticipatory indicator"),
    "": "",
}


@dataclass(frozen=True)
class YearTarget:
    """One target of a row and what can be said of it.

    Parameters
    ----------
    text : the cell as written
    value : in the row's unit; None where it is unknown, no number, or not set
    gap : what is missing, in the row's unit, 0 where nothing is; None where it cannot be said
    gap_from : "plan" (the plan's value) or "baseline" (siting does not decide the row)
    plan : the plan's value in that year, where siting decides or limits the row and a plan is there
    plan_year : the phase that the value is of: the last one not after the target's year; None where
        the plan is of one year only
    """

    year: int
    text: str
    value: float | None
    state: State
    gap: float | None
    gap_from: str
    plan: PlanValue | None = None
    plan_year: int | None = None


@dataclass(frozen=True)
class TargetLine:
    """A row of the table with its answer; the parts of the row are in ``row``."""

    row: TargetRow
    baseline: float | None
    baseline_year: int
    targets: tuple[YearTarget, ...]
    plan: PlanValue | None
    """The plan's value in its last year, where siting decides or limits the row."""

    @property
    def state(self) -> State:
        """That of the last target; no target where the row has none."""
        return self.targets[-1].state if self.targets else State.NO_TARGET

    @property
    def last(self) -> YearTarget | None:
        """The last target."""
        return self.targets[-1] if self.targets else None


def target_lines(
    document: Document, plans: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[TargetLine, ...]:
    """Every row of the document's table, then the targets that only its text has.

    Parameters
    ----------
    plans : stream id -> what its ``plan.json`` holds; None or empty where nothing is planned yet
    """
    return tuple(_line(document, row, plans or {}) for row in document.indicators)


def lines_of_plan(plan: Plan) -> tuple[TargetLine, ...]:
    """The table of a plan's own scenario; empty where it has no document."""
    from scenarios.plan_json import plan_dict  # noqa: PLC0415 - it reads the whole plan

    document = plan.scenario.document
    if document is None:
        return ()
    wanted = {measure.stream for row in document.indicators for measure in row.decided_by}
    return target_lines(
        document,
        {key: plan_dict(plan, one) for key, one in plan.streams.items() if key in wanted},
    )


def lines_of_stream(document: Document, plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that a stream decides or limits, judged by its own plan alone.

    Parameters
    ----------
    plan : what its ``plan.json`` holds
    """
    stream = str(plan["stream"]["id"])
    rows = [row for row in document.indicators if stream in {one.stream for one in row.decided_by}]
    return [line_dict(_line(document, row, {stream: plan})) for row in rows]


def _line(document: Document, row: TargetRow, plans: Mapping[str, Mapping[str, Any]]) -> TargetLine:
    baseline = read_cell(row.baseline)
    targets = tuple(
        _judged(row, year, read_cell(row.targets[year]), baseline, _plan_value(row, plans, year))
        for year in sorted(row.targets)
    )
    return TargetLine(
        row=row,
        baseline=baseline.value_in(row.unit),
        baseline_year=baseline_year(document, row),
        targets=targets,
        plan=_plan_value(row, plans, None).value,
    )


@dataclass(frozen=True)
class _Found:
    """The plan's value for a row in a year, and the phase that it is of."""

    value: PlanValue | None
    phase: int | None


def _plan_value(row: TargetRow, plans: Mapping[str, Mapping[str, Any]], year: int | None) -> _Found:
    """The worst where several measures decide together; of the last year where ``year`` is None."""
    found: list[tuple[PlanValue, int | None]] = []
    for measure in row.decided_by:
        plan = plans.get(measure.stream)
        then = None if plan is None else plan_in(plan, year)
        value = None if then is None else plan_value(measure, then)
        if then is not None and value is not None:
            found.append((value, then.get("year")))
    if not found:
        return _Found(None, None)
    worst = max if row.better == "lower" else min
    return _Found(*worst(found, key=lambda one: one[0].value))


def _judged(row: TargetRow, year: int, target: Cell, baseline: Cell, found: _Found) -> YearTarget:
    value = target.value_in(row.unit)
    if target.kind is not CellKind.NUMBER or value is None:
        state = {
            CellKind.UNKNOWN: State.UNKNOWN_TARGET,
            CellKind.NONE: State.NO_TARGET,
        }.get(target.kind, State.NOT_DECIDED)
        return YearTarget(year, target.text, None, state, None, "", found.value, found.phase)
    plan = found.value
    if plan is None:
        comparable = baseline.kind is CellKind.NUMBER and baseline.basis == target.basis
        start = baseline.value_in(row.unit) if comparable else None
        state = State.NOT_PLANNED if row.decided_by else State.NOT_DECIDED
        return YearTarget(year, target.text, value, state, _gap(row, target, start), "baseline")
    state, gap = _state(row, target, plan), _gap(row, target, plan.value)
    return YearTarget(year, target.text, value, state, gap, "plan", plan, found.phase)


def _state(row: TargetRow, target: Cell, found: PlanValue) -> State:
    if not reaches(row, target, found.value):
        return State.NOT_MET
    return State.MET if found.measure.role == "decides" else State.NOT_DECIDED


def reaches(row: TargetRow, target: Cell, value: float) -> bool:
    """Whether a value keeps a target: ``>95%`` and ``>=95%`` differ, a range has two ends.

    A number without a mark is a least value where higher is better, else a most.
    """
    goal = target.value_in(row.unit)
    if goal is None:
        return False
    low, high = target.ends_in(row.unit)
    if low is None and high is None:
        low, high = (None, goal) if row.better == "lower" else (goal, None)
    slack = TOLERANCE * max(1.0, abs(goal))
    if target.strict:
        above = low is None or value > low + slack
        below = high is None or value < high - slack
        return above and below
    return (low is None or value >= low - slack) and (high is None or value <= high + slack)


def _gap(row: TargetRow, target: Cell, value: float | None) -> float | None:
    """What is missing to the target in the row's unit; 0 where it is reached."""
    goal = target.value_in(row.unit)
    if value is None or goal is None:
        return None
    if reaches(row, target, value):
        return 0.0
    low, high = target.ends_in(row.unit)
    if low is not None and value <= low:
        return low - value
    if high is not None and value >= high:
        return value - high
    return abs(goal - value)


def line_dict(line: TargetLine) -> dict[str, Any]:
    """A line as plain values for programs."""
    row = line.row
    return {
        "number": row.number,
        "name": row.name,
        "group": row.group,
        "subgroup": row.subgroup,
        "selection": row.selection,
        "nature": row.nature,
        "unit": row.unit,
        "better": row.better,
        "baseline": {"year": line.baseline_year, "text": row.baseline, "value": line.baseline},
        "targets": [
            {
                "year": one.year,
                "text": one.text,
                "value": one.value,
                "state": one.state.value,
                "gap": one.gap,
                "gap_from": one.gap_from,
                "plan": None if one.plan is None else one.plan.value,
                "plan_year": one.plan_year,
            }
            for one in line.targets
        ],
        "state": line.state.value,
        "plan": None if line.plan is None else line.plan.as_dict(),
        "decided_by": [_measure_dict(one) for one in row.decided_by],
        "responsible": list(row.responsible),
        "clause": row.clause,
        "note": row.note,
    }


def _measure_dict(measure: Measure) -> dict[str, str]:
    return {
        "stream": measure.stream,
        "figure": measure.figure,
        "tier": measure.tier,
        "role": measure.role,
    }
