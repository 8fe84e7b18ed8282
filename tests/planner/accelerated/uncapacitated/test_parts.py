"""Each reduction, bound, fixing and search by itself, on random rows against enumeration."""

import numpy as np
import pytest

from planner.models.modelling import PulpWriter
from planner.problem import Objective
from planner.solving.uncapacitated import radius_model, reduce
from planner.solving.uncapacitated.core import core_of, cover_core
from planner.solving.uncapacitated.cover_search import search_cover
from planner.solving.uncapacitated.interchange import interchange
from planner.solving.uncapacitated.pmedian_bound import advance, begin, first_multipliers
from planner.solving.uncapacitated.pmedian_branch import Effort, Node, settle
from planner.solving.uncapacitated.reverify import reverify_bound
from planner.solving.uncapacitated.rows import (
    Rules,
    countable,
    offered_by,
    select_rows,
)
from planner.solving.uncapacitated.selection import choose, exchange_costs
from tests.planner.accelerated.uncapacitated.cases import brute_force, random_problem, solve
from tests.planner.accelerated.uncapacitated.random_rows import (
    allowed,
    optimum,
    random_rows,
    random_rules,
    value,
)

SEEDS = range(80)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_greedy_choice_and_its_exchanges_are_the_best(seed):
    rng = np.random.default_rng(seed)
    rules = random_rules(rng, int(rng.integers(1, 8)))
    price = rng.integers(-6, 6, len(rules.fixed)).astype(float)
    chosen = np.zeros(len(price), bool)
    total = choose(price, rules, chosen)
    every = list(allowed(rules))
    assert countable(rules) == bool(every)
    best = min((price[mask].sum() for mask in every), default=np.inf)
    assert total == best
    if not every:
        return
    rise = exchange_costs(price, rules, chosen)
    for j in range(len(price)):
        turned = [price[mask].sum() for mask in every if mask[j] != chosen[j]]
        assert total + rise[j] == min(turned, default=np.inf)


@pytest.mark.parametrize("seed", SEEDS)
def test_merging_rows_changes_no_value_and_no_price(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 2 == 0)
    rows = select_rows(rows, np.diff(rows.start) > 0)
    if not len(rows.outside):
        return
    merged, member = reduce.merge_rows(rows)
    for mask in allowed(rules):
        assert offered_by(merged, mask).sum() == offered_by(rows, mask).sum()
    high = np.where(np.isfinite(merged.outside), merged.outside, 30.0)
    multiplier = np.minimum(first_multipliers(merged, 0) + rng.random(len(high)) * high, high)
    single = reduce.spread_multipliers(rows, member, merged, multiplier)
    assert (single <= rows.outside + 1e-9).all()
    assert np.bincount(member, single) == pytest.approx(multiplier)
    prices = [np.zeros(len(rules.fixed)) for _ in range(2)]
    for price, part, pay in ((prices[0], merged, multiplier), (prices[1], rows, single)):
        demand = np.repeat(np.arange(len(part.outside)), np.diff(part.start))
        np.add.at(price, part.site, np.minimum(0.0, part.cost - pay[demand]))
    assert prices[0] == pytest.approx(prices[1])


@pytest.mark.parametrize("seed", range(200))
def test_dominated_sites_are_never_missed(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 2 == 0)
    if seed % 3 == 0:
        rules = Rules(np.zeros(len(rules.fixed)), *rules[1:])
    gone = reduce.dominated_sites(rows, rules)
    kept = [mask for mask in allowed(rules) if not (mask & gone).any()]
    best = min((value(rows, rules, mask) for mask in kept), default=np.inf)
    assert best == optimum(rows, rules)


@pytest.mark.parametrize("seed", SEEDS)
def test_implied_rows_are_covered_with_the_others(seed):
    rng = np.random.default_rng(seed)
    rows, _ = random_rows(rng, covers=True)
    rows = rows._replace(outside=np.full(len(rows.outside), np.inf))
    merged, _ = reduce.merge_rows(select_rows(rows, np.diff(rows.start) > 0))
    implied = reduce.implied_rows(merged, 6)
    left = select_rows(merged, ~implied)
    for bits in range(64):
        mask = (bits >> np.arange(6) & 1).astype(bool)
        assert np.isinf(offered_by(left, mask)).any() == np.isinf(offered_by(merged, mask)).any()


@pytest.mark.parametrize("seed", range(200))
def test_the_bound_never_passes_the_optimum(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 3 == 0)
    if not countable(rules) or not len(rows.site):
        return
    best = optimum(rows, rules)
    ascent = begin(first_multipliers(rows, int(rng.integers(0, 3))), len(rules.fixed))
    aim = best if np.isfinite(best) else 50.0
    advance(rows, rules, ascent, np.inf, aim * rng.uniform(0.9, 1.3), 80, 5, 1e-4)
    assert ascent.bound <= best + 1e-9
    assert ascent.slack < 1e-9


