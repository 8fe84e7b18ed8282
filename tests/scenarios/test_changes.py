"""Sites locked, banned and moved, roads closed; a plan that starts from an earlier one."""

from __future__ import annotations

import pytest

from geodata.faults import InputError
from scenarios.changes import moved_id
from scenarios.earlier_plan import read_earlier_plan
from scenarios.output import write_plan
from scenarios.run import run
from scenarios.schema import Scenario

STREAM = "pesticide_packaging"
BASE = {
    "title": "t", "synthetic": {"villages": 40, "seed": 3}, "max_snap_m": 800,
    "streams": [{"stream": STREAM}],
}  # fmt: skip


def planned(**changes):
    return run(Scenario.model_validate({**BASE, **changes}))


@pytest.fixture(scope="module")
def plan():
    return planned()


def site_of(plan, status):
    table = plan.streams[STREAM].facilities
    return table[table["status"] == status].iloc[0]


def status_of(plan, site):
    return plan.streams[STREAM].facilities.set_index("id").loc[site, "status"]


def test_locked_and_banned_sites(plan):
    new, spare = site_of(plan, "new"), site_of(plan, "not_chosen")
    changes = [
        {"action": "ban", "stream": STREAM, "site": new["id"]},
        {"action": "lock", "stream": STREAM, "site": spare["id"]},
    ]
    changed = planned(site_changes=changes)
    assert status_of(changed, new["id"]) == "not_chosen"
    assert status_of(changed, spare["id"]) == "new"
    assert changed.streams[STREAM].input_hash != plan.streams[STREAM].input_hash


def test_a_standing_site_is_banned_too(plan):
    kept = site_of(plan, "kept")
    changed = planned(site_changes=[{"action": "ban", "stream": STREAM, "site": kept["id"]}])
    assert status_of(changed, kept["id"]) == "closed"


def test_a_moved_site_stands_at_its_new_place(plan):
    kept = site_of(plan, "kept")
    lon, lat = kept.geometry.x + 0.004, kept.geometry.y
    move = {"action": "move", "stream": STREAM, "site": kept["id"], "lon": lon, "lat": lat}
    changed = planned(site_changes=[move])
    assert status_of(changed, kept["id"]) == "closed"
    table = changed.streams[STREAM].facilities.set_index("id")
    assert table.loc[moved_id(kept["id"]), "status"] == "new"
    assert table.loc[moved_id(kept["id"])].geometry.x == pytest.approx(lon)


@pytest.mark.parametrize("changes", [
    {"site_changes": [{"action": "ban", "stream": STREAM, "site": "nobody"}]},
    {"site_changes": [{"action": "ban", "stream": "straw_storage", "site": "x"}]},
    {"closed_roads": [{"lon": 0, "lat": 0}]},
])  # fmt: skip
def test_changes_of_what_is_not_there_are_named(changes):
    with pytest.raises(InputError):
        planned(**changes)


def test_a_closed_road_changes_the_ways(plan):
    lines = plan.roads
    middle = lines.geometry.iloc[len(lines) // 2].interpolate(0.5, normalized=True)
    changed = planned(closed_roads=[{"lon": middle.x, "lat": middle.y}])
    assert changed.streams[STREAM].input_hash != plan.streams[STREAM].input_hash


def test_an_earlier_plan_is_read_and_started_from(plan, tmp_path):
    write_plan(plan, tmp_path / "plan", writers={})
    earlier = read_earlier_plan(tmp_path / "plan")
    again = run(Scenario.model_validate(BASE), start=earlier)
    one, other = (x.streams[STREAM].certificate for x in (plan, again))
    assert other.objective == pytest.approx(one.objective, rel=0.02)
    assert other.problem_hash == one.problem_hash
    assert other.seconds == pytest.approx(one.seconds, abs=0.001)  # it was not solved again
    ban = [{"action": "ban", "stream": STREAM, "site": site_of(plan, "new")["id"]}]
    changed = run(Scenario.model_validate({**BASE, "site_changes": ban}), start=earlier)
    assert changed.streams[STREAM].certificate.problem_hash != one.problem_hash
    assert status_of(changed, ban[0]["site"]) == "not_chosen"
    (tmp_path / "plan" / "plan.json").write_text("{", "utf-8")
    assert read_earlier_plan(tmp_path / "plan").tiers == {}
