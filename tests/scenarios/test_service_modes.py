"""Direct haul here, on the spot there: the hauls that a text's ways of service leave."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from scenarios.load import profile_of
from scenarios.operations import ServiceMode
from scenarios.schema import StreamUse
from scenarios.service_modes import allowed_by_modes, kind_of_district

[YARD] = [one for one in profile_of(StreamUse(stream="construction_yards")).tiers
          if one.id == "yard"]  # fmt: skip
ROW, SITE = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 0, 1, 0, 1])


def layer(*districts):
    points = [shapely.Point(115 + n / 100, 36) for n in range(len(districts))]
    return gpd.GeoDataFrame({"district": districts}, geometry=points, crs="EPSG:4326")


POINTS, SITES = layer("清泉街道", "柳林镇", "店子镇", ""), layer("柳林镇", "清泉街道")


def left(*modes, tier=YARD):
    made = [ServiceMode.model_validate({"source": "某处", **one}) for one in modes]
    kept = allowed_by_modes(made, tier, POINTS, SITES, ROW, SITE)
    return set(zip(ROW[kept].tolist(), SITE[kept].tolist(), strict=True))


EVERY = set(zip(ROW.tolist(), SITE.tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("清泉街道", "urban"), ("经济开发区", "urban"), ("柳林镇", "rural"), ("乐山乡", "rural"),
     ("国有农场", "rural"), ("", "")],
)  # fmt: skip
def test_a_townships_kind_is_in_its_name(name, kind):
    assert kind_of_district(name) == kind


def test_direct_haul_passes_over_a_tier_that_may_be_passed_over():
    urban = {"where": "urban", "mode": "direct_haul", "strength": "must"}
    assert left(urban) == {(i, j) for i, j in EVERY if i != 0}
    fixed = YARD.model_copy(update={"may_skip": False})
    assert left(urban, tier=fixed) == EVERY
    assert left({**urban, "strength": "encouraged"}) == EVERY


def test_on_the_spot_is_the_own_townships_site_where_it_has_one():
    rural = {"where": "rural", "mode": "on_the_spot", "strength": "must"}
    # 柳林镇 has a site; 店子镇 has none and may go to its neighbour's.
    assert left(rural) == EVERY - {(1, 1)}


def test_both_ways_stand_in_the_profile_of_the_yards():
    assert {(one.where, one.mode) for one in YARD.modes} == {
        ("urban", "direct_haul"), ("rural", "on_the_spot")}  # fmt: skip
    assert left(*(one.model_dump(exclude={"basis"}, mode="json") | {"source": "某处"}
                  for one in YARD.modes)) == {(i, j) for i, j in EVERY if i != 0} - {(1, 1)}  # fmt: skip
