"""Streams over tiers of facilities, in phases: the whole model.

minimise    the goal: for cost, over phases t with weight w_t,
            sum_t w_t (sum_sko fixed_o open_skot                   what is open
                     + sum_p shared_p place_open_pt                what several streams share
                     + sum_a (haul_a + handling_to + gate_to) tonnes_a   what is hauled
                     + sum_i unserved_cost tonnes_i unserved_it    what a target leaves out
                     + sum_q reward_q (short_qt + over_qt))        encouraged quotas not kept

subject to  openings    :mod:`planner.models.tiered_opening`: one size a facility, growth, closing,
                        years, budget
            flows       :mod:`planner.models.tiered_flows`: service, links, balance with loss or
                        volume factor, capacity under seasons, least throughput, terminals
            places      :mod:`planner.models.tiered_places`: shared cost and land, streams kept
                        apart, functions that need a host
            quotas      :mod:`planner.models.tiered_quotas`
            contiguity  :mod:`planner.models.tiered_contiguity`
            goals       :mod:`planner.models.tiered_goals`; earlier goals of an order are rows
                        ``held_g``: goal_g <= value reached, with its allowance

With ``relaxed`` rules the model is elastic: those rules may be stretched, and the sum of what is
``measured`` is made least instead of the goal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from planner.models.modelling import ModelWriter, PulpWriter, WriterMaker
from planner.models.tiered_contiguity import add_contiguity
from planner.models.tiered_draft import Draft, Rule, Stretch, Weighted
from planner.models.tiered_flows import add_flows
from planner.models.tiered_goals import expression
from planner.models.tiered_opening import add_budget, add_openings
from planner.models.tiered_places import add_places
from planner.models.tiered_quotas import add_quotas
from planner.problem import IntArray
from planner.tiered.problem import TieredProblem


@dataclass(frozen=True, eq=False)
class TieredModel:
    """A linear model of a tiered problem and where to find the decisions in it.

    Parameters
    ----------
    open : (stream, tier) -> (t, o) column of each size option
    carried : (stream, leg) -> (t, a) column of each arc, -1 where no plan can use it
    goal : what is made least, column -> coefficient
    stretches : columns by which rules give
    """

    linear: ModelWriter
    open: dict[tuple[int, int], IntArray]
    carried: dict[tuple[int, int], IntArray]
    goal: Weighted
    stretches: tuple[Stretch, ...]


def build(
    problem: TieredProblem,
    write: WriterMaker = PulpWriter,
    *,
    stage: int = 0,
    held: Sequence[float] = (),
    relaxed: Collection[Rule] = (),
    measured: Collection[Rule] | None = None,
    most_yielded: float | None = 0.0,
    measure_yielded: bool = False,
    contiguous: bool = True,
) -> TieredModel:
    """The model of one stage.

    Parameters
    ----------
    stage : position of the goal that is made least
    held : the most that each earlier goal may come to, allowance included
    relaxed, measured : rules that may be stretched; those whose stretch is made least
    most_yielded : how much quotas in principle and on demand may yield in all; None is any amount
    measure_yielded : make least what these quotas yield
    contiguous : False leaves contiguity out, where it is kept by cuts
    """
    draft = Draft(problem, write("tiered"), relaxed)
    add_openings(draft)
    add_flows(draft)
    add_places(draft)
    add_budget(draft)
    given = add_quotas(draft, yielding=most_yielded is None or most_yielded > 0)
    if most_yielded and given:
        draft.at_most("most_yielded", given, most_yielded)
    if contiguous:
        add_contiguity(draft)
    for g, limit in enumerate(held):
        draft.at_most(f"held_{g}", expression(draft, problem.goals[g]), limit)
    if measure_yielded:
        goal = given
    elif measured is not None:
        goal = {one.column: one.unit for one in draft.stretches if one.rule in measured}
    else:
        goal = expression(draft, problem.goals[stage])
    draft.objective(goal)
    return TieredModel(draft.model, draft.open, draft.carried, goal, tuple(draft.stretches))
