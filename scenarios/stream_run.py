"""One stream of a run: its present state, its tiers in turn, and the answer as tables.

A stream is a generator. It yields a :class:`scenarios.solvers.Question` for each tier and is sent
the solution, so that whoever runs it may have other streams solved meanwhile; everything else
happens in one thread.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.faults import N_, Fault, Severity, raise_errors
from geodata.stacking import stacked
from planner import SolverSettings, Strength
from planner.solution import Cancelled, Outcome, Reason, SitingSolution
from scenarios.answers import (
    TierAnswer,
    assignments_table,
    demand_table,
    facilities_table,
    read_answer,
)
from scenarios.assess import assess_tier
from scenarios.beyond_reach import with_causes
from scenarios.certificates import overall
from scenarios.changes import changes_of, unknown_sites, with_changes, with_new_places
from scenarios.clock import Clock
from scenarios.demand_points import DemandPoints, demand_points
from scenarios.earlier_plan import EarlierPlan, is_answer
from scenarios.indicators import stream_indicators
from scenarios.inputs import Inputs
from scenarios.neighbours import district_neighbours
from scenarios.operations import Role
from scenarios.plan import StreamPlan, TierResult
from scenarios.problems import TierProblem, Wants, place_key, tier_problem, without_stranded
from scenarios.progress import OnRunProgress, RunProgress
from scenarios.provenance import stream_hash
from scenarios.schema import Scenario, StreamProfile, Tier
from scenarios.sites import TierSites, facilities_of, gather_sites
from scenarios.solvers import Question
from scenarios.tier_wants import opened_as_wants, present_wants
from scenarios.travel import Travel

Course = Generator[Question, SitingSolution | None, StreamPlan]
"""A stream on its way; the solution it is sent is None where the run was stopped before."""


@dataclass(eq=False)
class Shared:
    """What the streams of a run share.

    Parameters
    ----------
    done, total : tiers planned so far and in all
    """

    scenario: Scenario
    inputs: Inputs
    notify: OnRunProgress
    clock: Clock
    start: EarlierPlan | None = None
    total: int = 0
    done: int = 0
    cancelled: bool = False
    travel: Travel = field(init=False)
    neighbours: Mapping[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.travel = Travel(
            self.inputs.roads,
            self.inputs.metric_crs,
            self.scenario.max_snap_m,
            straight_off_road=self.scenario.off_road == "straight",
        )
        self.neighbours = district_neighbours(self.inputs.layer("districts"))

    @property
    def solver_settings(self) -> SolverSettings:
        """What the scenario allows each solve."""
        spec = self.scenario.solver
        return SolverSettings(
            time_limit_s=spec.time_limit_s,
            gap=spec.gap,
            threads=spec.threads,
            seed=spec.seed,
            memory_mib=spec.memory_mib,
        )


class StreamRun:
    """One stream, and what it leaves behind besides its plan: faults and screened candidates."""

    def __init__(self, shared: Shared, profile: StreamProfile) -> None:
        self.profile = profile
        self.faults: list[Fault] = []
        self.screened: list[gpd.GeoDataFrame] = []
        self._shared = shared
        self._points = demand_points(shared.inputs, profile)
        self._facilities, more = facilities_of(shared.inputs, profile)
        self._sites_by_tier: dict[str, TierSites] = {}
        self.faults += [*self._points.faults, *more]

    @property
    def points(self) -> DemandPoints:
        """Who wants service of the stream and how much."""
        return self._points

    def course(self) -> Course:
        """Assess, site every tier, and put the answer into tables.

        Raises
        ------
        Cancelled
            Where the run was stopped before the first tier was begun.
        """
        self._refuse_unknown_sites()
        assessment = self.assessment()
        answers: dict[str, TierAnswer] = {}
        sites: dict[str, TierSites] = {}
        for tier in self.profile.tiers:
            wants = self._wants(tier, answers)
            if wants is None:
                continue
            if tier.role is Role.TERMINAL and not len(self._facilities[tier.id]):
                self.faults.append(no_terminal(self.profile, tier))
                continue
            found = self._sites(tier)
            answer = yield from self._site_tier(tier, wants, found)
            if answer is not None:
                answers[tier.id], sites[tier.id] = answer, found
            if self._shared.cancelled:
                break
        if not answers:
            raise Cancelled
        return self._stream_plan(answers, sites, assessment)

    def assessment(self) -> dict[str, Any]:
        """The present state of every tier that serves the demand itself."""
        self._tell("assess")
        return present_state(self._shared, self.profile, self._points, self._facilities)

    def _refuse_unknown_sites(self) -> None:
        changes = changes_of(self._shared.scenario, self.profile)
        if changes:
            gathered = {tier.id: self._gathered(tier).sites for tier in self.profile.tiers}
            raise_errors(unknown_sites(self.profile, changes, gathered))

    def _wants(self, tier: Tier, answers: Mapping[str, TierAnswer]) -> Wants | None:
        """Demand points, or the sites opened below; None where the tier below has no plan."""
        if tier.serves == "demand":
            return self._points.wants(tier)
        below = answers.get(tier.serves)
        if below is None or not below.solution.has_plan:
            return None
        wants = opened_as_wants(self.profile, tier, below)
        if not len(wants):
            self.faults.append(_nothing_to_pass_on(self.profile, tier))
            return None
        return wants

    def _sites(self, tier: Tier) -> TierSites:
        """Sites of a tier, less the candidates that no site of the tier above could take from."""
        self._tell("sites", tier)
        found = self._gathered(tier)
        above = next((one for one in self.profile.tiers if one.serves == tier.id), None)
        if above is not None:
            upper = self._gathered(above)
            with self._shared.clock.of("distances"):
                found = without_stranded(found, upper, above, self._shared.travel)
        self.screened.append(found.screened)
        self.faults += found.faults
        return found

    def _gathered(self, tier: Tier) -> TierSites:
        if tier.id not in self._sites_by_tier:
            shared = self._shared
            with shared.clock.of("sites"):
                self._sites_by_tier[tier.id] = with_new_places(
                    gather_sites(shared.inputs, self.profile, tier, self._facilities[tier.id]),
                    changes_of(shared.scenario, self.profile),
                )
        return self._sites_by_tier[tier.id]

    def _site_tier(
        self, tier: Tier, wants: Wants, sites: TierSites
    ) -> Generator[Question, SitingSolution | None, TierAnswer | None]:
        self._tell("distances", tier)
        shared = self._shared
        with shared.clock.of("distances"):
            problem = tier_problem(
                tier,
                wants,
                sites.sites,
                shared.travel,
                discount_rate=shared.scenario.discount_rate,
                neighbours=shared.neighbours,
                site_key=place_key(sites.sites),
                county=shared.scenario.area or "county",
            )
            problem = with_changes(problem, changes_of(shared.scenario, self.profile))
        self._tell("solve", tier)
        solution, problem = yield from self._solved(problem)
        if solution is None:
            return None
        shared.done += 1
        reasons = with_causes(solution.reasons, problem, shared.travel)
        return read_answer(problem, replace(solution, reasons=reasons))

    def _solved(
        self, problem: TierProblem
    ) -> Generator[Question, SitingSolution | None, tuple[SitingSolution | None, TierProblem]]:
        """The solution; without the 原则上 counts where they leave no plan, and saying so."""
        solution = yield from self._answer(problem)
        soft = [q for q in problem.problem.quotas if q.strength is Strength.IN_PRINCIPLE]
        if solution is None or solution.outcome is not Outcome.INFEASIBLE or not soft:
            return solution, problem
        kept = tuple(q for q in problem.problem.quotas if q.strength is not Strength.IN_PRINCIPLE)
        freer = replace(problem, problem=replace(problem.problem, quotas=kept))
        again = yield from self._answer(freer)
        if again is None or not again.has_plan:
            return solution, problem
        note = Reason("quota_relaxed", tuple(quota.name for quota in soft))
        return replace(again, reasons=(*again.reasons, note)), freer

    def _answer(
        self, problem: TierProblem
    ) -> Generator[Question, SitingSolution | None, SitingSolution | None]:
        """The earlier plan's answer where it is one to this very problem; else it is asked for."""
        question = self._question(problem)
        if question.start is not None and is_answer(question.start):
            return question.start
        return (yield question)

    def _question(self, problem: TierProblem) -> Question:
        settings, start = self._shared.solver_settings, self._shared.start
        return Question(
            self.profile.id,
            problem.tier.id,
            problem.problem,
            settings,
            None if start is None else start.solution(self.profile.id, problem, settings.gap),
        )

    def _stream_plan(
        self,
        answers: Mapping[str, TierAnswer],
        sites: Mapping[str, TierSites],
        assessment: Mapping[str, Any],
    ) -> StreamPlan:
        profile, shared = self.profile, self._shared
        solved = list(answers.values())
        facilities = stacked(
            [facilities_table(one, sites[one.tier.id].closed, profile) for one in solved]
        )
        demand = demand_table(solved[0], self._points.basis, shared.travel, profile)
        return StreamPlan(
            profile=profile,
            facilities=facilities,
            demand=demand,
            assignments=pd.concat([assignments_table(one) for one in solved], ignore_index=True),
            indicators=stream_indicators(solved, facilities, demand),
            tiers=tuple(
                TierResult(one.tier.id, one.solution.certificate, one.solution.reasons)
                for one in solved
            ),
            certificate=overall(
                [one.solution.certificate for one in solved],
                independent=all(one.tier.serves == "demand" for one in solved),
            ),
            assessment=assessment,
            input_hash=stream_hash(shared.scenario, profile, shared.inputs.digest),
            answers=tuple(solved),
        )

    def _tell(self, step: str, tier: Tier | None = None) -> None:
        tier_id = "" if tier is None else tier.id
        shared = self._shared
        shared.notify(RunProgress(step, self.profile.id, tier_id, shared.done, shared.total))


def present_state(
    shared: Shared,
    profile: StreamProfile,
    points: DemandPoints,
    facilities: Mapping[str, gpd.GeoDataFrame],
) -> dict[str, Any]:
    """现状: every tier of a stream with the facilities that stand today."""
    with shared.clock.of("assess"):
        return {
            "tiers": [
                assess_tier(
                    shared.inputs,
                    tier,
                    present_wants(points, tier),
                    facilities[tier.id],
                    shared.travel,
                )
                for tier in profile.tiers
            ]
        }


def no_terminal(profile: StreamProfile, tier: Tier) -> Fault:
    """A stream whose given end is not among the facilities."""
    message = N_(
        "no {tier} is among the facilities: the way beyond is not counted; add it to the layer "
        "'facilities', outside the area too"
    )
    return Fault(profile.id, message, {"tier": tier.id}, Severity.WARNING)


def _nothing_to_pass_on(profile: StreamProfile, tier: Tier) -> Fault:
    message = N_("no tonnes come to {tier} from below: it is not sited; give the points tonnes")
    return Fault(profile.id, message, {"tier": tier.id}, Severity.WARNING)
