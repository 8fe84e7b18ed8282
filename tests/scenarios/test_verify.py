"""A written plan re-checked from its files: what holds, what was changed, what cannot be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from geodata.faults import InputError
from planner import changes, solve
from planner.problem import SitingProblem
from scenarios.output import PLAN, PROBLEM, write_plan
from scenarios.problem_file import _Prefixed, _problem_arrays, _tier_of, read_problems
from scenarios.verify import RULES, verify_files, verify_plan
from tests.planner.oracles.problems import problems


@pytest.fixture(scope="module")
def written(small_plan, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plans") / "plan"
    write_plan(small_plan, folder, writers={})
    return folder


@pytest.fixture
def one_stream(written, tmp_path) -> Path:
    """A copy of one stream's two files."""
    shutil.copytree(written / "household_transfer", tmp_path / "copy")
    return tmp_path / "copy" / PLAN


def changed(path: Path, change) -> Path:
    plan = json.loads(path.read_text(encoding="utf-8"))
    change(plan)
    path.write_text(json.dumps(plan), encoding="utf-8")
    return path


def rules_of(path: Path) -> set[str]:
    found = verify_plan(path)
    assert not found.holds
    everything = [*found.findings, *(one for tier in found.tiers for one in tier.findings)]
    assert all(one.text() for one in everything)
    return {one.rule for one in everything}


def test_every_stream_of_a_written_plan_holds(written, small_plan) -> None:
    found = verify_files(written)
    assert {one.stream for one in found} == set(small_plan.streams)
    for one in found:
        assert one.holds, (one.findings, [tier.findings for tier in one.tiers])
        tiers = small_plan.streams[one.stream].tiers
        assert [tier.tier for tier in one.tiers] == [tier.tier for tier in tiers]
        for tier, solved in zip(one.tiers, tiers, strict=True):
            if solved.certificate.bound_verified:
                assert tier.bound_proven is True


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems)
def test_a_stored_problem_is_the_same_problem(problem: SitingProblem) -> None:
    solution = solve(problem)
    if solution.has_plan:
        problem = changes.exclude(problem, solution, differ_by=2)
    arrays = {f"0/{name}": array for name, array in _problem_arrays(problem).items()}
    again = _tier_of(_Prefixed({**arrays, "0/size": solution.size}, "0/"))
    assert again.problem.fingerprint() == problem.fingerprint()
    assert (again.size == solution.size).all()


def test_another_objective_is_refuted(one_stream) -> None:
    def cheaper(plan) -> None:
        plan["tiers"][0]["certificate"]["objective"] *= 0.9

    assert "objective" in rules_of(changed(one_stream, cheaper))


def test_a_better_bound_is_refuted(one_stream) -> None:
    def better(plan) -> None:
        one = plan["tiers"][0]["certificate"]
        one["bound"] = one["objective"] * (1.5 if one["sense"] == "min" else 0.5)

    assert {"bound_side", "gap"} <= rules_of(changed(one_stream, better))


def test_a_false_optimum_is_refuted(one_stream) -> None:
    def claimed(plan) -> None:
        one = plan["tiers"][0]["certificate"]
        one["bound"] = one["objective"] * (0.9 if one["sense"] == "min" else 1.1)
        one["outcome"], one["gap"] = "optimal", 0.0

    assert {"false_optimal", "gap", "stream_certificate"} <= rules_of(changed(one_stream, claimed))


def test_another_assignment_is_refuted(one_stream) -> None:
    def dropped(plan) -> None:
        plan["assignments"].pop(0)

    assert "served" in rules_of(changed(one_stream, dropped))

    def nobody(plan) -> None:
        plan["assignments"][0]["from_id"] = "no such village"

    assert "unknown_assignment" in rules_of(changed(one_stream, nobody))


def test_another_facility_and_throughput_are_refuted(one_stream) -> None:
    def more(plan) -> None:
        plan["facilities"][0]["throughput"] += 10.0

    assert "throughput" in rules_of(changed(one_stream, more))

    def renamed(plan) -> None:
        plan["facilities"][0]["id"] = "elsewhere"

    assert "opened" in rules_of(changed(one_stream, renamed))


def test_the_problem_of_another_plan_is_refuted(one_stream, written) -> None:
    stored = read_problems(one_stream.with_name(PROBLEM))
    with np.load(one_stream.with_name(PROBLEM)) as archive:
        arrays = dict(archive)
    arrays["0/cost"] = arrays["0/cost"] * 0.5
    np.savez_compressed(one_stream.with_name(PROBLEM), **arrays)
    assert "problem_hash" in rules_of(one_stream)
    assert stored
    shutil.copy(written / "straw_storage" / PROBLEM, one_stream.with_name(PROBLEM))
    assert rules_of(one_stream) & {"tier_missing", "problem_hash"}


def test_multipliers_that_prove_nothing_are_refuted(one_stream) -> None:
    def claimed(plan) -> None:
        for tier in plan["tiers"]:
            tier["certificate"]["bound_verified"] = True

    changed(one_stream, claimed)
    with np.load(one_stream.with_name(PROBLEM)) as archive:
        arrays = {name: one for name, one in archive.items() if "multipliers" not in name}
    np.savez_compressed(one_stream.with_name(PROBLEM), **arrays)
    assert "bound" in rules_of(one_stream)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "other"}', "\ud800".encode("utf-8", "surrogatepass")]
)
def test_what_is_no_plan_is_named(tmp_path, text) -> None:
    path = tmp_path / PLAN
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"no plan\.json of this program"):
        verify_files(path)


def test_damaged_and_missing_problem_files_are_named(one_stream, tmp_path) -> None:
    problem = one_stream.with_name(PROBLEM)
    whole = problem.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PK" + whole[2:40]):
        problem.write_bytes(damaged)
        with pytest.raises(InputError, match="no problem file of this program"):
            verify_plan(one_stream)
    problem.unlink()
    with pytest.raises(InputError, match="is missing; write the plan again"):
        verify_plan(one_stream)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match=r"holds no plan\.json"):
        verify_files(empty)


def test_a_plan_cut_short_is_named(one_stream) -> None:
    def without(plan) -> None:
        del plan["tiers"][0]["certificate"]["bound"]

    with pytest.raises(InputError, match="'bound'"):
        verify_plan(changed(one_stream, without))


def test_every_rule_of_the_checker_has_words() -> None:
    source = Path("planner/solving/checker.py")
    if not source.is_file():
        pytest.skip("not run from the checkout")
    import re

    named = set(re.findall(r'Violation\("(\w+)"', source.read_text(encoding="utf-8")))
    assert named - {"objective_kind", "unserved_list"} <= set(RULES)
