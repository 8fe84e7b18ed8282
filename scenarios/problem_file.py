"""``problem.npz``: the siting problems behind a ``plan.json``, for whoever re-checks it.

One archive of plain arrays a stream, no pickles: every tier's problem as it was solved, the opened
sizes, and the multipliers of its bound where there are any. Its fingerprint stands in
``plan.json``, so that neither file can be changed without the other telling.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from geodata.faults import N_, Fault, InputError
from planner.problem import (
    Arcs,
    Demand,
    Exclusion,
    Objective,
    Quota,
    Sites,
    SitingProblem,
    Strength,
)
from planner.problem_faults import ProblemError
from scenarios.plan import StreamPlan

FORMAT = "wangdian-problem-1"
MOST_BYTES = 8 * 2**30
"""Unpacked; a larger archive is no plan of ours but a trap."""

Stored = Mapping[str, NDArray[Any]]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class StoredTier:
    """A tier's problem, its opened sizes (m,) and, where there are any, its multipliers (n,)."""

    problem: SitingProblem
    size: NDArray[np.int64]
    multipliers: NDArray[np.float64] | None


def write_problems(path: Path, stream: StreamPlan) -> None:
    """Write every solved tier of a stream."""
    tiers = [one.tier.id for one in stream.answers]
    arrays: dict[str, NDArray[Any]] = {"format": np.array(FORMAT), "tiers": _texts(tiers)}
    for position, answer in enumerate(stream.answers):
        solution = answer.solution
        parts = {**_problem_arrays(answer.tier_problem.problem), "size": solution.size}
        if solution.certificate.multipliers is not None:
            parts["multipliers"] = solution.certificate.multipliers
        arrays |= {f"{position}/{name}": array for name, array in parts.items()}
    # The names of the arrays are ours; none is called "file".
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_problems(path: Path) -> dict[str, StoredTier]:
    """The tiers of a ``problem.npz`` by id.

    Raises
    ------
    InputError
        If the file is not there or is not what :func:`write_problems` writes.
    """

    def tiers(stored: Stored) -> dict[str, StoredTier]:
        return {
            str(tier): _tier_of(_Prefixed(stored, f"{position}/"))
            for position, tier in enumerate(stored["tiers"])
        }

    return read_archive(path, FORMAT, tiers)


def read_archive(path: Path, written_as: str, read: Callable[[Stored], T]) -> T:
    """What ``read`` makes of an archive of plain arrays, without trusting it.

    Parameters
    ----------
    written_as : the ``format`` that it must name

    Raises
    ------
    InputError
        If the file is not there or is not of this format.
    """
    if not path.is_file():
        message = N_("is missing; write the plan again, or put the file beside plan.json")
        raise InputError([Fault(str(path), message)])
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist()) > MOST_BYTES:
                raise ValueError("larger than any plan")  # noqa: TRY301 - one message for all
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["format"]) != written_as:
                raise ValueError(f"format {stored['format']}")  # noqa: TRY301 - the same
            return read(stored)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ProblemError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        EOFError,
        RecursionError,
    ) as error:
        message = N_("is no problem file of this program ({problem}); write the plan again")
        raise InputError([Fault(str(path), message, {"problem": str(error)})]) from error


class _Prefixed:
    """The arrays of one tier."""

    def __init__(self, stored: Stored, prefix: str) -> None:
        self._stored, self._prefix = stored, prefix

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._stored[self._prefix + name]

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._stored


def _problem_arrays(problem: SitingProblem) -> dict[str, NDArray[Any]]:
    demand, sites, arcs = problem.demand, problem.sites, problem.arcs
    units = (problem.impedance_unit, problem.weight_unit, problem.cost_unit)
    return {
        "objective": np.array(problem.objective.value),
        "single_source": np.array(problem.single_source),
        "units": _texts(units),
        "site_count": _counts(problem.site_count),
        "demand_ids": _texts(demand.ids),
        "weight": demand.weight,
        "site_ids": _texts(sites.ids),
        **{name: getattr(sites, name) for name in _SITE_ARRAYS},
        "arc_start": arcs.start,
        "arc_site": arcs.site,
        "impedance": arcs.impedance,
        "cost": arcs.cost,
        "quota_names": _texts([quota.name for quota in problem.quotas]),
        "quota_strengths": _texts([quota.strength.value for quota in problem.quotas]),
        "quota_limits": np.array(
            [_counts((quota.minimum, quota.maximum)) for quota in problem.quotas], np.int64
        ).reshape(-1, 2),
        **_lists("quota_sites", [quota.sites for quota in problem.quotas]),
        "exclusion_differ_by": np.array([one.differ_by for one in problem.exclusions], np.int64),
        **_lists("exclusion_opened", [one.opened for one in problem.exclusions]),
    }


_SITE_ARRAYS = (
    "required", "forbidden", "existing", "size_start", "capacity", "fixed_cost", "least_throughput",
)  # fmt: skip


def _tier_of(stored: _Prefixed) -> StoredTier:
    impedance_unit, weight_unit, cost_unit = (str(one) for one in stored["units"])
    problem = SitingProblem(
        objective=Objective(str(stored["objective"])),
        demand=Demand(_words(stored["demand_ids"]), stored["weight"]),
        sites=Sites(
            ids=_words(stored["site_ids"]), **{name: stored[name] for name in _SITE_ARRAYS}
        ),
        arcs=Arcs(stored["arc_start"], stored["arc_site"], stored["impedance"], stored["cost"]),
        site_count=_count_pair(stored["site_count"]),
        quotas=_quotas(stored),
        exclusions=tuple(
            Exclusion(opened, int(differ_by))
            for opened, differ_by in zip(
                _unlisted(stored, "exclusion_opened"), stored["exclusion_differ_by"], strict=True
            )
        ),
        single_source=bool(stored["single_source"]),
        impedance_unit=impedance_unit,
        weight_unit=weight_unit,
        cost_unit=cost_unit,
    )
    multipliers = stored["multipliers"].astype(np.float64) if "multipliers" in stored else None
    return StoredTier(problem, stored["size"].astype(np.int64), multipliers)


def _quotas(stored: _Prefixed) -> tuple[Quota, ...]:
    quotas = []
    columns = (stored["quota_names"], _unlisted(stored, "quota_sites"), stored["quota_limits"])
    for name, sites, limits, strength in zip(*columns, stored["quota_strengths"], strict=True):
        least, most = _count_pair(limits)
        quotas.append(Quota(str(name), sites, least or 0, most, Strength(str(strength))))
    return tuple(quotas)


def _texts(values: Sequence[str]) -> NDArray[Any]:
    return np.array(list(values), dtype=np.str_)


def _words(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in values)


def _counts(pair: tuple[int | None, int | None]) -> NDArray[Any]:
    """Two counts, -1 where there is no limit."""
    return np.array([-1 if one is None else one for one in pair], np.int64)


def _count_pair(values: NDArray[Any]) -> tuple[int | None, int | None]:
    least, most = (None if one < 0 else int(one) for one in values)
    return least, most


def _lists(name: str, members: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Lists of positions as one array and where each begins."""
    start = np.cumsum([0, *(len(one) for one in members)])
    return {name: np.concatenate([np.zeros(0, np.int64), *members]), f"{name}_start": start}


def _unlisted(stored: _Prefixed, name: str) -> list[NDArray[Any]]:
    start = stored[f"{name}_start"]
    return np.split(stored[name], start[1:-1]) if len(start) > 1 else []
