"""Sites that streams share or keep apart, as the profiles say, in a programme's problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.problem import Strength
from scenarios.clock import Clock
from scenarios.inputs import load_inputs
from scenarios.load import example, profiles_of
from scenarios.operations import Role
from scenarios.programme.course import _levels
from scenarios.programme.places import Grounds, kept_apart, links_of, with_shared_places
from scenarios.programme.problem import programme_problem
from scenarios.progress import unheard
from scenarios.stream_run import Shared

STREAMS = ("recyclables", "hazardous_household", "household_transfer", "construction_yards")


@pytest.fixture(scope="module")
def county():
    streams = ", ".join(f"{{stream: {one}}}" for one in STREAMS)
    scenario = example("all_systems", [f"streams=[{streams}]", "phases=[{year: 2025}]", "joint={}"])
    profiles = profiles_of(scenario)
    inputs = load_inputs(scenario, profiles)
    shared = Shared(scenario, inputs, unheard, Clock())
    return scenario, shared, tuple(_levels(shared, profiles))


def problem_of(county, **joint):
    scenario, shared, levels = county
    changed = scenario.model_copy(update={"joint": scenario.joint.model_copy(update=joint)})
    return programme_problem(
        changed, levels, metric_crs=shared.inputs.metric_crs, neighbours=shared.neighbours
    ).problem


def tenants(problem, place):
    return [
        (stream.id, tier.id, j)
        for stream in problem.streams
        for tier in stream.tiers
        for j in np.flatnonzero(tier.facilities.place == place).tolist()
    ]


def cost(problem, stream, tier, j, size=0):
    part = problem.stream(stream).tier(tier).facilities
    return part.fixed_cost_cny_per_yr[part.size_start[j] + size]


def cheapest(problem, stream, tier, j):
    part = problem.stream(stream).tier(tier).facilities
    return part.fixed_cost_cny_per_yr[part.size_start[j] : part.size_start[j + 1]].min()


def test_a_site_alone_costs_what_it_did_and_two_together_save_the_stated_share(county):
    shared, apart = problem_of(county), problem_of(county, share_sites=False)
    assert len(shared.places) > 0
    assert len(apart.places) == 0
    savings = {frozenset((one.one, one.other)): one.saving for one in links_of(county[2])}
    seen = 0
    for p, once in enumerate(shared.places.shared_cost_cny_per_yr.tolist()):
        there = tenants(shared, p)
        for one in there:
            assert cost(shared, *one) + once == pytest.approx(cost(apart, *one))
        if len(there) == 2:
            saving = savings[frozenset(one[:2] for one in there)]
            wanted = saving * min(cheapest(apart, *one) for one in there)
            alone = sum(cost(apart, *one) for one in there)
            together = sum(cost(shared, *one) for one in there) + once
            assert alone - together == pytest.approx(wanted)
            seen += 1
    assert seen


def test_a_place_holds_one_site_of_a_tier(county):
    shared = problem_of(county)
    for p in range(len(shared.places)):
        tiers = [one[:2] for one in tenants(shared, p)]
        assert len(tiers) == len(set(tiers)) > 1


def test_what_must_stand_with_another_stream_has_its_sites_as_candidates(county):
    shared = problem_of(county)
    store = shared.stream("hazardous_household").tier("store")
    assert store.hosted_by == ("recyclables", "sorting_centre")
    new = ~store.facilities.existing
    assert new.any()
    assert (store.facilities.place[new] >= 0).all()
    assert problem_of(county, share_sites=False).stream("hazardous_household").tier(
        "store"
    ).hosted_by is None  # fmt: skip


def test_streams_that_keep_apart_have_no_two_sites_within_their_distance(county):
    _, shared, levels = county
    problem = problem_of(county)
    grounds = Grounds(levels, shared.inputs.metric_crs)
    barred = {
        (rule.one, rule.other, a, b)
        for rule in problem.apart
        for a, b in zip(rule.first.tolist(), rule.second.tolist(), strict=True)
    }
    found = 0
    for mine in problem.stream("construction_yards").tiers:
        for theirs in problem.stream("household_transfer").tiers:
            one, other = ("construction_yards", mine.id), ("household_transfer", theirs.id)
            first, second, _ = grounds.near(one, other, 50)
            for a, b in zip(first.tolist(), second.tolist(), strict=True):
                found += 1
                shut = mine.facilities.forbidden[a] or theirs.facilities.forbidden[b]
                both = mine.facilities.required[a] and theirs.facilities.required[b]
                assert shut or both or (one, other, a, b) in barred
    assert found
    assert problem_of(county, keep_apart=False).apart == ()


def test_standing_sites_that_are_too_near_are_told_and_no_candidate_is_beside_one(county):
    _, shared, levels = county
    plain = problem_of(county, keep_apart=False, share_sites=False).streams
    grounds = Grounds(levels, shared.inputs.metric_crs)
    every = tuple(
        replace(stream, tiers=tuple(
            replace(tier, facilities=replace(
                tier.facilities, required=~tier.facilities.forbidden))
            for tier in stream.tiers))
        for stream in plain
    )  # fmt: skip
    _, rules, faults = kept_apart(every, levels, grounds)
    assert rules == ()
    assert faults
    assert "m and more from" in faults[0].text()


def test_sharing_is_of_sited_tiers_only(county):
    for level in county[2]:
        terminals = {tier.id for tier in level.profile.tiers if tier.role is Role.TERMINAL}
        for link in links_of([level]):
            assert link.one[1] not in terminals
    bound = [one for one in links_of(county[2]) if one.bound]
    assert [one.one for one in bound] == [("hazardous_household", "store")]
    rules = county[2][1].profile.shares_sites
    assert [rule.strength for rule in rules] == [Strength.MUST]


def test_places_without_links_change_nothing(county):
    _, shared, levels = county
    plain = problem_of(county, share_sites=False).streams[2:3]
    streams, places = with_shared_places(plain, levels[2:3], Grounds(levels[2:3],
                                         shared.inputs.metric_crs))  # fmt: skip
    assert len(places) == 0
    assert streams == plain or all(a.tiers == b.tiers for a, b in zip(streams, plain, strict=True))
