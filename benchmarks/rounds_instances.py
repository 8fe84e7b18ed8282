"""Instances of the rounds benchmark, read from their families' files or made from a seed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vrplib
from numpy.typing import NDArray

from planner.routes import (
    Compartment,
    Depots,
    DisposalSites,
    Goods,
    RoadMatrix,
    RoundsProblem,
    Stops,
    VehicleClass,
)
from planner.routes.location_problem import LocationRouting

UNITS_A_LENGTH = 10_000.0
"""Lengths that are no whole numbers (CMT) are planned with in ten-thousandths."""


@dataclass(frozen=True, eq=False)
class Capacitated:
    """One depot, lorries of one capacity, perhaps a longest duration with service times."""

    name: str
    family: str
    path: Path
    length: NDArray[np.float64]
    demand: NDArray[np.float64]
    capacity: float
    longest: float
    service: NDArray[np.float64]
    best_known: float | None
    whole: bool

    @property
    def problem(self) -> RoundsProblem:
        """As ours: a metre of the matrix costs what a unit of length costs."""
        units = 1.0 if self.whole else UNITS_A_LENGTH
        stops = len(self.demand) - 1
        timed = np.isfinite(self.longest)
        length = self.length * units
        return RoundsProblem(
            (Goods("load"),),
            Stops.simple(
                [str(i) for i in range(1, stops + 1)], np.arange(1, stops + 1), self.demand[1:],
                service_s=self.service[1:] * units if timed else np.zeros(stops),
            ),
            Depots(("depot",), np.zeros(1, np.int64)),
            DisposalSites.none(),
            (
                VehicleClass(
                    "lorry", "road", (Compartment((0,)),), (None,), shift_end_s=float("inf"),
                    longest_shift_s=self.longest * units if timed else float("inf"),
                    cny_per_km=1000.0 / units, payload_t=self.capacity, longest_trips=1,
                ),
            ),
            {"road": RoadMatrix(length, length if timed else np.zeros_like(length))},
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Located:
    """A location-routing instance and the file it is from."""

    name: str
    problem: LocationRouting
    best_known: float | None


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Scattered and clustered stops, three depots and three disposal sites."""

    name: str
    problem: RoundsProblem
    trips: int | None


def capacitated(folder: Path, family: str) -> list[Capacitated]:
    """Every ``.vrp`` of a family below a folder: whole lengths (X) or exact ones (CMT)."""
    found = []
    for path in sorted(folder.rglob("*.vrp"), key=_size_order):
        is_x = path.stem.startswith("X-")
        if is_x == (family == "cvrp_X") and (is_x or path.stem.upper().startswith("CMT")):
            found.append(_read_capacitated(path, family))
    return found


def _size_order(path: Path) -> tuple[int, str]:
    number = re.search(r"n?(\d+)", path.stem)
    return (int(number[1]) if number else 0, path.stem)


def _read_capacitated(path: Path, family: str) -> Capacitated:
    read = vrplib.read_instance(path)
    whole = family == "cvrp_X"
    length = np.asarray(read["edge_weight"], np.float64)
    # The depot is first in every file of these families; the format allows it elsewhere.
    depot = int(np.atleast_1d(read["depot"])[0])
    order = [depot, *(i for i in range(len(length)) if i != depot)]
    length = length[np.ix_(order, order)]
    service = np.broadcast_to(np.asarray(read.get("service_time", 0.0), np.float64), len(length))
    service = service[order].copy()
    service[0] = 0.0
    return Capacitated(
        path.stem,
        family,
        path,
        np.round(length) if whole else length,
        np.asarray(read["demand"], np.float64)[order],
        float(read["capacity"]),
        float(read.get("distance", read.get("vehicles_max_duration", np.inf))),
        service,
        _best_known(path, str(read.get("comment", ""))),
        whole,
    )


def _best_known(path: Path, comment: str) -> float | None:
    solution = path.with_suffix(".sol")
    if solution.is_file():
        cost = re.search(r"(?i)^cost\s+([\d.]+)", solution.read_text("utf-8"), re.MULTILINE)
        if cost:
            return float(cost[1])
    said = re.search(r"(?i)(?:optimal|best)[^\d]*([\d.]+)", comment) or re.fullmatch(
        r"\s*([\d.]+)\s*", comment
    )
    return float(said[1]) if said else None


