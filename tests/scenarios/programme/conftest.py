"""A small county's programme of two streams in two phases, made once."""

from __future__ import annotations

import pytest

from scenarios.load import example
from scenarios.plan import Plan
from scenarios.programme.course import run_programme
from scenarios.schema import Scenario

PHASES = """phases=[
    {year: 2023, tonnes: {construction_waste: {value: 0.5, unit: t/t, source: test, evidence: derived}}},
    {year: 2025, tonnes: {construction_waste: {value: 1.5, unit: t/t, source: test, evidence: derived}}}]"""


def small_scenario(*more: str) -> Scenario:
    """Film with its terminal and construction waste, on a county of 40 villages."""
    streams = "streams=[{stream: farm_film}, {stream: construction_waste}]"
    limits = ["solver.time_limit_s=20", "solver.gap=0.02"]
    return example("demo", ["synthetic.villages=40", streams, *limits, PHASES, *more])


@pytest.fixture(scope="session")
def small_programme() -> Plan:
    return run_programme(small_scenario())
