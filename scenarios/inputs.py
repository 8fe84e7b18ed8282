"""What a plan is made from: layers and roads from files, or a made-up county, with their faults."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from geodata.crs import metric_crs
from geodata.districts import assign_districts
from geodata.faults import N_, Fault, InputError, Severity, raise_errors
from geodata.layers import Layer, empty_layer, read_layer
from geodata.placement import check_area, check_offset
from geodata.roads.graph import RoadGraph
from geodata.roads.read import load_roads
from geodata.workbooks import WORKBOOK_ENDINGS
from scenarios.named_sites import with_named_sites
from scenarios.road_lines import road_lines
from scenarios.schema import LayerSpec, RoadsSpec, Scenario, StreamProfile, SyntheticSpec

if TYPE_CHECKING:
    from geodata.synthetic import County

AREA_LAYERS = ("districts", "exclusions", "permitted_land", "licence_areas")
"""Layers that are not points in a township: they get no district and no offset check."""

NO_ROWS = "has a header but no rows of data"
"""``geodata.layers``' message for a table without rows."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that a scenario is answered from.

    Parameters
    ----------
    layers : tables by layer name, EPSG:4326, standard columns (``docs/architecture.md``)
    roads : None where the scenario has none
    road_lines : class, name, geometry; for the map and for roadside candidates
    metric_crs : what straight lines are measured in
    faults : warnings; errors have been raised
    synthetic : made up, and to be labelled so everywhere
    digest : SHA-256 of the content of every input file, or of the made-up county's recipe
    sources : lines for the map's source note
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    roads: RoadGraph | None
    road_lines: gpd.GeoDataFrame
    metric_crs: CRS
    faults: tuple[Fault, ...]
    synthetic: bool
    digest: str
    sources: tuple[str, ...] = ()

    def layer(self, name: str) -> gpd.GeoDataFrame:
        """The layer, empty where the scenario has none."""
        found = self.layers.get(name)
        return empty_layer(name) if found is None else found


def load_inputs(
    scenario: Scenario, profiles: Mapping[str, StreamProfile], folder: Path | str = "."
) -> Inputs:
    """Read and validate everything the scenario names.

    Parameters
    ----------
    profiles : of its streams, which say what demand layers are needed
    folder : that relative file names start from

    Raises
    ------
    InputError
        With every error (and warning) of every file at once.
    """
    if scenario.synthetic is not None:
        return _synthetic(scenario)
    folder = Path(folder)
    faults = _missing_layers(scenario, profiles)
    layers, more = _read_layers(scenario, profiles, folder)
    faults += more
    roads, more = _read_roads(scenario.roads, folder)
    faults += more
    raise_errors(faults)
    lines = road_lines(roads)
    tables, more = _placed(layers, lines)
    faults += more
    raise_errors(faults)
    lon, lat = _coordinates(tables)
    return Inputs(
        layers=tables,
        roads=roads,
        road_lines=lines,
        metric_crs=metric_crs(lon, lat),
        faults=tuple(faults),
        synthetic=False,
        digest=_digest(scenario, folder),
    )


def _synthetic(scenario: Scenario) -> Inputs:
    recipe = scenario.synthetic
    assert recipe is not None  # noqa: S101 - the caller looked
    county = _made_up(recipe)
    lon, lat = _coordinates(county.layers)
    return Inputs(
        layers=with_named_sites(county.layers, scenario.document),
        roads=county.roads,
        road_lines=road_lines(county.roads),
        metric_crs=metric_crs(lon, lat),
        faults=(),
        synthetic=True,
        digest=_recipe_digest(scenario, recipe),
        sources=county.sources[:1],
    )


def _made_up(recipe: SyntheticSpec) -> County:
    """The county or city district of a recipe."""
    from geodata.synthetic import make_county  # noqa: PLC0415 - only where one is asked for

    if recipe.urban is None:
        return make_county(recipe.villages, recipe.seed)
    from geodata.synthetic.urban import make_urban_district  # noqa: PLC0415
    from geodata.synthetic.urban_units import DistrictSize  # noqa: PLC0415

    return make_urban_district(DistrictSize(**recipe.urban.model_dump()), recipe.seed)


def _recipe_digest(scenario: Scenario, recipe: SyntheticSpec) -> str:
    """Of the recipe and of the named sites that stand in what it makes."""
    said = f"synthetic {recipe.villages} {recipe.seed}"
    if recipe.urban is not None:
        said += f" {recipe.urban.model_dump_json()}"
    if scenario.document is not None:
        said += "".join(site.model_dump_json() for site in scenario.document.facilities)
    return hashlib.sha256(said.encode()).hexdigest()


def _missing_layers(scenario: Scenario, profiles: Mapping[str, StreamProfile]) -> list[Fault]:
    return [
        Fault(
            "layers",
            N_("stream {stream} serves the layer '{layer}', which the scenario does not have"),
            {"stream": profile.id, "layer": profile.demand.layer},
        )
        for profile in profiles.values()
        if profile.demand.layer not in scenario.layers
    ]


