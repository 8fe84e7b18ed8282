"""Streams that share sites and keep apart, planned together end to end on a small county."""

from __future__ import annotations

import jsonschema_rs
import numpy as np
import openpyxl
import pytest

from planner.solution import Outcome
from scenarios.answers import is_open
from scenarios.deliverables.workbook import write_workbook
from scenarios.load import example
from scenarios.output import write_plan
from scenarios.plan_json import plan_dict, plan_schema
from scenarios.programme.course import run_programme
from scenarios.programme.joint_tables import joint_tables
from scenarios.verify import verify_files

STREAMS = "streams=[{stream: recyclables}, {stream: hazardous_household}, {stream: bulky_waste}]"


@pytest.fixture(scope="module")
def joined():
    limits = ["solver.time_limit_s=60", "solver.gap=0.05"]
    small = ["synthetic.villages=16", "phases=[{year: 2025}]", "joint={}", *limits]
    return run_programme(example("all_systems", [STREAMS, *small]))


def test_all_streams_are_planned_and_checked_as_one_question(joined):
    problems = {id(one.programme.problem) for one in joined.streams.values()}
    assert len({one.certificate.problem_hash for one in joined.streams.values()}) == 1
    assert problems
    for stream in joined.streams.values():
        assert stream.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
        assert stream.certificate.checked
        assert stream.demand["served"].all()


def test_the_hazardous_store_stands_at_the_sorting_centre(joined):
    store = joined.streams["hazardous_household"].facilities
    store = store[(store["tier"] == "store").to_numpy(bool) & is_open(store["status"])]
    centre = joined.streams["recyclables"].facilities
    centre = centre[(centre["tier"] == "sorting_centre").to_numpy(bool) & is_open(centre["status"])]
    assert len(store)
    at = centre.geometry
    for one in store.geometry:
        # 50 m are 0.0006 of a degree at most.
        assert np.hypot(at.x - one.x, at.y - one.y).min() < 0.0006
    shared = joint_tables(joined.streams["hazardous_household"]).shared_sites
    assert any({"hazardous_household", "recyclables"} <= {t[0] for t in one.tenants}
               for one in shared)  # fmt: skip
    assert all(one.saved_cny_per_yr >= 0 for one in shared)


def test_what_is_shared_is_in_plan_json_the_workbook_and_holds_when_re_checked(joined, tmp_path):
    for stream in joined.streams.values():
        jsonschema_rs.validate(plan_schema(), plan_dict(joined, stream))
    write_plan(joined, tmp_path / "out", writers={})
    for one in verify_files(tmp_path / "out"):
        assert one.holds, [finding.text() for tier in one.tiers for finding in tier.findings]
    write_workbook(joined, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True)
    text = str(list(book["共享、片区与库存"].iter_rows(values_only=True)))
    assert "有害" in text
    assert "分拣处理中心" in text
