"""Tables of Markdown, and the one of stated tonnages that streams and audit rules both show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scenarios import wording
from scenarios.operations import Amount


def markdown_table(heads: Sequence[object], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Lines of a table; a bar or a line break in a cell would end the cell."""
    if not rows:
        return
    yield f"| {' | '.join(map(cell, heads))} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"


def cell(value: object) -> str:
    """A value as the text of one cell."""
    return " ".join(str(value).replace("|", "\\|").split())


def amount_table(amounts: Sequence[Amount], lang: str) -> Iterator[str]:
    """What texts state, with what it counts."""
    _ = wording.translator(lang)
    rows = [
        (
            one.of.in_language(lang),
            "" if one.year is None else one.year,
            _("not known") if one.value is None else f"{one.value:.10g}",
            one.unit,
            one.source_in(lang),
            one.note_in(lang),
        )
        for one in amounts
    ]
    heads = (_("What is counted"), _("Year"), _("Value"), _("Unit"), _("Source"), _("Note"))
    yield from markdown_table(heads, rows)
