"""How much memory a solve may take is a scenario's to say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from scenarios.clock import Clock
from scenarios.progress import unheard
from scenarios.schema import SolverSpec
from scenarios.stream_run import Shared


def test_the_limits_of_a_scenario_are_the_solvers(small_sources) -> None:
    plan, inputs = small_sources
    spec = SolverSpec(time_limit_s=7, gap=0.25, seed=3, threads=1, memory_mib=900)
    scenario = plan.scenario.model_copy(update={"solver": spec})
    given = Shared(scenario, inputs, unheard, Clock()).solver_settings
    assert {name: getattr(given, name) for name in spec.model_dump()} == spec.model_dump()


def test_nothing_is_no_limit() -> None:
    with pytest.raises(ValidationError, match="memory_mib"):
        SolverSpec(memory_mib=0)
