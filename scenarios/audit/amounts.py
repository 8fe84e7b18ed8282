"""A document's figures in one unit a dimension (tonnes a year, m² ...), with their rounding."""

from __future__ import annotations

from dataclasses import dataclass

from geodata.units import parse_unit
from scenarios.cells import Cell, CellKind, read_cell
from scenarios.document import Document, Figure, TargetRow

YEARLY = frozenset({"generation", "cleared", "collected", "treated", "used", "disposed"})
"""What counts tonnes a year; a stock does not."""


@dataclass(frozen=True)
class Amount:
    """A stated amount.

    Parameters
    ----------
    name : in the document's words
    written : as it stands there
    value, low, high : in base units a year (t, m², m³, heads; shares as fractions)
    rounding : half of the last digit written, in the same unit
    counts : 口径
    scope : "" is the whole area
    year : None is the base year
    """

    name: str
    written: str
    value: float
    low: float
    high: float
    rounding: float
    dimension: str
    subject: str
    counts: str
    scope: str
    year: int | None
    clause: str


def amounts_of(document: Document) -> dict[str, Amount]:
    """All amounts that the document states: figures by id, table cells as ``row 10@2020``.

    A row without ``@`` is its baseline.
    """
    found: dict[str, Amount] = {}
    for figure in document.figures:
        amount = _of_figure(figure)
        if amount is not None:
            found[figure.id] = amount
    for row in document.indicators:
        if row.number is None:
            continue
        base = baseline_year(document, row)
        cells = {"": (row.baseline, base)}
        cells |= {f"@{year}": (text, year) for year, text in row.targets.items()}
        for ending, (text, year) in cells.items():
            amount = _of_cell(row, text, year)
            if amount is not None:
                found[f"row {row.number}{ending}"] = amount
    return found


def baseline_year(document: Document, row: TargetRow) -> int:
    """Year of a row's baseline: the cell's own, the row's, the table's, else the document's."""
    return (
        read_cell(row.baseline).year
        or row.baseline_year
        or document.table.baseline_year
        or document.years.base
    )


def _of_figure(figure: Figure) -> Amount | None:
    cell = read_cell(figure.says)
    unit = "" if cell.quantity is None else cell.quantity.unit
    return _amount(
        cell, unit, figure.name, figure.subject, figure.counts, figure.scope, figure.year,
        figure.clause,
    )  # fmt: skip


def _of_cell(row: TargetRow, text: str, year: int | None) -> Amount | None:
    cell = read_cell(text)
    unit = row.unit
    if cell.quantity is not None and cell.quantity.unit:
        unit = cell.quantity.unit
    elif cell.quantity is not None and cell.quantity.scaled:
        unit = row.unit.removeprefix("万")
    return _amount(cell, unit, row.name, row.subject, row.counts, "", year, row.clause)


def _amount(
    cell: Cell, unit: str, name: str, subject: str, counts: str, scope: str, year: int | None,
    clause: str,
) -> Amount | None:  # fmt: skip
    if cell.kind is not CellKind.NUMBER or cell.quantity is None or cell.quantity.value is None:
        return None
    size, dimension = _size(unit)
    low = cell.quantity.value if cell.quantity.low is None else cell.quantity.low
    high = cell.quantity.value if cell.quantity.high is None else cell.quantity.high
    return Amount(
        name=name,
        written=cell.text,
        value=cell.quantity.value * size,
        low=low * size,
        high=high * size,
        rounding=cell.rounding * size,
        dimension=dimension,
        subject=subject,
        counts=counts,
        scope=scope,
        year=year,
        clause=clause,
    )


def _size(unit: str) -> tuple[float, str]:
    """Base units a year in one of ``unit``, and what it measures; a pure number is a count."""
    try:
        parsed = parse_unit(unit)
    except ValueError:
        return 1.0, "count"
    per_year = 1.0 if parsed.per_year is None else parsed.per_year
    return parsed.size * parsed.scale * per_year / parsed.each_size, parsed.dimension
