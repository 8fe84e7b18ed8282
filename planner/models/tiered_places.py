"""Streams on one place: what they share and what keeps them apart.

``place_p_t``        open_jt <= place_open_pt for every facility on p (its cost is paid once)
``land_p_t``         sum of land + shared land x place_open_pt <= land available
``apart_p_t_n``      open_jt + open_j't <= 1 for facilities of incompatible streams
``near_n_q_t``       open_jt + open_j't <= 1 for the pairs of ``apart``
``hosted_s_k_j_t``   open_jt <= open_j't of the host tier's facility on the same place
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np

from planner.models.tiered_draft import FAR, Draft, Rule, Weighted, ones

Tenant = tuple[int, int, int]
"""Stream, tier and facility."""


def tenants_of(draft: Draft) -> dict[int, list[Tenant]]:
    """Facilities on each shared place."""
    found: dict[int, list[Tenant]] = defaultdict(list)
    for s, stream in enumerate(draft.problem.streams):
        for k, tier in enumerate(stream.tiers):
            for j in np.flatnonzero(tier.facilities.place >= 0).tolist():
                found[int(tier.facilities.place[j])].append((s, k, j))
    return found


def add_places(draft: Draft) -> None:
    """Columns and rows of the shared places, in every phase."""
    places, weight = draft.problem.places, draft.problem.phases.weight
    for p, tenants in sorted(tenants_of(draft).items()):
        for t in range(len(draft.problem.phases)):
            if places.shared_cost_cny_per_yr[p] or places.shared_land_m2[p]:
                column = draft.add(f"place_open_{p}_{t}")
                draft.place_open[p, t] = column
                draft.cost[column] += float(weight[t] * places.shared_cost_cny_per_yr[p])
                for n, tenant in enumerate(tenants):
                    terms = ones(draft.sizes(*tenant, t)) | {column: -1.0}
                    draft.at_most(f"place_{p}_{t}_{n}", terms, 0.0)
            _land(draft, p, t, tenants)
            _apart(draft, p, t, tenants)
    _hosts(draft, tenants_of(draft))
    _near(draft)


def _land(draft: Draft, p: int, t: int, tenants: list[Tenant]) -> None:
    places = draft.problem.places
    available = float(places.land_available_m2[p])
    if not np.isfinite(available):
        return
    terms: Weighted = {}
    for s, k, j in tenants:
        part = draft.problem.streams[s].tiers[k].facilities
        land = part.land_m2[part.size_start[j] : part.size_start[j + 1]]
        terms |= dict(zip(draft.sizes(s, k, j, t), land.tolist(), strict=True))
    if (p, t) in draft.place_open:
        terms[draft.place_open[p, t]] = float(places.shared_land_m2[p])
    scale = max(available, max(terms.values(), default=1.0), 1.0)
    terms = {column: weight / scale for column, weight in terms.items()}
    for more in draft.stretch(
        Rule.LAND, f"more_land_{p}_{t}", places.ids[p], t, upper=FAR, unit=scale
    ):
        terms[more] = -1.0
    draft.at_most(f"land_{p}_{t}", terms, available / scale)


def _apart(draft: Draft, p: int, t: int, tenants: list[Tenant]) -> None:
    ids = draft.problem.stream_ids
    apart = {frozenset(pair) for pair in draft.problem.incompatible}
    for n, (one, other) in enumerate(combinations(tenants, 2)):
        if frozenset((ids[one[0]], ids[other[0]])) in apart:
            terms = ones(draft.sizes(*one, t)) | ones(draft.sizes(*other, t))
            for more in draft.stretch(
                Rule.SHARING, f"together_{p}_{t}_{n}", draft.problem.places.ids[p], t, upper=1.0
            ):
                terms[more] = -1.0
            draft.at_most(f"apart_{p}_{t}_{n}", terms, 1.0)


def _near(draft: Draft) -> None:
    problem = draft.problem
    for n, rule in enumerate(problem.apart):
        sides = [
            (problem.stream_ids.index(stream), problem.stream(stream).tier_ids.index(tier))
            for stream, tier in (rule.one, rule.other)
        ]
        pairs = zip(rule.first.tolist(), rule.second.tolist(), strict=True)
        for q, (j, other) in enumerate(pairs):
            subject = problem.streams[sides[0][0]].tiers[sides[0][1]].facilities.ids[j]
            for t in range(len(problem.phases)):
                terms = ones(draft.sizes(*sides[0], j, t)) | ones(draft.sizes(*sides[1], other, t))
                for more in draft.stretch(
                    Rule.SHARING, f"too_near_{n}_{q}_{t}", subject, t, upper=1.0
                ):
                    terms[more] = -1.0
                draft.at_most(f"near_{n}_{q}_{t}", terms, 1.0)


def _hosts(draft: Draft, tenants: dict[int, list[Tenant]]) -> None:
    ids = draft.problem.stream_ids
    for s, stream in enumerate(draft.problem.streams):
        for k, tier in enumerate(stream.tiers):
            if tier.hosted_by is None:
                continue
            host_stream = ids.index(tier.hosted_by[0])
            host_tier = draft.problem.streams[host_stream].tier_ids.index(tier.hosted_by[1])
            for j, p in enumerate(tier.facilities.place.tolist()):
                hosts = [one for one in tenants.get(p, []) if one[:2] == (host_stream, host_tier)]
                for t in range(len(draft.problem.phases)):
                    terms = ones(draft.sizes(s, k, j, t))
                    for host in hosts:
                        terms |= ones(draft.sizes(*host, t), -1.0)
                    for more in draft.stretch(
                        Rule.SHARING,
                        f"no_host_{s}_{k}_{j}_{t}",
                        tier.facilities.ids[j],
                        t,
                        upper=1.0,
                    ):
                        terms[more] = -1.0
                    draft.at_most(f"hosted_{s}_{k}_{j}_{t}", terms, 0.0)
