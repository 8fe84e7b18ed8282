"""Service areas recomputed from a plan: whole units, in one piece, of as many units as may be."""

from __future__ import annotations

from collections import deque

import numpy as np

from planner.problem import BoolArray, IntArray
from planner.solving.checker import Violation
from planner.tiered.network import DEMAND
from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import Contiguity
from planner.tiered.solution import StreamPlan


def contiguity_violations(
    problem: TieredProblem, stream: Stream, plan: StreamPlan
) -> list[Violation]:
    """Areas in pieces, divided units, too few or too many units: part of the checker."""
    rule = stream.contiguity
    if rule is None:
        return []
    tier = stream.tier(rule.tier)
    size = plan.size[stream.tier_ids.index(rule.tier)]
    area = np.full((len(problem.phases), len(stream.demand)), -1)
    for n in stream.legs_to(rule.tier):
        if stream.legs[n].origin == DEMAND:
            flow = plan.flows[n]
            area[flow.phase, stream.legs[n].row[flow.arc]] = stream.legs[n].to[flow.arc]
    found = []
    divided = (area != _of_unit(area, rule, stream.reachable)) & stream.reachable
    found += [
        Violation("unit_divided", f"{stream.demand.ids[i]}, phase {t}", 1.0)
        for t, i in np.argwhere(divided).tolist()
    ]
    for t, j in np.argwhere(size >= 0).tolist():
        served = np.zeros(len(rule.start) - 1, np.bool_)
        served[rule.unit[area[t] == j]] = True
        units = int(served.sum())
        short = int(rule.least_units[j]) - units
        if short > 0:
            found.append(Violation("least_units", tier.facilities.ids[j], float(short)))
        if rule.most_units is not None and units > rule.most_units:
            found.append(
                Violation("most_units", tier.facilities.ids[j], float(units - rule.most_units))
            )
        pieces = _pieces(served, rule.start, rule.neighbour)
        if pieces > 1:
            found.append(Violation("contiguity", tier.facilities.ids[j], pieces - 1))
        if rule.home[j] >= 0 and not served[rule.home[j]]:
            found.append(Violation("home", tier.facilities.ids[j], 1.0))
    return found


def _of_unit(area: IntArray, rule: Contiguity, reachable: BoolArray) -> IntArray:
    """(t, n) the facility that the first reachable point of each point's unit goes to, or -1."""
    first = np.full((len(area), len(rule.start) - 1), -1)
    for i in np.flatnonzero(reachable)[::-1].tolist():
        first[:, rule.unit[i]] = area[:, i]
    found: IntArray = first[:, rule.unit]
    return found


def _pieces(served: BoolArray, start: IntArray, neighbour: IntArray) -> int:
    """Number of connected pieces of the served units."""
    seen, pieces = np.zeros(len(served), np.bool_), 0
    for first in np.flatnonzero(served).tolist():
        if seen[first]:
            continue
        pieces += 1
        seen[first], queue = True, deque([first])
        while queue:
            u = queue.popleft()
            for v in neighbour[start[u] : start[u + 1]].tolist():
                if served[v] and not seen[v]:
                    seen[v] = True
                    queue.append(v)
    return pieces
