"""``service.npz``: the service check of a run in one file of plain arrays, no pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from scenarios.service_check.index import Places, ServiceIndex, TierFacts, TierIndex
from scenarios.service_check.network import Line, Network

SERVICE = "service.npz"
FORMAT = "wangdian-service-2"
BEFORE_DIRECT_HAUL = "wangdian-service-1"
"""Runs kept from before later tiers answered for the villages hauled straight to them."""

_NETWORK = (
    "edge_from", "edge_to", "reverse", "length_m", "shape_start", "shape_lon", "shape_lat",
    "node_lon", "node_lat",
)  # fmt: skip
_PLACES = ("lon", "lat", "edge", "fraction", "leg_m")
_TIER = (
    "served_by", "metres", "seconds", "within", "answers_for",
    "near", "near_metres", "near_seconds",
    "node_site", "node_edge", "node_metres", "node_seconds",
)  # fmt: skip

Arrays = dict[str, NDArray[Any]]


def write_index(index: ServiceIndex, path: Path) -> None:
    """Write the index of a run."""
    network = index.network
    arrays: Arrays = {f"network/{name}": getattr(network, name) for name in _NETWORK}
    for vehicle, usable in network.usable.items():
        arrays[f"usable/{vehicle}"] = usable
        arrays[f"seconds/{vehicle}"] = network.seconds[vehicle]
    heads = []
    for k, tier in enumerate(index.tiers):
        arrays |= {f"{k}/{name}": getattr(tier, name) for name in _TIER}
        for kind, places in (("sites", tier.sites), ("villages", tier.villages)):
            arrays |= {f"{k}/{kind}/{name}": getattr(places, name) for name in _PLACES}
        heads.append(_head(tier))
    head = {
        "format": FORMAT,
        "metric": network.metric,
        "max_snap_m": network.max_snap_m,
        "vehicles": list(network.usable),
        "tiers": heads,
    }
    arrays["head"] = np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8)
    np.savez(path, allow_pickle=False, **arrays)


def _head(tier: TierIndex) -> dict[str, Any]:
    """What is text."""
    return {
        "facts": asdict(tier.facts),
        "sites": _texts(tier.sites),
        "villages": _texts(tier.villages),
        "measured": list(tier.measured),
        "reason": list(tier.reason),
        "site_status": list(tier.site_status),
        "detours": {str(k): line for k, line in tier.detours.items()},
    }


def _texts(places: Places) -> dict[str, list[str]]:
    names = ("ids", "names", "districts")
    return {name: list(getattr(places, name)) for name in names}


def read_index(path: Path) -> ServiceIndex:
    """Read the index of a run.

    Raises
    ------
    ValueError
        If the file is not one of :func:`write_index`.
    """
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    head = json.loads(arrays["head"].tobytes())
    if head["format"] == BEFORE_DIRECT_HAUL:
        for k, tier in enumerate(head["tiers"]):
            arrays[f"{k}/answers_for"] = np.ones(len(tier["villages"]["ids"]), np.bool_)
    elif head["format"] != FORMAT:
        raise ValueError(f"{path} is a {head['format']}, not a {FORMAT}")
    network = Network(
        **{name: arrays[f"network/{name}"] for name in _NETWORK},
        usable={name: arrays[f"usable/{name}"] for name in head["vehicles"]},
        seconds={name: arrays[f"seconds/{name}"] for name in head["vehicles"]},
        metric=head["metric"],
        max_snap_m=head["max_snap_m"],
    )
    return ServiceIndex(network, [_tier(one, arrays, k) for k, one in enumerate(head["tiers"])])


def _tier(head: Mapping[str, Any], arrays: Arrays, k: int) -> TierIndex:
    detours: dict[int, Line] = {
        int(village): [[lon, lat] for lon, lat in line] for village, line in head["detours"].items()
    }
    return TierIndex(
        facts=TierFacts(**head["facts"]),
        sites=_places(head["sites"], arrays, f"{k}/sites"),
        villages=_places(head["villages"], arrays, f"{k}/villages"),
        measured=tuple(head["measured"]),
        reason=tuple(head["reason"]),
        site_status=tuple(head["site_status"]),
        detours=detours,
        **cast("Any", {name: arrays[f"{k}/{name}"] for name in _TIER}),
    )


def _places(head: Mapping[str, list[str]], arrays: Arrays, prefix: str) -> Places:
    texts: dict[str, Any] = {name: tuple(values) for name, values in head.items()}
    return Places(**texts, **cast("Any", {name: arrays[f"{prefix}/{name}"] for name in _PLACES}))
