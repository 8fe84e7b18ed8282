"""A plan read back from its files is the plan, as far as rounds need it."""

from __future__ import annotations

import numpy as np
import pytest

from api.jobs.task import FEATURES
from geodata.faults import InputError
from scenarios.feature_files import FOLDER, write_features
from scenarios.finished_plan import LAYERS, finished_plan
from scenarios.output import PLAN, write_plan
from scenarios.rounds_problem import rounds_case


@pytest.fixture
def planned(small_sources, tmp_path):
    plan, _ = small_sources
    folder = tmp_path / "plan"
    write_plan(plan, folder, writers={})
    write_features(plan, folder)
    return folder


def read(small_sources, folder):
    plan, inputs = small_sources
    profiles = {name: one.profile for name, one in plan.streams.items()}
    return finished_plan(plan.scenario, profiles, inputs, folder)


def test_rounds_of_the_plan_that_was_read_are_those_of_the_plan(small_sources, planned):
    plan, inputs = small_sources
    again = read(small_sources, planned)
    for name in plan.streams:
        before = rounds_case(plan, inputs, name).problem
        after = rounds_case(again, inputs, name).problem
        assert after.stops.ids == before.stops.ids
        assert after.disposal.ids == before.disposal.ids
        assert after.vehicles == before.vehicles
        for one in ("amount_t", "visits", "territory", "days"):
            assert np.array_equal(getattr(after.stops, one), getattr(before.stops, one)), one
        for key, roads in before.matrices.items():
            # Places are written to a centimetre.
            near = after.matrices[key]
            assert np.allclose(near.distance_m, roads.distance_m, atol=0.1)
            assert np.allclose(near.duration_s, roads.duration_s, atol=0.1)


def test_the_certificate_is_the_one_that_was_written(small_sources, planned):
    plan, _ = small_sources
    again = read(small_sources, planned)
    for name, one in plan.streams.items():
        assert again.streams[name].has_plan == one.has_plan
        assert again.streams[name].certificate.outcome == one.certificate.outcome
        assert again.streams[name].input_hash == one.input_hash


def test_a_stream_that_the_plan_does_not_have_is_left_out(small_sources, planned):
    (planned / PLAN).unlink()
    assert not read(small_sources, planned).streams


@pytest.mark.parametrize("text", [None, "{", "[]", '{"properties": {}}', "\x00"])
def test_files_that_are_no_plan_are_refused(small_sources, planned, text):
    path = planned / "features" / "villages.jsonl"
    if text is None:
        path.unlink()
    else:
        path.write_text(text, "utf-8")
    with pytest.raises(InputError) as met:
        read(small_sources, planned)
    assert str(planned) not in met.value.faults[0].text()


def test_every_file_that_is_read_is_fetched(small_sources, planned):
    plan, _ = small_sources
    named = {*FEATURES, PLAN, *(f"{stream}/{PLAN}" for stream in plan.streams)}
    assert {f"{FOLDER}/{name}.jsonl" for name in LAYERS} == set(FEATURES)
    for path in planned.rglob("*"):
        if path.is_file() and path.relative_to(planned).as_posix() not in named:
            path.unlink()
    assert read(small_sources, planned).streams
