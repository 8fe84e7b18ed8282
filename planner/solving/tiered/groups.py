"""Streams that share nothing are solved apart; their objectives and bounds add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.tiered.problem import Stream, TieredProblem
from planner.tiered.rules import GoalKind

_ADDITIVE = {
    GoalKind.COST,
    GoalKind.SITES,
    GoalKind.COVERED_TONNES,
    GoalKind.COVERED_PEOPLE,
}


def separable(problem: TieredProblem) -> bool:
    """Whether the goals are sums over streams and nothing but places joins them."""
    kinds = {kind for goal in problem.goals for kind, _ in goal.parts}
    budget = np.isfinite(problem.phases.budget_cny).any()
    return len(problem.goals) == 1 and kinds <= _ADDITIVE and not budget


def groups_of(problem: TieredProblem) -> list[list[int]]:
    """Positions of the streams that must be solved together.

    Streams belong together that may stand on one place, where one hosts the other, or where one
    must keep its distance from the other.
    """
    count = len(problem.streams)
    if not separable(problem):
        return [list(range(count))]
    leader = list(range(count))

    def root(s: int) -> int:
        while leader[s] != s:
            s = leader[s]
        return s

    first: dict[int, int] = {}
    for s, stream in enumerate(problem.streams):
        for tier in stream.tiers:
            for p in tier.facilities.place[tier.facilities.place >= 0].tolist():
                leader[root(s)] = root(first.setdefault(p, s))
            if tier.hosted_by is not None:
                leader[root(s)] = root(problem.stream_ids.index(tier.hosted_by[0]))
    for rule in problem.apart:
        if len(rule.first):
            one, other = (problem.stream_ids.index(side[0]) for side in (rule.one, rule.other))
            leader[root(one)] = root(other)
    found: dict[int, list[int]] = {}
    for s in range(count):
        found.setdefault(root(s), []).append(s)
    return list(found.values())


def part_of(problem: TieredProblem, streams: list[int]) -> TieredProblem:
    """The problem of some streams, with their quotas; other hosts are left out."""
    ids = {problem.streams[s].id for s in streams}
    kept = tuple(_without_hosts(problem.streams[s], ids) for s in streams)
    return replace(
        problem,
        streams=kept,
        incompatible=tuple(pair for pair in problem.incompatible if set(pair) <= ids),
        apart=tuple(rule for rule in problem.apart if {rule.one[0], rule.other[0]} <= ids),
        quotas=tuple(quota for quota in problem.quotas if quota.stream in ids),
    )


def _without_hosts(stream: Stream, ids: set[str]) -> Stream:
    tiers = tuple(
        tier
        if tier.hosted_by is None or tier.hosted_by[0] in ids
        else replace(tier, hosted_by=None)
        for tier in stream.tiers
    )
    return replace(stream, tiers=tiers)
