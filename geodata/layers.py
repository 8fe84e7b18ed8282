"""Layers of points and areas: read, cleaned, validated, in WGS84 with standard columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geodata.faults import Fault


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as read: usable rows with standard columns, and everything that was wrong.

    Parameters
    ----------
    kind : villages, facilities, candidates, districts, exclusions, shops, ...
    table : EPSG:4326, the standard columns of docs/architecture.md and the file's other columns
    faults : errors and warnings; an error means ``table`` must not be planned with
    where : what the planner calls it: "villages.csv", "county.xlsx, sheet 村庄"
    rows : (n,) row of the file (as Excel shows it) or feature number of each row of ``table``
    skipped : rows left out by reason: "total", "note", "no_coordinates", "blank"
    """

    kind: str
    table: gpd.GeoDataFrame
    faults: tuple[Fault, ...]
    where: str
    rows: NDArray[np.int64]
    skipped: Mapping[str, int]


def read_layer(
    path: Path | str,
    kind: str,
    *,
    crs: str | int | None,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> Layer:
    """Read one layer from CSV, Excel, GeoPackage, Shapefile (also zipped), GeoJSON or GeoParquet.

    Never raises for what is in the file: every fault is in ``Layer.faults``, so that a caller can
    collect those of all layers and call :func:`geodata.faults.raise_errors` once.

    Parameters
    ----------
    path : the file
    kind : layer kind; one that ``columns.yaml`` does not name is read as a demand layer
    crs : declared system (see :func:`geodata.crs.declared_crs`); None is allowed only where the
        file itself states one
    sheet : Excel sheet or GeoPackage layer; the only or the first suitable one where None
    columns : standard name -> header in the file, ``"#3"`` for the third column of a file without
        headers, ``"=water"`` for the same value in every row
    aliases : more headers for a standard column, e.g. ``{"straw_t_per_yr": ("秸秆产生量",)}``
    """
    raise NotImplementedError
