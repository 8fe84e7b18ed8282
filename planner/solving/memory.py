"""How much memory a solve may take, and what is said where that is not enough.

A limit is kept by three means: methods say before they begin what they will hold, so that one that
does not fit is passed over for a leaner one (:mod:`planner.solving.methods`); trees go on depth
first once their open nodes have filled their part; and a solver's process is held to the limit by
the system, where it can.
"""

from __future__ import annotations

import math
from pathlib import Path

from planner.solution import SolverSettings

SHARE = 0.8
"""Of what the machine has free that a solve takes for itself where nobody says how much it may."""
MIB = 2**20

_MACHINE = Path("/proc/meminfo")
_GROUPS = Path("/sys/fs/cgroup")
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""Of a control group of the second kind and of the first: what it may take, and takes."""


class NotEnoughMemoryError(MemoryError):
    """A problem that no method can solve in the memory there is; says what would help."""


def allowed_mib(settings: SolverSettings) -> float:
    """What a solve may take: as asked, or a share of what is free; ``inf`` where nobody knows."""
    return SHARE * free_mib() if settings.memory_mib is None else float(settings.memory_mib)


def free_mib(machine: Path = _MACHINE, groups: Path = _GROUPS) -> float:
    """What the machine has free, or less where this process' control group may take less."""
    return min([_free_of_machine(machine), *(_free_of_group(groups, *one) for one in _LIMITS)])


def too_little(needed_mib: float, settings: SolverSettings, points: int, sites: int) -> str:
    """The sentence of a problem that does not fit."""
    allowed = allowed_mib(settings)
    whose = "memory_mib" if settings.memory_mib is not None else f"{SHARE:.0%} of what is free"
    return (
        f"{points:,} points with {sites:,} sites need about {math.ceil(needed_mib):,} MiB and "
        f"{allowed:,.0f} MiB may be taken ({whose}); raise memory_mib, or leave out pairs that "
        "nobody would use by a shorter cutoff, or solve the districts one by one"
    )


def _free_of_machine(machine: Path) -> float:
    for line in _lines(machine):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) / 1024.0
    return float("inf")


def _free_of_group(groups: Path, limit: str, usage: str) -> float:
    """``inf`` where there is no such group, or it has no limit."""
    most, taken = _lines(groups / limit), _lines(groups / usage)
    if not most or not taken or not most[0].isdigit():
        return float("inf")
    return max(0.0, (int(most[0]) - int(taken[0])) / MIB)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
