"""How often, when and for how long stops are visited; calendars; depots; classes; daily capacities."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geodata.faults import InputError
from scenarios.operations import Rounds
from scenarios.rounds_costs import rounds_costs
from scenarios.rounds_stops import LONGEST_CYCLE, cycle_of, visiting

WORKING = rounds_costs().working_days


def rule(**given):
    number = {"unit": "d", "source": "test", "evidence": "assumed"}
    numbers = {key: {"value": value, **number} for key, value in given.items()}
    return Rounds.model_validate({"every_days": {"value": 7, **number}} | numbers)


def stops_of(layer):
    return pd.DataFrame({"id": layer["id"], "demand_t_per_yr": 10.0})


def layer_of(**columns):
    count = len(next(iter(columns.values()))) if columns else 3
    table = {"id": [f"p{k}" for k in range(count)], **columns}
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy([0] * count, [0] * count))


def test_a_profile_says_it_for_all_and_a_column_for_single_stops():
    layer = layer_of(
        collect_every_days=[None, "1", ""], collect_from=["21:30", None, 8],
        collect_until=["26", None, "17.5"], collect_min=[None, 12, None],
    )  # fmt: skip
    found = visiting(rule(opens_h=9, stop_min=4), stops_of(layer), layer)
    assert found.every_days.tolist() == [7, 1, 7]
    assert found.opens_s.tolist() == [21.5 * 3600, 9 * 3600, 8 * 3600]
    assert found.closes_s.tolist() == [26 * 3600, np.inf, 17.5 * 3600]
    assert found.service_s.tolist() == [240, 720, 240]


def test_every_value_that_means_nothing_is_named_at_once():
    layer = layer_of(collect_every_days=["often", -1, 2], collect_from=["8", "25:99", "22:00"],
                     collect_until=["7:00", None, "6:00"])  # fmt: skip
    with pytest.raises(InputError) as error:
        visiting(rule(), stops_of(layer), layer)
    text = str(error.value)
    assert len(error.value.faults) == 5
    for word in ("often", "25:99", "p0", "p2", "counts on"):
        assert word in text


def test_larger_stops_are_visited_oftener():
    number = {"unit": "d", "source": "test", "evidence": "assumed"}
    steps = [
        {"above_t_per_yr": 20, "every_days": {"value": 1, **number}},
        {"above_t_per_yr": 5, "every_days": {"value": 3.5, **number}},
    ]
    by_size = rule().model_copy(
        update={"oftener": Rounds.model_validate(
            {"every_days": {"value": 7, **number}, "oftener": steps}).oftener}
    )  # fmt: skip
    layer = layer_of()
    stops = stops_of(layer).assign(demand_t_per_yr=[1.0, 6.0, 30.0])
    found = visiting(by_size, stops, layer)
    assert found.every_days.tolist() == [7, 3.5, 1]
    cycle = cycle_of(found.every_days, WORKING)
    assert cycle.length == 7
    assert cycle.visits.tolist() == [1, 2, 7]
    assert cycle.days[0].tolist() == [True] * 5 + [False] * 2
    assert cycle.days[2].all()


@pytest.mark.parametrize(
    ("every", "length", "visits"),
    [
        ([1, 1], 1, [1, 1]), ([2, 2], 2, [1, 1]), ([3.5, 7], 7, [2, 1]), ([30, 30], 28, [1, 1]),
        ([7, 30], 28, [4, 1]), ([90, 90], 84, [1, 1]), ([90, 180], 84, [1, 1]),
        ([400, 400], LONGEST_CYCLE, [1, 1]), ([1, 90], 28, [28, 1]),
    ],
)  # fmt: skip
def test_stops_are_visited_at_least_as_often_as_they_ask(every, length, visits):
    cycle = cycle_of(np.array(every, float), WORKING)
    assert cycle.length == length
    assert cycle.visits.tolist() == visits
    assert (cycle.length / cycle.visits <= np.array(every) + 1e-9).all()
    assert len(cycle.names) == cycle.days.shape[1]
