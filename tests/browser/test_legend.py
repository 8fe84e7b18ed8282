"""The legend of a map shows every line: on a screen, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scenarios.deliverables.map import write_map
from tests.scenarios.deliverables.plans import make_plan

pytestmark = pytest.mark.browser

SCREENS = ((1300, 850), (390, 844))
MANY = 7
ALL_ON = "() => { planMap.view.streams.forEach((one) => { one.on = true; }); planMap.redraw(); }"
HIDDEN_LINES = """() => {
  const inside = (one, box) => one.left >= box.left - 1 && one.right <= box.right + 1
    && one.top >= box.top - 1 && one.bottom <= box.bottom + 1;
  const legend = document.getElementById('legend').getBoundingClientRect();
  const frame = document.getElementById('frame').getBoundingClientRect();
  return [...document.querySelectorAll('#legend h2, #legend h3, #legend .legend-row')]
    .filter((line) => {
      const at = line.getBoundingClientRect();
      return !inside(at, legend) || !inside(at, frame) || line.scrollWidth > line.clientWidth;
    })
    .map((line) => line.textContent);
}"""
OVER_THE_MAP = """() => {
  const { map, data } = planMap;
  const [south, north] = data.bounds;
  const box = map.getContainer().getBoundingClientRect();
  const west = map.latLngToContainerPoint([south[0], south[1]]).x + box.left;
  return document.getElementById('legend').getBoundingClientRect().right > west;
}"""


def of_many_streams():
    """A plan of seven streams, as a county's programme has."""
    plan = make_plan(60)
    both = list(plan.streams.values())
    streams = {}
    for k in range(MANY):
        one = both[k % len(both)]
        key = f"stream_{k}"
        streams[key] = replace(one, profile=one.profile.model_copy(update={"id": key}))
    return replace(plan, streams=streams)


def comes_true(page, asked: Callable[[], bool]) -> bool:
    """Whether it is so within 5 s; the page's policy forbids Playwright to ask in the page."""
    for _ in range(100):
        if asked():
            return True
        page.wait_for_timeout(50)
    return False


@pytest.fixture
def sheet(open_page, tmp_path):
    """Opens a map of many streams, of which the first is shown."""

    def opened(lang: str, size: tuple[int, int]):
        write_map(of_many_streams(), tmp_path / "map.html", lang)
        open_page.page.set_viewport_size({"width": size[0], "height": size[1]})
        open_page.open(tmp_path / "map.html")
        return open_page.page

    yield opened
    assert open_page.faults == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SCREENS)
def test_no_line_of_two_streams_is_cut(sheet, lang, size):
    page = sheet(lang, size)
    page.evaluate("planMap.view.streams[1].on = true; planMap.redraw()")
    assert page.locator(".legend-row").count() > 20
    assert page.evaluate(HIDDEN_LINES) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_wide_screen_scrolls_what_it_cannot_hold(sheet, lang):
    page = sheet(lang, SCREENS[0])
    page.evaluate(ALL_ON)
    legend = page.locator("#legend")
    last = legend.locator(".legend-row").last.inner_text()
    assert last in page.evaluate(HIDDEN_LINES)
    assert "cut" in legend.get_attribute("class")
    legend.focus()
    page.keyboard.press("End")
    assert comes_true(page, lambda: page.evaluate(HIDDEN_LINES)[-1] != last)
    page.evaluate("planMap.view.streams.forEach((one, k) => { one.on = k === 0; })")
    page.evaluate("planMap.redraw()")
    assert "cut" not in legend.get_attribute("class")
    assert legend.get_attribute("tabindex") is None


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_phone_shows_all_streams_below_the_map(sheet, lang):
    page = sheet(lang, SCREENS[1])
    page.evaluate(ALL_ON)
    assert page.evaluate(HIDDEN_LINES) == []
    drawn = page.locator(".folium-map").bounding_box()
    assert page.locator("#legend").bounding_box()["y"] >= drawn["y"] + drawn["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[1][0]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SCREENS)
def test_paper_shows_all_streams_beside_what_is_mapped(sheet, lang, size):
    page = sheet(lang, size)
    page.evaluate(ALL_ON)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(HIDDEN_LINES) == []
    assert not page.evaluate(OVER_THE_MAP)
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#panel").is_visible()


def test_a_wider_screen_shows_more_columns_at_once(sheet):
    page = sheet("zh", SCREENS[0])
    page.evaluate(ALL_ON)
    page.set_viewport_size({"width": 2560, "height": 1400})
    assert comes_true(page, lambda: page.evaluate(HIDDEN_LINES) == [])
    assert "cut" not in page.locator("#legend").get_attribute("class")
