"""How each stop of a stream is visited: how often, when, and for how long.

The stream's profile says it for all stops. A column of the demand layer says otherwise for single
ones, where it has a value: ``collect_every_days``, ``collect_from`` and ``collect_until`` (hours,
``21.5`` or ``21:30``) and ``collect_min`` (minutes at the stop).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.faults import N_, Fault, raise_errors
from scenarios.evidence import Sourced
from scenarios.operations import Rounds
from scenarios.rounds_costs import WorkingDays

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DAYS_PER_YR = 365.0
S_PER_MIN, S_PER_H = 60.0, 3_600.0
DEFAULT_STOP_MIN = 5.0
LATEST_H = 48.0
"""An hour of the day after the next is a slip of the pen."""
WEEK, MONTH = 7, 28
LONGEST_CYCLE = 182
"""Half a year: stops visited more rarely are visited twice a year."""
MANY_FAULTS = 20
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip
_CLOCK = re.compile(r"^(\d{1,2})[:：](\d{2})$")


@dataclass(frozen=True, eq=False)
class Visiting:
    """How stops are visited, (n,) each.

    Parameters
    ----------
    every_days : days between two visits
    opens_s, closes_s : seconds of the day between which service begins; ``inf`` is no limit
    service_s : at the stop
    """

    every_days: FloatArray
    opens_s: FloatArray
    closes_s: FloatArray
    service_s: FloatArray


@dataclass(frozen=True, eq=False)
class Cycle:
    """The calendar that all stops of a stream share.

    Parameters
    ----------
    names : of its days
    length : calendar days after which it begins anew
    visits : (n,) of each stop in one cycle
    smallest_gap_days, largest_gap_days : (n,) between two visits
    days : (n, d) on which each stop may be visited
    """

    names: tuple[str, ...]
    length: int
    visits: IntArray
    smallest_gap_days: IntArray
    largest_gap_days: IntArray
    days: BoolArray

    @property
    def running_days(self) -> int:
        """Days of the cycle on which rounds run at all."""
        return int(self.days.any(axis=0).sum())


def visiting(rule: Rounds, stops: pd.DataFrame, layer: gpd.GeoDataFrame) -> Visiting:
    """How the stops of a stream are visited.

    Parameters
    ----------
    stops : id and demand_t_per_yr
    layer : the demand layer with whatever columns its file has

    Raises
    ------
    InputError
        With every value of the layer that is no number or hour, or an end before its beginning.
    """
    own = layer.assign(id=layer["id"].astype(str)).drop_duplicates("id").set_index("id")
    own = own.reindex(stops["id"].astype(str))
    faults: list[Fault] = []

    def column(
        name: str, general: FloatArray, read: Callable[[object], float | None]
    ) -> FloatArray:
        return _column(own, name, general, read, faults)

    n = len(stops)
    every = column("collect_every_days", _by_size(rule, stops), _positive)
    opens = column("collect_from", np.full(n, value_of(rule.opens_h, 0.0)), _hour)
    closes = column("collect_until", np.full(n, value_of(rule.closes_h, np.inf)), _hour)
    minutes = np.full(n, value_of(rule.stop_min, DEFAULT_STOP_MIN))
    minutes = column("collect_min", minutes, _positive)
    for at in np.flatnonzero(closes < opens)[:MANY_FAULTS]:
        message = N_(
            "{stop} may be served from {opens} h until {closes} h, which is before; a window past "
            "midnight counts on (22 to 26)"
        )
        values = {"stop": own.index[at], "opens": f"{opens[at]:g}", "closes": f"{closes[at]:g}"}
        faults.append(Fault("rounds", message, values))
    raise_errors(faults)
    return Visiting(np.maximum(every, 1.0), opens * S_PER_H, closes * S_PER_H, minutes * S_PER_MIN)


def _by_size(rule: Rounds, stops: pd.DataFrame) -> FloatArray:
    """Days between visits by the stop's tonnes."""
    tonnes = pd.to_numeric(stops["demand_t_per_yr"], errors="coerce").to_numpy(np.float64)
    every = np.full(len(stops), value_of(rule.every_days, 1.0))
    for step in sorted(rule.oftener, key=lambda one: one.above_t_per_yr):
        every[tonnes > step.above_t_per_yr] = value_of(step.every_days, 1.0)
    return every


