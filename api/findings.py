"""Findings on a scenario's document, shown after its faults: they stop nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from scenarios.wording import translator

if TYPE_CHECKING:
    from scenarios.audit.finding import Finding


def show_findings(findings: Sequence[Finding], lang: str) -> None:
    """Findings on standard output under the name of their rule and why it matters."""
    from scenarios.audit.finding import rules  # noqa: PLC0415 - reads the rules

    if not findings:
        return
    _ = translator(lang)
    out = sys.stdout.write
    out("\n" + _("the document's numbers, {count} findings:").format(count=len(findings)) + "\n")
    for rule, several in groupby(findings, key=lambda one: one.rule):
        known = rules()[rule]
        out(f"\n{known.name.in_language(lang)} — {known.why.in_language(lang)}\n")
        for one in several:
            out(f"  - {one.text(_)}")
            out(f" 〔{'；'.join(one.clauses)}〕\n" if one.clauses else "\n")


def findings_json(findings: Sequence[Finding], lang: str) -> list[dict[str, Any]]:
    """Findings as plain values."""
    from scenarios.audit.finding import rules  # noqa: PLC0415

    _ = translator(lang)
    return [
        {
            "rule": one.rule,
            "name": rules()[one.rule].name.in_language(lang),
            "about": one.about,
            "text": one.text(_),
            "clauses": list(one.clauses),
            "figures": dict(one.figures),
        }
        for one in findings
    ]
