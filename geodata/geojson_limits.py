"""GeoJSON counted before it is parsed: a small file can nest or list more than a parser bears."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geodata.faults import N_, Fault, InputError

MOST_DEPTH = 64
"""A multipolygon of a collection has eleven; properties may nest a little too."""
MOST_BRACKETS = 12_000_000
"""Each position, ring and object has one; a county's parcels have some millions."""
MOST_FEATURES = 1_000_000
_CHUNK = 4 * 2**20
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_STEP = np.zeros(256, np.int8)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1
_FEATURE = b'"Feature"'

Bytes = NDArray[np.uint8]


def check_geojson(path: Path, where: str) -> None:
    """Nothing, where the file is of a size that can be read.

    Raises
    ------
    InputError
        With each of depth, brackets and features that there are too many of.
    """
    count = _Count()
    with path.open("rb") as file:
        while (chunk := file.read(_CHUNK)) and not count.is_too_much:
            count.take(chunk)
    limits = (
        (count.depth, MOST_DEPTH, N_(
            "the file nests {found} levels deep or more, {most} at most are read; is it GeoJSON?"
        )),
        (count.brackets, MOST_BRACKETS, N_(
            "the file has {found} positions and objects or more, {most} at most are read; "
            "simplify its shapes or cut the area out"
        )),
        (count.features, MOST_FEATURES, N_(
            "the file has {found} features or more, {most} at most are read; cut the area out"
        )),
    )  # fmt: skip
    faults = [
        Fault(where, message, {"found": found, "most": most})
        for found, most, message in limits
        if found > most
    ]
    if faults:
        raise InputError(faults)


@dataclass
class _Count:
    """What was seen so far; text in quotes counts for nothing."""

    depth: int = 0
    brackets: int = 0
    features: int = 0
    _level: int = 0
    _in_text: bool = False
    _tail: bytes = b""

    @property
    def is_too_much(self) -> bool:
        """Whether more of the file could change nothing."""
        return (
            self.depth > MOST_DEPTH
            or self.brackets > MOST_BRACKETS
            or self.features > MOST_FEATURES
        )

    def take(self, chunk: bytes) -> None:
        """Count on."""
        # What a cut could split is looked at again with the next chunk.
        whole = self._tail + chunk
        kept = len(whole) - _end_of_whole(whole)
        whole, self._tail = whole[: len(whole) - kept], whole[len(whole) - kept :]
        data = np.frombuffer(whole, np.uint8)
        quotes = _quotes(data)
        inside = (np.cumsum(quotes) + self._in_text) % 2 == 1
        steps = np.where(inside, 0, _STEP[data])
        levels = self._level + np.cumsum(steps, dtype=np.int64)
        if len(levels):
            self.depth = max(self.depth, int(levels.max()))
            self._level = int(levels[-1])
            self._in_text = bool(inside[-1])
        self.brackets += int((steps > 0).sum())
        self.features += whole.count(_FEATURE)


def _end_of_whole(data: bytes) -> int:
    """Where to cut so that neither an escape nor a word of ours is split."""
    end = max(len(data) - len(_FEATURE), 0)
    while end > 0 and data[end - 1] == _BACKSLASH:
        end -= 1
    return end


def _quotes(data: Bytes) -> NDArray[np.bool_]:
    """Quotes that begin or end a text: not those after an odd number of backslashes."""
    quotes: NDArray[np.bool_] = data == _QUOTE
    slashes = data == _BACKSLASH
    if not slashes.any():
        return quotes
    at = np.arange(len(data))
    last_other = np.maximum.accumulate(np.where(slashes, -1, at))
    run_before = np.concatenate(([0], at[:-1] - last_other[:-1]))
    begins: NDArray[np.bool_] = quotes & (run_before % 2 == 0)
    return begins
