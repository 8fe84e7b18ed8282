"""Points in the wrong place: exchanged axes, outside the area, a GCJ-02 layer called WGS84."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd

from geodata.faults import Fault
from geodata.layers import Layer


@dataclass(frozen=True)
class OffsetFinding:
    """Median distance to the reference as declared, and with the GCJ-02 offset taken out."""

    suspected: bool
    n_points: int
    declared_m: float
    shifted_m: float


def detect_gcj02_offset(points: gpd.GeoDataFrame, reference: gpd.GeoDataFrame) -> OffsetFinding:
    """Whether points declared as WGS84 look like GCJ-02 beside roads (or other WGS84 points)."""
    raise NotImplementedError


def check_offset(layer: Layer, reference: gpd.GeoDataFrame) -> tuple[Fault, ...]:
    """A warning where :func:`detect_gcj02_offset` suspects the layer, else nothing."""
    raise NotImplementedError


def check_area(layer: Layer, area: gpd.GeoDataFrame) -> tuple[Fault, ...]:
    """Points far outside ``area`` (district polygons, roads or other points), by name and row."""
    raise NotImplementedError
