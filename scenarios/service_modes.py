"""Ways of service by kind of township (城区直运、乡镇就地): which hauls they leave.

A township is rural by its name (镇, 乡, 农场, 林场), any other that has a name is urban.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from planner.problem import Strength
from scenarios.operations import ServiceMode
from scenarios.profile import Tier

RURAL_ENDINGS = ("镇", "乡", "农场", "林场")


def kind_of_district(name: str) -> str:
    """``urban``, ``rural``, or "" where there is no name."""
    if not name:
        return ""
    return "rural" if name.endswith(RURAL_ENDINGS) else "urban"


def allowed_by_modes(
    modes: Sequence[ServiceMode],
    tier: Tier,
    points: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    row: NDArray[np.int64],
    site: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """(a,) the hauls from points to a tier that 刚性 modes leave.

    Direct haul passes over a tier that may be passed over. On the spot means the own township's
    sites, where it has any that may be built on.
    """
    of_point = points["district"].fillna("").astype(str).to_numpy(object)
    of_site = sites["district"].fillna("").astype(str).to_numpy(object)
    kinds = np.array([kind_of_district(one) for one in of_point], object)
    allowed = np.ones(len(row), np.bool_)
    for mode in modes:
        if mode.strength is not Strength.MUST:
            continue
        meant = np.ones(len(kinds), np.bool_) if mode.where == "everywhere" else kinds == mode.where
        if mode.mode == "direct_haul" and tier.may_skip:
            allowed &= ~meant[row]
        elif mode.mode == "on_the_spot":
            at_home = meant & np.isin(of_point, of_site[of_site != ""])
            allowed &= ~at_home[row] | (of_point[row] == of_site[site])
    return allowed
