"""What a programme does in the cases that a scenario asks for: the answers, without a solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geodata.faults import Fault

ESTIMATES = ("low", "middle", "high")


@dataclass(frozen=True)
class Shift:
    """Tonnes a year that a site takes in more (or fewer) than planned."""

    stream: str
    tier: str
    site: str
    tonnes: float


@dataclass(frozen=True)
class Left:
    """A point whose tonnes nobody has room for."""

    stream: str
    point: str
    share: float
    tonnes: float


@dataclass(frozen=True)
class OutageAnswer:
    """Where the tonnes go in one case.

    Parameters
    ----------
    streams : those that were looked at together
    down : (stream, tier, site)
    usual_cost_cny_per_yr, cost_cny_per_yr : of the year as planned and as it then runs
    """

    name: str
    year: int
    surge: float
    streams: tuple[str, ...]
    down: tuple[tuple[str, str, str], ...]
    unserved_t_per_yr: float
    usual_cost_cny_per_yr: float
    cost_cny_per_yr: float
    shifts: tuple[Shift, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True)
class EstimateAnswer:
    """Programmes for low, middle and high tonnes of some streams, each tried under all three.

    Rows of ``cost_cny`` (over the phases), ``unserved_t_per_yr`` and ``regret_cny`` are programmes,
    columns what then arises; ``inf`` where tonnes are left or there is no programme.
    """

    streams: tuple[str, ...]
    tonnes: tuple[float, ...]
    cost_cny: tuple[tuple[float, ...], ...]
    unserved_t_per_yr: tuple[tuple[float, ...], ...]
    regret_cny: tuple[tuple[float, ...], ...]
    holds_at_high: tuple[bool, ...]
    robust: str
    """``low``, ``middle``, ``high``, or "" where no programme holds at high."""


@dataclass(frozen=True)
class WhatIf:
    """All cases that the scenario asks for."""

    outages: tuple[OutageAnswer, ...] = ()
    estimates: tuple[EstimateAnswer, ...] = ()
    faults: tuple[Fault, ...] = ()

    def of_stream(self, stream: str) -> WhatIf:
        """The cases that a stream takes part in."""
        return WhatIf(
            tuple(one for one in self.outages if stream in one.streams),
            tuple(one for one in self.estimates if stream in one.streams),
        )


def what_if_dict(found: WhatIf) -> Mapping[str, Any]:
    """As plain values for programs; what is infinite is left to the writer."""
    return {
        "outages": [
            {
                "name": one.name,
                "year": one.year,
                "surge": one.surge,
                "streams": list(one.streams),
                "down": [dict(zip(("stream", "tier", "site"), d, strict=True)) for d in one.down],
                "unserved_t_per_yr": one.unserved_t_per_yr,
                "usual_cost_cny_per_yr": one.usual_cost_cny_per_yr,
                "cost_cny_per_yr": one.cost_cny_per_yr,
                "shifts": [vars(shift) for shift in one.shifts],
                "left": [vars(left) for left in one.left],
            }
            for one in found.outages
        ],
        "estimates": [
            {
                "streams": list(one.streams),
                "programmes": list(ESTIMATES),
                "arises": list(ESTIMATES),
                "tonnes": list(one.tonnes),
                "cost_cny": [list(row) for row in one.cost_cny],
                "unserved_t_per_yr": [list(row) for row in one.unserved_t_per_yr],
                "regret_cny": [list(row) for row in one.regret_cny],
                "holds_at_high": list(one.holds_at_high),
                "robust": one.robust,
            }
            for one in found.estimates
        ],
    }
