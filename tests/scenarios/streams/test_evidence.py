"""Numbers with their evidence: short keys, ranges, contradictions, faults all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from geodata.faults import InputError
from scenarios.evidence import EDITABLE, PLANNING_VALUE, Basis, Evidence, sources, spell_out
from scenarios.load import profile_of
from scenarios.load_knowledge import packaged_profile, stream_ids
from scenarios.numbers import numbers_in, unit_of
from scenarios.schema import SizeOption, StreamUse
from scenarios.yaml_lines import read_yaml


def spelled(text: str) -> dict:
    document = read_yaml(text, "x.yaml")
    assert spell_out(document, "x.yaml") == []
    return document.data


def test_a_short_key_is_written_out_with_evidence_and_edition():
    data = spelled("radius_km: {value: 0.12, unit: km, source: gb55013_2021, clause: §3.2}")
    number = data["radius_km"]
    assert number["source"] == sources()["gb55013_2021"].name.zh
    assert number["source_key"] == "gb55013_2021"
    assert (number["evidence"], number["edition"]) == ("seen", "2021")


def test_what_nobody_has_read_says_so_before_its_source():
    data = spelled("a: {value: 1, source: cjjt47_2016, evidence: recalled}\nb: {source: planning}")
    assert data["a"]["source"].startswith(PLANNING_VALUE)
    assert data["b"]["source"].startswith(PLANNING_VALUE)


def test_plain_text_and_a_scenario_s_own_word_stay_as_they_are():
    data = spelled("a: {source: 某县文件}\nb: {source: scenario}\nc: {source: x}")
    assert [data[key]["source"] for key in "abc"] == ["某县文件", "scenario", "x"]


def test_an_unknown_key_suggests_the_nearest_with_its_line():
    (fault,) = spell_out(read_yaml("\na: {value: 1, source: guanxan}", "x.yaml"), "x.yaml")
    assert str(fault).startswith("x.yaml, line 2")
    assert "did you mean guanxian?" in str(fault)


def test_a_plain_number_may_have_a_basis_of_its_own():
    size = SizeOption.model_validate(
        {
            "id": "s",
            "name": {"zh": "小", "en": "small"},
            "capacity_t_per_yr": 100,
            "land_m2": {"value": 600, "source": "某标准", "evidence": "seen", "low": 500},
            "source": "规划",
        }
    )
    assert (size.capacity_t_per_yr, size.land_m2) == (100, 600)
    found = {one.field: one for one in numbers_in(size)}
    assert found["land_m2"].basis.evidence is Evidence.SEEN
    assert found["land_m2"].basis.low == 500
    assert found["capacity_t_per_yr"].basis is size
    assert SizeOption.model_validate(size.model_dump(mode="json")) == size


def test_units_are_in_the_names_of_plain_numbers():
    assert unit_of("capacity_t_per_yr") == "t/yr"
    assert unit_of("operation_wan_cny_per_yr") == "wan_cny_per_yr"
    assert unit_of("cost_cny_per_t_km") == "cny/(t·km)"
    assert unit_of("distance_m") == "m"
    assert unit_of("sites") == ""


def test_faults_of_a_profile_come_at_once_with_lines_and_suggestions(tmp_path: Path):
    text = packaged_profile("farm_film")
    assert text is not None
    broken = (
        text.replace("role: terminal", "role: terminl")
        .replace("candidate_layers:", "candidate_layer:")
        .replace("cutoff_km: {value: 20, source: planning}",
                 "cutoff_km: {value: -1, sorce: planning}")
    )  # fmt: skip
    (tmp_path / "film.yaml").write_text(broken, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        profile_of(StreamUse(stream="film.yaml"), tmp_path)
    found = [str(fault) for fault in caught.value.faults]
    assert any("did you mean candidate_layers?" in fault for fault in found)
    assert any("tiers.0.cutoff_km.sorce is not known; did you mean source?" in f for f in found)
    assert any("tiers.1.role is 'terminl'" in fault for fault in found)
    assert any("tiers.0.cutoff_km is -1" in fault for fault in found)
    assert all("line" in fault for fault in found)


def test_an_override_replaces_the_value_and_says_who_set_it():
    use = StreamUse(
        stream="farm_film",
        set={"tiers.township_store.cutoff_km": 12, "tiers.township_store.leg.payload_t": 0.5},
    )
    tier = profile_of(use).tiers[0]
    assert tier.cutoff_km == 12
    assert tier.basis["cutoff_km"].source == "scenario"
    assert tier.basis["cutoff_km"].evidence is Evidence.ASSUMED
    assert tier.leg is not None
    assert tier.leg.payload_t == 0.5


@pytest.mark.parametrize("stream", stream_ids())
def test_every_number_of_every_stream_has_source_and_evidence(stream: str):
    numbers = list(numbers_in(profile_of(StreamUse(stream=stream))))
    assert len(numbers) >= 3
    for one in numbers:
        assert one.basis is not None, one.key
        assert one.basis.source, one.key
        if one.basis.evidence in EDITABLE:
            assert "规划取值" in one.basis.source, one.key


def test_contradicting_sources_stand_beside_the_value_that_is_used():
    radius = profile_of(StreamUse(stream="estate_rooms")).tiers[0].radius_km
    assert radius is not None
    assert (radius.value, radius.also[0].value) == (0.12, 0.07)
    factor = profile_of(StreamUse(stream="household_transfer")).demand.factors[0].factor
    used, other = factor.value, factor.also[0].value
    assert used is not None
    assert other is not None
    assert 1.5 < other / used < 1.55  # the 52% of the two bases
    conflicts = [
        one.key
        for stream in stream_ids()
        for one in numbers_in(profile_of(StreamUse(stream=stream)))
        if isinstance(one.basis, Basis) and one.basis.also
    ]
    assert len(conflicts) >= 15


def test_every_source_is_used_or_stands_for_a_text_of_the_field():
    cited = "".join(packaged_profile(stream) or "" for stream in stream_ids())
    unused = [key for key in sources() if key not in cited]
    assert len(unused) < len(sources()) / 4, unused
