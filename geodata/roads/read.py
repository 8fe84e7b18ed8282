"""The one entry to road networks: a file of any accepted kind, or a place name."""

from __future__ import annotations

from pathlib import Path

from geodata.roads.graph import RoadGraph


def load_roads(
    file: Path | str | None = None,
    place: str | None = None,
    *,
    crs: str | None = None,
    tolerance_m: float = 0.5,
    layer: str | None = None,
    columns: dict[str, str] | None = None,
    cache: Path | None = None,
) -> RoadGraph:
    """Read a road network.

    Parameters
    ----------
    file : ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``, OSMnx ``.graphml``, or a line layer
        (``.gpkg``, ``.shp``, ``.geojson``, ``.parquet`` ...)
    place : in place of a file, a name that OSMnx looks up in OpenStreetMap; needs the internet
    crs : system of a line layer: wgs84, cgcs2000, gcj02, bd09 or an EPSG code. Needed where the
        file declares none, and for GCJ-02 and BD-09, which no file can declare
    tolerance_m : ends of a layer's lines nearer than this are one junction
    layer : layer of a GeoPackage with several
    columns : standard name -> the layer's own, where the aliases do not know it
    cache : folder in which OSMnx keeps what it has fetched

    Raises
    ------
    InputError
        The file is missing, broken, of an unknown kind, has no roads, or has no known CRS.
    """
    raise NotImplementedError
