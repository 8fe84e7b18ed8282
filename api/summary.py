"""A plan in a few lines: what opens, who is left, how good it is, and where the files are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.exits import Exit, faults_json
from geodata.faults import Severity
from planner.solution import Outcome
from scenarios.answers import is_open
from scenarios.plan import Plan, StreamPlan
from scenarios.plan_json import SYNTHETIC_NOTE, plan_dict
from scenarios.reasons import reason_lines
from scenarios.wording import certificate_sentence, distance, number, translator

NO_PLAN = (Outcome.INFEASIBLE, Outcome.NO_ANSWER)


def exit_code(plan: Plan) -> Exit:
    """0 with a plan, also an interrupted one; 1 where a stream or a tier of one has none."""
    outcomes = [tier.certificate.outcome for one in plan.streams.values() for tier in one.tiers]
    planned = [has_plan(one) for one in plan.streams.values()]
    if Outcome.CANCELLED in outcomes:
        return Exit.PLAN if any(planned) else Exit.INTERRUPTED
    if all(planned) and not any(outcome in NO_PLAN for outcome in outcomes):
        return Exit.PLAN
    return Exit.NO_PLAN


def has_plan(stream: StreamPlan) -> bool:
    """Whether the first tier of a stream has a plan that serves anybody."""
    return bool(stream.has_plan and stream.demand["served"].any())


def show_summary(plan: Plan, files: Sequence[Path], lang: str) -> None:
    """The plan's summary on standard output."""
    _ = translator(lang)
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(f"[bold]{escape(plan.title)}[/]")
    if plan.synthetic:
        console.print(SYNTHETIC_NOTE)
    table = Table(box=None, pad_edge=False)
    table.add_column(_("Stream"))
    for heading in (
        _("Sites in the plan"), _("of which new"), _("Points not served"), _("Mean distance")
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    table.add_column(_("certificate"))
    for stream in plan.streams.values():
        table.add_row(*_row(stream, lang))
    console.print(table)
    for line in reason_lines(plan, lang):
        console.print(escape(line))
    warnings = [fault for fault in plan.faults if fault.severity is Severity.WARNING]
    if warnings:
        console.print(
            _("{count} warnings about the inputs; the first: {first}").format(
                count=len(warnings), first=escape(warnings[0].text(_))
            )
        )
    for path in files:
        console.print(f"  {escape(str(path))}")
    console.print(_("{seconds} s in all").format(seconds=number(plan.seconds.get("total"), 1)))


def _row(stream: StreamPlan, lang: str) -> tuple[str, ...]:
    status = stream.facilities["status"]
    mean = next((one.value for one in stream.indicators if one.id == "mean_distance"), None)
    return (
        escape(stream.profile.name.in_language(lang)),
        number(int(is_open(status).sum())),
        number(int((status == "new").sum())),
        number(int((~stream.demand["served"]).sum())),
        distance(mean, lang),
        certificate_sentence(stream.certificate, lang),
    )


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def plan_summary(plan: Plan, files: Sequence[Path], lang: str) -> dict[str, Any]:
    """The summary as plain values for ``--json``."""
    return {
        "title": plan.title,
        "synthetic": plan.synthetic,
        "exit_code": int(exit_code(plan)),
        "files": [str(path) for path in files],
        "streams": {key: _stream_summary(plan, one) for key, one in plan.streams.items()},
        "faults": faults_json(plan.faults, lang),
        "seconds": {key: round(value, 3) for key, value in plan.seconds.items()},
    }


def _stream_summary(plan: Plan, stream: StreamPlan) -> dict[str, Any]:
    whole = plan_dict(plan, stream)
    return {
        "certificate": whole["certificate"],
        "tiers": [
            {key: tier[key] for key in ("id", "certificate", "reasons")} for tier in whole["tiers"]
        ],
        "facilities": len(whole["facilities"]),
        "unserved": len(whole["unserved"]),
        "indicators": {one["id"]: one["value"] for one in whole["indicators"]},
    }
