"""Tables of any file as headers and rows: CSV and Excel as planners leave them.

A table may have title rows above its header, a header of two rows, a row of units or column
numbers below it, totals (合计, 小计), remarks and repeated headers between its rows.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geodata.columns import header_score, is_unit
from geodata.faults import N_, Fault, InputError
from geodata.numerals import fold
from geodata.workbooks import WORKBOOK_ENDINGS, Rows, read_sheet

TEXT_ENDINGS = (".csv", ".txt", ".tsv")
MOST_TEXT_BYTES = 1024**3
_HEAD_ROWS = 30
_DELIMITERS = (",", "\t", ";", "|", "，")
_TOTAL = re.compile(r"^.{0,12}(合计|小计|总计|共计|总和):?$|^(sub-?|grand )?totals?$|^sum$")
_NOTE = re.compile(
    r"^(注|备注|说明|附注|资料来源|数据来源|来源|(填表|填报|制表|审核|单位负责|联系)(人|单位|时间|日期)?"
    r"|note|source)[\d一二三]*(:|$)|^注\d|^※|^\*\*?\D"
)
_SECTION = re.compile(r"^([一二三四五六七八九十]+、|[(（][一二三四五六七八九十]+[)）])")
_EXAMPLE = re.compile(r"^[(（]?(示例|例如|例[::]|样例|example)")
_POSITION = re.compile(r"^#(\d+)$")


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as it stands in the file.

    Parameters
    ----------
    headers : as written, "" where a column has none
    rows : cells of each row, as many as headers
    row_numbers : (n,) as Excel shows them, or the number of the feature
    where : "villages.csv", "county.xlsx [村庄]"
    skipped : rows left out by reason
    geometry : (n,) shapely geometries in ``file_crs``, None for tables without
    file_crs : what the file itself states
    cut_names : names may be cut to ten bytes
    """

    headers: tuple[str, ...]
    rows: Rows
    row_numbers: NDArray[np.int64]
    where: str
    skipped: Mapping[str, int] = field(default_factory=dict)
    geometry: NDArray[np.object_] | None = None
    file_crs: CRS | None = None
    cut_names: bool = False

    def column(self, position: int) -> list[Any]:
        """Cells of one column."""
        return [row[position] for row in self.rows]


def read_text_table(path: Path, kind: str, known: Sequence[str] = ()) -> RawTable:
    """A CSV file: UTF-8 or GB18030, separated by comma, tab, semicolon or bar.

    Parameters
    ----------
    kind : layer whose headers to look for
    known : further headers of this file

    Raises
    ------
    InputError
        Where the file cannot be decoded or has no header.
    """
    if path.stat().st_size > MOST_TEXT_BYTES:
        raise InputError([Fault(path.name, N_("is over 1 GiB; save it as GeoPackage"))])
    text = decode(path.read_bytes(), path.name)
    try:
        rows = _split(text, kind, known)
    except csv.Error as error:
        message = N_("is not a readable table ({why}); save it as CSV UTF-8 again")
        raise InputError([Fault(path.name, message, {"why": str(error)})]) from None
    return table_of_rows(rows, kind, path.name, known)


def read_workbook_table(
    path: Path, kind: str, sheet: str | None = None, known: Sequence[str] = ()
) -> RawTable:
    """One sheet of an Excel workbook.

    Raises
    ------
    InputError
        Where the file cannot be read, or the sheet is missing or has no header.
    """
    name, rows = read_sheet(path, sheet, kind)
    return table_of_rows(rows, kind, f"{path.name} [{name}]", known)


def table_of_rows(rows: Rows, kind: str, where: str, known: Sequence[str] = ()) -> RawTable:
    """Find the header among rows and keep the rows of data.

    Raises
    ------
    InputError
        Where no row looks like the layer's header, or the file is empty.
    """
    if not any(_filled(row) for row in rows):
        raise InputError([Fault(where, N_("is empty"))])
    if known and all(_POSITION.match(word) for word in known):
        width = max(map(len, rows))
        return _table([f"#{at + 1}" for at in range(width)], rows, 0, where)
    headers, first = _find_header(rows, kind, where, known)
    return _table(headers, rows, first, where)


def decode(data: bytes, where: str) -> str:
    """Text of a file: by its byte-order mark, else strict UTF-8, else GB18030.

    GB18030 comes last because it accepts nearly any bytes; it is what Chinese Excel saves.

    Raises
    ------
    InputError
        Where none fits.
    """
    marks = (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    )
    for mark, encoding in marks:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()  # forgives a cut last character
        try:
            text = decoder.decode(data, final=False)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    message = N_("is neither UTF-8 nor GB18030 text; save it as CSV UTF-8")
    raise InputError([Fault(where, message)])


def is_text(path: Path) -> bool:
    """Whether the ending is that of a CSV file."""
    return path.suffix.lower() in TEXT_ENDINGS


def is_workbook(path: Path) -> bool:
    """Whether the ending is that of an Excel file, of the old kind too."""
    return path.suffix.lower() in (*WORKBOOK_ENDINGS, ".xls")


