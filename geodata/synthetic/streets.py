"""Street grids: three by three in a village, five by five in a township seat, more in a town."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CLOSER_IN_THE_MIDDLE = 1.12
_ROUNDED = 0.16


@dataclass(frozen=True, eq=False)
class StreetGrids:
    """Street grids of settlements of one kind; nodes are numbered settlement by settlement.

    Parameters
    ----------
    order : streets on either side of the main street; a grid has ``2 * order + 1`` each way
    xy : (s, nodes a grid, 2) metres
    street : (edges a grid, 2) node positions within a grid
    line : (edges a grid,) which street of its direction, 0 the southern- or westernmost
    along_x : (edges a grid,) runs west-east
    """

    order: int
    xy: FloatArray
    street: IntArray
    line: IntArray
    along_x: NDArray[np.bool_]

    @property
    def nodes_each(self) -> int:
        """Nodes of one grid."""
        return int(self.xy.shape[1])

    @property
    def rim(self) -> IntArray:
        """Nodes on the rim of a grid, where roads from outside arrive."""
        side = 2 * self.order + 1
        column, row = np.arange(side * side) % side, np.arange(side * side) // side
        at_edge = (column % (side - 1) == 0) | (row % (side - 1) == 0)
        return np.flatnonzero(at_edge)

    def built_up(self, scale: float) -> FloatArray:
        """(s, rim, 2) corners of the land built on: the rim, widened, anticlockwise."""
        side = 2 * self.order + 1
        last = side - 1
        up, down = np.arange(last), np.arange(last, 0, -1)
        around = np.concatenate([up, up * side + last, last * side + down, down * side])
        centre = self.xy[:, [self.nodes_each // 2]]
        corners: FloatArray = centre + (self.xy[:, around] - centre) * scale
        return corners

    def gate(self, settlement: IntArray, towards: FloatArray) -> IntArray:
        """(q,) the rim node (within the grid) that lies most in the direction of ``towards``."""
        rim = self.rim
        centre = self.xy[:, self.nodes_each // 2]
        out = towards - centre[settlement]
        spoke = self.xy[settlement][:, rim] - centre[settlement][:, None, :]
        spoke /= np.linalg.norm(spoke, axis=2, keepdims=True)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
        likeness = np.round((spoke * out[:, None, :]).sum(axis=2), 9)
        nearest: IntArray = rim[np.argmax(likeness, axis=1)]
        return nearest


def street_grids(
    centre: FloatArray, half_m: FloatArray, turn: FloatArray, stretch: FloatArray, order: int
) -> StreetGrids:
    """Grids about settlement centres.

    Parameters
    ----------
    centre : (s, 2) metres
    half_m : (s,) half the width of each grid
    turn : (s,) radians from the compass directions
    stretch : (s,) width over height
    order : streets on either side of the main one
    """
    side = 2 * order + 1
    step = np.linspace(-1, 1, side)
    step = np.sign(step) * np.abs(step) ** _CLOSER_IN_THE_MIDDLE
    unit = np.column_stack([np.tile(step, side), np.repeat(step, side)])
    if order > 1:  # the outer streets of a town are a ring road with rounded corners
        unit = unit * (1 - _ROUNDED * unit[:, ::-1] ** 2)
    width, height = half_m * np.sqrt(stretch), half_m / np.sqrt(stretch)
    east, north = unit[None, :, 0] * width[:, None], unit[None, :, 1] * height[:, None]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    xy = np.stack([east * cos - north * sin, east * sin + north * cos], axis=2)
    node = np.arange(side * side).reshape(side, side)
    level, upright = (node[:, :-1], node[:, 1:]), (node[:-1], node[1:])
    street = np.concatenate(
        [np.column_stack([a.ravel(), b.ravel()]) for a, b in (level, upright)]
    ).astype(np.int64)
    line = np.concatenate(
        [np.repeat(np.arange(side), side - 1), np.tile(np.arange(side), side - 1)]
    )
    along_x = np.arange(len(street)) < side * (side - 1)
    return StreetGrids(order, xy + centre[:, None, :], street, line, along_x)
