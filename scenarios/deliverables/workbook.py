"""The plan as a workbook: what planners hand in, what it rests on, and what is proven of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from geodata.faults import N_
from scenarios.deliverables.workbook_evidence import (
    assumptions_sheet,
    certificate_sheet,
    indicators_sheet,
    inputs_sheet,
)
from scenarios.deliverables.workbook_facilities import facilities_sheet
from scenarios.deliverables.workbook_joint import (
    has_joint,
    has_what_if,
    joint_sheet,
    what_if_sheet,
)
from scenarios.deliverables.workbook_present import present_sheet, standing_sheet
from scenarios.deliverables.workbook_programme import has_programme, programme_sheet
from scenarios.deliverables.workbook_sheet import Sheet, SheetWriter, clean_text
from scenarios.deliverables.workbook_summary import summary_sheet
from scenarios.deliverables.workbook_targets import (
    findings_sheet,
    has_document,
    targets_sheet,
)
from scenarios.deliverables.workbook_villages import (
    districts_sheet,
    uncovered_sheet,
    villages_sheet,
)
from scenarios.deliverables.workbook_words import Subject
from scenarios.plan import Plan

SHEETS: tuple[tuple[Callable[[Subject], Sheet], str], ...] = (
    (facilities_sheet, N_("the facilities with the columns of a facility table")),
    (present_sheet, N_("coverage of what stands today by each definition, and what is missing")),
    (standing_sheet, N_("load rate and compliance of each site that stands today")),
    (villages_sheet, N_("which village goes where and how far that is")),
    (districts_sheet, N_("sums by township")),
    (indicators_sheet, N_("the plan's figures with their formulas")),
    (uncovered_sheet, N_("villages without a site, why, and what would change it")),
    (inputs_sheet, N_("what was read, and what was found wrong with it")),
    (assumptions_sheet, N_("every default with its source; planning assumptions are marked")),
    (certificate_sheet, N_("how far each answer is from the theoretical best, and how one knows")),
)  # fmt: skip
"""The sheets after the summary, and what each holds."""

DOCUMENT_SHEETS: tuple[tuple[Callable[[Subject], Sheet], str], ...] = (
    (targets_sheet, N_("the document's indicators, and what the plan gives of them")),
    (findings_sheet, N_("what the document's numbers say against each other")),
)
"""The sheets of a plan whose scenario answers to a document."""

PROGRAMME_SHEETS: tuple[tuple[Callable[[Subject], Sheet], str], ...] = (
    (programme_sheet, N_("what is built, expanded or closed in which year")),
)
"""The sheet of a plan over several years."""

JOINT_SHEETS: tuple[tuple[Callable[[Subject], Sheet], str], ...] = (
    (joint_sheet, N_("sites that streams share, zones of townships, stock against storage")),
)
"""The sheet of streams that were decided together, where there is anything to say."""

WHAT_IF_SHEETS: tuple[tuple[Callable[[Subject], Sheet], str], ...] = (
    (what_if_sheet, N_("sites that are down, tonnes that surge, estimates that were wrong")),
)
"""The sheet of the cases that a scenario asks for."""

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_workbook(plan: Plan, path: Path, lang: str = "zh", *, day: date | None = None) -> None:
    """Write the plan's workbook to ``path``; the same plan and day give the same bytes.

    Parameters
    ----------
    plan : made by ``scenarios.run``
    path : of the file; what stands there is replaced
    lang : "zh" or "en"
    day : date on the first sheet, today if not given

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    day = day or datetime.now(tz=UTC).astimezone().date()
    path = Path(path)
    subject = Subject(plan, lang)
    _ = subject.translate
    label = _("Synthetic data: places and figures are made up") if plan.synthetic else ""
    # Rows wait in temporary files beside the result, where the caller's clean-up finds them.
    book = xlsxwriter.Workbook(str(path), {**OPTIONS, "tmpdir": str(path.absolute().parent)})
    book.set_properties(
        {
            "title": clean_text(plan.title)[:255],
            "comments": label,
            "created": datetime(day.year, day.month, day.day, tzinfo=UTC),
        }
    )
    more = _("more rows than a sheet can hold; all are in plan.gpkg")
    writer = SheetWriter(book, plan.title, label, more)
    wanted = (
        *SHEETS,
        *(PROGRAMME_SHEETS if has_programme(subject) else ()),
        *(JOINT_SHEETS if has_joint(subject) else ()),
        *(WHAT_IF_SHEETS if has_what_if(subject) else ()),
        *(DOCUMENT_SHEETS if has_document(subject) else ()),
    )
    sheets = [build(subject) for build, _about in wanted]
    guide = [(sheet.name, _(about)) for sheet, (_build, about) in zip(sheets, wanted, strict=True)]
    for sheet in (summary_sheet(subject, day, guide), *sheets):
        writer.write(sheet)
    try:
        book.close()
    except FileCreateError as error:
        # The library hides the system's error, whose number says what the remedy is.
        raise error.args[0] from error
