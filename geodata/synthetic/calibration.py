"""The published figures behind the synthetic county, read from ``calibration.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from geodata.knowledge import knowledge


@dataclass(frozen=True)
class Figure:
    """One figure with where it is from.

    Parameters
    ----------
    value, unit : the number and what it counts
    source : document and line, or what the default rests on
    evidence : document, derived, recalled or assumed
    note : 口径, where it matters
    """

    value: float
    unit: str
    source: str
    evidence: str
    note: str = ""


@cache
def figures() -> Mapping[str, Figure]:
    """Every calibration figure by name."""
    entries = knowledge("geodata.synthetic", "calibration.yaml")
    return MappingProxyType({name: Figure(**entry) for name, entry in entries.items()})


def figure(name: str) -> float:
    """The value of one figure; ``KeyError`` where there is none of that name."""
    return figures()[name].value
