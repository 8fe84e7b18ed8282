"""An earlier plan as a start for a new one: read from its files, carried over by ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from geodata.faults import InputError
from planner.solution import (
    FEASIBILITY_TOLERANCE,
    Certificate,
    Outcome,
    Reason,
    SitingSolution,
)
from scenarios.output import PLAN, PROBLEM
from scenarios.problem_file import StoredTier, read_problems
from scenarios.problems import TierProblem
from scenarios.verify import read_certificate

Flow = tuple[str, str, float]
"""From, to, share."""


@dataclass(frozen=True, eq=False)
class EarlierTier:
    """What one tier of an earlier plan opened, who went where, and what was certified of it."""

    stored: StoredTier
    flows: tuple[Flow, ...]
    certificate: Certificate
    reasons: tuple[Reason, ...]

    def answers(self, problem: TierProblem, gap: float) -> bool:
        """Whether it is the answer itself: to the very same problem, and near enough."""
        one = self.certificate
        proven = one.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE) and one.gap <= gap
        return proven and one.problem_hash == problem.problem.fingerprint()

    def solution(self, problem: TierProblem, gap: float = -1.0) -> SitingSolution:
        """The plan in the positions of a new problem; what that does not have is left out."""
        sites, demand = problem.problem.sites, problem.problem.demand
        site_at = {name: j for j, name in enumerate(sites.ids)}
        demand_at = {name: i for i, name in enumerate(demand.ids)}
        size = np.full(len(sites), -1, np.int64)
        old = self.stored.problem.sites
        for j in np.flatnonzero(self.stored.size >= 0):
            at = site_at.get(old.ids[j])
            if at is None or sites.forbidden[at]:
                continue
            rank = int(self.stored.size[j] - old.size_start[j])
            first, after = int(sites.size_start[at]), int(sites.size_start[at + 1])
            size[at] = min(first + rank, after - 1)
        for j in np.flatnonzero(sites.required & (size < 0)):
            size[j] = int(sites.size_start[j + 1]) - 1
        kept = [
            (demand_at[a], site_at[b], share)
            for a, b, share in self.flows
            if a in demand_at and b in site_at and size[site_at[b]] >= 0
        ]
        table = np.array(kept, np.float64).reshape(-1, 3)
        same = self.answers(problem, gap)
        served = np.bincount(
            table[:, 0].astype(np.int64), table[:, 2], minlength=len(problem.problem.demand)
        )
        solution = SitingSolution(
            certificate=self.certificate if same else _CLAIM,
            objective_kind=problem.problem.objective,
            size=size,
            demand=table[:, 0].astype(np.int64),
            site=table[:, 1].astype(np.int64),
            share=table[:, 2],
            unserved=np.flatnonzero(served < 1 - FEASIBILITY_TOLERANCE),
            reasons=self.reasons if same else (),
        )
        if same and _is_refuted(problem, solution):
            return replace(solution, certificate=_CLAIM, reasons=())
        return solution


def _is_refuted(problem: TierProblem, solution: SitingSolution) -> bool:
    """Whether the independent checker finds fault with what the files say."""
    from planner import verify  # noqa: PLC0415 - loads the solver's package

    return bool(verify(problem.problem, solution))


_CLAIM = Certificate(
    outcome=Outcome.FEASIBLE,
    sense="",
    objective=0.0,
    bound=float("nan"),
    seconds=0.0,
    method="start",
    solver="",
    solver_version="",
    problem_hash="",
)
"""A start claims to be a plan and nothing more; the solver looks for itself."""


@dataclass(frozen=True, eq=False)
class EarlierPlan:
    """The tiers of an earlier plan by stream and tier id."""

    tiers: Mapping[tuple[str, str], EarlierTier]

    def solution(
        self, stream: str, problem: TierProblem, gap: float = -1.0
    ) -> SitingSolution | None:
        """What the plan says of a tier, None where it does not know it.

        Where its problem is the same to the last bit and its gap no wider than ``gap``, it comes
        with its certificate and need not be solved again: :func:`is_answer` tells.
        """
        known = self.tiers.get((stream, problem.tier.id))
        return None if known is None else known.solution(problem, gap)


def is_answer(start: SitingSolution | None) -> bool:
    """Whether a start is the certified answer already."""
    return start is not None and start.certificate is not _CLAIM


def read_earlier_plan(folder: Path) -> EarlierPlan:
    """The plan that stands in a folder; a file that is missing or broken is no start, no fault."""
    tiers: dict[tuple[str, str], EarlierTier] = {}
    for path in sorted([*folder.glob(PLAN), *folder.glob(f"*/{PLAN}")]):
        try:
            plan = json.loads(path.read_text(encoding="utf-8"))
            stored = read_problems(path.with_name(PROBLEM))
            stream = str(plan["stream"]["id"])
            stated = {str(one["id"]): one for one in plan["tiers"]}
            tiers |= {
                (stream, tier): EarlierTier(
                    one,
                    _flows(plan["assignments"], tier),
                    read_certificate(stated[tier]["certificate"], one.multipliers),
                    _reasons(stated[tier]["reasons"]),
                )
                for tier, one in stored.items()
            }
        except (InputError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return EarlierPlan(tiers)


def _flows(assignments: Sequence[Mapping[str, object]], tier: str) -> tuple[Flow, ...]:
    return tuple(
        (str(one["from_id"]), str(one["to_id"]), float(str(one["share"])))
        for one in assignments
        if one["tier"] == tier
    )


def _reasons(stated: Sequence[Mapping[str, object]]) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            str(one["kind"]),
            tuple(str(subject) for subject in cast("list[object]", one["subjects"])),
            dict(cast("dict[str, object]", one["values"])),
        )
        for one in stated
    )
