"""Rules on sums: relations between figures, ledgers whose rows close, lists and their counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from geodata.faults import N_, Phrase
from geodata.units import parse_unit
from scenarios.audit.amounts import Amount, amounts_of
from scenarios.audit.figure_rules import DAYS_PER_YEAR, stock_finding
from scenarios.audit.finding import Finding, references, threshold
from scenarios.document import Document, Ledger, Relation
from scenarios.wording import number


def balance_findings(document: Document) -> Iterator[Finding]:
    """Findings of all rules of this module."""
    amounts = amounts_of(document)
    for relation in document.relations:
        yield from _relation(relation, amounts)
    for ledger in document.ledgers:
        yield from _ledger_rows(ledger)
        yield from _ledger_totals(ledger)
        yield from _ledger_stocks(ledger)
    yield from _listings(document)


def unknown_names(document: Document) -> list[tuple[str, str]]:
    """Names in relations that no figure has, each with the relation's name."""
    known = set(amounts_of(document)) | {figure.id for figure in document.figures}
    return [
        (relation.name, name)
        for relation in document.relations
        for name in _names(relation)
        if name not in known
    ]


def _names(relation: Relation) -> tuple[str, ...]:
    return (relation.states, *relation.adds, *relation.takes, *relation.times, *relation.over)


def _relation(relation: Relation, amounts: Mapping[str, Amount]) -> Iterator[Finding]:
    """What is stated against what the parts come to; nothing where a part is unknown."""
    if any(name not in amounts for name in _names(relation)):
        return
    stated = amounts[relation.states]
    total = sum(amounts[name].value for name in relation.adds)
    total -= sum(amounts[name].value for name in relation.takes)
    total *= math.prod(amounts[name].value for name in relation.times)
    if relation.over:
        total /= sum(amounts[name].value for name in relation.over)
    if abs(stated.value - total) <= _allowed(stated.value, stated.rounding):
        return
    message = N_("{name}: {stated_name} is stated as {stated}, the parts come to {parts}")
    in_stated_unit = total * (_plain(stated.written) / stated.value if stated.value else 1.0)
    values = {
        "name": relation.name,
        "stated_name": stated.name,
        "stated": stated.written,
        "parts": number(in_stated_unit, 3 if abs(in_stated_unit) < 10 else None),
    }
    yield Finding("balance", relation.name, Phrase(message, values), (relation.clause,),
                  {"stated": stated.value, "parts": total})  # fmt: skip


def _plain(written: str) -> float:
    """The first number as its digits stand, e.g. 0.7 of "0.7 万立方米/日"."""
    digits = "".join(mark if mark.isdigit() or mark == "." else " " for mark in written).split()
    return float(digits[0]) if digits else 1.0


def _allowed(stated: float, rounding: float) -> float:
    """Half of the last digit as written, and a relative error for what was rounded before."""
    return max(rounding * (1 + 1e-9), threshold("balance") * abs(stated))


def _ledger_rows(ledger: Ledger) -> Iterator[Finding]:
    """In less out is what is left, row by row."""
    if "left" not in ledger.columns.values():
        return
    for row, cells in {**ledger.rows, "合计": ledger.total}.items():
        by_role = _roles(ledger, cells)
        if by_role is None:
            continue
        left = by_role["left"]
        total = by_role["in"] - by_role["out"]
        if abs(left - total) > max(_allowed(left, 0.0005), threshold("balance") * by_role["in"]):
            message = N_("{table}, {row}: {left} {unit} are left where in less out is {total}")
            values = {"table": ledger.name, "row": row, "left": number(left, 3),
                      "unit": ledger.unit, "total": number(total, 3)}  # fmt: skip
            yield Finding("balance", f"{ledger.name} {row}", Phrase(message, values),
                          (ledger.clause,), {"stated": left, "parts": total})  # fmt: skip


def _roles(ledger: Ledger, cells: Sequence[float | None]) -> dict[str, float] | None:
    """Sums by role; None where a cell is unknown."""
    sums = {"in": 0.0, "out": 0.0, "left": 0.0}
    if len(cells) != len(ledger.columns):
        return None
    for role, cell in zip(ledger.columns.values(), cells, strict=True):
        if cell is None:
            return None
        sums[role] += cell
    return sums


def _ledger_totals(ledger: Ledger) -> Iterator[Finding]:
    """The last row is the sum of the others, column by column."""
    for position, (heading, stated) in enumerate(zip(ledger.columns, ledger.total, strict=False)):
        column = [cells[position] for cells in ledger.rows.values()]
        if stated is None or any(cell is None for cell in column):
            continue
        total = sum(cell for cell in column if cell is not None)
        if abs(stated - total) > _allowed(stated, 0.0005):
            message = N_(
                "{table}, {column}: the total is written {stated}, the rows sum to {total}"
            )
            values = {"table": ledger.name, "column": heading, "stated": number(stated, 3),
                      "total": number(total, 3)}  # fmt: skip
            yield Finding("balance", f"{ledger.name} {heading}", Phrase(message, values),
                          (ledger.clause,), {"stated": stated, "parts": total})  # fmt: skip


def _ledger_stocks(ledger: Ledger) -> Iterator[Finding]:
    """Rows of which more is left than may be kept; the first column is what arises in a year."""
    limit = next(
        (r for r in references() if (r.subject, r.of) == (ledger.subject, "storage_limit")), None
    )
    if limit is None or limit.high is None or "left" not in ledger.columns.values():
        return
    position = list(ledger.columns.values()).index("left")
    tonne = parse_unit(ledger.unit).size
    for row, cells in ledger.rows.items():
        arising, left = cells[0], cells[position]
        if not arising or not left:
            continue
        days = left / (arising / DAYS_PER_YEAR)
        if days > limit.high:
            name = f"{ledger.name} {row}"
            yield stock_finding(name, days, limit.high, limit.source, left * tonne,
                                (ledger.clause,))  # fmt: skip


def _listings(document: Document) -> Iterator[Finding]:
    """Announced numbers of items against those that are listed; the indicator table is one."""
    for listing in document.listings:
        if listing.states != listing.lists:
            yield _count(listing.name, listing.states, listing.lists, listing.clause)
    table = document.table
    rows = [row for row in document.indicators if row.number is not None]
    if not table.provided:
        return
    if table.states is not None and table.states != len(rows):
        yield _count(table.clause, table.states, len(rows), table.clause)
    for selection, states in table.states_by_selection.items():
        lists = sum(row.selection == selection for row in rows)
        if lists != states:
            yield _count(f"{table.clause} {selection}", states, lists, table.clause)


def _count(name: str, states: int, lists: int, clause: str) -> Finding:
    message = N_("{name}: {states} are announced, {lists} are listed")
    values = {"name": name, "states": states, "lists": lists}
    return Finding("counts_differ", name, Phrase(message, values), (clause,),
                   {"states": states, "lists": lists})  # fmt: skip
