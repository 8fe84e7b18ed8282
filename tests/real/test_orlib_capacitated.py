"""OR-Library cap41-63: capacitated warehouses, multi source, published optima."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from planner import Outcome, Sites, SitingProblem, SolverSettings, presets, solve, verify

pytestmark = pytest.mark.real


def read(path: Path) -> SitingProblem:
    """The format: m n; m times (capacity, fixed cost); n times (demand, cost to each site)."""
    values = [float(word.rstrip(".")) for word in path.read_text().split()]
    m, n = int(values[0]), int(values[1])
    site = np.array(values[2 : 2 + 2 * m]).reshape(m, 2)
    customer = np.array(values[2 + 2 * m : 2 + 2 * m + n * (m + 1)]).reshape(n, m + 1)
    sites = Sites.simple([f"w{j}" for j in range(m)], capacity=site[:, 0], fixed_cost=site[:, 1])
    return presets.capacitated_location(
        customer[:, 1:], customer[:, 0], sites=sites, cost=customer[:, 1:]
    )


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("name", ["cap41", "cap51", "cap63"])
def test_published_optimum(real_data, name, accelerate) -> None:
    folder = real_data / "orlib" / "cap"
    with (folder / "cap_optima.tsv").open() as file:
        rows = csv.DictReader(file, delimiter="\t")
        optimum = {row["instance"]: row["optimum"] for row in rows}[name]
    problem = read(folder / f"{name}.txt")
    solution = solve(problem, SolverSettings(accelerate=accelerate))
    assert solution.outcome is Outcome.OPTIMAL
    assert solution.certificate.objective == pytest.approx(float(optimum), rel=2e-6)
    assert verify(problem, solution) == []