def _split(text: str, kind: str, known: Sequence[str]) -> Rows:
    """Cells of a CSV text, by the separator under which the head makes most sense."""
    head = "\n".join(text.splitlines()[:_HEAD_ROWS])

    def sense(delimiter: str) -> tuple[int, int]:
        rows = list(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
        score = max((header_score(row, kind, known) for row in rows), default=0)
        return score, sum(len(row) > 1 for row in rows)

    best = max(_DELIMITERS, key=sense)
    csv.field_size_limit(10_000_000)  # outlines of large areas stand as WKT in one cell
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=best)
    return [[cell if cell.strip() else None for cell in row] for row in reader]


def _find_header(rows: Rows, kind: str, where: str, known: Sequence[str]) -> tuple[list[str], int]:
    """Headers, and the position of the first row below them."""
    best, headers, first = 0, [""], 0
    for at, row in enumerate(rows[:_HEAD_ROWS]):
        below = rows[at + 1] if at + 1 < len(rows) else []
        score = header_score(row, kind, known)
        joined = _joined(row, below)
        if _is_units(below) and score >= max(best, 1):
            best, headers, first = score + 1, joined, at + 2
        elif header_score(joined, kind, known) > max(score, best) and _is_texts(below):
            best, headers, first = header_score(joined, kind, known), joined, at + 2
        elif score > best:
            best, headers, first = score, [_text(cell) for cell in row], at + 1
    if best == 0:
        filled = next(row for row in rows if _filled(row))
        message = N_(
            "no header row is found in the first {n} rows (first cells: {cells}); expected headers "
            "such as 名称, 经度, 纬度, or name them with columns"
        )
        cells = ", ".join(_text(cell) for cell in filled[:6])
        raise InputError([Fault(where, message, {"n": _HEAD_ROWS, "cells": cells[:120]})])
    return headers, first


def _joined(upper: Sequence[Any], lower: Sequence[Any]) -> list[str]:
    """One header of two rows: 坐标 over 经度 and 纬度 gives the latter, a unit below is added."""
    out = []
    for at in range(max(len(upper), len(lower))):
        top = _text(upper[at]) if at < len(upper) else ""
        bottom = _text(lower[at]) if at < len(lower) else ""
        unit = bottom.strip("()（）")
        out.append(f"{top}({unit})" if top and bottom and is_unit(unit) else bottom or top)
    return out


def _is_units(row: Sequence[Any]) -> bool:
    """Whether a row holds units only."""
    cells = [_text(cell).strip("()（）") for cell in row if _text(cell)]
    return bool(cells) and all(is_unit(cell) for cell in cells)


def _is_texts(row: Sequence[Any]) -> bool:
    """Whether a row may be the lower half of a header: it holds no numbers."""
    cells = [_text(cell) for cell in row if _text(cell)]
    return bool(cells) and not any(re.fullmatch(r"[-\d.,%]+", cell) for cell in cells)


def _table(headers: Sequence[str], rows: Rows, first: int, where: str) -> RawTable:
    """Rows of data below a header, others counted."""
    width = max([len(headers), *(len(row) for row in rows[first:])])
    padded = [*headers, *[""] * (width - len(headers))]
    kept: Rows = []
    numbers: list[int] = []
    skipped: Counter[str] = Counter()
    header_texts = {_text(cell) for row in rows[max(first - 2, 0) : first] for cell in row}
    for at, row in enumerate(rows[first:], start=first):
        reason = _reason_to_skip(row, header_texts)
        if reason:
            skipped[reason] += reason != "blank"
            continue
        kept.append([*row, *[None] * (width - len(row))])
        numbers.append(at + 1)
    return RawTable(tuple(padded), kept, np.array(numbers, np.int64), where, dict(+skipped))


def _reason_to_skip(row: Sequence[Any], header_texts: set[str]) -> str:
    """Why a row below the header is no data, "" where it is."""
    cells = [_text(cell) for cell in row if _text(cell)]
    if not cells:
        return "blank"
    plain = [re.sub(r"\s", "", fold(cell)) for cell in cells]
    if any(_TOTAL.match(cell) for cell in plain[:3]):
        return "total"
    section = len(cells) == 1 and len(header_texts) > 2 and _SECTION.match(cells[0])
    if section or (len(cells) <= 2 and _NOTE.match(plain[0])):
        return "note"
    if _EXAMPLE.match(plain[0]):
        return "example"
    if len(cells) > 1 and all(cell in header_texts for cell in cells):
        return "header"
    return "numbering" if len(cells) > 3 and _counts_up(plain) else ""


def _counts_up(cells: Iterable[str]) -> bool:
    """Whether cells are 1, 2, 3 ... or 甲, 乙, 1, 2 ...: the numbers of a form's columns."""
    cells = list(cells)
    while cells and cells[0] in "甲乙丙丁":
        cells = cells[1:]
    return cells == [str(at + 1) for at in range(len(cells))]


def _filled(row: Sequence[Any]) -> bool:
    """Whether any cell of a row holds something."""
    return any(_text(cell) for cell in row)


def _text(cell: Any) -> str:
    """Text of a cell, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
