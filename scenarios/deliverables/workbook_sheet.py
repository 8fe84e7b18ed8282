"""One sheet of the workbook: what stands on it, and how it is written so that it is only data.

A sheet is a title, notes and blocks of rows under headings. Names come from outside: text is
written as text whatever it begins with, characters that XML or a reader's eye must not meet are
taken out, and nothing becomes a formula, a link or markup.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from scenarios.wording import is_number

Cell = str | float | int | None
Row = Sequence[Cell]

LARGEST_TEXT = 32_767
"""Characters that a cell of the file format holds."""
LARGEST_SHEET = 1_048_576
"""Rows that a sheet of the file format holds."""
LARGEST_HEADER = 200
"""Characters of the title in the print header; the format allows 255 with the codes around it."""
A3, A4 = 8, 9
"""Paper sizes by the file format's numbers."""
LINE_HEIGHT, LARGEST_HEIGHT = 14.0, 409.0
"""Points; a row can be no higher than the second."""
FORMULA_STARTS = ("=", "+", "-", "@")

# C0 and C1 controls, surrogates and non-characters that XML 1.0 refuses, and the marks that turn
# the direction of text, by which a name could show as another.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff]"
)
_BREAKS = re.compile("[\t\r\n\x85\u2028\u2029]+")


class Kind(StrEnum):
    """What a column holds; decides its number format and alignment."""

    TEXT = "@"
    WRAPPED = "@ wrapped"
    COUNT = "#,##0"
    AMOUNT = "[=0]0;[<10]0.00;#,##0.0"  # tonnes of pesticide packs and of household waste alike
    EXACT = "General"  # as it is, e.g. a factor of 0.0000355
    PERCENT = "0.0%"
    DEGREE = "0.000000"  # about 0.1 m
    KILOMETRE = "0.00"


@dataclass(frozen=True)
class Column:
    """A heading (in the reader's language), what is under it, and its width in digits."""

    heading: str
    kind: Kind = Kind.TEXT
    width: float = 12
    to_fill: bool = False
    """Empty cells are coloured for the planner to fill in."""


@dataclass(frozen=True)
class Block:
    """Rows under their headings; ``totals`` follow outside the filter."""

    columns: tuple[Column, ...]
    rows: Iterable[Row]
    heading: str = ""
    totals: Sequence[Row] = ()


@dataclass(frozen=True)
class Sheet:
    """A sheet with one block (filtered, its headings frozen and repeated in print) or several."""

    name: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()
    paper: int = A4


@lru_cache(maxsize=65_536)
def clean_text(value: object) -> str:
    """Text that a cell can hold: no refused characters, one line, not longer than a cell."""
    text = _BREAKS.sub(" ", _REFUSED.sub("", str(value)))
    if len(text) > LARGEST_TEXT:
        text = text[: LARGEST_TEXT - 1] + "…"
    if text.startswith("<r>") and text.endswith("</r>"):
        # The writer takes such a string for its own rich text and would let it through as markup.
        text = text[: LARGEST_TEXT - 1] + " "
    return text


@lru_cache(maxsize=65_536)
def lines_of(text: str, width: float) -> int:
    """Lines that a text takes in a column of so many digits; a Chinese character is two wide."""
    digits = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
    # A line breaks a little before its end, where the next word or wide character does not fit.
    return max(1, math.ceil(digits / max(width - 2, 1)))


