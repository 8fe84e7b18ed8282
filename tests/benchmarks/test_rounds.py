"""The rounds benchmark on an instance of its families' format: rows, peer and overhead."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.rounds import main
from benchmarks.rounds_overhead import pyvrp_clock
from planner.routes import plan_rounds
from tests.planner.routes.instances import QUICK, scattered


def write_instance(folder, stops=12):
    rng = np.random.default_rng(4)
    points = rng.integers(0, 100, (stops + 1, 2))
    lines = [
        "NAME : X-tiny", "TYPE : CVRP", f"DIMENSION : {stops + 1}", "EDGE_WEIGHT_TYPE : EUC_2D",
        "CAPACITY : 20", "NODE_COORD_SECTION",
        *(f"{k + 1} {x} {y}" for k, (x, y) in enumerate(points)),
        "DEMAND_SECTION", *(f"{k + 1} {0 if k == 0 else 5}" for k in range(stops + 1)),
        "DEPOT_SECTION", "1", "-1", "EOF",
    ]  # fmt: skip
    (folder / "X-tiny.vrp").write_text("\n".join(lines), "utf-8")


def test_a_row_has_the_peer_and_what_our_wrapping_costs(tmp_path, capsys):
    write_instance(tmp_path)
    asked = ["--data", str(tmp_path), "--family", "cvrp_X", "--time-limit", "0.5"]
    assert main([*asked, "--peer", "pyvrp", "--json", str(tmp_path / "rows.json")]) == 0
    (row,) = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert row["checked"]
    assert row["cost"] == row["peer_cost"]
    assert 0 <= row["overhead"] <= 1
    assert "overhead" in capsys.readouterr().out


def test_the_clock_of_pyvrp_leaves_our_own_part_out():
    with pyvrp_clock() as clock:
        found = plan_rounds(scattered(6), QUICK)
    assert 0 < clock.called_back_s < clock.searching_s < found.seconds
    assert 0 < clock.overhead(found.seconds) < 1
    before = clock.searching_s
    plan_rounds(scattered(6), QUICK)
    assert clock.searching_s == pytest.approx(before)  # the patch has gone
