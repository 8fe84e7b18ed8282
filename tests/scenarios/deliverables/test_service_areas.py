"""Service areas hold the villages they are drawn for, and do not overlap."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely

from scenarios.deliverables.service_areas import service_areas
from tests.scenarios.deliverables.plans import make_plan


@pytest.mark.parametrize("districts", [True, False])
@pytest.mark.parametrize("stream", ["pesticide_packaging", "straw"])
def test_every_served_village_lies_in_its_facility_s_area(stream, districts):
    plan = make_plan(120)
    if not districts:
        plan = replace(plan, districts=plan.districts.iloc[:0])
    planned = plan.streams[stream]
    areas = service_areas(plan, planned)
    lowest = areas[areas["tier"] == planned.profile.tiers[0].id].set_index("facility_id")
    for village in planned.demand.itertuples():
        holders = lowest.index[shapely.intersects(lowest.geometry.array, village.geometry)]
        assert list(holders) == ([village.facility_id] if village.served else [])


def test_areas_of_one_tier_do_not_overlap_and_upper_ones_join_lower_ones():
    plan = make_plan(120)
    areas = service_areas(plan, plan.streams["straw"])
    by_tier = {tier: group.geometry.array for tier, group in areas.groupby("tier")}
    lower = by_tier["township_store"]
    joined = shapely.union_all(lower)
    assert shapely.area(lower).sum() == pytest.approx(joined.area, rel=1e-9)
    assert shapely.area(by_tier["county_centre"]).sum() == pytest.approx(joined.area, rel=1e-9)


def test_one_village_alone_has_the_whole_ground():
    plan = make_plan(60)
    stream = plan.streams["pesticide_packaging"]
    k = int(stream.demand["served"].to_numpy().nonzero()[0][0])
    alone = stream.demand.iloc[[k]].reset_index(drop=True)
    links = stream.assignments[stream.assignments["from_id"] == alone["id"][0]]
    areas = service_areas(plan, replace(stream, demand=alone, assignments=links))
    assert len(areas) == 1
    assert not areas.geometry[0].is_empty


def test_villages_at_one_place_and_nobody_served():
    plan = make_plan(60)
    stream = plan.streams["pesticide_packaging"]
    demand = stream.demand.copy()
    demand.loc[1, "geometry"] = demand.geometry[0]
    assert len(service_areas(plan, replace(stream, demand=demand))) > 0
    assert len(service_areas(plan, replace(stream, assignments=stream.assignments.iloc[:0]))) == 0
