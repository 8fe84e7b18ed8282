"""The network of one stream: demand, tiers of facilities, terminals and the legs between them.

Positions: demand points ``i``, facilities ``j`` of a tier, size options ``s`` of a tier, arcs ``a``
of a leg, phases ``t``, periods of a year ``p``. A facility is one function on a *place* (a piece of
ground); several streams may have facilities on one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.tiered.faults import Checks, frozen, named

DEMAND, TERMINALS = "demand", "terminals"
"""Names of the two ends of a stream, beside the ids of its tiers."""
NO_YEAR = 9999
"""``end_year`` of what stays."""


@dataclass(frozen=True, eq=False)
class TieredDemand:
    """Points where tonnes arise.

    Parameters
    ----------
    ids : (n,) stable ids
    tonnes : (t, n) t/yr in each phase, the middle estimate
    low, high : (t, n) the estimates of an uncertain demand; default as ``tonnes``
    people : (n,) who are served there; default 0
    district : (n,) position in ``TieredProblem.districts``, -1 where it has none; default -1
    """

    ids: tuple[str, ...]
    tonnes: FloatArray
    low: FloatArray = None  # type: ignore[assignment]  # set below
    high: FloatArray = None  # type: ignore[assignment]
    people: FloatArray = None  # type: ignore[assignment]
    district: IntArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        ids = tuple(map(str, self.ids))
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "tonnes", frozen(np.atleast_2d(self.tonnes), np.float64))
        check = Checks("demand")
        check.unique("points", ids)
        check.shape("tonnes", self.tonnes, len(self.tonnes), len(ids))
        check.numbers("tonnes", self.tonnes)
        for name in ("low", "high"):
            given = getattr(self, name)
            array = self.tonnes if given is None else frozen(np.atleast_2d(given), np.float64)
            object.__setattr__(self, name, array)
            check.shape(name, array, *self.tonnes.shape)
            check.numbers(name, array)
        _set(self, "people", np.float64, np.zeros(len(ids)))
        check.shape("people", self.people, len(ids))
        check.numbers("people", self.people)
        _set(self, "district", np.int64, np.full(len(ids), -1))
        check.shape("district", self.district, len(ids))
        if not check.faults and ((self.low > self.tonnes) | (self.high < self.tonnes)).any():
            wrong = ((self.low > self.tonnes) | (self.high < self.tonnes)).any(axis=0)
            points = named([ids[i] for i in np.flatnonzero(wrong)])
            check.fault(f"low <= tonnes <= high does not hold at {points}; correct the estimates")
        check.done()

    def __len__(self) -> int:
        return len(self.ids)


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
    handling_cny_per_t : (k,) of a tonne taken in
    place : (f,) position in ``TieredProblem.places``, -1 for a place of its own
    existing_size : (f,) size option that stands today, -1 where nothing stands
    expandable : (f,) may grow in a later phase (or, existing, beyond its size of today)
    closable : (f,) existing: may be closed; otherwise it stays open to its ``end_year``
    required, forbidden : (f,) open in every phase of its life; in none
    first_year, end_year : (f,) may be open from and until (temporary sites), both included
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
    district: IntArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        f = len(self.ids)
        _set(self, "size_start", np.int64, None)
        for name, default in _BY_SIZE.items():
            k = len(np.atleast_1d(self.capacity_t_per_yr))
            _set(self, name, np.float64, None if default is None else np.full(k, default))
        for name, whole in _BY_FACILITY.items():
            _set(self, name, np.int64, np.full(f, whole))
        for name in _FLAGS:
            _set(self, name, np.bool_, np.zeros(f, np.bool_))
        check = Checks("facilities")
        check.unique("facilities", self.ids)
        if self._check_shapes(check):
            self._check_values(check)
        check.done()

    def _check_shapes(self, check: Checks) -> bool:
        f, k = len(self.ids), len(self.capacity_t_per_yr)
        before = len(check.faults)
        for name in (*_BY_FACILITY, *_FLAGS):
            check.shape(name, getattr(self, name), f)
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
        falls[owner[1:][(np.diff(owner) == 0) & (np.diff(capacity) < 0)]] = True
        complain(falls, "must list sizes in ascending capacity")
        tight = np.zeros(f, np.bool_)
        tight[owner[self.least_throughput_t_per_yr > capacity]] = True
        complain(tight, "must take in more than their capacity; lower the least throughput")
        complain(self.required & self.forbidden, "are both required and forbidden; choose one")
        complain(stands & ((size < first) | (size >= end)), "stand with another facility's size")
        kept = stands & ~self.closable
        complain(kept & self.forbidden, "stand, are forbidden and not closable; mark closable")
        complain(self.first_year > self.end_year, "end before their first year")

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
    "handling_cny_per_t": 0.0,
}
_BY_FACILITY = {
    "place": -1,
    "existing_size": -1,
    "first_year": 0,
    "end_year": NO_YEAR,
    "district": -1,
}
_FLAGS = ("expandable", "closable", "required", "forbidden")


@dataclass(frozen=True, eq=False)
class Seasons:
    """How the year's tonnes come in and leave by period; stock is what is in between.

    The stock of a facility with throughput ``w`` t/yr follows ``w x (inflow - outflow)``, every
    year the same; its peak must fit the storage of the size, and the fastest outflow must fit its
    capacity.

    Parameters
    ----------
    inflow_share, outflow_share : (p,) of the year's tonnes, each sums to 1
    length_share : (p,) of the year; default equal periods
    """

    inflow_share: FloatArray
    outflow_share: FloatArray
    length_share: FloatArray = None  # type: ignore[assignment]  # set below

    def __post_init__(self) -> None:
        _set(self, "inflow_share", np.float64, None)
        _set(self, "outflow_share", np.float64, None)
        p = len(self.inflow_share)
        _set(self, "length_share", np.float64, np.full(p, 1.0 / max(p, 1)))
        check = Checks("seasons")
        for name in ("inflow_share", "outflow_share", "length_share"):
            share = getattr(self, name)
            check.shape(name, share, p)
            check.numbers(name, share)
            if abs(share.sum() - 1.0) > 1e-6:
                check.fault(f"{name} sums to {share.sum():g}; the shares of a year must sum to 1")
        if (self.length_share <= 0).any():
            check.fault("length_share has a period without length; leave it out")
        check.done()

    @property
    def relative_stock(self) -> FloatArray:
        """(p,) stock at each period's end per t/yr of throughput, 0 at its lowest."""
        level = np.cumsum(self.inflow_share - self.outflow_share)
        stock: FloatArray = level - level.min()
        return stock

    @property
    def peak_stock(self) -> float:
        """Highest stock per t/yr of throughput."""
        return float(self.relative_stock.max())

    @property
    def peak_rate(self) -> float:
        """Fastest outflow as a multiple of the year's mean."""
        return float((self.outflow_share / self.length_share).max())


