"""The one entry to road networks: a file of any accepted kind, or a place name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from geodata.faults import N_, Fault, InputError
from geodata.roads.build import build_graph
from geodata.roads.export import is_export, read_export
from geodata.roads.graph import RoadGraph
from geodata.roads.line_layer import LineLayer, read_line_layer
from geodata.roads.osm import read_osm

_OSM = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
_GRAPHML = (".graphml",)
_LAYERS = (".gpkg", ".shp", ".geojson", ".json", ".parquet", ".geoparquet", ".fgb", ".zip")


def load_roads(
    file: Path | str | None = None,
    place: str | None = None,
    *,
    crs: str | None = None,
    tolerance_m: float = 0.5,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> RoadGraph:
    """Read a road network.

    Parameters
    ----------
    file : ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``, OSMnx ``.graphml``, a line layer
        (``.gpkg``, ``.shp``, ``.geojson``, ``.parquet`` ...), or what ``save_roads`` wrote
    place : in place of a file, a name that OSMnx looks up in OpenStreetMap; needs the internet
    crs : system of a line layer: wgs84, cgcs2000, gcj02, bd09 or an EPSG code. Needed where the
        file declares none, and for GCJ-02 and BD-09, which no file can declare
    tolerance_m : ends of a layer's lines nearer than this are one junction
    layer : layer of a file with several
    columns : tag (see ``geodata.roads.tagged.TAGS``) -> the layer's own header, where the aliases
        do not know it
    cache : folder in which OSMnx keeps what it has fetched

    Raises
    ------
    InputError
        The file is missing, broken, of an unknown kind, has no roads, or has no known CRS.
    """
    if (file is None) == (place is None):
        message = N_("give either a road file or a place name")
        raise InputError([Fault("roads", message)])
    if place is not None:
        from geodata.roads.osmnx_graph import fetch_place  # noqa: PLC0415 - OSMnx loads slowly

        return build_graph(fetch_place(place, cache))
    path = Path(file or "")
    if not path.is_file():
        message = N_("there is no such file: {path}")
        raise InputError([Fault(path.name or "roads", message, {"path": str(path)})])
    name = path.name.lower()
    if name.endswith(_OSM):
        return build_graph(read_osm(path))
    if name.endswith(_GRAPHML):
        from geodata.roads.osmnx_graph import read_graphml  # noqa: PLC0415 - OSMnx loads slowly

        return build_graph(read_graphml(path))
    if name.endswith(_LAYERS):
        if is_export(path):
            return read_export(path)
        return build_graph(read_line_layer(LineLayer(path, crs, tolerance_m, layer, columns)))
    message = N_("'{suffix}' is no kind of road file; use one of {kinds}")
    kinds = " ".join((*_OSM, *_GRAPHML, *_LAYERS))
    raise InputError([Fault(path.name, message, {"suffix": path.suffix, "kinds": kinds})])
