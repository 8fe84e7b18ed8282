"""From a model's values to plans and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.models.tiered import TieredModel
from planner.problem import FloatArray, IntArray
from planner.solving import highs
from planner.solving.highs import HighsOptions, LinearProgram
from planner.tiered.network import DEMAND
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.solution import Flow, StreamPlan

Plans = tuple[StreamPlan, ...]
_NOTHING = 1e-9
"""Shares of the stream's tonnes below this are a solver's rounding."""


def plans_of_values(problem: TieredProblem, model: TieredModel, values: FloatArray) -> Plans:
    """What the values say, with whole decisions rounded."""
    return tuple(_plan(stream, s, model, values) for s, stream in enumerate(problem.streams))


def _plan(stream: Stream, s: int, model: TieredModel, values: FloatArray) -> StreamPlan:
    sizes = tuple(
        _sizes(tier.facilities.size_start, values[model.open[s, k]])
        for k, tier in enumerate(stream.tiers)
    )
    tonnes = []
    for n, leg in enumerate(stream.legs):
        columns = model.carried[s, n]
        value = np.where(columns >= 0, values[np.maximum(columns, 0)], 0.0)
        if leg.origin == DEMAND and stream.single_source:
            value = np.rint(value)
        value[value < _NOTHING] = 0.0
        if leg.origin != DEMAND:
            value = value * _scale(stream)
        tonnes.append(value)
    return StreamPlan(sizes, _flows(stream, tonnes))


def _sizes(start: IntArray, opened: FloatArray) -> IntArray:
    """(t, f) the open option of each facility, -1 where none is."""
    size = np.full((len(opened), len(start) - 1), -1, np.int64)
    t, o = np.nonzero(opened > 0.5)
    size[t, np.searchsorted(start, o, side="right") - 1] = o
    return size


def _flows(stream: Stream, values: list[FloatArray]) -> tuple[Flow, ...]:
    """Flows by leg; ``values`` are shares on legs from demand and tonnes on the others."""
    leaving: dict[str, FloatArray] = {}
    for n, leg in enumerate(stream.legs):
        total = leaving.setdefault(
            leg.origin, np.zeros((len(values[n]), stream.level_size(leg.origin)))
        )
        for t in range(len(values[n])):
            np.add.at(total[t], leg.row, values[n][t])
    flows = []
    for n, leg in enumerate(stream.legs):
        phase, arc = np.nonzero(values[n])
        if leg.origin == DEMAND:
            share = values[n][phase, arc]
            tonnes = share * stream.demand.tonnes[phase, leg.row[arc]]
        else:
            tonnes = values[n][phase, arc]
            share = tonnes / leaving[leg.origin][phase, leg.row[arc]]
        flows.append(Flow(phase, arc, tonnes, share))
    return tuple(flows)


def values_of_plans(
    problem: TieredProblem, model: TieredModel, columns: int, plans: Plans
) -> FloatArray:
    """(c,) values of a plan in a model, NaN for the columns that follow from the others."""
    values = np.full(columns, np.nan)
    for s, (stream, plan) in enumerate(zip(problem.streams, plans, strict=True)):
        for k, size in enumerate(plan.size):
            opened = model.open[s, k]
            values[opened.ravel()] = 0.0
            t, j = np.nonzero(size >= 0)
            values[opened[t, size[t, j]]] = 1.0
        for n, leg in enumerate(stream.legs):
            carried, flow = model.carried[s, n], plan.flows[n]
            values[carried[carried >= 0]] = 0.0
            column = carried[flow.phase, flow.arc]
            amount = flow.share if leg.origin == DEMAND else flow.tonnes / _scale(stream)
            values[column[column >= 0]] = amount[column >= 0]
    return values


def completed(program: LinearProgram, values: FloatArray) -> FloatArray | None:
    """The best values with the same whole decisions, to a tight tolerance; None if there are none.

    A value of 1e-6 where 0 was meant lets a large capacity serve a little from a closed facility;
    rounding it away leaves rules broken by as little.
    """
    lower, upper = program.lower.copy(), program.upper.copy()
    whole = program.integer
    lower[whole] = upper[whole] = np.rint(values[whole])
    fixed = replace(program, lower=lower, upper=upper, integer=np.zeros(len(whole), np.bool_))
    answer = highs.run(fixed, HighsOptions(30.0, feasibility=1e-9))
    return answer.values if answer.has_values else None


def polished(program: LinearProgram, values: FloatArray) -> FloatArray:
    """As :func:`completed`, the given values where that fails."""
    finished = completed(program, values)
    return values if finished is None else finished


def _scale(stream: Stream) -> float:
    return float(stream.demand.tonnes.sum(axis=1).max(initial=0.0)) or 1.0
