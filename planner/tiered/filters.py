"""Hauls that rules forbid are taken out of a leg before anything is solved.

Groups come as sparse arrays (from ``geodata.adjacency``); the planner knows no geometry.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.problem import BoolArray, IntArray
from planner.tiered.network import Leg


def kept(leg: Leg, keep: BoolArray) -> Leg:
    """The leg with the marked arcs only.

    Parameters
    ----------
    keep : (a,)
    """
    start = np.zeros(len(leg.start), np.int64)
    np.cumsum(np.bincount(leg.row[keep], minlength=len(leg.start) - 1), out=start[1:])
    return replace(
        leg,
        start=start,
        to=leg.to[keep],
        impedance=leg.impedance[keep],
        cost_cny_per_t=leg.cost_cny_per_t[keep],
    )


def own_or_adjacent(
    leg: Leg,
    origin_district: IntArray,
    destination_district: IntArray,
    border_start: IntArray,
    border_to: IntArray,
) -> Leg:
    """Only hauls within a district or into one that shares a boundary (相邻可共建共享).

    Points of no district (-1) are not held to it.

    Parameters
    ----------
    origin_district, destination_district : (o,), (d,) position of the district, -1 for none
    border_start, border_to : shared boundaries of the districts in compressed sparse rows
    """
    one = np.asarray(origin_district)[leg.row]
    other = np.asarray(destination_district)[leg.to]
    count = len(border_start) - 1
    key = np.repeat(np.arange(count), np.diff(border_start)) * count + np.asarray(border_to)
    bordering = np.isin(one * count + other, key)
    return kept(leg, (one == other) | bordering | (one < 0) | (other < 0))


def within_areas(leg: Leg, origin_area: IntArray, destination_area: IntArray) -> Leg:
    """Only hauls that stay in one licence area (不跨许可区域); a point of no area has no haul.

    Parameters
    ----------
    origin_area, destination_area : (o,), (d,) position of the area, -1 for none
    """
    one = np.asarray(origin_area)[leg.row]
    return kept(leg, (one >= 0) & (one == np.asarray(destination_area)[leg.to]))


def within_memberships(
    leg: Leg,
    origin_start: IntArray,
    origin_group: IntArray,
    destination_start: IntArray,
    destination_group: IntArray,
) -> Leg:
    """Only hauls between points that have a group in common, where groups may overlap.

    Parameters
    ----------
    origin_start, origin_group : groups of each origin in compressed sparse rows; and so for the
        destinations
    """
    groups = 1 + int(max(np.max(origin_group, initial=-1), np.max(destination_group, initial=-1)))
    one = _dense(origin_start, origin_group, groups)
    other = _dense(destination_start, destination_group, groups)
    common: BoolArray = one[leg.row] & other[leg.to]
    return kept(leg, np.asarray(common.any(axis=1)))


def _dense(start: IntArray, group: IntArray, groups: int) -> BoolArray:
    member = np.zeros((len(start) - 1, groups), np.bool_)
    member[np.repeat(np.arange(len(start) - 1), np.diff(start)), group] = True
    return member
