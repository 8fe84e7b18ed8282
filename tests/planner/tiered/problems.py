"""Tiny tiered problems with chosen rules switched on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import Strength
from planner.tiered import (
    DEMAND,
    NO_YEAR,
    TERMINALS,
    Apart,
    Contiguity,
    Facilities,
    FacilityQuota,
    Goal,
    Leg,
    Phases,
    Places,
    Seasons,
    Stream,
    Terminals,
    Tier,
    TieredDemand,
    TieredProblem,
)

YEARS = (2023, 2025)


def tiny(seed: int, *rules: str) -> TieredProblem:
    """Three points, two facilities of two sizes, two upper ones, two phases; and a small stream."""
    rng = np.random.default_rng(seed)
    wanted = set(rules)
    problem = _base(rng, second=bool(wanted & TWO_STREAMS))
    for rule, switched_on in RULES.items():
        if rule in wanted:
            problem = switched_on(problem, rng)
    return problem


def _base(rng, *, second: bool) -> TieredProblem:
    tonnes = rng.integers(2, 9, (2, 3)).astype(float)
    total = tonnes.sum(axis=1).max()
    near, far = rng.integers(1, 9, (3, 2)).astype(float), rng.integers(1, 9, (2, 2)).astype(float)
    lower = Facilities.alike(
        ["a", "b"],
        {
            "capacity_t_per_yr": [np.ceil(total * 0.6), np.ceil(total)],
            "fixed_cost_cny_per_yr": rng.integers([10, 18], [20, 32]).astype(float),
            "investment_cny": [100.0, 150.0],
            "land_m2": [10.0, 15.0],
        },
        place=[0, 1],
        district=[0, 1],
    )
    upper = Facilities.alike(
        ["u", "v"],
        {
            "capacity_t_per_yr": [np.ceil(total * 0.8)],
            "fixed_cost_cny_per_yr": [float(rng.integers(5, 25))],
            "investment_cny": [200.0],
        },
        place=[2, 3],
    )
    stream = Stream(
        "main",
        TieredDemand(("p", "q", "r"), tonnes, people=[5, 7, 9], district=[0, 0, 1]),
        (Tier("low", lower), Tier("up", upper)),
        (
            Leg.from_dense(DEMAND, "low", near, near),
            Leg.from_dense("low", "up", far, far * 0.5),
        ),
    )
    streams = [stream]
    if second:
        cost = rng.integers(1, 9, (2, 2)).astype(float)
        other = Facilities.alike(
            ["c", "d"],
            {"capacity_t_per_yr": [20.0], "fixed_cost_cny_per_yr": [6.0], "land_m2": [8.0]},
            place=[0, 1],
        )
        demand = TieredDemand(("x", "y"), rng.integers(1, 5, (2, 2)).astype(float))
        leg = Leg.from_dense(DEMAND, "only", cost, cost)
        streams.append(Stream("side", demand, (Tier("only", other),), (leg,)))
    return TieredProblem(
        tuple(streams),
        Phases(YEARS, [2.0, 3.0]),
        Places(("A", "B", "U", "V")),
        districts=("north", "south"),
    )


def _stream(problem, **changes):
    first = replace(problem.streams[0], **changes)
    return replace(problem, streams=(first, *problem.streams[1:]))


def _tier(problem, k, **changes):
    tiers = list(problem.streams[0].tiers)
    tiers[k] = replace(tiers[k], **changes)
    return _stream(problem, tiers=tuple(tiers))


def _part(problem, k, **changes):
    return _tier(problem, k, facilities=replace(problem.streams[0].tiers[k].facilities, **changes))


def _quota(problem, *quotas):
    return replace(problem, quotas=(*problem.quotas, *quotas))


def _least_throughput(problem, rng):
    least = problem.streams[0].demand.tonnes.sum(axis=1).min() * 0.4
    return _part(problem, 0, least_throughput_t_per_yr=[least, least, least, least])


def _terminals(problem, rng):
    stream = problem.streams[0]
    total = stream.demand.tonnes.sum(axis=1)
    capacity = np.column_stack([np.ceil(total * 0.5), total * 1.5])
    ends = Terminals(("in", "out"), capacity, [-1.0, 2.0], [False, True])
    cost = rng.integers(1, 5, (2, 2)).astype(float)
    leg = Leg.from_dense("up", TERMINALS, cost, cost)
    return _stream(problem, terminals=ends, legs=(*stream.legs, leg))


def _skip(problem, rng):
    cost = rng.integers(2, 12, (3, 2)).astype(float)
    leg = Leg.from_dense(DEMAND, "up", cost, cost)
    return _stream(problem, legs=(*problem.streams[0].legs, leg))


def _seasons(problem, rng):
    seasons = Seasons([0.7, 0.2, 0.1], [0.2, 0.4, 0.4], [0.3, 0.3, 0.4])
    total = problem.streams[0].demand.tonnes.sum(axis=1).max()
    storage = [total * 0.3, total * 0.6, total * 0.3, total * 0.6]
    return _part(_tier(problem, 0, seasons=seasons), 0, storage_t=storage)


def _contiguity(problem, rng):
    rule = Contiguity("low", [0, 1, 3, 4], [1, 0, 2, 1], [0, -1])  # p - q - r in a row
    return _stream(problem, contiguity=rule)


def _zones(problem, rng):
    """Points p and q are one district, r the other; an area has at most one or at least two."""
    stream = problem.streams[0]
    share = rng.integers(1, 9, 3).astype(float)
    tonnes = np.outer(stream.demand.tonnes.sum(axis=1), share / share.sum())
    units, least, most = [[0, 0, 1], [1, 0, 1], [0, 1, 1]][int(rng.integers(3))], 0, None
    if rng.integers(2):
        least = 2
    elif rng.integers(2):
        most = 1
    homes = [[0, -1], [0, 0], [1, 0]][int(rng.integers(3))]
    rule = Contiguity("low", [0, 1, 2], [1, 0], homes, units, least, most)
    district = stream.demand.district
    return _stream(
        problem,
        demand=TieredDemand(("p", "q", "r"), tonnes, people=[5, 7, 9], district=district),
        contiguity=rule,
    )


def _lasts(problem, rng):
    """One lower facility or both stand for one phase; what stands today is not asked."""
    years = np.array([[0, 1], [NO_YEAR, 1]][int(rng.integers(2))])
    stands = problem.streams[0].tiers[0].facilities.existing
    return _part(problem, 0, lasts_yr=np.where(stands, NO_YEAR, years))


def _near(problem, rng):
    rule = Apart(("main", "low"), ("side", "only"), [0, 1], [0, 0])
    return replace(problem, apart=(rule,))


def _target(problem, rng):
    return _stream(problem, coverage_target=[0.5, 0.8], unserved_cost_cny_per_t=1.0)


def _share(problem, rng):
    places = Places(("A", "B", "U", "V"), [9, 9, 0, 0], [2, 2, 0, 0], [30, 30, 99, 99])
    return replace(problem, places=places)


def _land(problem, rng):
    places = Places(("A", "B", "U", "V"), [0, 0, 0, 0], [2, 2, 0, 0], [20, 26, 99, 99])
    return replace(problem, places=places)


def _host(problem, rng):
    side = problem.streams[1]
    tier = replace(side.tiers[0], hosted_by=("main", "low"))
    return replace(problem, streams=(problem.streams[0], replace(side, tiers=(tier,))))


RULES = {
    "least_throughput": _least_throughput,
    "loss": lambda p, r: _tier(p, 0, output_share=0.5),
    "volume": lambda p, r: _tier(p, 0, output_share=1.25),
    "terminals": _terminals,
    "skip": _skip,
    "divided": lambda p, r: _stream(p, single_source=False),
    "seasons": _seasons,
    "one_way": lambda p, r: _tier(p, 0, single_destination=True),
    "handling": lambda p, r: _part(p, 0, handling_cny_per_t=[0.0, 2.0]),
    "kept": lambda p, r: _part(p, 0, existing_size=[-1, 2]),
    "closable": lambda p, r: _part(p, 0, existing_size=[1, -1], closable=[True, False]),
    "expandable": lambda p, r: _part(p, 0, expandable=[True, True]),
    "grows": lambda p, r: _part(
        p, 0, existing_size=[0, -1], expandable=[True, True], closable=[True, False]
    ),
    "required": lambda p, r: _part(p, 1, required=[False, True]),
    "forbidden": lambda p, r: _part(p, 0, forbidden=[True, False]),
    "temporary": lambda p, r: _part(p, 0, end_year=[2024, 9999]),
    "lasts": _lasts,
    "late": lambda p, r: _part(p, 1, first_year=[2025, 0]),
    "at_least": lambda p, r: _quota(p, FacilityQuota("least", "main", "low", [0, 1], 2)),
    "exactly": lambda p, r: _quota(p, FacilityQuota("exact", "main", "up", [0, 1], 1, 1)),
    "later": lambda p, r: _quota(p, FacilityQuota("later", "main", "low", [0, 1], 2, phases=(1,))),
    "in_principle": lambda p, r: _quota(
        p,
        FacilityQuota("one in A", "main", "low", [0], 1, strength=Strength.IN_PRINCIPLE),
        FacilityQuota("none in A", "main", "low", [0], 0, 0, strength=Strength.IN_PRINCIPLE),
    ),
    "encouraged": lambda p, r: _quota(
        p,
        FacilityQuota(
            "two", "main", "up", [0, 1], 2, strength=Strength.ENCOURAGED, reward_cny_per_yr=9.0
        ),
    ),
    "on_demand": lambda p, r: _quota(
        p,
        FacilityQuota(
            "in need",
            "main",
            "low",
            [1],
            1,
            strength=Strength.ON_DEMAND,
            threshold_t_per_yr=6.0,
            demand=[2],
        ),
    ),
    "target": _target,
    "contiguity": _contiguity,
    "zones": _zones,
    "budget": lambda p, r: replace(p, phases=replace(p.phases, budget_cny=[300.0, 250.0])),
    "shared": _share,
    "land": _land,
    "apart": lambda p, r: replace(p, incompatible=(("main", "side"),)),
    "near": _near,
    "host": _host,
}
TWO_STREAMS = {"shared", "land", "apart", "near", "host"}


def with_goals(problem: TieredProblem, *goals: Goal) -> TieredProblem:
    return replace(problem, goals=goals)
