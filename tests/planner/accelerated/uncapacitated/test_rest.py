"""What is left to decide: the same values and no weaker prices than the whole."""

import numpy as np
import pytest

from planner.solving.uncapacitated import pmedian_branch
from planner.solving.uncapacitated.pmedian_bound import first_multipliers, price_sites
from planner.solving.uncapacitated.pmedian_branch import Effort, Node, settle
from planner.solving.uncapacitated.rest import Rest
from planner.solving.uncapacitated.rows import countable
from planner.solving.uncapacitated.selection import choose
from tests.planner.accelerated.uncapacitated.random_rows import allowed, random_rows, value


def random_rest(rng, rows, rules):
    m = len(rules.fixed)
    state = rng.choice(3, m, p=(0.5, 0.25, 0.25))
    return Rest.of(rows, rules, state == 0, state == 1)


def choices_within(rest, rules):
    """Allowed choices that open what is open in the rest and nothing that is closed."""
    may = rest.opened.copy()
    may[rest.sites] = True
    for mask in allowed(rules):
        if mask[rest.opened].all() and not mask[~may].any():
            yield mask


@pytest.mark.parametrize("seed", range(200))
def test_every_choice_costs_the_same_in_the_rest(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 2 == 0)
    rest = random_rest(rng, rows, rules)
    within = list(choices_within(rest, rules))
    assert {mask[rest.sites].tobytes() for mask in within} == {
        mask.tobytes() for mask in allowed(rest.rules)
    }
    for mask in within:
        chosen = mask[rest.sites]
        assert value(rest.rows, rest.rules, chosen) + rest.constant == value(rows, rules, mask)
        assert (rest.with_opened(chosen) == mask).all()


def bound_of(rows, rules, multiplier):
    price = np.empty(len(rules.fixed))
    price_sites(rows, rules.fixed, multiplier, price)
    return multiplier.sum() + choose(price, rules, np.zeros(len(price), bool))


@pytest.mark.parametrize("seed", range(200))
def test_multipliers_of_the_rest_bound_it_no_worse(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 2 == 0)
    rest = random_rest(rng, rows, rules)
    if not np.isfinite(rest.constant) or not countable(rest.rules):
        return
    multiplier = first_multipliers(rows, int(rng.integers(0, 3)))
    inward = rest.inward(multiplier)
    assert (inward <= rest.rows.outside + 1e-9).all()
    unmerged = np.minimum(multiplier[rest.held], rest.single.outside)
    bound = bound_of(rest.rows, rest.rules, inward)
    assert bound >= bound_of(rest.single, rest.rules, unmerged) - 1e-9
    best = min((value(rest.rows, rest.rules, mask) for mask in allowed(rest.rules)), default=np.inf)
    assert bound <= best + 1e-9


@pytest.mark.parametrize("seed", range(80))
def test_multipliers_of_the_rest_go_back_to_the_rows_they_came_from(seed):
    rng = np.random.default_rng(seed)
    rows, rules = random_rows(rng, covers=seed % 2 == 0)
    rest = random_rest(rng, rows, rules)
    before = first_multipliers(rows, 1)
    own = rest.inward(before)
    back = rest.outward(own, before)
    assert (back[~rest.held] == before[~rest.held]).all()
    assert rest.inward(back) == pytest.approx(own)


def test_a_node_with_nothing_left_to_decide_is_closed(monkeypatch):
    """However many turns of fixing it took: an undecided node without free sites cannot be split.

    A single turn is allowed here, so that the last site is decided in the last turn.
    """
    monkeypatch.setattr(pmedian_branch, "_ROUNDS", 0)
    closed = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        rows, rules = random_rows(rng, covers=True)
        m = len(rules.fixed)
        root = Node(np.ones(m, bool), np.zeros(m, bool), -np.inf, first_multipliers(rows, 0))
        best = min((value(rows, rules, mask) for mask in allowed(rules)), default=np.inf)
        if not np.isfinite(best):
            continue
        node = settle(rows, rules, root, best + 1e-6, best, Effort(steps=20))
        assert node.undecided is None or len(node.undecided) == node.free.sum() > 0
        closed += node.undecided is None
    assert closed > 0
