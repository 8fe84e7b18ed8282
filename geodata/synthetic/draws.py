"""Random draws that a layer owns: adding a layer never shifts the draws of another."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Draws:
    """One named stream of random numbers of a county.

    Only ``Generator.random`` is used underneath. Its doubles have never changed between NumPy
    versions, while the algorithms behind ``normal`` or ``choice`` may; everything else is derived
    from them by inverse distribution functions.

    Parameters
    ----------
    seed : the county's seed, >= 0
    layer : name of the layer; its checksum, not Python's salted ``hash``, picks the child stream
    """

    def __init__(self, seed: int, layer: str) -> None:
        child = np.random.SeedSequence([seed, zlib.crc32(layer.encode())])
        self._generator = np.random.Generator(np.random.PCG64(child))

    def uniform(self, low: float, high: float, size: int | tuple[int, ...]) -> FloatArray:
        """Doubles in [low, high)."""
        drawn: FloatArray = low + (high - low) * self._generator.random(size)
        return drawn

    def normal(self, size: int | tuple[int, ...]) -> FloatArray:
        """Standard normal doubles, cut at about six standard deviations."""
        drawn: FloatArray = ndtri(np.clip(self._generator.random(size), 1e-9, 1 - 1e-9))
        return drawn

    def lognormal(self, mean: float, sigma: float, size: int) -> FloatArray:
        """Log-normal doubles with the given arithmetic mean and spread of the logarithm."""
        drawn: FloatArray = mean * np.exp(sigma * self.normal(size) - sigma**2 / 2)
        return drawn

    def happens(self, probability: float | FloatArray, size: int) -> NDArray[np.bool_]:
        """Booleans, true with the given probability (one for all or one each)."""
        drawn: NDArray[np.bool_] = self._generator.random(size) < probability
        return drawn

    def pick(self, count: int, size: int, weight: FloatArray | None = None) -> IntArray:
        """Positions in ``range(count)`` drawn with replacement, evenly or by weight."""
        share = self._generator.random(size)
        if weight is None:
            return np.minimum((share * count).astype(np.int64), count - 1)
        steps = np.cumsum(weight)
        found = np.searchsorted(steps, share * steps[-1], side="right")
        picked: IntArray = np.minimum(found, count - 1).astype(np.int64)
        return picked

    def order(self, count: int) -> IntArray:
        """A random order of ``range(count)``."""
        return np.argsort(self._generator.random(count), kind="stable")
