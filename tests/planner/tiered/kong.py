"""Kong's county of 1,276 units (see ../shared/data/README.md) with contiguous service areas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

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


def kong(folder: Path, name: str) -> TieredProblem:
    """``gya1`` ... ``gya5``: demand x km plus facility costs, areas in one piece."""
    table = pd.read_csv(folder / f"{name}.txt", sep=r"\s+")
    population, x, y = (table.iloc[:, c].to_numpy(float) for c in (1, 2, 3))
    cost, capacity = table.iloc[:, 5].to_numpy(float), table.iloc[:, 6].to_numpy(float)
    site = np.flatnonzero(capacity > 0)
    km = np.hypot(x[:, None] - x[None, site], y[:, None] - y[None, site]) / 1000.0
    border = pd.read_csv(folder / "gy2_connectivity.txt")
    pairs = border[["IN_FID", "NEAR_FID"]].to_numpy(int)
    pairs = np.unique(np.vstack([pairs, pairs[:, ::-1]]), axis=0)
    start = np.searchsorted(pairs[:, 0], np.arange(len(table) + 1))
    facilities = Facilities(
        tuple(f"s{j}" for j in site),
        np.arange(len(site) + 1),
        capacity[site],
        cost[site],
    )
    stream = Stream(
        name,
        TieredDemand(tuple(f"u{i}" for i in range(len(table))), population),
        (Tier("site", facilities),),
        (Leg.from_dense(DEMAND, "site", km, km),),
        contiguity=Contiguity("site", start, pairs[:, 1], site),
    )
    return TieredProblem((stream,), Phases((2025,)), impedance_unit="km")
