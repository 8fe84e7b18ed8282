"""The decision problem: what is to be served, where sites may stand, and by which rules.

Everything here is plain arrays with integer positions inside and stable string ids for people.
A problem is checked once, when it is made; after that it is read-only and varied with
:func:`dataclasses.replace`.

Notation used by every model: demand points ``i`` (``n`` of them), sites ``j`` (``m``), size
options ``s`` of a site (``k`` over all sites), arcs ``(i, j)`` in compressed sparse rows over
``i``.
An arc that is not there is an assignment that may not be made: there is no "large cost".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner.problem_faults import frozen, id_faults, raise_all, range_faults, shape_faults

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Objective(StrEnum):
    """What is made best."""

    MIN_COST = "min_cost"
    """Fixed cost of the opened sizes plus the cost of every arc used (p-median, capacitated)."""
    MIN_SITES = "min_sites"
    """Fixed cost of the opened sizes alone, one a site unless stated (set cover)."""
    MAX_COVERED = "max_covered"
    """Weight of the demand that is assigned (maximal cover)."""
    MIN_WORST = "min_worst"
    """Largest impedance of any arc used (p-centre)."""


class Strength(StrEnum):
    """How binding the wording of a rule is; weaker rules yield first when rules clash."""

    MUST = "must"  # 刚性
    IN_PRINCIPLE = "in_principle"  # 原则上
    ENCOURAGED = "encouraged"  # 鼓励
    ON_DEMAND = "on_demand"  # 按需


@dataclass(frozen=True, eq=False)
class Demand:
    """Points that want service.

    Parameters
    ----------
    ids : (n,) stable ids, unique
    weight : (n,) amount that counts, in ``unit``; >= 0
    """

    ids: tuple[str, ...]
    weight: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        object.__setattr__(self, "weight", frozen(self.weight, np.float64))
        faults = id_faults("demand", self.ids)
        faults += shape_faults("demand.weight", self.weight, len(self.ids))
        faults += range_faults("demand.weight", self.weight, finite=True)
        raise_all(faults)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Sites:
    """Places where a facility stands or may stand, with the sizes it may have.

    Parameters
    ----------
    ids : (m,) stable ids, unique
    required : (m,) must be open
    forbidden : (m,) must stay closed
    existing : (m,) stands today (information for the plan; costs say what keeping it is worth)
    size_start : (m + 1,) the size options of site ``j`` are ``size_start[j]:size_start[j + 1]``
    capacity : (k,) in units of demand weight; ``inf`` is unlimited
    fixed_cost : (k,) of having this size open
    least_throughput : (k,) an open site of this size must handle at least this
    """

    ids: tuple[str, ...]
    required: BoolArray
    forbidden: BoolArray
    existing: BoolArray
    size_start: IntArray
    capacity: FloatArray
    fixed_cost: FloatArray
    least_throughput: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        for name in ("required", "forbidden", "existing"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.bool_))
        object.__setattr__(self, "size_start", frozen(self.size_start, np.int64))
        for name in ("capacity", "fixed_cost", "least_throughput"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        raise_all(self._faults())

    def _faults(self) -> list[str]:
        m, k = len(self.ids), len(self.capacity)
        faults = id_faults("sites", self.ids)
        for name in ("required", "forbidden", "existing"):
            faults += shape_faults(f"sites.{name}", getattr(self, name), m)
        faults += shape_faults("sites.size_start", self.size_start, m + 1)
        for name in ("fixed_cost", "least_throughput"):
            faults += shape_faults(f"sites.{name}", getattr(self, name), k)
            faults += range_faults(f"sites.{name}", getattr(self, name), finite=True)
        faults += range_faults("sites.capacity", self.capacity, finite=False)
        if not faults:
            steps = np.diff(self.size_start)
            if self.size_start[0] != 0 or self.size_start[-1] != k or (m and steps.min() < 1):
                faults.append(
                    "sites.size_start must run from 0 to the number of sizes, >= 1 a site"
                )
            both = np.flatnonzero(self.required & self.forbidden)
            faults += [f"site {self.ids[j]} is both required and forbidden" for j in both]
            faults += [
                f"site {self.ids[self.site_of_size[s]]}: least throughput "
                f"{self.least_throughput[s]:g} is over its capacity {self.capacity[s]:g}"
                for s in np.flatnonzero(self.least_throughput > self.capacity)
            ]
        return faults

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def site_of_size(self) -> IntArray:
        """(k,) the site that each size option belongs to."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.size_start))

    @property
    def capacitated(self) -> bool:
        """Whether any size has a finite capacity."""
        return bool(np.isfinite(self.capacity).any())

    @classmethod
    def simple(
        cls,
        ids: Sequence[str],
        *,
        capacity: object = None,
        fixed_cost: object = None,
        required: object = None,
        forbidden: object = None,
        existing: object = None,
        least_throughput: object = None,
    ) -> Sites:
        """Sites with one size each; what is left out is unlimited, free and unmarked."""
        m = len(ids)
        no = np.zeros(m, np.bool_)
        return cls(
            ids=tuple(ids),
            required=no if required is None else required,  # type: ignore[arg-type]
            forbidden=no if forbidden is None else forbidden,  # type: ignore[arg-type]
            existing=no if existing is None else existing,  # type: ignore[arg-type]
            size_start=np.arange(m + 1),
            capacity=np.full(m, np.inf) if capacity is None else capacity,  # type: ignore[arg-type]
            fixed_cost=np.zeros(m) if fixed_cost is None else fixed_cost,  # type: ignore[arg-type]
            least_throughput=np.zeros(m) if least_throughput is None else least_throughput,  # type: ignore[arg-type]
        )


