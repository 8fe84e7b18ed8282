"""Rules on the indicator table and the text around it: directions, restatements, years, dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from geodata.faults import N_, Phrase, list_names
from scenarios.audit.amounts import baseline_year
from scenarios.audit.finding import Finding
from scenarios.cells import Cell, CellKind, read_cell
from scenarios.document import Document, TargetRow

_KINDS = ("街道办事处", "街道", "地区", "镇", "乡", "经济开发区", "开发区", "功能区")


def target_findings(document: Document) -> Iterator[Finding]:
    """Findings of all rules of this module."""
    for row in document.indicators:
        yield from _goes_back(row)
        yield from _restated(row)
    yield from _unknown(document)
    yield from _baseline_year(document)
    yield from _annex(document)
    yield from _events(document)
    yield from _places(document)


def row_name(row: TargetRow) -> str:
    """Number and name of a row."""
    return row.name if row.number is None else f"{row.number} {row.name}"


def behind(row: TargetRow, earlier: Cell, later: Cell) -> bool:
    """Whether the later cell lets things be worse than the earlier one says they are.

    Cells of two bases (较2019年, 较2020年) do not compare, nor do those with other words.
    """
    if row.better == "" or earlier.basis != later.basis:
        return False
    before, after = earlier.value_in(row.unit), later.value_in(row.unit)
    if before is None or after is None:
        return False
    return after < before if row.better == "higher" else after > before


def _goes_back(row: TargetRow) -> Iterator[Finding]:
    """The baseline against the last target, and each target against the one before."""
    cells = [(year, read_cell(row.targets[year])) for year in sorted(row.targets)]
    cells = [(year, cell) for year, cell in cells if cell.kind is CellKind.NUMBER]
    if not cells:
        return
    baseline = read_cell(row.baseline)
    worse = [(year, cell) for year, cell in cells if behind(row, baseline, cell)]
    if worse:
        year, cell = worse[-1]
        message = N_("{name}: the target {target} of {year} is behind the baseline {baseline}")
        values = {"name": row_name(row), "target": cell.text, "year": year,
                  "baseline": baseline.text}  # fmt: skip
        yield Finding("target_below_baseline", row_name(row), Phrase(message, values),
                      (row.clause,), _figures(row, baseline, cell))  # fmt: skip
    for (sooner, before), (later, after) in pairwise(cells):
        if behind(row, before, after) and not worse:
            message = N_("{name}: the target {after} of {later} is behind {before} of {sooner}")
            values = {"name": row_name(row), "after": after.text, "later": later,
                      "before": before.text, "sooner": sooner}  # fmt: skip
            yield Finding("target_goes_back", row_name(row), Phrase(message, values),
                          (row.clause,), _figures(row, before, after))  # fmt: skip


def _figures(row: TargetRow, before: Cell, after: Cell) -> dict[str, float | None]:
    return {"before": before.value_in(row.unit), "after": after.value_in(row.unit)}


def _restated(row: TargetRow) -> Iterator[Finding]:
    """The same target elsewhere in the text with another number, or left open there."""
    for again in row.restated:
        if again.year not in row.targets:
            continue
        first, second = read_cell(row.targets[again.year]), read_cell(again.text)
        one, other = first.value_in(row.unit), second.value_in(row.unit)
        if first.kind is second.kind and one == other:
            continue
        message = N_("{name}, {year}: {first} here, {second} there")
        values = {"name": row_name(row), "year": again.year, "first": first.text,
                  "second": second.text}  # fmt: skip
        yield Finding("stated_twice", row_name(row), Phrase(message, values),
                      (row.clause, again.clause), {"values": [one, other]})  # fmt: skip


def placeholders(document: Document) -> list[tuple[str, int]]:
    """Name and year of every target that is written as X, in the table and in the text."""
    return [
        (row_name(row), year)
        for row in document.indicators
        for year, text in (
            *row.targets.items(),
            *((again.year, again.text) for again in row.restated),
        )
        if read_cell(text).kind is CellKind.UNKNOWN
    ]


def _unknown(document: Document) -> Iterator[Finding]:
    found = placeholders(document)
    if found:
        message = N_("{count} targets are written as X and stay unknown: {names}")
        names = tuple(dict.fromkeys(name for name, _year in found))
        values = {"count": len(found), "names": list_names(names)}
        yield Finding("unknown_targets", document.name, Phrase(message, values), (),
                      {"count": len(found)})  # fmt: skip


def _baseline_year(document: Document) -> Iterator[Finding]:
    """The text's base year against the years of the table's baselines."""
    rows = [row for row in document.indicators if read_cell(row.baseline).kind is CellKind.NUMBER]
    years = {baseline_year(document, row) for row in rows}
    other = sorted(years - {document.years.base})
    if other:
        message = N_("the text's base year is {base}, the table's baselines are of {years}")
        values = {"base": document.years.base, "years": tuple(sorted(years))}
        yield Finding("baseline_year", document.name, Phrase(message, values),
                      (document.table.clause,),
                      {"base": document.years.base, "table": sorted(years)})  # fmt: skip


def _annex(document: Document) -> Iterator[Finding]:
    table = document.table
    if table.provided or not table.announced:
        return
    message = N_("its table of indicators is not provided; {rows} targets are taken from the text")
    if table.states is not None:
        message = N_(
            "its table of {states} indicators is not provided; {rows} targets are taken from the "
            "text"
        )
    values = {"states": table.states, "rows": len(document.indicators)}
    yield Finding("annex_missing", document.name, Phrase(message, values), (table.clause,), values)


def _events(document: Document) -> Iterator[Finding]:
    if document.issued is None:
        return
    for event in document.events:
        if event.day > document.issued:
            message = N_("the document of {issued} reports {name} of {day}")
            values = {"issued": document.issued.isoformat(), "name": event.name,
                      "day": event.day.isoformat()}  # fmt: skip
            yield Finding("reported_before", event.name, Phrase(message, values), (event.clause,),
                          {"days": (event.day - document.issued).days})  # fmt: skip


def _places(document: Document) -> Iterator[Finding]:
    """Units of named sites that the list of units does not have, with the one that is meant."""
    known = {name for unit in document.units for name in (unit.name, *unit.aliases)}
    if not known:
        return
    for site in document.facilities:
        if site.outside or not site.unit or site.unit in known:
            continue
        near = _same_stem(site.unit, sorted(known))
        message = N_("{site} stands in {unit}, which is not among the units listed")
        if near:
            message = N_("{site} stands in {unit}; the list of units has {near}")
        values = {"site": site.name, "unit": site.unit, "near": near}
        yield Finding("place_names", site.unit, Phrase(message, values), (site.clause,),
                      {"unit": site.unit, "near": near})  # fmt: skip


def _same_stem(unit: str, known: Sequence[str]) -> str:
    return next((name for name in known if _stem(name) == _stem(unit)), "")


def _stem(name: str) -> str:
    return next((name.removesuffix(kind) for kind in _KINDS if name.endswith(kind)), name)
