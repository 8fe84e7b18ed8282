"""Answers of the service check as a spreadsheet: the caller's own, with columns added."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from scenarios.deliverables.workbook_sheet import clean_text

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""With one of these a spreadsheet program takes a text of a CSV file for a formula."""

Row = Sequence[Any]


def as_csv(header: Row, rows: Sequence[Row]) -> bytes:
    """CSV that Excel opens as UTF-8, with no cell that could be run."""
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow([_plain(cell) for cell in header])
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    return b"\xef\xbb\xbf" + sink.getvalue().encode("utf-8", "replace")


def as_workbook(header: Row, rows: Sequence[Row]) -> bytes:
    """A workbook in which a text is a text, whatever it begins with."""
    sink = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": True,
    }  # fmt: skip
    with xlsxwriter.Workbook(sink, options) as book:
        sheet = book.add_worksheet("coverage")
        bold = book.add_format({"bold": True})
        for r, row in enumerate([header, *rows]):
            for c, cell in enumerate(row):
                if isinstance(cell, bool) or cell is None:
                    sheet.write_string(r, c, "" if cell is None else str(cell))
                elif isinstance(cell, int | float):
                    sheet.write_number(r, c, cell)
                else:
                    sheet.write_string(r, c, clean_text(_plain(cell)), bold if r == 0 else None)
        sheet.freeze_panes(1, 0)
    return sink.getvalue()


def _plain(cell: Any) -> Any:
    """A cell that no program takes for a formula, also after it is saved as CSV."""
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
