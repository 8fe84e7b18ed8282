from __future__ import annotations

import math

import pytest

from geodata.roads.access import LORRIES, MOTOR, Access
from geodata.roads.osm_tags import (
    barrier_access,
    metres,
    speed_kph,
    tonnes,
    turn_groups,
    way_attributes,
)

A = Access


def along_and_against(**tags: str):
    attributes = way_attributes({"highway": "residential", **tags})
    assert attributes is not None
    return attributes.access


@pytest.mark.parametrize(
    ("tags", "along", "against"),
    [
        ({}, A.ALL, A.ALL),
        ({"oneway": "yes"}, A.ALL, A.WALK),
        ({"oneway": "-1"}, A.WALK, A.ALL),
        ({"oneway": "reverse"}, A.WALK, A.ALL),
        ({"junction": "roundabout"}, A.ALL, A.WALK),
        ({"junction": "roundabout", "oneway": "no"}, A.ALL, A.ALL),
        ({"highway": "motorway"}, MOTOR & ~A.FARM, A.NONE),
        ({"highway": "motorway", "oneway": "no"}, MOTOR & ~A.FARM, MOTOR & ~A.FARM),
        ({"highway": "footway"}, A.WALK, A.WALK),
        ({"highway": "footway", "access": "yes"}, A.WALK, A.WALK),
        ({"highway": "footway", "motor_vehicle": "yes"}, A.ALL, A.ALL),
        ({"access": "no"}, A.NONE, A.NONE),
        ({"access": "private", "foot": "yes"}, A.WALK, A.WALK),
        ({"access": "no", "hgv": "designated"}, A.HGV, A.HGV),
        ({"access": "destination"}, A.ALL, A.ALL),
        ({"motor_vehicle": "no"}, A.WALK, A.WALK),
        ({"motor_vehicle": "agricultural"}, A.WALK | A.FARM, A.WALK | A.FARM),
        ({"hgv": "no"}, A.ALL & ~A.HGV, A.ALL & ~A.HGV),
        ({"goods": "no"}, A.ALL & ~A.GOODS, A.ALL & ~A.GOODS),
        ({"hazmat": "no"}, A.ALL & ~A.HAZMAT, A.ALL & ~A.HAZMAT),
        ({"vehicle:backward": "no"}, A.ALL, A.WALK),
        ({"hgv:forward": "no"}, A.ALL & ~A.HGV, A.ALL),
        ({"motor_vehicle": "No "}, A.WALK, A.WALK),
        ({"access": "gibberish"}, A.ALL, A.ALL),
    ],
)
def test_access_and_direction(tags, along, against):
    assert along_and_against(**tags) == (along, against)


@pytest.mark.parametrize(
    "tags",
    [{"highway": "construction"}, {"highway": "proposed"}, {"route": "ferry"}, {},
     {"highway": "pedestrian", "area": "yes"}],
)  # fmt: skip
def test_what_is_no_road(tags):
    assert way_attributes(tags) is None


@pytest.mark.parametrize(
    ("tags", "passing"),
    [
        ({"barrier": "bollard"}, A.WALK),
        ({"barrier": "block"}, A.WALK),
        ({"barrier": "gate"}, A.ALL & ~LORRIES),
        ({"barrier": "gate", "access": "yes"}, A.ALL),
        ({"barrier": "gate", "hgv": "yes"}, A.ALL & ~LORRIES | A.HGV),
        ({"barrier": "gate", "access": "private"}, A.NONE),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, A.WALK),
        ({"barrier": "lift_gate"}, A.ALL),
        ({"barrier": "toll_booth"}, A.ALL),
        ({"barrier": "cattle_grid"}, A.ALL),
        ({"barrier": "height_restrictor"}, A.ALL & ~A.HGV & ~A.HAZMAT),
        ({"barrier": "height_restrictor", "maxheight": "2.2"}, A.ALL & ~LORRIES),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, A.ALL),
    ],
)
def test_barriers(tags, passing):
    assert barrier_access(tags) == passing


@pytest.mark.parametrize(
    ("text", "kph"),
    [("50", 50), ("30 mph", 48.28032), ("30mph", 48.28032), ("50;30", 30), ("walk", 7),
     ("none", math.nan), ("signals", math.nan), (None, math.nan), ("CN:urban", math.nan),
     ("0", math.nan), ("60 km/h", 60)],
)  # fmt: skip
def test_speeds(text, kph):
    assert speed_kph(text) == pytest.approx(kph, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "t"),
    [("3.5", 3.5), ("3,5 t", 3.5), ("7500 kg", 7.5), ("10 st", 9.07185), ("none", math.nan),
     (None, math.nan)],
)  # fmt: skip
def test_weights(text, t):
    assert tonnes(text) == pytest.approx(t, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "m"),
    [("3.8", 3.8), ("3,8 m", 3.8), ("13'6\"", 4.1148), ("12 ft", 3.6576), ("380 cm", 3.8),
     ("default", math.nan), ("below_default", math.nan), (None, math.nan)],
)  # fmt: skip
def test_heights(text, m):
    assert metres(text) == pytest.approx(m, nan_ok=True)


def test_the_lower_of_two_heights_and_limits_by_direction():
    attributes = way_attributes(
        {"highway": "primary", "maxheight": "4", "maxheight:physical": "3.6", "maxweight": "5",
         "maxspeed": "80", "maxspeed:backward": "60"}
    )  # fmt: skip
    assert attributes is not None
    assert attributes.max_height_m == pytest.approx(3.6)
    assert attributes.max_weight_t == pytest.approx(5)
    assert attributes.speed_limit_kph == pytest.approx((80, 60))


@pytest.mark.parametrize(
    ("tags", "kind", "groups"),
    [
        ({"restriction": "no_left_turn"}, "no_left_turn", MOTOR),
        ({"restriction": "no_left_turn", "except": "hgv;psv"}, "no_left_turn", MOTOR & ~A.HGV),
        ({"restriction:hgv": "only_straight_on"}, "only_straight_on", A.HGV),
        ({"restriction:conditional": "no_u_turn @ (7-9)"}, "", A.NONE),
    ],
)
def test_turn_tags(tags, kind, groups):
    assert turn_groups(tags) == (kind, groups)
