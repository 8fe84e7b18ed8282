"""Rounds in a real browser: the map on a desk and on a phone, and rounds that are being searched."""

from __future__ import annotations

import json

import pytest

from api.jobs.rows import run_folder
from api.jobs.task import so_far_folder
from planner.routes import RoundsSettings
from scenarios import rounds_output
from scenarios.deliverables.rounds_map import write_rounds_map
from scenarios.load import example
from scenarios.rounds import run_rounds
from scenarios.schema import StreamUse
from scenarios.store import runs
from scenarios.store.models import RunKind, RunRow
from tests.api.service.conftest import DOCUMENT, HOSTILE, STREAM

pytestmark = pytest.mark.browser

QUICK = RoundsSettings(time_limit_s=60, seed=1, iterations=5)
SIZES = [(1400, 900), (360, 760)]


@pytest.fixture(scope="module")
def planned_rounds():
    scenario = example("demo", ["synthetic.villages=24", "solver.time_limit_s=3"])
    uses = tuple(StreamUse(stream=one) for one in ("household_transfer", "hazardous_small_source"))
    return run_rounds(scenario.model_copy(update={"streams": uses}), settings=QUICK)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_map_of_rounds_fits_where_it_is_looked_at(
    open_page, planned_rounds, tmp_path, width, height
):
    path = tmp_path / "rounds.html"
    write_rounds_map(planned_rounds, path, "zh")
    page = open_page.page
    page.set_viewport_size({"width": width, "height": height})
    page.goto(path.as_uri())
    page.wait_for_function("window.roundsMap && window.roundsMap.ready")
    size = page.evaluate("(({x, y}) => [x, y])(roundsMap.map.getSize())")
    assert size[0] <= width
    assert size[1] > height / 3
    assert page.evaluate("roundsMap.map.getBounds().contains(roundsMap.data.bounds)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".lorries .name").first.click()
    assert page.locator(".number").count() > 0
    assert page.locator(".arrow").count() > 0
    # Close by, only what is seen is drawn.
    page.evaluate("void roundsMap.map.setZoom(18, {animate: false})")
    assert page.locator(".arrow").count() < 500
    page.locator(".chooser button").nth(1).click()  # the monthly stream: some days have no rounds
    assert page.locator(".chooser button.empty").count() > 0
    assert page.locator(".lorries li").count() > 0
    assert open_page.faults == []
    assert open_page.fetched == []


LINE = [[115.5, 36.5], [115.6, 36.6]]
FACTS = {
    "layer": "rounds", "stream": STREAM, "day": 0, "lorry": f"站-1 {HOSTILE}", "stops": 3, "km": 12.34,
    "leaves": "06:00", "returns": "09:30",
}  # fmt: skip
SO_FAR = {
    "still_improving": True, "cost_cny_per_cycle": 18_600.4,
    "figures": {lang: [["lorries", HOSTILE]] for lang in ("zh", "en")},
    "days": {"zh": ["每天"], "en": ["every day"]},
}  # fmt: skip


def searched(service, plan_id, tmp_path):
    """A run whose rounds are being searched, with the best so far."""
    row = RunRow(
        kind=RunKind.ROUNDS.value, title="rounds", document=DOCUMENT, streams=[STREAM], key="k",
        options={"seed": 0}, start_run_id=plan_id, state="running", attempt=1,
    )  # fmt: skip
    line = {"type": "Feature", "properties": FACTS,
            "geometry": {"type": "LineString", "coordinates": LINE}}  # fmt: skip
    files = {
        rounds_output.ROUNDS: {STREAM: {"so_far": SO_FAR}},
        rounds_output.GEOJSON: {"type": "FeatureCollection", "still_improving": True,
                                "features": [line]},
    }  # fmt: skip
    with service.database.writing() as session:
        runs.add(session, row)
        for name, content in files.items():
            (tmp_path / name).write_text(json.dumps(content), "utf-8")
            service.store.put(tmp_path / name, f"{so_far_folder(run_folder(row))}/{name}")
        runs.note(session, row, "so_far", stream=STREAM, objective=18_600.4)
    return row.id


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_rounds_are_seen_while_they_are_searched(site, site_app, tmp_path, width, height):
    service = site_app.state.service
    with service.database.reading() as session:
        plan = runs.latest_finished(session)
    site.page.set_viewport_size({"width": width, "height": height})
    site.open(f"/planner/runs/{searched(service, plan.id, tmp_path)}")
    site.page.locator("#so-far:not([hidden]) .outcome").wait_for()
    told = site.page.locator("#so-far-streams").inner_text()
    assert "18,600" in told
    site.page.locator("#so-far-streams summary").click()
    row = site.page.locator("#so-far-streams tbody tr").inner_text()
    assert all(part in row for part in ("站-1", "每天", "12.3", "06:00", "09:30"))
    assert site.page.evaluate("document.documentElement.scrollWidth") <= width
    assert site.accessibility_faults() == []
    site.picture(f"rounds_so_far_{width}")
