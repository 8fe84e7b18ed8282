"""The map in a real browser with no network: what an official does with it, and hostile names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scenarios.deliverables.map import write_map
from scenarios.plan import PhaseState
from tests.scenarios.deliverables.plans import HOSTILE_NAMES, make_plan

pytestmark = pytest.mark.browser

COLOUR_COUNT = """([red, green, blue]) => {
  const canvas = [...document.querySelectorAll('canvas.plan-canvas')].at(-1);
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let k = 0; k < pixels.length; k += 4)
    if (pixels[k] === red && pixels[k + 1] === green && pixels[k + 2] === blue) count += 1;
  return count;
}"""
UNCOVERED = [0xD5, 0x5E, 0x00]


@pytest.fixture
def county_map(open_page, tmp_path):
    """A map of 120 villages, open."""
    write_map(make_plan(120), tmp_path / "map.html", "zh")
    open_page.open(tmp_path / "map.html")
    yield open_page
    assert open_page.faults == []
    assert open_page.fetched == []


def screen_position(page, kind: str, stream: int, position: int):
    """Where a village or facility stands on the screen, the map zoomed to it."""
    return page.evaluate(
        """([kind, s, k]) => {
          const { map, data } = planMap;
          const table = kind === 'village' ? data.points : data.streams[s].facilities;
          map.setView([table.y[k] / data.scale, table.x[k] / data.scale], 15, { animate: false });
          const at = map.latLngToContainerPoint([table.y[k] / data.scale, table.x[k] / data.scale]);
          const box = map.getContainer().getBoundingClientRect();
          return [at.x + box.left, at.y + box.top];
        }""",
        [kind, stream, position],
    )


def test_the_sheet_has_all_that_a_planner_hands_in(county_map):
    page = county_map.page
    assert page.title() == make_plan(120).title
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    text = page.locator("body").inner_text()
    for words in ("图例", "合成数据", "资料来源", "制图日期", "未覆盖村", "服务范围", "CGCS2000",
                  "与理论最优最多相差 0.8%", "规划新建", "现状保留", "农药包装废弃物"):  # fmt: skip
        assert words in text, words
    assert page.locator(".north").is_visible()
    assert "公里" in page.locator(".scale-bar").inner_text()
    assert page.locator("canvas.plan-canvas").count() == 2


def test_uncovered_villages_have_a_colour_of_their_own_and_layers_switch(county_map):
    page = county_map.page
    assert page.evaluate(COLOUR_COUNT, UNCOVERED) > 50
    group = page.locator('details.stream[data-stream="pesticide_packaging"]')
    group.locator('[data-layer="village:2"] input').uncheck()
    assert page.evaluate(COLOUR_COUNT, UNCOVERED) == 0
    assert "未覆盖村" not in page.locator("#legend").inner_text()
    group.locator('[data-layer="village:2"] input').check()
    group.locator('[data-layer="circle:0"] input').check()
    assert "服务半径圈" in page.locator("#legend").inner_text()


def test_another_stream_is_shown_alone(county_map):
    page = county_map.page
    page.locator('details[data-stream="straw"] .only').click()
    legend = page.locator("#legend").inner_text()
    assert "秸秆收储运" in legend
    assert "农药包装废弃物" not in legend
    assert page.evaluate("planMap.view.streams.map((stream) => stream.on)") == [False, True]


def test_a_click_on_a_village_tells_who_serves_it_and_how_far(county_map):
    page = county_map.page
    demand = make_plan(120).streams["pesticide_packaging"].demand
    k = int(demand["served"].to_numpy().nonzero()[0][5])
    page.mouse.click(*screen_position(page, "village", 0, k))
    popup = page.locator(".leaflet-popup-content")
    popup.wait_for()
    text = popup.inner_text()
    assert demand["name"][k] in text or "回收点" in text
    page.evaluate(f"planMap.select({{kind: 'village', k: {k}}})")
    text = page.locator(".leaflet-popup-content").inner_text()
    for words in (demand["name"][k], demand["facility_name"][k], "直线距离", "道路距离", "服务半径",
                  "GB 55013-2021", "规划取值（非规范条文）"):  # fmt: skip
        assert words in text, words
    assert page.evaluate("planMap.view.selected.links.length") == 1


def test_an_uncovered_village_tells_why(county_map):
    page = county_map.page
    page.evaluate("planMap.select({kind: 'village', k: 3})")
    text = page.locator(".leaflet-popup-content").inner_text()
    assert "未覆盖村" in text
    assert "没有可通行道路" in text
    assert page.evaluate("planMap.view.selected.links.length") == 0


def test_a_click_on_a_facility_shows_all_it_serves(county_map):
    page = county_map.page
    facilities = make_plan(120).streams["pesticide_packaging"].facilities
    k = int(facilities["n_served"].idxmax())
    page.mouse.click(*screen_position(page, "facility", 0, k))
    text = page.locator(".leaflet-popup-content").inner_text()
    for words in (facilities["name"][k], "设计规模", "负荷率", "服务人口", "用地面积", "责任单位"):
        assert words in text, words
    assert page.evaluate("planMap.view.selected.links.length") == facilities["n_served"][k]


def test_a_village_s_way_goes_up_to_the_top_tier(county_map):
    page = county_map.page
    page.locator('details[data-stream="straw"] .only').click()
    served = make_plan(120).streams["straw"].demand["served"]
    k = int(served.to_numpy().nonzero()[0][0])
    page.evaluate(f"planMap.select({{kind: 'village', k: {k}}})")
    assert page.evaluate("planMap.view.selected.links.map(({ tier }) => tier)") == [0, 1]


def test_search_finds_a_village_by_a_part_of_its_name(county_map):
    page = county_map.page
    page.locator(".search input").fill("李家庄1")
    assert page.locator(".results button").count() >= 1
    page.keyboard.press("Enter")
    assert "李家庄1" in page.locator(".leaflet-popup-content").inner_text()
    page.locator(".search input").fill("没有的村")
    assert page.locator(".results .none").is_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_names_are_data(open_page, tmp_path, lang):
    write_map(make_plan(60, hostile=True), tmp_path / "map.html", lang)
    open_page.open(tmp_path / "map.html")
    page = open_page.page
    for k in range(len(HOSTILE_NAMES)):
        page.evaluate(f"planMap.select({{kind: 'village', k: {k}}})")
    page.evaluate("planMap.select({kind: 'facility', s: 0, k: 0})")
    shown = page.locator(".popup-head strong").inner_text()
    assert shown == HOSTILE_NAMES[0]
    page.locator(".search input").fill("<img")
    assert page.locator(".results button").first.inner_text().startswith("<img src=x")
    page.evaluate("planMap.view.candidates = [true, true]; planMap.redraw()")
    page.evaluate("planMap.select({kind: 'candidate', k: 0})")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert open_page.faults == []
    assert open_page.fetched == []


def test_english_sheet_has_no_chinese_of_ours(open_page, tmp_path):
    write_map(make_plan(60), tmp_path / "map.html", "en")
    open_page.open(tmp_path / "map.html")
    legend = open_page.page.locator("#legend").inner_text()
    assert "Legend" in legend
    assert "uncovered village" in legend
    assert open_page.faults == []


def test_a_print_is_one_sheet_without_the_panel(county_map):
    page = county_map.page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("#panel").is_visible()
    assert page.locator("#legend").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#panel").is_visible()


def test_a_building_programme_is_shown_year_by_year(open_page, tmp_path):
    write_map(in_two_years(make_plan(120)), tmp_path / "map.html", "zh")
    open_page.open(tmp_path / "map.html")
    page = open_page.page
    years = page.get_by_role("radio")
    assert [one.inner_text() for one in years.all()] == ["2023", "2025"]
    assert years.nth(1).get_attribute("aria-checked") == "true"
    new = "planMap.data.streams[0].facilities.status.filter((one) => one === 2).length"
    late = page.evaluate(new)
    years.nth(1).press("ArrowLeft")
    assert years.nth(0).get_attribute("aria-checked") == "true"
    assert late > page.evaluate(new) == 0
    assert "2023" in page.locator("#legend").inner_text()
    assert open_page.faults == []
    assert open_page.fetched == []


def in_two_years(plan):
    """The plan as a programme that builds everything new in the second year."""
    streams = {}
    for name, stream in plan.streams.items():
        table = stream.facilities
        early = table.assign(status=table["status"].replace("new", "not_chosen"))
        states = [
            PhaseState(year, facilities, stream.demand, stream.assignments, ())
            for year, facilities in ((2023, early), (2025, table))
        ]
        streams[name] = replace(stream, phases=tuple(states))
    return replace(plan, streams=streams)


@pytest.mark.slow
def test_ten_thousand_villages_stay_usable(open_page, tmp_path):
    path = tmp_path / "map.html"
    write_map(make_plan(10_000), path, "zh")
    assert path.stat().st_size < 5_000_000
    open_page.open(path)
    page = open_page.page
    page.evaluate("planMap.map.setZoom(12, { animate: false })")
    page.locator(".search input").fill("李家庄1200")
    page.keyboard.press("Enter")
    assert "李家庄1200" in page.locator(".leaflet-popup-content").inner_text()
    assert open_page.faults == []
