"""One peer on one instance; run by the interpreter of ``.venv-peers``, so it imports nothing ours.

``python location_peer.py PEER INSTANCE.npz SECONDS THREADS`` prints a JSON line. The clock starts
at the cost matrix: the peer's own building of its model counts.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version
from typing import Any

import numpy as np


def spopt(task: Any, limit_s: float, threads: int) -> dict[str, Any]:
    """The family's own model of spopt, solved by HiGHS through PuLP."""
    import pulp
    from spopt import locate

    cost, weight, p = task["cost"], task["weight"], int(task["p"])
    model, radius = str(task["model"]), float(task["radius"])
    began_s = time.perf_counter()
    if model == "p_median":
        built = locate.PMedian.from_cost_matrix(cost, weight, p_facilities=p)
    elif model == "p_centre":
        built = locate.PCenter.from_cost_matrix(cost, p_facilities=p)
    elif model == "maximal_cover":
        built = locate.MCLP.from_cost_matrix(cost, weight, radius, p_facilities=p)
    elif model == "set_cover":
        built = locate.LSCP.from_cost_matrix(cost, radius)
    else:
        return {"peer_outcome": f"has no model for {model}"}
    build_s = time.perf_counter() - began_s
    solver = pulp.HiGHS(msg=False, timeLimit=max(1.0, limit_s - build_s), threads=threads)
    solver.optionsDict["gapRel"] = 1e-6
    solved = True
    try:
        built.solve(solver)
    except RuntimeError:  # spopt raises where HiGHS ended without a proof
        solved = False
    seconds = time.perf_counter() - began_s
    value = pulp.value(built.problem.objective)
    # PuLP 3.3 says "Optimal" at a time limit too: only the clock tells.
    finished = solved and seconds < limit_s and built.problem.status == pulp.LpStatusOptimal
    return {
        "peer_objective": None if value is None else abs(float(value)),
        "peer_seconds": seconds,
        "peer_build_seconds": build_s,
        "peer_outcome": "optimal" if finished else "unfinished",
        "peer_version": version("spopt"),
    }


def pbp_pmedian(task: Any, limit_s: float, threads: int) -> dict[str, Any]:
    """pbp-pmedian with its HiGHS backend; it chooses its threads itself."""
    from pbp_pmedian import solve

    _ = threads
    cost = np.ascontiguousarray((task["cost"] * task["weight"][:, None]).T)
    began_s = time.perf_counter()
    value, _, _, status, engine = solve(cost, p=int(task["p"]), time_limit=limit_s)
    seconds = time.perf_counter() - began_s
    proven = status == 0 and seconds < limit_s
    return {
        "peer_objective": None if value is None else float(value),
        "peer_seconds": seconds,
        "peer_outcome": "optimal" if proven else "unfinished",
        "peer_engine": str(engine),
        "peer_version": version("pbp-pmedian"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=("spopt", "pbp-pmedian"))
    parser.add_argument("instance")
    parser.add_argument("seconds", type=float)
    parser.add_argument("threads", type=int)
    given = parser.parse_args()
    run = spopt if given.peer == "spopt" else pbp_pmedian
    with np.load(given.instance) as task:
        row = run({key: task[key] for key in task.files}, given.seconds, given.threads)
    print(json.dumps({"peer": given.peer, **row}))


if __name__ == "__main__":
    main()
