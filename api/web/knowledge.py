"""Names of streams, tiers and sizes as the package's profiles have them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from api.plans import LoadedPlan
from geodata.faults import InputError
from scenarios.load import profile_of
from scenarios.load_knowledge import stream_ids
from scenarios.schema import StreamProfile, StreamUse
from scenarios.store.runs import AnyRun


@lru_cache(maxsize=64)
def profile(stream: str) -> StreamProfile | None:
    """The profile of a stream of the package, None where there is none of that id."""
    if stream not in stream_ids():
        return None
    try:
        return profile_of(StreamUse(stream=stream))
    except InputError:
        return None


def has_rounds(stream: str) -> bool:
    """Whether a stream of the package is collected in rounds."""
    known = profile(stream)
    return known is not None and any(
        tier.rounds is not None and tier.serves == "demand" for tier in known.tiers
    )


def stream_names(row: AnyRun, lang: str) -> dict[str, str]:
    """Name of every stream of a run."""
    told = row.summary.get("streams", {})
    found = {}
    for one in row.streams:
        stream = str(one)
        names = told.get(stream, {}).get("name") or {}
        known = profile(stream)
        found[stream] = names.get(lang) or (known.name.in_language(lang) if known else stream)
    return found


def tier_names(plan: LoadedPlan, lang: str) -> dict[tuple[str, str], str]:
    """Name of every tier of a plan by stream and tier."""
    return {
        (stream, tier["id"]): tier["name"][lang]
        for stream, one in plan.plans.items()
        for tier in one["tiers"]
    }


def size_names(stream: str, lang: str) -> Mapping[str, str]:
    """Name of every size of a stream by its id, and by its name in either language."""
    known = profile(stream)
    if known is None:
        return {}
    return {
        word: size.name.in_language(lang)
        for tier in known.tiers
        for size in tier.sizes
        for word in (size.name.zh, size.name.en, size.id)
    }
