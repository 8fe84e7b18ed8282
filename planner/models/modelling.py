"""Two ways to write down one linear model: in PuLP, or straight into arrays.

The formulations of this package are written once, against :class:`ModelWriter`. With
:class:`PulpWriter` they become a PuLP problem: readable, named, and what every test of a model
looks at. With :class:`ArrayWriter` the same calls fill arrays for HiGHS, some ten times faster and
without names, for models with so many arcs that PuLP was measured too slow
(:data:`PULP_ARC_LIMIT`). A test compares the two row by row for every model.

This module is also the one place that knows what differs between PuLP 3.3 and PuLP 4: the second
gives ``constraints()`` as a list and sums terms in bulk with ``lpSum_vars_coefs``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
import pulp

from planner.solving.highs import FloatArray, LinearProgram

PULP_ARC_LIMIT = 20_000
"""Models with more arcs go straight into arrays. Measured: an arc with its link row takes 35-60 us
in PuLP 3.3 and twice that in PuLP 4, so a second or two at this size; in arrays 12 us."""

_TICK_EVERY = 5_000
_sum_of_terms = getattr(pulp, "lpSum_vars_coefs", pulp.LpAffineExpression)

Variable = Any
"""What a writer gives for a variable: a PuLP variable, or its column."""
Terms = Iterable[Variable]
Weights = Iterable[float]


def no_tick() -> None:
    """Nobody wants to know how the writing goes."""


class ModelWriter(Protocol):
    """Takes down variables and rows in order.

    ``tick`` is called every few thousand of them, so that a listener can stop a long build.
    """

    def __init__(
        self, name: str, *, maximise: bool = False, tick: Callable[[], None] = no_tick
    ) -> None: ...

    def variable(
        self, name: str, *, lower: float = 0.0, upper: float = 1.0, integer: bool = False
    ) -> Variable:
        """Add a variable; binary when ``integer`` and the bounds are 0 and 1."""

    def objective(self, variables: Terms, weights: Weights) -> None:
        """State what is made best; there is no constant, so that no solver can lose it."""

    def at_most(self, name: str, variables: Terms, weights: Weights, limit: float) -> None:
        """Add the row ``sum weight x variable <= limit``."""

    def at_least(self, name: str, variables: Terms, weights: Weights, limit: float) -> None:
        """Add the row ``sum weight x variable >= limit``."""

    def equal(self, name: str, variables: Terms, weights: Weights, value: float) -> None:
        """Add the row ``sum weight x variable == value``."""

    @property
    def column_count(self) -> int:
        """Variables so far; the next one's column."""

    def arrays(self) -> LinearProgram:
        """The model as arrays, columns and rows in the order of their making."""


WriterMaker = Callable[..., ModelWriter]


class PulpWriter:
    """Writes a PuLP problem, ``prob``."""

    def __init__(
        self, name: str, *, maximise: bool = False, tick: Callable[[], None] = no_tick
    ) -> None:
        self.maximise = maximise
        self.prob = pulp.LpProblem(name, pulp.LpMaximize if maximise else pulp.LpMinimize)
        self.variables: list[pulp.LpVariable] = []
        self._objective: list[tuple[pulp.LpVariable, float]] = []
        self._tick = tick
        self._written = 0

    @property
    def column_count(self) -> int:
        """Variables so far."""
        return len(self.variables)

    def variable(
        self, name: str, *, lower: float = 0.0, upper: float = 1.0, integer: bool = False
    ) -> pulp.LpVariable:
        """Add a variable."""
        category = pulp.LpInteger if integer else pulp.LpContinuous
        added = self.prob.add_variable(name, float(lower), float(upper), category)
        self.variables.append(added)
        return added

    def objective(self, variables: Terms, weights: Weights) -> None:
        """State what is made best."""
        self._objective = _pairs(variables, weights)
        self.prob.setObjective(_sum_of_terms(self._objective))

    def at_most(self, name: str, variables: Terms, weights: Weights, limit: float) -> None:
        """Add the row ``sum weight x variable <= limit``."""
        self._add(_sum_of_terms(_pairs(variables, weights)) <= float(limit), name)

    def at_least(self, name: str, variables: Terms, weights: Weights, limit: float) -> None:
        """Add the row ``sum weight x variable >= limit``."""
        self._add(_sum_of_terms(_pairs(variables, weights)) >= float(limit), name)

    def equal(self, name: str, variables: Terms, weights: Weights, value: float) -> None:
        """Add the row ``sum weight x variable == value``."""
        self._add(_sum_of_terms(_pairs(variables, weights)) == float(value), name)

    def constraints(self) -> list[pulp.LpConstraint]:
        """The rows in the order of their making."""
        held = self.prob.constraints
        return held() if callable(held) else list(held.values())

    def arrays(self) -> LinearProgram:
        """The PuLP problem read back, so that what is solved is what PuLP holds."""
        column = {variable.name: position for position, variable in enumerate(self.variables)}
        twin = ArrayWriter(self.prob.name, maximise=self.maximise)
        for variable in self.variables:
            low, high = variable.lowBound, variable.upBound
            integer = variable.cat == pulp.LpInteger
            twin.variable(variable.name, lower=low, upper=high, integer=integer)
        terms = self.prob.objective.items() if self._objective else ()
        twin.objective([column[v.name] for v, _ in terms], [weight for _, weight in terms])
        for row in self.constraints():
            entries = [(column[v.name], weight) for v, weight in row.items() if weight]
            low, high = row.getLb(), row.getUb()
            twin.add_row(entries, -np.inf if low is None else low, np.inf if high is None else high)
        return twin.arrays()

    def _add(self, row: pulp.LpConstraint, name: str) -> None:
        self.prob.addConstraint(row, name)
        self._written += 1
        if self._written % _TICK_EVERY == 0:
            self._tick()


