"""The haul cost that sites are chosen with, fitted to rounds that were really planned.

A stated rate (CNY a tonne-kilometre) is a full lorry's on a long way. Collection is neither:
lorries come half full and stand at stops, and a nearer site saves only the line haul. So where a
profile asks for it (``rounds.sets_haul_cost``), sites are chosen with the stated rate, rounds to
them are planned, the rate is fitted to those rounds (:mod:`planner.routes.estimate`), and sites are
chosen again; with every turn there are more rounds to fit to. It ends when sites and rounds
together no longer become cheaper, and the rate of the cheapest turn is the one that is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from geodata.faults import N_
from planner.routes import RoundsSettings
from planner.routes.estimate import HaulFactors, Solved, fitted
from scenarios.inputs import Inputs
from scenarios.plan import Indicator, Plan, StreamPlan
from scenarios.problems import haul_rate_cny_per_t_km
from scenarios.profile import StreamProfile, Tier
from scenarios.progress import OnRunProgress
from scenarios.rounds import rounds_of_plan
from scenarios.rounds_tables import StreamRounds
from scenarios.schema import Scenario
from scenarios.sizes import WAN

TURNS = 4
"""Plans with rounds at most: one with the stated rate, the others with fitted ones."""
ITERATIONS = 60
"""Of each search: a count, not a clock, so that the same scenario has the same plan."""
GAP = 0.01
"""Of the sites that rates are fitted to, whatever gap the plan itself may have: a later run with
another gap, for rounds to the same sites, fits the same rates."""
LEAST_GAIN = 1e-3
"""Of the cost of sites and rounds together; a turn that saves less is the last."""


@dataclass(frozen=True)
class FittedHaul:
    """What was fitted for one tier of a stream.

    Parameters
    ----------
    stated_cny_per_t_km : the rate before
    factors : of the rounds, with the rate that follows from them
    costs_cny : a year, of sites and rounds together: with the stated rate, then turn by turn
    """

    stream: str
    tier: str
    stated_cny_per_t_km: float
    factors: HaulFactors
    costs_cny: tuple[float, ...]

    @property
    def source(self) -> str:
        """Where the number is from, for the list of assumptions."""
        one = self.factors
        return (
            f"由已规划的 {one.rounds} 条收运线路拟合（连续近似），平均误差 {one.error:.1%}，"
            f"替代原取值 {self.stated_cny_per_t_km:.3g} 元/（t·km）"
        )

    @property
    def source_en(self) -> str:
        """The same for an English reader."""
        one = self.factors
        return (
            f"fitted to {one.rounds} planned rounds (continuous approximation), mean error "
            f"{one.error:.1%}; in place of {self.stated_cny_per_t_km:.3g} CNY/(t·km)"
        )


def fitting_tiers(profiles: Mapping[str, StreamProfile]) -> dict[str, Tier]:
    """The tier by stream whose haul cost is to be fitted to its rounds."""
    return {
        profile.id: tier
        for profile in profiles.values()
        for tier in profile.tiers[::-1]
        if tier.rounds is not None and tier.rounds.sets_haul_cost and tier.serves == "demand"
    }


def fitted_scenario(
    scenario: Scenario,
    profiles: Mapping[str, StreamProfile],
    *,
    folder: Path | str = ".",
    on_progress: OnRunProgress | None = None,
) -> tuple[Scenario, tuple[FittedHaul, ...]]:
    """The scenario with fitted rates in its streams, and what they were fitted to.

    Raises
    ------
    InputError
        As planning it would.
    Cancelled
        If it was stopped meanwhile.
    """
    tiers = fitting_tiers(profiles)
    if not tiers:
        return scenario, ()
    asked = _only(_unfitted(scenario, tiers), tiers)
    solved: dict[str, list[Solved]] = {name: [] for name in tiers}
    costs: list[dict[str, float]] = []
    factors: list[dict[str, HaulFactors]] = []
    for number in range(TURNS):
        rates = factors[-1] if factors else {}
        turn = _turn(with_rates(asked, tiers, rates), folder, list(tiers), on_progress)
        costs.append({name: cost for name, (_, cost) in turn.items()})
        for name, (rounds, _) in turn.items():
            solved[name].append((rounds.case.problem, rounds.solution))
        # The first fitted rate has to be compared with another fitted one.
        if number > 1 and _total(costs[-1]) > _total(costs[-2]) * (1 - LEAST_GAIN):
            break
        factors.append({name: fitted(pairs) for name, pairs in solved.items() if pairs})
    best = _cheapest(costs, factors)
    found = tuple(
        FittedHaul(
            name, tier.id, haul_rate_cny_per_t_km(tier), factors[best][name],
            tuple(one.get(name, math.inf) for one in costs),
        )
        for name, tier in tiers.items()
        if name in factors[best] and factors[best][name].haul_cny_per_t_km > 0
    )  # fmt: skip
    return with_rates(_unfitted(scenario, tiers), tiers, factors[best], found), found


def _cheapest(costs: Sequence[Mapping[str, float]], factors: Sequence[object]) -> int:
    """Position of the factors whose plan cost least; those of the last turn have no plan yet."""
    tried = [_total(one) for one in costs[1:]]
    if not tried:
        return 0
    return min(range(min(len(tried), len(factors))), key=tried.__getitem__)


def _total(costs: Mapping[str, float]) -> float:
    """Of all streams; they may share sites."""
    return sum(costs.values())


def _turn(
    scenario: Scenario, folder: Path | str, streams: Sequence[str], listen: OnRunProgress | None
) -> dict[str, tuple[StreamRounds, float]]:
    """Rounds of a plan, and what its sites and rounds cost a year, by stream."""
    from scenarios.run import run  # noqa: PLC0415 - it calls this module

    kept: list[Inputs] = []
    plan = run(scenario, folder=folder, on_progress=listen, on_inputs=kept.append)
    planned = [name for name in streams if plan.streams[name].has_plan]
    settings = RoundsSettings(
        time_limit_s=scenario.solver.time_limit_s, seed=scenario.solver.seed, iterations=ITERATIONS
    )
    rounds = rounds_of_plan(plan, kept[0], streams=planned, settings=settings)
    return {
        name: (one, _sites_cny(plan.streams[name]) + _rounds_cny(one))
        for name, one in rounds.streams.items()
    }


def _sites_cny(stream: StreamPlan) -> float:
    """Yearly fixed cost of what is open."""
    total = 0.0
    for answer in stream.answers:
        size = answer.solution.size
        total += float(answer.tier_problem.problem.sites.fixed_cost[size[size >= 0]].sum())
    return total


def _rounds_cny(one: StreamRounds) -> float:
    """Yearly; a plan whose stops cannot be served is no cheaper for it."""
    if one.solution.unserved:
        return math.inf
    return one.solution.cost_cny(one.case.problem) * one.case.cycles_per_yr


def _only(scenario: Scenario, tiers: Mapping[str, Tier]) -> Scenario:
    """The streams to be fitted alone, in one phase."""
    uses = tuple(one for one in scenario.streams if _stream_of(one.stream) in tiers)
    solver = scenario.solver.model_copy(update={"gap": GAP})
    changes = {"streams": uses, "phases": (), "document": None, "solver": solver}
    return scenario.model_copy(update=changes)


def _stream_of(use: str) -> str:
    return Path(use).stem if use.endswith((".yaml", ".yml")) else use


def _unfitted(scenario: Scenario, tiers: Mapping[str, Tier]) -> Scenario:
    """The same streams, whose haul cost is what they say."""
    return _with(scenario, tiers, lambda tier, _: {f"tiers.{tier.id}.rounds.sets_haul_cost": False})


def with_rates(
    scenario: Scenario,
    tiers: Mapping[str, Tier],
    factors: Mapping[str, HaulFactors],
    found: Sequence[FittedHaul] = (),
) -> Scenario:
    """The scenario with fitted rates, and where they are from."""
    said = {one.stream: one for one in found}

    def changes(tier: Tier, stream: str) -> dict[str, Any]:
        rate = factors[stream].haul_cny_per_t_km if stream in factors else 0.0
        if rate <= 0:  # nothing in the rounds speaks for any rate
            return {}
        number: Any = rate
        if stream in said:
            number = {
                "value": rate, "source": said[stream].source, "evidence": "derived",
                "note_en": said[stream].source_en,
            }  # fmt: skip
        return {f"tiers.{tier.id}.leg.cost_cny_per_t_km": number}

    return _with(scenario, tiers, changes)


def _with(scenario: Scenario, tiers: Mapping[str, Tier], changes: Any) -> Scenario:
    uses = []
    for use in scenario.streams:
        name = _stream_of(use.stream)
        more = changes(tiers[name], name) if name in tiers else {}
        uses.append(use.model_copy(update={"set": {**use.set, **more}}))
    return scenario.model_copy(update={"streams": tuple(uses)})


def with_fitted(plan: Plan, found: Sequence[FittedHaul]) -> Plan:
    """The plan that says among its figures what was fitted."""
    streams = dict(plan.streams)
    for one in found:
        if one.stream in streams:
            stream = streams[one.stream]
            more = (*stream.indicators, *_indicators(one))
            streams[one.stream] = replace(stream, indicators=more)
    return replace(plan, streams=streams)


def _indicators(one: FittedHaul) -> tuple[Indicator, ...]:
    finite = [cost for cost in one.costs_cny[1:] if math.isfinite(cost)]
    return (
        Indicator(
            "haul_cost_fitted",
            N_("haul cost fitted to planned rounds"),
            one.factors.haul_cny_per_t_km,
            "cny/(t·km)",
            N_("line haul of the rounds / (tonnes x kilometres of one way), least squares"),
        ),
        Indicator(
            "haul_cost_stated",
            N_("haul cost before, as stated"),
            one.stated_cny_per_t_km,
            "cny/(t·km)",
            N_("the profile's rate, or that of the vehicle class"),
        ),
        Indicator(
            "haul_fit_error",
            N_("mean error of the fit"),
            100 * one.factors.error,
            "%",
            N_("sum of |estimated - planned| / sum of planned costs, over the rounds"),
        ),
        Indicator(
            "sites_and_rounds_cost",
            N_("sites and rounds together"),
            min(finite, default=math.nan) / WAN,
            "wan_cny/yr",
            N_("fixed cost of the open sites + cost of the planned rounds"),
        ),
    )
