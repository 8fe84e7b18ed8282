"""Who wants service of a stream: a layer's points with their tonnes and what counts of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.demand import Factor, estimate_demand
from geodata.faults import N_, Fault, InputError, Severity
from scenarios.inputs import Inputs
from scenarios.licence_areas import with_licence_area
from scenarios.problems import Wants
from scenarios.schema import (
    DemandFactor,
    DemandLayer,
    ProblemType,
    StreamProfile,
    Tier,
)
from scenarios.travel import Place

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DemandPoints:
    """The points of a stream's demand layer that want service.

    Parameters
    ----------
    table : id, name, district, population (null where not given), the layer's columns
    tonnes : (n,) a year, NaN where not known
    basis : (n,) "stated" | "estimated" | "count"
    weight : what a cover or median model counts: "tonnes" | "population" | "count"
    low, high : (n,) tonnes with the low and the high ends of the factors; stated tonnes stay
    """

    table: gpd.GeoDataFrame
    place: Place
    tonnes: FloatArray
    basis: NDArray[np.str_]
    weight: str
    faults: tuple[Fault, ...]
    low: FloatArray | None = None
    high: FloatArray | None = None

    def wants(self, tier: Tier) -> Wants:
        """The points as one tier counts them."""
        kind = self.weight
        if tier.problem is ProblemType.CAPACITATED_LOCATION or any(
            size.capacity_t_per_yr is not None for size in tier.sizes
        ):
            kind = "tonnes"  # capacities are in tonnes
        if kind == "tonnes":
            return Wants(self.table, self.place, self.tonnes, np.nan_to_num(self.tonnes), "t/yr")
        if kind == "population":
            people = np.nan_to_num(_numbers(self.table, "population"))
            return Wants(self.table, self.place, self.tonnes, people, "people")
        return Wants(self.table, self.place, self.tonnes, np.ones(len(self.table)), "points")


def demand_points(inputs: Inputs, profile: StreamProfile) -> DemandPoints:
    """The demand of a stream.

    Points without tonnes are left out of a stream that is sized to tonnes, and counted in a
    warning; where nobody has any, that is an error.

    Raises
    ------
    InputError
        If the layer is absent or empty, or tonnes are needed and none can be had.
    """
    rule = profile.demand
    layer = inputs.layer(rule.layer)
    if len(layer) == 0:
        message = N_("stream {stream} serves the layer '{layer}', which has no points")
        raise InputError([Fault(rule.layer, message, {"stream": profile.id, "layer": rule.layer})])
    areas = inputs.layer("licence_areas")
    own = DemandLayer(layer=rule.layer, stated_column=rule.stated_column, factors=rule.factors)
    points = _points_of(layer, own, rule.weight)
    for other in rule.also:
        more = inputs.layer(other.layer)
        if len(more):
            points = _joined(points, _points_of(more, other, rule.weight))
    points = replace(points, table=with_licence_area(points.table, areas))
    sized = [tier for tier in profile.tiers if tier.serves == "demand"]
    if any(tier.problem is ProblemType.CAPACITATED_LOCATION for tier in sized):
        return _with_tonnes(points, profile)
    return points


def _points_of(layer: gpd.GeoDataFrame, rule: DemandLayer, weight: str) -> DemandPoints:
    """The points of one layer with their tonnes."""
    made = estimate_demand(
        layer, rule.stated_column, [_factor(one) for one in rule.factors], where=rule.layer
    )
    table = layer.reset_index(drop=True)
    if "population" not in table:
        table = table.assign(population=np.nan)
    table = table.assign(
        district=table["district"].astype(object).where(table["district"].notna(), "")
    )
    low, high = (_at_end(layer, rule, end, made.t_per_yr) for end in ("low", "high"))
    return DemandPoints(
        table,
        Place.of(table, rule.layer),
        made.t_per_yr,
        made.basis,
        weight,
        tuple(made.faults),
        low,
        high,
    )


def _at_end(
    layer: gpd.GeoDataFrame, rule: DemandLayer, end: Literal["low", "high"], middle: FloatArray
) -> FloatArray:
    """Tonnes at one end of the factors' ranges, where the middle is estimated by them."""
    numbers = [number for one in rule.factors for number in (one.factor, *one.times)]
    if all(getattr(number, end) is None for number in numbers):
        return middle
    factors = [Factor(one.of, one.product_at(end), one.factor.unit) for one in rule.factors]
    made = estimate_demand(layer, rule.stated_column, factors, where=rule.layer)
    return np.where(np.isfinite(made.t_per_yr), made.t_per_yr, middle)


def _joined(one: DemandPoints, other: DemandPoints) -> DemandPoints:
    """Points of two layers as one list; an id that both have gets the second layer's name."""
    taken = set(one.place.ids)
    ids = tuple(f"{other.place.key}-{i}" if i in taken else i for i in other.place.ids)
    table = pd.concat([one.table, other.table.assign(id=list(ids))], ignore_index=True)
    return DemandPoints(
        gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326"),
        Place(
            f"{one.place.key}+{other.place.key}",
            (*one.place.ids, *ids),
            np.concatenate((one.place.lon, other.place.lon)),
            np.concatenate((one.place.lat, other.place.lat)),
        ),
        np.concatenate((one.tonnes, other.tonnes)),
        np.concatenate((one.basis, other.basis)),
        one.weight,
        (*one.faults, *other.faults),
        *(_both(one, other, end) for end in ("low", "high")),
    )


def _both(one: DemandPoints, other: DemandPoints, end: Literal["low", "high"]) -> FloatArray:
    """One end of the range of two lists of points."""
    ends = [getattr(part, end) for part in (one, other)]
    middles = (one.tonnes, other.tonnes)
    return np.concatenate([m if e is None else e for e, m in zip(ends, middles, strict=True)])


def _with_tonnes(points: DemandPoints, profile: StreamProfile) -> DemandPoints:
    has = np.nan_to_num(points.tonnes) > 0
    layer = profile.demand.layer
    if not has.any():
        message = N_(
            "no point has tonnes for stream {stream}: state them in a column {column}, or give the "
            "quantities that its factors start from ({quantities})"
        )
        values = {
            "stream": profile.id,
            "column": profile.demand.stated_column or "-",
            "quantities": ", ".join(one.of for one in profile.demand.factors) or "-",
        }
        raise InputError([*points.faults, Fault(layer, message, values)])
    if has.all():
        return points
    message = N_("{count} points have no tonnes for stream {stream} and are left out of it")
    values = {"count": str(int((~has).sum())), "stream": profile.id}
    fault = Fault(layer, message, values, Severity.WARNING)
    kept = np.flatnonzero(has)
    return DemandPoints(
        points.table.iloc[kept].reset_index(drop=True),
        points.place.take(kept, f"{points.place.key}:{profile.id}"),
        points.tonnes[kept],
        points.basis[kept],
        points.weight,
        (*points.faults, fault),
        None if points.low is None else points.low[kept],
        None if points.high is None else points.high[kept],
    )


def _factor(one: DemandFactor) -> Factor:
    """The factor with its further shares multiplied in; an unknown share leaves it unknown."""
    return Factor(one.of, one.product, one.factor.unit)


def _numbers(table: pd.DataFrame, column: str) -> FloatArray:
    return pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
