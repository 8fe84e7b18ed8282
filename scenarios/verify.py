"""Re-check a written plan from its files alone: ``plan.json`` and the ``problem.npz`` beside it.

Nothing is solved again. The plan is read from ``plan.json`` as people and programs see it, every
rule and the objective are recomputed by the independent checker, the certificate is held against
them, and the bound is proven anew where one evaluation can; where it cannot, it is said whose word
it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geodata.faults import N_, Fault, InputError
from planner.problem import SitingProblem
from planner.solution import (
    FEASIBILITY_TOLERANCE,
    Certificate,
    Outcome,
    SitingSolution,
)
from scenarios.certificates import overall
from scenarios.output import PLAN, PROBLEM
from scenarios.plan_json import FORMAT
from scenarios.problem_file import StoredTier, read_archive, read_problems
from scenarios.programme.file import FORMAT as PROGRAMME
from scenarios.programme.file import read_programme
from scenarios.programme.verify import broken_in_programme
from scenarios.wording import Translate, number

TIMES = 1e-9
"""Relative rounding of numbers written as JSON."""

RULES: Mapping[str, str] = {
    "problem_hash": N_("problem.npz is not the problem of this plan"),
    "shape": N_("the plan does not fit the problem"),
    "size_of_other_site": N_("{subject} has a size that it cannot have"),
    "required": N_("{subject} must be open and is not"),
    "forbidden": N_("{subject} must stay closed and is open"),
    "site_count_least": N_("{amount} sites too few are open"),
    "site_count_most": N_("{amount} sites too many are open"),
    "quota_least": N_("{subject}: {amount} sites too few are open"),
    "quota_most": N_("{subject}: {amount} sites too many are open"),
    "exclusion": N_("the plan is too like an excluded one"),
    "arc": N_("{subject}: this assignment may not be made"),
    "closed_site": N_("{subject} is closed and serves somebody"),
    "share": N_("{subject} is served by a share of nothing"),
    "flow_twice": N_("an assignment is listed twice"),
    "served": N_("{subject} is not served wholly once; off by {amount}"),
    "single_source": N_("{subject} is divided between sites"),
    "capacity": N_("{subject} handles {amount} over its capacity"),
    "least_throughput": N_("{subject} handles {amount} less than it must"),
    "objective": N_("the objective is off by {amount}"),
    "sense": N_("the certificate optimises in the wrong direction"),
    "bound_side": N_("the bound lies {amount} on the wrong side of the objective"),
    "false_optimal": N_("called optimal with a gap of {amount}"),
    "outcome_without_plan": N_("the certificate claims a plan and there is none"),
    "plan_without_outcome": N_("there is a plan that the certificate denies"),
    "opened": N_("{subject}: open in one of the two files only"),
    "unknown_assignment": N_("{subject}: no such demand point or site in the problem"),
    "gap": N_("the gap is off by {amount}"),
    "throughput": N_("{subject}: the throughput is off by {amount}"),
    "stream_certificate": N_("the stream's certificate does not follow from those of its tiers"),
    "bound": N_("the multipliers do not give the bound that they are said to prove"),
    "tier_missing": N_("problem.npz has no tier {subject}"),
}
"""What each broken rule means; ``subject`` and ``amount`` are filled in."""


@dataclass(frozen=True)
class Finding:
    """Something that does not hold: which rule, where, by how much."""

    rule: str
    subject: str = ""
    amount: float = 0.0

    def text(self, translate: Translate = str) -> str:
        """In words."""
        words = translate(RULES.get(self.rule, self.rule))
        return words.format(subject=self.subject, amount=number(self.amount, 6))


@dataclass(frozen=True)
class VerifiedTier:
    """One tier re-checked.

    ``bound_proven`` is True where one evaluation proves the bound again, False where it refutes
    the claim that it would, None where the bound is the word of ``proof`` (or there is none).
    """

    tier: str
    certificate: Certificate
    findings: tuple[Finding, ...]
    bound_proven: bool | None


@dataclass(frozen=True)
class VerifiedPlan:
    """One ``plan.json`` re-checked."""

    path: Path
    stream: str
    stream_names: Mapping[str, str]
    tiers: tuple[VerifiedTier, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether nothing that the files say was refuted."""
        return not self.findings and not any(one.findings for one in self.tiers)