@dataclass(frozen=True, eq=False)
class Arcs:
    """Assignments that may be made, in compressed sparse rows over demand.

    Explicit zeros are kept: a village standing on its own candidate site has an arc of length 0.

    Parameters
    ----------
    start : (n + 1,) row ``i`` is ``start[i]:start[i + 1]``
    site : (a,) site of each arc, increasing within a row
    impedance : (a,) metres or seconds, as ``SitingProblem.impedance_unit`` says; >= 0
    cost : (a,) cost of serving the *whole* of demand ``i`` from site ``j``; >= 0
    """

    start: IntArray
    site: IntArray
    impedance: FloatArray
    cost: FloatArray

    def __post_init__(self) -> None:
        for name in ("start", "site"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64))
        for name in ("impedance", "cost"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        a = len(self.site)
        faults = shape_faults("arcs.impedance", self.impedance, a)
        faults += shape_faults("arcs.cost", self.cost, a)
        faults += range_faults("arcs.impedance", self.impedance, finite=True)
        faults += range_faults("arcs.cost", self.cost, finite=True)
        if len(self.start) == 0 or self.start[0] != 0 or self.start[-1] != a:
            faults.append("arcs.start must run from 0 to the number of arcs")
        elif (np.diff(self.start) < 0).any():
            faults.append("arcs.start must not fall")
        raise_all(faults)

    def __len__(self) -> int:
        return len(self.site)

    @property
    def demand(self) -> IntArray:
        """(a,) the demand point of each arc."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @classmethod
    def from_dense(cls, impedance: object, weight: object, *, cutoff: float = np.inf) -> Arcs:
        """Arcs of every finite pair within the cutoff; cost = weight x impedance.

        Parameters
        ----------
        impedance : (n, m); ``inf`` where there is no way
        weight : (n,)
        """
        full = np.asarray(impedance, np.float64)
        row, site = np.nonzero(np.isfinite(full) & (full <= cutoff))
        start = np.zeros(len(full) + 1, np.int64)
        np.cumsum(np.bincount(row, minlength=len(full)), out=start[1:])
        value = full[row, site]
        return cls(start, site, value, value * np.asarray(weight, np.float64)[row])


@dataclass(frozen=True, eq=False)
class Quota:
    """How many sites of a group may or must be open: ``minimum <= opened <= maximum``.

    ``name`` is what a reader is told, e.g. the township; ``sites`` are positions.
    ``maximum`` None is no limit.
    """

    name: str
    sites: IntArray
    minimum: int = 0
    maximum: int | None = None
    strength: Strength = Strength.MUST

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", frozen(self.sites, np.int64))
        faults = []
        if self.minimum < 0:
            faults.append(f"quota {self.name}: minimum {self.minimum} is negative")
        if self.maximum is not None and self.maximum < self.minimum:
            faults.append(
                f"quota {self.name}: maximum {self.maximum} is below minimum {self.minimum}"
            )
        if len(np.unique(self.sites)) != len(self.sites):
            faults.append(f"quota {self.name} names a site twice")
        raise_all(faults)


@dataclass(frozen=True, eq=False)
class Exclusion:
    """Rules out every plan too like a known one.

    Parameters
    ----------
    opened : (o,) positions of the sites that the known plan opens
    differ_by : so many sites, at least, must be open in one of the two plans and closed in the
        other. A site that is moved counts as two: one closes, one opens.
    """

    opened: IntArray
    differ_by: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "opened", frozen(self.opened, np.int64))
        faults = []
        if self.differ_by < 1:
            faults.append(f"exclusion: differ_by is {self.differ_by}; give 1 or more")
        if len(np.unique(self.opened)) != len(self.opened):
            faults.append("exclusion names a site twice")
        raise_all(faults)


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """One tier of siting, ready to be solved.

    Parameters
    ----------
    objective : what is made best
    demand, sites, arcs : the parts; arcs index into both
    site_count : (least, most) sites open over all; None is no limit. ``(p, p)`` is "exactly p"
    quotas : further counts by group
    exclusions : known plans that the answer has to differ from (see ``planner.alternatives``)
    single_source : one site a demand point (assignment) instead of divided weight (allocation)
    impedance_unit, weight_unit, cost_unit : for messages and certificates

    Notes
    -----
    A demand point with no arc cannot be served by anyone: it is outside the objective and every
    rule, and the solution names it as unreachable. Every other point must be served wholly,
    except under ``MAX_COVERED``, where leaving it out is what the objective weighs.
    """

    objective: Objective
    demand: Demand
    sites: Sites
    arcs: Arcs
    site_count: tuple[int | None, int | None] = (None, None)
    quotas: tuple[Quota, ...] = field(default=())
    exclusions: tuple[Exclusion, ...] = field(default=())
    single_source: bool = True
    impedance_unit: str = "m"
    weight_unit: str = "t"
    cost_unit: str = ""

    def __post_init__(self) -> None:
        n, m = len(self.demand), len(self.sites)
        faults = []
        if len(self.arcs.start) != n + 1:
            faults.append(f"arcs have {len(self.arcs.start) - 1} rows for {n} demand points")
        if len(self.arcs) and (self.arcs.site.min() < 0 or self.arcs.site.max() >= m):
            faults.append(f"arcs name a site outside 0..{m - 1}")
        if len(self.arcs) > 1:
            same_row = np.diff(self.arcs.demand) == 0
            if (np.diff(self.arcs.site)[same_row] <= 0).any():
                faults.append("arcs must name each site once a row, in increasing order")
        faults += [
            f"quota {quota.name} names a site outside 0..{m - 1}"
            for quota in self.quotas
            if len(quota.sites) and (quota.sites.min() < 0 or quota.sites.max() >= m)
        ]
        faults += [
            f"exclusion {position} names a site outside 0..{m - 1}"
            for position, one in enumerate(self.exclusions)
            if len(one.opened) and (one.opened.min() < 0 or one.opened.max() >= m)
        ]
        least, most = self.site_count
        if least is not None and most is not None and least > most:
            faults.append(f"site_count asks for at least {least} and at most {most}")
        if any(bound is not None and bound < 0 for bound in self.site_count):
            faults.append(f"site_count {self.site_count} is negative")
        raise_all(faults)

    @property
    def reachable(self) -> BoolArray:
        """(n,) demand with at least one arc."""
        return np.diff(self.arcs.start) > 0

    @property
    def needs_allocation(self) -> bool:
        """Whether sites have limits, so that the best assignment is not simply the nearest site."""
        return self.sites.capacitated or bool((self.sites.least_throughput > 0).any())

    def fingerprint(self) -> str:
        """SHA-256 over every value that can change the answer."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        parts: tuple[Demand | Sites | Arcs | Quota | Exclusion, ...]
        parts = (self.demand, self.sites, self.arcs, *self.quotas, *self.exclusions)
        for part in parts:
            for item in fields(part):
                _feed(digest, item.name, getattr(part, item.name))
        for name in ("objective", "site_count", "single_source"):
            _feed(digest, name, getattr(self, name))
        return digest.hexdigest()


def _feed(digest: hashlib._Hash, name: str, value: object) -> None:
    digest.update(f"\0{name}\0".encode())
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)  # as it lies: a copy takes as long again
    else:
        digest.update(repr(value).encode())