def _column(
    own: pd.DataFrame,
    name: str,
    general: FloatArray,
    read: Callable[[object], float | None],
    faults: list[Fault],
) -> FloatArray:
    """The general value, and a stop's own where the layer has one."""
    if name not in own:
        return general
    found = general.copy()
    for at, said in enumerate(own[name]):
        if said is None or pd.isna(said) or not str(said).strip():
            continue
        value = read(said)
        if value is not None:
            found[at] = value
        elif len(faults) < MANY_FAULTS:
            message = N_("{stop}: {column} is '{value}'; give a number above 0, hours as 21:30")
            values = {"stop": own.index[at], "column": name, "value": str(said)}
            faults.append(Fault("rounds", message, values))
    return found


def _positive(said: object) -> float | None:
    try:
        value = float(str(said))
    except ValueError:
        return None
    return value if 0 < value < np.inf else None


def _hour(said: object) -> float | None:
    clock = _CLOCK.match(str(said).strip())
    if clock is not None and int(clock[2]) < 60:
        value = int(clock[1]) + int(clock[2]) / 60
    else:
        try:
            value = float(str(said))
        except ValueError:
            return None
    return value if 0 <= value <= LATEST_H else None


def cycle_of(every_days: FloatArray, working: WorkingDays) -> Cycle:
    """The calendar of stops that are visited so often.

    A single day where every day is alike, a cycle of exactly that many days where all are visited
    every few days, a week, or weeks. Stops are visited at least as often as they ask for.
    """
    n = len(every_days)
    least, most = float(every_days.min()), float(every_days.max())
    if most < 2:
        return _regular(("1",), 1, n)
    if least == most <= working.up_to_days:
        length = int(most)
        return _regular(tuple(str(day + 1) for day in range(length)), length, n)
    length = _length(least, most)
    visits = np.maximum(1, np.ceil(length / every_days - 1e-9)).astype(np.int64)
    often = every_days <= working.up_to_days
    on_duty = np.arange(length) % WEEK < working.otherwise
    spread = length // visits
    return Cycle(
        _names(length),
        length,
        visits,
        np.maximum(1, spread - 1),
        np.where(visits > 1, -(-length // visits) + 1 + np.where(often, 0, 2), length),
        often[:, None] | on_duty[None, :],
    )


def _regular(names: tuple[str, ...], length: int, stops: int) -> Cycle:
    """Every stop once, on any day; the gap is kept for ever."""
    ones = np.ones(stops, np.int64)
    days = np.ones((stops, len(names)), bool)
    return Cycle(names, length, ones, ones, np.full(stops, length), days)


def _length(least: float, most: float) -> int:
    if most <= WEEK:
        return WEEK
    if least < MONTH:
        return MONTH
    return min(WEEK * int(least / WEEK + 1e-9), LONGEST_CYCLE)


def _names(length: int) -> tuple[str, ...]:
    if length == WEEK:
        return WEEKDAYS
    return tuple(f"{day // WEEK + 1}-{day % WEEK + 1}" for day in range(length))


def value_of(number: Sourced | None, otherwise: float) -> float:
    """A sourced number, or what holds where there is none."""
    return otherwise if number is None or number.value is None else float(number.value)


def loads_t(stops: pd.DataFrame, cycle: Cycle) -> FloatArray:
    """(n,) tonnes of each stop at one visit."""
    yearly = pd.to_numeric(stops["demand_t_per_yr"], errors="coerce").to_numpy(np.float64)
    per_visit: FloatArray = yearly * cycle.length / DAYS_PER_YR / cycle.visits
    return per_visit
