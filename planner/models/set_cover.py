"""Set cover: everybody served by the fewest (or cheapest) sites.

minimise    sum_s fixed_cost_s open_s

subject to  cover_i          sum_{j reaches i} open_j >= 1            every reachable i
            one_size_j, site_count_*, quota_g_* as in p_median
            open_s in {0, 1}

With capacities the assignment is part of the decision: ``cover_i`` gives way to serve_i, link_i_j,
capacity_j, throughput_j and enough_capacity of capacitated_location.
"""

from __future__ import annotations

import numpy as np

from planner.models import blocks
from planner.models.blocks import SitingModel
from planner.models.modelling import PulpWriter, WriterMaker
from planner.problem import SitingProblem


def build(problem: SitingProblem, write: WriterMaker = PulpWriter) -> SitingModel:
    """The model, with assignment variables only where sites have limits."""
    model = write("set_cover")
    arcs = blocks.usable_arcs(problem)
    opened = blocks.open_sites(model, problem)
    k, columns = len(opened), np.zeros(0, np.int64)
    model.objective(opened, problem.sites.fixed_cost)
    if problem.needs_allocation:
        use = blocks.use_arcs(model, problem, arcs, integer=problem.single_source)
        columns = np.arange(k, k + len(arcs))
        blocks.serve(model, problem, arcs, use)
        blocks.link(model, problem, arcs, use, opened)
        blocks.capacity(model, problem, arcs, use, opened)
        blocks.enough_capacity(model, problem, arcs, opened)
    else:
        blocks.cover(model, problem, arcs, opened)
    blocks.counts(model, problem, opened)
    return SitingModel(model, np.arange(k), arcs, columns)
