"""``wangdian rounds``: who drives where, when; a plan and its rounds into a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.options import (
    AsJson,
    Lang,
    Language,
    OutputFolder,
    Overrides,
    Quiet,
    ScenarioFile,
)

if TYPE_CHECKING:
    from scenarios.rounds import RoundsPlan
    from scenarios.schema import Scenario

EXAMPLES = ("demo", "collection_rounds")
"""In place of a file: the embedded county, and the rounds of its streams."""
SUMMARISED = (
    "outcome", "checked", "figures", "fleet", "unserved", "seconds", "split", "change",
)  # fmt: skip


def rounds(
    scenario: ScenarioFile,
    overrides: Overrides = None,
    out: OutputFolder = Path("rounds"),
    streams: Annotated[
        list[str] | None,
        typer.Option("--stream", metavar="ID", help="Only this stream; may be given again."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="S", min=0.1, help="Seconds for all rounds.")
    ] = 20.0,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="DIR", help="An earlier plan whose sites are kept."),
    ] = None,
    anywhere: Annotated[
        bool, typer.Option("--anywhere", help="Lorries of a site may serve any point.")
    ] = False,
    split: Annotated[
        bool,
        typer.Option("--split", help="Stores for clusters, rounds for the scattered, or both."),
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Earlier rounds; only what changed is planned."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the search.")] = 0,
    lang: Language = Lang.ZH,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Plan SCENARIO and the rounds of its streams: map, driver sheets, GeoPackage.

    SCENARIO is a file, or "demo" or "collection_rounds": the embedded county.

    Exit codes: 0 every stop is served, 1 some are not, 2 bad input or a fault of the disk.
    """
    from api.exits import Exit, told  # noqa: PLC0415 - help must not wait for the solver
    from api.summary import print_json  # noqa: PLC0415
    from planner.routes import RoundsSettings  # noqa: PLC0415
    from scenarios.output import check_output_folder  # noqa: PLC0415
    from scenarios.rounds_output import write_rounds  # noqa: PLC0415

    with told(lang, as_json=as_json):
        read, folder = _scenario(scenario, overrides or [], streams or [])
        check_output_folder(out)
        found = _planned(
            read, folder, RoundsSettings(time_limit_s=time_limit, seed=seed), plan,
            streams or [], anywhere=anywhere, split=split, keep=keep, lang=lang,
            quiet=quiet or as_json,
        )  # fmt: skip
        files = write_rounds(found, out, lang)
        if as_json:
            print_json(_summary(found, files))
        elif not quiet:
            _show(found, files, lang)
        served = all(not one.solution.unserved for one in found.streams.values())
        raise SystemExit(Exit.PLAN if served else Exit.NO_PLAN)


def _scenario(path: Path, overrides: list[str], streams: list[str]) -> tuple[Scenario, Path]:
    """The scenario, without the streams that nobody asked for."""
    from scenarios.load import example, load_scenario  # noqa: PLC0415

    if str(path) in EXAMPLES and not path.exists():
        read, folder = example(str(path), overrides), Path()
    else:
        read, folder = load_scenario(path, overrides), path.parent
    known = [one.stream for one in read.streams]
    _refuse_unknown([one for one in streams if one not in known], known)
    kept = tuple(one for one in read.streams if not streams or one.stream in streams)
    return (read.model_copy(update={"streams": kept}) if kept else read), folder


def _refuse_unknown(unknown: list[str], known: list[str]) -> None:
    """Say at once what the scenario lacks, and which example shows it; not after its plan."""
    from geodata.faults import N_, Fault, InputError  # noqa: PLC0415
    from scenarios.load import example  # noqa: PLC0415

    faults = []
    for name in unknown:
        shown = [one for one in EXAMPLES if name in {use.stream for use in example(one).streams}]
        message = N_("the scenario has no stream {stream}; it has {known}")
        values = {"stream": name, "known": ", ".join(known)}
        if shown:
            message = N_(
                "the scenario has no stream {stream}; it has {known}. The example {example} has "
                "it: wangdian rounds {example} --stream {stream}"
            )
            values["example"] = shown[0]
        faults.append(Fault("--stream", message, values))
    if faults:
        raise InputError(faults)


def _planned(
    scenario: Scenario,
    folder: Path,
    settings: Any,
    earlier: Path | None,
    streams: list[str],
    *,
    anywhere: bool,
    split: bool,
    keep: Path | None,
    lang: Lang,
    quiet: bool,
) -> RoundsPlan:
    from api.progress import progress_bar  # noqa: PLC0415
    from scenarios.earlier_plan import read_earlier_plan  # noqa: PLC0415
    from scenarios.rounds import run_rounds  # noqa: PLC0415
    from scenarios.rounds_output import read_earlier_rounds  # noqa: PLC0415

    start = None if earlier is None else read_earlier_plan(earlier)
    kept = None if keep is None else read_earlier_rounds(keep)
    with progress_bar(lang, quiet=quiet) as hear:
        return run_rounds(
            scenario, folder=folder, streams=streams, settings=settings, start=start,
            service_areas=not anywhere, split=split, earlier=kept, on_progress=hear,
        )  # fmt: skip


def _summary(found: RoundsPlan, files: list[Path]) -> dict[str, Any]:
    from scenarios.rounds_output import rounds_dict  # noqa: PLC0415

    streams = {}
    for key, one in found.streams.items():
        whole = rounds_dict(one)
        streams[key] = {name: whole[name] for name in SUMMARISED if name in whole}
    return {"title": found.plan.title, "files": [str(one) for one in files], "streams": streams}


def _show(found: RoundsPlan, files: list[Path], lang: Lang) -> None:
    from scenarios.rounds_words import change_lines, figure_lines  # noqa: PLC0415
    from scenarios.wording import translator  # noqa: PLC0415

    _ = translator(lang)
    write = sys.stdout.write
    for one in found.streams.values():
        write(f"{one.case.stream.profile.name.in_language(lang)}\n")
        for name, shown in figure_lines(one, lang):
            write(f"  {name}: {shown}\n")
        checked = _("every rule recomputed") if one.solution.checked else _("does NOT hold")
        write(f"  {checked}\n")
        told = change_lines(one, lang) + ([] if one.split is None else one.split.lines(lang))
        for line in told:
            write(f"  {line}\n")
    for path in files:
        write(f"  {path}\n")
