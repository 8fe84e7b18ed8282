"""The outline that a county fills and the rivers that cross it, on the drawing board."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.synthetic.calibration import figure
from geodata.synthetic.draws import Draws

FloatArray = NDArray[np.float64]

_RIVER_SPACING_M = 21_000.0
_ROUNDNESS = 3.2
_AREA_OF_UNIT = 3.60  # of the shape with half width 1: superellipse 3.57, unevenness 1%


@dataclass(frozen=True, eq=False)
class Outline:
    """A rounded, uneven shape; a point lies inside where ``level`` is under 1.

    Parameters
    ----------
    half_m : half its mean width
    phase : (3,) of its unevenness, radians
    """

    half_m: float
    phase: FloatArray

    def level(self, xy: FloatArray) -> FloatArray:
        """(q,) 0 at the centre, 1 on the outline."""
        angle = np.arctan2(xy[:, 1], xy[:, 0])
        uneven = 1 + sum(
            size * np.sin(times * angle + phase)
            for times, size, phase in zip((2, 3, 5), (0.09, 0.06, 0.04), self.phase, strict=True)
        )
        across: FloatArray = (np.abs(xy) ** _ROUNDNESS).sum(axis=1) ** (1 / _ROUNDNESS)
        level: FloatArray = across / (self.half_m * uneven)
        return level

    def at_angles(self, angle: FloatArray) -> FloatArray:
        """(q, 2) points on the outline in these directions, radians from east."""
        ray = np.column_stack([np.cos(angle), np.sin(angle)])
        return ray / self.level(ray)[:, None]


def make_outline(draws: Draws, villages: int) -> Outline:
    """An outline whose area suits the number of villages."""
    area_m2 = villages * figure("area_per_village_km2") * 1e6
    half_m = float(np.sqrt(area_m2 / _AREA_OF_UNIT))
    return Outline(half_m=half_m, phase=draws.uniform(0, 2 * np.pi, 3))


@dataclass(frozen=True, eq=False)
class River:
    """A river that crosses the board from the south-west, wandering about a straight course.

    Parameters
    ----------
    course : (2,) unit vector downstream
    offset_m : of the mean course from the centre, to the left of downstream
    waves : (w, 3) amplitude in metres, wavelength in metres, phase in radians
    width_m : of the water
    reach_m : it runs from -reach to +reach along its course
    """

    course: FloatArray
    offset_m: float
    waves: FloatArray
    width_m: float
    reach_m: float

    def _line_at(self, along_m: FloatArray) -> FloatArray:
        swing: FloatArray = self.offset_m + sum(
            size * np.sin(2 * np.pi * along_m / length + phase)
            for size, length, phase in self.waves
        )
        return swing

    def left_m(self, xy: FloatArray) -> FloatArray:
        """Metres to the left of the river's middle, negative on its right bank; (…, 2) points."""
        east, north = xy[..., 0], xy[..., 1]
        along = east * self.course[0] + north * self.course[1]
        across = north * self.course[0] - east * self.course[1]
        left: FloatArray = across - self._line_at(along)
        return left

    def push_off(self, xy: FloatArray, clear_m: FloatArray | float) -> FloatArray:
        """The points, moved straight off the river where they are nearer to its bank."""
        left = self.left_m(xy)
        wanted = self.width_m / 2 + clear_m
        move = np.where(np.abs(left) < wanted, np.where(left < 0, -wanted, wanted) - left, 0.0)
        moved: FloatArray = xy + move[:, None] * np.array([-self.course[1], self.course[0]])
        return moved

    def line(self, step_m: float = 250.0) -> FloatArray:
        """(q, 2) its middle, downstream."""
        along = np.arange(-self.reach_m, self.reach_m + step_m, step_m)
        normal = np.array([-self.course[1], self.course[0]])
        middle: FloatArray = along[:, None] * self.course + self._line_at(along)[:, None] * normal
        return middle


def make_rivers(draws: Draws, outline: Outline) -> tuple[River, ...]:
    """Rivers side by side, the first a few kilometres off the centre; at least one."""
    course = np.array([np.cos(np.radians(34)), np.sin(np.radians(34))])
    reach = 1.75 * outline.half_m
    widest = int(1.2 * outline.half_m / _RIVER_SPACING_M) + 1
    side = 1.0 if draws.happens(0.5, 1)[0] else -1.0
    first = side * min(7_500.0, 0.45 * outline.half_m)
    rivers = []
    for rank in sorted(range(-widest, widest + 1), key=lambda r: (abs(r), r)):
        jitter, width = draws.uniform(-1_500, 1_500, 1)[0], draws.uniform(34, 60, 1)[0]
        sizes = draws.uniform(0.6, 1.2, 3) * (650, 320, 120)
        lengths = draws.uniform(0.8, 1.25, 3) * (15_000, 6_500, 2_900)
        waves = np.column_stack([sizes, lengths, draws.uniform(0, 2 * np.pi, 3)])
        offset = first + rank * _RIVER_SPACING_M + (jitter if rank else 0.0)
        if rank == 0 or abs(offset) < outline.half_m * 1.05:
            rivers.append(River(course, offset, waves, width if rank else 95.0, reach))
    return tuple(rivers)


def crosses_any(rivers: tuple[River, ...], start: FloatArray, end: FloatArray) -> NDArray[np.bool_]:
    """(q,) whether the straight way from ``start`` to ``end`` meets the water of a river."""
    met = np.zeros(len(start), np.bool_)
    ways = [start + t * (end - start) for t in np.linspace(0, 1, 12)]
    for river in rivers:
        left = np.stack([river.left_m(way) for way in ways])
        near = (np.abs(left) < river.width_m / 2 + 25).any(axis=0)
        met |= near | (left.min(axis=0) < 0) & (left.max(axis=0) > 0)
    return met
