"""Small files as planners have them, written for a test."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import shapely

VILLAGES = """村名,乡镇,经度,纬度,人口
王庄村,贾镇,115.60,36.50,500
李庄村,贾镇,115.61,36.51,"1,200"
张庄村,店子镇,115.62,36.52,800
"""


def csv_file(
    folder: Path, text: str = VILLAGES, encoding: str = "utf-8", name: str = "villages.csv"
) -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def workbook(
    folder: Path, sheets: dict[str, list[list[Any]]], merges: dict[str, list[str]] | None = None
) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
        for area in (merges or {}).get(name, []):
            page.merge_cells(area)
    path = folder / "county.xlsx"
    book.save(path)
    return path


def squares(**columns: list[Any]) -> gpd.GeoDataFrame:
    """Squares of 0.1 degrees side by side from 115.4, 36.4."""
    n = len(next(iter(columns.values())))
    shapes = [shapely.box(115.4 + k / 10, 36.4, 115.5 + k / 10, 36.5) for k in range(n)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def points(lon: list[float], lat: list[float], **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def zipped(folder: Path, files: list[Path], name: str = "layer.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return path
