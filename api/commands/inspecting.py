"""``check``, ``assess`` and ``coverage``: what there is, before anything is planned."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.options import AsJson, Lang, Language, Overrides, Quiet, ScenarioFile

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.radius_check import RadiusCheck
    from scenarios.wording import Translate

SHOWN = 20
"""So many uncovered villages are listed; --json has all."""


def check(
    scenario: ScenarioFile,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="Day to look at deadlines from."),
    ] = None,
    overrides: Overrides = None,
    lang: Language = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Read and validate a scenario and its layers; all faults at once, exit 2 on an error.

    What the numbers of its document say against each other is reported too and is no error.
    """
    from api.exits import Exit, faults_json, show_faults, told  # noqa: PLC0415
    from api.findings import findings_json, show_findings  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.check import examine_scenario, has_errors  # noqa: PLC0415
    from scenarios.wording import translator  # noqa: PLC0415

    with told(lang, as_json=as_json):
        found = examine_scenario(scenario, overrides or (), None if on is None else on.date())
        faults = found.faults
        if as_json:
            said = findings_json(found.findings, lang)
            print_json({"faults": faults_json(faults, lang), "findings": said})
        elif faults:
            show_faults(faults, lang, as_json=False)
        if has_errors(faults):
            raise SystemExit(Exit.BAD_INPUT)
        if not as_json:
            _ = translator(lang)
            sys.stdout.write(_("ready to plan; {count} warnings").format(count=len(faults)) + "\n")
            show_findings(found.findings, lang)


def assess(
    scenario: ScenarioFile,
    overrides: Overrides = None,
    lang: Language = Lang.ZH,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show the present state: what exists, whom it serves, what is missing."""
    from api.exits import faults_json, told  # noqa: PLC0415
    from api.progress import progress_bar  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415
    from scenarios.run import assess as assess_scenario  # noqa: PLC0415

    with told(lang, as_json=as_json):
        read = load_scenario(scenario, overrides or ())
        with progress_bar(lang, quiet=quiet or as_json) as hear:
            present = assess_scenario(read, folder=scenario.parent, on_progress=hear)
        if as_json:
            print_json(
                {
                    "title": read.title,
                    "synthetic": present.synthetic,
                    "streams": present.assessments,
                    "faults": faults_json(present.faults, lang),
                }
            )
            return
        names = {key: one.name.in_language(lang) for key, one in present.profiles.items()}
        show_assessment(present.assessments, names, lang)


def show_assessment(
    assessments: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], lang: str
) -> None:
    """Coverage, sites and shortfall of each tier as tables."""
    from rich.console import Console  # noqa: PLC0415

    from scenarios.wording import translator  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False)
    _ = translator(lang)
    for stream, assessment in assessments.items():
        for tier in assessment["tiers"]:
            console.print(f"\n[bold]{names[stream]} · {tier['name'][lang]}[/]")
            _coverage_table(console, tier["coverage"], _)
            _site_table(console, tier["sites"], _)
            console.print(_shortfall_line(tier["shortfall"], _))


def _coverage_table(console: Console, rows: Sequence[Mapping[str, Any]], _: Translate) -> None:
    from rich.table import Table  # noqa: PLC0415

    from scenarios.wording import number  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for heading in (_("criterion"), _("object"), _("coverage")):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            _(row["criterion_name"]), _(row["object_name"]), f"{number(row['value'], 1)}%"
        )
    console.print(table)


def _site_table(console: Console, rows: Sequence[Mapping[str, Any]], _: Translate) -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from scenarios.wording import STATE_NAMES, number, percent  # noqa: PLC0415

    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    for heading in (_("site"), _("state"), _("capacity, t/yr"), _("load rate"), _("findings")):
        table.add_column(heading)
    for row in rows[:SHOWN]:
        findings = [_(one["text"]).format(**one["values"]) for one in row["findings"]]
        table.add_row(
            escape(f"{row['name']} {row['district']}"),
            _(STATE_NAMES.get(row["state"], row["state"])),
            number(row["capacity_t_per_yr"]),
            percent(row["load_rate"]),
            escape("; ".join(findings)) or "–",
        )
    console.print(table)
    if len(rows) > SHOWN:
        console.print(_("and {count} more").format(count=len(rows) - SHOWN))


def _shortfall_line(shortfall: Mapping[str, Any], _: Translate) -> str:
    from scenarios.wording import number  # noqa: PLC0415

    return _("shortfall: {tonnes} t/yr of capacity, {sites} sites, {villages} points").format(
        tonnes=number(shortfall["tonnes_per_yr"]),
        sites=number(shortfall["sites"]),
        villages=number(shortfall["villages"]),
    )


def coverage(
    scenario: ScenarioFile,
    radius_km: Annotated[float, typer.Option("--radius-km", min=0, help="Service radius.")],
    facilities: Annotated[
        Path | None,
        typer.Option("--facilities", metavar="F", help="Table of facilities in place of those."),
    ] = None,
    crs: Annotated[
        str | None, typer.Option("--crs", help="Coordinate system of --facilities.")
    ] = None,
    overrides: Overrides = None,
    lang: Language = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Tell who lies within a radius of the standing facilities; nothing is planned."""
    from api.exits import told  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415
    from scenarios.radius_check import check_radius  # noqa: PLC0415

    with told(lang, as_json=as_json):
        read = load_scenario(scenario, overrides or ())
        found = check_radius(
            read, radius_km * 1000, folder=scenario.parent, facilities=facilities, crs=crs
        )
        if as_json:
            print_json({"streams": [one.as_dict() for one in found]})
            return
        for one in found:
            _show_coverage(one, lang)


def _show_coverage(found: RadiusCheck, lang: str) -> None:
    from scenarios.wording import (  # noqa: PLC0415
        METRIC_NAMES,
        distance,
        number,
        percent,
        translator,
    )

    _ = translator(lang)
    figures = found.as_dict()
    out = sys.stdout.write
    out(f"{found.profile.name.in_language(lang)} · {found.tier.name.in_language(lang)}\n")
    sentence = _(
        "{covered} of {points} points ({share}) lie within {radius} km by {metric}; {circle} as "
        "the crow flies"
    )
    out(
        "  "
        + sentence.format(
            covered=number(figures["covered"]),
            points=number(figures["points"]),
            share=percent(figures["coverage"]),
            radius=number(figures["radius_km"]),
            metric=_(METRIC_NAMES[found.metric]),
            circle=percent(figures["coverage_as_the_crow_flies"]),
        )
        + "\n"
    )
    for one in figures["uncovered"][:SHOWN]:
        away = distance(one["distance_m"], lang)
        out(f"  - {one['id']} {one['name']} {one['district']}: {away}\n")
    if len(figures["uncovered"]) > SHOWN:
        out("  " + _("and {count} more").format(count=len(figures["uncovered"]) - SHOWN) + "\n")
