"""Why there is no plan, and the smallest change that would allow one.

Every figure is found exactly: by counting where counting is enough, otherwise as the optimum of
the elastic model (:mod:`planner.models.elastic`), in which one group of rules may be stretched and
all others hold. Where the time did not suffice, ``values["proven"]`` is False and the figure is
one that suffices rather than the smallest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np

from planner import models
from planner.models import elastic
from planner.models.elastic import ElasticModel, Measure, Rule
from planner.problem import (
    BoolArray,
    FloatArray,
    IntArray,
    Objective,
    SitingProblem,
    Strength,
)
from planner.solution import FEASIBILITY_TOLERANCE, Reason, SolverSettings
from planner.solving.highs import Ending
from planner.solving.method import Watch
from planner.solving.pulp_solver import PulpMethod, run_program

QUESTION_LIMIT_S = 20.0
"""One question may take this long, also where the solve itself had no limit."""
EXPLAIN_LIMIT_S = 60.0
"""All of them together; where the time of the solve is up, they have a second."""


class Kind(StrEnum):
    """The kinds of reason; stable words that texts and tests may rely on."""

    UNREACHABLE = "unreachable"
    """Demand points (subjects) that no site can reach at all."""
    ONLY_FORBIDDEN = "only_forbidden"
    """Demand points (subjects) that only forbidden sites can reach; ``sites`` by point."""
    NEEDS_RADIUS = "needs_radius"
    """Demand points (subjects) beyond ``radius``; the ``smallest`` that would do, ``by_point``."""
    DEMAND_TOO_LARGE = "demand_too_large"
    """Single source: demand points (subjects) larger than any site that they can reach;
    ``missing`` by point."""
    SITE_COUNT_TOO_SMALL = "site_count_too_small"
    """At most ``asked`` sites, but it takes ``smallest``."""
    SITE_COUNT_TOO_LARGE = "site_count_too_large"
    """At least ``asked`` sites, but no more than ``largest`` can open."""
    MISSING_CAPACITY = "missing_capacity"
    """``missing`` more capacity would do, for instance ``at`` these sites (subjects)."""
    LEAST_THROUGHPUT = "least_throughput"
    """Sites (subjects) that must open cannot reach their least throughput; ``missing`` in all."""
    QUOTA_CLASH = "quota_clash"
    """The smallest set of quotas (subjects) to relax, the weakest wording first; ``allow`` says
    how far each would have to give, ``strength`` how binding it is."""
    LEAST_UNSERVED = "least_unserved"
    """Under all rules as they stand at least ``weight`` stays unserved, for instance that of the
    subjects."""
    LEFT_OUT = "left_out"
    """Demand points (subjects) with no open site in reach, because others weighed more."""
    NO_OTHER_PLAN = "no_other_plan"
    """No plan keeps the rules and differs enough from the ``known`` plans."""
    NO_ROOM = "no_room"
    """Demand points (subjects) with an open site in reach that has no room for (all of) them."""


def explain(problem: SitingProblem, settings: SolverSettings, watch: Watch) -> tuple[Reason, ...]:
    """Reasons why a problem, all of whose demand is reachable, has no plan.

    First the points that no rule could help; then each group of rules that would suffice alone
    when stretched, by how much; if none would alone, what they must give together. Last, who
    would stay unserved if nothing gave.
    """
    hopeless = _beyond_help(problem)
    if hopeless:
        return hopeless
    if problem.exclusions:
        return (Reason(Kind.NO_OTHER_PLAN, (), {"known": len(problem.exclusions)}),)
    asker = _Asker(problem, settings, watch)
    alone = [reason for rule in _present(problem) for reason in asker.stretched(rule)]
    reasons = alone or asker.stretched_together(_present(problem))
    return (*reasons, *asker.least_unserved())


def explain_radius(impedance: Any, radius: float, demand_ids: Sequence[str]) -> tuple[Reason, ...]:
    """Who has no site within a radius, and which radius each would need.

    Parameters
    ----------
    impedance : (n, m) dense with ``inf`` for no way, or sparse with absent for no way and stored
        zeros kept; of the whole network, or within some cutoff larger than ``radius``
    radius : the promise, in the unit of ``impedance``
    """
    nearest = nearest_impedance(impedance)
    lost = ~np.isfinite(nearest)
    beyond = np.flatnonzero(~lost & (nearest > radius))
    reasons = []
    if lost.any():
        ids = tuple(demand_ids[i] for i in np.flatnonzero(lost).tolist())
        reasons.append(Reason(Kind.UNREACHABLE, ids))
    if len(beyond):
        by_point = {demand_ids[i]: float(nearest[i]) for i in beyond.tolist()}
        values = {
            "radius": float(radius),
            "smallest": float(nearest[beyond].max()),
            "by_point": by_point,
        }
        reasons.append(Reason(Kind.NEEDS_RADIUS, tuple(by_point), values))
    return tuple(reasons)


def nearest_impedance(impedance: Any) -> FloatArray:
    """(n,) least impedance of each row, ``inf`` where there is no way."""
    if not hasattr(impedance, "tocsr"):
        full = np.asarray(impedance, np.float64)
        return np.asarray(full.min(axis=1, initial=np.inf))
    rows = impedance.tocsr()
    nearest = np.full(rows.shape[0], np.inf)
    demand = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    np.minimum.at(nearest, demand, rows.data)
    return nearest


def unserved_reasons(
    problem: SitingProblem, size: IntArray, served: FloatArray
) -> tuple[Reason, ...]:
    """Why points are not (wholly) served by a plan; ``served`` (n,) is the share of each."""
    unreachable = ~problem.reachable
    reasons = [_about(problem, Kind.UNREACHABLE, unreachable)]
    if problem.objective is Objective.MAX_COVERED and (size >= 0).any():
        short = (served < 1 - FEASIBILITY_TOLERANCE) & ~unreachable
        near_open = np.zeros(len(served), np.bool_)
        near_open[problem.arcs.demand[size[problem.arcs.site] >= 0]] = True
        reasons.append(_about(problem, Kind.LEFT_OUT, short & ~near_open))
        reasons.append(_about(problem, Kind.NO_ROOM, short & near_open))
    return tuple(reason for reason in reasons if reason.subjects)


def _about(problem: SitingProblem, kind: Kind, which: BoolArray) -> Reason:
    chosen = np.flatnonzero(which)
    weight = float(problem.demand.weight[chosen].sum())
    return Reason(kind, tuple(problem.demand.ids[i] for i in chosen.tolist()), {"weight": weight})


def _beyond_help(problem: SitingProblem) -> tuple[Reason, ...]:
    """Points that no plan could serve whatever count, quota or capacity in total gave."""
    if problem.objective is Objective.MAX_COVERED:
        return ()
    arcs, sites, ids = problem.arcs, problem.sites, problem.demand.ids
    reasons = []
    allowed = np.zeros(len(ids), np.bool_)
    allowed[arcs.demand[~sites.forbidden[arcs.site]]] = True
    barred = np.flatnonzero(problem.reachable & ~allowed)
    if len(barred):
        by_point = {
            ids[i]: [sites.ids[j] for j in arcs.site[arcs.start[i] : arcs.start[i + 1]]]
            for i in barred
        }
        reasons.append(Reason(Kind.ONLY_FORBIDDEN, tuple(by_point), {"sites": by_point}))
    if problem.single_source and len(arcs):
        largest = np.maximum.reduceat(sites.capacity, sites.size_start[:-1])
        open_to = ~sites.forbidden[arcs.site]
        room = np.zeros(len(ids))
        np.maximum.at(room, arcs.demand[open_to], largest[arcs.site[open_to]])
        missing = problem.demand.weight - room
        large = np.flatnonzero(allowed & (missing > FEASIBILITY_TOLERANCE * np.maximum(1.0, room)))
        if len(large):
            by_size = {ids[i]: float(missing[i]) for i in large}
            reasons.append(Reason(Kind.DEMAND_TOO_LARGE, tuple(by_size), {"missing": by_size}))
    return tuple(reasons)


def _present(problem: SitingProblem) -> list[Rule]:
    """The groups of rules that the problem has, in the order in which they are questioned."""
    present = []
    if problem.quotas:
        present.append(Rule.QUOTAS)
    if problem.site_count != (None, None):
        present.append(Rule.SITE_COUNT)
    if problem.sites.capacitated:
        present.append(Rule.CAPACITY)
    if (problem.sites.least_throughput > 0).any():
        present.append(Rule.LEAST_THROUGHPUT)
    return present


class _Asker:
    """Asks the elastic model how little must give."""

    def __init__(self, problem: SitingProblem, settings: SolverSettings, watch: Watch) -> None:
        self._problem, self._watch = problem, watch
        self._end_s = watch.seconds + max(0.9, min(EXPLAIN_LIMIT_S, watch.remaining_s))
        self._settings = replace(settings, gap=min(settings.gap, 1e-6))

    def stretched(self, rule: Rule) -> list[Reason]:
        """What one group alone would have to give; empty when that would not suffice."""
        answer = self._least([rule], self._stages(rule))
        return [] if answer is None else self._reasons(*answer, rules=[rule])

    def stretched_together(self, rules: Sequence[Rule]) -> list[Reason]:
        """What all groups together would have to give, quotas by strength first."""
        answer = self._least(rules, [stage for rule in rules for stage in self._stages(rule)])
        if answer is None:
            return []
        reasons = self._reasons(*answer, rules=rules)
        return [replace(one, values={**one.values, "together": True}) for one in reasons]

    def least_unserved(self) -> list[Reason]:
        """Who stays unserved if no rule gives."""
        problem = self._problem
        if problem.objective is Objective.MAX_COVERED or self._time_is_up():
            return []
        most = replace(problem, objective=Objective.MAX_COVERED)
        watch = self._limited()
        found = PulpMethod().run(most, self._settings, watch)
        if found.size is None:
            return []
        served = np.bincount(found.demand, found.share, minlength=len(problem.demand))
        short = np.flatnonzero(served < 1 - FEASIBILITY_TOLERANCE)
        total = float(problem.demand.weight.sum())
        values = {
            "weight": total - found.objective,
            "share": (total - found.objective) / total if total else 0.0,
            "proven": bool(abs(found.bound - found.objective) <= 1e-6 * max(1.0, total)),
        }
        ids = tuple(problem.demand.ids[i] for i in short)
        return [Reason(Kind.LEAST_UNSERVED, ids, values)] if ids else []

    def _stages(self, rule: Rule) -> list[Measure]:
        if rule is not Rule.QUOTAS:
            return [Measure(rule)]
        there = {quota.strength for quota in self._problem.quotas}
        # The most binding wording is broken least; the weakest is asked last.
        return [Measure(rule, one) for one in Strength if one in there] + [Measure(rule)]

    def _least(
        self, rules: Sequence[Rule], stages: Sequence[Measure]
    ) -> tuple[ElasticModel, FloatArray, bool] | None:
        """The elastic model at the optimum of its stages in order; None if it has no plan."""
        write = models.writer_for(self._problem, lambda: self._watch.report("explain"))
        broken: dict[Strength, int] = {}
        caps: dict[Rule, float] = {}
        last: tuple[ElasticModel, FloatArray] | None = None
        proven = True
        for stage in stages:
            if self._time_is_up():
                proven = False
                break
            model = elastic.build(
                self._problem, rules, stage, write, most_broken=broken, most_stretch=caps
            )
            watch = self._limited()
            program = model.siting.linear.arrays()
            answer = run_program(program, self._settings, watch, phase="explain")
            if not answer.has_values:
                proven = proven and last is None and answer.ending is Ending.INFEASIBLE
                break
            last = (model, answer.values)
            proven = proven and answer.ending is Ending.FINISHED
            if stage.strength is not None:
                broken[stage.strength] = round(answer.objective)
            else:
                caps[stage.rule] = answer.objective
        return None if last is None else (*last, proven)

    def _limited(self) -> Watch:
        left_s = max(0.0, self._end_s - self._watch.seconds)
        return self._watch.part(min(QUESTION_LIMIT_S, left_s))

    def _time_is_up(self) -> bool:
        return self._watch.seconds >= self._end_s

    def _reasons(
        self, model: ElasticModel, values: FloatArray, proven: bool, *, rules: Sequence[Rule]
    ) -> list[Reason]:
        say = {
            Rule.QUOTAS: self._about_quotas,
            Rule.SITE_COUNT: self._about_count,
            Rule.CAPACITY: self._about_capacity,
            Rule.LEAST_THROUGHPUT: self._about_throughput,
        }
        said = [one for rule in rules for one in say[rule](model, values)]
        return [replace(one, values={**one.values, "proven": proven}) for one in said]

    def _about_quotas(self, model: ElasticModel, values: FloatArray) -> list[Reason]:
        allow: dict[str, Mapping[str, int]] = {}
        strength = {}
        for g, quota in enumerate(self._problem.quotas):
            short, over = _value(values, model.quota_short[g]), _value(values, model.quota_over[g])
            if short > 0.5:
                allow[quota.name] = {"minimum": quota.minimum - round(short)}
            elif over > 0.5 and quota.maximum is not None:
                allow[quota.name] = {"maximum": quota.maximum + round(over)}
            else:
                continue
            strength[quota.name] = quota.strength.value
        if not allow:
            return []
        return [Reason(Kind.QUOTA_CLASH, tuple(allow), {"allow": allow, "strength": strength})]

    def _about_count(self, model: ElasticModel, values: FloatArray) -> list[Reason]:
        least, most = self._problem.site_count
        over, short = _value(values, model.count_over), _value(values, model.count_short)
        said = []
        if most is not None and over > 0.5:
            smallest = {"asked": most, "smallest": most + round(over)}
            said.append(Reason(Kind.SITE_COUNT_TOO_SMALL, (), smallest))
        if least is not None and short > 0.5:
            largest = {"asked": least, "largest": least - round(short)}
            said.append(Reason(Kind.SITE_COUNT_TOO_LARGE, (), largest))
        return said

    def _about_capacity(self, model: ElasticModel, values: FloatArray) -> list[Reason]:
        return self._about_loads(Kind.MISSING_CAPACITY, model.extra, model.scale, values)

    def _about_throughput(self, model: ElasticModel, values: FloatArray) -> list[Reason]:
        return self._about_loads(Kind.LEAST_THROUGHPUT, model.short, model.scale, values)

    def _about_loads(
        self, kind: Kind, columns: IntArray, scale: float, values: FloatArray
    ) -> list[Reason]:
        amounts = np.where(columns >= 0, values[columns], 0.0) * scale
        chosen = np.flatnonzero(amounts > FEASIBILITY_TOLERANCE * scale)
        at = {self._problem.sites.ids[j]: float(amounts[j]) for j in chosen}
        return [Reason(kind, tuple(at), {"missing": sum(at.values()), "at": at})] if at else []


def _value(values: FloatArray, column: int) -> float:
    return 0.0 if column < 0 else float(values[column])
