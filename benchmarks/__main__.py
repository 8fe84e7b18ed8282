"""What ``make bench`` measures: the product against its own bars, each run in a fresh process.

    python -m benchmarks [--out out/bench] [--only county|siting ...] [--suite product|all]

``county``  the embedded county from its YAML to all outputs, with fresh caches and with them in
            place: wall and processor time, memory, worst gap. Bar of the second run: 15 s, 1 GiB,
            a gap of 1%.
``siting``  10,000 villages x 500 candidates by set cover and maximal cover on the roads of the
            synthetic county: bar 2 minutes, 4 GiB, a gap of 1%. Capacitated is reported.
``service`` the service check of 352 and of 10,000 villages under wrk, at rest and while a run is
            planned: bar 500 and 300 a second, 99 of 100 within 50 ms; pages within 100 ms; memory
            flat over 100,000 questions.

Rows are written to OUT/product.json. The comparisons with peers are programs of their own:

    python -m benchmarks.impedance --help      cost matrices beside SciPy, RoutingKit, pandana ...
    python -m benchmarks.location --help       location problems beside spopt, HiGHS, pbp-pmedian
    python -m benchmarks.scale_county          the synthetic county at growing sizes

``--suite all`` runs those of them too that need nothing beyond this environment (and --data where
it is there), into files of their own beside product.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.county import county_rows
from benchmarks.service import said, service_rows
from benchmarks.siting import siting_rows

Rows = Callable[[], Iterator[dict[str, Any]]]
PARTS: dict[str, Rows] = {"county": county_rows, "siting": siting_rows, "service": service_rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a line a row, write all rows; 1 where a bar is missed."""
    given = _parser().parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for part in given.only or PARTS:
        for row in PARTS[part]():
            rows.append(row)
            print(_line(row), flush=True)
            _write(given.out / "product.json", rows)
    failed = [row for row in rows if row["meets_bar"] is False]
    if given.suite == "all":
        failed += [row for row in _others(given.out, given.data) if row["exit_code"]]
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="folder for the JSON")
    parser.add_argument("--only", choices=PARTS, nargs="+", help="some parts of the product's own")
    parser.add_argument("--suite", choices=("product", "all"), default="product")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="real networks and instances"
    )
    return parser


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    whole = {"benchmark": "product", "machine": machine(), "rows": rows}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(whole, indent=1, allow_nan=False), encoding="utf-8")
    part.replace(path)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _line(row: dict[str, Any]) -> str:
    verdict = {True: "meets its bar", False: "MISSES ITS BAR", None: "reported"}[row["meets_bar"]]
    gap = row.get("worst_gap", row.get("gap"))
    name = " ".join(str(row[key]) for key in ("bench", "model", "run") if key in row)
    if row["bench"] == "service":
        return f"{name:<44} {said(row):<44} {verdict}"
    memory = max(row["peak_mib"], row["tree_mib"])
    return (
        f"{name:<24} {row['wall_s']:8.1f} s wall {row['cpu_s']:8.1f} s cpu {memory:6.0f} MiB  "
        f"gap {'-' if gap is None else format(gap, '.3%'):>8}  {verdict}"
    )


def other_commands(out: Path, data: Path) -> dict[str, list[str]]:
    """The comparisons by name; those on real data only where it is there."""
    found = {
        "scale_county": ["benchmarks.scale_county"],
        "location_mclp": ["benchmarks.location", "--family", "mclp"],
        "impedance_growth": ["benchmarks.impedance", "--suite", "growth"],
    }
    if data.is_dir():
        of_data = ["--data", str(data)]
        found["location_pmed"] = ["benchmarks.location", "--family", "pmed", *of_data]
        found["impedance_issue"] = [
            "benchmarks.impedance", "--suite", "issue", "--data", str(data / "roads"),
        ]  # fmt: skip
    return {
        name: command if name == "scale_county" else [*command, "--json", str(out / f"{name}.json")]
        for name, command in found.items()
    }


def _others(out: Path, data: Path) -> Iterator[dict[str, Any]]:
    """Run the comparisons one after another; what they print is theirs."""
    for name, command in other_commands(out, data).items():
        print(f"== {name}: python -m {' '.join(command)}", flush=True)
        target = (out / f"{name}.json").open("w") if name == "scale_county" else None
        done = subprocess.run([sys.executable, "-m", *command], stdout=target, check=False)
        if target is not None:
            target.close()
        yield {"bench": name, "exit_code": done.returncode}


if __name__ == "__main__":
    sys.exit(main())
