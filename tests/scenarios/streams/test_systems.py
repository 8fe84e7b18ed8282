"""Every system of the source documents is a stream or an audit rule, and each of them holds up."""

from __future__ import annotations

import re

import pytest
import yaml

from geodata.faults import InputError
from geodata.roads.speeds import vehicles
from geodata.synthetic import make_county
from geodata.units import factor_per_year
from planner.problem import Strength
from scenarios.audit_profile import audit_ids, audit_rule, known_checks
from scenarios.load import profile_of, profiles_of
from scenarios.load_knowledge import profile_names, stream_ids
from scenarios.operations import Role
from scenarios.profile_checks import profile_faults
from scenarios.schema import Scenario, StreamProfile, StreamUse

SYSTEMS = frozenset(
    re.findall(
        r"\w+",
        """
        A1 A1b A1c A1d A2 A2b A2c A2d A3 A4 A4b A4c A4d A5 A5b A5c A5d A6 A7
        B1 B2 B3 B3b B3c B3d B3e B4 B4b B4c B5 B6 B7 B8 B9 B10 B11 C1 C2 C3 C4 C5
        D1 D2 D3 D4 D5 D6 E1 E1b E1c E1d E2 E3 E4 E5 F1 F2 F3 F4 F5 F6 F7 G1 G2 G3 G4
        """,
    )
)
"""Ids of the systems that the five documents name."""


def profiles() -> list[StreamProfile]:
    return [profile_of(StreamUse(stream=one)) for one in stream_ids()]


def profile(stream: str) -> StreamProfile:
    return profile_of(StreamUse(stream=stream))


def test_every_system_has_its_stream_or_audit_rule_and_no_other_is_named():
    named = [system for one in profiles() for system in one.systems]
    named += [system for one in audit_ids() for system in audit_rule(one).systems]
    assert set(named) == SYSTEMS


@pytest.mark.parametrize("stream", stream_ids())
def test_a_stream_is_whole(stream: str):
    one = profile(stream)
    assert profile_faults(one) == []
    assert one.systems
    assert one.department
    assert one.facility_stream_names
    assert one.demand.definition is not None
    assert one.name.zh != one.name.en
    # A workbook lists streams by these names with such marks between them.
    assert not set("、，,；;/") & set(one.name.zh)
    for tier in one.tiers:
        assert tier.vehicle in vehicles()
        assert tier.responsible
        assert tier.facility_names
        assert tier.sizes or tier.role is Role.TERMINAL
        capacities = [size.capacity_t_per_yr for size in tier.sizes if size.capacity_t_per_yr]
        assert capacities == sorted(capacities), "larger sizes come later"
        cheaper = [size.investment_wan_cny / size.capacity_t_per_yr for size in tier.sizes
                   if size.capacity_t_per_yr]  # fmt: skip
        assert cheaper == sorted(cheaper, reverse=True), "economies of scale"
        for quota in tier.quotas:
            assert quota.text
            assert quota.maximum is None or quota.minimum <= quota.maximum


@pytest.mark.parametrize("stream", stream_ids())
def test_what_a_stream_names_exists(stream: str):
    one, known = profile(stream), set(stream_ids())
    tiers = {name: {tier.id for tier in profile(name).tiers} for name in known}
    layers = set(make_county(10, 0).layers)
    assert one.demand.layer in layers
    assert {other.layer for other in one.demand.also} <= layers
    assert {apart.stream for apart in one.incompatible} <= known
    for shared in one.shares_sites:
        assert shared.tier in {"", *tiers[shared.stream]}
    for tier in one.tiers:
        for rule in tier.candidate_layers:
            assert rule.layer in layers if rule.layer else rule.tier in tiers[rule.stream]


def test_wording_decides_the_strength():
    def strengths(stream: str, tier: str) -> list[Strength]:
        found = next(one for one in profile(stream).tiers if one.id == tier)
        return [quota.strength for quota in found.quotas]

    assert strengths("straw_three_tier", "township_store") == [Strength.MUST]
    assert strengths("farm_film", "township_store") == [Strength.ENCOURAGED]
    assert strengths("household_transfer", "transfer_station") == [Strength.IN_PRINCIPLE]
    assert strengths("manure_centre", "manure_centre") == [Strength.ON_DEMAND]


