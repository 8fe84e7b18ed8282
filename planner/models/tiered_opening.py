"""What is open at which size in which phase.

``one_size_s_k_j_t``   sum_o open_sk_jot <= 1; = 1 for what must be open
``larger_s_k_jo_t``    sum_{o' >= o} open_t <= sum_{o' >= o} open_t+1 (may grow, never shrinks)
``same_s_k_jo_t``      open_ot <= open_o,t+1 (keeps its size)
``stays_shut_s_k_j_t`` sum_o open_t+1 <= sum_o open_t (what stands may be closed, once)
``budget_t``           sum of what is built in t over what stood before <= budget_t

Temporary facilities, with ``begun_t`` 1 in the phase in which one opens, ``last_t`` the last phase
in which it is then open, and ``cleared_ot`` 1 where it is at size o in t for the last time:

``once_s_k_j``         sum_t begun_t <= 1
``stands_s_k_j_t``     sum_o open_ot = sum of begun_t' over t' <= t <= last_t'
``cleared_s_k_j_t``    sum_o cleared_ot = sum of begun_t' over last_t' = t
``gone_s_k_jo_t``      cleared_ot <= open_ot

and in the rows of growth and budget ``open_ot - cleared_ot`` takes the place of ``open_ot``. Both
kinds of columns are whole where the openings are.

Bounds say the rest: nothing is open outside its years or where it is forbidden; what stands keeps
at least its size of today. What stands and has been expanded is not closed any more.
"""

from __future__ import annotations

import numpy as np

from planner.models.tiered_draft import FAR, Draft, Rule, Weighted, ones
from planner.problem import BoolArray
from planner.tiered.problem import TieredProblem


def add_openings(draft: Draft) -> None:
    """Columns and rows of openings for every tier of every stream."""
    for s, stream in enumerate(draft.problem.streams):
        for k in range(len(stream.tiers)):
            _add_tier(draft, s, k)


def _add_tier(draft: Draft, s: int, k: int) -> None:
    tier = draft.problem.streams[s].tiers[k]
    part, phases = tier.facilities, len(draft.problem.phases)
    alive = draft.problem.alive(tier)
    possible = possible_sizes(draft.problem, s, k)
    columns = np.full((phases, len(part.capacity_t_per_yr)), -1, np.int64)
    owner, weight = part.facility_of_size, draft.problem.phases.weight
    for t in range(phases):
        for o, j in enumerate(owner.tolist()):
            name = f"open_{s}_{k}_{j}_{o - part.size_start[j]}_{t}"
            column = draft.add(name, upper=float(possible[t, o]), integer=True)
            columns[t, o] = column
            draft.cost[column] += weight[t] * part.fixed_cost_cny_per_yr[o]
    draft.open[s, k] = columns
    last = draft.problem.last_phase(tier)
    for j in np.flatnonzero(draft.problem.is_temporary(tier)).tolist():
        _clear(draft, s, k, j, last[:, j].tolist())
    must = part.required | (part.existing & ~part.closable)
    for j in range(len(part)):
        for t in range(phases):
            options = ones(draft.sizes(s, k, j, t))
            row = draft.equal if must[j] and alive[t, j] else draft.at_most
            row(f"one_size_{s}_{k}_{j}_{t}", options, 1.0)
        for t in np.flatnonzero(alive[:-1, j] & alive[1:, j]).tolist():
            _keep_open(draft, s, k, j, t)


def possible_sizes(problem: TieredProblem, s: int, k: int) -> BoolArray:
    """(t, o) sizes that a facility may have in a phase at all."""
    tier = problem.streams[s].tiers[k]
    part = tier.facilities
    owner = part.facility_of_size
    today = part.existing_size[owner]
    option = np.arange(len(owner))
    may_grow = part.expandable[owner] & (option >= today)
    fits = (today < 0) | (option == today) | may_grow
    allowed: BoolArray = problem.alive(tier)[:, owner] & fits
    return allowed


