"""Who is visited on rounds, and where the lorries stand and empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.problem_faults import ProblemError, frozen, id_faults, shape_faults
from planner.routes.faults import BoolArray, FloatArray, IntArray, named_at, range_faults

DAY_S = 86_400.0


@dataclass(frozen=True)
class Goods:
    """A stream as it lies on a lorry.

    Parameters
    ----------
    id : of the stream
    longest_on_board_s : from the start of service at a stop until it arrives where it is emptied
        (48 h for medical waste, a cold chain of some hours); ``inf`` is no limit
    """

    id: str
    longest_on_board_s: float = np.inf

    def __post_init__(self) -> None:
        if not self.longest_on_board_s > 0:
            raise ProblemError(
                [
                    (
                        f"goods {self.id}: longest time on board is {self.longest_on_board_s:g} s; "
                        "give seconds above 0, or leave it out for no limit"
                    )
                ]
            )


@dataclass(frozen=True, eq=False)
class Stops:
    """Places that are visited.

    Parameters
    ----------
    ids : (n,) stable ids, unique
    place : (n,) positions in the road matrices
    amount_t : (n, s) tonnes of each stream at one visit
    amount_m3 : (n, s) cubic metres of each stream at one visit; zeros where volume does not count
    service_s : (n,) at the stop
    opens_s, closes_s : (n,) seconds of the day between which service must begin; a night round
        counts on beyond 86,400
    visits : (n,) in one cycle of the calendar
    smallest_gap_days, largest_gap_days : (n,) between two visits, round the end of the cycle too
    days : (n, d) days of the cycle on which the stop may be visited
    area : (n,) licence area, -1 where it has none
    territory : (n,) position of the territory that it belongs to, -1 where it has none
    divisible : (n,) what is there may be taken on several visits of one day
    """

    ids: tuple[str, ...]
    place: IntArray
    amount_t: FloatArray
    amount_m3: FloatArray
    service_s: FloatArray
    opens_s: FloatArray
    closes_s: FloatArray
    visits: IntArray
    smallest_gap_days: IntArray
    largest_gap_days: IntArray
    days: BoolArray
    area: IntArray
    territory: IntArray
    divisible: BoolArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        kinds: dict[str, type] = {
            "place": np.int64, "amount_t": np.float64, "amount_m3": np.float64,
            "service_s": np.float64, "opens_s": np.float64, "closes_s": np.float64,
            "visits": np.int64, "smallest_gap_days": np.int64, "largest_gap_days": np.int64,
            "days": np.bool_, "area": np.int64, "territory": np.int64, "divisible": np.bool_,
        }  # fmt: skip
        for name, kind in kinds.items():
            object.__setattr__(self, name, frozen(getattr(self, name), kind))
        faults = self._shape_faults()
        if not faults:
            faults = self._value_faults()
        if faults:
            raise ProblemError(faults)

    def __len__(self) -> int:
        return len(self.ids)

    def _shape_faults(self) -> list[str]:
        n = len(self.ids)
        faults = id_faults("stops", self.ids)
        for name in ("amount_t", "amount_m3", "days"):
            array = getattr(self, name)
            if array.ndim != 2 or len(array) != n:  # the width is the problem's to check
                faults.append(f"stops.{name} has shape {array.shape}, needs ({n}, ...)")
        for name in (
            "place", "service_s", "opens_s", "closes_s", "visits", "smallest_gap_days",
            "largest_gap_days", "area", "territory", "divisible",
        ):  # fmt: skip
            faults += shape_faults(f"stops.{name}", getattr(self, name), n)
        return faults

    def _value_faults(self) -> list[str]:
        faults = []
        for name in ("amount_t", "amount_m3", "service_s", "opens_s"):
            faults += range_faults(f"stops.{name}", getattr(self, name), self.ids)
        faults += range_faults("stops.closes_s", self.closes_s, self.ids, finite=False)
        bad = np.flatnonzero(self.closes_s < self.opens_s)
        if len(bad):
            faults.append(
                f"stops {named_at(self.ids, bad)} close before they open; a window past midnight "
                "counts on beyond 24 h (22:00 to 02:00 is 79200 to 93600 s)"
            )
        bad = np.flatnonzero(self.visits < 1)
        if len(bad):
            faults.append(
                f"stops {named_at(self.ids, bad)} are to be visited {self.visits[bad[0]]} times a "
                "cycle; give 1 or more, or leave them out"
            )
        bad = np.flatnonzero(self.largest_gap_days < self.smallest_gap_days)
        if len(bad):
            faults.append(
                f"stops {named_at(self.ids, bad)}: the largest gap between visits is smaller than "
                "the smallest; exchange them"
            )
        return faults

    @classmethod
    def simple(
        cls, ids: Sequence[str], place: object, amount_t: object, *, day_count: int = 1,
        **given: object,
    ) -> Stops:  # fmt: skip
        """Stops of one stream; what is left out is daily, always open, and takes no time."""
        n = len(ids)
        tonnes = np.asarray(amount_t, np.float64)
        if tonnes.ndim == 1:
            tonnes = tonnes[:, None]
        values: dict[str, object] = {
            "amount_m3": np.zeros(tonnes.shape),
            "service_s": np.zeros(n),
            "opens_s": np.zeros(n),
            "closes_s": np.full(n, np.inf),
            "visits": np.full(n, day_count),
            "smallest_gap_days": np.ones(n),
            "largest_gap_days": np.full(n, 10_000),
            "days": np.ones((n, day_count), bool),
            "area": np.full(n, -1),
            "territory": np.full(n, -1),
            "divisible": np.zeros(n, bool),
        }
        return cls(tuple(ids), place, tonnes, **(values | given))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Depots:
    """Where lorries start and end: ids, and positions in the road matrices."""

    ids: tuple[str, ...]
    place: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        object.__setattr__(self, "place", frozen(self.place, np.int64))
        faults = id_faults("depots", self.ids)
        faults += shape_faults("depots.place", self.place, len(self.ids))
        if not self.ids:
            faults.append("there is no depot; give at least one place where lorries stand")
        if faults:
            raise ProblemError(faults)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class DisposalSites:
    """Where lorries empty: transfer stations, plants, stores. None at all: they empty at the depot.

    Parameters
    ----------
    ids : (m,) stable ids, unique
    place : (m,) positions in the road matrices
    unload_s : (m,) to empty
    opens_s, closes_s : (m,) seconds of the day between which emptying must begin
    accepts : (m, s) streams that it takes
    capacity_t_per_day : (m,) tonnes of all lorries and streams together on one day; ``inf`` is no
        limit (so is leaving it out), 0 is closed
    """

    ids: tuple[str, ...]
    place: IntArray
    unload_s: FloatArray
    opens_s: FloatArray
    closes_s: FloatArray
    accepts: BoolArray
    capacity_t_per_day: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(map(str, self.ids)))
        object.__setattr__(self, "place", frozen(self.place, np.int64))
        object.__setattr__(self, "accepts", frozen(self.accepts, np.bool_))
        for name in ("unload_s", "opens_s", "closes_s"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64))
        m = len(self.ids)
        given = np.asarray(self.capacity_t_per_day, np.float64)
        given = given if given.size else np.full(m, np.inf)
        object.__setattr__(self, "capacity_t_per_day", frozen(given, np.float64))
        faults = id_faults("disposal sites", self.ids)
        for name in ("place", "unload_s", "opens_s", "closes_s", "capacity_t_per_day"):
            faults += shape_faults(f"disposal.{name}", getattr(self, name), m)
        if self.accepts.ndim != 2 or len(self.accepts) != m:
            faults.append(f"disposal.accepts has shape {self.accepts.shape}, needs ({m}, streams)")
        if not faults:
            for name in ("unload_s", "opens_s"):
                faults += range_faults(f"disposal.{name}", getattr(self, name), self.ids)
            faults += range_faults(
                "disposal.capacity_t_per_day", self.capacity_t_per_day, self.ids, finite=False
            )
            bad = np.flatnonzero(~(self.closes_s >= self.opens_s))
            if len(bad):
                sites = named_at(self.ids, bad)
                faults.append(f"disposal sites {sites} close before they open; exchange them")
        if faults:
            raise ProblemError(faults)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def simple(
        cls,
        ids: Sequence[str],
        place: object,
        *,
        unload_s: object = None,
        streams: int = 1,
        capacity_t_per_day: object = (),
    ) -> DisposalSites:
        """Sites that take everything at any hour, as much as comes unless a capacity is given."""
        m = len(ids)
        return cls(
            tuple(ids), place,  # type: ignore[arg-type]
            np.zeros(m) if unload_s is None else unload_s,  # type: ignore[arg-type]
            np.zeros(m), np.full(m, np.inf), np.ones((m, streams), bool),
            capacity_t_per_day,  # type: ignore[arg-type]
        )  # fmt: skip

    @classmethod
    def none(cls, streams: int = 1) -> DisposalSites:
        """No site: lorries empty at their depot."""
        return cls.simple((), np.zeros(0, np.int64), streams=streams)
