"""Time, memory and size of the synthetic county at growing numbers of villages, as JSON.

Run as ``python -m benchmarks.scale_county [VILLAGES ...]``; each size in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks.measuring import peak_resident_mib

SIZES = (352, 1_000, 10_000, 100_000)


def measure(villages: int) -> dict[str, float]:
    """One county, the second made in this process (the first warms imports and caches)."""
    from geodata.synthetic import make_county

    make_county(60)
    wall, cpu = time.perf_counter(), time.process_time()
    county = make_county(villages)
    return {
        "villages": villages,
        "seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "peak_mib": round(peak_resident_mib()),
        "districts": len(county.layers["districts"]),
        "road_nodes": county.roads.topology.n_nodes,
        "road_edges": county.roads.topology.n_edges,
        "road_km": round(float(county.roads.length_m.sum()) / 2000),
    }


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    rows = []
    for villages in map(int, sys.argv[1:] or SIZES):
        command = [sys.executable, "-m", "benchmarks.scale_county", "--one", str(villages)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(run.stdout))
    print(json.dumps({"benchmark": "synthetic county", "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
