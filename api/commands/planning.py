"""``wangdian demo`` and ``wangdian plan``: a scenario into a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import (
    AsJson,
    Gap,
    Lang,
    Language,
    OutputFolder,
    Overrides,
    Quiet,
    ScenarioFile,
    TimeLimit,
)

if TYPE_CHECKING:
    from scenarios.schema import Scenario


def demo(
    out: OutputFolder = Path("out/demo"),
    villages: Annotated[int, typer.Option(min=10, max=200_000, help="Size of the county.")] = 352,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another county.")] = 0,
    overrides: Overrides = None,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    lang: Language = Lang.ZH,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Plan the embedded county, which is made up and says so everywhere."""
    from api.exits import told  # noqa: PLC0415 - help must not wait for the solver
    from scenarios.load import example  # noqa: PLC0415

    with told(lang, as_json=as_json):
        changes = [f"synthetic.villages={villages}", f"synthetic.seed={seed}", *(overrides or [])]
        scenario = example("demo", [*changes, *_solver_changes(time_limit, gap)])
        _plan(scenario, Path(), out, lang, quiet=quiet, as_json=as_json)


def plan(
    scenario: ScenarioFile,
    overrides: Overrides = None,
    out: OutputFolder = Path("plan"),
    time_limit: TimeLimit = None,
    gap: Gap = None,
    lang: Language = Lang.ZH,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Plan a scenario: map, workbook, GeoPackage and one plan.json a stream into DIR.

    Ctrl-C stops the solver and writes the best plan so far. Exit codes: 0 a plan, 1 none within
    the limits or infeasible, 2 bad input or a fault of the disk, 130 interrupted with none.
    """
    from api.exits import told  # noqa: PLC0415
    from scenarios.load import load_scenario  # noqa: PLC0415

    with told(lang, as_json=as_json):
        changes = [*(overrides or []), *_solver_changes(time_limit, gap)]
        read = load_scenario(scenario, changes)
        _plan(read, scenario.parent, out, lang, quiet=quiet, as_json=as_json)


def _solver_changes(time_limit: float | None, gap: float | None) -> list[str]:
    changes = [] if time_limit is None else [f"solver.time_limit_s={time_limit}"]
    return changes if gap is None else [*changes, f"solver.gap={gap}"]


def _plan(
    scenario: Scenario, folder: Path, out: Path, lang: Lang, *, quiet: bool, as_json: bool
) -> None:
    from api.last_plan import remember  # noqa: PLC0415
    from api.progress import progress_bar  # noqa: PLC0415
    from api.summary import exit_code, plan_summary, print_json, show_summary  # noqa: PLC0415
    from scenarios.aside import Aside  # noqa: PLC0415
    from scenarios.output import check_output_folder, write_plan  # noqa: PLC0415
    from scenarios.progress import RunProgress  # noqa: PLC0415
    from scenarios.run import run  # noqa: PLC0415

    check_output_folder(out)
    with progress_bar(lang, quiet=quiet or as_json) as hear, Aside() as aside:
        made = run(scenario, folder=folder, on_progress=hear, on_idle=aside.prepare)
        code = exit_code(made)
        hear(RunProgress("write"))
        files = write_plan(made, out, lang, aside=aside)
    remember(out)
    if as_json:
        print_json(plan_summary(made, files, lang))
    elif not quiet:
        show_summary(made, files, lang)
    raise SystemExit(code)
