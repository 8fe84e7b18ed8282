"""The report as a Word document, in fonts that Chinese Word has."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from scenarios.deliverables.report import PlanFile, Section, report_sections, report_title

BODY, HEADING = "宋体", "黑体"
LATIN = "Times New Roman"
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff￾￿]")
"""Characters that XML cannot hold."""


def report_document(plans: Sequence[PlanFile], lang: str) -> bytes:
    """The report of a plan's streams.

    Parameters
    ----------
    plans : ``plan.json`` of each stream
    lang : "zh" or "en"
    """
    document = Document()
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2)
    _fonts(document)
    title = document.add_heading(_text(report_title(plans, lang)), 0)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if plans and plans[0]["note"]:
        note = document.add_paragraph(_text(str(plans[0]["note"])))
        note.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for one in report_sections(plans, lang):
        _add(document, one)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _fonts(document: Any) -> None:
    """Word takes the font of Chinese text from w:eastAsia alone."""
    names = {"Normal": BODY, "Title": HEADING, "Heading 1": HEADING, "Heading 2": HEADING}
    for style, font in names.items():
        one = document.styles[style]
        one.font.name = LATIN
        fonts = one.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), font)
        # A theme's font would come before the one named.
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
    document.styles["Normal"].font.size = Pt(10.5)


def _add(document: Any, section: Section) -> None:
    document.add_heading(_text(section.title), section.level - 1)
    for sentence in section.sentences:
        document.add_paragraph(_text(sentence))
    if not section.header:
        return
    table = document.add_table(rows=1 + len(section.rows), cols=len(section.header))
    table.style = "Table Grid"
    rows = [section.header, *section.rows]
    # One look at the cells: asking the table for each would be quadratic.
    cells = table._cells  # noqa: SLF001 - the library's only quick way
    width = len(section.header)
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            paragraph = cells[r * width + c].paragraphs[0]
            run = paragraph.add_run(_text(str(value)))
            run.font.size = Pt(8)
            run.font.bold = r == 0
            if c in section.numbers and r > 0:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _text(text: str) -> str:
    return _REFUSED.sub("", text)
