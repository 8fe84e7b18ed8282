"""Plans by iterated interchange: shift a few sites of the best plan to overlapping ones, improve.

Where cover counts, interchange ends at choices that no single exchange improves and that are still
a percent short: sites of one another's neighbourhood would have to move together. A kick moves two
to six of them at once; interchange does the rest (iterated local search: Lourenço, Martin and
Stützle, 2003). Seeded and measured in work, so that the same search kicks the same way.
"""

from __future__ import annotations

import numpy as np

from planner.problem import BoolArray
from planner.solving.uncapacitated import reduce
from planner.solving.uncapacitated.search import Search

_FEWEST, _MOST = 2, 6
"""Sites shifted by a kick; two alone do not leave the best plans of 80 sites of 500."""
_CALL = 3_000
"""Rows and entries that could be visited in the time that a kick takes beside its visits."""
_FIRST = 2_000_000
_FIRST_A_SITE = 4
"""Rows and entries visited by the first kicks, a fifth of a second, and kicks a site at most."""
_LISTEN_EVERY = 1_000_000
"""Entries visited between two looks at the listener: about 0.1 s."""


class Kicks:
    """Kicks of one search's best plan, taken up again whenever there is work to spend."""

    def __init__(self, search: Search) -> None:
        rows, rules = search.core.rows, search.core.rules
        self._search = search
        self._random = np.random.default_rng(search.settings.seed)
        self._start, self._row, _ = reduce.columns(rows, len(rules.fixed))
        self._effort = len(rows.outside) + len(rows.site) + _CALL
        self._purse = self._unheard = 0

    @staticmethod
    def pay(search: Search) -> bool:
        """Whether only cover counts, with a price on what is left uncovered."""
        rows = search.core.rows
        priced = not rows.cost.any() and bool(np.isfinite(rows.outside).all())
        return priced and len(rows.site) > 0 and search.exchanges

    def begin(self) -> None:
        """The first kicks, before anything is branched on; few where there are few sites."""
        sites = len(self._search.core.rules.fixed)
        self.spend(min(_FIRST, _FIRST_A_SITE * sites * self._effort))

    def spend(self, work: int) -> None:
        """Kick until this many entries of rows, and what was left over before, are visited."""
        search = self._search
        self._purse += work
        while self._purse >= self._effort and search.has_plan and not search.out_of_time():
            self._purse -= self._effort
            search.improve(self._kicked())
            self._unheard += self._effort
            if self._unheard >= _LISTEN_EVERY:
                self._unheard = 0
                search.report("improve")

    def _kicked(self) -> BoolArray:
        """(m,) the best plan with a few sites shifted, its counts kept."""
        opened: BoolArray = np.zeros(len(self._search.core.rules.fixed), np.bool_)
        opened[self._search.chosen] = True
        for _ in range(int(self._random.integers(_FEWEST, _MOST + 1))):
            self._shift(opened)
        return opened

    def _shift(self, opened: BoolArray) -> None:
        """Close a site and open one of its group that shares a point with it, if there is one."""
        rows, group = self._search.core.rows, self._search.core.rules.group
        standing = np.flatnonzero(opened)
        if not len(standing):
            return
        site = self._random.choice(standing)
        if self._start[site] == self._start[site + 1]:
            return
        shared = self._row[self._random.integers(self._start[site], self._start[site + 1])]
        others = rows.site[rows.start[shared] : rows.start[shared + 1]]
        others = others[~opened[others] & (group[others] == group[site])]
        if len(others):
            opened[site] = False
            opened[self._random.choice(others)] = True
