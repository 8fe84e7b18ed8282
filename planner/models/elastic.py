"""A siting problem with chosen rules made elastic: how little must give for there to be a plan.

minimise    the stretch that is asked for (see :class:`Measure`)

subject to  the rules of the problem, where those in ``relaxed`` may be stretched:
            site_count_most    sum_j open_j <= most + count_over
            site_count_least   sum_j open_j >= least - count_short
            quota_g_*          minimum_g - quota_short_g <= sum_{j in g} open_j
                                                          <= maximum_g + quota_over_g
            broken_g_*         quota_short_g, quota_over_g <= size of g x broken_g
            capacity_j         sum_i weight_i use_ij <= sum_s capacity_s open_js + extra_j
            throughput_j       sum_i weight_i use_ij >= sum_s least_s open_js - short_j
            count_broken_s     sum_{g of strength s} broken_g <= what an earlier stage found
            stretch_r          the whole stretch of rule r <= what an earlier stage found
            serve_i, link_i_j, one_size_j and bounds as in capacitated_location
            broken_g in {0, 1};  stretches >= 0

There is no objective of the problem in it; everything else is its rules, so that a smallest
stretch found here is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from planner.models import blocks
from planner.models.blocks import SitingModel, Variables
from planner.models.modelling import ModelWriter, PulpWriter, Variable, WriterMaker
from planner.problem import IntArray, Objective, SitingProblem, Strength
from planner.solution import FEASIBILITY_TOLERANCE


class Rule(StrEnum):
    """Groups of rules that can be stretched."""

    SITE_COUNT = "site_count"
    QUOTAS = "quotas"
    CAPACITY = "capacity"
    LEAST_THROUGHPUT = "least_throughput"


@dataclass(frozen=True)
class Measure:
    """What is made least: a rule's whole stretch, or how many quotas of a strength are broken."""

    rule: Rule
    strength: Strength | None = None


@dataclass(frozen=True, eq=False)
class ElasticModel:
    """The model and the columns of its stretches.

    Parameters
    ----------
    count_short, count_over : column of each, -1 where that limit is not elastic
    quota_short, quota_over : (g,) columns, -1 where not elastic
    extra, short : (m,) columns by site, -1 where not elastic
    scale : units of demand weight that one unit of ``extra`` and ``short`` stands for
    """

    siting: SitingModel
    count_short: int
    count_over: int
    quota_short: IntArray
    quota_over: IntArray
    extra: IntArray
    short: IntArray
    scale: float


def build(
    problem: SitingProblem,
    relaxed: Collection[Rule],
    measure: Measure,
    write: WriterMaker = PulpWriter,
    *,
    most_broken: Mapping[Strength, int] | None = None,
    most_stretch: Mapping[Rule, float] | None = None,
) -> ElasticModel:
    """The elastic model; the last two hold what earlier stages found."""
    model = write("elastic")
    state = _Stretch(problem, model, frozenset(relaxed), measure)
    unlimited = Rule.CAPACITY in relaxed
    arcs = blocks.usable_arcs(problem, whatever_size=unlimited)
    opened = blocks.open_sites(model, problem)
    k, columns = len(opened), np.zeros(0, np.int64)
    wholly = problem.objective is not Objective.MAX_COVERED
    if problem.needs_allocation:
        use = blocks.use_arcs(model, problem, arcs, integer=problem.single_source)
        columns = np.arange(k, k + len(arcs))
        blocks.serve(model, problem, arcs, use, wholly=wholly)
        blocks.link(model, problem, arcs, use, opened)
        _loads(state, arcs, use, opened)
    elif wholly:
        blocks.cover(model, problem, arcs, opened)
    _site_count(state, opened)
    _quotas(state, opened, most_broken or {})
    for rule, amount in (most_stretch or {}).items():
        members = state.members[rule]
        limit = amount + FEASIBILITY_TOLERANCE * max(1.0, amount)
        model.at_most(f"stretch_{rule}", members, np.ones(len(members)), limit)
    model.objective(state.goal, np.ones(len(state.goal)))
    return ElasticModel(
        SitingModel(model, np.arange(k), arcs, columns),
        state.count_short,
        state.count_over,
        state.quota_short,
        state.quota_over,
        state.extra,
        state.short,
        state.scale,
    )


