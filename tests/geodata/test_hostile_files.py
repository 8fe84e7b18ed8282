"""Whatever a file holds, reading it ends in a layer and its faults, never in a traceback."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geodata.faults import Severity
from geodata.layers import read_layer
from tests.geodata.tables_on_disk import VILLAGES, points, workbook, zipped

FORMATS = [".csv", ".xlsx", ".gpkg", ".geojson", ".shp", ".zip", ".parquet"]


def read(path):
    layer = read_layer(path, "villages", crs="wgs84")
    assert all(str(fault) for fault in layer.faults)
    return layer


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(FORMATS), st.binary(max_size=300))
def test_any_bytes(tmp_path, ending, data):
    path = tmp_path / f"a{ending}"
    path.write_bytes(data)
    assert any(fault.severity is Severity.ERROR for fault in read(path).faults)


@pytest.fixture(scope="module")
def good_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    (folder / "a.csv").write_text(VILLAGES)
    rows = [line.split(",") for line in VILLAGES.splitlines()[:2]]
    workbook(folder, {"村庄": rows}).rename(folder / "a.xlsx")
    table = points([115.6, 115.7], [36.5, 36.6], name=["甲", "乙"])
    table.to_file(folder / "a.gpkg")
    table.to_file(folder / "a.geojson", driver="GeoJSON")
    table.to_parquet(folder / "a.parquet")
    table.to_file(folder / "b.shp", encoding="utf-8")
    zipped(folder, sorted(folder.glob("b.*")), "a.zip")
    return folder


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([end for end in FORMATS if end != ".shp"]), st.integers(0, 10**6))
def test_good_files_with_spoilt_bytes(tmp_path, good_files, ending, seed):
    data = bytearray((good_files / f"a{ending}").read_bytes())
    chance = np.random.default_rng(seed)
    for at in chance.integers(0, len(data), chance.integers(1, 20)):
        data[at] = chance.integers(0, 256)
    path = tmp_path / f"a{ending}"
    path.write_bytes(data[: chance.integers(len(data) // 2, len(data) + 1)])
    read(path)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            *[
                st.text(
                    alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12
                )
            ]
            * 4
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_cells(tmp_path, rows):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    path = tmp_path / "a.csv"
    lines = ["村名,乡镇,经度,人口,纬度", *(",".join(map(cell, (*row, "36.5"))) for row in rows)]
    path.write_bytes("\n".join(lines).encode())
    read(path)
