"""Cells of a column to values of its type: numbers with units, yes and no, words, ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.columns import ColumnSpec, MatchedColumn, nearest_word, standard_word, words_of
from geodata.faults import N_, Fault, Phrase, Severity, list_rows, nearest_hint
from geodata.numerals import Quantity, fold, parse_quantity
from geodata.units import Unit, parse_unit

FloatArray = NDArray[np.float64]
_NO_NUMBER = Phrase(N_("it is not a number, or its unit is not known"))
_SCIENTIFIC = re.compile(r"^\d(\.\d+)?e\+?\d+$", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060, *range(32)])
_UNKNOWN_TEXT = frozenset(("", "/", "-", "—", "——", "--", "nan", "none", "null", "n/a"))
_LONGEST_TEXT = 1000


@dataclass(frozen=True, eq=False)
class Values:
    """A converted column.

    Parameters
    ----------
    array : (n,) float64 with NaN, or object with None
    low, high : (n,) ends of ranges in the same unit, None where no cell is a range
    faults : with the rows that they are in
    """

    array: NDArray[Any]
    low: FloatArray | None = None
    high: FloatArray | None = None
    faults: tuple[Fault, ...] = ()


def convert(
    column: MatchedColumn, cells: Sequence[object], rows: Sequence[int], where: str
) -> Values:
    """Cells of one column as values of its standard column.

    Parameters
    ----------
    cells, rows : (n,) raw cells, and the row of each as the planner sees it
    """
    kind = column.spec.type
    if kind in ("number", "coordinate", "year"):
        return _numbers(column, cells, rows, where)
    if kind == "bool":
        return _words(column, cells, rows, where, _truth, "是, 否")
    if kind == "state":
        allowed = ", ".join(sorted(set(words_of("state").values())))
        return _words(
            column, cells, rows, where, lambda text: standard_word("state", text), allowed
        )
    if kind == "kind":
        return Values(_objects([_kind(cell) for cell in cells]))
    if kind == "id":
        return _ids(column, cells, rows, where)
    return Values(_objects([clean_text(cell) for cell in cells]))


def clean_text(cell: object) -> str | None:
    """Text of a cell without invisible characters and doubled blanks, None where it is empty."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NaT:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = _BLANKS.sub(" ", str(cell).replace("\u3000", " ")).translate(_INVISIBLE).strip()
    return None if text.lower() in _UNKNOWN_TEXT else text[:_LONGEST_TEXT]


def _numbers(
    column: MatchedColumn, cells: Sequence[object], rows: Sequence[int], where: str
) -> Values:
    """Numbers in the standard unit, with the ends of ranges."""
    n = len(cells)
    value, low, high = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    faults: list[Fault] = []
    scales = _Scales(column)
    for at, cell in enumerate(cells):
        try:
            quantity = _quantity(cell, column.spec)
            if quantity.value is None:
                continue
            scale = scales.of(quantity)
        except ValueError as error:
            why = error.args[0] if isinstance(error.args[0], Phrase) else _NO_NUMBER
            faults.append(_bad_cell(column, cell, rows[at], where, why))
            continue
        if quantity.value < 0 and column.spec.type != "coordinate":
            faults.append(_bad_cell(column, cell, rows[at], where, Phrase(N_("it is negative"))))
            continue
        value[at] = quantity.value * scale
        low[at] = np.nan if quantity.low is None else quantity.low * scale
        high[at] = np.nan if quantity.high is None else quantity.high * scale
    faults.extend(scales.faults(where))
    given = bool(np.isfinite(low).any() or np.isfinite(high).any())
    ranged = given and column.spec.type == "number"
    return Values(
        value, low if ranged else None, high if ranged else None, _shortened(faults, where)
    )