class SheetWriter:
    """Writes sheets into a workbook opened with ``constant_memory``: rows go from top to bottom.

    Parameters
    ----------
    book : ``xlsxwriter.Workbook``
    title : shown on every sheet and in the print header
    label : of synthetic data, "" where the data are real
    more_rows : what the last row says where a sheet cannot hold them all
    """

    def __init__(self, book: Any, title: str, label: str, more_rows: str) -> None:
        self.book = book
        self.title = clean_text(title)
        self.label = clean_text(label)
        self.more_rows = more_rows
        self._formats: dict[tuple[Kind, str], Any] = {}
        font = {"font_name": "Noto Sans CJK SC", "font_size": 10, "valign": "vcenter"}
        self._title = book.add_format({**font, "bold": True, "font_size": 14})
        self._heading = book.add_format({**font, "bold": True, "font_size": 11})
        self._note = book.add_format({**font, "font_color": "#595959"})
        self._label = book.add_format({**font, "bold": True, "font_color": "#c00000"})
        self._header = book.add_format(
            {**font, "bold": True, "text_wrap": True, "align": "center", "border": 1,
             "border_color": "#a6a6a6", "bg_color": "#dce6f1", "num_format": "@"}
        )  # fmt: skip
        self._font = font

    def write(self, sheet: Sheet) -> None:
        """Add one sheet."""
        page = self.book.add_worksheet(sheet.name)
        self._set_up(page, sheet)
        row = self._write_top(page, sheet)
        for block in sheet.blocks:
            if block.heading:
                page.write_string(row, 0, clean_text(block.heading), self._heading)
                row += 1
            row = self._write_block(page, block, row, alone=len(sheet.blocks) == 1) + 1

    def _set_up(self, page: Any, sheet: Sheet) -> None:
        width = max(len(block.columns) for block in sheet.blocks)
        for position in range(width):
            widths = [b.columns[position].width for b in sheet.blocks if position < len(b.columns)]
            page.set_column(position, position, max(widths))
        page.set_landscape()
        page.set_paper(sheet.paper)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.6)
        shown = f"{self.title}  {self.label}".strip()[:LARGEST_HEADER].replace("&", "&&")
        page.set_header(f"&L{shown[:LARGEST_HEADER]}&R&A")
        page.set_footer("&C&P / &N")
        page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})

    def _write_top(self, page: Any, sheet: Sheet) -> int:
        """Title, label and notes; returns the next row."""
        page.write_string(0, 0, f"{self.title} · {sheet.name}", self._title)
        row = 1
        if self.label:
            page.write_string(row, 0, self.label, self._label)
            row += 1
        for note in sheet.notes:
            page.write_string(row, 0, clean_text(note), self._note)
            row += 1
        return row

    def _write_block(self, page: Any, block: Block, top: int, *, alone: bool) -> int:
        """Headings, rows and totals from row ``top`` on; returns the next row."""
        lines = max(lines_of(column.heading, column.width) for column in block.columns)
        page.set_row(top, LINE_HEIGHT * lines + 2)
        for position, column in enumerate(block.columns):
            page.write_string(top, position, clean_text(column.heading), self._header)
        row = top + 1
        last = LARGEST_SHEET - len(block.totals) - 2
        for values in block.rows:
            if row >= last:
                page.write_string(row, 0, clean_text(self.more_rows), self._label)
                row += 1
                break
            self._write_row(page, block.columns, values, row, "")
            row += 1
        if alone:
            page.freeze_panes(top + 1, 0)
            page.repeat_rows(top)
            page.autofilter(top, 0, max(row - 1, top), len(block.columns) - 1)
        for values in block.totals:
            self._write_row(page, block.columns, values, row, "total")
            row += 1
        return row

    def _write_row(
        self, page: Any, columns: Sequence[Column], values: Row, row: int, role: str
    ) -> None:
        # The file holds heights, not texts' needs: nobody fits them when it is opened.
        lines = max(
            lines_of(value, column.width)
            if column.kind is Kind.WRAPPED and isinstance(value, str)
            else 1
            for column, value in zip(columns, values, strict=True)
        )
        if lines > 1:
            page.set_row(row, min(LINE_HEIGHT * lines + 2, LARGEST_HEIGHT))
        for position, (column, value) in enumerate(zip(columns, values, strict=True)):
            if isinstance(value, str) and value:
                text = clean_text(value)
                # A quoted cell stays text when somebody edits it in place.
                quoted = "quoted" if text.lstrip().startswith(FORMULA_STARTS) else role
                kind = column.kind if column.kind is Kind.WRAPPED else Kind.TEXT
                page.write_string(row, position, text, self._format(kind, quoted))
            elif is_number(value):
                number = float(value)  # type: ignore[arg-type]  # is_number has seen to it
                page.write_number(row, position, number, self._format(column.kind, role))
            else:
                empty = "fill" if column.to_fill and not role else role
                page.write_blank(row, position, None, self._format(column.kind, empty))

    def _format(self, kind: Kind, role: str) -> Any:
        """The format of a cell, made once."""
        if (kind, role) not in self._formats:
            said: dict[str, Any] = {
                **self._font, "border": 1, "border_color": "#d9d9d9",
                "num_format": kind.value.removesuffix(" wrapped"),
            }  # fmt: skip
            if kind is Kind.WRAPPED:
                said["text_wrap"] = True
            if role == "total":
                said |= {"bold": True, "bg_color": "#f2f2f2"}
            elif role == "fill":
                said["bg_color"] = "#fff9db"
            elif role == "quoted":
                said["quote_prefix"] = True
            self._formats[kind, role] = self.book.add_format(said)
        return self._formats[kind, role]
