"""Sites that a document names, put into a made-up district: their size is known, their place not.

A user's own facilities layer says where they stand; a made-up district has none of the real places,
so they stand on free ground of a unit of their own kind and take the place of the made-up sites of
their tier.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.units import parse_unit
from scenarios.cells import read_cell
from scenarios.document import Document, NamedSite


def with_named_sites(
    layers: Mapping[str, gpd.GeoDataFrame], document: Document | None
) -> dict[str, gpd.GeoDataFrame]:
    """The layers with the document's sites among the facilities.

    Sites without a stream, and those beyond the boundary, are not sited here and are left out.
    """
    found = dict(layers)
    sites = [] if document is None else [
        one for one in document.facilities if one.stream and one.tier and not one.outside
    ]  # fmt: skip
    if not sites:
        return found
    facilities = layers["facilities"]
    replaced = {(one.stream, one.tier) for one in sites}
    pairs = zip(_stream_of(facilities), facilities["tier"], strict=True)
    kept = facilities[[pair not in replaced for pair in pairs]]
    found["facilities"] = gpd.GeoDataFrame(
        pd.concat([kept, _placed(sites, layers)], ignore_index=True),
        geometry="geometry",
        crs=facilities.crs,
    )
    return found


def _stream_of(facilities: gpd.GeoDataFrame) -> list[str]:
    """Stream ids of the words in a facilities table."""
    from scenarios.load_knowledge import profile_names  # noqa: PLC0415 - reads all profiles

    ids = profile_names()
    return [ids.get(str(word).casefold(), str(word)) for word in facilities["stream"]]


def _placed(sites: Sequence[NamedSite], layers: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Each at a piece of permitted land that its name picks, no two at the same one."""
    land = layers["permitted_land"]
    free = list(range(len(land)))
    rows, at = [], []
    for number, site in enumerate(sites, start=1):
        pick = free.pop(zlib.crc32(site.id.encode()) % len(free))
        at.append(land.geometry.iloc[pick].representative_point())
        rows.append(
            {
                "id": f"D{number:04d}",
                "name": site.name,
                "district": land["district"].iloc[pick],
                "stream": site.stream,
                "tier": site.tier,
                "state": site.state,
                "capacity_t_per_yr": _most(site.capacity),
                "throughput_t_per_yr": _middle(site.throughput),
                "area_m2": _middle(site.area),
            }
        )
    return gpd.GeoDataFrame(rows, geometry=at, crs="EPSG:4326")


def _most(text: str | None) -> float:
    """The upper end of an amount a year, NaN where it is not given."""
    return _ends(text)[1]


def _middle(text: str | None) -> float:
    low, high = _ends(text)
    return (low + high) / 2


def _ends(text: str | None) -> tuple[float, float]:
    quantity = None if text is None else read_cell(text).quantity
    if quantity is None or quantity.value is None:
        return np.nan, np.nan
    try:
        unit = parse_unit(quantity.unit)
        size = unit.size * unit.scale * (1.0 if unit.per_year is None else unit.per_year)
    except ValueError:
        return np.nan, np.nan
    low = quantity.value if quantity.low is None else quantity.low
    high = quantity.value if quantity.high is None else quantity.high
    return low * size, high * size
