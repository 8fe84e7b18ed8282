"""What a planner changes by hand: sites locked, banned, freed or moved, known plans excluded.

Every function gives a new problem and leaves the old one as it was. Sites are named by their ids.
To see what a change costs, solve the changed problem with the earlier plan as ``start``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.problem import BoolArray, Exclusion, IntArray, SitingProblem
from planner.problem_faults import ProblemError
from planner.solution import SitingSolution


def lock(problem: SitingProblem, *site_ids: str) -> SitingProblem:
    """These sites must be open.

    Raises
    ------
    ProblemError
        For ids that no site has, and for sites that are forbidden: :func:`free` these first.
    """
    chosen = _marked(problem, site_ids)
    _refuse(problem, chosen & problem.sites.forbidden, "is forbidden; free it before locking it")
    return _with(problem, problem.sites.required | chosen, problem.sites.forbidden)


def ban(problem: SitingProblem, *site_ids: str) -> SitingProblem:
    """These sites must stay closed.

    Raises
    ------
    ProblemError
        For ids that no site has, and for sites that are required: :func:`free` these first.
    """
    chosen = _marked(problem, site_ids)
    _refuse(problem, chosen & problem.sites.required, "is required; free it before banning it")
    return _with(problem, problem.sites.required, problem.sites.forbidden | chosen)


def free(problem: SitingProblem, *site_ids: str) -> SitingProblem:
    """These sites may be open or closed, whatever was said of them before.

    Raises
    ------
    ProblemError
        For ids that no site has.
    """
    chosen = _marked(problem, site_ids)
    return _with(problem, problem.sites.required & ~chosen, problem.sites.forbidden & ~chosen)


def move(problem: SitingProblem, from_id: str, to_id: str) -> SitingProblem:
    """The first site closes and the second must open, whatever was said of the first before.

    Raises
    ------
    ProblemError
        For ids that no site has, where both are the same, and where the second is forbidden.
    """
    if from_id == to_id:
        raise ProblemError([f"site {from_id} cannot be moved to itself"])
    return lock(ban(free(problem, from_id), from_id), to_id)


def exclude(problem: SitingProblem, known: SitingSolution, *, differ_by: int = 1) -> SitingProblem:
    """The answer must differ from a known plan in ``differ_by`` sites (a moved one counts as two).

    Raises
    ------
    ProblemError
        If ``differ_by`` is below 1 or the plan is one of other sites.
    """
    if len(known.size) != len(problem.sites):
        raise ProblemError(
            [f"the known plan has {len(known.size)} sites, the problem {len(problem.sites)}"]
        )
    one = Exclusion(known.opened, differ_by)
    return replace(problem, exclusions=(*problem.exclusions, one))


def positions(problem: SitingProblem, site_ids: Sequence[str]) -> IntArray:
    """Positions of sites by id.

    Raises
    ------
    ProblemError
        Naming every id that no site has.
    """
    known = {name: j for j, name in enumerate(problem.sites.ids)}
    missing = [one for one in site_ids if one not in known]
    if missing:
        raise ProblemError([f"there is no site {one!r}" for one in missing])
    return np.array([known[one] for one in site_ids], np.int64)


def _marked(problem: SitingProblem, site_ids: Sequence[str]) -> BoolArray:
    chosen = np.zeros(len(problem.sites), np.bool_)
    chosen[positions(problem, site_ids)] = True
    return chosen


def _refuse(problem: SitingProblem, clash: BoolArray, why: str) -> None:
    if clash.any():
        raise ProblemError([f"site {problem.sites.ids[j]} {why}" for j in np.flatnonzero(clash)])


def _with(problem: SitingProblem, required: BoolArray, forbidden: BoolArray) -> SitingProblem:
    return replace(problem, sites=replace(problem.sites, required=required, forbidden=forbidden))
