"""Every system of the documents stands for something here, and its example plans."""

from __future__ import annotations

import re
from datetime import date

import pytest

from planner.solution import Outcome
from scenarios.audit.task_rules import clearings
from scenarios.load import example
from scenarios.load_knowledge import stream_ids
from scenarios.run import run
from scenarios.systems import EVERYTHING, STREAM_TEST, TASK_TEST, standings, systems, systems_page
from tests.conftest import ROOT

TASKS = sorted({task for one in standings() for task in one.tasks})
GROUPS = {"A": 19, "B": 17, "C": 5, "D": 6, "E": 8, "F": 7, "G": 4}


def test_the_systems_are_those_of_the_documents():
    ids = [one.id for one in systems()]
    assert len(ids) == len(set(ids))
    assert {group: sum(one.startswith(group) for one in ids) for group in GROUPS} == GROUPS


@pytest.mark.parametrize("one", standings(), ids=lambda one: one.system.id)
def test_something_stands_for_every_system(one):
    assert one.is_covered, f"no stream and no task names {one.system.id} {one.system.en}"


def test_streams_and_tasks_name_known_systems():
    known = {one.id for one in systems()}
    named = {
        system
        for name in ("guanxian", "changchun_chaoyang", "changchun_shuangyang", "beijing_chaoyang",
                     "jinan_gangcheng")
        for task in example(name).document.tasks
        for system in task.systems
    }  # fmt: skip
    assert named <= known


def test_the_page_is_up_to_date():
    page = (ROOT / "docs" / "systems.md").read_text("utf-8")
    assert page == systems_page(), "write it anew: python -m scenarios.systems docs/systems.md"


def test_the_pages_tests_are_those_of_this_file():
    page = systems_page()
    for stream in re.findall(r"test_stream_plans\[(\w+)\]", page):
        assert stream in stream_ids()
        assert STREAM_TEST.format(stream=stream) in page
    for name, task in TASKS:
        assert TASK_TEST.format(example=name, task=task) in page


def test_one_example_plans_every_stream():
    assert {use.stream for use in example(EVERYTHING).streams} == set(stream_ids())


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[f"{a}-{b}" for a, b in TASKS])
def test_task_is_audited(name, task):
    document = example(name).document
    [one] = [one for one in clearings(document, document.issued or EARLY) if one.task.id == task]
    assert one.task.clause
    assert (one.left_t is None) == (one.task.tonnes is None)
    assert (one.days_left is None) == (one.task.deadline is None)


EARLY = date(2023, 1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("stream", stream_ids())
def test_stream_plans(stream):
    scenario = example(EVERYTHING)
    [use] = [use for use in scenario.streams if use.stream == stream]
    plan = run(scenario.model_copy(update={"streams": (use,)}))
    for tier in plan.streams[stream].tiers:
        assert tier.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE), tier.tier
    assert plan.streams[stream].demand["served"].all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "smaller"),
    [
        ("guanxian", ["synthetic.villages=40"]),
        ("changchun_shuangyang", ["synthetic.villages=40"]),
        ("jinan_gangcheng", ["synthetic.villages=40"]),
        ("changchun_chaoyang", []),
        ("beijing_chaoyang", ["synthetic.urban.subdistricts=8", "synthetic.urban.area_km2=90",
                              "synthetic.urban.built_up_km2=90",
                              "synthetic.urban.population=300000"]),
    ],
)  # fmt: skip
def test_the_documents_scenarios_plan(name, smaller):
    """Tier by tier for one year; the years together are the programme's own tests."""
    scenario = example(name, ["solver.time_limit_s=30", *smaller])
    plan = run(scenario.model_copy(update={"phases": ()}))
    for stream in plan.streams.values():
        for tier in stream.tiers:
            outcome = tier.certificate.outcome
            assert outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE), (stream.profile.id, tier.tier)
