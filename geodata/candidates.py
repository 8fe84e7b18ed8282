"""Candidate sites where the planner has none: from villages, sites, shops, land and roadsides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
from pyproj import CRS


def generate_candidates(
    sources: Sequence[str],
    layers: Mapping[str, gpd.GeoDataFrame],
    metric_crs: CRS,
    *,
    roads: gpd.GeoDataFrame | None = None,
    spacing_m: float = 3000.0,
    merge_within_m: float = 50.0,
) -> gpd.GeoDataFrame:
    """Candidates of all ``sources``, near-duplicates merged in their order of preference.

    Parameters
    ----------
    sources : in order of preference: "given" (layer candidates), "existing" (facilities),
        "villages", "district_seats" (districts), "shops", "public_land", "roadside" (``roads``),
        "permitted_land"; a source whose layer is absent adds nothing
    layers : tables by layer name, EPSG:4326
    metric_crs : what distances are measured in
    roads : lines with a ``class`` and ``name`` where known
    spacing_m : distance of roadside points, and of points in large polygons of permitted land
    merge_within_m : candidates nearer than this are one, except that given and existing sites
        are never merged away

    Returns
    -------
    Table with id, name, district, source, stream, area_m2, state, merged_ids, geometry.
    "given" and "existing" keep their ids; the others get ``<source>-<id>``, stable from run to run.
    """
    raise NotImplementedError
