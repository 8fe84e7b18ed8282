"""Scenario -> Plan: the one pipeline that the CLI, the API and the tests use.

Inputs are read and validated, the present state is assessed, then the tiers of each stream are
sited in turn: the first serves the demand points, a later one may serve the sites that an earlier
one opened, with the tonnes that they handle.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.faults import N_, Fault, Severity, raise_errors
from planner import SolverSettings, Strength
from planner.solution import Cancelled, Outcome, Progress, Reason, SitingSolution
from scenarios.answers import (
    TierAnswer,
    assignments_table,
    demand_table,
    facilities_table,
    read_answer,
)
from scenarios.assess import assess_tier
from scenarios.beyond_reach import pipeline_reasons
from scenarios.certificates import overall
from scenarios.changes import (
    changed_inputs,
    changes_of,
    unknown_sites,
    with_changes,
    with_new_places,
)
from scenarios.clock import Clock
from scenarios.demand_points import DemandPoints, demand_points
from scenarios.earlier_plan import EarlierPlan
from scenarios.indicators import stream_indicators
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import profiles_of
from scenarios.neighbours import district_neighbours
from scenarios.plan import Plan, StreamPlan, TierResult
from scenarios.problems import TierProblem, Wants, place_key, tier_problem, without_stranded
from scenarios.progress import OnRunProgress, RunProgress, unheard
from scenarios.schema import Scenario, StreamProfile, Tier
from scenarios.sites import TierSites, facilities_of, gather_sites
from scenarios.tier_wants import opened_as_wants, present_wants
from scenarios.travel import Travel

VERSIONED = ("wangdian", "numpy", "scipy", "geopandas", "pulp", "highspy")


def run(
    scenario: Scenario,
    *,
    folder: Path | str = ".",
    on_progress: OnRunProgress | None = None,
    on_inputs: Callable[[Inputs], None] | None = None,
    start: EarlierPlan | None = None,
) -> Plan:
    """Plan a scenario.

    Parameters
    ----------
    folder : that the scenario's relative file names start from
    on_progress : hears of every step; raising :class:`planner.Cancelled` in it stops the run and
        keeps the streams and the incumbent there are
    on_inputs : is given what the plan is made from, for whoever needs the roads themselves
    start : an earlier plan to start from where sites and points are still the same

    Raises
    ------
    InputError
        With every fault of the inputs.
    Cancelled
        If it was stopped before there was any plan.
    """
    clock = Clock()
    notify = on_progress or unheard
    notify(RunProgress("inputs"))
    with clock.of("inputs"):
        profiles = profiles_of(scenario, folder)
        inputs = changed_inputs(load_inputs(scenario, profiles, folder), scenario)
    if on_inputs is not None:
        on_inputs(inputs)
    tiers = sum(len(p.tiers) for p in profiles.values())
    runner = _Runner(scenario, inputs, notify, clock, tiers, start)
    streams: dict[str, StreamPlan] = {}
    for profile in profiles.values():
        if runner.cancelled:
            break
        try:
            streams[profile.id] = runner.plan_stream(profile)
        except (Cancelled, KeyboardInterrupt):
            # Ctrl-C outside a solve; inside one, the solver answers with its best plan.
            runner.cancelled = True
    if not streams:
        raise Cancelled
    if runner.cancelled:
        runner.faults.append(_interrupted([p for p in profiles if p not in streams]))
    return _plan(scenario, inputs, runner, streams, clock)


@dataclass(frozen=True, eq=False)
class Present:
    """The present state of a scenario: by stream id, with the faults of its inputs."""

    profiles: Mapping[str, StreamProfile]
    assessments: Mapping[str, Mapping[str, Any]]
    faults: tuple[Fault, ...]
    synthetic: bool


def assess(
    scenario: Scenario, *, folder: Path | str = ".", on_progress: OnRunProgress | None = None
) -> Present:
    """现状评估: what exists, whom it serves, what is missing; nothing is planned."""
    notify = on_progress or unheard
    notify(RunProgress("inputs"))
    profiles = profiles_of(scenario, folder)
    inputs = load_inputs(scenario, profiles, folder)
    runner = _Runner(scenario, inputs, notify, Clock(), 0)
    assessments = {}
    for profile in profiles.values():
        points = runner.demand_points(profile)
        assessments[profile.id] = runner.assessment(profile, points, runner.facilities(profile))
    faults = (*inputs.faults, *runner.faults)
    return Present(profiles, assessments, faults, inputs.synthetic)


class _Runner:
    """One run: what its streams share, and what they leave behind."""

    def __init__(
        self,
        scenario: Scenario,
        inputs: Inputs,
        notify: OnRunProgress,
        clock: Clock,
        tiers: int,
        start: EarlierPlan | None = None,
    ) -> None:
        self.scenario = scenario
        self.inputs = inputs
        self.clock = clock
        self.travel = Travel(
            inputs.roads,
            inputs.metric_crs,
            scenario.max_snap_m,
            straight_off_road=scenario.off_road == "straight",
        )
        self.neighbours = district_neighbours(inputs.layer("districts"))
        self.faults: list[Fault] = []
        self.screened: list[gpd.GeoDataFrame] = []
        self.cancelled = False
        self._sites_by_tier: dict[tuple[str, str], TierSites] = {}
        self._notify = notify
        self._start = start
        self._done = 0
        self._total = tiers

    def plan_stream(self, profile: StreamProfile) -> StreamPlan:
        """Assess, site every tier, and put the answer into tables."""
        points = self.demand_points(profile)
        facilities = self.facilities(profile)
        changes = changes_of(self.scenario, profile)
        if changes:
            gathered = {t.id: self._gathered(profile, t, facilities).sites for t in profile.tiers}
            raise_errors(unknown_sites(profile, changes, gathered))
        assessment = self.assessment(profile, points, facilities)
        answers: dict[str, TierAnswer] = {}
        sites: dict[str, TierSites] = {}
        for tier in profile.tiers:
            wants = self._wants(profile, tier, points, answers)
            if wants is None:
                continue
            sites[tier.id] = self._sites(profile, tier, facilities)
            answers[tier.id] = self._site_tier(profile, tier, wants, sites[tier.id])
            if self.cancelled:
                break
        return self._stream_plan(profile, points, answers, sites, assessment)

    def demand_points(self, profile: StreamProfile) -> DemandPoints:
        """Who wants service of the stream and how much, with what is wrong about it."""
        points = demand_points(self.inputs, profile)
        self.faults += points.faults
        return points

    def facilities(self, profile: StreamProfile) -> dict[str, gpd.GeoDataFrame]:
        """Existing facilities of the stream by tier."""
        found, faults = facilities_of(self.inputs, profile)
        self.faults += faults
        return found

    def assessment(
        self,
        profile: StreamProfile,
        points: DemandPoints,
        facilities: Mapping[str, gpd.GeoDataFrame],
    ) -> dict[str, Any]:
        """The present state of every tier that serves the demand itself."""
        self._tell("assess", profile)
        with self.clock.of("assess"):
            return {
                "tiers": [
                    assess_tier(
                        self.inputs,
                        tier,
                        present_wants(points, tier),
                        facilities[tier.id],
                        self.travel,
                    )
                    for tier in profile.tiers
                ]
            }

    def _wants(
        self,
        profile: StreamProfile,
        tier: Tier,
        points: DemandPoints,
        answers: Mapping[str, TierAnswer],
    ) -> Wants | None:
        """Demand points, or the sites opened below; None where the tier below has no plan."""
        if tier.serves == "demand":
            return points.wants(tier)
        below = answers.get(tier.serves)
        if below is None or not below.solution.has_plan:
            return None
        return opened_as_wants(profile, tier, below)

    def _sites(
        self, profile: StreamProfile, tier: Tier, facilities: Mapping[str, gpd.GeoDataFrame]
    ) -> TierSites:
        """Sites of a tier, less the candidates that no site of the tier above could take from."""
        self._tell("sites", profile, tier)
        found = self._gathered(profile, tier, facilities)
        above = next((one for one in profile.tiers if one.serves == tier.id), None)
        if above is not None:
            upper = self._gathered(profile, above, facilities)
            with self.clock.of("distances"):
                found = without_stranded(found, upper, above, self.travel)
        self.screened.append(found.screened)
        self.faults += found.faults
        return found

    def _gathered(
        self, profile: StreamProfile, tier: Tier, facilities: Mapping[str, gpd.GeoDataFrame]
    ) -> TierSites:
        key = (profile.id, tier.id)
        if key not in self._sites_by_tier:
            with self.clock.of("sites"):
                self._sites_by_tier[key] = with_new_places(
                    gather_sites(self.inputs, profile, tier, facilities[tier.id]),
                    changes_of(self.scenario, profile),
                )
        return self._sites_by_tier[key]

    def _site_tier(
        self, profile: StreamProfile, tier: Tier, wants: Wants, sites: TierSites
    ) -> TierAnswer:
        self._tell("distances", profile, tier)
        with self.clock.of("distances"):
            problem = tier_problem(
                tier,
                wants,
                sites.sites,
                self.travel,
                discount_rate=self.scenario.discount_rate,
                neighbours=self.neighbours,
                site_key=place_key(sites.sites),
                county=self.scenario.area or "county",
            )
            problem = with_changes(problem, changes_of(self.scenario, profile))
        with self.clock.of("solve"):
            solution, problem = self._solved(profile, problem)
        self._done += 1
        self.cancelled |= solution.outcome is Outcome.CANCELLED
        reasons = (*solution.reasons, *pipeline_reasons(problem, self.travel))
        return read_answer(problem, replace(solution, reasons=reasons))

    def _solved(
        self, profile: StreamProfile, problem: TierProblem
    ) -> tuple[SitingSolution, TierProblem]:
        """The solution; without the 原则上 counts where they leave no plan, and saying so."""
        solution = self._solve(profile, problem)
        soft = [q for q in problem.problem.quotas if q.strength is Strength.IN_PRINCIPLE]
        if solution.outcome is not Outcome.INFEASIBLE or not soft:
            return solution, problem
        kept = tuple(q for q in problem.problem.quotas if q.strength is not Strength.IN_PRINCIPLE)
        freer = replace(problem, problem=replace(problem.problem, quotas=kept))
        again = self._solve(profile, freer)
        if not again.has_plan:
            return solution, problem
        note = Reason("quota_relaxed", tuple(quota.name for quota in soft))
        return replace(again, reasons=(*again.reasons, note)), freer

    def _solve(self, profile: StreamProfile, problem: TierProblem) -> SitingSolution:
        from planner import solve  # noqa: PLC0415 - loads the solver

        spec = self.scenario.solver

        def listen(event: Progress) -> None:
            self._tell("solve", profile, problem.tier, event)

        settings = SolverSettings(
            time_limit_s=spec.time_limit_s, gap=spec.gap, threads=spec.threads, seed=spec.seed
        )
        start = None if self._start is None else self._start.solution(profile.id, problem)
        return solve(problem.problem, settings, listen, start=start)

    def _stream_plan(
        self,
        profile: StreamProfile,
        points: DemandPoints,
        answers: Mapping[str, TierAnswer],
        sites: Mapping[str, TierSites],
        assessment: Mapping[str, Any],
    ) -> StreamPlan:
        solved = list(answers.values())
        facilities = _stacked(
            [facilities_table(one, sites[one.tier.id].closed, profile) for one in solved]
        )
        demand = demand_table(solved[0], points.basis, self.travel, profile)
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
            input_hash=stream_hash(self.scenario, profile, self.inputs.digest),
            answers=tuple(solved),
        )

    def _tell(
        self,
        step: str,
        profile: StreamProfile,
        tier: Tier | None = None,
        solving: Progress | None = None,
    ) -> None:
        tier_id = "" if tier is None else tier.id
        self._notify(RunProgress(step, profile.id, tier_id, self._done, self._total, solving))


def stream_hash(scenario: Scenario, profile: StreamProfile, digest: str) -> str:
    """SHA-256 of all that can change a stream's answer."""
    parts: dict[str, Any] = {
        "inputs": digest,
        "profile": profile.model_dump(mode="json"),
        "solver": scenario.solver.model_dump(mode="json"),
        "max_snap_m": scenario.max_snap_m,
        "off_road": scenario.off_road,
        "discount_rate": scenario.discount_rate,
    }
    if scenario.site_changes or scenario.closed_roads:
        changes = scenario.model_dump(mode="json", include={"site_changes", "closed_roads"})
        parts["changes"] = changes
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of what made a plan."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def _stacked(tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        pd.concat(tables, ignore_index=True), geometry="geometry", crs="EPSG:4326"
    )


def _interrupted(left: list[str]) -> Fault:
    message = N_("the run was stopped early; not planned: {streams}")
    values = {"streams": ", ".join(left) or "-"}
    return Fault("run", message, values, Severity.WARNING)


def _plan(
    scenario: Scenario,
    inputs: Inputs,
    runner: _Runner,
    streams: Mapping[str, StreamPlan],
    clock: Clock,
) -> Plan:
    return Plan(
        scenario=scenario,
        title=scenario.title,
        synthetic=inputs.synthetic,
        streams=streams,
        roads=inputs.road_lines,
        districts=inputs.layer("districts"),
        exclusions=inputs.layer("exclusions"),
        candidates=_stacked(runner.screened),
        faults=(*inputs.faults, *runner.faults),
        sources=(*scenario.sources, *inputs.sources),
        versions=versions(),
        seconds=clock.seconds,
    )