def _clear(draft: Draft, s: int, k: int, j: int, last: list[int]) -> None:
    """A temporary facility opens once and is cleared after ``last`` (t,) of that phase."""
    name = f"{s}_{k}_{j}"
    begun = {t: draft.add(f"begun_{name}_{t}") for t in range(len(last)) if last[t] >= 0}
    draft.at_most(f"once_{name}", ones(begun.values()), 1.0)
    for t in begun:
        standing = [column for q, column in begun.items() if q <= t <= last[q]]
        opened = draft.sizes(s, k, j, t)
        draft.equal(f"stands_{name}_{t}", ones(opened) | ones(standing, -1.0), 0.0)
        ending = [column for q, column in begun.items() if last[q] == t]
        if not ending or t == max(begun):
            continue
        gone = [draft.add(f"cleared_{name}_{o}_{t}") for o in range(len(opened))]
        draft.equal(f"cleared_{name}_{t}", ones(gone) | ones(ending, -1.0), 0.0)
        for o, (one, size) in enumerate(zip(gone, opened, strict=True)):
            draft.at_most(f"gone_{name}_{o}_{t}", {one: 1.0, size: -1.0}, 0.0)
            draft.cleared[size] = one


def _lasting(draft: Draft, sizes: list[int]) -> Weighted:
    """The sum of what is open at some sizes and is not cleared after the phase."""
    return ones(sizes) | ones((draft.cleared[one] for one in sizes if one in draft.cleared), -1.0)


def _keep_open(draft: Draft, s: int, k: int, j: int, t: int) -> None:
    part = draft.problem.streams[s].tiers[k].facilities
    now, later = draft.sizes(s, k, j, t), draft.sizes(s, k, j, t + 1)
    if part.existing[j] and part.closable[j]:
        draft.at_most(f"stays_shut_{s}_{k}_{j}_{t}", ones(later) | ones(now, -1.0), 0.0)
    for o in range(len(now)):
        if (
            part.existing[j]
            and part.closable[j]
            and part.size_start[j] + o <= part.existing_size[j]
        ):
            continue
        if part.expandable[j]:
            terms = _lasting(draft, now[o:]) | ones(later[o:], -1.0)
            draft.at_most(f"larger_{s}_{k}_{j}_{o}_{t}", terms, 0.0)
        else:
            terms = _lasting(draft, [now[o]]) | {later[o]: -1.0}
            draft.at_most(f"same_{s}_{k}_{j}_{o}_{t}", terms, 0.0)


def add_budget(draft: Draft) -> None:
    """``budget_t``, scaled by the budget."""
    problem = draft.problem
    for t, budget in enumerate(problem.phases.budget_cny.tolist()):
        if not np.isfinite(budget):
            continue
        terms: Weighted = {}
        for s, stream in enumerate(problem.streams):
            for k in range(len(stream.tiers)):
                terms |= _built(draft, s, k, t)
        scale = max(budget, max(map(abs, terms.values()), default=1.0), 1.0)
        terms = {column: weight / scale for column, weight in terms.items() if weight}
        for more in draft.stretch(Rule.BUDGET, f"over_budget_{t}", "", t, upper=FAR, unit=scale):
            terms[more] = -1.0
        draft.at_most(f"budget_{t}", terms, budget / scale)


def _built(draft: Draft, s: int, k: int, t: int) -> Weighted:
    """Investment of a tier in a phase, as a sum over its sizes now and before."""
    tier = draft.problem.streams[s].tiers[k]
    part, columns = tier.facilities, draft.open[s, k]
    alive, owner = draft.problem.alive(tier), part.facility_of_size
    today = part.existing_size[owner]
    worth = part.investment_cny - np.where(today < 0, 0.0, part.investment_cny[today])
    terms: Weighted = {}
    for o, j in enumerate(owner.tolist()):
        if not alive[t, j]:
            continue
        terms[int(columns[t, o])] = float(worth[o])
        if t and alive[t - 1, j]:
            before = _lasting(draft, [int(columns[t - 1, o])])
            terms |= {column: -weight * float(worth[o]) for column, weight in before.items()}
    return terms