def verify_files(path: Path | str) -> tuple[VerifiedPlan, ...]:
    """Re-check one ``plan.json``, or all those of a plan's folder.

    Raises
    ------
    InputError
        If there is no plan, or a file cannot be read as what it should be.
    """
    path = Path(path)
    if not path.is_dir():
        return (verify_plan(path),)
    found = sorted([*path.glob(PLAN), *path.glob(f"*/{PLAN}")])
    if not found:
        message = N_("holds no plan.json; give the folder that a plan was written to")
        raise InputError([Fault(str(path), message)])
    return tuple(verify_plan(one) for one in found)


def verify_plan(path: Path) -> VerifiedPlan:
    """Re-check one ``plan.json``.

    Raises
    ------
    InputError
        If it or the ``problem.npz`` beside it cannot be read as what it should be.
    """
    plan = _read_json(path)
    if "phases" in plan:
        return _verified_programme(path, plan)
    stored = read_problems(path.with_name(PROBLEM))
    try:
        names = _names(plan)
        tiers = tuple(_verified(plan, tier, stored.get(str(tier["id"]))) for tier in plan["tiers"])
        findings = _stream_findings(plan, [one.certificate for one in tiers])
        return VerifiedPlan(path, str(plan["stream"]["id"]), names, tiers, findings)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _no_plan(path, error) from error


def _names(plan: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in plan["stream"]["name"].items()}


def _verified_programme(path: Path, plan: Mapping[str, Any]) -> VerifiedPlan:
    """A building programme: all tiers and years have one certificate."""
    part = read_archive(path.with_name(PROBLEM), PROGRAMME, read_programme)
    try:
        certificate = read_certificate(plan["certificate"], None)
        broken = broken_in_programme(plan, part, certificate)
        findings = [Finding(*one) for one in broken]
        findings += _gap_findings(certificate, plan["certificate"]["gap"])
        whole = VerifiedTier("", certificate, tuple(findings), None)
        return VerifiedPlan(path, str(plan["stream"]["id"]), _names(plan), (whole,))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _no_plan(path, error) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _no_plan(path, error) from error
    if not isinstance(plan, dict) or plan.get("format") != FORMAT:
        raise _no_plan(path, ValueError(f"format is not {FORMAT}"))
    return plan


def _no_plan(path: Path, error: BaseException) -> InputError:
    message = N_("is no plan.json of this program ({problem})")
    return InputError([Fault(str(path), message, {"problem": f"{error}"})])


def _verified(
    plan: Mapping[str, Any], tier: Mapping[str, Any], stored: StoredTier | None
) -> VerifiedTier:
    """One tier: plan, objective, certificate and bound."""
    from planner import verify, verify_bound  # noqa: PLC0415 - loads the solver's package

    tier_id = str(tier["id"])
    multipliers = None if stored is None else stored.multipliers
    certificate = read_certificate(tier["certificate"], multipliers)
    if stored is None:
        return VerifiedTier(tier_id, certificate, (Finding("tier_missing", tier_id),), None)
    solution, findings = _solution(plan, tier_id, stored, certificate)
    broken = verify(stored.problem, solution)
    findings += [Finding(one.rule, one.subject, one.amount) for one in broken]
    findings += _gap_findings(certificate, tier["certificate"]["gap"])
    if not any(one.rule in ("shape", "unknown_assignment") for one in findings):
        findings += _throughput_findings(plan, tier_id, stored.problem, solution)
    proven = verify_bound(stored.problem, certificate)
    if proven is False:
        findings.append(Finding("bound"))
    return VerifiedTier(tier_id, certificate, tuple(findings), proven)