class _Scales:
    """What to multiply a column's cells by, remembered unit by unit.

    ``unstated_rows`` counts the cells that say nothing under a header that says nothing.
    """

    def __init__(self, column: MatchedColumn) -> None:
        self._column = column
        self._spec = column.spec
        self._standard = parse_unit(column.spec.unit) if column.spec.unit not in ("", "1") else None
        self._header = parse_unit(column.unit) if column.unit not in ("", "1") else None
        self._known: dict[tuple[str, bool], float] = {}
        self._unstated = 0

    def of(self, quantity: Quantity) -> float:
        """Factor from the cell's unit to the standard one."""
        if self._spec.type != "number":
            return 1.0
        if not quantity.unit and self._header is None:
            self._unstated += 1
            return 1.0
        key = (quantity.unit, quantity.scaled)
        if key not in self._known:
            self._known[key] = self._factor(quantity)
        return self._known[key]

    def faults(self, where: str) -> list[Fault]:
        """One fault for the whole column where numbers without unit may mean several things."""
        if not self._unstated or self._spec.unstated == "standard":
            return []
        values = {"column": self._column.header, "n": self._unstated, "unit": self._spec.unit}
        if self._spec.unstated == "warn":
            message = N_(
                "column {column!r} names no unit; {n} numbers are taken as {unit}: write the unit "
                "in the header, e.g. {column}（{unit}）"
            )
            return [Fault(where, message, values, Severity.WARNING)]
        message = N_(
            "column {column!r} names no unit, and {n} of its numbers have none; write it in the "
            "header: {column}（t/a）, （t/d） or （万t/a）"
        )
        return [Fault(where, message, values)]

    def _factor(self, quantity: Quantity) -> float:
        """Cell unit first, then the header's; a 万 in the cell replaces one in the header."""
        if self._standard is None:
            return self._share(quantity)
        unit = parse_unit(quantity.unit) if quantity.unit else self._header
        assert unit is not None  # noqa: S101 - of() has returned where both are missing
        if unit.dimension not in ("", self._standard.dimension) or unit.each:
            raise ValueError(
                Phrase(N_("its unit is not one like {unit}"), {"unit": self._spec.unit})
            )
        scale = unit.scale
        if not quantity.unit and quantity.scaled:
            scale = 1.0
        if unit.dimension == "":
            return scale / self._standard.scale
        size = unit.size * scale / (self._standard.size * self._standard.scale)
        return size * self._periods(unit)

    def _periods(self, unit: Unit) -> float:
        """How often a year, for masses: of the cell, the header, or the column's habit."""
        if self._standard is None or self._standard.dimension != "mass":
            return 1.0
        header = self._header.per_year if self._header is not None else None
        per_year = unit.per_year if unit.per_year is not None else header
        if per_year is None:
            if self._spec.period != "a":
                message = N_("its unit does not say a day or a year; write t/d or t/a")
                raise ValueError(Phrase(message))
            per_year = 1.0
        return per_year

    def _share(self, quantity: Quantity) -> float:
        """A share of one: 95% and 0.95 are the same."""
        unit = quantity.unit or self._column.unit
        parsed = parse_unit(unit) if unit not in ("", "1") else None
        if parsed is not None and parsed.dimension != "share":
            raise ValueError(Phrase(N_("it is not a share")))
        return parsed.size if parsed is not None else 1.0


_DEGREES = re.compile(
    r"^([东西南北ewns]?)(\d+)[°度](?:(\d+(?:\.\d+)?)['分])?(?:(\d+(?:\.\d+)?)[\"秒])?([ewns]?)$"
)
_MARKS = (("东经", "e"), ("西经", "w"), ("北纬", "n"), ("南纬", "s"), ("’", "'"), ("′", "'"),
          ("”", '"'), ("″", '"'), ("''", '"'))  # fmt: skip


def parse_degrees(text: str) -> float | None:
    """``115°26′33.9″E`` or ``东经115度26分`` as degrees, None where it is not of that form."""
    plain = fold(text).replace(" ", "")
    for mark, plainer in _MARKS:
        plain = plain.replace(mark, plainer)
    match = _DEGREES.match(plain)
    if match is None:
        return None
    degrees = float(match[2]) + float(match[3] or 0) / 60 + float(match[4] or 0) / 3600
    return -degrees if {"w", "s", "西", "南"} & {match[1], match[5]} else degrees