@dataclass(frozen=True, eq=False)
class Tier:
    """One level of a stream.

    Parameters
    ----------
    id : unique within the stream; not "demand" or "terminals"
    output_share : tonnes that leave for a tonne taken in (drying, baling loss, sorting); the rest
        ends here. Of no meaning where no leg leaves the tier
    single_destination : all that leaves a facility in a phase goes to one destination
    seasons : stock by period; None where nothing is held
    hosted_by : (stream, tier): may open only on a place where that one has an open facility
    """

    id: str
    facilities: Facilities
    output_share: float = 1.0
    single_destination: bool = False
    seasons: Seasons | None = None
    hosted_by: tuple[str, str] | None = None

    @property
    def usable_capacity_t_per_yr(self) -> FloatArray:
        """(k,) what each size can take in a year, seasons considered."""
        capacity = self.facilities.capacity_t_per_yr
        if self.seasons is None:
            return capacity
        usable = capacity / max(self.seasons.peak_rate, 1e-12)
        if self.seasons.peak_stock > 1e-12:
            usable = np.minimum(usable, self.facilities.storage_t / self.seasons.peak_stock)
        return usable


@dataclass(frozen=True, eq=False)
class Terminals:
    """Where a stream ends: plants and buyers, inside the area or outside.

    Parameters
    ----------
    ids : (z,)
    capacity_t_per_yr : (t, z) agreed quota by phase; ``inf`` is unlimited
    gate_fee_cny_per_t : (z,) paid; negative is a price received
    outside : (z,) outside the area
    """

    ids: tuple[str, ...]
    capacity_t_per_yr: FloatArray
    gate_fee_cny_per_t: FloatArray = None  # type: ignore[assignment]  # set below
    outside: BoolArray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        z = len(self.ids)
        capacity = frozen(np.atleast_2d(self.capacity_t_per_yr), np.float64)
        object.__setattr__(self, "capacity_t_per_yr", capacity)
        _set(self, "gate_fee_cny_per_t", np.float64, np.zeros(z))
        _set(self, "outside", np.bool_, np.zeros(z, np.bool_))
        check = Checks("terminals")
        check.unique("terminals", self.ids)
        check.shape("capacity_t_per_yr", capacity, len(capacity), z)
        check.numbers("capacity_t_per_yr", capacity, finite=False)
        check.shape("gate_fee_cny_per_t", self.gate_fee_cny_per_t, z)
        if not np.isfinite(self.gate_fee_cny_per_t).all():
            check.fault("gate_fee_cny_per_t has values that are not numbers; give a fee or 0")
        check.shape("outside", self.outside, z)
        check.done()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Leg:
    """Hauls that may be made between two levels, in compressed sparse rows over the origin.

    Arcs that cross a licence area, leave the districts that share, or lie beyond the cutoff are
    simply not there (:mod:`planner.tiered.filters`).

    Parameters
    ----------
    origin : "demand" or a tier's id
    destination : a later tier's id or "terminals"; tiers may be skipped (direct haul)
    start : (o + 1,) row of each origin
    to : (a,) destination of each arc, increasing within a row
    impedance : (a,) metres or seconds, as ``TieredProblem.impedance_unit`` says
    cost_cny_per_t : (a,) of hauling a tonne, empty return included
    """

    origin: str
    destination: str
    start: IntArray
    to: IntArray
    impedance: FloatArray
    cost_cny_per_t: FloatArray

    def __post_init__(self) -> None:
        for name in ("start", "to"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        for name in ("impedance", "cost_cny_per_t"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        check = Checks(self.name)
        for name in ("impedance", "cost_cny_per_t"):
            check.shape(name, getattr(self, name), len(self.to))
            check.numbers(name, getattr(self, name))
        if check.rows("arcs", self.start, len(self.to)) and len(self.to) > 1:
            same_row = np.diff(self.row) == 0
            if (np.diff(self.to)[same_row] <= 0).any():
                check.fault("arcs must name each destination once a row, in increasing order")
        check.done()

    @property
    def name(self) -> str:
        """For messages."""
        return f"leg {self.origin} -> {self.destination}"

    @property
    def row(self) -> IntArray:
        """(a,) the origin of each arc."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def __len__(self) -> int:
        return len(self.to)

    @classmethod
    def from_dense(
        cls,
        origin: str,
        destination: str,
        impedance: object,
        cost_cny_per_t: object,
        *,
        cutoff: float = np.inf,
    ) -> Leg:
        """Arcs of every finite pair within the cutoff.

        Parameters
        ----------
        impedance : (o, d); ``inf`` where there is no way
        cost_cny_per_t : (o, d)
        """
        full = np.asarray(impedance, np.float64)
        row, to = np.nonzero(np.isfinite(full) & (full <= cutoff))
        start = np.zeros(len(full) + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=len(full)), out=start[1:])
        cost = np.asarray(cost_cny_per_t, np.float64)
        return cls(origin, destination, start, to, full[row, to], cost[row, to])


def _set(part: object, name: str, dtype: type, default: object) -> None:
    """Freeze an array field, or its default where it was left out."""
    given = getattr(part, name)
    object.__setattr__(part, name, frozen(default if given is None else given, dtype))