def located(folder: Path) -> list[Located]:
    """Every ``.dat`` of Prins's format below a folder."""
    known = dict(_published(folder))
    found = []
    for path in sorted(folder.rglob("*.dat"), key=_prins_order):
        problem = _read_prins(path)
        if problem is not None:
            found.append(Located(path.stem, problem, known.get(path.stem)))
    return found


def _prins_order(path: Path) -> tuple[int, str]:
    number = re.search(r"(\d+)", path.stem)
    return (int(number[1]) if number else 0, path.stem)


def _published(folder: Path) -> Iterator[tuple[str, float]]:
    for path in folder.rglob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if row.get("instance") and row.get("best_known"):
                    yield row["instance"], float(row["best_known"])


def _read_prins(path: Path) -> LocationRouting | None:
    """The instance; None where the file is something else."""
    try:
        numbers = [float(one) for one in path.read_text("utf-8").split()]
        n, m = int(numbers[0]), int(numbers[1])
        if len(numbers) != 2 + 2 * (n + m) + 1 + m + n + m + 2:
            return None
    except (ValueError, IndexError, UnicodeDecodeError):
        return None
    cut = np.cumsum([2, 2 * (n + m), 1, m, n, m, 1, 1])
    _, points, room, rooms, demand, opening, lorry, real = np.split(
        np.array(numbers), cut[:-1]
    )  # fmt: skip
    point = points.reshape(-1, 2)
    straight = np.hypot(*(point[:, None] - point[None]).transpose(2, 0, 1))
    # The published costs are with ceil, whatever the format's text says; sums carry rounding.
    cost = straight if real[0] else np.ceil(100 * straight - 1e-9)
    return LocationRouting(
        tuple(f"d{j}" for j in range(m)), tuple(str(i) for i in range(n)), opening, rooms, demand,
        float(room[0]), float(lorry[0]), cost,
    )  # fmt: skip


def synthetic(stops: int, trips: int | None, seed: int = 0) -> Synthetic:
    """Half the stops in clusters, half anywhere in 50 x 50 km; roads are a little asymmetric."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(5_000, 45_000, (30, 2))
    point = centre[rng.integers(0, 30, stops)] + rng.normal(0, 3_000, (stops, 2))
    alone = rng.random(stops) < 0.5
    point[alone] = rng.uniform(0, 50_000, (int(alone.sum()), 2))
    depots = [[12_000, 12_000], [38_000, 15_000], [25_000, 40_000]]
    sites = [[15_000, 30_000], [30_000, 10_000], [40_000, 35_000]]
    place = np.vstack([depots, sites, np.clip(point, 0, 50_000)])
    distance = 1.3 * np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    distance = np.round(distance * rng.uniform(0.95, 1.1, distance.shape))
    np.fill_diagonal(distance, 0.0)
    lorry = VehicleClass(
        "compactor", "road", (Compartment((0,)),), (None, None, None),
        shift_start_s=6 * 3600.0, shift_end_s=14 * 3600.0, fixed_cny=300.0, cny_per_km=3.0,
        payload_t=6.0, longest_trips=trips,
    )  # fmt: skip
    problem = RoundsProblem(
        (Goods("household"),),
        Stops.simple(
            [f"s{i}" for i in range(stops)], np.arange(6, stops + 6),
            rng.integers(50, 600, stops) / 1000, service_s=np.full(stops, 90.0),
        ),
        Depots(("d0", "d1", "d2"), np.arange(3)),
        DisposalSites.simple(("t0", "t1", "t2"), np.arange(3, 6), unload_s=np.full(3, 900.0)),
        (lorry,),
        {"road": RoadMatrix(distance, np.ceil(distance / (30 / 3.6)))},
    )  # fmt: skip
    return Synthetic(f"synthetic-{stops}{'' if trips is None else '-single'}", problem, trips)
