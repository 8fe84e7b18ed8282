"""What a plan was made from and by: a hash of all inputs of a stream, and versions."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from typing import Any

from scenarios.schema import Scenario, StreamProfile

VERSIONED = ("wangdian", "numpy", "scipy", "geopandas", "pulp", "highspy")


def stream_hash(scenario: Scenario, profile: StreamProfile, digest: str) -> str:
    """SHA-256 of all that can change a stream's answer."""
    parts: dict[str, Any] = {
        "inputs": digest,
        "profile": profile.model_dump(mode="json"),
        "solver": scenario.solver.model_dump(mode="json"),
        "max_snap_m": scenario.max_snap_m,
        "off_road": scenario.off_road,
        "discount_rate": scenario.discount_rate,
    }
    if scenario.site_changes or scenario.closed_roads:
        changes = scenario.model_dump(mode="json", include={"site_changes", "closed_roads"})
        parts["changes"] = changes
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of what made a plan."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
