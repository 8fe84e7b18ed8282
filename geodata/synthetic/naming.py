"""Invented names from syllables; no place of these names is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from geodata.knowledge import knowledge
from geodata.synthetic.draws import Draws

IntArray = NDArray[np.int64]


@cache
def words() -> Mapping[str, list[str]]:
    """The syllables of ``names.yaml`` by kind."""
    return MappingProxyType(knowledge("geodata.synthetic", "names.yaml"))


def county_name() -> str:
    """The county's invented name."""
    return str(words()["county"])


def township_names(draws: Draws, is_street_office: NDArray[np.bool_]) -> list[str]:
    """One unlike name a township, with 街道, 镇 or 乡 behind it."""
    known = words()
    stems = [a + b for a in known["township_first"] for b in known["township_second"]]
    stems = [stem for stem in stems if stem not in known["not_used"]]
    if len(is_street_office) > len(stems):
        stems = stems + [a + stem for a in known["sides"] for stem in stems]
    stems = stems + [
        f"{stem}{k}" for k in range(2, 2 + len(is_street_office) // len(stems)) for stem in stems
    ]
    order = draws.order(len(stems))[: len(is_street_office)]
    kind = draws.pick(len(known["township_kinds"]), len(order))
    return [
        stems[at] + ("街道" if street else known["township_kinds"][k])
        for at, k, street in zip(
            order.tolist(), kind.tolist(), is_street_office.tolist(), strict=True
        )
    ]


def village_names(draws: Draws, district: IntArray) -> list[str]:
    """Names that repeat between townships but never within one."""
    known = words()
    count = len(district)
    family = draws.pick(len(known["families"]), count)
    place = draws.pick(len(known["places"]), count)
    side = draws.pick(3 * len(known["sides"]), count)  # two of three villages have no side
    taken: set[tuple[int, str]] = set()
    names = []
    for home, f, p, s in zip(*(a.tolist() for a in (district, family, place, side)), strict=True):
        stem = known["families"][f] + known["places"][p]
        name = _free_name(taken, home, stem, known["sides"], s)
        taken.add((home, name))
        names.append(name)
    return names


def _free_name(
    taken: set[tuple[int, str]], home: int, stem: str, sides: Sequence[str], side: int
) -> str:
    tail = "" if stem.endswith("村") else "村"
    starts = [sides[side] if side < len(sides) else "", *sides]
    starts += [a + b for a in sides for b in sides]
    return next(start + stem + tail for start in starts if (home, start + stem + tail) not in taken)


def pair_names(draws: Draws, count: int, first: str, second: str | Sequence[str]) -> list[str]:
    """``count`` names of a word of one kind and an ending, which may repeat."""
    heads = words()[first]
    tails = words()[second] if isinstance(second, str) else list(second)
    return [
        heads[a] + tails[b]
        for a, b in zip(
            draws.pick(len(heads), count).tolist(),
            draws.pick(len(tails), count).tolist(),
            strict=True,
        )
    ]
