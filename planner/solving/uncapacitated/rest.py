"""What is left to decide once some sites are, in row form: fewer sites, and equal rows added up.

Of a million points within reach of 500 sites, 7,000 rows differ; once half of the sites are
decided, 2,000 do. Trees and solvers take what is left and not the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.uncapacitated import reduce
from planner.solving.uncapacitated.rows import Rows, Rules, narrowed, restrict, select_rows


@dataclass(frozen=True, eq=False)
class Rest:
    """Rows over the sites that are still free, given that others are open.

    Parameters
    ----------
    rows, rules : what is left; every row has a site
    sites : (f,) position of each free site among all, rising
    opened : (m,) sites of all that are open whatever else
    settled : (n,) what a point pays that no free site can serve for less; 0 for the others, ...
    held : (n,) ... which some free site can serve for less
    single : their rows before merging; ``member`` the merged row of each
    fixed : cost of the sites that are open
    """

    rows: Rows
    rules: Rules
    sites: IntArray
    opened: BoolArray
    settled: FloatArray
    held: BoolArray
    single: Rows
    member: IntArray
    fixed: float

    @classmethod
    def of(cls, rows: Rows, rules: Rules, free: BoolArray, opened: BoolArray) -> Rest:
        """The rest where ``opened`` (m,) are open, ``free`` undecided and all others closed."""
        every = restrict(rows, free, opened)
        held = np.diff(every.start) > 0
        single = select_rows(every, held)
        merged, member = reduce.merge_rows(single)
        return cls(
            rows=merged,
            rules=narrowed(rules, free, opened),
            sites=np.flatnonzero(free),
            opened=opened,
            settled=np.where(held, 0.0, every.outside),
            held=held,
            single=single,
            member=member,
            fixed=float(rules.fixed[opened].sum()),
        )

    @property
    def constant(self) -> float:
        """What is paid whatever is chosen; ``inf`` where a point is out of reach that must not."""
        return self.fixed + float(self.settled.sum())

    def inward(self, multiplier: FloatArray) -> FloatArray:
        """Multipliers of the rest's rows from (n,) those of all; their bound is no lower."""
        own = np.minimum(multiplier[self.held], self.single.outside)
        summed = np.bincount(self.member, own, minlength=len(self.rows.outside))
        return summed.astype(np.float64)

    def outward(self, multiplier: FloatArray, before: FloatArray) -> FloatArray:
        """(n,) multipliers of all rows from those of the rest's, as ``before`` where it has none.

        Parameters
        ----------
        multiplier : (rows of the rest,)
        """
        every = before.copy()
        every[self.held] = reduce.spread_multipliers(
            self.single, self.member, self.rows, multiplier
        )
        return every

    def with_opened(self, chosen: BoolArray) -> BoolArray:
        """(m,) a choice among the free sites together with the sites that are open anyway."""
        every = self.opened.copy()
        every[self.sites[chosen]] = True
        return every
