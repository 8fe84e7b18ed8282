"""How often one caller may ask."""

from __future__ import annotations

import time
from collections import OrderedDict


class RateLimit:
    """A bucket a caller that refills evenly; the least recent callers are forgotten.

    Parameters
    ----------
    per_minute : 0 is no limit
    """

    MOST_CALLERS = 20_000

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """Seconds to wait; 0 where the request may pass, which it then has."""
        if self.per_minute <= 0:
            return 0.0
        now = time.monotonic()
        level, at = self._buckets.pop(caller, (float(self.per_minute), now))
        level = min(float(self.per_minute), level + (now - at) * self.per_minute / 60)
        passes = level >= 1.0
        self._buckets[caller] = (level - 1.0 if passes else level, now)
        if len(self._buckets) > self.MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if passes else (1.0 - level) * 60 / self.per_minute
