"""Tiers that stand only where a tier of another planned stream does (刚性, 兼具, 配备)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from planner.problem import Strength
from scenarios.inputs import Inputs
from scenarios.operations import Role
from scenarios.schema import StreamProfile, Tier
from scenarios.sites import TierSites, facilities_of, gather_sites, screened_candidates

Host = tuple[StreamProfile, str]
"""Profile and tier."""


def hosts_of(profile: StreamProfile, profiles: Mapping[str, StreamProfile]) -> dict[str, Host]:
    """Own tiers that stand only where a tier of another planned stream does (刚性)."""
    found = {}
    for rule in profile.shares_sites:
        host = profiles.get(rule.stream)
        if rule.strength is Strength.MUST and host is not None:
            sited = [tier.id for tier in profile.tiers if tier.role is not Role.TERMINAL]
            found[rule.at or sited[0]] = (host, rule.tier)
    return found


def hosted_sites(
    inputs: Inputs, profile: StreamProfile, tier: Tier, own: TierSites, host: StreamProfile, at: str
) -> TierSites:
    """The tier's standing sites, and as candidates those of its host that its own rules allow."""
    host_tier = next(one for one in host.tiers if one.id == at)
    facilities, _ = facilities_of(inputs, host)
    theirs = gather_sites(inputs, host, host_tier, facilities[at]).sites
    screened, kept = screened_candidates(
        inputs, profile, tier, theirs.assign(id=[f"{host.id}-{one}" for one in theirs["id"]])
    )
    standing = own.sites[own.sites["existing"].to_numpy(bool)]
    kept = kept.assign(existing=False, required=False, source=host.id, state="")
    joined = pd.concat([standing, kept[standing.columns]], ignore_index=True)
    sites = gpd.GeoDataFrame(joined, geometry="geometry", crs="EPSG:4326")
    return replace(own, sites=sites, screened=screened)
