"""Hours, depots, classes, capacities and earlier rounds, as a scenario says them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from geodata.faults import InputError
from planner.routes import RoundsSettings
from scenarios.load import example
from scenarios.rounds import rounds_of_plan
from scenarios.rounds_output import (
    check_written,
    read_earlier_rounds,
    record_of,
    rounds_dict,
    write_rounds,
)
from scenarios.rounds_problem import rounds_case, rounds_tiers, with_rounds
from scenarios.rounds_words import change_lines
from scenarios.run import run
from scenarios.schema import LorryDepot, StreamUse

HOUSEHOLD, KITCHEN, PACKS = "household_transfer", "kitchen_waste", "pesticide_three_level"
QUICK = RoundsSettings(time_limit_s=60, seed=1, iterations=20)
HOUR = 3600.0


@pytest.fixture(scope="module")
def county():
    changes = ["synthetic.villages=24", "solver.time_limit_s=15"]
    uses = tuple(StreamUse(stream=name) for name in (HOUSEHOLD, KITCHEN, PACKS, "estate_points"))
    scenario = example("demo", changes).model_copy(update={"streams": uses})
    kept = []
    return run(scenario, on_inputs=kept.append), kept[0]


def with_rule(plan, stream, **changes):
    """The plan, one of whose tiers has other rounds."""
    old = plan.streams[stream]
    named = rounds_tiers(old)[0].id
    tiers = tuple(
        one.model_copy(update={"rounds": one.rounds.model_copy(update=changes)})
        if one.id == named
        else one
        for one in old.profile.tiers
    )
    profile = old.profile.model_copy(update={"tiers": tiers})
    return replace(plan, streams={**plan.streams, stream: replace(old, profile=profile)})


def with_depots(plan, *depots):
    return replace(plan, scenario=plan.scenario.model_copy(update={"lorry_depots": depots}))


def test_restaurants_are_served_after_closing(county):
    one = rounds_of_plan(*county, streams=[KITCHEN], settings=QUICK).streams[KITCHEN]
    assert one.solution.checked
    assert not one.solution.unserved
    begins = [call.begin_s for each in one.solution.rounds for call in each.stops]
    assert min(begins) >= 21 * HOUR
    assert max(begins) <= 27 * HOUR


def test_a_column_of_the_layer_says_it_for_one_restaurant(county):
    plan, inputs = county
    layer = inputs.layer("restaurants")
    first = str(rounds_case(plan, inputs, KITCHEN).stops["id"].iloc[0])
    hours = np.where(layer["id"].astype(str) == first, "23:30", "")
    layers = {**inputs.layers, "restaurants": layer.assign(collect_from=hours)}
    case = rounds_case(plan, replace(inputs, layers=layers), KITCHEN)
    assert case.problem.stops.opens_s[0] == 23.5 * HOUR
    assert case.problem.stops.opens_s[1] == 21 * HOUR


def test_lorries_start_at_the_depots_that_the_scenario_names(county):
    plan, inputs = county
    plan = with_rule(plan, HOUSEHOLD, start_stop="depot")
    with pytest.raises(InputError, match="lorry_depots"):
        rounds_case(plan, inputs, HOUSEHOLD)
    seat = rounds_case(county[0], inputs, HOUSEHOLD).stops.geometry.iloc[0]
    yard = LorryDepot(id="yard", name="环卫车场", lon=seat.x, lat=seat.y, lorries={"compactor": 30})
    other = LorryDepot(id="other", lon=seat.x, lat=seat.y, streams=("kitchen_waste",))
    plan = with_depots(plan, yard, other)
    one = rounds_of_plan(plan, inputs, streams=[HOUSEHOLD], settings=QUICK).streams[HOUSEHOLD]
    assert one.solution.checked
    assert not one.solution.unserved
    assert set(one.rounds["depot_id"]) == {"yard"}
    assert one.case.problem.vehicles[0].available == (30,)
    ends = one.calls.groupby("round_id").agg(first=("name", "first"), last=("name", "last"))
    assert (ends == "环卫车场").all(axis=None)


def test_too_few_lorries_at_a_site_leave_stops_and_say_so(county):
    plan, inputs = county
    sites = rounds_case(plan, inputs, HOUSEHOLD).problem.depots.ids
    few = [LorryDepot(id=site, lorries={"compactor": 0}) for site in sites[:1]]
    case = rounds_case(with_depots(plan, *few), inputs, HOUSEHOLD)
    assert case.problem.vehicles[0].available[0] == 0
    one = rounds_of_plan(with_depots(plan, *few), inputs, streams=[HOUSEHOLD], settings=QUICK)
    reasons = set(one.streams[HOUSEHOLD].unserved["reason"])
    assert reasons == {"no_lorry"}


def test_of_two_classes_each_lorry_goes_where_it_is_cheaper(county):
    plan, inputs = county
    alone = rounds_of_plan(plan, inputs, streams=[HOUSEHOLD], settings=QUICK).streams[HOUSEHOLD]
    plan = with_rule(plan, HOUSEHOLD, vehicles=("light_truck",))
    both = rounds_of_plan(plan, inputs, streams=[HOUSEHOLD], settings=QUICK).streams[HOUSEHOLD]
    assert both.solution.checked
    assert [one.id for one in both.case.problem.vehicles] == ["compactor", "light_truck"]
    costs = [one.solution.cost_cny(one.case.problem) for one in (alone, both)]
    assert costs[1] <= costs[0] * 1.02
    assert both.rounds["lorry"].is_unique


def test_stations_take_no_more_a_day_than_their_size(county):
    plan, inputs = county
    case = rounds_case(plan, inputs, HOUSEHOLD, service_areas=False)
    yearly = case.sites["capacity_t_per_yr"].to_numpy(float)
    assert np.allclose(case.problem.disposal.capacity_t_per_day, yearly / 365 * 1.3)


def test_crews_keep_to_territories_of_their_own(county):
    plan, inputs = county
    plan = with_rule(plan, HOUSEHOLD, territories=3)
    one = rounds_of_plan(plan, inputs, streams=[HOUSEHOLD], settings=QUICK).streams[HOUSEHOLD]
    assert one.solution.checked
    assert not one.solution.unserved
    assert {each.territory for each in one.solution.rounds} == {0, 1, 2}


def test_small_boxes_of_points_go_to_big_boxes(county):
    plan, inputs = county
    one = rounds_of_plan(plan, inputs, streams=[PACKS], settings=QUICK).streams[PACKS]
    assert one.solution.checked
    links = plan.streams[PACKS].assignments
    tonnes = links[links["tier"] == one.case.tier.id]["tonnes_per_yr"].sum()
    assert one.figures["t_per_yr"] == pytest.approx(tonnes, rel=1e-6)
    below = plan.streams[PACKS].facilities.query("tier == @one.case.tier.serves")
    assert set(one.case.stops["id"]) <= set(below["id"])


def test_what_is_carried_on_foot_has_no_rounds(county):
    plan, inputs = county
    assert "estate_points" not in with_rounds(plan)
    with pytest.raises(InputError, match="no tier that is reached by rounds"):
        rounds_case(plan, inputs, "estate_points")


def test_earlier_rounds_are_kept_from_their_file(county, tmp_path):
    found = rounds_of_plan(*county, streams=[HOUSEHOLD], settings=QUICK)
    write_rounds(found, tmp_path / "out")
    earlier = read_earlier_rounds(tmp_path / "out")
    again = rounds_of_plan(*county, streams=[HOUSEHOLD], settings=QUICK, earlier=earlier)
    one = again.streams[HOUSEHOLD]
    assert one.solution.checked
    assert one.change.kept == one.change.before == len(one.solution.rounds)
    written = rounds_dict(one)
    assert written["change"]["moved"] == ()
    assert check_written(one.case.problem, written) == []


def test_a_village_that_is_new_is_taken_on_and_said(county):
    plan, inputs = county
    found = rounds_of_plan(plan, inputs, streams=[HOUSEHOLD], settings=QUICK).streams[HOUSEHOLD]
    written = json.loads(json.dumps(rounds_dict(found)))
    new = found.case.problem.stops.ids[0]
    del written["calendar"][new]
    for one in written["rounds"]:
        one["visits"] = [call for call in one["visits"] if call["position"] != new]
    again = rounds_of_plan(
        plan, inputs, streams=[HOUSEHOLD], settings=QUICK, earlier={HOUSEHOLD: record_of(written)}
    ).streams[HOUSEHOLD]
    assert again.solution.checked
    assert again.change.added == (new,)
    assert again.change.kept >= len(again.solution.rounds) - 2
    assert any(new in line for line in change_lines(again, "zh"))


def test_a_folder_without_rounds_and_a_broken_file_are_told(tmp_path):
    with pytest.raises(InputError, match="no earlier rounds"):
        read_earlier_rounds(tmp_path)
    (tmp_path / "rounds.json").write_text('{"a": 3}', encoding="utf-8")
    with pytest.raises(InputError, match="could be kept"):
        read_earlier_rounds(tmp_path)


def test_the_command_keeps_rounds(tmp_path):
    ask = [
        "rounds", "demo", "--set", "synthetic.villages=12", "--set", "solver.time_limit_s=2",
        "--stream", HOUSEHOLD, "--time-limit", "2", "--json", "--quiet",
    ]  # fmt: skip
    runner = CliRunner()
    first = runner.invoke(app, [*ask, "--out", str(tmp_path / "a")])
    assert first.exit_code == 0, first.output
    again = runner.invoke(app, [*ask, "--out", str(tmp_path / "b"), "--keep", str(tmp_path / "a")])
    assert again.exit_code == 0, again.output
    change = json.loads(again.output)["streams"][HOUSEHOLD]["change"]
    assert change["kept"] == change["before"]
