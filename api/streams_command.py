"""``wangdian streams``: what streams there are, one with its evidence, and their documentation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.options import AsJson, Lang, Language

if TYPE_CHECKING:
    from scenarios.audit_profile import AuditRule
    from scenarios.schema import StreamProfile

streams = typer.Typer(
    help="List the streams, show one with its evidence, write their documentation.",
    invoke_without_command=True,
)


@streams.callback()
def list_streams(context: typer.Context, lang: Language = Lang.ZH, as_json: AsJson = False) -> None:
    """List the streams and audit rules of the package."""
    if context.invoked_subcommand is not None:
        return
    from api.exits import told  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.audit_profile import audit_ids, audit_rule  # noqa: PLC0415
    from scenarios.load import profile_of  # noqa: PLC0415
    from scenarios.load_knowledge import stream_ids  # noqa: PLC0415
    from scenarios.schema import StreamUse  # noqa: PLC0415

    with told(lang, as_json=as_json):
        profiles = [profile_of(StreamUse(stream=one)) for one in stream_ids()]
        audits = [audit_rule(one) for one in audit_ids()]
        if as_json:
            print_json(
                {
                    "streams": [_stream_summary(one) for one in profiles],
                    "audit_rules": [_audit_summary(one) for one in audits],
                }
            )
            return
        _print_list(profiles, audits, lang)


@streams.command()
def show(
    name: Annotated[str, typer.Argument(help="Id or name of a stream, e.g. straw or 农膜.")],
    lang: Language = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Show one stream: what it asks for, gives, and every number with its evidence."""
    from api.exits import told  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.audit_profile import audit_ids, audit_rule  # noqa: PLC0415
    from scenarios.load import profile_of  # noqa: PLC0415
    from scenarios.schema import StreamUse  # noqa: PLC0415
    from scenarios.stream_pages import find_stream, page  # noqa: PLC0415

    with told(lang, as_json=as_json):
        found = find_stream(name)
        if not as_json:
            _print_page(page(found, lang))
        elif found in audit_ids():
            print_json(audit_rule(found).model_dump(mode="json"))
        else:
            profile = profile_of(StreamUse(stream=found))
            print_json({**profile.model_dump(mode="json"), "numbers": _numbers(profile)})


@streams.command()
def doc(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write into.")],
    lang: Language = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Write the documentation of all streams in Chinese and English."""
    from api.exits import told  # noqa: PLC0415
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.stream_pages import write_pages  # noqa: PLC0415
    from scenarios.wording import translator  # noqa: PLC0415

    with told(lang, as_json=as_json):
        written = write_pages(out)
        if as_json:
            print_json({"files": [str(path) for path in written]})
            return
        _ = translator(lang)
        sentence = _("{count} pages written into {folder}")
        sys.stdout.write(sentence.format(count=len(written), folder=out) + "\n")


def _stream_summary(one: StreamProfile) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name.model_dump(),
        "summary": one.summary.model_dump(),
        "systems": one.systems,
        "department": one.department,
        "demand_layer": one.demand.layer,
        "tiers": [
            {"id": tier.id, "name": tier.name.model_dump(), "role": tier.role.value,
             "serves": tier.serves, "problem": tier.problem.value}
            for tier in one.tiers
        ],
    }  # fmt: skip


def _audit_summary(one: AuditRule) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name.model_dump(),
        "summary": one.summary.model_dump(),
        "systems": one.systems,
        "department": one.department,
        "checks": one.checks,
    }


def _numbers(profile: StreamProfile) -> list[dict[str, Any]]:
    """Every number with where it is from, as the page's last table has it."""
    from scenarios.evidence import EDITABLE  # noqa: PLC0415
    from scenarios.numbers import numbers_in  # noqa: PLC0415

    return [
        {
            "key": one.key,
            "value": one.value,
            "unit": one.unit,
            "source": "" if one.basis is None else one.basis.source_in("zh"),
            "evidence": None if one.basis is None else one.basis.evidence.value,
            "planning_assumption": one.basis is None or one.basis.evidence in EDITABLE,
        }
        for one in numbers_in(profile)
    ]


def _print_list(profiles: list[StreamProfile], audits: list[AuditRule], lang: str) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from scenarios.wording import translator  # noqa: PLC0415

    _ = translator(lang)
    table = Table(box=None, pad_edge=False)
    for heading in (_("Name in scenarios"), _("Stream"), _("Systems of the source documents"),
                    _("Levels")):  # fmt: skip
        table.add_column(heading, overflow="fold")
    for one in profiles:
        levels = " → ".join(tier.name.in_language(lang) for tier in one.tiers)
        name = escape(one.name.in_language(lang))
        table.add_row(one.id, name, ", ".join(one.systems), escape(levels))
    for rule in audits:
        name = escape(rule.name.in_language(lang))
        table.add_row(rule.id, name, ", ".join(rule.systems), _("Audit rule"))
    Console(file=sys.stdout, highlight=False).print(table)


def _print_page(text: str) -> None:
    """Rendered for a terminal; the Markdown itself where the output goes on to a file or pipe."""
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.markdown import Markdown  # noqa: PLC0415

    Console(file=sys.stdout).print(Markdown(text))
