"""The document's indicators against the plan, and what its numbers say against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scenarios.audit.finding import rules
from scenarios.audit.report import document_findings
from scenarios.deliverables.workbook_sheet import A3, Block, Cell, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import Subject
from scenarios.document import Document
from scenarios.targets import (
    NATURE_NAMES,
    SELECTION_NAMES,
    STATE_NAMES,
    TargetLine,
    YearTarget,
    lines_of_plan,
)


def has_document(subject: Subject) -> bool:
    """Whether the plan's scenario answers to a document."""
    return subject.plan.scenario.document is not None


def targets_sheet(subject: Subject) -> Sheet:
    """指标: every row of the document's table, with the plan's value where siting decides it."""
    _ = subject.translate
    document = subject.plan.scenario.document
    lines = lines_of_plan(subject.plan)
    years = sorted({one.year for line in lines for one in line.targets})
    notes: tuple[str, ...] = (
        _("Targets stand as the document writes them; one written as X is unknown"),
        _("Where siting limits a row, what is reached within the limit depends on operation"),
    )
    if document is not None:
        notes = (document.name, *notes)
        if not document.table.provided and document.table.announced:
            notes = (*notes, _("The table of indicators is not provided; rows are from the text"))
    return Sheet(
        _("Document targets"),
        (Block(_target_columns(subject, years), _target_rows(subject, lines, years)),),
        notes=notes,
        paper=A3,
    )


def _target_columns(subject: Subject, years: Sequence[int]) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("no."), Kind.COUNT, 6),
        Column(_("group"), width=18),
        Column(_("indicator"), Kind.WRAPPED, 40),
        Column(_("kind of indicator"), width=12),
        Column(_("nature of indicator"), width=10),
        Column(_("unit"), width=12),
        Column(_("baseline year"), Kind.EXACT, 8),
        Column(_("baseline"), Kind.WRAPPED, 16),
        *(
            column
            for year in years
            for column in (
                Column(str(year), Kind.WRAPPED, 16),
                Column(_("{year}: value in the plan").format(year=year), Kind.AMOUNT, 12),
                Column(_("{year}: result").format(year=year), width=18),
            )
        ),
        Column(_("what it counts"), Kind.WRAPPED, 36),
        Column(_("gap"), Kind.AMOUNT, 10),
        Column(_("gap from"), width=10),
        Column(_("responsible"), Kind.WRAPPED, 30),
        Column(_("clause"), Kind.WRAPPED, 24),
        Column(_("note"), Kind.WRAPPED, 30),
    )


def _target_rows(
    subject: Subject, lines: Sequence[TargetLine], years: Sequence[int]
) -> Iterator[Row]:
    _ = subject.translate
    origins = {"plan": _("the plan"), "baseline": _("the baseline"), "": ""}
    for line in lines:
        row, last = line.row, line.last
        by_year = {one.year: one for one in line.targets}
        yield (
            row.number,
            row.group,
            row.name,
            _(SELECTION_NAMES[row.selection]),
            _(NATURE_NAMES[row.nature]),
            row.unit,
            line.baseline_year,
            row.baseline,
            *(cell for year in years for cell in _of_year(subject, by_year.get(year))),
            "" if line.plan is None else _(line.plan.formula),
            None if last is None else last.gap,
            "" if last is None or last.gap is None else origins[last.gap_from],
            subject.joined(list(row.responsible)),
            row.clause,
            row.note,
        )


def _of_year(subject: Subject, target: YearTarget | None) -> tuple[Cell, ...]:
    """Target as written, the plan's value in that year, and what can be said."""
    if target is None:
        return "", None, ""
    value = None if target.plan is None else target.plan.value
    return target.text, value, subject.translate(STATE_NAMES[target.state])


def findings_sheet(subject: Subject) -> Sheet:
    """核对: what does not fit together in the document's numbers."""
    _ = subject.translate
    document = subject.plan.scenario.document
    return Sheet(
        _("Document check"),
        (
            Block(
                (
                    Column(_("rule"), Kind.WRAPPED, 22),
                    Column(_("finding"), Kind.WRAPPED, 70),
                    Column(_("why it matters"), Kind.WRAPPED, 44),
                    Column(_("clause"), Kind.WRAPPED, 44),
                ),
                _finding_rows(subject, document),
            ),
        ),
        notes=(
            _("Found by general rules from the document's numbers; nothing is stopped by them"),
        ),
    )


def _finding_rows(subject: Subject, document: Document | None) -> Iterator[Row]:
    if document is None:
        return
    for one in document_findings(document):
        rule = rules()[one.rule]
        yield (
            rule.name.in_language(subject.lang),
            one.text(subject.translate),
            rule.why.in_language(subject.lang),
            subject.joined(list(one.clauses)),
        )
