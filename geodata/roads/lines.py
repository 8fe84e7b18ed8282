"""Lines as readers leave them: geometry, who meets whom, and what is known of each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from geodata.roads.graph import FloatArray

_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True, eq=False)
class LineAttributes:
    """What is known of each line; two columns where the directions differ (along, against).

    Parameters
    ----------
    road_class : (l,) positions in the class names
    name : (l,) positions in the names, -1 unnamed
    access : (l, 2) bits of ``Access``; 0 where nobody may go that way
    max_weight_t, max_height_m : (l,) NaN where none is known
    speed_kph, speed_limit_kph : (l, 2) measured speed and posted limit, NaN where none is known
    closed : (l,) closed to all for now, but part of the network
    """

    road_class: NDArray[np.int16]
    name: NDArray[np.int32]
    access: NDArray[np.uint16]
    max_weight_t: NDArray[np.float32]
    max_height_m: NDArray[np.float32]
    speed_kph: NDArray[np.float32]
    speed_limit_kph: NDArray[np.float32]
    closed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.road_class)

    def take(self, lines: NDArray[np.integer]) -> Self:
        """The attributes of these lines, in this order."""
        return replace(self, **{f.name: getattr(self, f.name)[lines] for f in fields(self)})

    def turned(self, backwards: NDArray[np.bool_]) -> Self:
        """The same with the lines of the mask drawn the other way round."""
        both = ("access", "speed_kph", "speed_limit_kph")
        mask = backwards[:, None]
        return replace(
            self,
            **{
                name: np.where(mask, getattr(self, name)[:, ::-1], getattr(self, name))
                for name in both
            },
        )

    def joined_with(self, others: Self) -> Self:
        """These lines, then the others."""
        return replace(
            self,
            **{
                f.name: np.concatenate([getattr(self, f.name), getattr(others, f.name)])
                for f in fields(self)
            },
        )


def plain_attributes(
    road_class: NDArray[np.integer], access: NDArray[np.integer]
) -> LineAttributes:
    """Attributes of lines of which only class (l,) and access (l, 2) are known."""
    n = len(road_class)
    return LineAttributes(
        road_class=np.asarray(road_class, np.int16),
        name=np.full(n, -1, np.int32),
        access=np.asarray(access, np.uint16),
        max_weight_t=np.full(n, np.nan, np.float32),
        max_height_m=np.full(n, np.nan, np.float32),
        speed_kph=np.full((n, 2), np.nan, np.float32),
        speed_limit_kph=np.full((n, 2), np.nan, np.float32),
        closed=np.zeros(n, bool),
    )


@dataclass(frozen=True)
class TurnRule:
    """A turn restriction over a node.

    Parameters
    ----------
    from_line, to_line : positions of lines
    via_node : point identity at which both meet
    only : True: nothing but this turn is allowed; False: this turn is forbidden
    groups : bits of the ``Access`` groups it binds
    """

    from_line: int
    via_node: int
    to_line: int
    only: bool
    groups: int


@dataclass(frozen=True, eq=False)
class RoadLines:
    """A road network before it is a graph.

    Parameters
    ----------
    start : (l + 1,) line ``i`` has the points ``start[i]:start[i + 1]``, two or more
    lon, lat : (p,) WGS84 degrees
    node : (p,) identity of the point: lines meet where they share one; -1 meets nobody
    attributes : of the lines
    class_names, names : what the attributes' positions stand for
    barriers : node identity -> bits of the groups that may pass it
    turns : turn restrictions
    source : for maps and reports
    counts : what the reader met, left out or could not use, by a name
    """

    start: NDArray[np.int64]
    lon: FloatArray
    lat: FloatArray
    node: NDArray[np.int64]
    attributes: LineAttributes
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    barriers: Mapping[int, int] = field(default_factory=dict)
    turns: tuple[TurnRule, ...] = ()
    source: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.start) - 1


def lengths_m(start: NDArray[np.int64], lon: FloatArray, lat: FloatArray) -> FloatArray:
    """(l,) length of each line on the WGS84 ellipsoid, metres."""
    if len(start) <= 1:
        return np.zeros(0)
    steps = np.zeros(len(lon))
    if len(lon) > 1:
        _, _, steps[1:] = _EARTH.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    steps[start[:-1]] = 0.0  # the step from the line before
    return np.asarray(np.add.reduceat(steps, start[:-1]))


def ragged_indices(
    first: NDArray[np.int64], count: NDArray[np.int64], step: NDArray[np.int64] | int = 1
) -> NDArray[np.int64]:
    """Indices of many runs, one after the other: run ``i`` is ``first + step * arange(count)``."""
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    steps = offset if isinstance(step, int) and step == 1 else offset * np.repeat(step, count)
    return np.asarray(np.repeat(first, count) + steps)
