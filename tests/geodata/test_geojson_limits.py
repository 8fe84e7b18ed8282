"""Oversized GeoJSON is refused by count, before any parser sees it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import geojson_limits
from geodata.faults import InputError
from geodata.geojson_limits import MOST_DEPTH, check_geojson


def written(tmp_path, text: str):
    path = tmp_path / "x.geojson"
    path.write_text(text, "utf-8")
    return path


def test_deep_nesting_is_refused(tmp_path):
    deep = '{"type": "Polygon", "coordinates": ' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(InputError, match="levels deep"):
        check_geojson(written(tmp_path, deep), "x")
    check_geojson(written(tmp_path, "[" * MOST_DEPTH + "]" * MOST_DEPTH), "x")


def test_a_giant_list_of_positions_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(geojson_limits, "MOST_BRACKETS", 1_000)
    line = {"type": "LineString", "coordinates": [[1.0, 2.0]] * 2_000}
    with pytest.raises(InputError, match="positions and objects"):
        check_geojson(written(tmp_path, json.dumps(line)), "x")


def test_too_many_features_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(geojson_limits, "MOST_FEATURES", 10)
    one = {"type": "Feature", "geometry": None, "properties": {}}
    whole = {"type": "FeatureCollection", "features": [one] * 11}
    with pytest.raises(InputError, match="features or more"):
        check_geojson(written(tmp_path, json.dumps(whole)), "x")
    check_geojson(written(tmp_path, json.dumps({**whole, "features": [one] * 10})), "x")


def test_brackets_in_names_count_for_nothing(tmp_path):
    for name in ("[" * 1_000, '\\"' + "{" * 1_000, "\\" * 7 + "[" * 1_000, 'a"' * 9 + "[" * 1_000):
        check_geojson(written(tmp_path, json.dumps({"name": name})), "x")


nested = st.recursive(
    st.text(st.sampled_from('[]{}\\"aF'), max_size=6) | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner, max_size=1),
    max_leaves=12,
)


def depth_of(value) -> int:
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0) if isinstance(value, list | dict) else 0


@given(nested, st.integers(1, 40))
def test_depth_is_what_a_parser_finds(value, chunk):
    text = json.dumps(value).encode()
    count = geojson_limits._Count()
    for at in range(0, len(text), chunk):
        count.take(text[at : at + chunk])
    count.take(b" " * 40)
    assert count.depth == depth_of(value)