@pytest.mark.parametrize("seed", range(200))
def test_fixing_loses_no_better_choice(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 3 == 0)
    m = len(rules.fixed)
    root = Node(np.ones(m, bool), np.zeros(m, bool), -np.inf, first_multipliers(rows, 1))
    best = optimum(rows, rules)
    cutoff = best + float(rng.choice([1e-6, 0.5, 3.0])) if np.isfinite(best) else 40.0
    node = settle(rows, rules, root, cutoff, cutoff, Effort(steps=20))
    better = [mask for mask in allowed(rules) if value(rows, rules, mask) < cutoff - 1e-6]
    inside = [
        mask
        for mask in better
        if (mask | ~node.opened).all() and not (mask & ~node.free & ~node.opened).any()
    ]
    if node.undecided is None and node.chosen is None:
        assert not better  # closed: nothing under the cutoff may have been inside
    elif better:
        assert len(inside) == len(better)
        assert node.bound <= best + 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_interchange_keeps_the_counts_and_counts_right(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng)
    every = list(allowed(rules))
    if not every:
        return
    limit = np.where(np.isfinite(rows.outside), rows.outside, 100.0)
    first = every[int(rng.integers(len(every)))]
    sites, total = interchange(rows, rules, limit, np.flatnonzero(first), 1000)
    mask = np.zeros(len(rules.fixed), bool)
    mask[sites] = True
    finite = rows._replace(outside=limit)
    assert any((mask == one).all() for one in every)
    assert total == pytest.approx(value(finite, rules, mask))
    assert total <= value(finite, rules, first) + 1e-9
    swaps = [
        one for one in every if (one != mask).sum() <= 2 and abs(int(one.sum()) - len(sites)) <= 1
    ]
    assert all(value(finite, rules, one) >= total - 1e-6 for one in swaps)


@pytest.mark.parametrize("seed", SEEDS)
def test_cover_search_returns_covers(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=True)
    core = cover_core(select_rows(rows, np.diff(rows.start) > 0), free_rules(len(rules.fixed)))
    if not len(core.rows.site):
        return
    m = len(core.sites)
    start, row, _ = reduce.columns(core.rows, m)
    found = search_cover(core.rows, (start, row), np.ones(m), np.ones(m, bool), 0.0, 200, 1)
    assert np.isfinite(offered_by(core.rows, found)).all()
    assert found.sum() == optimum(core.rows, core.rules)


def free_rules(m):
    return Rules(np.ones(m), np.zeros(m, np.int64), np.zeros(2, np.int64), np.full(2, m))


@pytest.mark.parametrize("seed", range(40))
def test_the_array_twin_is_the_pulp_model_row_by_row(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 3 == 0)
    rows = select_rows(rows, np.diff(rows.start) > 0)
    model = radius_model.state(rows, rules)
    assert isinstance(model, PulpWriter)
    stated, twin = model.arrays(), radius_model.arrays(rows, rules)
    for name in ("cost", "lower", "upper", "integer", "row_lower", "row_upper", "row_start"):
        assert getattr(stated, name) == pytest.approx(getattr(twin, name)), name
    for r in range(len(twin.row_lower)):
        part = slice(twin.row_start[r], twin.row_start[r + 1])
        entries = [
            dict(zip(one.row_index[part].tolist(), one.row_value[part].tolist(), strict=True))
            for one in (stated, twin)
        ]
        assert entries[0] == entries[1], r


@pytest.mark.parametrize(
    "objective", [Objective.MIN_COST, Objective.MIN_SITES, Objective.MAX_COVERED]
)
def test_reverified_bounds_hold_for_any_multipliers(objective):
    for seed in range(80):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng, objective)
        want = brute_force(problem)
        top = problem.arcs.cost.max(initial=1.0) if objective is Objective.MIN_COST else 2.0
        bound = reverify_bound(problem, rng.random(len(problem.demand)) * 1.5 * top)
        if want is not None:
            side = bound - want if objective is Objective.MAX_COVERED else want - bound
            assert side >= -1e-9


def test_kept_multipliers_prove_what_is_claimed():
    proven = 0
    for seed in range(40):
        problem = random_problem(np.random.default_rng(seed), Objective.MIN_COST)
        found = solve(problem)
        if found.size is not None and found.bound_verified:
            assert reverify_bound(problem, found.multipliers) >= found.bound
            proven += 1
    assert proven > 10


def test_no_bound_is_claimed_for_the_worst_impedance():
    problem = random_problem(np.random.default_rng(0), Objective.MIN_WORST)
    with pytest.raises(ValueError, match="no Lagrangian bound"):
        reverify_bound(problem, np.zeros(len(problem.demand)))


def test_required_sites_and_settled_points_are_put_back():
    for seed in range(60):
        problem = random_problem(np.random.default_rng(seed), Objective.MIN_COST)
        core = core_of(problem)
        size = core.sizes(np.zeros(0, np.int64))
        assert ((size >= 0) == problem.sites.required).all()
