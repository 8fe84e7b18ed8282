"""p-centre: the shortest worst impedance, by radius (Elloumi, Labbé and Pochet 2004).

Let D_0 < D_1 < ... < D_K be the distinct impedances from the largest that somebody cannot avoid
(max_i min_j impedance_ij) upwards, and beyond_r = 1 where the worst impedance is at least D_r.

minimise    D_0 base + sum_{r >= 1} (D_r - D_{r-1}) beyond_r          base fixed at 1

subject to  within_i_r       beyond_r + sum_{j: impedance_ij < D_r} open_j >= 1
            order_r          beyond_r <= beyond_{r-1}
            one_size_j, site_count_*, quota_g_* as in p_median
            open_s, beyond_r in {0, 1}

``within_i_r`` is needed only where ``i`` has an arc of length D_r (a longer gap follows from
``order_r``), and once at the top. Its relaxation is far tighter than "worst >= impedance x use".
With capacities serve_i, link_i_j, capacity_j, throughput_j and enough_capacity of
capacitated_location join, and ``within_i_r`` is over use_ij instead of open_j: every share of
``i`` then keeps within the radius.
"""

from __future__ import annotations

import numpy as np

from planner.models import blocks
from planner.models.blocks import SitingModel, Variables
from planner.models.modelling import ModelWriter, PulpWriter, Variable, WriterMaker
from planner.problem import FloatArray, IntArray, SitingProblem


def build(problem: SitingProblem, write: WriterMaker = PulpWriter) -> SitingModel:
    """The model, with assignment variables only where sites have limits."""
    model = write("p_centre")
    arcs = blocks.usable_arcs(problem)
    opened = blocks.open_sites(model, problem)
    radii = _radii(problem, arcs)
    k, columns = len(opened), np.zeros(0, np.int64)
    allocated = problem.needs_allocation
    nearby: list[list[Variable]]
    if allocated:
        use = blocks.use_arcs(model, problem, arcs, integer=problem.single_source)
        columns = np.arange(k, k + len(arcs))
        nearby = [[one] for one in use]
        blocks.link(model, problem, arcs, use, opened)
        blocks.capacity(model, problem, arcs, use, opened)
        blocks.enough_capacity(model, problem, arcs, opened)
        blocks.serve(model, problem, arcs, use)
    else:
        nearby = [blocks.sizes_at(problem, opened, [j]) for j in problem.arcs.site[arcs]]
        blocks.cover(model, problem, arcs, opened)
    beyond = [model.variable("base", lower=1.0)]
    beyond += [model.variable(f"beyond_{r}", integer=True) for r in range(1, len(radii))]
    model.objective(beyond, np.diff(radii, prepend=0.0))
    for r in range(2, len(beyond)):
        model.at_most(f"order_{r}", [beyond[r], beyond[r - 1]], [1.0, -1.0], 0.0)
    _within(model, problem, arcs, radii, beyond, nearby)
    blocks.counts(model, problem, opened)
    return SitingModel(model, np.arange(k), arcs, columns)


def _radii(problem: SitingProblem, arcs: IntArray) -> FloatArray:
    """(K + 1,) the values that the worst impedance can take; one 0 where nobody is to be served."""
    impedance, demand = problem.arcs.impedance[arcs], problem.arcs.demand[arcs]
    if not len(arcs):
        return np.zeros(1)
    nearest = np.full(len(problem.demand), -np.inf)
    np.maximum.at(nearest, demand, -impedance)
    unavoidable = float((-nearest)[np.isfinite(nearest)].max())
    return np.unique(np.append(impedance[impedance > unavoidable], unavoidable))


def _within(
    model: ModelWriter,
    problem: SitingProblem,
    arcs: IntArray,
    radii: FloatArray,
    beyond: Variables,
    nearby: list[list[Variable]],
) -> None:
    """Add ``within_i_r``: whoever has no open site nearer than D_r pushes the worst to D_r."""
    impedance = problem.arcs.impedance[arcs]
    for i, members in blocks.groups(problem.arcs.demand[arcs], problem.reachable):
        ranked = members[np.argsort(impedance[members], kind="stable")]
        values = impedance[ranked]
        nearer: list[Variable] = []
        for position, (u, value) in enumerate(zip(ranked, values, strict=True)):
            if value > radii[0] and (position == 0 or value > values[position - 1]):
                r = int(np.searchsorted(radii, value))
                columns = [beyond[r], *nearer]
                model.at_least(f"within_{i}_{r}", columns, [1.0] * len(columns), 1.0)
            nearer += nearby[u]
