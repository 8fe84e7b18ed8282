"""The streams that come with the package: their ids, names and texts."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

from geodata.knowledge import knowledge


def stream_ids() -> tuple[str, ...]:
    """Ids of the streams that come with the package."""
    folder = resources.files("scenarios") / "streams"
    names = (item.name for item in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@lru_cache(maxsize=64)
def packaged_profile(stream: str) -> str | None:
    """The YAML text of a stream, None where there is none of that id."""
    item = resources.files("scenarios") / "streams" / f"{stream}.yaml"
    return item.read_text("utf-8") if item.is_file() else None


@lru_cache(maxsize=1)
def _plain_profiles() -> dict[str, dict[str, Any]]:
    return {one: knowledge("scenarios", f"streams/{one}.yaml") for one in stream_ids()}


def profile_names() -> dict[str, str]:
    """Every word that means a stream (its id, names, words of facility tables) -> its id."""
    found: dict[str, str] = {}
    for one, profile in _plain_profiles().items():
        words = (one, *profile["name"].values(), *profile.get("facility_stream_names", ()))
        for word in words:
            found.setdefault(word.casefold(), one)
    return found


def facility_words(stream: str, tier: str = "") -> set[str]:
    """Words of a facility table, case folded, that mean a stream of the package or its tier."""
    profile = _plain_profiles().get(stream)
    if profile is None:
        return {tier.casefold() if tier else stream.casefold()}
    if not tier:
        words = (stream, *profile["name"].values(), *profile.get("facility_stream_names", ()))
    else:
        empty: dict[str, Any] = {"name": {}}
        said = next((one for one in profile["tiers"] if one["id"] == tier), empty)
        words = (tier, *said["name"].values(), *said.get("facility_names", ()))
    return {str(word).strip().casefold() for word in words}


def stream_demand_layers() -> dict[str, str]:
    """Stream id -> the layer of points that it serves."""
    return {one: profile["demand"]["layer"] for one, profile in _plain_profiles().items()}


@lru_cache(maxsize=1)
def sensitive_streams() -> frozenset[str]:
    """Ids of the streams whose sites the public is not told of."""
    return frozenset(one for one, it in _plain_profiles().items() if it.get("sensitive", False))
