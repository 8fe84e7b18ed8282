"""``problem.npz`` of a building programme: its problem and plan, for whoever re-checks it.

One archive of plain arrays and a JSON tree that says how they belong together; no pickles, and only
the classes named here are made from it, each of which checks what it is given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner import tiered
from planner.problem import Strength
from planner.tiered import GoalKind, TieredProblem
from planner.tiered import StreamPlan as TieredPlan

FORMAT = "wangdian-programme-1"

CLASSES = {
    one.__name__: one
    for one in (
        tiered.Apart, tiered.Contiguity, tiered.Facilities, tiered.FacilityQuota, tiered.Flow,
        tiered.Goal, tiered.Leg, tiered.Phases, tiered.Places, tiered.Seasons, tiered.Stream,
        tiered.StreamPlan, tiered.Terminals, tiered.Tier, tiered.TieredDemand,
        tiered.TieredProblem,
    )
}  # fmt: skip
KINDS = {one.__name__: one for one in (Strength, GoalKind)}


@dataclass(frozen=True, eq=False)
class ProgrammePart:
    """The streams that were decided together, and what was decided.

    Parameters
    ----------
    plans : in the problem's order of streams
    """

    problem: TieredProblem
    plans: tuple[TieredPlan, ...]


def write_programme(path: Path, part: ProgrammePart) -> None:
    """Write problem and plan."""
    arrays: dict[str, NDArray[Any]] = {}
    tree = {
        "problem": _taken_apart(part.problem, arrays),
        "plans": _taken_apart(part.plans, arrays),
    }
    text = np.array(json.dumps(tree, ensure_ascii=False))
    np.savez_compressed(path, allow_pickle=False, format=np.array(FORMAT), tree=text, **arrays)


def read_programme(stored: Any) -> ProgrammePart:
    """Problem and plan from the arrays of an archive.

    Raises
    ------
    KeyError, TypeError, ValueError, ProblemError
        If they are not what :func:`write_programme` writes.
    """
    tree = json.loads(str(stored["tree"]))
    problem, plans = (_put_together(tree[name], stored) for name in ("problem", "plans"))
    if not isinstance(problem, TieredProblem) or not isinstance(plans, tuple):
        raise TypeError("no programme")
    return ProgrammePart(problem, plans)


def _taken_apart(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """A value as JSON; its arrays go into the archive, named by their number."""
    if isinstance(value, np.ndarray):
        return _array(value, arrays)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: _taken_apart(getattr(value, one.name), arrays) for one in fields(value)}
        return {"class": type(value).__name__, "fields": parts}
    if isinstance(value, Enum):
        return {"kind": type(value).__name__, "value": value.value}
    if isinstance(value, tuple):
        if value and all(isinstance(one, str) for one in value):
            return {"words": _array(np.array(value, dtype=np.str_), arrays)["array"]}
        return {"tuple": [_taken_apart(one, arrays) for one in value]}
    return value


def _array(value: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> dict[str, str]:
    name = f"a{len(arrays)}"
    arrays[name] = value
    return {"array": name}


def _put_together(tree: Any, stored: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return stored[tree["array"]]
    if "words" in tree:
        return tuple(str(one) for one in stored[tree["words"]])
    if "tuple" in tree:
        return tuple(_put_together(one, stored) for one in tree["tuple"])
    if "kind" in tree:
        return KINDS[tree["kind"]](tree["value"])
    parts = {str(name): _put_together(one, stored) for name, one in tree["fields"].items()}
    return CLASSES[tree["class"]](**parts)
