"""A tiered model under construction: its columns by meaning, its rows by name.

Notation of the tiered model: streams ``s``, tiers ``k``, facilities ``j``, size options ``o``,
legs ``l``, arcs ``a``, demand points ``i``, terminals ``z``, places ``p``, phases ``t``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.models.modelling import ModelWriter, Variable
from planner.problem import FloatArray, IntArray
from planner.tiered.network import DEMAND, TERMINALS
from planner.tiered.problem import Stream, TieredProblem

Weighted = dict[int, float]
"""A linear expression: column -> coefficient."""

FAR = 1e3
"""More than any stretch or flow needs, in units in which everything there is comes to 1."""


class Rule(StrEnum):
    """Groups of rules that can be stretched, to find out how little would have to give."""

    QUOTAS = "quotas"
    CAPACITY = "capacity"
    LEAST_THROUGHPUT = "least_throughput"
    COVERAGE = "coverage"
    TERMINALS = "terminals"
    BUDGET = "budget"
    LAND = "land"
    SHARING = "sharing"


@dataclass(frozen=True)
class Stretch:
    """How far one rule gives: ``unit x`` the column's value, in the rule's own unit."""

    column: int
    rule: Rule
    subject: str
    phase: int
    unit: float


class Draft:
    """Columns and rows so far.

    Parameters
    ----------
    relaxed : rules that may be stretched

    Attributes
    ----------
    open : (s, k) -> (t, o) column of each size option
    carried : (s, l) -> (t, a) column of each arc, -1 where it has none; a share of the point's
        tonnes on legs from demand, flow in units of ``scale`` on the others
    cleared : column of a size option -> column of its being cleared after the phase
    unserved : s -> (t, n) column of the share left out
    scale : (s,) tonnes that a unit of flow stands for
    """

    def __init__(
        self, problem: TieredProblem, model: ModelWriter, relaxed: Collection[Rule] = ()
    ) -> None:
        self.problem, self.model = problem, model
        self.relaxed = frozenset(relaxed)
        self.variables: list[Variable] = []
        self.open: dict[tuple[int, int], IntArray] = {}
        self.cleared: dict[int, int] = {}
        self.carried: dict[tuple[int, int], IntArray] = {}
        self.unserved: dict[int, IntArray] = {}
        self.place_open: dict[tuple[int, int], int] = {}
        self.stretches: list[Stretch] = []
        self.quota_columns: dict[tuple[int, int], tuple[int, int]] = {}
        self.cost: Weighted = defaultdict(float)
        self.scale = np.array([_scale(stream) for stream in problem.streams])
        self.inflow_limit = [inflow_limits(problem, stream) for stream in problem.streams]

    def add(
        self, name: str, *, lower: float = 0.0, upper: float = 1.0, integer: bool = False
    ) -> int:
        """A new variable's column."""
        self.variables.append(self.model.variable(name, lower=lower, upper=upper, integer=integer))
        return len(self.variables) - 1

    def at_most(self, name: str, terms: Weighted, limit: float) -> None:
        """Add ``terms <= limit``."""
        self.model.at_most(name, self._picked(terms), terms.values(), limit)

    def at_least(self, name: str, terms: Weighted, limit: float) -> None:
        """Add ``terms >= limit``."""
        self.model.at_least(name, self._picked(terms), terms.values(), limit)

    def equal(self, name: str, terms: Weighted, value: float) -> None:
        """Add ``terms == value``."""
        self.model.equal(name, self._picked(terms), terms.values(), value)

    def objective(self, terms: Weighted) -> None:
        """What is made least."""
        self.model.objective(self._picked(terms), terms.values())

    def _picked(self, terms: Weighted) -> list[Variable]:
        return [self.variables[column] for column in terms]

    def stretch(
        self, rule: Rule, name: str, subject: str, phase: int, *, upper: float, unit: float = 1.0
    ) -> list[int]:
        """The column by which a rule may give, in a list; none where the rule is not relaxed."""
        if rule not in self.relaxed:
            return []
        column = self.add(name, upper=upper)
        self.stretches.append(Stretch(column, rule, subject, phase, unit))
        return [column]

    def sizes(self, s: int, k: int, j: int, t: int) -> list[int]:
        """Columns of a facility's size options in a phase."""
        start = self.problem.streams[s].tiers[k].facilities.size_start
        return [int(c) for c in self.open[s, k][t, start[j] : start[j + 1]]]

    def arrivals(self, s: int, level: str, t: int) -> list[Weighted]:
        """What each facility of a tier (or terminal) takes in, in units of flow."""
        stream = self.problem.streams[s]
        taken: list[Weighted] = [{} for _ in range(stream.level_size(level))]
        for n in stream.legs_to(level):
            leg, columns = stream.legs[n], self.carried[s, n][t]
            weight = np.ones(len(leg))
            if leg.origin == DEMAND:
                weight = stream.demand.tonnes[t][leg.row] / self.scale[s]
            for a in np.flatnonzero(columns >= 0).tolist():
                taken[leg.to[a]][int(columns[a])] = float(weight[a])
        return taken

    def departures(self, s: int, level: str, t: int) -> list[Weighted]:
        """What leaves each facility of a tier, in units of flow."""
        stream = self.problem.streams[s]
        sent: list[Weighted] = [{} for _ in range(stream.level_size(level))]
        for n in stream.legs_from(level):
            leg, columns = stream.legs[n], self.carried[s, n][t]
            row = leg.row
            for a in np.flatnonzero(columns >= 0).tolist():
                sent[row[a]][int(columns[a])] = 1.0
        return sent


def ones(columns: Iterable[int], weight: float = 1.0) -> Weighted:
    """The same coefficient for every column."""
    return dict.fromkeys(map(int, columns), weight)


def _scale(stream: Stream) -> float:
    return float(stream.demand.tonnes.sum(axis=1).max(initial=0.0)) or 1.0


def inflow_limits(problem: TieredProblem, stream: Stream) -> dict[str, FloatArray]:
    """(t, f) tonnes that could reach each facility (terminal) at most, level by level."""
    phases = len(problem.phases)
    limit: dict[str, FloatArray] = {}
    leaving = {DEMAND: stream.demand.tonnes}
    for level in stream.levels[1:]:
        arriving = np.zeros((phases, stream.level_size(level)))
        for n in stream.legs_to(level):
            leg = stream.legs[n]
            for t in range(phases):
                np.add.at(arriving[t], leg.to, leaving[leg.origin][t][leg.row])
        if level != TERMINALS:
            tier = stream.tier(level)
            largest = _largest(tier.usable_capacity_t_per_yr, tier.facilities.size_start)
            arriving = np.minimum(arriving, largest) * problem.alive(tier)
            leaving[level] = arriving * tier.output_share
        limit[level] = arriving
    return limit


def _largest(capacity: FloatArray, start: IntArray) -> FloatArray:
    """(f,) capacity of the largest size of each facility."""
    return np.maximum.reduceat(capacity, start[:-1]) if len(start) > 1 else np.zeros(0)
