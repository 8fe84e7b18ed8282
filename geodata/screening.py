"""Candidates kept or dropped: exclusion zones with setbacks, and the least area of a site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geodata.crs import geometries_to_metric
from geodata.faults import N_

_SENTENCES = {
    "inside": N_("lies inside {kind} {name}"),
    "setback": N_("lies {distance} m from {kind} {name}; at least {setback} m are required"),
    "least_area": N_("has {area} m²; at least {least} m² are required"),
}

KIND_NAMES = {
    "farmland": N_("permanent basic farmland"),
    "red_line": N_("ecological red line"),
    "water": N_("water"),
    "water_source": N_("protected water source"),
    "dwelling": N_("dwellings"),
    "school": N_("school"),
    "hospital": N_("hospital"),
    "hv_line": N_("high-voltage line"),
    "road": N_("road or railway"),
    "nature_reserve": N_("nature reserve"),
    "flood_zone": N_("flood zone"),
}


@dataclass(frozen=True)
class Setback:
    """A candidate in, or nearer than ``setback_m`` to, an exclusion of ``kind`` is dropped."""

    kind: str
    setback_m: float = 0.0


@dataclass(frozen=True)
class Drop:
    """Why one candidate was dropped.

    ``rule`` is "setback", "inside" or "least_area"; the fields that do not concern it are empty.
    """

    rule: str
    kind: str = ""
    setback_m: float = 0.0
    distance_m: float = 0.0
    exclusion_id: str = ""
    exclusion_name: str = ""
    area_m2: float = 0.0
    least_area_m2: float = 0.0

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The reason as a sentence, e.g. ``drop.text(gettext)``."""
        return translate(_SENTENCES[self.rule]).format(
            kind=translate(KIND_NAMES.get(self.kind, self.kind)),
            name=self.exclusion_name or self.exclusion_id,
            distance=f"{self.distance_m:.0f}",
            setback=f"{self.setback_m:g}",
            area=f"{self.area_m2:.0f}",
            least=f"{self.least_area_m2:g}",
        )


@dataclass(frozen=True, eq=False)
class Screening:
    """What became of each candidate.

    Parameters
    ----------
    kept : (n,)
    drops : (n,) the first rule broken, None where kept
    unchecked : kinds of rules that no exclusion layer covers, so that nobody takes silence for
        clearance
    """

    kept: NDArray[np.bool_]
    drops: tuple[Drop | None, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def dropped_by(self) -> tuple[str, ...]:
        """(n,) English sentence, "" where kept."""
        return tuple("" if drop is None else drop.text() for drop in self.drops)


def screen(
    candidates: gpd.GeoDataFrame,
    exclusions: gpd.GeoDataFrame,
    rules: Sequence[Setback],
    least_area_m2: float,
    metric_crs: CRS,
) -> Screening:
    """Screen candidates by the rules in their order, then by area.

    Parameters
    ----------
    candidates : points, EPSG:4326; a candidate whose ``area_m2`` is unknown passes the area rule
    exclusions : id, name, kind and polygons or lines, EPSG:4326
    rules : setbacks by kind; a candidate exactly at the setback is kept, one on an edge is inside
    least_area_m2 : 0 for none
    metric_crs : what setbacks are measured in
    """
    drops: list[Drop | None] = [None] * len(candidates)
    points = geometries_to_metric(candidates.geometry.to_numpy(), metric_crs)
    shapes = geometries_to_metric(exclusions.geometry.to_numpy(), metric_crs)
    there = ~shapely.is_missing(shapes)
    ids, names, kinds = (_column(exclusions, name) for name in ("id", "name", "kind"))
    unchecked = []
    for rule in rules:
        of_kind = np.flatnonzero(there & (kinds == rule.kind))
        if len(of_kind) == 0:
            unchecked.append(rule.kind)
            continue
        for at, zone, distance_m in _too_near(points, shapes[of_kind], rule.setback_m):
            if drops[at] is None:
                place = of_kind[zone]
                drops[at] = Drop(
                    rule="inside" if distance_m == 0 else "setback",
                    kind=rule.kind,
                    setback_m=rule.setback_m,
                    distance_m=distance_m,
                    exclusion_id=_text(ids[place]),
                    exclusion_name=_text(names[place]),
                )
    _drop_small(candidates, least_area_m2, drops)
    kept = np.array([drop is None for drop in drops], dtype=np.bool_)
    return Screening(kept, tuple(drops), tuple(dict.fromkeys(unchecked)))


def _too_near(
    points: NDArray[np.object_], shapes: NDArray[np.object_], setback_m: float
) -> list[tuple[int, int, float]]:
    """Position of each offending point, of the nearest shape, and the metres between them."""
    # The tree is of the points: it is the shape asked for that GEOS prepares, and shapes are large.
    tree = shapely.STRtree(points)
    if setback_m > 0:
        zones, at = tree.query(shapes, predicate="dwithin", distance=setback_m)
    else:
        zones, at = tree.query(shapes, predicate="intersects")
    metres = shapely.distance(points[at], shapes[zones])
    offends = (metres < setback_m) | (metres == 0)
    at, zones, metres = at[offends], zones[offends], metres[offends]
    nearest_first = np.lexsort((zones, metres, at))
    _, first = np.unique(at[nearest_first], return_index=True)
    chosen = nearest_first[first]
    return [(int(at[k]), int(zones[k]), float(metres[k])) for k in chosen]


def _drop_small(
    candidates: gpd.GeoDataFrame, least_area_m2: float, drops: list[Drop | None]
) -> None:
    """Add the drops for sites that are known to be too small."""
    if least_area_m2 <= 0 or "area_m2" not in candidates:
        return
    area = candidates["area_m2"].to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(invalid="ignore"):
        small = np.flatnonzero(area < least_area_m2)
    for at in small:
        if drops[at] is None:
            drops[at] = Drop(
                "least_area", area_m2=float(area[at]), least_area_m2=float(least_area_m2)
            )


def _column(table: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """A column, or nulls where the table does not have it."""
    if name in table:
        return np.asarray(table[name].to_numpy(dtype=object), dtype=object)
    return np.full(len(table), None, dtype=object)


def _text(value: object) -> str:
    """A cell's text, "" for null."""
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN
