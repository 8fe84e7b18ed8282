"""The published figures behind the synthetic county, read from ``calibration.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml


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
    text = files(__package__).joinpath("calibration.yaml").read_text(encoding="utf-8")
    return MappingProxyType({name: Figure(**entry) for name, entry in yaml.safe_load(text).items()})


def figure(name: str) -> float:
    """The value of one figure; ``KeyError`` where there is none of that name."""
    return figures()[name].value
