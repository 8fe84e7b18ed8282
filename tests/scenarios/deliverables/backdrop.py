"""What a hand-made plan is drawn on: roads, townships and land that may not be built on."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, Point, Polygon, box

LON, LAT = 115.44, 36.48
KM_LAT = 1 / 110.9
KM_LON = 1 / 89.5


def lonlat(east, north):
    """Degrees of kilometres from the south-western corner, of one place or of arrays."""
    return LON + east * KM_LON, LAT + north * KM_LAT


def road_lines(side_km: float, seed: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    count = max(6, int(side_km))
    for k in range(count + 1):
        at = side_km * k / count
        road_class = "trunk" if k == count // 2 else "county" if k % 4 == 0 else "village"
        steps = np.linspace(0, side_km, 4 * count)
        wobble = rng.normal(0, 0.06, (2, len(steps)))
        rows.append(
            (
                road_class,
                "",
                LineString([lonlat(s, at + w) for s, w in zip(steps, wobble[0], strict=True)]),
            )
        )
        rows.append(
            (
                road_class,
                "G309",
                LineString([lonlat(at + w, s) for s, w in zip(steps, wobble[1], strict=True)]),
            )
        )
    frame = pd.DataFrame(rows, columns=["class", "name", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def district_polygons(side_km: float) -> gpd.GeoDataFrame:
    rows = []
    for i, first in enumerate("东西南北"):
        for j, second in enumerate("关山河"):
            west, south = lonlat(side_km * i / 4, side_km * j / 3)
            east, north = lonlat(side_km * (i + 1) / 4, side_km * (j + 1) / 3)
            rows.append(
                (f"D{i}{j}", f"{first}{second}镇", box(west, south, east, north), i == 2 and j == 1)
            )
    rows.append(("D99", "经济开发区", Polygon(), False))
    frame = pd.DataFrame(rows, columns=["id", "name", "geometry", "seat"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def exclusion_areas(side_km: float) -> gpd.GeoDataFrame:
    river = LineString(
        [
            lonlat(0, side_km * 0.3),
            lonlat(side_km * 0.5, side_km * 0.4),
            lonlat(side_km, side_km * 0.2),
        ]
    )
    rows = [
        ("E1", "清水河", "water", river.buffer(0.004)),
        (
            "E2",
            "永久基本农田",
            "farmland",
            Point(lonlat(side_km * 0.7, side_km * 0.7)).buffer(0.02),
        ),
        ("E3", "高压线", "hv_line", LineString([lonlat(0, 0), lonlat(side_km, side_km)])),
    ]
    frame = pd.DataFrame(rows, columns=["id", "name", "kind", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")
