"""What passes through each facility of a plan: sums of its flows, nothing else."""

from __future__ import annotations

import numpy as np

from planner.problem import FloatArray
from planner.tiered.network import DEMAND
from planner.tiered.problem import Stream
from planner.tiered.solution import StreamPlan


def taken_in(stream: Stream, plan: StreamPlan, level: str, phases: int) -> FloatArray:
    """(t, f) tonnes a year that arrive at each facility of a tier, or at each terminal."""
    total = np.zeros((phases, stream.level_size(level)))
    for n in stream.legs_to(level):
        flow = plan.flows[n]
        np.add.at(total, (flow.phase, stream.legs[n].to[flow.arc]), flow.tonnes)
    return total


def sent_on(stream: Stream, plan: StreamPlan, level: str, phases: int) -> FloatArray:
    """(t, f) tonnes a year that leave each origin of a level."""
    total = np.zeros((phases, stream.level_size(level)))
    for n in stream.legs_from(level):
        flow = plan.flows[n]
        np.add.at(total, (flow.phase, stream.legs[n].row[flow.arc]), flow.tonnes)
    return total


def served_share(stream: Stream, plan: StreamPlan, phases: int) -> FloatArray:
    """(t, n) share of each demand point that is collected."""
    total = np.zeros((phases, len(stream.demand)))
    for n in stream.legs_from(DEMAND):
        flow = plan.flows[n]
        np.add.at(total, (flow.phase, stream.legs[n].row[flow.arc]), flow.share)
    return total
