"""Excel workbooks as rows of cells, merged cells filled in; which sheet holds which layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geodata.archives import check_archive
from geodata.columns import header_score, kind_of_sheet, nearest_word
from geodata.faults import N_, Fault, InputError, nearest_hint

if TYPE_CHECKING:
    from openpyxl import Workbook

Rows = list[list[Any]]
WORKBOOK_ENDINGS = (".xlsx", ".xlsm")
MOST_CELLS = 20_000_000
MOST_BYTES = 512 * 1024**2
# Merged ranges can be seen only when the whole workbook is in memory, about ten times its XML.
_WHOLE_BYTES = 64 * 1024**2
_HEAD_ROWS = 30


def sheet_names(path: Path | str) -> tuple[str, ...]:
    """Names of a workbook's sheets.

    Raises
    ------
    InputError
        Where the file is no workbook.
    """
    with _opened(Path(path), names_only=True) as book:
        return tuple(sheet.title for sheet in book.worksheets)


def workbook_layers(path: Path | str) -> dict[str, str]:
    """Layers of a workbook by the names of its sheets: kind -> sheet (the first that means it)."""
    layers: dict[str, str] = {}
    for name in sheet_names(path):
        kind = kind_of_sheet(name)
        if kind is not None:
            layers.setdefault(kind, name)
    return layers


def read_sheet(
    path: Path | str, sheet: str | None = None, kind: str = "villages"
) -> tuple[str, Rows]:
    """Name of the sheet and its rows, the first of which is Excel's row 1.

    Cells merged down a column all have the value of the first one (a township beside its
    villages); cells merged across keep it in the first column only.

    Parameters
    ----------
    sheet : its name; where None the only sheet, the one named for the layer, or the one with most
        of the layer's headers

    Raises
    ------
    InputError
        Where the file cannot be read or has no such sheet.
    """
    path = Path(path)
    with _opened(path) as book:
        name = _choose(book, path, sheet, kind)
        page = book[name]
        rows = list(_rows(page, path.name))
        for area in getattr(page, "merged_cells", ()):
            for row in range(area.min_row, min(area.max_row, len(rows))):
                if area.min_col == area.max_col <= len(rows[row]):
                    rows[row][area.min_col - 1] = rows[area.min_row - 1][area.min_col - 1]
    return name, rows


@contextmanager
def _opened(path: Path, *, names_only: bool = False) -> Iterator[Workbook]:
    """An open workbook; formulas give the values that Excel last stored.

    One that is large, or whose sheets' names only are asked for, is read row by row.
    """
    if path.suffix.lower() == ".xls":
        message = N_("old .xls files are not read; open it in Excel and save it as .xlsx")
        raise InputError([Fault(path.name, message)])
    from openpyxl import load_workbook  # noqa: PLC0415 - a county without workbooks needs none

    members = check_archive(path, path.name, MOST_BYTES)
    by_row = names_only or sum(member.file_size for member in members) > _WHOLE_BYTES
    # openpyxl, zipfile and zlib fail on damaged files in a dozen ways, all of which mean the same
    try:
        book = load_workbook(path, read_only=by_row, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001
        raise InputError([_damaged(path, error)]) from None
    try:
        yield book
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001
        raise InputError([_damaged(path, error)]) from None
    finally:
        book.close()


def _damaged(path: Path, error: Exception) -> Fault:
    """One message for the many ways in which a cut or foreign file fails to open."""
    message = N_("is not a readable Excel workbook ({why}); open it in Excel and save it again")
    return Fault(path.name, message, {"why": str(error)[:120] or type(error).__name__})


def _rows(page: Any, where: str) -> Iterator[list[Any]]:
    """Rows as lists, without the blank tail that sheets often have."""
    if hasattr(page, "reset_dimensions"):
        page.reset_dimensions()  # a sheet may claim a million columns
    blank: list[list[Any]] = []
    cells = 0
    for values in page.iter_rows(values_only=True):
        row = list(values)
        while row and row[-1] is None:
            row.pop()
        cells += max(len(row), 1)
        if cells > MOST_CELLS:
            message = N_("the sheet has over {n} cells; split it or save it as GeoPackage")
            raise InputError([Fault(where, message, {"n": MOST_CELLS})])
        if not row:
            blank.append(row)
            continue
        yield from blank
        blank = []
        yield row


def _choose(book: Workbook, path: Path, sheet: str | None, kind: str) -> str:
    """The sheet that is meant."""
    names = [page.title for page in book.worksheets]
    if sheet is not None:
        if sheet in names:
            return sheet
        near = nearest_word([sheet], names)
        message = N_("has no sheet {sheet!r}; its sheets are {names}{hint}")
        values = {"sheet": sheet, "names": ", ".join(names), "hint": nearest_hint(near)}
        raise InputError([Fault(path.name, message, values)])
    if len(names) == 1:
        return names[0]
    named = [name for name in names if kind_of_sheet(name) == kind]
    if named:
        return named[0]
    scores = {page.title: _score(page, kind) for page in book.worksheets}
    best = max(scores.values(), default=0)
    top = [name for name, score in scores.items() if score == best]
    if best == 0 or len(top) > 1:
        message = N_("does not show which sheet is {kind}; name one of {names} as its sheet")
        raise InputError([Fault(path.name, message, {"kind": kind, "names": ", ".join(names)})])
    return top[0]


def _score(page: Any, kind: str) -> int:
    """Most headers of the layer that one row of the sheet's head has."""
    head = page.iter_rows(max_row=_HEAD_ROWS, values_only=True)
    return max((header_score(row, kind) for row in head), default=0)
