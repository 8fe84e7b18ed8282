"""How much memory a solve may take is a scenario's to say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from scenarios.programme.course import _settings
from scenarios.schema import SolverSpec


def test_the_limit_of_a_scenario_is_the_solvers() -> None:
    shared = SimpleNamespace(scenario=SimpleNamespace(solver=SolverSpec(memory_mib=900)))
    assert _settings(shared).memory_mib == 900


def test_nothing_is_no_limit() -> None:
    with pytest.raises(ValidationError, match="memory_mib"):
        SolverSpec(memory_mib=0)
