"""Facilities of a tier: where they may stand, how large, since when and until when.

A facility is one function on a *place* (a piece of ground); several streams may have facilities on
one place, which then share its fixed cost and land.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.problem_faults import named
from planner.tiered.faults import Checks, set_array

NO_YEAR = 9999
"""``end_year`` and ``lasts_yr`` of what stays."""


@dataclass(frozen=True, eq=False)
class Facilities:
    """Where a tier may have facilities, and the sizes each may have.

    Sizes of a facility are given in ascending capacity: a larger one is an expansion of a smaller.

    Parameters
    ----------
    ids : (f,) stable ids
    size_start : (f + 1,) size options of facility ``j`` are ``size_start[j]:size_start[j + 1]``
    capacity_t_per_yr : (k,) of tonnes taken in; ``inf`` is unlimited
    fixed_cost_cny_per_yr : (k,) of a year with this size: annualised investment, land, operation
    least_throughput_t_per_yr : (k,) an open facility must take in at least this
    investment_cny : (k,) to build this size on bare ground; against the phase's budget only
    land_m2 : (k,)
    storage_t : (k,) of stock held between periods; ``inf`` is unlimited
    handling_cny_per_t : (f,) of a tonne taken in
    place : (f,) position in ``TieredProblem.places``, -1 for a place of its own
    existing_size : (f,) size option that stands today, -1 where nothing stands
    expandable : (f,) may grow in a later phase (or, existing, beyond its size of today)
    closable : (f,) existing: may be closed; otherwise it stays open to its ``end_year``
    required, forbidden : (f,) open in every phase of its life; in none
    first_year, end_year : (f,) may be open from and until, both included
    lasts_yr : (f,) temporary: opened in a year, a new facility is open in the phases up to so many
        years later (included) and then cleared, for good: its ground is given back. What must be
        open opens in its first phase. Of what stands today say the ``end_year``
    district : (f,) position in ``TieredProblem.districts``, -1 for none
    """

    ids: tuple[str, ...]
    size_start: IntArray
    capacity_t_per_yr: FloatArray
    fixed_cost_cny_per_yr: FloatArray
    least_throughput_t_per_yr: FloatArray = None  # type: ignore[assignment]  # all set below
    investment_cny: FloatArray = None  # type: ignore[assignment]
    land_m2: FloatArray = None  # type: ignore[assignment]
    storage_t: FloatArray = None  # type: ignore[assignment]
    handling_cny_per_t: FloatArray = None  # type: ignore[assignment]
    place: IntArray = None  # type: ignore[assignment]
    existing_size: IntArray = None  # type: ignore[assignment]
    expandable: BoolArray = None  # type: ignore[assignment]
    closable: BoolArray = None  # type: ignore[assignment]
    required: BoolArray = None  # type: ignore[assignment]
    forbidden: BoolArray = None  # type: ignore[assignment]
    first_year: IntArray = None  # type: ignore[assignment]
    end_year: IntArray = None  # type: ignore[assignment]
    lasts_yr: IntArray = None  # type: ignore[assignment]
    district: IntArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        f = len(self.ids)
        set_array(self, "size_start", np.int64, None)
        for name, default in _BY_SIZE.items():
            k = len(np.atleast_1d(self.capacity_t_per_yr))
            set_array(self, name, np.float64, None if default is None else np.full(k, default))
        for name, whole in _BY_FACILITY.items():
            set_array(self, name, np.int64, np.full(f, whole))
        for name in _FLAGS:
            set_array(self, name, np.bool_, np.zeros(f, np.bool_))
        set_array(self, "handling_cny_per_t", np.float64, np.zeros(f))
        check = Checks("facilities")
        check.unique("facilities", self.ids)
        if self._check_shapes(check):
            self._check_values(check)
        check.done()

    def _check_shapes(self, check: Checks) -> bool:
        f, k = len(self.ids), len(self.capacity_t_per_yr)
        before = len(check.faults)
        for name in (*_BY_FACILITY, *_FLAGS, "handling_cny_per_t"):
            check.shape(name, getattr(self, name), f)
        check.numbers("handling_cny_per_t", self.handling_cny_per_t)
        for name in _BY_SIZE:
            check.shape(name, getattr(self, name), k)
            finite = name not in ("capacity_t_per_yr", "storage_t")
            check.numbers(name, getattr(self, name), finite=finite)
        if check.shape("size_start", self.size_start, f + 1):
            check.rows("size_start", self.size_start, k)
            if f and np.diff(self.size_start).min() < 1:
                check.fault("every facility needs a size option; give it one or leave it out")
        return len(check.faults) == before

    def _check_values(self, check: Checks) -> None:
        def complain(which: BoolArray, sentence: str) -> None:
            if which.any():
                check.fault(f"{named([self.ids[j] for j in np.flatnonzero(which)])} {sentence}")

        f, owner, capacity = len(self.ids), self.facility_of_size, self.capacity_t_per_yr
        stands, size = self.existing_size >= 0, self.existing_size
        first, end = self.size_start[:-1], self.size_start[1:]
        falls = np.zeros(f, np.bool_)
        falls[owner[1:][(np.diff(owner) == 0) & (capacity[1:] < capacity[:-1])]] = True
        complain(falls, "must list sizes in ascending capacity")
        cheaper = np.zeros(f, np.bool_)
        cheaper[
            owner[1:][(np.diff(owner) == 0) & (self.investment_cny[1:] < self.investment_cny[:-1])]
        ] = True
        complain(cheaper & self.expandable, "must not cost less to build larger; correct it")
        tight = np.zeros(f, np.bool_)
        tight[owner[self.least_throughput_t_per_yr > capacity]] = True
        complain(tight, "must take in more than their capacity; lower the least throughput")
        complain(self.required & self.forbidden, "are both required and forbidden; choose one")
        complain(stands & ((size < first) | (size >= end)), "stand with another facility's size")
        kept = stands & ~self.closable
        complain(kept & self.forbidden, "stand, are forbidden and not closable; mark closable")
        complain(self.first_year > self.end_year, "end before their first year")
        complain(self.lasts_yr < 0, "last fewer than no years; give lasts_yr from 0 up")
        complain(stands & (self.lasts_yr < NO_YEAR), "stand today; give end_year, not lasts_yr")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def facility_of_size(self) -> IntArray:
        """(k,) the facility that each size option belongs to."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.size_start))

    @property
    def existing(self) -> BoolArray:
        """(f,) stands today."""
        return self.existing_size >= 0

    @classmethod
    def alike(
        cls, ids: Sequence[str], sizes: dict[str, Sequence[float]], **other: Any
    ) -> Facilities:
        """Facilities that all have the same sizes.

        Parameters
        ----------
        sizes : by-size fields of this class, each with one number a size, e.g.
            ``{"capacity_t_per_yr": [300, 800], "fixed_cost_cny_per_yr": [15e3, 30e3]}``
        other : the fields by facility
        """
        f, each = len(ids), len(sizes["capacity_t_per_yr"])
        tiled: dict[str, Any] = {name: np.tile(values, f) for name, values in sizes.items()}
        return cls(ids=tuple(ids), size_start=np.arange(f + 1) * each, **tiled, **other)


_BY_SIZE = {
    "capacity_t_per_yr": None,
    "fixed_cost_cny_per_yr": None,
    "least_throughput_t_per_yr": 0.0,
    "investment_cny": 0.0,
    "land_m2": 0.0,
    "storage_t": np.inf,
}
_BY_FACILITY = {
    "place": -1,
    "existing_size": -1,
    "first_year": 0,
    "end_year": NO_YEAR,
    "lasts_yr": NO_YEAR,
    "district": -1,
}
_FLAGS = ("expandable", "closable", "required", "forbidden")
