"""A plan is put together from its inputs in one way, whoever planned its streams."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
from shapely import points

from geodata.faults import Fault
from scenarios.deliverables.geopackage import plan_layers
from scenarios.plan import CANDIDATE_COLUMNS, plan_of


def candidates(*names: str, kept: bool) -> gpd.GeoDataFrame:
    """Screened sites of one tier."""
    rule = "" if kept else "water 100 m"
    rows = {"id": names, "name": names, "stream": "straw", "kept": kept, "dropped_by": rule}
    return gpd.GeoDataFrame(rows, geometry=points([[115.4, 36.5]] * len(names)), crs="EPSG:4326")


def test_the_backdrop_is_that_of_the_inputs(small_sources):
    planned, inputs = small_sources
    plan = plan_of(planned.scenario, inputs, planned.streams)
    assert plan.synthetic
    assert plan.title == planned.scenario.title
    assert plan.roads is inputs.road_lines
    assert plan.districts.equals(inputs.layers["districts"])
    assert plan.exclusions.equals(inputs.layers["exclusions"])
    assert plan.versions == planned.versions


def test_what_the_inputs_say_comes_before_what_planning_says(small_sources):
    planned, inputs = small_sources
    read, met = Fault("villages.csv, row 3", "read"), Fault("straw", "met")
    scenario = planned.scenario.model_copy(update={"sources": ("the document",)})
    inputs = replace(inputs, faults=(read,), sources=("the county",))
    plan = plan_of(scenario, inputs, planned.streams, faults=iter([met]), seconds={"total": 2.0})
    assert plan.faults == (read, met)
    assert plan.sources == ("the document", "the county")
    assert plan.seconds == {"total": 2.0}


def test_candidates_of_all_tiers_are_one_table(small_sources):
    planned, inputs = small_sources
    tiers = [candidates("甲", "乙", kept=True), candidates("丙", kept=False)]
    plan = plan_of(planned.scenario, inputs, planned.streams, screened=tiers)
    assert plan.candidates["id"].tolist() == ["甲", "乙", "丙"]
    assert plan.candidates["kept"].tolist() == [True, True, False]


def test_a_plan_that_sited_nothing_anew_has_the_columns_of_candidates(small_sources):
    planned, inputs = small_sources
    plan = plan_of(planned.scenario, inputs, planned.streams)
    assert list(plan.candidates.columns) == list(CANDIDATE_COLUMNS)
    assert len(plan_layers(plan)["candidates"]) == 0