def test_time_limits_rounds_seasons_and_licence_areas_are_knowledge_of_the_streams():
    big_box = profile("medical_waste").tiers[0]
    assert big_box.holding is not None
    assert big_box.holding.hours.value == 48
    for stream in ("hazardous_small_source", "medical_waste", "kitchen_waste", "household_transfer",
                   "recyclables", "farm_film"):  # fmt: skip
        assert profile(stream).tiers[0].rounds is not None, stream
    assert profile("pesticide_three_level").tiers[1].rounds is not None
    assert profile("hazardous_small_source").tiers[0].within_licence_area
    assert profile("recyclables").tiers[0].zones is not None
    straw, manure = profile("straw_three_tier").seasonality, profile("manure_centre").seasonality
    assert straw is not None
    assert len(straw.harvests) == 2
    assert manure is not None
    assert manure.outflow == "with_use"


def test_an_unknown_target_stays_unknown():
    values = [one.value for one in profile("farm_film").targets if one.year == 2027]
    assert values == [None]


def test_facility_words_of_a_table_still_mean_the_streams_they_meant():
    names = profile_names()
    assert names["秸秆收储"] == "straw_storage"
    assert names["农药包装废弃物"] == "pesticide_packaging"
    assert names["建筑垃圾"] == "construction_waste"
    assert names["可回收物"] == "recyclables"


@pytest.mark.parametrize("rule", audit_ids())
def test_an_audit_rule_names_checks_there_are(rule: str):
    one = audit_rule(rule)
    assert set(one.checks) <= set(known_checks())
    assert one.asks.zh


def faults_with(stream: str, **changes: object) -> str:
    plain = profile(stream).model_dump(mode="json")
    tier = {**plain["tiers"][0], **changes}
    changed = StreamProfile.model_validate({**plain, "tiers": [tier, *plain["tiers"][1:]]})
    return "\n".join(str(fault) for fault in profile_faults(changed))


def test_tiers_and_shares_that_cannot_be_are_refused():
    number = {"unit": "t/t", "source": "某处", "evidence": "assumed"}
    assert "0 to 1" in faults_with(
        "farm_film", passes_on=[{"kind": "loss", "passed_on": {**number, "value": 1.2}}]
    )
    assert "needs 'radius_km'" in faults_with("farm_film", problem="set_cover")
    assert "needs 'sizes'" in faults_with("farm_film", sizes=[])
    assert "is used twice" in faults_with("farm_film", id="recycler", serves="demand")
    straw = profile("straw_three_tier")
    assert straw.seasonality is not None
    first = straw.seasonality.harvests[0]
    cut = straw.seasonality.model_copy(update={"harvests": (first,)})
    text = str(profile_faults(straw.model_copy(update={"seasonality": cut}))[0])
    assert "add up to 0.45" in text


def test_a_site_that_is_shared_is_of_a_known_tier():
    def told(**changes: object) -> str:
        recyclables = profile("recyclables")
        rule = recyclables.shares_sites[0].model_copy(update=changes)
        changed = recyclables.model_copy(update={"shares_sites": (rule,)})
        return "\n".join(str(fault) for fault in profile_faults(changed))

    assert told() == ""
    assert "did you mean station" in told(at="statoin")
    assert "at: one of station, sorting_centre" in told(at="")
    assert "needs the other stream's 'tier'" in told(strength=Strength.MUST, tier="")


def test_two_streams_of_a_scenario_may_not_have_one_id():
    scenario = Scenario.model_validate(yaml.safe_load(
        "title: x\nsynthetic: {villages: 10}\nstreams: [{stream: tyres}, {stream: tyres}]"
    ))  # fmt: skip
    with pytest.raises(InputError, match="named twice"):
        profiles_of(scenario)


@pytest.mark.parametrize("stream", stream_ids())
def test_every_factor_can_be_used_on_the_column_it_names(stream: str):
    """A unit that nobody can read would leave a planner without tonnes."""
    demand = profile(stream).demand
    factors = [*demand.factors, *(one for other in demand.also for one in other.factors)]
    for one in factors:
        assert one.product is not None
        assert factor_per_year(one.product, one.factor.unit, one.of) >= 0
        if one.factor.low is not None and one.factor.value is not None:
            assert one.factor.low <= one.factor.value
        if one.factor.high is not None and one.factor.value is not None:
            assert one.factor.value <= one.factor.high
