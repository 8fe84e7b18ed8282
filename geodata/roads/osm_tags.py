"""What OSM's tags say of a way, a barrier or a turn, as osm_tags.yaml reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from geodata.knowledge import knowledge
from geodata.roads.access import Access
from geodata.roads.classes import class_access


def _knowledge() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = knowledge("geodata.roads", "osm_tags.yaml")
    return loaded


def _groups(names: Iterable[str]) -> Access:
    access = Access.NONE
    for name in names:
        access |= Access[name]
    return access


_KNOWLEDGE = _knowledge()
HIGHWAYS = frozenset(_KNOWLEDGE["highways"])
_ACCESS_KEYS = {key: _groups(names) for key, names in _KNOWLEDGE["access_keys"].items()}
_OPEN, _CLOSED, _FARM_ONLY = (frozenset(_KNOWLEDGE[key]) for key in ("open", "closed", "farm_only"))
_ONEWAY = {key: frozenset(values) for key, values in _KNOWLEDGE["oneway"].items()}
_BARRIERS = {value: _groups(names) for value, names in _KNOWLEDGE["barriers"].items()}
_TURN_GROUPS = {key: _groups(names) for key, names in _KNOWLEDGE["turn_groups"].items()}

LIGHT_LORRY_HEIGHT_M = 2.6
"""A bar lower than this stops light lorries too (vehicles.yaml)."""

_DIRECTIONS = ("", ":forward", ":backward")
WAY_KEYS: tuple[str, ...] = (
    "highway",
    "junction",
    "oneway",
    *(key + direction for key in _ACCESS_KEYS for direction in _DIRECTIONS),
    *("maxspeed" + direction for direction in _DIRECTIONS),
    "maxweight",
    "maxheight",
    "maxheight:physical",
)
"""Keys of a way that change its attributes."""


@dataclass(frozen=True)
class WayAttributes:
    """What a way's tags say; pairs are (along, against) the way's direction."""

    access: tuple[Access, Access]
    max_weight_t: float
    max_height_m: float
    speed_limit_kph: tuple[float, float]


def way_attributes(tags: Mapping[str, str]) -> WayAttributes | None:
    """The attributes of a road; None where the way is no road.

    Ways of the same tags share one answer, which is kept.
    """
    if tags.get("highway") not in HIGHWAYS or tags.get("area") == "yes":
        return None
    return road_attributes(tags)


def road_attributes(tags: Mapping[str, str]) -> WayAttributes:
    """The attributes of a line that is a road, of a class that OSM or a layer knows."""
    known = tuple((key, tags[key].strip().lower()) for key in WAY_KEYS if key in tags)
    return _way_attributes(known)


@lru_cache(maxsize=65536)
def _way_attributes(items: tuple[tuple[str, str], ...]) -> WayAttributes:
    tags = dict(items)
    base = class_access(tags["highway"])
    along = access_after(tags, base, ":forward")
    against = access_after(tags, base, ":backward")
    direction = _oneway(tags)
    if direction > 0:
        against &= Access.WALK
    elif direction < 0:
        along &= Access.WALK
    limit = speed_kph(tags.get("maxspeed"))
    limits = [speed_kph(tags.get("maxspeed" + end)) for end in _DIRECTIONS[1:]]
    heights = [metres(tags.get(key)) for key in ("maxheight", "maxheight:physical")]
    return WayAttributes(
        access=(along, against),
        max_weight_t=tonnes(tags.get("maxweight")),
        max_height_m=min((h for h in heights if not math.isnan(h)), default=math.nan),
        speed_limit_kph=(
            limit if math.isnan(limits[0]) else limits[0],
            limit if math.isnan(limits[1]) else limits[1],
        ),
    )


def access_after(tags: Mapping[str, str], base: Access, direction: str = "") -> Access:
    """Groups that may pass, where ``base`` may without tags."""
    access = base
    for key, groups in _ACCESS_KEYS.items():
        for full_key in (key, key + direction) if direction else (key,):
            value = tags.get(full_key)
            if value in _OPEN:
                # access=yes on a footpath does not make it a road; a vehicle's own key does.
                access |= groups & base if key == "access" else groups
            elif value in _CLOSED:
                access &= ~groups
            elif value in _FARM_ONLY:
                access = (access & ~groups) | (groups & Access.FARM)
    return access


def _oneway(tags: Mapping[str, str]) -> int:
    """1 along the way only, -1 against it only, 0 both."""
    value = tags.get("oneway")
    if value in _ONEWAY["both"]:
        return 0
    if value in _ONEWAY["backward"]:
        return -1
    implied = (
        tags.get("junction") in _ONEWAY["implied_by_junction"]
        or tags.get("highway") in _ONEWAY["implied_by_highway"]
    )
    return 1 if implied or value in _ONEWAY["forward"] else 0


def barrier_access(tags: Mapping[str, str]) -> Access:
    """Groups that may pass a node with these tags."""
    plain = {key: value.strip().lower() for key, value in tags.items()}
    stopped = _BARRIERS.get(plain.get("barrier", ""), Access.NONE)
    height = metres(plain.get("maxheight"))
    if plain.get("barrier") == "height_restrictor" and height < LIGHT_LORRY_HEIGHT_M:
        stopped |= Access.GOODS
    # access=yes says that anybody may open it.
    base = Access.ALL if plain.get("access") in _OPEN else Access.ALL & ~stopped
    return access_after(plain, base)


def turn_groups(tags: Mapping[str, str]) -> tuple[str, Access]:
    """The kind of a restriction relation (``no_left_turn`` ...) and the groups it binds."""
    let_off = Access.NONE
    for word in tags.get("except", "").replace(",", ";").split(";"):
        let_off |= _TURN_GROUPS.get(word.strip(), Access.NONE) if word.strip() else Access.NONE
    for vehicle, groups in _TURN_GROUPS.items():
        kind = tags.get(f"restriction:{vehicle}" if vehicle else "restriction")
        if kind:
            return kind, groups & ~let_off
    return "", Access.NONE


_QUANTITY = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*([a-z'/]*)")


def _quantity(value: str | None) -> tuple[float, str]:
    """The first number of a tag and its unit; NaN where there is none."""
    match = _QUANTITY.match(value.lower()) if value else None
    if match is None:
        return math.nan, ""
    return float(match[1].replace(",", ".")), match[2]


def speed_kph(value: str | None) -> float:
    """``maxspeed``: km/h, mph or knots; of several values the lowest. ``none`` and words: NaN."""
    if value and value.strip().lower() == "walk":
        return 7.0
    speeds = []
    for part in (value or "").split(";"):
        number, unit = _quantity(part)
        factor = {"mph": _KNOWLEDGE["kph_per_mph"], "knots": _KNOWLEDGE["kph_per_knot"]}
        if number > 0:
            speeds.append(number * factor.get(unit, 1.0))
    return min(speeds, default=math.nan)


def tonnes(value: str | None) -> float:
    """``maxweight``: tonnes unless kg or short tons are written."""
    number, unit = _quantity(value)
    return number * {"kg": 0.001, "st": 0.907185, "lbs": 0.000453592}.get(unit, 1.0)


_FEET = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:'|ft)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|in)?)?")


def metres(value: str | None) -> float:
    """``maxheight``: metres, or feet and inches. ``default``, ``none`` and words: NaN."""
    feet = _FEET.match(value.lower()) if value else None
    if feet:
        return float(feet[1]) * 0.3048 + float(feet[2] or 0) * 0.0254
    number, unit = _quantity(value)
    return number * {"cm": 0.01}.get(unit, 1.0)
