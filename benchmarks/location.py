"""Location problems with known optima, ours beside the peers, one JSON row an instance.

``python -m benchmarks.location --data DIR --family FAMILY --json OUT [--instances NAME ...]
[--time-limit S] [--peer spopt|pbp-pmedian|highs] [--capacity C] [--contiguous]``

Every solve runs in a fresh process, ours and the peer's after one another, with the same threads,
the same gap and the clock from the cost matrix on. ``highs`` is our own plain PuLP model without
any acceleration. A ratio (peer's seconds / ours) is given only where both finished with a proof.
DIR is searched through all its folders, by content; the families mclp and synthetic are generated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.location_families import FAMILIES, Entry, entries

_ROOT = Path(__file__).resolve().parents[1]
_PEERS_PYTHON = _ROOT / ".venv-peers" / "bin" / "python"
_GRACE_S = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the asked instances, print a line each and write all rows."""
    given = _parser().parse_args(arguments)
    every = entries(given.family, given.data, given.capacity, contiguous=given.contiguous)
    wanted = _selected(every, given.instances)
    if not wanted:
        where = f" below {given.data}" if given.data else ""
        print(f"no instance of family {given.family}{where} is asked for or found")
        return 1
    if given.peer in {"spopt", "pbp-pmedian"} and not _PEERS_PYTHON.exists():
        print("the peers' environment is not there: run `make peers` first")
        return 1
    rows: list[dict[str, Any]] = []
    for entry in wanted:
        row = _measured(entry, given)
        rows.append(row)
        print(_line(row), flush=True)
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(_summary(rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.location",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="directory with the family's files")
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument("--instances", nargs="+", help="names; all if left out")
    parser.add_argument("--time-limit", type=float, default=None, help="seconds an instance")
    parser.add_argument("--peer-time-limit", type=float, default=None, help="if another than ours")
    parser.add_argument("--gap", type=float, default=1e-6, help="relative gap to stop at")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--memory-mib", type=int, help="that a solve may take; most of what is free"
    )
    parser.add_argument("--capacity", type=float, help="of every site, instead of the file's")
    parser.add_argument(
        "--contiguous",
        action="store_true",
        help="areas in one piece (kong: its connectivity files)",
    )
    parser.add_argument("--peer", choices=("spopt", "pbp-pmedian", "highs"))
    parser.add_argument(
        "--no-cache", action="store_true", help="said for the record: no answer is ever reused here"
    )
    parser.add_argument("--json", type=Path, required=True, help="file for the rows")
    return parser


def _selected(every: list[Entry], names: Sequence[str] | None) -> list[Entry]:
    if names is None:
        return every
    known = {one.name: one for one in every}
    wanted = [name for given in names for name in given.split(",") if name]
    missing = [name for name in wanted if name not in known]
    if missing:
        some = ", ".join(list(known)[:8])
        raise SystemExit(f"no instance {missing[0]!r} ({len(known)} found: {some} ...)")
    return [known[name] for name in wanted]


def _measured(entry: Entry, given: argparse.Namespace) -> dict[str, Any]:
    """Ours and the peer's row in one."""
    task = {
        "family": given.family,
        "data": None if given.data is None else str(given.data.resolve()),
        "capacity": given.capacity,
        "contiguous": given.contiguous,
        "instance": entry.name,
        "time_limit": given.time_limit,
        "gap": given.gap,
        "threads": given.threads,
        "memory_mib": given.memory_mib,
        "accelerate": True,
    }
    row = _ours(task)
    row |= {"peer": given.peer, "peer_objective": None, "peer_seconds": None, "ratio": None}
    if given.peer is not None:
        row |= _peer(entry, task, given)
        finished = row.get("peer_outcome") == "optimal" and row["outcome"] == "optimal"
        row["ratio"] = row["peer_seconds"] / row["seconds"] if finished else None
    return row


def _ours(task: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "task.json"
        path.write_text(json.dumps(task), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.location_run", str(path)]
        limit_s = task["time_limit"]
        # The limit is the solver's to keep; this only catches one that does not.
        patience_s = None if limit_s is None else 2 * limit_s + 10 * _GRACE_S
        ended = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=patience_s, check=False
        )
    if ended.returncode:
        raise SystemExit(f"{task['instance']} failed:\n{ended.stderr[-3000:]}")
    row: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return row


def _peer(entry: Entry, task: dict[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    limit_s = given.peer_time_limit or given.time_limit or 300.0
    if given.peer == "highs":
        plain = _ours({**task, "accelerate": False, "time_limit": limit_s})
        return {
            "peer_objective": plain["objective"],
            "peer_seconds": plain["seconds"],
            "peer_outcome": "optimal" if plain["outcome"] == "optimal" else "unfinished",
            "peer_gap": plain["gap"],
        }
    instance = entry.make()
    dense = instance.cost if isinstance(instance.cost, np.ndarray) else None
    if dense is None or instance.model in {"capacitated", "areas"}:
        return {"peer_outcome": f"has no model for {instance.name}"}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "instance.npz"
        np.savez(
            path,
            cost=dense,
            weight=instance.weight,
            p=-1 if instance.p is None else instance.p,
            radius=np.nan if instance.radius is None else instance.radius,
            model=instance.model,
        )
        script = str(Path(__file__).with_name("location_peer.py"))
        command = [str(_PEERS_PYTHON), script, given.peer, str(path), str(limit_s)]
        try:
            ended = subprocess.run(
                [*command, str(given.threads)],
                capture_output=True,
                text=True,
                timeout=limit_s + _GRACE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"peer_seconds": limit_s + _GRACE_S, "peer_outcome": "unfinished"}
    if ended.returncode:
        return {"peer_outcome": f"failed: {ended.stderr.strip().splitlines()[-1:]}"}
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _line(row: dict[str, Any]) -> str:
    parts = [
        f"{row['instance']:<28}",
        f"{row['outcome']:<10}",
        f"{_number(row['objective']):>16}",
        f"gap {_share(row['gap'])}",
        f"{row['seconds']:8.3f} s",
        "" if row["optimum"] is None else f"off optimum {_share(row['error'])}",
        "" if row["checked"] else "CHECK FAILED",
    ]
    if row["peer"] is not None:
        spent = row["peer_seconds"]
        told = row.get("peer_outcome", "")
        parts.append(f"| {row['peer']} {told} {_number(row['peer_objective'])}")
        parts.append("" if spent is None else f"{spent:.2f} s")
        parts.append("" if row["ratio"] is None else f"x{row['ratio']:.0f}")
    return " ".join(part for part in parts if part)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2e}"


def _summary(rows: list[dict[str, Any]]) -> str:
    seconds = [row["seconds"] for row in rows]
    proven = sum(row["outcome"] == "optimal" for row in rows)
    known = [row for row in rows if row["optimum"] is not None]
    right = sum(row["error"] is not None and row["error"] <= 1e-6 for row in known)
    text = (
        f"{len(rows)} instances, {proven} proven, {right} of {len(known)} known optima met; "
        f"seconds: total {sum(seconds):.2f}, median {median(seconds):.3f}, most {max(seconds):.2f}"
    )
    both = [row for row in rows if row["ratio"] is not None]
    if both:
        peers_s = sum(row["peer_seconds"] for row in both)
        ours_s = sum(row["seconds"] for row in both)
        text += f"; {rows[0]['peer']} on the {len(both)} that it finished: x{peers_s / ours_s:.0f}"
    spent = [row for row in rows if row["peer_seconds"] is not None]
    if spent:
        peers_s = sum(row["peer_seconds"] for row in spent)
        ours_s = sum(row["seconds"] for row in spent)
        text += (
            f"; in all, unfinished ones counted until they were stopped: {rows[0]['peer']} "
            f"{peers_s:.0f} s, ours {ours_s:.2f} s, at least x{peers_s / ours_s:.0f}"
        )
    return text


if __name__ == "__main__":
    sys.exit(main())
