"""The question of collection rounds: what is to be fetched, by what, and by which rules.

Plain arrays with integer positions inside and stable ids for people, checked once when made and
read-only after that; vary it with :func:`dataclasses.replace`. Times are seconds of the day,
amounts tonnes and cubic metres, money CNY.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from planner.problem_faults import ProblemError, id_faults
from planner.routes.faults import BoolArray, FloatArray, position_faults
from planner.routes.fleet import Compartment, RoadMatrix, VehicleClass
from planner.routes.stops import Depots, DisposalSites, Goods, Stops

__all__ = [
    "Compartment",
    "Depots",
    "DisposalSites",
    "Goods",
    "RoadMatrix",
    "RoundsProblem",
    "Stops",
    "Territory",
    "VehicleClass",
]


@dataclass(frozen=True)
class Territory:
    """Stops that lorries of their own serve, so that rounds of two territories never mix.

    ``disposal`` and ``depots`` are positions; None is any.
    """

    id: str
    disposal: tuple[int, ...] | None = None
    depots: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class RoundsProblem:
    """Collection rounds over one day or a cycle of days.

    Parameters
    ----------
    goods : streams
    stops, depots, disposal : the places; without a disposal site lorries empty at their depot
    vehicles : classes of lorries
    matrices : road matrix by name
    day_names : the days of the cycle; a stop with gaps counts them round its end
    territories : where ``stops.territory`` points to

    Notes
    -----
    Every lorry leaves its depot empty, empties whenever it has to and once more at the end of its
    round, and comes back to its depot empty.
    """

    goods: tuple[Goods, ...]
    stops: Stops
    depots: Depots
    disposal: DisposalSites
    vehicles: tuple[VehicleClass, ...]
    matrices: Mapping[str, RoadMatrix]
    day_names: tuple[str, ...] = ("1",)
    territories: tuple[Territory, ...] = ()

    def __post_init__(self) -> None:
        faults = [*self._width_faults(), *self._place_faults(), *self._vehicle_faults()]
        faults += self._territory_faults()
        if faults:
            raise ProblemError(faults)

    @property
    def day_count(self) -> int:
        """Days in one cycle."""
        return len(self.day_names)

    def _width_faults(self) -> list[str]:
        s, n, d = len(self.goods), len(self.stops), self.day_count
        faults = id_faults("goods", [one.id for one in self.goods])
        faults += id_faults("vehicle classes", [one.id for one in self.vehicles])
        wanted = {
            "stops.amount_t": (self.stops.amount_t, (n, s)),
            "stops.amount_m3": (self.stops.amount_m3, (n, s)),
            "stops.days": (self.stops.days, (n, d)),
            "disposal.accepts": (self.disposal.accepts, (len(self.disposal), s)),
        }
        faults += [
            f"{name} has shape {array.shape}, needs {shape}: {s} streams, {d} days"
            for name, (array, shape) in wanted.items()
            if array.shape != shape
        ]
        if not self.vehicles:
            faults.append("there is no vehicle class; give at least one")
        if not self.day_names:
            faults.append("the calendar has no day; give at least one")
        return faults

    def _place_faults(self) -> list[str]:
        if not self.matrices:
            return ["there is no road matrix; give one for each vehicle class"]
        sizes = {name: len(matrix) for name, matrix in self.matrices.items()}
        if len(set(sizes.values())) > 1:
            return [f"the road matrices are of different sizes: {sizes}"]
        places = next(iter(sizes.values()))
        faults = []
        for what in ("stops", "depots", "disposal"):
            faults += position_faults(f"{what}.place", getattr(self, what).place, places, "place")
        return faults

    def _vehicle_faults(self) -> list[str]:
        faults = []
        for one in self.vehicles:
            if one.matrix not in self.matrices:
                names = ", ".join(self.matrices)
                faults.append(
                    f"vehicle class {one.id}: there is no road matrix {one.matrix!r}; use {names}"
                )
            if len(one.available) != len(self.depots):
                faults.append(
                    f"vehicle class {one.id}: numbers for {len(one.available)} depots are given, "
                    f"there are {len(self.depots)}"
                )
            streams = np.array(one.streams, np.int64)
            what = f"vehicle class {one.id}: a compartment"
            faults += position_faults(what, streams, len(self.goods), "stream")
            sites = np.array(one.disposal or (), np.int64)
            what = f"vehicle class {one.id}: disposal"
            faults += position_faults(what, sites, len(self.disposal), "site")
        return faults

    def _territory_faults(self) -> list[str]:
        count = len(self.territories)
        faults = position_faults(
            "stops.territory", self.stops.territory, count, "territory", least=-1
        )
        for one in self.territories:
            sites = np.array(one.disposal or (), np.int64)
            faults += position_faults(f"territory {one.id}", sites, len(self.disposal), "site")
            depots = np.array(one.depots or (), np.int64)
            faults += position_faults(f"territory {one.id}", depots, len(self.depots), "depot")
        return faults

    def matrix(self, vehicle: VehicleClass) -> RoadMatrix:
        """The roads of a class."""
        return self.matrices[vehicle.matrix]

    def sites_of(self, vehicle: VehicleClass, territory: int = -1) -> tuple[int, ...]:
        """Disposal sites a class may empty at: they take every stream that it carries."""
        takes: BoolArray = np.all(self.disposal.accepts[:, list(vehicle.streams)], axis=1)
        allowed = range(len(self.disposal)) if vehicle.disposal is None else vehicle.disposal
        found = [site for site in allowed if takes[site]]
        if territory >= 0 and self.territories[territory].disposal is not None:
            found = [site for site in found if site in self.territories[territory].disposal]  # type: ignore[operator]
        return tuple(found)

    def depots_of(self, vehicle: VehicleClass, territory: int = -1) -> tuple[int, ...]:
        """Depots that have lorries of a class."""
        found = [k for k, number in enumerate(vehicle.available) if number is None or number > 0]
        if territory >= 0 and self.territories[territory].depots is not None:
            found = [k for k in found if k in self.territories[territory].depots]  # type: ignore[operator]
        return tuple(found)

    def may_serve(self, vehicle: VehicleClass) -> BoolArray:
        """(n,) stops whose area and streams the class is meant for."""
        carried = np.zeros(len(self.goods), bool)
        carried[list(vehicle.streams)] = True
        has = (self.stops.amount_t > 0) | (self.stops.amount_m3 > 0)
        may: BoolArray = ~np.any(has & ~carried, axis=1)
        if vehicle.areas is not None:
            may &= (self.stops.area < 0) | np.isin(self.stops.area, sorted(vehicle.areas))
        return may

    def longest_on_board_s(self, vehicle: VehicleClass) -> float:
        """The strictest limit of the streams that a class carries."""
        return min((self.goods[k].longest_on_board_s for k in vehicle.streams), default=np.inf)

    def amounts(self, streams: tuple[int, ...], measure: str) -> FloatArray:
        """(n,) what a visit adds to a limit over these streams, in ``"t"`` or ``"m3"``."""
        table = self.stops.amount_t if measure == "t" else self.stops.amount_m3
        total: FloatArray = table[:, list(streams)].sum(axis=1)
        return total

    @cached_property
    def remembered(self) -> dict[tuple[str, str, int], Any]:
        """What follows from the problem alone and is asked for of every part of it."""
        return {}

    def fingerprint(self) -> str:
        """SHA-256 over every value that can change the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        _feed(digest, self)
        return digest.hexdigest()


def gaps_of(days: list[int], cycle: int) -> list[int]:
    """Days between the visits of a pattern, the last one round the end of the cycle."""
    if not days:
        return []
    return [after - before for before, after in pairwise([*days, days[0] + cycle])]


def _feed(digest: hashlib._Hash, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value):
        for item in fields(value):
            digest.update(f"\0{item.name}\0".encode())
            _feed(digest, getattr(value, item.name))
    elif isinstance(value, Mapping):
        for key in sorted(value):
            digest.update(f"\0{key}\0".encode())
            _feed(digest, value[key])
    elif isinstance(value, tuple):
        digest.update(f"({len(value)}".encode())
        for one in value:
            _feed(digest, one)
    elif isinstance(value, frozenset):
        digest.update(repr(sorted(value)).encode())
    else:
        digest.update(repr(value).encode())
