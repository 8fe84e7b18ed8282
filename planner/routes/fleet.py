"""Lorries by class: what they carry, when they drive, what they cost and where they may go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem_faults import ProblemError, frozen
from planner.routes.faults import FloatArray
from planner.routes.stops import DAY_S

S_PER_H = 3600.0
M_PER_KM = 1000.0


@dataclass(frozen=True)
class Compartment:
    """A part of the body.

    Parameters
    ----------
    streams : positions of the streams that may lie in it, together
    payload_t, volume_m3 : what it takes; ``inf`` is no limit of its own
    """

    streams: tuple[int, ...]
    payload_t: float = np.inf
    volume_m3: float = np.inf


@dataclass(frozen=True)
class VehicleClass:
    """Lorries of one kind.

    Parameters
    ----------
    id : stable id, unique
    matrix : name of the road matrix: its roads and its speed
    compartments : each stream it carries lies in exactly one of them
    available : (depots,) lorries of the class at each depot; None is as many as are needed
    shift_start_s, shift_end_s : seconds of the day in which it is out
    longest_shift_s : paid normal hours from leaving the depot to coming back
    longest_overtime_s : beyond them, paid ``overtime_cny_per_h`` on top
    fixed_cny : a day that it is used (lorry, crew)
    cny_per_km, cny_per_h : of driving, and of the time between leaving and coming back
    payload_t, volume_m3 : of the whole lorry, beside its compartments
    co2_kg_per_km : factor of the class
    areas : licence areas that it may serve; None is everywhere. A stop without area is free
    disposal : positions of the sites it may empty at; None is every one that takes what it has
    longest_trips : emptyings a shift; None is no limit
    """

    id: str
    matrix: str
    compartments: tuple[Compartment, ...]
    available: tuple[int | None, ...]
    shift_start_s: float = 0.0
    shift_end_s: float = DAY_S
    longest_shift_s: float = np.inf
    longest_overtime_s: float = 0.0
    fixed_cny: float = 0.0
    cny_per_km: float = 1.0
    cny_per_h: float = 0.0
    overtime_cny_per_h: float = 0.0
    payload_t: float = np.inf
    volume_m3: float = np.inf
    co2_kg_per_km: float = 0.0
    areas: frozenset[int] | None = None
    disposal: tuple[int, ...] | None = None
    longest_trips: int | None = None

    def __post_init__(self) -> None:
        faults = self._faults()
        if faults:
            raise ProblemError([f"vehicle class {self.id}: {fault}" for fault in faults])

    def _faults(self) -> list[str]:
        faults = []
        for name in (
            "longest_shift_s", "longest_overtime_s", "fixed_cny", "cny_per_km", "cny_per_h",
            "overtime_cny_per_h", "co2_kg_per_km", "shift_start_s",
        ):  # fmt: skip
            value = getattr(self, name)
            if not value >= 0:
                faults.append(f"{name} is {value}; give a number from 0 up")
        for name in ("payload_t", "volume_m3"):
            value = getattr(self, name)
            if not value > 0:
                faults.append(f"{name} is {value}; give a number above 0, or inf for no limit")
        if not self.shift_end_s > self.shift_start_s:
            faults.append(
                f"the shift ends at {self.shift_end_s:g} s and starts at {self.shift_start_s:g} s; "
                "a night shift counts on beyond 86400"
            )
        if not self.compartments:
            faults.append("it has no compartment; give one with the streams it carries")
        held = [stream for part in self.compartments for stream in part.streams]
        if len(set(held)) != len(held):
            faults.append("a stream lies in two compartments; give it one")
        if not all(part.payload_t > 0 and part.volume_m3 > 0 for part in self.compartments):
            faults.append("a compartment takes nothing; give it room above 0 or leave it out")
        if any(number is not None and number < 0 for number in self.available):
            faults.append("a negative number of lorries; give 0 or more, or None")
        if self.longest_trips is not None and self.longest_trips < 1:
            faults.append(f"longest_trips is {self.longest_trips}; give 1 or more, or None")
        return faults

    @property
    def streams(self) -> tuple[int, ...]:
        """Positions of the streams it carries."""
        return tuple(sorted(stream for part in self.compartments for stream in part.streams))

    @property
    def longest_out_s(self) -> float:
        """Longest time between leaving the depot and coming back, overtime included."""
        return min(
            self.longest_shift_s + self.longest_overtime_s, self.shift_end_s - self.shift_start_s
        )

    def limits(self) -> list[tuple[tuple[int, ...], str, float]]:
        """Every finite limit: streams that count, ``"t"`` or ``"m3"``, amount."""
        found = [(self.streams, "t", self.payload_t), (self.streams, "m3", self.volume_m3)]
        for part in self.compartments:
            streams = tuple(sorted(part.streams))
            found += [(streams, "t", part.payload_t), (streams, "m3", part.volume_m3)]
        return [one for one in found if np.isfinite(one[2])]

    def cost_cny(self, distance_m: float, out_s: float) -> float:
        """What one lorry costs on a day that it is out: fixed, driving, hours, overtime."""
        overtime_s = max(0.0, out_s - self.longest_shift_s)
        return (
            self.fixed_cny
            + self.cny_per_km * distance_m / M_PER_KM
            + self.cny_per_h * out_s / S_PER_H
            + (self.overtime_cny_per_h * overtime_s / S_PER_H if overtime_s else 0.0)
        )


@dataclass(frozen=True, eq=False)
class RoadMatrix:
    """Ways between all places for one class of vehicles, in driving direction.

    Parameters
    ----------
    distance_m, duration_s : (p, p) from row to column; ``inf`` where there is no way
    """

    distance_m: FloatArray
    duration_s: FloatArray

    def __post_init__(self) -> None:
        faults = []
        for name in ("distance_m", "duration_s"):
            array = frozen(getattr(self, name), np.float64)
            object.__setattr__(self, name, array)
            if array.ndim != 2 or array.shape[0] != array.shape[1]:
                faults.append(f"{name} has shape {array.shape}; it has to be square")
                continue
            if np.isnan(array).any():
                row, column = np.argwhere(np.isnan(array))[0]
                faults.append(f"{name} from {row} to {column} is not a number; use inf for no way")
            if (array < 0).any():
                row, column = np.argwhere(array < 0)[0]
                faults.append(f"{name} from {row} to {column} is negative")
            if np.diagonal(array).any():
                at = int(np.flatnonzero(np.diagonal(array))[0])
                faults.append(f"{name} from {at} to itself is not 0")
        if not faults:
            if self.distance_m.shape != self.duration_s.shape:
                faults.append("distance_m and duration_s are of different size")
            elif (np.isinf(self.distance_m) != np.isinf(self.duration_s)).any():
                faults.append("a way has a distance and no duration, or the other way round")
        if faults:
            raise ProblemError([f"road matrix: {fault}" for fault in faults])

    def __len__(self) -> int:
        return len(self.distance_m)
