"""Rows of a table with tag-like columns, as attributes of road lines."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.knowledge import knowledge
from geodata.roads.classes import is_known
from geodata.roads.lines import LineAttributes
from geodata.roads.osm_tags import WAY_KEYS, WayAttributes, road_attributes, speed_kph


def _knowledge() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = knowledge("geodata.roads", "line_columns.yaml")
    return loaded


def _header(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"\(.*?\)|[\s]+", "", folded)


_KNOWLEDGE = _knowledge()
_ALIASES: Mapping[str, tuple[str, ...]] = {
    key: tuple(_header(name) for name in names) for key, names in _KNOWLEDGE["aliases"].items()
}
_WORDS: Mapping[str, Mapping[str, str]] = _KNOWLEDGE["words"]
_NOT_ROADS = frozenset(_KNOWLEDGE["not_roads"])
_ACCESS_LIKE = frozenset(_KNOWLEDGE["aliases"]) & {
    "access", "vehicle", "motor_vehicle", "motorcar", "goods", "hgv", "hazmat", "agricultural",
    "foot",
}  # fmt: skip
_LISTS = frozenset({"maxspeed", "maxweight", "maxheight"})
# 公路路线标识 (GB/T 917): G 国道, S 省道, X 县道, Y 乡道, C 村道; one, two or four figures after G
# or S are motorways.
_REF_CLASSES = (
    (re.compile(r"^[GS]\d{1,2}$|^G\d{4}$"), "高速公路"),
    (re.compile(r"^G\d{3}$"), "国道"),
    (re.compile(r"^S\d{3}$"), "省道"),
    (re.compile(r"^X\d"), "县道"),
    (re.compile(r"^Y\d"), "乡道"),
    (re.compile(r"^C\d"), "村道"),
)

TAGS: tuple[str, ...] = tuple(_ALIASES)
"""Standard names that a scenario's ``columns`` may map to a layer's own headers."""


@dataclass(frozen=True, eq=False)
class TaggedRows:
    """Attributes of the rows that are roads.

    Parameters
    ----------
    rows : (l,) the rows that are roads
    attributes : (l,) of those rows
    counts : rows left out, and rows of a class that road_classes.yaml does not have
    """

    rows: NDArray[np.int64]
    attributes: LineAttributes
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    counts: Mapping[str, int]


def standard_columns(headers: Iterable[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Tag -> header of the layer: as declared, else by the first alias that is there."""
    by_header = {_header(header): header for header in reversed(list(headers))}
    found = {
        tag: next((by_header[alias] for alias in aliases if alias in by_header), None)
        for tag, aliases in _ALIASES.items()
    }
    return {**{tag: header for tag, header in found.items() if header}, **columns}


def attributes_of_rows(table: pd.DataFrame, columns: Mapping[str, str]) -> TaggedRows:
    """Read the tags of rows by the rules of osm_tags.yaml.

    Parameters
    ----------
    table : (n,) rows with the layer's own headers
    columns : tag -> header
    """
    tags = _tags(table, columns)
    road_class = _mapped(tags["highway"], lambda name: name.lower() if is_known(name) else name)
    is_road = (~road_class.isin(_NOT_ROADS)).to_numpy()
    rows = np.flatnonzero(is_road)
    tags, road_class = tags.iloc[rows], road_class.iloc[rows]
    tags = tags.assign(highway=road_class)

    keys = [key for key in WAY_KEYS if key in tags]
    kind = tags.groupby(keys, sort=False).ngroup().to_numpy()
    _, example = np.unique(kind, return_index=True)
    known = [_attributes_of(tags.iloc[row], keys) for row in example]
    class_code, class_names = pd.factorize(road_class, sort=True)
    name = tags["name"].where(tags["name"] != "", tags["ref"])
    name_code, names = pd.factorize(name.where(name != ""), sort=True)
    measured = _measured_speeds(tags["speed_kph"])
    attributes = LineAttributes(
        road_class=class_code.astype(np.int16),
        name=name_code.astype(np.int32),
        access=np.array([a.access for a in known], np.uint16).reshape(-1, 2)[kind],
        max_weight_t=np.array([a.max_weight_t for a in known], np.float32)[kind],
        max_height_m=np.array([a.max_height_m for a in known], np.float32)[kind],
        speed_kph=np.column_stack([measured, measured]),
        speed_limit_kph=np.array([a.speed_limit_kph for a in known], np.float32).reshape(-1, 2)[
            kind
        ],
        closed=(tags["closed"] == "yes").to_numpy(),
    )
    unknown = sum(
        int((class_code == i).sum()) for i, c in enumerate(class_names) if not is_known(c)
    )
    counts = {"not_roads": int((~is_road).sum()), "unknown_class": unknown}
    return TaggedRows(rows, attributes, tuple(class_names), tuple(names), counts)


