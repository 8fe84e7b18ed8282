"""A county's worth of streams: 352 villages, 160/36/6 candidates a stream, three sizes a tier."""

from __future__ import annotations

import numpy as np

from planner.problem import Strength
from planner.tiered import (
    DEMAND,
    Facilities,
    FacilityQuota,
    Leg,
    Phases,
    Places,
    Stream,
    Tier,
    TieredDemand,
    TieredProblem,
    quotas_by_district,
)

TOWNS = 18
STREAMS = (
    # id, t/yr, village point cost, township cost, county cost, CNY/t km to village, town, county
    ("straw", 50_000, 1.0, 1.0, 1.0, 1.5, 1.0, 0.6),
    ("household", 50_000, 0.3, 1.2, 1.5, 2.5, 1.5, 0.8),
    ("recyclables", 20_000, 0.2, 0.4, 0.6, 3.0, 1.5, 0.8),
    ("film", 1_500, 0.02, 0.03, 0.05, 4.0, 2.0, 1.0),
    ("pesticide_packs", 300, 0.005, 0.01, 0.02, 8.0, 4.0, 2.0),
    ("construction", 80_000, 0.5, 0.8, 1.2, 1.2, 1.0, 0.7),
    ("manure", 60_000, 0.6, 0.8, 0.8, 1.8, 1.2, 0.8),
)


def county(
    count: int = len(STREAMS),
    *,
    seed: int = 1,
    villages: int = 352,
    phases: int = 2,
    candidates: tuple[int, int, int] = (160, 36, 6),
    shared_cny_per_yr: float = 0.0,
    load: float = 1.0,
) -> TieredProblem:
    """The first ``count`` streams over one county; shared township sites where they cost.

    ``load`` is the share of a whole county's tonnes: fewer candidates have room for fewer.
    """
    rng = np.random.default_rng(seed)
    town = rng.uniform(4, 36, (TOWNS, 2))
    district = np.arange(villages) % TOWNS
    where = town[district] + rng.normal(0, 3.2, (villages, 2))
    people = rng.lognormal(7.4, 0.5, villages)
    years = (2023, 2025, 2027, 2030)[:phases]
    point = rng.choice(villages, candidates[0], replace=False)
    station_town = np.arange(candidates[1]) % TOWNS
    spread = np.where(np.arange(candidates[1]) < TOWNS, 0.8, 2.0)[:, None]
    station = town[station_town] + rng.normal(0, 1, (candidates[1], 2)) * spread
    centre = rng.uniform(10, 30, (candidates[2], 2))
    shared = shared_cny_per_yr > 0
    streams, quotas = [], []
    for number, row in enumerate(STREAMS[:count]):
        stream, rules = _stream(
            row,
            number,
            where,
            people,
            district,
            (point, station, centre),
            station_town,
            phases,
            shared=shared,
            load=load,
        )
        streams.append(stream)
        quotas += rules
    places = Places()
    if shared:
        places = Places(
            tuple(f"place{n}" for n in range(candidates[1])),
            np.full(candidates[1], shared_cny_per_yr),
        )
    return TieredProblem(
        tuple(streams),
        Phases(years, [2.0] * (phases - 1) + [5.0]),
        places,
        quotas=tuple(quotas),
        districts=tuple(f"town{g}" for g in range(TOWNS)),
    )


def _stream(row, number, where, people, district, sites, station_town, phases, *, shared, load):
    name, tonnes, cost_1, cost_2, cost_3, haul_1, haul_2, haul_3 = row
    rng = np.random.default_rng(100 + number)
    point, station, centre = sites
    share = people * rng.uniform(0.7, 1.3, len(people))
    growth = np.linspace(1.0, 1.15, phases)[:, None]
    per_yr = load * growth * tonnes * share / share.sum()
    unit = tonnes / 50_000

    def sizes(capacity, cost, factor):
        return {
            "capacity_t_per_yr": np.array(capacity) * unit,
            "fixed_cost_cny_per_yr": np.array(cost) * factor,
            "investment_cny": np.array(cost) * factor * 8,
        }

    low = sizes([300, 800, 2000], [1.5e4, 3e4, 6e4], cost_1)
    mid = sizes([3000, 6000, 12000], [2e5, 3.2e5, 5.5e5], cost_2)
    top = sizes([30000, 60000, 120000], [1.5e6, 2.1e6, 3e6], cost_3)
    tiers = (
        Tier(
            "point",
            Facilities.alike(
                [f"{name}-p{j}" for j in point],
                low,
                expandable=np.ones(len(point), bool),
                district=district[point],
            ),
        ),
        Tier(
            "station",
            Facilities.alike(
                [f"{name}-s{j}" for j in range(len(station))],
                mid,
                expandable=np.ones(len(station), bool),
                district=station_town,
                place=np.arange(len(station)) if shared else None,
            ),
        ),
        Tier("centre", Facilities.alike([f"{name}-c{j}" for j in range(len(centre))], top)),
    )
    near = _km(where, where[point])
    third = np.sort(near, axis=1)[:, 2:3]
    near = np.where((near <= 6) | (near <= third), near, np.inf)
    kept = np.sort(near, axis=1)[:, 14:15]
    near = np.where(near <= kept, near, np.inf)
    mid_km, top_km = _km(where[point], station), _km(station, centre)
    legs = (
        Leg.from_dense(DEMAND, "point", near, near * haul_1),
        Leg.from_dense("point", "station", mid_km, mid_km * haul_2, cutoff=25.0),
        Leg.from_dense("station", "centre", top_km, top_km * haul_3),
    )
    demand = TieredDemand(
        tuple(f"v{i}" for i in range(len(where))), per_yr, people=people, district=district
    )
    least = quotas_by_district(
        name, "station", station_town, [f"town{g}" for g in range(TOWNS)], minimum=1
    )
    one = FacilityQuota(
        f"{name} centre", name, "centre", np.arange(len(centre)), 1, 1, Strength.MUST
    )
    return Stream(name, demand, tiers, legs), [*least, one]


def _km(one, other):
    return 1.3 * np.hypot(one[:, None, 0] - other[None, :, 0], one[:, None, 1] - other[None, :, 1])
