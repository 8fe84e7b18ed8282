"""``wangdian targets``: the document's indicator table, and what the plan gives of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.options import AsJson, Lang, Language, Overrides, ScenarioFile
from geodata.faults import N_, Fault, InputError

if TYPE_CHECKING:
    from scenarios.document import Document
    from scenarios.schema import Scenario
    from scenarios.targets import TargetLine, YearTarget
    from scenarios.wording import Translate

PLAN_FILE = "plan.json"
WIDTH = 180
"""Columns of the table where it goes to no terminal."""

PlanFolder = Annotated[
    Path | None,
    typer.Option("--plan", metavar="DIR", help="Folder that 'wangdian plan' wrote."),
]


def targets(
    scenario: ScenarioFile,
    plan: PlanFolder = None,
    overrides: Overrides = None,
    lang: Language = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Show the document's indicators: baseline, targets, what siting gives, met or not, the gap."""
    from api.exits import told  # noqa: PLC0415 - help must not wait for pandas
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415
    from scenarios.targets import line_dict, target_lines  # noqa: PLC0415

    with told(lang, as_json=as_json):
        read = load_scenario(scenario, overrides or ())
        document = _document(read, scenario.name)
        lines = target_lines(document, read_plans(plan) if plan is not None else {})
        if as_json:
            print_json(
                {
                    "document": document.name,
                    "status": document.status,
                    "annex_provided": document.table.provided,
                    "indicators": [line_dict(one) for one in lines],
                }
            )
            return
        show_targets(document, lines, lang)


def _document(scenario: Scenario, where: str) -> Document:
    if scenario.document is None:
        message = N_("has no 'document' with indicators; the examples show what one looks like")
        raise InputError([Fault(where, message)])
    return scenario.document


def read_plans(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Stream id -> content of its ``plan.json``, from a plan's folder.

    Raises
    ------
    InputError
        Where there is none, or one is not a plan.
    """
    files = sorted([*folder.glob(PLAN_FILE), *folder.glob(f"*/{PLAN_FILE}")])
    if not files:
        message = N_("there is no plan here; give the folder that 'wangdian plan --out' named")
        raise InputError([Fault(str(folder), message)])
    plans: dict[str, Mapping[str, Any]] = {}
    for file in files:
        try:
            read = json.loads(file.read_text("utf-8"))
            plans[read["stream"]["id"]] = _checked(read)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError([Fault(str(file), N_("is not a plan of this program"))]) from None
    return plans


def _checked(read: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts that indicators are read from are there.

    Raises
    ------
    KeyError, TypeError
        Where one is not.
    """
    several = [one for part in ("indicators", "facilities", "tiers") for one in read[part]]
    if not all(isinstance(one["id"], str) for one in several):
        raise TypeError
    if not isinstance(read["assessment"], dict):
        raise TypeError
    for phase in read.get("phases", ()):
        tonnes = [one["tonnes"] for part in ("assignments", "unserved") for one in phase[part]]
        ids = [one["id"] for part in ("indicators", "facilities") for one in phase[part]]
        numbers = all(one is None or isinstance(one, int | float) for one in tonnes)
        if not (isinstance(phase["year"], int) and numbers and all(map(_is_text, ids))):
            raise TypeError
    return read


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def show_targets(document: Document, lines: Sequence[TargetLine], lang: str) -> None:
    """The table on standard output, a line an indicator, and how many are met."""
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    from scenarios.wording import translator  # noqa: PLC0415

    _ = translator(lang)
    # A table in a file or a pipe is not squeezed into a terminal's eighty columns.
    width = None if sys.stdout.isatty() else WIDTH
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True, width=width)
    head = " · ".join(part for part in (document.name, document.number, document.status) if part)
    console.print(f"[bold]{escape(head)}[/]")
    if not document.table.provided and document.table.announced:
        console.print(escape(_("The table of indicators is not provided; rows are from the text")))
    console.print(_table(lines, _))
    console.print(escape(count_sentence(lines, _)))


def _table(lines: Sequence[TargetLine], _: Translate) -> Any:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    years = sorted({one.year for line in lines for one in line.targets})
    table = Table(box=None, pad_edge=False)
    table.add_column(_("no."), justify="right")
    table.add_column(_("indicator"), overflow="fold")
    for heading in (_("unit"), _("baseline"), *map(str, years), _("plan")):
        table.add_column(heading, justify="right")
    for heading in (_("result"), _("gap"), _("responsible")):
        table.add_column(heading)
    for line in lines:
        table.add_row(*(escape(cell) for cell in _cells(line, years, _)))
    return table


def _cells(line: TargetLine, years: Sequence[int], _: Translate) -> tuple[str, ...]:
    from scenarios.targets import STATE_NAMES  # noqa: PLC0415
    from scenarios.wording import number  # noqa: PLC0415

    row, by_year = line.row, {one.year: one for one in line.targets}
    mark = "★" if row.selection == "mandatory" else ""
    return (
        "" if row.number is None else str(row.number),
        f"{row.name}{mark}",
        row.unit,
        f"{row.baseline}",
        *(_year_cell(by_year[year]) if year in by_year else "" for year in years),
        "" if line.plan is None else number(line.plan.value),
        _(STATE_NAMES[line.state]),
        gap_text(line, _),
        "、".join(row.responsible),
    )


def _year_cell(target: YearTarget) -> str:
    """The target as written, and the plan's value in that year: ✓ met, ✗ not met, ~ not decided."""
    from scenarios.targets import State  # noqa: PLC0415
    from scenarios.wording import number  # noqa: PLC0415

    if target.plan is None:
        return target.text
    marks = {State.MET: "✓", State.NOT_MET: "✗"}
    return f"{target.text}（{number(target.plan.value)} {marks.get(target.state, '~')}）"


def gap_text(line: TargetLine, _: Translate) -> str:
    """What is missing to the last target in its unit, and from where it is counted."""
    from scenarios.wording import number  # noqa: PLC0415

    last = line.last
    if last is None or last.gap is None:
        return ""
    decimals = 4 if 0 < last.gap < 0.1 else None  # kg a 10,000 CNY has four
    amount = f"{number(last.gap, decimals)} {_gap_unit(line.row.unit, _)}".rstrip()
    if last.gap_from == "baseline":
        return _("{amount} from the baseline").format(amount=amount)
    return amount


def _gap_unit(unit: str, _: Translate) -> str:
    return _("percentage points") if unit == "%" else unit


def count_sentence(lines: Sequence[TargetLine], _: Translate) -> str:
    """How many of the indicators are met, not met, not decided and unknown."""
    from scenarios.targets import STATE_NAMES, State  # noqa: PLC0415

    counts = {state: sum(line.state is state for line in lines) for state in State}
    parts = [f"{_(STATE_NAMES[state])} {count}" for state, count in counts.items() if count]
    return _("{count} indicators: {parts}").format(count=len(lines), parts=", ".join(parts))
