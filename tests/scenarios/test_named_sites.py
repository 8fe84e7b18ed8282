"""Sites that a document names, on a made-up district."""

from __future__ import annotations

import numpy as np
import pytest

from geodata.synthetic import make_county
from scenarios.named_sites import with_named_sites
from tests.scenarios.documents import document

SITE = {"id": "ground", "name": "某处置场", "stream": "construction_waste",
        "tier": "disposal_centre", "capacity": "500-2500 吨/日", "area": "约3 万平方米",
        "clause": "一"}  # fmt: skip


@pytest.fixture(scope="module")
def layers():
    return make_county(30, 2).layers


def test_a_named_site_takes_the_place_of_the_made_up_ones(layers):
    found = with_named_sites(layers, document(facilities=[SITE]))["facilities"]
    grounds = found[found["tier"] == "disposal_centre"]
    assert list(grounds["name"]) == ["某处置场"]
    assert grounds["capacity_t_per_yr"].iloc[0] == pytest.approx(2500 * 365)
    assert grounds["area_m2"].iloc[0] == pytest.approx(30_000)
    assert np.isnan(grounds["throughput_t_per_yr"].iloc[0])
    inside = layers["districts"].geometry.dropna().union_all().contains(grounds.geometry.iloc[0])
    assert inside


def test_sites_outside_or_of_no_stream_are_not_sited(layers):
    sites = [{**SITE, "outside": True}, {**SITE, "id": "b", "stream": "", "tier": ""}]
    made = with_named_sites(layers, document(facilities=sites))
    assert made["facilities"] is layers["facilities"]
    assert with_named_sites(layers, None)["facilities"] is layers["facilities"]
