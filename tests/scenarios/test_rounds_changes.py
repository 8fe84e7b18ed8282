"""Changes of stops and lorries: what they do to the question, and what they refuse."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point

from geodata.faults import InputError
from planner.routes import RoundsSettings
from planner.routes.record import record
from scenarios.rounds import rounds_of_plan
from scenarios.rounds_changed import with_changed_lorries, with_changed_stops
from scenarios.rounds_changes import AddedStop, LorriesNow, RoundsChanges
from scenarios.rounds_fleet import LorryDepots
from scenarios.run import run
from scenarios.schema import Scenario


def places(*ids: str) -> gpd.GeoDataFrame:
    facts = {"id": ids, "name": ids, "district": [f"of {one}" for one in ids]}
    points = [Point(115 + k, 36) for k in range(len(ids))]
    return gpd.GeoDataFrame(facts, geometry=points, crs="EPSG:4326").assign(demand_t_per_yr=1.0)


def test_stops_are_dropped_added_and_changed():
    new = AddedStop(id="n", lon=116.1, lat=36.0, t_per_yr=4.0)
    changes = RoundsChanges(dropped=("a",), amounts={"b": 9.0}, added=(new,))
    sites = places("left", "right")
    stops, site_of = with_changed_stops(places("a", "b", "c"), np.array([0, 0, 1]), sites, changes)
    assert dict(zip(stops["id"], stops["demand_t_per_yr"], strict=True)) == {
        "b": 9.0, "c": 1.0, "n": 4.0,
    }  # fmt: skip
    assert site_of.tolist() == [0, 1, 1]
    assert stops["district"].tolist()[-1] == "of b"


def test_every_fault_of_changes_is_told_at_once():
    new = AddedStop(id="a", lon=115.0, lat=36.0, t_per_yr=1.0)
    changes = RoundsChanges(dropped=("x",), amounts={"y": 1.0}, added=(new,))
    with pytest.raises(InputError) as caught:
        with_changed_stops(places("a"), np.zeros(1, int), places("s"), changes)
    assert len(caught.value.faults) == 3
    with pytest.raises(InputError, match="no stop is left"):
        with_changed_stops(
            places("a"), np.zeros(1, int), places("s"), RoundsChanges(dropped=("a",))
        )


def test_lorries_are_counted_anew():
    depots = LorryDepots(places("d", "e"), at_sites=True, lorries={})
    now = RoundsChanges(lorries=(LorriesNow(depot="e", vehicle="truck", lorries=0),))
    assert with_changed_lorries(depots, ("truck",), now).available("truck") == (None, 0)
    with pytest.raises(InputError, match="no lorries van stand at d"):
        with_changed_lorries(
            depots, ("truck",),
            RoundsChanges(lorries=(LorriesNow(depot="d", vehicle="van", lorries=1),)),
        )  # fmt: skip


def test_what_is_said_last_holds():
    new = AddedStop(id="n", lon=0.0, lat=0.0, t_per_yr=1.0)
    first = RoundsChanges(
        dropped=("a",), amounts={"b": 1.0, "c": 2.0}, added=(new,),
        lorries=(LorriesNow(depot="d", vehicle="v", lorries=1),),
    )  # fmt: skip
    then = RoundsChanges(
        dropped=("b", "n"), amounts={"c": 5.0},
        lorries=(LorriesNow(depot="d", vehicle="v", lorries=3),),
    )  # fmt: skip
    both = then.after(first)
    assert both.dropped == ("a", "b")
    assert both.amounts == {"c": 5.0}
    assert both.added == ()
    assert [one.lorries for one in both.lorries] == [3]
    assert RoundsChanges().after(first) == first


def test_rounds_of_a_plan_are_kept_but_for_what_changed():
    given = []
    scenario = Scenario.model_validate({
        "title": "rounds", "synthetic": {"villages": 40}, "max_snap_m": 800,
        "off_road": "straight", "streams": [{"stream": "household_transfer"}],
        "solver": {"time_limit_s": 5},
    })  # fmt: skip
    plan = run(scenario, on_inputs=given.append)
    stream = "household_transfer"
    settings = RoundsSettings(time_limit_s=2.0, iterations=30)
    before = rounds_of_plan(plan, given[0], settings=settings).streams[stream]
    gone = before.case.problem.stops.ids[0]
    at = before.case.stops.geometry.iloc[3]
    changes = RoundsChanges(
        dropped=(gone,), added=(AddedStop(id="new", lon=at.x, lat=at.y, t_per_yr=1.0),)
    )
    after = rounds_of_plan(
        plan, given[0], settings=settings, changes={stream: changes},
        earlier={stream: record(before.case.problem, before.solution)},
    ).streams[stream]  # fmt: skip
    assert after.solution.checked
    assert not after.solution.unserved
    assert after.change is not None
    assert after.change.dropped == (gone,)
    assert after.change.added == ("new",)
    assert after.change.kept >= after.change.before - 2