def _attributes_of(row: pd.Series, keys: list[str]) -> WayAttributes:
    return road_attributes({key: row[key] for key in keys if row[key] != ""})


def _measured_speeds(texts: pd.Series) -> NDArray[np.float32]:
    codes, values = pd.factorize(texts)
    return np.array([speed_kph(value) for value in values], np.float32)[codes]


def _tags(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Every tag as text, "" where it is missing; ``other_tags`` unfolded."""
    tags = {tag: _texts(table[header], tag) for tag, header in columns.items() if tag in _ALIASES}
    other = tags.pop("other_tags", None)
    if other is not None:
        pairs = [_hstore(text) for text in other]
        for tag in (*WAY_KEYS, "ref"):
            raw = pd.Series([pair.get(tag) for pair in pairs], index=table.index, dtype=object)
            unfolded, present = _texts(raw, tag), tags.get(tag)
            tags[tag] = unfolded if present is None else present.where(present != "", unfolded)
    for tag in ("highway", "name", "ref", "speed_kph", "closed"):
        tags.setdefault(tag, pd.Series("", index=table.index))
    # A layer that knows no directions may be drawn in any: even its motorways are two-way then.
    tags.setdefault("oneway", pd.Series("no", index=table.index))
    # OSM's own column is empty on waterways and railways; a road survey's only where unknown.
    is_osm = _header(columns.get("highway", "")) == "highway"
    missing = "no" if is_osm else _mapped(tags["ref"], _class_of_ref)
    tags["highway"] = tags["highway"].where(tags["highway"] != "", missing)
    return pd.DataFrame(tags, index=table.index)


def _texts(column: pd.Series, tag: str) -> pd.Series:
    """Values of a tag as trimmed text in OSM's words; of several all limits, else the first."""
    words = _WORDS.get("access" if tag in _ACCESS_LIKE else tag)

    def text(value: object) -> str:
        plain = _plain(value) or ""
        if tag not in _LISTS:
            plain = plain.split(";", 1)[0].strip()
        return words.get(plain.lower(), plain.lower()) if words else plain

    if column.dtype == object:  # may hold lists, which have no hash
        column = column.map(_plain)
    return _mapped(column, text)


def _mapped(column: pd.Series, function: Callable[[Any], str]) -> pd.Series:
    """The function of every value, called once a different value."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    results = np.array([function(value) for value in values], object)
    return pd.Series(results[codes], index=column.index, dtype=object)


def _plain(value: object) -> str | None:
    if isinstance(value, (list, tuple, np.ndarray)):
        return ";".join(filter(None, (_plain(item) for item in value))) or None
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    text = str(value).strip()
    if text.startswith("[") and text.endswith("]"):  # a list that a file format made text of
        try:
            return _plain(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            return text
    return text or None


def _class_of_ref(ref: str) -> str:
    plain = ref.strip().upper()
    return next((name for pattern, name in _REF_CLASSES if pattern.match(plain)), "other")


_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


def _hstore(text: str) -> dict[str, str]:
    """GDAL's ``"key"=>"value","key"=>"value"``."""
    return dict(_HSTORE.findall(text)) if text else {}
