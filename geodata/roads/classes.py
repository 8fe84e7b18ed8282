"""Names of road classes, OSM's and China's, and the speed class and access each stands for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from geodata.knowledge import knowledge
from geodata.roads.access import Access


def _knowledge() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = knowledge("geodata.roads", "road_classes.yaml")
    return loaded


_KNOWLEDGE = _knowledge()

SPEED_CLASSES: tuple[str, ...] = tuple(_KNOWLEDGE["speed_classes"])
"""Classes that vehicles.yaml gives speeds for, from motorway to path."""

SPEED_CLASS_NAMES_ZH: Mapping[str, str] = {
    name: entry["zh"] for name, entry in _KNOWLEDGE["speed_classes"].items()
}
"""Speed class -> its Chinese name."""


def _plain(name: str) -> str:
    return "".join(name.split()).lower()


_BY_NAME: Mapping[str, str] = {
    _plain(name): speed_class
    for speed_class, entry in _KNOWLEDGE["speed_classes"].items()
    for name in (speed_class, *entry["names"])
}


@lru_cache(maxsize=4096)
def speed_class(road_class: str) -> str:
    """The speed class of a road class as a file names it; ``other`` where it is not known."""
    return _BY_NAME.get(_plain(road_class), "other")


def is_known(road_class: str) -> bool:
    """Whether road_classes.yaml has the name."""
    return _plain(road_class) in _BY_NAME


@lru_cache(maxsize=4096)
def class_access(road_class: str) -> Access:
    """Groups that may use a road of this class where no sign says otherwise."""
    groups = _KNOWLEDGE["access"].get(speed_class(road_class))
    if groups is None:
        return Access.ALL
    access = Access.NONE
    for group in groups:
        access |= Access[group]
    return access
