"""The thin layer that lets one way of writing a model run under PuLP 3.3 and PuLP 4.

PuLP 4 owns its variables (``prob.add_variable``), gives ``constraints()`` as a list and sums terms
in bulk with ``lpSum_vars_coefs``; PuLP 3.3 has the first, a dictionary for the second and takes
pairs in ``LpAffineExpression``. Nothing outside this module has to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pulp

from planner.solving.highs import LinearProgram

_sum_of_terms = getattr(pulp, "lpSum_vars_coefs", pulp.LpAffineExpression)


class LinearModel:
    """A PuLP problem with its variables and rows in the order in which they were added.

    Parameters
    ----------
    name : of the model, as it stands in the golden LP
    maximise : sense of the objective
    """

    def __init__(self, name: str, *, maximise: bool = False) -> None:
        self.maximise = maximise
        self.prob = pulp.LpProblem(name, pulp.LpMaximize if maximise else pulp.LpMinimize)
        self.variables: list[pulp.LpVariable] = []

    def variable(
        self, name: str, *, lower: float = 0.0, upper: float | None = 1.0, integer: bool = False
    ) -> pulp.LpVariable:
        """Add a variable; binary when ``integer`` and the bounds are 0 and 1."""
        category = pulp.LpInteger if integer else pulp.LpContinuous
        added = self.prob.add_variable(name, lower, upper, category)
        self.variables.append(added)
        return added

    def objective(self, variables: Iterable[pulp.LpVariable], weights: Iterable[float]) -> None:
        """State what is made best; there is no constant, so that no solver can lose it."""
        self.prob.setObjective(_terms(variables, weights))

    def at_most(
        self,
        name: str,
        variables: Iterable[pulp.LpVariable],
        weights: Iterable[float],
        limit: float,
    ) -> None:
        """Add the row ``sum weight x variable <= limit``."""
        self.prob.addConstraint(_terms(variables, weights) <= float(limit), name)

    def at_least(
        self,
        name: str,
        variables: Iterable[pulp.LpVariable],
        weights: Iterable[float],
        limit: float,
    ) -> None:
        """Add the row ``sum weight x variable >= limit``."""
        self.prob.addConstraint(_terms(variables, weights) >= float(limit), name)

    def equal(
        self,
        name: str,
        variables: Iterable[pulp.LpVariable],
        weights: Iterable[float],
        value: float,
    ) -> None:
        """Add the row ``sum weight x variable == value``."""
        self.prob.addConstraint(_terms(variables, weights) == float(value), name)

    def arrays(self) -> LinearProgram:
        """The same model as arrays, columns and rows in the order of their making."""
        column = {variable.name: position for position, variable in enumerate(self.variables)}
        rows = [
            ([column[v.name] for v, c in row.items() if c], [c for _, c in row.items() if c])
            for row in self.constraints()
        ]
        cost = np.zeros(len(column))
        for variable, weight in self.prob.objective.items():
            cost[column[variable.name]] = weight
        start = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(index) for index, _ in rows], out=start[1:])
        bounds = [(row.getLb(), row.getUb()) for row in self.constraints()]
        return LinearProgram(
            cost=cost,
            lower=_bounds((v.lowBound for v in self.variables), -np.inf),
            upper=_bounds((v.upBound for v in self.variables), np.inf),
            integer=np.array([v.cat == pulp.LpInteger for v in self.variables], np.bool_),
            row_start=start,
            row_index=_joined([index for index, _ in rows], np.int64),
            row_value=_joined([value for _, value in rows], np.float64),
            row_lower=_bounds((low for low, _ in bounds), -np.inf),
            row_upper=_bounds((high for _, high in bounds), np.inf),
            maximise=self.maximise,
        )

    def constraints(self) -> list[pulp.LpConstraint]:
        """The rows in the order of their making."""
        held = self.prob.constraints
        return held() if callable(held) else list(held.values())


def _terms(
    variables: Iterable[pulp.LpVariable], weights: Iterable[float]
) -> pulp.LpAffineExpression:
    return _sum_of_terms([(v, float(w)) for v, w in zip(variables, weights, strict=True)])


def _bounds(values: Iterable[float | None], missing: float) -> np.ndarray:
    return np.array([missing if value is None else value for value in values], np.float64)


def _joined(parts: Sequence[Sequence[float]], dtype: type) -> np.ndarray:
    return np.array([value for part in parts for value in part], dtype)
