"""What a profile's numbers become in the tiered problem: ranges, end years, stock, rewards."""

from __future__ import annotations

import numpy as np
import pytest

from planner.tiered import NO_YEAR
from scenarios.clock import Clock
from scenarios.inputs import load_inputs
from scenarios.load import example, profile_of, profiles_of
from scenarios.programme.course import _levels
from scenarios.programme.levels import tonnes_by_phase
from scenarios.programme.problem import _lasts_yr, programme_problem
from scenarios.programme.quotas import _reward
from scenarios.progress import unheard
from scenarios.schema import QuotaRule, StreamUse
from scenarios.stream_run import Shared

YARD = profile_of(StreamUse(stream="construction_yards")).tiers[0]
YEARS = """phases=[{year: 2025}, {year: 2030, tonnes: {bulky_waste:
    {value: 2, low: 1.5, high: 3, unit: t/t, source: x, evidence: assumed}}}]"""


@pytest.fixture(scope="module")
def built():
    streams = "streams=[{stream: bulky_waste}, {stream: garden_waste}]"
    scenario = example("all_systems", ["synthetic.villages=20", streams, YEARS])
    profiles = profiles_of(scenario)
    inputs = load_inputs(scenario, profiles)
    shared = Shared(scenario, inputs, unheard, Clock())
    levels = tuple(_levels(shared, profiles))
    problem = programme_problem(
        scenario, levels, metric_crs=inputs.metric_crs, neighbours=shared.neighbours
    ).problem
    return scenario, levels, problem


def test_the_range_of_the_factors_is_the_range_of_the_tonnes(built):
    scenario, levels, problem = built
    found = tonnes_by_phase(scenario, levels[0])
    factor = levels[0].profile.demand.factors[0]
    low = factor.product_at("low") / factor.product
    high = factor.product_at("high") / factor.product
    assert low < 1 < high
    ranged = found.low[0] < found.middle[0]
    assert ranged.any()
    assert found.low[0][ranged] == pytest.approx(low * found.middle[0][ranged])
    assert found.high[0][ranged] == pytest.approx(high * found.middle[0][ranged])
    # The later year's factor has a range of its own on top.
    assert found.low[1] == pytest.approx(1.5 * found.low[0])
    assert found.high[1] == pytest.approx(3 * found.high[0])
    assert (problem.streams[0].demand.tonnes == found.middle).all()


def test_new_sites_of_a_temporary_tier_last_from_their_own_opening():
    assert YARD.lasts_yr is not None
    years = _lasts_yr(YARD, np.array([True, False]))
    assert years.tolist() == [NO_YEAR, int(YARD.lasts_yr.value)]


def test_stock_is_told_where_no_size_states_storage(built):
    _, levels, problem = built
    garden = problem.stream("garden_waste")
    assert garden.tiers[0].seasons is not None
    assert garden.tiers[0].seasons.peak_stock > 0
    assert np.isinf(garden.tiers[0].facilities.storage_t).all()
    assert problem.stream("bulky_waste").tiers[0].seasons is None
    assert levels[1].profile.seasonality is not None


def test_an_encouraged_count_is_worth_what_the_profile_says():
    rule = {"per": "county", "minimum": 1, "strength": "encouraged", "source": "某处"}
    assert _reward(QuotaRule.model_validate(rule)) == 0
    reward = {"value": 3, "unit": "wan_cny/yr", "source": "某处", "evidence": "assumed"}
    assert _reward(QuotaRule.model_validate({**rule, "reward_wan_cny_per_yr": reward})) == 30_000
