"""Maximal cover: the most weight within reach of the opened sites (Church and ReVelle 1974).

maximise    sum_i weight_i covered_i

subject to  covered_i        covered_i <= sum_{j reaches i} open_j    every reachable i
            one_size_j, site_count_*, quota_g_* as in p_median
            open_s in {0, 1};  0 <= covered_i <= 1

``covered`` is whole by itself once the sites are. With capacities the assignment is part of the
decision: maximise sum_ij weight_i use_ij with serve_i as sum_j use_ij <= 1, link_i_j, capacity_j
and throughput_j of capacitated_location.
"""

from __future__ import annotations

import numpy as np

from planner.models import blocks
from planner.models.blocks import SitingModel
from planner.models.modelling import PulpWriter, WriterMaker
from planner.problem import SitingProblem


def build(problem: SitingProblem, write: WriterMaker = PulpWriter) -> SitingModel:
    """The model, with assignment variables only where sites have limits."""
    model = write("maximal_cover", maximise=True)
    arcs = blocks.usable_arcs(problem)
    opened = blocks.open_sites(model, problem)
    k, columns = len(opened), np.zeros(0, np.int64)
    weight = problem.demand.weight
    if problem.needs_allocation:
        use = blocks.use_arcs(model, problem, arcs, integer=problem.single_source)
        columns = np.arange(k, k + len(arcs))
        model.objective(use, weight[problem.arcs.demand[arcs]])
        blocks.serve(model, problem, arcs, use, wholly=False)
        blocks.link(model, problem, arcs, use, opened)
        blocks.capacity(model, problem, arcs, use, opened)
    else:
        covered = blocks.covered(model, problem, arcs, opened)
        model.objective(covered.values(), weight[list(covered)])
    blocks.counts(model, problem, opened)
    return SitingModel(model, np.arange(k), arcs, columns)
