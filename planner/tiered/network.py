"""The network of one stream: demand, tiers of facilities, terminals and the legs between them.

Positions: demand points ``i``, facilities ``j`` of a tier, size options ``s`` of a tier, arcs ``a``
of a leg, phases ``t``, periods of a year ``p``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.problem_faults import frozen, named
from planner.tiered.facilities import Facilities
from planner.tiered.faults import Checks, set_array

DEMAND, TERMINALS = "demand", "terminals"
"""Names of the two ends of a stream, beside the ids of its tiers."""


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
        set_array(self, "people", np.float64, np.zeros(len(ids)))
        check.shape("people", self.people, len(ids))
        check.numbers("people", self.people)
        set_array(self, "district", np.int64, np.full(len(ids), -1))
        check.shape("district", self.district, len(ids))
        if not check.faults and ((self.low > self.tonnes) | (self.high < self.tonnes)).any():
            wrong = ((self.low > self.tonnes) | (self.high < self.tonnes)).any(axis=0)
            points = named([ids[i] for i in np.flatnonzero(wrong)])
            check.fault(f"low <= tonnes <= high does not hold at {points}; correct the estimates")
        check.done()

    def __len__(self) -> int:
        return len(self.ids)


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
        set_array(self, "inflow_share", np.float64, None)
        set_array(self, "outflow_share", np.float64, None)
        p = len(self.inflow_share)
        set_array(self, "length_share", np.float64, np.full(p, 1.0 / max(p, 1)))
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
        set_array(self, "gate_fee_cny_per_t", np.float64, np.zeros(z))
        set_array(self, "outside", np.bool_, np.zeros(z, np.bool_))
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
