"""Capacitated location with fixed costs and size options, single or multi source.

minimise    sum_s fixed_cost_s open_s + sum_ij cost_ij use_ij

subject to  serve_i          sum_j use_ij = 1                         every reachable i
            link_i_j         use_ij <= open_j                         every usable arc
            capacity_j       sum_i weight_i use_ij <= sum_s capacity_s open_js
            throughput_j     sum_i weight_i use_ij >= sum_s least_s open_js
            enough_capacity  sum_s capacity_s open_s >= sum_i weight_i
            one_size_j, site_count_*, quota_g_* as in p_median
            open_s in {0, 1};  use_ij in {0, 1} with single source, in [0, 1] otherwise

The p-median with capacities is this model with no fixed cost and a site count. The links and
``enough_capacity`` follow from the rest once ``open`` is whole; before that they close most of the
gap that ``capacity_j`` alone leaves (Cornuéjols, Sridharan and Thizy 1991).
"""

from __future__ import annotations

import numpy as np

from planner.models import blocks
from planner.models.blocks import SitingModel
from planner.models.modelling import PulpWriter, WriterMaker
from planner.problem import SitingProblem


def build(problem: SitingProblem, write: WriterMaker = PulpWriter) -> SitingModel:
    """The model of a least-cost problem whose sites have limits."""
    model = write("capacitated_location")
    arcs = blocks.usable_arcs(problem)
    opened = blocks.open_sites(model, problem)
    use = blocks.use_arcs(model, problem, arcs, integer=problem.single_source)
    model.objective(
        [*opened, *use], np.concatenate([problem.sites.fixed_cost, problem.arcs.cost[arcs]])
    )
    blocks.serve(model, problem, arcs, use)
    blocks.link(model, problem, arcs, use, opened)
    blocks.capacity(model, problem, arcs, use, opened)
    blocks.enough_capacity(model, problem, arcs, opened)
    blocks.counts(model, problem, opened)
    k = len(opened)
    return SitingModel(model, np.arange(k), arcs, np.arange(k, k + len(arcs)))
