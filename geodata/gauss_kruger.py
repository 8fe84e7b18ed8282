"""Columns X and Y of Chinese survey tables: which is east, and which zone a prefix names.

In survey work X is north and Y is east; in GIS exports it is the other way round. In China's
Gauss-Kruger systems the two cannot be confused by their size: north runs from 1,900 to 6,000 km,
east from 170 to 830 km, or carries the zone's number as a prefix of two digits (39,500,000).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from geodata.crs import DeclaredCrs
from geodata.faults import N_, Fault, Severity

FloatArray = NDArray[np.float64]
_PREFIX_M = 1_000_000.0


@dataclass(frozen=True, eq=False)
class Resolved:
    """East and north in a system that fits them, and what was decided on the way."""

    east: FloatArray
    north: FloatArray
    declared: DeclaredCrs
    faults: tuple[Fault, ...]


def resolve_grid(x: FloatArray, y: FloatArray, declared: DeclaredCrs, where: str) -> Resolved:
    """Order the axes of Chinese grid coordinates and settle the zone.

    Other projected systems pass unchanged, x being east.

    Parameters
    ----------
    x, y : (n,) metres as the columns are headed
    declared : the layer's system; plain cgcs2000 takes its zone from the prefix of the eastings
    """
    if not _is_chinese_grid(declared.crs):
        return Resolved(x, y, declared, ())
    faults: list[Fault] = []
    east, north = x, y
    if _looks_north(x) and not _looks_north(y):
        east, north = y, x
        message = N_("X holds northings and Y eastings (survey habit); they were read so")
        faults.append(Fault(where, message, {}, Severity.WARNING))
    settled, fault = _settle_zone(east, declared, where)
    if fault is not None:
        faults.append(fault)
    return Resolved(east, north, settled, tuple(faults))


def _is_chinese_grid(crs: CRS) -> bool:
    """CGCS2000, Xian 1980 or Beijing 1954: the plain datum or one of its Gauss-Kruger grids."""
    base = crs.geodetic_crs
    name = "" if base is None or base.datum is None else base.datum.name
    return any(word in name for word in ("China 2000", "Xian 1980", "Beijing 1954"))


def _looks_north(values: FloatArray) -> bool:
    """Whether a column is of the size of northings in China."""
    middle = np.nanmedian(values) if np.isfinite(values).any() else np.nan
    return bool(1_900_000 <= middle <= 6_000_000)


def _settle_zone(
    east: FloatArray, declared: DeclaredCrs, where: str
) -> tuple[DeclaredCrs, Fault | None]:
    """The declared system, or its twin with or without zone prefix that fits the eastings."""
    middle = float(np.nanmedian(east)) if np.isfinite(east).any() else np.nan
    prefix = int(middle // _PREFIX_M) if np.isfinite(middle) else 0
    if not declared.is_projected:
        return _zone_of_prefix(prefix, declared, where)
    origin = _false_easting(declared.crs)
    has_prefix, wants_prefix = prefix > 0, origin > _PREFIX_M
    if has_prefix == wants_prefix and (not has_prefix or prefix == int(origin // _PREFIX_M)):
        return declared, None
    twin = _twin(declared.crs, prefix if has_prefix else 0)
    if twin is None:
        message = N_(
            "the eastings (about {east} m) do not belong to the declared {crs}; declare the zone "
            "whose number or central meridian they are in"
        )
        return declared, Fault(where, message, {"east": round(middle), "crs": declared.text})
    message = N_("the eastings fit {twin} rather than the declared {crs}; read so")
    values = {"twin": twin.name, "crs": declared.text}
    return replace(declared, crs=twin), Fault(where, message, values, Severity.WARNING)


def _zone_of_prefix(
    prefix: int, declared: DeclaredCrs, where: str
) -> tuple[DeclaredCrs, Fault | None]:
    """Plain cgcs2000 with metres: the zone that the eastings' prefix names."""
    if "China 2000" in str(declared.crs.datum):
        if 25 <= prefix <= 45:
            return replace(declared, crs=CRS.from_epsg(4513 + prefix - 25)), None
        if 13 <= prefix <= 23:
            return replace(declared, crs=CRS.from_epsg(4491 + prefix - 13)), None
    message = N_(
        "coordinates in metres need a zone: declare the grid by its central meridian, EPSG:4534 "
        "(75°E) to EPSG:4554 (135°E), e.g. EPSG:4547 for 114°E"
    )
    return declared, Fault(where, message)


def _false_easting(crs: CRS) -> float:
    """Easting of the central meridian."""
    return _parameter(crs, "False easting")


def _twin(crs: CRS, prefix: int) -> CRS | None:
    """The same grid with (``prefix`` > 0) or without the zone's number before the eastings."""
    origin, meridian = _false_easting(crs), _parameter(crs, "Longitude of natural origin")
    if prefix and prefix not in (round(meridian / 3), round((meridian + 3) / 6)):
        return None
    if not prefix and origin < _PREFIX_M:
        return None
    base = crs.geodetic_crs
    if base is None:
        return None
    easting = 500_000.0 + prefix * _PREFIX_M
    conversion = TransverseMercatorConversion(
        longitude_natural_origin=meridian, false_easting=easting
    )
    name = f"{base.name} / Gauss-Kruger {f'zone {prefix}' if prefix else f'CM {meridian:g}E'}"
    return ProjectedCRS(conversion, name=name, geodetic_crs=base)


def _parameter(crs: CRS, name: str) -> float:
    """One parameter of a projection, 0 where it has none."""
    operation = crs.coordinate_operation
    if operation is None:
        return 0.0
    return next((float(p.value) for p in operation.params if p.name == name), 0.0)
