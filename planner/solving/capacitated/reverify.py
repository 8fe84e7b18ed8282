"""One evaluation that re-proves a capacitated Lagrangian bound from its multipliers."""

from __future__ import annotations

import numpy as np

from planner.problem import FloatArray, SitingProblem
from planner.solving.capacitated.bound import Multipliers, Relaxation
from planner.solving.capacitated.data import CapacitatedData, suits
from planner.solving.capacitated.opening import FREE, OPEN
from planner.solving.capacitated.whole_bound import evaluated
from planner.solving.capacitated.whole_branch import pairs_of, whole_place


def reverify_bound(problem: SitingProblem, multipliers: FloatArray) -> float:
    """A proven lower bound of the objective, for any multipliers, good or bad.

    Evaluates ``sum_i u_i + min over allowed sizes of sum_s (fixed_s + knapsack_s(u))`` once, with
    the best price of total capacity. A bound that a search tree or HiGHS raised further cannot be
    re-proven this way: this is the bound at the root of the tree.

    Parameters
    ----------
    multipliers : (n,) in units of the objective; of any sign

    Raises
    ------
    ValueError
        For a problem of another kind, or multipliers that are not one finite number for each
        demand point.
    """
    if not suits(problem):
        raise ValueError("only least cost with capacities has this bound; re-solve it instead")
    pay = np.asarray(multipliers, np.float64)
    if pay.shape != (len(problem.demand),) or not np.isfinite(pay).all():
        raise ValueError("multipliers must be one finite number for each demand point")
    data = CapacitatedData.of(problem)
    if not data.servable:
        return float("inf")
    return evaluated_once(data, Multipliers(pay[data.point]))


def evaluated_once(data: CapacitatedData, multipliers: Multipliers) -> float:
    """The relaxation at given multipliers: whole points where they are whole, else divided."""
    if not data.single_source:
        state = np.where(data.required, OPEN, FREE).astype(np.int64)
        return Relaxation(data).evaluate(multipliers, state)
    pairs = pairs_of(data)
    place = whole_place(data, pairs, multipliers.demand)
    place.price[0] = multipliers.price
    return float(evaluated(pairs, place))
