"""A tier as a problem: sizes, costs, quotas and districts as the profile says them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from pyproj import CRS
from shapely import points

from geodata.roads.speeds import vehicle
from planner import Objective, Strength, solve
from scenarios.problems import (
    OBJECTIVES,
    Wants,
    cutoff_of,
    practice_problem,
    quotas_of,
    tier_problem,
)
from scenarios.schema import (
    Evidence,
    Metric,
    ProblemType,
    QuotaRule,
    SizeOption,
    Sourced,
    Tier,
    Words,
)
from scenarios.sizes import annual_cost_cny, recovery_factor, site_sizes
from scenarios.travel import Place, Travel

WORDS = Words(zh="级", en="tier")
CRS_HERE = CRS.from_epsg(4547)


def size(name: str, capacity: float | None, investment: float, land: float | None = None):
    return SizeOption(
        id=name, name=Words(zh=name, en=name), capacity_t_per_yr=capacity, land_m2=land,
        investment_wan_cny=investment, operation_wan_cny_per_yr=investment / 10, lifetime_yr=10,
    )  # fmt: skip


SIZES = (size("s", 100, 10, 500), size("m", 300, 20, 900), size("l", 1000, 50, 3000))


def tier(problem: ProblemType = ProblemType.CAPACITATED_LOCATION, **more) -> Tier:
    given = {"metric": Metric.STRAIGHT, "circuity": 1.0, "sizes": SIZES, **more}
    return Tier(id="t", name=WORDS, problem=problem, **given)


def sites(*rows: dict) -> gpd.GeoDataFrame:
    base = {
        "district": "甲", "village": "", "source": "given", "state": "", "area_m2": np.nan,
        "capacity_t_per_yr": np.nan, "throughput_t_per_yr": np.nan, "existing": False,
        "required": False,
    }  # fmt: skip
    full = [{"id": f"S{k}", "name": f"址{k}", **base, **row} for k, row in enumerate(rows)]
    xy = [(115 + 0.01 * k, 36.0) for k in range(len(full))]
    return gpd.GeoDataFrame(full, geometry=points(xy), crs="EPSG:4326")


def wants(*districts: str, tonnes: float = 10.0) -> Wants:
    n = len(districts)
    table = gpd.GeoDataFrame(
        {"id": [f"V{k}" for k in range(n)], "name": "村", "district": districts,
         "population": np.nan},
        geometry=points([(115 + 0.01 * k, 36.02) for k in range(n)]), crs="EPSG:4326",
    )  # fmt: skip
    amount = np.full(n, tonnes)
    return Wants(table, Place.of(table, "w"), amount, amount, "t/yr")


def made(one: Tier, who: Wants, where: gpd.GeoDataFrame, **more):
    return tier_problem(
        one, who, where, Travel(None, CRS_HERE), discount_rate=0.05,
        neighbours=more.get("neighbours", {}), site_key="s",
    )  # fmt: skip


def test_annual_cost_is_investment_by_the_recovery_factor_plus_running_cost():
    # 0.05 * 1.05^10 / (1.05^10 - 1) = 0.1295046, the textbook value.
    assert recovery_factor(0.05, 10) == pytest.approx(0.1295046, rel=1e-6)
    assert recovery_factor(0.0, 8) == 1 / 8
    assert annual_cost_cny(SIZES[0], 0.05) == pytest.approx(1e4 * (10 * 0.1295046 + 1), rel=1e-6)


def test_haul_cost_counts_half_of_the_rate_each_way():
    problem = made(tier(), wants("甲"), sites({})).problem
    rate = vehicle("light_truck").cost_cny_per_t_km
    km = problem.arcs.impedance[0] / 1000
    assert km == pytest.approx(2.22, rel=0.01)
    assert problem.arcs.cost[0] == pytest.approx(10.0 * rate * km)
    assert problem.cost_unit == "cny/yr"


def test_a_candidate_takes_the_sizes_that_its_land_holds():
    found = site_sizes(tier(), sites({"area_m2": 1000.0}, {}), 0.05)
    assert [(one.site, one.option.id) for one in found] == [
        (0, "s"), (0, "m"), (1, "s"), (1, "m"), (1, "l"),
    ]  # fmt: skip


def test_what_stands_costs_its_running_alone_and_grows_where_it_may():
    stands = {"existing": True, "capacity_t_per_yr": 250.0}
    kept, grows = {**stands, "state": "kept"}, {**stands, "state": "expand"}
    found = site_sizes(tier(), sites(kept, grows), 0.05)
    assert [(one.site, one.capacity_t_per_yr) for one in found] == [
        (0, 250.0), (1, 250.0), (1, 300.0), (1, 1000.0),
    ]  # fmt: skip
    assert found[0].fixed_cny_per_yr == 2e4  # running cost of the size that holds 250 t
    assert found[0].investment_wan_cny == 0
    assert found[3].investment_wan_cny == pytest.approx(50 * (1 - 0.25))
    assert found[3].fixed_cny_per_yr < annual_cost_cny(SIZES[2], 0.05)


def test_an_existing_site_without_a_stated_capacity_is_read_as_the_smallest():
    (one,) = site_sizes(tier(), sites({"existing": True, "state": "kept"}), 0.05)
    assert one.capacity_t_per_yr == 100


def test_models_without_costs_see_the_largest_size_only():
    found = site_sizes(tier(ProblemType.P_MEDIAN, sites=1), sites({}, {}), 0.05)
    assert [one.option.id for one in found] == ["l", "l"]
    problem = made(tier(ProblemType.P_MEDIAN, sites=1, sizes=()), wants("甲"), sites({})).problem
    assert problem.site_count == (1, 1)
    assert not problem.sites.capacitated


def test_set_cover_counts_sites_and_cuts_at_the_radius():
    radius = Sourced(value=2.5, unit="km", source="规划取值", evidence=Evidence.ASSUMED)
    cover = tier(ProblemType.SET_COVER, sizes=(), radius_km=radius, cutoff_km=99)
    assert cutoff_of(cover) == 2500
    problem = made(cover, wants("甲", "甲"), sites({}, {}, {}, {})).problem
    assert problem.objective is Objective.MIN_SITES
    assert problem.sites.fixed_cost.tolist() == [1, 1, 1, 1]
    assert problem.arcs.impedance.max() <= 2500


def test_districts_limit_who_may_serve_whom():
    where = sites({"district": "甲"}, {"district": "乙"}, {"district": "丙"})
    who = wants("甲", "乙", "丙")

    def pairs(one: Tier) -> set[tuple[int, int]]:
        neighbours = {"甲": frozenset({"乙"}), "乙": frozenset({"甲"}), "丙": frozenset()}
        arcs = made(one, who, where, neighbours=neighbours).problem.arcs
        return set(zip(arcs.demand.tolist(), arcs.site.tolist(), strict=True))

    assert len(pairs(tier())) == 9
    assert pairs(tier(own_district_only=True)) == {(0, 0), (1, 1), (2, 2)}
    assert pairs(tier(adjacent_districts_only=True)) == {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)}


def rule(strength: Strength, **more) -> QuotaRule:
    return QuotaRule(per="district", strength=strength, **more)


def test_quotas_bind_by_the_strength_of_their_wording():
    where = sites({"district": "甲"}, {"district": "乙", "required": True},
                  {"district": "乙", "required": True})  # fmt: skip
    who = wants("甲", "乙").table
    encouraged = tier(quotas=(rule(Strength.ENCOURAGED, minimum=1), rule(Strength.ON_DEMAND)))
    assert quotas_of(encouraged, where, who) == ()
    must = quotas_of(tier(quotas=(rule(Strength.MUST, minimum=1, maximum=1),)), where, who)
    assert [(q.name, q.sites.tolist(), q.minimum, q.maximum) for q in must] == [
        ("乙", [1, 2], 1, 1), ("甲", [0], 1, 1),
    ]  # fmt: skip
    # 原则上: a text does not tear down what stands.
    soft = quotas_of(tier(quotas=(rule(Strength.IN_PRINCIPLE, maximum=1),)), where, who)
    assert [q.maximum for q in soft] == [2, 1]
    county = QuotaRule(per="county", minimum=1, maximum=1)
    (whole,) = quotas_of(tier(quotas=(county,)), where, who, "某县")
    assert (whole.name, whole.sites.tolist()) == ("某县", [0, 1, 2])


@pytest.mark.parametrize("problem", list(ProblemType))
@pytest.mark.parametrize("single_source", [True, False])
def test_practice_is_of_the_tier_s_kind_and_has_an_answer(problem, single_source):
    asked = tier(problem, single_source=single_source, sites=2)
    small = practice_problem(asked)
    assert small.objective is OBJECTIVES[problem]
    assert small.single_source == single_source
    assert small.sites.capacitated == (problem is ProblemType.CAPACITATED_LOCATION)
    assert solve(small).has_plan
