"""Random tiny problems for the oracles, with any of the rules switched on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from planner.problem import Arcs, Demand, Objective, Quota, Sites, SitingProblem, Strength

RULES = (
    "sizes",
    "capacity",
    "least_throughput",
    "required",
    "forbidden",
    "count",
    "quota",
    "sparse",
    "multi_source",
    "fixed_cost",
    "whole_numbers",
    "zero_weight",
)


def tiny_problem(seed: int, objective: Objective, rules: frozenset[str]) -> SitingProblem:
    """A problem of up to 6 demand points and 5 sites (4 with sizes); feasible or not."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    if "capacity" in rules or "least_throughput" in rules:
        n, m = min(n, 5), min(m, 4)
    weight = rng.uniform(1, 10, n)
    impedance = rng.uniform(0, 100, (n, m))
    if "whole_numbers" in rules:
        weight, impedance = np.rint(weight), np.rint(impedance / 10)
    if "zero_weight" in rules:
        weight[rng.integers(n)] = 0.0
    if "sparse" in rules:
        impedance[rng.random((n, m)) < 0.35] = np.inf
    return SitingProblem(
        objective=objective,
        demand=Demand(tuple(f"v{i}" for i in range(n)), weight),
        sites=_sites(rng, m, weight, rules, objective),
        arcs=Arcs.from_dense(impedance, weight),
        site_count=_count(rng, m) if "count" in rules else (None, None),
        quotas=_quotas(rng, m) if "quota" in rules else (),
        single_source="multi_source" not in rules,
    )


def _sites(rng, m, weight, rules, objective) -> Sites:
    number = rng.integers(1, 4 if "sizes" in rules else 2, m)
    start = np.concatenate([[0], np.cumsum(number)])
    k = int(start[-1])
    capacity = np.full(k, np.inf)
    if "capacity" in rules:
        capacity = rng.uniform(0.15, 1.2, k) * max(weight.sum(), 1.0)
        capacity[rng.random(k) < 0.15] = np.inf
    least = np.zeros(k)
    if "least_throughput" in rules:
        least = np.minimum(rng.uniform(0, 0.5, k) * weight.sum(), capacity)
        least[rng.random(k) < 0.4] = 0.0
    fixed = np.ones(k) if objective is Objective.MIN_SITES else np.zeros(k)
    if "fixed_cost" in rules:
        fixed = np.rint(rng.uniform(0, 300, k))
    marks = rng.random(m)
    return Sites(
        ids=tuple(f"s{j}" for j in range(m)),
        required=(marks < 0.2) & ("required" in rules),
        forbidden=(marks > 0.8) & ("forbidden" in rules),
        existing=np.zeros(m, bool),
        size_start=start,
        capacity=capacity,
        fixed_cost=fixed,
        least_throughput=least,
    )


def _count(rng, m) -> tuple[int | None, int | None]:
    low, high = sorted(rng.integers(0, m + 2, 2).tolist())
    return [(high, high), (None, high), (low, None), (low, high)][rng.integers(4)]


def _quotas(rng, m) -> tuple[Quota, ...]:
    strengths = list(Strength)
    found = []
    for g in range(int(rng.integers(1, 4))):
        members = np.flatnonzero(rng.random(m) < 0.5)
        low = int(rng.integers(0, 3))
        high = None if rng.random() < 0.5 else low + int(rng.integers(0, 2))
        found.append(Quota(f"q{g}", members, low, high, strengths[rng.integers(4)]))
    return tuple(found)


problems = st.builds(
    tiny_problem,
    st.integers(0, 2**31),
    st.sampled_from(list(Objective)),
    st.frozensets(st.sampled_from(RULES)),
)
"""Any tiny problem with any rules, feasible or not."""