class ArrayWriter:
    """Writes compressed sparse rows; a variable is its column, names are not kept."""

    def __init__(
        self,
        name: str,  # noqa: ARG002 - of the protocol
        *,
        maximise: bool = False,
        tick: Callable[[], None] = no_tick,
    ) -> None:
        self.maximise = maximise
        self._lower, self._upper, self._integer = array("d"), array("d"), array("b")
        self._cost: dict[int, float] = {}
        self._index, self._value = array("q"), array("d")
        self._start, self._row_lower, self._row_upper = array("q", [0]), array("d"), array("d")
        self._tick = tick

    @property
    def column_count(self) -> int:
        """Variables so far."""
        return len(self._lower)

    def variable(
        self,
        name: str,  # noqa: ARG002 - of the protocol
        *,
        lower: float = 0.0,
        upper: float = 1.0,
        integer: bool = False,
    ) -> int:
        """Add a variable."""
        self._lower.append(lower)
        self._upper.append(upper)
        self._integer.append(integer)
        return len(self._lower) - 1

    def objective(self, variables: Terms, weights: Weights) -> None:
        """State what is made best."""
        self._cost = dict(zip(variables, weights, strict=True))

    def at_most(self, name: str, variables: Terms, weights: Weights, limit: float) -> None:  # noqa: ARG002
        """Add the row ``sum weight x variable <= limit``."""
        self.add_row(zip(variables, weights, strict=True), -np.inf, limit)

    def at_least(self, name: str, variables: Terms, weights: Weights, limit: float) -> None:  # noqa: ARG002
        """Add the row ``sum weight x variable >= limit``."""
        self.add_row(zip(variables, weights, strict=True), limit, np.inf)

    def equal(self, name: str, variables: Terms, weights: Weights, value: float) -> None:  # noqa: ARG002
        """Add the row ``sum weight x variable == value``."""
        self.add_row(zip(variables, weights, strict=True), value, value)

    def add_row(self, entries: Iterable[tuple[int, float]], lower: float, upper: float) -> None:
        """Add a row from (column, weight) pairs; zero weights are left out."""
        for column, weight in entries:
            if weight:
                self._index.append(column)
                self._value.append(weight)
        self._start.append(len(self._index))
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        if len(self._row_lower) % _TICK_EVERY == 0:
            self._tick()

    def arrays(self) -> LinearProgram:
        """The model as arrays."""
        cost = np.zeros(len(self._lower))
        cost[np.fromiter(self._cost.keys(), np.int64)] = np.fromiter(
            self._cost.values(), np.float64
        )
        return LinearProgram(
            cost=cost,
            lower=_numbers(self._lower),
            upper=_numbers(self._upper),
            integer=np.array(self._integer, np.bool_),
            row_start=np.array(self._start, np.int64),
            row_index=np.array(self._index, np.int64),
            row_value=_numbers(self._value),
            row_lower=_numbers(self._row_lower),
            row_upper=_numbers(self._row_upper),
            maximise=self.maximise,
        )


def _pairs(variables: Terms, weights: Weights) -> list[tuple[pulp.LpVariable, float]]:
    return [(v, float(w)) for v, w in zip(variables, weights, strict=True)]


def _numbers(values: array[float]) -> FloatArray:
    return np.array(values, np.float64)