@dataclass(eq=False)
class _Stretch:
    """The model under construction and its stretches so far."""

    problem: SitingProblem
    model: ModelWriter
    relaxed: frozenset[Rule]
    measure: Measure
    goal: list[Variable] = field(default_factory=list)
    count_short: int = -1
    count_over: int = -1

    def __post_init__(self) -> None:
        self.members: dict[Rule, list[Variable]] = {rule: [] for rule in Rule}
        self.quota_short = np.full(len(self.problem.quotas), -1)
        self.quota_over = np.full(len(self.problem.quotas), -1)
        self.extra = np.full(len(self.problem.sites), -1)
        self.short = np.full(len(self.problem.sites), -1)
        self.scale = float(self.problem.demand.weight.max(initial=0.0)) or 1.0

    def stretch(self, rule: Rule, name: str, upper: float) -> tuple[int, list[Variable]]:
        """A new stretch, measured if its rule is; no column where the rule stays hard."""
        if rule not in self.relaxed:
            return -1, []
        added = self.model.variable(name, upper=upper)
        self.members[rule].append(added)
        if self.measure == Measure(rule):
            self.goal.append(added)
        return self.model.column_count - 1, [added]


def _loads(state: _Stretch, arcs: IntArray, use: Variables, opened: Variables) -> None:
    problem, model, scale = state.problem, state.model, state.scale
    sites, weight = problem.sites, problem.demand.weight[problem.arcs.demand[arcs]] / scale
    limit = blocks.effective_capacity(problem, arcs) / scale
    least = sites.least_throughput / scale
    for j, members in blocks.groups(problem.arcs.site[arcs], np.ones(len(sites), np.bool_)):
        sizes = slice(sites.size_start[j], sites.size_start[j + 1])
        columns, load = [*(use[u] for u in members), *opened[sizes]], weight[members]
        if np.isfinite(sites.capacity[sizes]).any():
            state.extra[j], more = state.stretch(Rule.CAPACITY, f"extra_{j}", load.sum())
            weights = [*load, *-limit[sizes], *(-1.0 for _ in more)]
            model.at_most(f"capacity_{j}", [*columns, *more], weights, 0.0)
        if (least[sizes] > 0).any():
            upper = float(least[sizes].max())
            state.short[j], less = state.stretch(Rule.LEAST_THROUGHPUT, f"short_{j}", upper)
            weights = [*load, *-least[sizes], *(1.0 for _ in less)]
            model.at_least(f"throughput_{j}", [*columns, *less], weights, 0.0)


def _site_count(state: _Stretch, opened: Variables) -> None:
    least, most = state.problem.site_count
    ones, m = [1.0] * len(opened), float(len(state.problem.sites))
    if least is not None:
        state.count_short, less = state.stretch(Rule.SITE_COUNT, "count_short", max(m, least))
        columns = [*opened, *less]
        state.model.at_least("site_count_least", columns, [*ones, *(1.0 for _ in less)], least)
    if most is not None:
        state.count_over, more = state.stretch(Rule.SITE_COUNT, "count_over", m)
        columns = [*opened, *more]
        state.model.at_most("site_count_most", columns, [*ones, *(-1.0 for _ in more)], most)


def _quotas(state: _Stretch, opened: Variables, most_broken: Mapping[Strength, int]) -> None:
    model = state.model
    broken_by: dict[Strength, list[Variable]] = {strength: [] for strength in Strength}
    for g, quota in enumerate(state.problem.quotas):
        options = blocks.sizes_at(state.problem, opened, quota.sites)
        ones, room = [1.0] * len(options), float(max(len(quota.sites), quota.minimum, 1))
        stretches = []
        if quota.minimum > 0:
            state.quota_short[g], less = state.stretch(Rule.QUOTAS, f"quota_short_{g}", room)
            weights = [*ones, *(1.0 for _ in less)]
            model.at_least(f"quota_{g}_least", [*options, *less], weights, quota.minimum)
            stretches += less
        if quota.maximum is not None:
            state.quota_over[g], more = state.stretch(Rule.QUOTAS, f"quota_over_{g}", room)
            weights = [*ones, *(-1.0 for _ in more)]
            model.at_most(f"quota_{g}_most", [*options, *more], weights, quota.maximum)
            stretches += more
        if stretches:
            broken = model.variable(f"broken_{g}", integer=True)
            broken_by[quota.strength].append(broken)
            for number, one in enumerate(stretches):
                model.at_most(f"broken_{g}_{number}", [one, broken], [1.0, -room], 0.0)
    for strength, members in broken_by.items():
        if state.measure == Measure(Rule.QUOTAS, strength):
            state.goal += members
        if members and strength in most_broken:
            name = f"count_broken_{strength}"
            model.at_most(name, members, [1.0] * len(members), most_broken[strength])
