"""Cells of an indicator table as they are written: ``>95%``, ``X%``, ``/``, ``完成``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from geodata.numerals import Quantity, fold, parse_quantity
from geodata.units import parse_unit

_PLACEHOLDER = re.compile(r"(?<![a-z])[x×]+(?![a-z])")
_BRACKET = re.compile(r"\(([^()]*)\)")
_YEAR = re.compile(r"^((?:19|20)\d\d)年?$")
_STRICT = (">", "<", "大于", "超过", "高于", "小于", "低于", "不足", "不到")
_ABOUT = ("左右", "上下", "约")
_FIRST_NUMBER = re.compile(r"\d+(?:\.(\d+))?")


class CellKind(StrEnum):
    """What stands in a cell."""

    NUMBER = "number"
    UNKNOWN = "unknown"  # X%: a target will be set, nobody knows it
    NONE = "none"  # / or empty: no target is set
    WORDS = "words"  # 完成, 总体满意


@dataclass(frozen=True)
class Cell:
    """A cell, read.

    Parameters
    ----------
    text : as written
    quantity : the number with its ends and unit; None where there is none
    bound : "at_least", "at_most", "about" or "" (as the direction of the indicator says)
    strict : ``>`` rather than ``>=``
    basis : what stands in brackets, e.g. "较2020年": numbers of two bases do not compare
    year : where the brackets name one, e.g. "(2021年)"
    rounding : half of the last digit written, in the quantity's unit
    """

    text: str
    kind: CellKind
    quantity: Quantity | None = None
    bound: str = ""
    strict: bool = False
    basis: str = ""
    year: int | None = None
    rounding: float = 0.0

    def value_in(self, unit: str) -> float | None:
        """The number in the unit of its row: ``6.5 万吨`` is 6.5 in a row of 万吨."""
        if self.quantity is None or self.quantity.value is None:
            return None
        return self.quantity.value / self._scale(unit)

    def ends_in(self, unit: str) -> tuple[float | None, float | None]:
        """Both ends of a range, open ones None, in the unit of the row."""
        if self.quantity is None:
            return None, None
        scale = self._scale(unit)
        low, high = self.quantity.low, self.quantity.high
        return (None if low is None else low / scale, None if high is None else high / scale)

    @property
    def is_range(self) -> bool:
        """Two ends, as in 200-300."""
        return self.quantity is not None and None not in (self.quantity.low, self.quantity.high)

    def _scale(self, unit: str) -> float:
        if self.quantity is None or not self.quantity.scaled:
            return 1.0
        try:
            return parse_unit(unit).scale
        except ValueError:
            return 1.0


@lru_cache(maxsize=4096)
def read_cell(text: str) -> Cell:
    """Read a cell; text that is no number stays words, nothing is taken for 0."""
    plain = re.sub(r"\s+", " ", fold(text))
    brackets = _BRACKET.findall(plain)
    bare = _BRACKET.sub(" ", plain).strip()
    if not any(mark.isdigit() for mark in bare) and _PLACEHOLDER.search(bare):
        return Cell(text, CellKind.UNKNOWN)
    try:
        quantity = parse_quantity(bare)
    except ValueError:
        return Cell(text, CellKind.WORDS)
    if quantity.value is None:
        return Cell(text, CellKind.NONE)
    years = [match for match in map(_YEAR.match, brackets) if match]
    basis = "".join(part.replace(" ", "") for part in brackets if not _YEAR.match(part))
    return Cell(
        text=text,
        kind=CellKind.NUMBER,
        quantity=quantity,
        bound=_bound(bare, quantity),
        strict=bare.startswith(_STRICT),
        basis=basis,
        year=int(years[0].group(1)) if years else None,
        rounding=_rounding(bare, quantity),
    )


def _bound(text: str, quantity: Quantity) -> str:
    if quantity.low is not None and quantity.high is not None:
        return "about"
    if quantity.low is not None:
        return "at_least"
    if quantity.high is not None:
        return "at_most"
    return "about" if text.startswith(_ABOUT) or text.endswith(_ABOUT) else ""


def _rounding(text: str, quantity: Quantity) -> float:
    """Half of the last digit of the first number as written."""
    match = _FIRST_NUMBER.search(text.replace(",", ""))
    if match is None:
        return 0.0
    decimals = len(match.group(1) or "")
    written = float(match.group(0))
    first = quantity.low if quantity.low is not None else quantity.value
    scale = abs(first / written) if first and written else 1.0
    return 0.5 * 10.0**-decimals * scale
