"""Sites chosen with a haul cost that is fitted to planned rounds: from scenario to plan."""

from __future__ import annotations

import json

import numpy as np
import pytest

from planner.routes.estimate import HaulFactors
from scenarios import rounds_haul
from scenarios.load import example, profiles_of
from scenarios.plan_json import plan_dict
from scenarios.problems import haul_rate_cny_per_t_km
from scenarios.rounds_haul import _cheapest, fitted_scenario, fitting_tiers, with_rates
from scenarios.run import run
from scenarios.schema import StreamUse

STREAM, TIER = "household_transfer", "transfer_station"
ASK = {f"tiers.{TIER}.rounds.sets_haul_cost": True}


def county(**changes):
    scenario = example("demo", ["synthetic.villages=24", "solver.time_limit_s=15"])
    uses = (StreamUse(stream=STREAM, set=changes), StreamUse(stream="recyclables"))
    return scenario.model_copy(update={"streams": uses})


@pytest.fixture(scope="module")
def planned():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds_haul, "TURNS", 2)
        patch.setattr(rounds_haul, "ITERATIONS", 20)
        return run(county(**ASK))


def test_the_plan_is_made_with_the_fitted_rate_and_says_so(planned):
    stream = planned.streams[STREAM]
    told = {one.id: one.value for one in stream.indicators}
    tier = next(one for one in stream.profile.tiers if one.id == TIER)
    assert told["haul_cost_fitted"] == pytest.approx(haul_rate_cny_per_t_km(tier))
    before = profiles_of(county())[STREAM]
    stated = haul_rate_cny_per_t_km(next(one for one in before.tiers if one.id == TIER))
    assert told["haul_cost_stated"] == pytest.approx(stated)
    assert told["haul_cost_fitted"] != pytest.approx(stated)
    assert 0 <= told["haul_fit_error"] < 50
    assert "拟合" in tier.leg.basis["cost_cny_per_t_km"].source


def test_the_siting_problem_counts_with_it(planned):
    answer = planned.streams[STREAM].answers[0]
    problem = answer.tier_problem
    rate = haul_rate_cny_per_t_km(problem.tier)
    row = problem.trips.row
    driven_km = (problem.trips.out_m + problem.trips.back_m) / 2000
    expected = np.nan_to_num(problem.wants.tonnes[row]) * rate * driven_km
    assert np.allclose(problem.problem.arcs.cost, expected)


def test_other_streams_stay_as_they_are(planned):
    told = {one.id for one in planned.streams["recyclables"].indicators}
    assert not {"haul_cost_fitted", "haul_cost_stated", "haul_fit_error"} & told


def test_the_written_plan_lists_the_rate_with_its_source(planned):
    document = plan_dict(planned, planned.streams[STREAM])
    text = json.dumps(document, ensure_ascii=False)
    assert "拟合" in text
    assert "haul_cost_fitted" in text


@pytest.mark.slow
def test_the_same_scenario_has_the_same_rate():
    scenario = county(**ASK)
    rates = [fitted_scenario(scenario, profiles_of(scenario))[1][0].factors for _ in range(2)]
    assert rates[0].haul_cny_per_t_km == rates[1].haul_cny_per_t_km


def test_nobody_asked_nothing_changes():
    scenario = county()
    assert fitting_tiers(profiles_of(scenario)) == {}
    assert fitted_scenario(scenario, profiles_of(scenario)) == (scenario, ())


def test_rounds_that_speak_for_no_rate_leave_the_stated_one():
    scenario = county(**ASK)
    tiers = fitting_tiers(profiles_of(scenario))
    none = HaulFactors(0.0, 1.0, 1.0, 0.1, 4)
    assert with_rates(scenario, tiers, {STREAM: none}) == scenario


def test_the_turn_whose_sites_and_rounds_cost_least_is_taken():
    costs = [{"a": 10.0}, {"a": 9.0}, {"a": 8.0}, {"a": 8.5}]
    assert _cheapest(costs, [1, 2, 3]) == 1
    assert _cheapest(costs[:1], [1]) == 0
