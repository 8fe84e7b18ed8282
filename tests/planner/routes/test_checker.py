"""The checker finds every kind of lie in rounds that were right before."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planner.routes import (
    DisposalSites,
    Goods,
    Kind,
    RoadMatrix,
    RoundsSettings,
    Territory,
    check_solution,
    plan_rounds,
)
from tests.planner.routes.instances import lorry, scattered


@cache
def case():
    problem = scattered(
        10,
        days=6,
        sites=2,
        visits=[1, 2, 3, 6, 1, 2, 3, 6, 1, 1],
        smallest_gap_days=[1, 2, 1, 1, 1, 1, 1, 1, 1, 1],
        goods=(Goods("w", 6 * 3600.0),),
        vehicle=lorry(payload_t=1.5),
    )
    found = plan_rounds(problem, RoundsSettings(time_limit_s=60, iterations=20))
    assert check_solution(problem, found) == []
    return problem, found


def rules(problem, found):
    return {one.rule for one in check_solution(problem, found)}


def with_round(found, k, **changes):
    rounds = list(found.rounds)
    rounds[k] = replace(rounds[k], **changes)
    return replace(found, rounds=tuple(rounds))


def with_visit(found, k, at, **changes):
    visits = list(found.rounds[k].visits)
    visits[at] = replace(visits[at], **changes)
    return with_round(found, k, visits=tuple(visits))


def test_a_visit_taken_out_is_missed():
    problem, found = case()
    visits = found.rounds[0].visits
    short = with_round(found, 0, visits=visits[:1] + visits[2:])
    assert rules(problem, short) & {"visits"}
    assert rules(problem, replace(found, rounds=found.rounds[1:])) & {"visits"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"load_t": 99.0}, "load_claimed"),
        ({"leg_m": 1.0}, "leg_length"),
        ({"arrive_s": 0.0}, "driving_time"),
        ({"share": 0.5}, "served_wholly"),
        ({"begin_s": 0.0}, "begins_before_arriving"),
        ({"leave_s": 0.0}, "service_time"),
    ],
)
def test_a_changed_figure_is_found(change, rule):
    problem, found = case()
    assert rule in rules(problem, with_visit(found, 0, 1, **change))


def test_a_round_elsewhere_or_at_another_time_is_found():
    problem, found = case()
    visits = found.rounds[0].visits
    assert "ends_at_depot" in rules(problem, with_round(found, 0, visits=visits[:-1]))
    late = tuple(
        replace(c, arrive_s=c.arrive_s + 9e4, begin_s=c.begin_s + 9e4, leave_s=c.leave_s + 9e4)
        for c in visits
    )
    assert "shift_end" in rules(problem, with_round(found, 0, visits=late))
    early = tuple(
        replace(c, arrive_s=c.arrive_s - 9e4, begin_s=c.begin_s - 9e4, leave_s=c.leave_s - 9e4)
        for c in visits
    )
    assert "shift_start" in rules(problem, with_round(found, 0, visits=early))
    no_emptying = tuple(one for one in visits if one.kind is not Kind.DISPOSAL)
    assert "empty_at_end" in rules(problem, with_round(found, 0, visits=no_emptying))
    assert rules(problem, with_round(found, 0, day=5)) & {"calendar", "served_wholly", "visits"}
    twice = replace(found, rounds=(*found.rounds, found.rounds[0]))
    assert {"lorry_twice", "served_twice"} <= rules(problem, twice)
    wrong = with_visit(found, 0, 1, position=99)
    assert "unknown_position" in rules(problem, wrong)


def test_rules_made_stricter_are_found_broken():
    problem, found = case()
    vehicle, stops = problem.vehicles[0], problem.stops
    n = len(stops)

    def broken(**changes):
        return rules(replace(problem, **changes), found)

    def stricter(**changes):
        return broken(vehicles=(replace(vehicle, **changes),))

    def otherwise(**changes):
        return broken(stops=replace(stops, **changes))

    assert "load" in stricter(payload_t=0.5)
    assert "load" in rules(
        replace(problem, vehicles=(replace(vehicle, volume_m3=0.5),),
                stops=replace(stops, amount_m3=np.full((n, 1), 0.3))), found
    )  # fmt: skip
    assert "shift_length" in stricter(longest_shift_s=600.0)
    assert "trips" in stricter(longest_trips=1) or all(one.trips == 1 for one in found.rounds)
    assert "fleet" in stricter(available=(0,))
    assert "site_not_allowed" in stricter(disposal=())
    assert "outside_licence" in rules(
        replace(problem, stops=replace(stops, area=np.zeros(n)),
                vehicles=(replace(vehicle, areas=frozenset({1})),)), found
    )  # fmt: skip
    assert "outside_territory" in broken(
        stops=replace(stops, territory=np.zeros(n)), territories=(Territory("a"),)
    )
    assert "before_opening" in otherwise(opens_s=np.full(n, 80_000.0), closes_s=np.full(n, 9e4))
    assert "after_closing" in otherwise(closes_s=np.zeros(n))
    assert "gap_too_small" in otherwise(smallest_gap_days=np.full(n, 4))
    assert "gap_too_large" in otherwise(largest_gap_days=np.full(n, 2))
    assert "day_not_allowed" in otherwise(days=np.zeros((n, 6), bool))
    assert "time_on_board" in broken(goods=(Goods("w", 60.0),))
    sites = problem.disposal
    none = DisposalSites(
        sites.ids, sites.place, sites.unload_s, sites.opens_s, sites.closes_s,
        np.zeros((2, 1), bool),
    )  # fmt: skip
    assert "site_does_not_take" in broken(disposal=none)
    cut = np.full_like(problem.matrices["road"].distance_m, np.inf)
    np.fill_diagonal(cut, 0.0)
    assert "no_way" in broken(matrices={"road": RoadMatrix(cut, cut)})