def read_certificate(stated: Mapping[str, Any], multipliers: Any) -> Certificate:
    """The certificate as ``plan.json`` states it; ``multipliers`` from the problem file."""
    return Certificate(
        outcome=Outcome(stated["outcome"]),
        sense=str(stated["sense"]),
        objective=_number(stated["objective"]),
        bound=_number(stated["bound"]),
        seconds=float(stated["seconds"]),
        method=str(stated["method"]),
        solver=str(stated["solver"]),
        solver_version=str(stated["solver_version"]),
        problem_hash=str(stated["problem_hash"]),
        bound_proof=str(stated["bound_proof"]),
        bound_verified=bool(stated["bound_verified"]),
        checked=bool(stated["checked"]),
        multipliers=multipliers,
    )


def _solution(
    plan: Mapping[str, Any], tier: str, stored: StoredTier, certificate: Certificate
) -> tuple[SitingSolution, list[Finding]]:
    """The plan that ``plan.json`` shows, in the problem's positions, and what cannot be placed."""
    problem = stored.problem
    site_at = {name: j for j, name in enumerate(problem.sites.ids)}
    demand_at = {name: i for i, name in enumerate(problem.demand.ids)}
    shown = {str(one["id"]) for one in plan["facilities"] if one["tier"] == tier}
    opened = {problem.sites.ids[j] for j in np.flatnonzero(stored.size >= 0)}
    findings = [Finding("opened", one) for one in sorted(shown ^ opened)]
    flows = []
    for one in plan["assignments"]:
        if one["tier"] != tier:
            continue
        pair = demand_at.get(str(one["from_id"])), site_at.get(str(one["to_id"]))
        if None in pair:
            findings.append(Finding("unknown_assignment", f"{one['from_id']} → {one['to_id']}"))
        else:
            flows.append((*pair, float(one["share"])))
    table = np.array(flows, np.float64).reshape(-1, 3)
    demand, site = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    served = np.bincount(demand, table[:, 2], minlength=len(problem.demand))
    return (
        SitingSolution(
            certificate=certificate,
            objective_kind=problem.objective,
            size=stored.size,
            demand=demand,
            site=site,
            share=table[:, 2],
            unserved=np.flatnonzero(served < 1 - FEASIBILITY_TOLERANCE),
        ),
        findings,
    )


def _gap_findings(certificate: Certificate, stated: Any) -> list[Finding]:
    gap, claimed = certificate.gap, _number(stated)
    if not np.isfinite(gap) and not np.isfinite(claimed):
        return []
    off = abs(gap - claimed)
    return [] if off <= FEASIBILITY_TOLERANCE else [Finding("gap", "", off)]


def _throughput_findings(
    plan: Mapping[str, Any], tier: str, problem: SitingProblem, solution: SitingSolution
) -> list[Finding]:
    """What each facility is said to handle, where the model counts tonnes."""
    if problem.weight_unit != "t/yr":
        return []
    weight = problem.demand.weight[solution.demand] * solution.share
    load = np.bincount(solution.site, weight, minlength=len(problem.sites))
    by_id = dict(zip(problem.sites.ids, load.tolist(), strict=True))
    found = []
    for one in plan["facilities"]:
        if one["tier"] != tier or one["throughput"] is None or one["id"] not in by_id:
            continue
        off = abs(by_id[one["id"]] - float(one["throughput"]))
        if off > FEASIBILITY_TOLERANCE * max(1.0, by_id[one["id"]]):
            found.append(Finding("throughput", f"{one['id']} {one['name']}", off))
    return found


def _stream_findings(
    plan: Mapping[str, Any], certificates: Sequence[Certificate]
) -> tuple[Finding, ...]:
    """Whether the stream's one certificate follows from its tiers'."""
    stated = read_certificate(plan["certificate"], None)
    made = overall(certificates, independent=plan["certificate"]["scope"] == "sum of tiers")
    same = stated.outcome is made.outcome and all(
        bool(np.isclose(one, other, rtol=TIMES, atol=TIMES, equal_nan=True))
        for one, other in ((stated.objective, made.objective), (stated.bound, made.bound))
    )
    return () if same else (Finding("stream_certificate"),)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
