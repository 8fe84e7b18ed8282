"""Scenario files: every fault at once, with its line and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook

from geodata.faults import InputError
from geodata.roads.speeds import vehicles
from scenarios.load import example, load_scenario, profile_of, profiles_of
from scenarios.load_knowledge import packaged_profile, profile_names, stream_ids
from scenarios.plan_json import sourced_numbers
from scenarios.schema import ProblemType, StreamUse

GOOD = "title: 试\nsynthetic: {villages: 30}\nstreams: [{stream: straw_storage}]\n"


def faults_of(tmp_path: Path, text: str | bytes, *overrides: str) -> list[str]:
    path = tmp_path / "s.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        load_scenario(path, overrides)
    return [str(fault) for fault in caught.value.faults]


def test_every_fault_is_named_at_once_with_its_line(tmp_path):
    found = faults_of(
        tmp_path,
        "title: x\n"
        "synthetic: {vilages: 10}\n"
        "streams:\n"
        "  - stream: straw_storage\n"
        "    sett: {}\n"
        "solver: {gap: 2, time_limit: 3}\n",
    )
    assert found == [
        "s.yaml, line 2: synthetic.vilages is not known; did you mean villages?",
        "s.yaml, line 5: streams.0.sett is not known; did you mean set?",
        "s.yaml, line 6: solver.gap is 2: it should be less than 1",
        "s.yaml, line 6: solver.time_limit is not known; did you mean time_limit_s?",
    ]


def test_broken_yaml_names_line_and_column(tmp_path):
    (found,) = faults_of(tmp_path, "title: x\nstreams:\n  - a: [1, 2\nsolver: {}\n")
    assert found.startswith("s.yaml, line 4, column")
    assert "not valid YAML" in found


def test_a_key_given_twice_is_not_silently_the_last(tmp_path):
    (found,) = faults_of(tmp_path, GOOD + "title: again\n")
    assert found == "s.yaml, line 4: title is given twice (first on line 1); keep one of them"


@pytest.mark.parametrize("text", ["", "just words", "[1, 2]", "3"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    assert faults_of(tmp_path, text)


def test_aliases_of_aliases_and_deep_nesting_end_in_a_message(tmp_path):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "stands for more than" in faults_of(tmp_path, bomb)[0]
    assert "nested deeper" in faults_of(tmp_path, "a: " + "[" * 90 + "]" * 90)[0]
    assert faults_of(tmp_path, "a: " + "[" * 5000 + "]" * 5000)


def test_bytes_that_are_no_text_and_missing_files(tmp_path):
    assert "not a text file" in faults_of(tmp_path, b"\xff\xfe\x00\x81\xff\xff")[0]
    (tmp_path / "county.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean county\.yaml"):
        load_scenario(tmp_path / "conty.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_scenario(tmp_path)


def test_gb18030_is_read_as_chinese_editors_save_it(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_bytes(GOOD.encode("gb18030"))
    assert load_scenario(path).title == "试"


def test_unknown_streams_layers_and_vehicles_suggest_the_nearest(tmp_path):
    (found,) = faults_of(tmp_path, GOOD.replace("straw_storage", "straw_storge"))
    assert "did you mean straw_storage?" in found
    text = "title: x\nlayers: {vilages: {file: a.csv}}\nstreams: [{stream: straw_storage}]\n"
    assert "did you mean villages?" in faults_of(tmp_path, text)[0]
    assert "neither 'layers' nor 'synthetic'" in faults_of(
        tmp_path, "title: x\nstreams: [{stream: straw_storage}]\n"
    )[0]  # fmt: skip


def test_overrides_reach_scenario_and_profile_and_name_what_leads_nowhere(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(GOOD, encoding="utf-8")
    scenario = load_scenario(
        path,
        [
            "solver.gap=0.02",
            "streams.straw_storage.tiers.township_store.cutoff_km=12",
            "streams.straw_storage.tiers.county_centre.share_taken=0.5",
        ],
    )
    assert scenario.solver.gap == 0.02
    profile = profiles_of(scenario)["straw_storage"]
    assert profile.tiers[0].cutoff_km == 12
    share = profile.tiers[1].share_taken
    assert share is not None
    assert (share.value, share.source, share.evidence) == (0.5, "scenario", "assumed")
    with pytest.raises(InputError) as caught:
        load_scenario(path, ["solver.gapp=1", "nonsense", "streams.straw.x.y=1", "title.zh=3"])
    text = str(caught.value)
    assert "solver.gapp is not known; did you mean gap?" in text
    assert "needs the form key=value" in text
    assert "did you mean straw_storage?" in text
    assert "inside a plain value" in text


def test_streams_beside_the_scenario_are_taken_and_checked(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        (packaged_profile("pesticide_packaging") or "").replace(
            "id: pesticide_packaging", "id: mine"
        ),
        encoding="utf-8",
    )
    path = tmp_path / "s.yaml"
    path.write_text(GOOD.replace("straw_storage", "mine.yaml"), encoding="utf-8")
    scenario = load_scenario(path, ["streams.mine.tiers.village_point.radius_km=2"])
    assert profiles_of(scenario, tmp_path)["mine"].tiers[0].radius_km.value == 2


@pytest.mark.parametrize("name", [
    "Minimize Facilities", "minimize_facilities", "LSCP", "set_cover", "Set-Cover",
])  # fmt: skip
def test_arcgis_and_literature_names_are_aliases(name):
    assert ProblemType(name) is ProblemType.SET_COVER


def test_other_aliases():
    assert ProblemType("Minimize Impedance") is ProblemType.P_MEDIAN
    assert ProblemType("Maximize Capacitated Coverage") is ProblemType.MAXIMAL_COVER
    assert ProblemType("p-center") is ProblemType.P_CENTRE
    with pytest.raises(ValueError, match="p_medium"):
        ProblemType("p_medium")


@pytest.mark.parametrize("stream", stream_ids())
def test_every_stream_of_the_package_is_valid_and_every_number_sourced(stream):
    profile = profile_of(StreamUse(stream=stream))
    assert profile.id == stream
    for tier in profile.tiers:
        assert tier.vehicle in vehicles()
        for size in tier.sizes:
            assert size.source
        for rule in (*tier.screening, *tier.quotas):
            assert rule.source
    for key, number in sourced_numbers(profile, ""):
        assert number.source, key
        # What nobody has read in a standard or a document must say so to its reader.
        if number.evidence in ("recalled", "assumed"):
            assert "规划取值" in number.source, key


def test_every_word_for_a_stream_means_one_stream():
    words = profile_names()
    assert words["生活垃圾转运站"] == "household_transfer"
    for stream in stream_ids():
        assert words[stream] == stream


def test_tiers_that_cannot_work_are_refused(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(GOOD, encoding="utf-8")
    key = "streams.straw_storage.tiers"
    with pytest.raises(InputError) as caught:
        load_scenario(path, [
            f"{key}.township_store.problem=p_median", f"{key}.county_centre.serves=townshp_store",
        ])  # fmt: skip
    assert "p_median needs 'sites'" in str(caught.value)
    assert "did you mean township_store?" in str(caught.value)


def test_the_example_is_valid():
    assert len(example().streams) == 5


def workbook(tmp_path: Path, settings: list[tuple[object, object]]) -> Path:
    book = Workbook()
    page = book.active
    page.title = "设置"
    for row in settings:
        page.append(row)
    villages = book.create_sheet("村庄")
    villages.append(["编号", "名称", "乡镇", "经度", "纬度", "人口"])
    for k in range(6):
        villages.append([f"V{k}", f"村{k}", "甲镇", 115.4 + k / 100, 36.5, 500 + k])
    path = tmp_path / "县.xlsx"
    book.save(path)
    return path


def test_a_workbook_is_a_scenario(tmp_path):
    path = workbook(
        tmp_path,
        [("标题", "某县"), ("坐标系", "wgs84"), ("类别", "生活垃圾转运站、农药包装废弃物"),
         ("允许差距", 0.02), ("streams.household_transfer.tiers.transfer_station.cutoff_km", 9)],
    )  # fmt: skip
    scenario = load_scenario(path, ["solver.seed=4"])
    assert scenario.title == "某县"
    assert [use.stream for use in scenario.streams] == ["household_transfer", "pesticide_packaging"]
    assert scenario.layers["villages"].crs == "wgs84"
    assert (scenario.solver.gap, scenario.solver.seed) == (0.02, 4)
    assert profiles_of(scenario)["household_transfer"].tiers[0].cutoff_km == 9


def test_unknown_settings_of_a_workbook_suggest_the_nearest(tmp_path):
    with pytest.raises(InputError, match="did you mean 坐标系"):
        load_scenario(workbook(tmp_path, [("坐标体系", "wgs84")]))


def test_a_file_that_is_no_workbook(tmp_path):
    path = tmp_path / "县.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(InputError, match=r"县\.xlsx"):
        load_scenario(path)


def test_profiles_survive_a_round_trip_through_yaml():
    for stream in stream_ids():
        profile = profile_of(StreamUse(stream=stream))
        assert type(profile).model_validate(
            yaml.safe_load(yaml.safe_dump(profile.model_dump(mode="json")))
        ) == profile  # fmt: skip
