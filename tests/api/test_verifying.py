"""``wangdian verify`` as a user runs it."""

from __future__ import annotations

import json

import pytest

from scenarios.load import load_scenario
from scenarios.output import write_plan
from scenarios.run import run


@pytest.fixture
def folder(scenario, tmp_path):
    out = tmp_path / "plan"
    write_plan(run(load_scenario(scenario, ())), out, writers={})
    return out


def test_a_plan_that_holds_ends_with_0(wangdian, folder) -> None:
    result = wangdian("verify", folder, "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "holds" in result.output
    assert "every rule and the objective, recomputed" in result.output
    as_json = wangdian("verify", folder / "plan.json", "--json")
    assert json.loads(as_json.stdout)["holds"] is True


def test_a_changed_plan_ends_with_1_and_says_what(wangdian, folder) -> None:
    path = folder / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["assignments"].pop()
    path.write_text(json.dumps(plan), encoding="utf-8")
    result = wangdian("verify", path)
    assert result.exit_code == 1
    assert "✗" in result.output
    found = json.loads(wangdian("verify", path, "--json").stdout)
    assert found["holds"] is False
    assert any(one["findings"] for one in found["plans"][0]["tiers"])


def test_no_plan_ends_with_2(wangdian, tmp_path) -> None:
    result = wangdian("verify", tmp_path / "none.json")
    assert result.exit_code == 2
    assert "none.json" in result.output
