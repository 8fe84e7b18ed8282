"""Numbers as planners write them: ranges, qualifiers, full-width digits, 万, marks for unknown.

``约500-1500 t/d`` is the range 500 to 1500 with the unit t/d, ``≥95%`` is 95 with an open end,
``/``, ``—`` and ``X%`` are unknown. Text that is none of these is refused, never taken for 0.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import NamedTuple

_UNKNOWN_WORDS = frozenset((
    "无", "无数据", "不详", "未知", "未统计", "暂无", "暂缺", "缺", "待定", "待补充", "n/a",
    "#n/a", "na", "nan", "null", "none", "unknown", "tbd",
    "/", "//", "\\", "-", "--", "---", "—", "——", "–",
    "―", "…", "……", "...", "*",
))  # fmt: skip
_PLACEHOLDER = re.compile(r"^[x×]+(\.[x×]+)?([%‰]|[^\d]{0,12})$")
_AT_LEAST = (
    "≥",
    ">=",
    ">",
    "不少于",
    "不低于",
    "不小于",
    "大于等于",
    "大于",
    "超过",
    "至少",
    "高于",
)
_AT_MOST = (
    "≤",
    "<=",
    "<",
    "不超过",
    "不高于",
    "不大于",
    "小于等于",
    "小于",
    "不足",
    "不到",
    "至多",
    "最多",
    "低于",
)
_ABOUT = (
    "大约",
    "约为",
    "约",
    "近",
    "共计",
    "合计",
    "共",
    "达到",
    "达",
    "about",
    "approx.",
    "ca.",
    "~",
    "≈",
)
_AT_LEAST_AFTER = ("及以上", "以上", "余", "多")
_AT_MOST_AFTER = ("及以下", "以下", "以内")
_ABOUT_AFTER = ("左右", "上下")
_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:e[-+]?\d+)?"
_SCALED = re.compile(rf"(?P<number>{_NUMBER})(?P<over>[余多])?(?P<scale>[百千万亿]*)(?P<rest>.*)$")
_RANGE_MARK = re.compile(r"(?<=[^e\-~到至])(?:-{1,2}|~|—+|–|―|至|到)(?=[\d.])")
_SCALES = {"百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_POWER = re.compile(r"m\^?[23]")
_LARGEST_EXPONENT = 15
_LONGEST = 200
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


@dataclass(frozen=True)
class Quantity:
    """A number as written.

    Parameters
    ----------
    value : the number, or the middle of a range; None where it is marked unknown
    low, high : ends of the range; None where open or where a single number is meant
    unit : what stands behind it, "" where nothing does
    scaled : whether the cell itself says 万 or 亿 (then a 万 in the header is not applied again)
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    scaled: bool = False


def parse_quantity(cell: object) -> Quantity:
    """Read a cell as a number.

    Raises
    ------
    ValueError
        Where the text is neither a number nor one of the marks for unknown.
    """
    if cell is None or cell is True or cell is False:
        return _from_bool_or_none(cell)
    if isinstance(cell, Real):
        number = float(cell)
        return Quantity(number if math.isfinite(number) else None)
    text = str(cell)
    if _PLAIN.fullmatch(text):  # nearly all cells of a large file
        return Quantity(float(text))
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:30]}… is not a number")
    plain = fold(text)
    if plain == "" or plain in _UNKNOWN_WORDS or _PLACEHOLDER.match(plain):
        return Quantity(None)
    try:
        return _parse(_join_digits(plain))
    except ValueError:
        raise ValueError(f"{text.strip()[:40]!r} is not a number") from None


def fold(text: str) -> str:
    """Full-width forms to plain ones, lower case, no blanks at the ends."""
    folded = unicodedata.normalize("NFKC", text.replace("\u2212", "-").replace("\ufeff", ""))
    return folded.replace("\u200b", "").replace("〜", "~").replace("～", "~").strip().lower()


def _from_bool_or_none(cell: object) -> Quantity:
    """A tick box is not a number."""
    if cell is None:
        return Quantity(None)
    raise ValueError(f"{cell} is not a number")


def _join_digits(text: str) -> str:
    """Close blanks inside numbers ("5. 27", "1 234"); "10 20" stays two numbers, hence refused."""
    joined = re.sub(r"(?<=\d)\s*\.\s*(?=\d)", ".", text)
    joined = re.sub(r"(?<=\d)\s+(?=\d{3}(?!\d))", "", joined)
    if re.search(r"\d\s+[\d.]", joined):
        raise ValueError(text)
    return re.sub(r"\s+", "", joined)


def _parse(text: str) -> Quantity:
    """A range, or one number with its qualifiers."""
    mark = _RANGE_MARK.search(text)
    if mark:
        return _parse_range(text[: mark.start()], text[mark.end() :])
    bound, body = _strip_before(text)
    bound_after, body = _strip_after(body)
    written = _written(body)
    value = written.times(written.scale)
    bound = bound or bound_after or ("low" if written.over else "")
    low, high = (value if bound == "low" else None), (value if bound == "high" else None)
    return Quantity(value, low, high, written.unit, scaled=written.scale != 1)


def _parse_range(left: str, right: str) -> Quantity:
    """``500-1500 t/d``, ``3万~5万吨``, ``3~5万吨`` (there 万 means both ends)."""
    first, last = _written(_strip_before(left)[1]), _written(_strip_after(right)[1])
    if first.unit not in ("", last.unit):
        raise ValueError(left)
    bare = first.scale == 1 and first.unit == ""
    low = first.times(last.scale if bare else first.scale)
    high = last.times(last.scale)
    if low > high:
        raise ValueError(left)
    scaled = first.scale != 1 or last.scale != 1
    return Quantity((low + high) / 2, low, high, last.unit, scaled=scaled)


def _strip_before(text: str) -> tuple[str, str]:
    """Qualifier before the number: "low" (at least), "high" (at most) or none."""
    for words, bound in ((_AT_LEAST, "low"), (_AT_MOST, "high"), (_ABOUT, "")):
        for word in words:
            if text.startswith(word):
                return bound, text[len(word) :]
    return "", text


def _strip_after(text: str) -> tuple[str, str]:
    """Qualifier behind the unit."""
    for words, bound in ((_AT_LEAST_AFTER, "low"), (_AT_MOST_AFTER, "high"), (_ABOUT_AFTER, "")):
        for word in words:
            if text.endswith(word):
                return bound, text[: -len(word)]
    return "", text


class _Written(NamedTuple):
    """Digits, the product of 百千万亿 behind them, the unit, and whether 余 or 多 was there."""

    digits: Decimal
    scale: int
    unit: str
    over: bool

    def times(self, scale: int) -> float:
        """The number, multiplied in decimals so that 5.27万 is 52700."""
        return float(self.digits * scale)


def _written(text: str) -> _Written:
    """Take a number with its unit apart."""
    match = _SCALED.match(text)
    if match is None or not match["number"].strip("+-"):
        raise ValueError(text)
    unit = match["rest"]
    if re.search(r"\d", _POWER.sub("", unit)):
        raise ValueError(text)
    try:
        digits = Decimal(match["number"].replace(",", ""))
    except InvalidOperation:
        raise ValueError(text) from None
    if digits.adjusted() > _LARGEST_EXPONENT:
        raise ValueError(text)
    over = bool(match["over"])
    if unit.startswith(("余", "多")):
        unit, over = unit[1:], True
    scale = math.prod(_SCALES[mark] for mark in match["scale"])
    return _Written(digits, scale, unit, over)
