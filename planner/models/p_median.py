"""p-median and uncapacitated location: least cost of serving everybody.

minimise    sum_s fixed_cost_s open_s + sum_ij cost_ij use_ij

subject to  serve_i          sum_j use_ij = 1                         every reachable i
            link_i_j         use_ij <= open_j                         every usable arc
            one_size_j       sum_s open_js <= 1                       sites with several sizes
            site_count_*     least <= sum_j open_j <= most
            quota_g_*        minimum_g <= sum_{j in g} open_j <= maximum_g
            open_s in {0, 1}, required and forbidden by bounds;  0 <= use_ij <= 1

With the sites open, each point's cheapest open site is best, so ``use`` may stay continuous.
The links are one a pair (ReVelle and Swain 1970): most relaxations are then integral at once.
"""

from __future__ import annotations

import numpy as np

from planner.models import blocks
from planner.models.blocks import SitingModel
from planner.models.modelling import PulpWriter, WriterMaker
from planner.problem import SitingProblem


def build(problem: SitingProblem, write: WriterMaker = PulpWriter) -> SitingModel:
    """The model of a problem whose sites have neither capacity nor least throughput."""
    model = write("p_median")
    arcs = blocks.usable_arcs(problem)
    opened = blocks.open_sites(model, problem)
    use = blocks.use_arcs(model, problem, arcs, integer=False)
    model.objective(
        [*opened, *use], np.concatenate([problem.sites.fixed_cost, problem.arcs.cost[arcs]])
    )
    blocks.serve(model, problem, arcs, use)
    blocks.link(model, problem, arcs, use, opened)
    blocks.counts(model, problem, opened)
    k = len(opened)
    return SitingModel(model, np.arange(k), arcs, np.arange(k, k + len(arcs)))
