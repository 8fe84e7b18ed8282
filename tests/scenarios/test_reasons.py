"""Reasons as sentences: the same words once, with everything they hold for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.solution import Reason
from scenarios.plan import Plan
from scenarios.reasons import reason_lines, tier_reasons
from tests.scenarios.deliverables.plans import make_plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Every tier of every stream misses the same village; the first misses capacity besides."""
    made = make_plan(30)
    village = str(next(iter(made.streams.values())).demand["id"].iloc[3])
    same = (Reason("no_road", (village,)),)
    streams = {
        key: replace(one, tiers=tuple(replace(tier, reasons=same) for tier in one.tiers))
        for key, one in made.streams.items()
    }
    key, first = next(iter(streams.items()))
    alone = replace(first.tiers[0], reasons=(*same, Reason("missing_capacity", (), {"missing": 9})))
    streams[key] = replace(first, tiers=(alone, *first.tiers[1:]))
    return replace(made, streams=streams)


@pytest.mark.parametrize(("lang", "words"), [("zh", "没有道路"), ("en", "no road")])
def test_a_sentence_that_holds_for_all_is_said_once(plan, lang, words):
    shared = [line for line in reason_lines(plan, lang) if words in line]
    assert len(shared) == 1
    for stream in plan.streams.values():
        assert stream.profile.name.in_language(lang) in shared[0]


def test_no_sentence_of_any_tier_is_lost(plan):
    lines = reason_lines(plan, "zh")
    assert len(lines) == 2
    for stream in plan.streams.values():
        for tier, sentence in tier_reasons(stream, "zh"):
            line = next(one for one in lines if one.endswith(sentence))
            assert tier in line
