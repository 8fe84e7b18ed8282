"""Small random rows and rules, and their optima by enumeration."""

from itertools import combinations

import numpy as np

from planner.solving.uncapacitated.rows import Rows, Rules, offered_by, restrict, sort_rows


def random_rows(rng, *, covers=False):
    n, m = int(rng.integers(1, 9)), int(rng.integers(1, 7))
    rows = [np.flatnonzero(rng.random(m) < 0.6) for _ in range(n)]
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    site = np.concatenate(rows).astype(np.int32) if n else np.zeros(0, np.int32)
    cost = np.zeros(len(site)) if covers else rng.integers(0, 9, len(site)).astype(float)
    sort_rows(start, site, cost)
    outside = np.where(rng.random(n) < 0.5, np.inf, rng.integers(1, 12, n)).astype(float)
    none = np.zeros(m, bool)
    return restrict(Rows(start, site, cost, outside), ~none, none), random_rules(rng, m)


def random_rules(rng, m):
    groups = int(rng.integers(1, 3))
    group = rng.integers(0, groups, m)
    members = np.append(np.bincount(group, minlength=groups), m)
    least = np.minimum(rng.integers(0, 3, groups + 1), members)
    most = np.maximum(least, np.minimum(rng.integers(0, m + 1, groups + 1), members))
    return Rules(rng.integers(0, 6, m).astype(float), group, least, most)


def allowed(rules):
    groups = len(rules.least) - 1
    m = len(rules.fixed)
    for p in range(m + 1):
        for chosen in combinations(range(m), p):
            mask = np.zeros(m, bool)
            mask[list(chosen)] = True
            count = np.append(np.bincount(rules.group[mask], minlength=groups), p)
            if (count >= rules.least).all() and (count <= rules.most).all():
                yield mask


def value(rows, rules, mask):
    return offered_by(rows, mask).sum() + rules.fixed[mask].sum()


def optimum(rows, rules):
    return min((value(rows, rules, mask) for mask in allowed(rules)), default=np.inf)
