"""The map page as text: nothing fetched, nothing but its own scripts, the same from run to run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from scenarios.deliverables import map as page
from scenarios.deliverables.map_data import map_data, script_json
from scenarios.deliverables.map_geometry import SCALE, encoded, road_lines, road_rank
from tests.scenarios.deliverables.plans import HOSTILE_NAMES, make_plan

DAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(page.TIANDITU_KEY, raising=False)


@pytest.fixture(scope="module")
def hostile_page():
    return page.map_page(make_plan(60, hostile=True), "zh", day=DAY)


def test_nothing_is_fetched(hostile_page):
    assert not re.findall(r"<(?:script|img|iframe)[^>]+src=", hostile_page)
    assert not re.findall(r"<link\b", hostile_page)
    assert "url(" not in "".join(re.findall(r"<style>(.*?)</style>", hostile_page, re.DOTALL))
    assert "tianditu.gov.cn" not in hostile_page


def test_only_the_page_s_own_scripts_may_run(hostile_page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', hostile_page)[1]
    scripts = re.findall(r"<script>(.*?)</script>", hostile_page, re.DOTALL)
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert not any("hacked" in script for script in scripts)
    assert "<img src=x" not in hostile_page


def test_hostile_names_come_back_whole(hostile_page):
    block = re.search(
        r'<script type="application/json" id="plan-data">(.*?)</script>', hostile_page, re.DOTALL
    )[1]
    names = json.loads(block)["points"]["name"]
    assert [n.replace("\x00", "") for n in names[: len(HOSTILE_NAMES)]] == [
        n.replace("\x00", "") for n in HOSTILE_NAMES
    ]


@given(st.dictionaries(st.text(), st.text(st.characters(codec=None))))
def test_json_stands_safely_in_a_script(data):
    text = script_json(data)
    assert not set("<>&\u2028\u2029") & set(text)
    text.encode("utf-8")
    assert json.loads(text).keys() is not None


def test_the_same_plan_gives_the_same_page():
    plan = make_plan(40)
    assert page.map_page(plan, "zh", day=DAY) == page.map_page(plan, "zh", day=DAY)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_size_of_a_county(tmp_path, lang):
    page.write_map(make_plan(350), tmp_path / "map.html", lang, day=DAY)
    assert (tmp_path / "map.html").stat().st_size < 1_000_000


def test_tianditu_only_with_a_key(monkeypatch):
    monkeypatch.setenv(page.TIANDITU_KEY, "abc123")
    text = page.map_page(make_plan(20), "zh", day=DAY)
    assert "tk=abc123" in text
    assert "img-src data: https://*.tianditu.gov.cn" in text
    for bad in ("a b", "</script>", "密", "x" * 65):
        with pytest.raises(ValueError, match=page.TIANDITU_KEY):
            page.tianditu_tiles(bad)


def test_synthetic_is_said_only_of_synthetic_plans():
    plan = make_plan(20)
    assert (
        "合成数据" in page.map_page(plan, "zh", day=DAY).split("<footer>")[0].split("<header>")[1]
    )
    real = replace(plan, synthetic=False)
    header = page.map_page(real, "zh", day=DAY).split("<header>")[1].split("</header>")[0]
    assert "合成数据" not in header


def test_a_plan_without_backdrop_or_streams_is_still_a_page():
    plan = make_plan(20)
    empty = replace(
        plan,
        roads=plan.roads.iloc[:0],
        districts=plan.districts.iloc[:0],
        exclusions=plan.exclusions.iloc[:0],
        candidates=plan.candidates.iloc[:0],
        streams={},
    )
    assert "plan-data" in page.map_page(empty, "en", day=DAY)


def test_status_of_villages_follows_the_table():
    plan = make_plan(120)
    demand = plan.streams["pesticide_packaging"].demand
    status = np.array(map_data(plan, "zh", DAY)["streams"][0]["demand"]["status"])
    assert ((status == 2) == ~demand["served"].to_numpy(bool)).all()
    beyond = demand["served"].to_numpy(bool) & ~demand["within_radius"].fillna(value=True).to_numpy(
        bool
    )
    assert ((status == 1) == beyond).all()


def test_links_from_another_level_than_the_profile_s_name_it():
    plan = make_plan(60)
    key, stream = next(iter(plan.streams.items()))
    first = stream.profile.tiers[0]
    lower = first.model_copy(update={"id": "lower", "serves": "demand"})
    upper = first.model_copy(update={"serves": "lower"})
    profile = stream.profile.model_copy(update={"tiers": [lower, upper]})
    # All go to the upper tier straight from the villages: none from the tier that it serves.
    flows = stream.assignments.assign(tier=upper.id, from_tier="demand")
    changed = replace(stream, profile=profile, assignments=flows)
    found = map_data(replace(plan, streams={key: changed}), "zh", DAY)["streams"][0]
    assert found["links"][1]["level"] == [-1] * len(flows)


def test_links_name_those_who_go_where():
    plan = make_plan(120)
    stream = plan.streams["straw"]
    data = map_data(plan, "zh", DAY)["streams"][1]
    assert sum(len(tier["from"]) for tier in data["links"]) == len(stream.assignments)
    first = stream.assignments.iloc[0]
    demand_row = data["links"][0]["from"][0]
    assert stream.demand["id"][demand_row] == first["from_id"]
    assert data["facilities"]["id"][data["links"][0]["to"][0]] == first["to_id"]


@given(
    st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-80, 80)), min_size=1, max_size=20
    )
)  # fmt: skip
def test_encoded_lines_decode_to_a_metre(points):
    # A line of one point is drawn as two that fall together.
    (line,) = encoded(np.array([LineString(points * 2)], dtype=object))
    whole = np.cumsum(np.array(line).reshape(-1, 2), axis=0)
    for lon, lat in points:
        assert np.abs(whole / SCALE - [lon, lat]).max(axis=1).min() <= 0.5 / SCALE + 1e-9


def test_roads_fit_their_budget_and_the_minor_ones_go_first():
    roads = make_plan(350).roads
    full = road_lines(roads)
    assert full["dropped"] == 0
    tight = road_lines(roads, budget=100)
    assert tight["dropped"] > 0
    json.dumps(tight)  # as the page takes it: of plain numbers
    assert tight["ranks"][0]
    assert not tight["ranks"][3]


def test_two_ways_of_one_road_are_drawn_once():
    roads = make_plan(40).roads
    both = gpd.GeoDataFrame(
        {"class": [*roads["class"], *roads["class"]], "name": ""},
        geometry=[*roads.geometry, *roads.geometry.reverse()],
        crs=roads.crs,
    )
    assert road_lines(both) == road_lines(roads)


def test_road_classes_by_rank():
    assert [road_rank(c) for c in ("trunk", "county", "tertiary", "village", None)] == [
        0,
        1,
        2,
        3,
        3,
    ]
