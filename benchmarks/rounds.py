"""Rounds with known best costs, and of thousands of stops, one JSON row an instance.

``python -m benchmarks.rounds --data DIR --family cvrp_X|cmt|prins|synthetic --json OUT
[--instances NAME ...] [--time-limit S] [--peer pyvrp|vroom]``

cvrp_X, cmt: one depot, lorries of one capacity; ours and, with ``--peer pyvrp``, PyVRP alone on the
same file with the same seed for the same time. prins: depots and rounds decided together.
synthetic: instances are numbers of stops (3000 unless named) with 3 depots and 3 disposal sites,
with several trips a shift, and once more with a single trip, which is what VROOM (``--peer vroom``,
extra ``bench``) can express.

A row: instance, family, stops, cost, best_known, gap (a fraction), vehicles, seconds, checked,
peer, peer_cost; and first_seconds (rounds that keep every rule), limit_seconds, peer_seconds, mib.
Of cvrp_X and cmt also overhead: the share of our seconds outside PyVRP's own code (models, answers,
listeners, checking). ``checked``: an evaluation of its own recomputed loads, times and cost from
the written rounds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.rounds_instances import capacitated, located, synthetic
from benchmarks.rounds_run import run_capacitated, run_located, run_synthetic

FAMILIES = ("cvrp_X", "cmt", "prins", "synthetic")
LIMIT_S = {"cvrp_X": 10.0, "cmt": 10.0, "prins": 60.0, "synthetic": 300.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the asked instances, print a line each and write all rows."""
    given = _parser().parse_args(arguments)
    limit_s = given.time_limit or LIMIT_S[given.family]
    runs = _runs(given)
    if not runs:
        print(f"no instance of family {given.family} is asked for or found below {given.data}")
        return 1
    rows: list[dict[str, Any]] = []
    for run, instance in runs:
        rows += run(instance, limit_s, given.seed, given.peer)
        for row in rows[-1:]:
            print(_line(row), flush=True)
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(rows, indent=1, allow_nan=False), encoding="utf-8")
    gaps = [row["gap"] for row in rows if row["gap"] is not None]
    if gaps:
        print(f"{len(gaps)} instances: mean gap {fmean(gaps):.3%}, worst {max(gaps):.3%}")
    return 0 if all(row["checked"] for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.rounds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path(), help="searched with all its folders")
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument("--instances", nargs="+", help="names; all if left out")
    parser.add_argument("--time-limit", type=float, help="seconds an instance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peer", choices=("pyvrp", "vroom"))
    parser.add_argument("--json", type=Path, required=True, help="file for the rows")
    return parser


def _runs(given: argparse.Namespace) -> list[tuple[Any, Any]]:
    if given.family == "synthetic":
        sizes = [int(name) for name in given.instances or ["3000"]]
        return [
            (run_synthetic, synthetic(size, trips)) for size in sizes for trips in (None, 1)
        ]  # fmt: skip
    if given.family == "prins":
        found = [(run_located, one) for one in located(given.data)]
    else:
        found = [(run_capacitated, one) for one in capacitated(given.data, given.family)]
    names = given.instances
    return [pair for pair in found if names is None or pair[1].name in names]


def _line(row: dict[str, Any]) -> str:
    gap = "" if row["gap"] is None else f"gap {row['gap']:.3%}"
    peer = "" if row["peer"] is None else f"{row['peer']} {row['peer_cost']}"
    if row.get("overhead") is not None:
        peer = f"overhead {row['overhead']:.1%}  {peer}"
    mark = "" if row["checked"] else "NOT CHECKED"
    return (
        f"{row['instance']:24} {row['stops']:5} stops  cost {row['cost']:.2f} {gap}  "
        f"{row['vehicles']} lorries  {row['seconds']:.1f} s  {peer} {mark}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
