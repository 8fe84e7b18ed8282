"""Units as planners write them, turned into the one unit of each standard column.

A unit is a chain of words joined by ``/``, ``·``, ``*``, brackets or 每: ``万t/a``, ``kg/人·d``,
``t/(mu·yr)``. The first word is what is counted; the rest is "for each". 1 亩 = 1/15 公顷.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from geodata.numerals import fold

DAYS_PER_YEAR = 365.0
_MU_M2 = 10_000.0 / 15.0

# dimension -> unit word -> size in the dimension's base unit
UNITS: dict[str, dict[str, float]] = {
    "mass": {
        "t": 1.0, "吨": 1.0, "公吨": 1.0, "tonne": 1.0, "tonnes": 1.0,
        "kg": 1e-3, "公斤": 1e-3, "千克": 1e-3, "g": 1e-6, "克": 1e-6, "斤": 5e-4,
    },
    "area": {
        "m2": 1.0, "m^2": 1.0, "平方米": 1.0, "平米": 1.0, "平方": 1.0, "sqm": 1.0,
        "亩": _MU_M2, "mu": _MU_M2, "公顷": 1e4, "ha": 1e4, "hm2": 1e4, "hm^2": 1e4,
        "km2": 1e6, "km^2": 1e6, "平方公里": 1e6, "平方千米": 1e6,
    },
    "length": {"m": 1.0, "米": 1.0, "km": 1e3, "公里": 1e3, "千米": 1e3},
    "volume": {"m3": 1.0, "m^3": 1.0, "立方米": 1.0, "立方": 1.0, "方": 1.0},
    "power": {"mw": 1.0, "兆瓦": 1.0, "kw": 1e-3, "千瓦": 1e-3},
    "money": {"元": 1.0, "cny": 1.0, "yuan": 1.0},
    "count": dict.fromkeys(
        (
            "人", "口", "person", "persons", "people", "cap", "capita", "户", "household",
            "households", "个", "座", "处", "家", "张", "床", "床位", "bed", "beds", "头", "只",
            "辆", "栋", "套", "所", "间", "村", "餐位", "seat", "seats", "count", "unit",
            "店", "site", "head",
        ),
        1.0,
    ),
    "share": {"%": 0.01, "percent": 0.01, "‰": 0.001},
    "year": {"年": 1.0},
}  # fmt: skip
# how often in a year
PERIODS: dict[str, float] = {
    "a": 1.0, "年": 1.0, "yr": 1.0, "y": 1.0, "year": 1.0, "annum": 1.0,
    "d": DAYS_PER_YEAR, "日": DAYS_PER_YEAR, "天": DAYS_PER_YEAR, "day": DAYS_PER_YEAR,
    "周": 52.0, "week": 52.0, "wk": 52.0, "月": 12.0, "month": 12.0, "mon": 12.0,
    "季": 4.0, "季度": 4.0, "quarter": 4.0,
}  # fmt: skip
_SCALES = {"万": 1e4, "亿": 1e8, "百": 1e2, "千": 1e3}
_COLUMN_ENDINGS = {"_mu": "area", "_m2": "area", "_m3": "volume", "_mw": "power"}
_JOINTS = re.compile(r"[/·•・.*×()\[\]{}\s]+|每|\bper\b")


@dataclass(frozen=True)
class Unit:
    """A parsed unit.

    Parameters
    ----------
    dimension : what the first word counts: mass, area, count ... ("" for a bare 万)
    size : in base units, 万 and 亿 left out
    scale : of 万 and 亿 before the first word
    per_year : how often a year, None where the unit names no period
    each, each_size : "for each" of a dimension: ``t/亩`` has each "area" and each_size 666.7
    """

    dimension: str
    size: float = 1.0
    scale: float = 1.0
    per_year: float | None = None
    each: str = ""
    each_size: float = 1.0


def parse_unit(text: str) -> Unit:
    """Take a unit apart.

    Raises
    ------
    ValueError
        Where a word of it is not known.
    """
    words = [word for word in _JOINTS.split(fold(text)) if word]
    if not words:
        raise ValueError("no unit")
    dimension, size, scale = _word(words[0])
    per_year: float | None = None
    each, each_size = "", 1.0
    for word in words[1:]:
        if word in PERIODS and per_year is None:
            per_year = PERIODS[word]
        elif not each:
            each, one, many = _word(word)
            each_size = one * many
        else:
            raise ValueError(f"unit {text!r} is not known")
    return Unit(dimension, size, scale, per_year, each, each_size)


def _word(word: str) -> tuple[str, float, float]:
    """Dimension, size and scale of one word, such as ``万m2``."""
    for dimension, sizes in UNITS.items():
        if word in sizes:
            return dimension, sizes[word], 1.0
    if word[:1] in _SCALES:
        rest = word[1:]
        if not rest:
            return "", 1.0, _SCALES[word]
        dimension, size, scale = _word(rest)
        return dimension, size, scale * _SCALES[word[0]]
    raise ValueError(f"unit {word!r} is not known")


def factor_per_year(value: float, unit: str, of: str) -> float:
    """A factor such as 0.65 kg/人·d in tonnes a year for one unit of the column ``of``.

    Parameters
    ----------
    value, unit : as written; a unit without a period is a year's
    of : standard column; its ending says what it counts (``_mu``, ``_m2``, ``_m3``, ``_mw``),
        else heads or pieces

    Raises
    ------
    ValueError
        Where the unit is not a mass for each of what the column counts.
    """
    parsed = parse_unit(unit)
    column_dimension = next(
        (counts for ending, counts in _COLUMN_ENDINGS.items() if of.endswith(ending)), "count"
    )
    if parsed.dimension != "mass" or parsed.each not in ("", column_dimension):
        raise ValueError(f"{unit!r} is not a mass for each unit of {of}")
    if parsed.each == "" and column_dimension == "area":
        raise ValueError(f"{unit!r} does not say for what area; write t/亩 or t/m²")
    one = _MU_M2 if of.endswith("_mu") else 1.0
    per_year = parsed.per_year if parsed.per_year is not None else 1.0
    return value * parsed.size * parsed.scale * per_year / parsed.each_size * one