def _read_layers(
    scenario: Scenario, profiles: Mapping[str, StreamProfile], folder: Path
) -> tuple[dict[str, Layer], list[Fault]]:
    layers: dict[str, Layer] = {}
    faults: list[Fault] = []
    needed = {profile.demand.layer for profile in profiles.values()}
    for name, spec in scenario.layers.items():
        layer = read_layer(
            folder / spec.file,
            name,
            crs=spec.crs,
            sheet=spec.sheet,
            columns=spec.columns,
            aliases=_aliases(profiles),
        )
        layers[name] = _optional_if_empty(layer, folder / spec.file, name in needed)
        faults += layers[name].faults
    return layers, faults


def _aliases(profiles: Mapping[str, StreamProfile]) -> dict[str, tuple[str, ...]]:
    """Headers that planners give the stated tonnes of a stream: its Chinese name and a unit."""
    return {
        profile.demand.stated_column: tuple(
            f"{word}{ending}"
            for word in (profile.name.zh, *profile.facility_stream_names)
            for ending in ("产生量", "收集量", "清运量", "量")
        )
        for profile in profiles.values()
        if profile.demand.stated_column
    }


def _optional_if_empty(layer: Layer, path: Path, needed: bool) -> Layer:
    """A workbook's sheet with a header alone is a form that was not filled in, not a fault."""
    errors = [fault for fault in layer.faults if fault.severity is Severity.ERROR]
    only_empty = len(errors) == 1 and errors[0].message == NO_ROWS and len(layer.table) == 0
    if needed or not only_empty or path.suffix.casefold() not in WORKBOOK_ENDINGS:
        return layer
    faults = tuple(replace(fault, severity=Severity.WARNING) for fault in layer.faults)
    return replace(layer, faults=faults)


def _read_roads(spec: RoadsSpec | None, folder: Path) -> tuple[RoadGraph | None, list[Fault]]:
    if spec is None:
        return None, [
            Fault(
                "roads",
                N_(
                    "the scenario has no roads: distances are straight lines times the "
                    "circuity factor of each tier"
                ),
                severity=Severity.WARNING,
            )
        ]
    try:
        roads = load_roads(
            None if spec.file is None else folder / spec.file,
            spec.place,
            crs=spec.crs,
            tolerance_m=spec.tolerance_m,
            layer=spec.sheet,
        )
    except InputError as error:
        return None, list(error.faults)
    return roads, []


def _placed(
    layers: Mapping[str, Layer], lines: gpd.GeoDataFrame
) -> tuple[dict[str, gpd.GeoDataFrame], list[Fault]]:
    """Tables with districts filled in, and what is wrong with where their points lie."""
    districts = layers["districts"].table if "districts" in layers else empty_layer("districts")
    area = _area(layers, lines)
    tables: dict[str, gpd.GeoDataFrame] = {}
    faults: list[Fault] = []
    for name, layer in layers.items():
        tables[name] = layer.table
        if name in AREA_LAYERS or len(layer.table) == 0:
            continue
        if area is not None and layer.table is not area:
            faults += check_area(layer, area)
        if len(lines):
            faults += check_offset(layer, lines)
        tables[name], more = assign_districts(layer.table, districts, where=layer.where)
        faults += more
    return tables, faults


def _area(layers: Mapping[str, Layer], lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """What points are expected to lie in or near: townships, else the roads, else nothing."""
    if "districts" in layers:
        table = layers["districts"].table
        polygons = table[table.geometry.notna() & ~table.geometry.is_empty]
        if len(polygons):
            return polygons
    return lines if len(lines) else None


def _coordinates(tables: Mapping[str, gpd.GeoDataFrame]) -> tuple[pd.Series, pd.Series]:
    """Longitudes and latitudes of the points of all layers."""
    points = pd.concat(
        [
            table.geometry[(table.geometry.geom_type == "Point").to_numpy(bool)]
            for table in tables.values()
            if len(table)
        ]
    )
    series = gpd.GeoSeries(points)
    return series.x, series.y


def _digest(scenario: Scenario, folder: Path) -> str:
    """Of the bytes of all input files, so that a changed file is a changed input."""
    digest = hashlib.sha256()
    specs: list[tuple[str, LayerSpec | RoadsSpec]] = [*sorted(scenario.layers.items())]
    if scenario.roads is not None:
        specs.append(("roads", scenario.roads))
    read: dict[Path, bytes] = {}
    for name, spec in specs:
        digest.update(f"\0{name}\0{spec.model_dump_json()}\0".encode())
        if spec.file is None:
            continue
        path = folder / spec.file
        if path not in read:
            read[path] = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        digest.update(read[path])
    return digest.hexdigest()
