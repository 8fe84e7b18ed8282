"""Kong's instances with service areas in one piece: the tiered problem, its row's parts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.location_instances import Instance, Source, sources
from planner.tiered import (
    DEMAND,
    Contiguity,
    Facilities,
    Leg,
    Phases,
    Stream,
    Tier,
    TieredDemand,
    TieredProblem,
)


def borders(directory: Path, name: str, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of the units of an instance in compressed rows, symmetric: start and neighbour.

    The file is named after the letters of the instance (``gya3``: ``gy2_connectivity``) and names
    units by their id, the first column of the instance.

    Parameters
    ----------
    unit : (n,) ids of the units in the order of the instance
    """
    table = _border_table(directory, name)
    position = {int(one): i for i, one in enumerate(unit)}
    strange = sorted({int(one) for one in table.ravel()} - set(position))
    if strange:
        raise SystemExit(f"{name}: its borders name a unit that it does not have: {strange[0]}")
    pairs = np.array([[position[int(a)], position[int(b)]] for a, b in table])
    pairs = np.unique(np.vstack([pairs, pairs[:, ::-1]]), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.searchsorted(pairs[:, 0], np.arange(len(unit) + 1)), pairs[:, 1]


def _border_table(directory: Path, name: str) -> np.ndarray:
    for source in sources(directory):
        letters = re.match(r"[a-z]+(?=\d*_connectivity$)", source.name)
        if letters and name.startswith(letters.group()):
            return _pairs(source)
    raise SystemExit(f"no file of borders for {name} below {directory}")


def _pairs(source: Source) -> np.ndarray:
    lines = [line.split(",") for line in source.text().splitlines()[1:] if line.strip()]
    return np.array([[int(line[1]), int(line[2])] for line in lines])


def in_one_piece(instance: Instance, directory: Path) -> Instance:
    """The instance with the rule that areas are in one piece, by the borders that are there."""
    found = borders(directory, instance.name, instance.extra["unit"])
    return replace(instance, model="areas", extra=instance.extra | {"borders": found})


def areas_problem(instance: Instance) -> TieredProblem:
    """The instance as one stream of one tier whose areas hold their sites and are in one piece."""
    n, m = instance.cost.shape
    with np.errstate(invalid="ignore", divide="ignore"):
        km = np.where(instance.weight[:, None] > 0, instance.cost / instance.weight[:, None], 0.0)
    facilities = Facilities(
        tuple(f"site {j}" for j in range(m)), np.arange(m + 1), instance.capacity, instance.fixed
    )
    stream = Stream(
        instance.name,
        TieredDemand(tuple(f"unit {i}" for i in range(n)), instance.weight),
        (Tier("site", facilities),),
        (Leg.from_dense(DEMAND, "site", km, km),),
        contiguity=Contiguity("site", *instance.extra["borders"], home=instance.extra["home"]),
    )
    return TieredProblem((stream,), Phases((2025,)), impedance_unit="km")
