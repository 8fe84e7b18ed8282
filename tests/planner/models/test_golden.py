"""The formulation of every registered model as an LP file, compared to the letter.

After a wanted change: ``WANGDIAN_WRITE_GOLDEN=1 pytest tests/planner/models/test_golden.py``, and
read the difference.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pulp
import pytest

from planner import Objective, Quota, Sites, SitingProblem, models, presets
from planner.models import elastic
from planner.models.elastic import Measure, Rule
from planner.models.modelling import ArrayWriter, PulpWriter
from tests.planner.oracles.problems import RULES, tiny_problem

pytestmark = pytest.mark.pulp

GOLDEN = Path(__file__).parent.parent / "golden"
OBJECTIVES = {
    "p_median": Objective.MIN_COST,
    "p_centre": Objective.MIN_WORST,
    "set_cover": Objective.MIN_SITES,
    "maximal_cover": Objective.MAX_COVERED,
    "capacitated_location": Objective.MIN_COST,
}


def example(name: str, *, limits: bool) -> SitingProblem:
    """Three villages, three sites, a quota, a required site and one pair out of reach."""
    impedance = np.array([[0.0, 3.0, np.inf], [2.0, 1.0, 4.0], [5.0, 2.0, 3.0]])
    whole = presets.p_median(
        impedance,
        [10.0, 20.0, 30.0],
        p=(None, 2),
        sites=_sites(limits=limits),
        quotas=[Quota("town", np.array([1, 2]), 1, 1)],
        single_source=not limits,
    )
    return replace(whole, objective=OBJECTIVES[name])


def _sites(*, limits: bool) -> Sites:
    if not limits:
        return Sites.simple(["a", "b", "c"], fixed_cost=[1, 1, 1], required=[True, False, False])
    no = np.zeros(3, bool)
    return Sites(
        ("a", "b", "c"),
        no,
        np.array([False, False, True]),
        no,
        np.array([0, 1, 3, 4]),
        np.array([20.0, 40.0, 80.0, 50.0]),
        np.array([5.0, 8.0, 12.0, 7.0]),
        np.array([0.0, 0.0, 30.0, 0.0]),
    )


CASES = [(name, limits) for name in models.MODELS for limits in (False, True)]


@pytest.mark.parametrize(("name", "limits"), CASES)
def test_model_is_as_written_down(name, limits, tmp_path) -> None:
    model = models.MODELS[name](example(name, limits=limits), PulpWriter)
    compare(model.linear.prob, f"{name}_limits" if limits else name, tmp_path)


def test_elastic_model_is_as_written_down(tmp_path) -> None:
    problem = example("capacitated_location", limits=True)
    model = elastic.build(
        problem, list(Rule), Measure(Rule.CAPACITY), most_stretch={Rule.QUOTAS: 1}
    )
    compare(model.siting.linear.prob, "elastic", tmp_path)


def compare(prob: pulp.LpProblem, name: str, tmp_path: Path) -> None:
    prob.writeLP(str(tmp_path / "model.lp"))
    got, golden = (tmp_path / "model.lp").read_text(), GOLDEN / f"{name}.lp"
    if os.environ.get("WANGDIAN_WRITE_GOLDEN") == "1":
        golden.write_text(got)
    assert golden.exists(), f"golden/{golden.name} is missing; see the head of this file"
    assert sorted(statements(got)) == sorted(statements(golden.read_text()))


def statements(text: str) -> list[str]:
    """Rows and bounds with their terms sorted: PuLP 3.3 and 4 write them in different orders."""
    joined: list[str] = []
    for line in text.splitlines():
        if (
            line.startswith(" ") and joined and not line[1:].lstrip().startswith(("+", "-"))
        ) or not joined:
            joined.append(line)
        elif line.startswith(" "):
            joined[-1] += line
        else:
            joined.append(line)
    return [" ".join(sorted(line.replace("- ", "-").replace("+ ", "+").split())) for line in joined]


def test_every_registered_model_has_a_golden_file() -> None:
    assert set(OBJECTIVES) == set(models.MODELS)
    for name, limits in CASES:
        assert (GOLDEN / f"{name}{'_limits' if limits else ''}.lp").exists()


@pytest.mark.parametrize("objective", list(Objective))
@pytest.mark.parametrize(
    "rules", [frozenset(), frozenset(RULES), frozenset(RULES) - {"multi_source"}]
)
def test_array_twin_is_the_pulp_model_row_by_row(objective, rules) -> None:
    for seed in range(12):
        problem = tiny_problem(seed, objective, rules)
        build = models.MODELS[models.model_name(problem)]
        same_program(build(problem, PulpWriter).linear, build(problem, ArrayWriter).linear)
        for rule in Rule:
            one, other = (
                elastic.build(problem, [rule], Measure(rule), write).siting.linear
                for write in (PulpWriter, ArrayWriter)
            )
            same_program(one, other)


def same_program(one, other) -> None:
    one, other = one.arrays(), other.arrays()
    assert one.maximise == other.maximise
    for name in ("cost", "lower", "upper", "integer", "row_lower", "row_upper", "row_start"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert entries(one) == entries(other)


def entries(program) -> list[tuple[int, int, float]]:
    row = np.repeat(np.arange(len(program.row_lower)), np.diff(program.row_start))
    return sorted(
        zip(row.tolist(), program.row_index.tolist(), program.row_value.tolist(), strict=True)
    )


@pytest.mark.parametrize(("name", "limits"), CASES)
def test_pulps_own_solver_agrees(name, limits) -> None:
    """The arrays that are solved are the PuLP problem: PuLP's HiGHS finds the same objective."""
    from planner.solving import highs

    model = models.MODELS[name](example(name, limits=limits), PulpWriter)
    ours = highs.run(model.linear.arrays(), highs.HighsOptions())
    model.linear.prob.solve(pulp.HiGHS(msg=False))
    assert ours.objective == pytest.approx(pulp.value(model.linear.prob.objective))
