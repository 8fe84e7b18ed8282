"""Small rounds problems that tests vary with ``dataclasses.replace``."""

from __future__ import annotations

import numpy as np

from planner.routes import (
    Compartment,
    Depots,
    DisposalSites,
    Goods,
    RoadMatrix,
    RoundsProblem,
    RoundsSettings,
    Stops,
    Territory,
    VehicleClass,
)

QUICK = RoundsSettings(time_limit_s=60, seed=1, iterations=150)


def lorry(**given: object) -> VehicleClass:
    values: dict[str, object] = {
        "id": "lorry", "matrix": "road", "compartments": (Compartment((0,)),),
        "available": (None,), "shift_start_s": 6 * 3600.0, "shift_end_s": 16 * 3600.0,
        "longest_shift_s": 8 * 3600.0, "fixed_cny": 300.0, "cny_per_km": 3.0, "cny_per_h": 40.0,
        "payload_t": 3.0,
    }  # fmt: skip
    return VehicleClass(**(values | given))  # type: ignore[arg-type]


def scattered(
    stops: int,
    *,
    seed: int = 0,
    days: int = 1,
    sites: int = 1,
    asymmetric: bool = False,
    vehicle: VehicleClass | None = None,
    goods: tuple[Goods, ...] = (Goods("waste"),),
    disposal: DisposalSites | None = None,
    amount_t: object = None,
    territories: tuple[Territory, ...] = (),
    **given: object,
) -> RoundsProblem:
    """Stops strewn over 30 km, a depot at place 0, disposal sites after it, at 30 km/h."""
    rng = np.random.default_rng(seed)
    places = 1 + sites + stops
    point_m = rng.uniform(0, 30_000, (places, 2))
    distance_m = np.hypot(*(point_m[:, None] - point_m[None]).transpose(2, 0, 1)) * 1.3
    if asymmetric:
        distance_m *= rng.uniform(1.0, 1.6, distance_m.shape)
    np.fill_diagonal(distance_m, 0.0)
    tonnes = rng.uniform(0.05, 0.9, stops) if amount_t is None else amount_t
    return RoundsProblem(
        goods,
        Stops.simple(
            [f"s{i}" for i in range(stops)], np.arange(1 + sites, places), tonnes,
            day_count=days, **({"service_s": np.full(stops, 300.0)} | given),
        ),
        Depots(("depot",), np.array([0])),
        disposal
        or DisposalSites.simple(
            [f"site{k}" for k in range(sites)], np.arange(1, 1 + sites), unload_s=np.full(sites, 600.0)
        ),
        (vehicle or lorry(),),
        {"road": RoadMatrix(distance_m, distance_m / (30 / 3.6))},
        day_names=tuple(str(day + 1) for day in range(days)),
        territories=territories,
    )  # fmt: skip
