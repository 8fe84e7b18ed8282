"""What the state of an existing facility (domain: 现状保留 … 季节性) lets a plan do with it."""

from __future__ import annotations

from typing import Final

STANDS_TODAY: Final = frozenset(
    {"", "kept", "upgrade", "expand", "move", "close", "temporary", "seasonal"}
)
"""States of facilities that serve somebody today; an unstated state is taken as kept."""

ENDS: Final = frozenset({"close", "move"})
"""Not there any more when the plan is carried out; a moved one comes back as a candidate."""

MAY_GROW: Final = frozenset({"upgrade", "expand"})
"""May be given a larger size than it has."""

OPTIONAL: Final = frozenset({"temporary"})
"""May be used, need not be kept."""

PROPOSED: Final = frozenset({"planned"})
"""Proposed by an earlier plan: a candidate like any other."""


def must_stay(state: str) -> bool:
    """Whether a standing site of this state is kept unless the tier says it may be closed."""
    return state not in ENDS | OPTIONAL | PROPOSED
