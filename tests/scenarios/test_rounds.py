"""From a scenario to driver sheets: the embedded county made small."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from geodata.faults import InputError
from planner.routes import RoundsSettings, plan_rounds
from scenarios.deliverables.rounds_geopackage import rounds_geojson, write_rounds_geopackage
from scenarios.deliverables.rounds_map import rounds_map_data, rounds_page
from scenarios.deliverables.rounds_workbook import write_rounds_workbook
from scenarios.load import example
from scenarios.rounds import rounds_of_plan, run_rounds
from scenarios.rounds_costs import rounds_costs
from scenarios.rounds_output import check_written, rounds_dict, write_rounds
from scenarios.rounds_problem import rounds_case
from scenarios.rounds_tables import CALL_COLUMNS, ROUND_COLUMNS, tables
from scenarios.rounds_words import clock
from scenarios.run import run
from scenarios.schema import StreamUse

STREAM = "household_transfer"
SMALL = "hazardous_small_source"
QUICK = RoundsSettings(time_limit_s=60, seed=1, iterations=20)


@pytest.fixture(scope="module")
def county():
    changes = ["synthetic.villages=24", "solver.time_limit_s=3"]
    scenario = example("demo", changes).model_copy(
        update={"streams": (StreamUse(stream=STREAM), StreamUse(stream="hazardous_small_source"))}
    )
    kept = []
    return run(scenario, on_inputs=kept.append), kept[0]


@pytest.fixture(scope="module")
def household(county):
    return rounds_of_plan(*county, streams=[STREAM], settings=QUICK)


def test_every_village_is_cleared_every_day(household):
    one = household.streams[STREAM]
    assert one.solution.checked
    assert not one.solution.unserved
    tonnes = one.case.stops["demand_t_per_yr"].sum()
    assert one.figures["t_per_yr"] == pytest.approx(tonnes)
    assert one.figures["lorries"] == len(one.rounds)
    litres = 38 / 100 * one.figures["km_per_yr"]
    assert one.figures["co2_t_per_yr"] == pytest.approx(litres * 2.68 / 1000)


def test_lorries_keep_to_the_service_areas_of_the_plan(county, household):
    one = household.streams[STREAM]
    links = county[0].streams[STREAM].assignments
    site_of = dict(zip(links["from_id"], links["to_id"], strict=True))
    merged = one.calls.merge(one.rounds[["round_id", "depot_id"]], on="round_id")
    stops = merged[merged["kind"] == "stop"]
    assert (stops["id"].map(site_of) == stops["depot_id"]).all()
    free = rounds_of_plan(*county, streams=[STREAM], settings=QUICK, service_areas=False)
    assert free.streams[STREAM].solution.checked


def test_the_line_of_a_round_is_as_long_as_it_says(household):
    straight = household.streams[STREAM].rounds
    rounds = household.drawn().streams[STREAM].rounds
    assert list(rounds.columns) == list(straight.columns) == list(ROUND_COLUMNS)
    assert (shapely.length(rounds.geometry) > shapely.length(straight.geometry)).all()
    drawn_km = rounds.to_crs(household.plan.scenario.output_crs).to_crs(4548).length / 1000
    assert (drawn_km / rounds["km"]).between(0.99, 1.01).all()


def test_a_call_follows_another_in_time_and_order(household):
    calls = household.streams[STREAM].calls
    assert list(calls.columns) == list(CALL_COLUMNS)
    for _name, group in calls.groupby("round_id"):
        assert group["arrive_s"].is_monotonic_increasing
        numbers = group["order"].dropna().astype(int).tolist()
        assert numbers == list(range(1, len(numbers) + 1))
        assert group["load_t"].iloc[-1] == 0


def test_written_rounds_can_be_checked_again_and_a_lie_is_found(household):
    one = household.streams[STREAM]
    written = json.loads(json.dumps(rounds_dict(one), allow_nan=False))
    assert check_written(one.case.problem, written) == []
    written["rounds"][0]["visits"][1]["load_t"] += 1
    assert {f.rule for f in check_written(one.case.problem, written)} == {"load_claimed"}


def test_files(household, tmp_path):
    paths = write_rounds(household, tmp_path / "out", "zh")
    assert {path.name for path in paths} == {
        "rounds.html", "rounds.xlsx", "rounds.gpkg", "rounds.geojson", "rounds.json",
    }  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in paths)


def test_a_sheet_for_every_driver(household, tmp_path):
    path = tmp_path / "rounds.xlsx"
    write_rounds_workbook(household, path, "en")
    one = household.streams[STREAM]
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == 2 + one.rounds["lorry"].nunique()
    sheet = book[book.sheetnames[-1]]
    text = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    last = one.calls[one.calls["lorry"] == one.calls["lorry"].iloc[-1]]
    for name in last["name"]:
        assert name in text


def test_layers(household, tmp_path):
    path = tmp_path / "rounds.gpkg"
    write_rounds_geopackage(household, path)
    lines, points = (gpd.read_file(path, layer=name) for name in ("rounds", "round_stops"))
    assert len(lines) == len(household.streams[STREAM].rounds)
    assert (lines.geom_type == "LineString").all()
    assert (points.geom_type == "Point").all()
    collection = rounds_geojson(household)
    assert len(collection["features"]) == len(lines) + len(points)
    json.dumps(collection, allow_nan=False)


def test_the_map_runs_only_its_own_scripts(household):
    one = household.streams[STREAM]
    evil = "</script><script>alert(1)</script>"
    stops = one.case.stops.assign(name=evil)
    again = tables(replace(one.case, stops=stops), one.solution)
    page = rounds_page(replace(household, streams={STREAM: again}), "zh")
    assert "<script>alert" not in page
    assert "http-equiv" in page
    assert 'src="http' not in page
    assert 'href="http' not in page.replace('href="https://leafletjs.com', "")


def test_monthly_rounds_run_on_working_days(county):
    found = rounds_of_plan(*county, streams=["hazardous_small_source"], settings=QUICK)
    one = found.streams["hazardous_small_source"]
    assert one.solution.checked
    assert (one.solution.calendar.sum(axis=1) == 1).all()
    weekdays = {call.day % 7 for call in one.solution.rounds}
    assert weekdays <= set(range(rounds_costs().working_days.otherwise))


@pytest.fixture(scope="module")
def stores_and_rounds(county):
    return rounds_of_plan(*county, streams=[SMALL], settings=QUICK, split=True)


def test_everybody_is_visited_or_brings(stores_and_rounds):
    one = stores_and_rounds.streams[SMALL]
    assert one.solution.checked
    assert not one.solution.unserved
    brings = set(one.split.brings["from_id"])
    called = set(one.case.stops["id"])
    stores = set(one.split.stores["id"])
    everybody = set(stores_and_rounds.plan.streams[SMALL].demand["id"])
    assert called - stores == everybody - brings
    assert stores == called - everybody
    held = one.split.brings.groupby("to_id")["t_per_yr"].sum()
    assert held.to_dict() == pytest.approx(one.split.stores.set_index("id")["t_per_yr"].to_dict())
    assert one.figures["t_per_yr"] == pytest.approx(
        stores_and_rounds.plan.streams[SMALL].demand["demand_t_per_yr"].sum()
    )


def test_the_split_costs_no_more_than_either_extreme(stores_and_rounds):
    split = stores_and_rounds.streams[SMALL].split
    costs = {name: one.cost_cny for name, one in split.rows()}
    assert costs["split"] <= min(costs["all_rounds"], costs["all_stores"])
    assert all(math.isfinite(cost) for cost in costs.values())
    assert len(split.lines("zh")) == 3
    json.dumps(split.as_dict(), allow_nan=False)


def test_every_way_is_searched_with_the_same_effort(county, monkeypatch):
    asked = []

    def planned(problem, settings, listen=None):
        asked.append((settings, problem.stops.ids))
        return plan_rounds(problem, settings, listen)

    monkeypatch.setattr("scenarios.rounds_split.plan_rounds", planned)
    found = rounds_of_plan(
        *county, streams=[SMALL], settings=replace(QUICK, iterations=3), split=True
    ).streams[SMALL]
    first, last = asked[:-3], asked[-3:]
    assert len({settings for settings, _ in first}) == len({settings for settings, _ in last}) == 1
    everybody = first[0][1]
    assert everybody == last[1][1]  # rounds to everybody are a way that is searched on
    ways = dict(found.split.rows())
    assert (ways["all_rounds"].store_of < 0).all()
    assert ways["split"].cost_cny == min(one.cost_cny for one in ways.values())


def test_the_three_ways_are_shown_side_by_side(stores_and_rounds, tmp_path):
    split = stores_and_rounds.streams[SMALL].split
    write_rounds_workbook(stores_and_rounds, tmp_path / "rounds.xlsx", "en")
    book = openpyxl.load_workbook(tmp_path / "rounds.xlsx")
    rows = list(book["Stores and rounds"].iter_rows(values_only=True))
    total = next(row for row in rows if row[0] == "total")
    costs = [one.cost_cny / 1e4 for _, one in split.rows()]
    assert list(total[2:5]) == pytest.approx(costs)
    told = "\n".join(str(cell) for row in book["Shared stores"].iter_rows(values_only=True)
                     for cell in row)  # fmt: skip
    assert all(name in told for name in (*split.stores["name"], *split.brings["from_name"]))


def test_stores_and_who_brings_are_layers(stores_and_rounds, tmp_path):
    split = stores_and_rounds.streams[SMALL].split
    write_rounds_geopackage(stores_and_rounds, tmp_path / "rounds.gpkg")
    stores = gpd.read_file(tmp_path / "rounds.gpkg", layer="stores")
    brings = gpd.read_file(tmp_path / "rounds.gpkg", layer="brings")
    assert sorted(stores["id"]) == sorted(split.stores["id"])
    assert len(brings) == len(split.brings)
    assert set(brings["to_id"]) == set(stores["id"])


def test_the_map_draws_stores_and_compares(stores_and_rounds):
    split = stores_and_rounds.streams[SMALL].split
    shown = rounds_map_data(stores_and_rounds, "zh")["streams"][0]
    assert len(shown["stores"]) == len(split.stores)
    assert len(shown["brings"]) == len(split.brings)
    assert [one["name"] for one in shown["ways"]] == list(split.names("zh").values())


def test_what_has_no_rounds_says_so(county):
    plan, inputs = county
    with pytest.raises(InputError, match="has no stream 'nothing'"):
        rounds_case(plan, inputs, "nothing")
    stream = plan.streams[STREAM]
    tiers = tuple(one.model_copy(update={"rounds": None}) for one in stream.profile.tiers)
    without = replace(stream, profile=stream.profile.model_copy(update={"tiers": tiers}))
    with pytest.raises(InputError, match="no tier that is reached by rounds"):
        rounds_case(replace(plan, streams={STREAM: without}), inputs, STREAM)
    closed = replace(stream, facilities=stream.facilities.assign(status="closed"))
    with pytest.raises(InputError, match="nowhere to empty"):
        rounds_case(replace(plan, streams={STREAM: closed}), inputs, STREAM)
    dry = replace(stream, demand=stream.demand.assign(demand_t_per_yr=np.nan))
    with pytest.raises(InputError, match="nothing to fetch"):
        rounds_case(replace(plan, streams={STREAM: dry}), inputs, STREAM)


def test_without_roads_ways_are_straight(county):
    plan, inputs = county
    case = rounds_case(plan, replace(inputs, roads=None), STREAM)
    found = tables(case, rounds_of_plan(plan, replace(inputs, roads=None), streams=[STREAM],
                                        settings=QUICK).streams[STREAM].solution)  # fmt: skip
    assert found.solution.checked
    assert len(found.rounds)


def test_clock_times():
    assert [clock(s) for s in (0, 29940, 86399, 88200)] == ["00:00", "08:19", "00:00+1", "00:30+1"]


@pytest.mark.slow
def test_the_embedded_county_from_scenario_to_driver_sheets(tmp_path):
    scenario = example("demo", ["solver.time_limit_s=10"]).model_copy(
        update={"streams": (StreamUse(stream=STREAM),)}
    )
    found = run_rounds(scenario, settings=RoundsSettings(time_limit_s=15))
    assert found.streams[STREAM].solution.checked
    assert not found.streams[STREAM].solution.unserved
    assert len(write_rounds(found, tmp_path)) == 5
