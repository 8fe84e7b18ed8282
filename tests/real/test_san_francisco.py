"""spopt's San Francisco case: 205 census tracts, 16 stores, every optimum known by enumeration."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from planner import Outcome, SolverSettings, presets, solve, verify

pytestmark = pytest.mark.real


@pytest.fixture
def folder(real_data: Path) -> Path:
    return real_data / "spopt"


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Network distances in metres (205, 16) and population (205,)."""
    with (folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv").open() as file:
        rows = list(csv.DictReader(file))
    tracts = sorted({row["DestinationName"] for row in rows})
    stores = sorted({row["name"] for row in rows})
    impedance = np.full((len(tracts), len(stores)), np.inf)
    for row in rows:
        place = tracts.index(row["DestinationName"]), stores.index(row["name"])
        impedance[place] = float(row["distance"])
    with (folder / "SF_demand_205_centroid_uniform_weight.csv").open() as file:
        people = {row["NAME"]: float(row["POP2000"]) for row in csv.DictReader(file)}
    return impedance, np.array([people[name] for name in tracts])


def optima(folder: Path) -> list[dict[str, str]]:
    with (folder / "sf_optima_enumerated.tsv").open() as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


CASES = {
    "pmedian_weighted": lambda d, w, p: presets.p_median(d, w, p=p),
    "pmedian_unweighted": lambda d, _, p: presets.p_median(d, p=p),
    "pcenter": lambda d, _, p: presets.p_centre(d, p=p),
    "mclp_5000m_covered_demand": lambda d, w, p: presets.maximal_cover(d, w, radius=5000, p=p),
}


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_enumerated_optima(folder, case, accelerate) -> None:
    impedance, people = read(folder)
    rows = optima(folder)
    assert len(rows) >= 8
    if not accelerate:
        rows = rows[:1] if case == "pcenter" else rows[2:5]  # seconds each with the plain model
    for row in rows:
        problem = CASES[case](impedance, people, int(row["p"]))
        solution = solve(problem, SolverSettings(accelerate=accelerate))
        assert solution.outcome is Outcome.OPTIMAL
        assert solution.certificate.objective == pytest.approx(float(row[case]), rel=1e-7)
        assert verify(problem, solution) == []


@pytest.mark.parametrize("accelerate", [True, False])
def test_set_cover_at_5_km_takes_8_stores(folder, accelerate) -> None:
    impedance, people = read(folder)
    problem = presets.set_cover(impedance, people, radius=5000)
    solution = solve(problem, SolverSettings(accelerate=accelerate))
    assert solution.outcome is Outcome.OPTIMAL
    assert solution.certificate.objective == 8