def _quantity(cell: object, spec: ColumnSpec) -> Quantity:
    """A number; coordinates may be degrees, minutes, seconds, and a year may carry 年."""
    if spec.type == "coordinate" and isinstance(cell, str) and not cell[-1:].isdigit():
        degrees = parse_degrees(cell)
        if degrees is not None:
            return Quantity(degrees)
        cell = fold(cell).rstrip("°度")
    quantity = parse_quantity(cell)
    if spec.type == "coordinate" and (quantity.unit or quantity.low is not None):
        raise ValueError(Phrase(N_("it is not a coordinate")))
    if spec.type == "year" and quantity.unit not in ("", "年", "年底", "年末"):
        raise ValueError(Phrase(N_("it is not a year")))
    return quantity


def _words(
    column: MatchedColumn,
    cells: Sequence[object],
    rows: Sequence[int],
    where: str,
    meaning: Callable[[str], object | None],
    allowed: str,
) -> Values:
    """Words of a vocabulary; another word is a fault that lists the vocabulary."""
    out: list[object | None] = []
    faults = []
    for cell, row in zip(cells, rows, strict=True):
        text = clean_text(cell)
        word = None if text is None else meaning(text)
        out.append(word)
        if text is not None and word is None:
            faults.append(
                _bad_cell(
                    column,
                    cell,
                    row,
                    where,
                    Phrase(N_("it is none of {words}"), {"words": allowed}),
                )
            )
    return Values(_objects(out), faults=_shortened(faults, where))


def _truth(text: str) -> bool | None:
    """是 and 否, yes and no, 1 and 0."""
    if standard_word("true", text):
        return True
    return False if standard_word("false", text) else None


def _kind(cell: object) -> str | None:
    """Kind of an exclusion zone; one that is not known stays as written."""
    text = clean_text(cell)
    return None if text is None else standard_word("kind", text) or text


def _ids(column: MatchedColumn, cells: Sequence[object], rows: Sequence[int], where: str) -> Values:
    """Ids as text; one that Excel has rounded (3.71525E+11) is no id any more."""
    texts = [clean_text(cell) for cell in cells]
    rounded = [
        row for text, row in zip(texts, rows, strict=True) if text and _SCIENTIFIC.match(text)
    ]
    faults = []
    if rounded:
        message = N_(
            "{rows}: column {column!r} holds numbers that Excel has rounded, such as 3.7E+11; "
            "format the column as text and enter the codes again"
        )
        values = {"rows": list_rows(rounded), "column": column.header}
        faults.append(Fault(where, message, values))
    return Values(_objects(texts), faults=tuple(faults))


def _bad_cell(column: MatchedColumn, cell: object, row: int, where: str, why: Phrase) -> Fault:
    """One cell that cannot be used, by row, header and value."""
    near = nearest_word([str(cell)], list(words_of("state"))) if column.spec.type == "state" else ""
    message = N_("{column!r} is {value!r}: {why}{hint}")
    values = {
        "column": column.header,
        "value": str(cell)[:60],
        "why": why,
        "hint": nearest_hint(near),
    }
    return Fault(where, message, values, row=row)


def _shortened(faults: list[Fault], where: str) -> tuple[Fault, ...]:
    """The first faults of a column in full, the rest by number, so that no report is endless."""
    most = 20
    if len(faults) <= most:
        return tuple(faults)
    message = N_("{n} more cells of the same kind")
    return (*faults[:most], Fault(where, message, {"n": len(faults) - most}))


def object_series(
    values: Sequence[object] | NDArray[Any], index: pd.Index[Any] | None = None
) -> pd.Series[Any]:
    """Values as pandas keeps them: None stays None, where an inferred text column makes it NaN."""
    return pd.Series(_objects(list(values)), index=index, dtype=object)


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    """Values as an object array that pandas keeps as it is."""
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
