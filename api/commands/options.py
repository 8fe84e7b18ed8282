"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Lang(StrEnum):
    """Languages of outputs and messages."""

    ZH = "zh"
    EN = "en"


ScenarioFile = Annotated[
    Path,
    typer.Argument(metavar="SCENARIO", help="Scenario as YAML, or one workbook (.xlsx)."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one value, e.g. solver.gap=0.02."),
]
OutputFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="S", min=0.01, help="Seconds of solving for each tier."),
]
Gap = Annotated[
    float | None,
    typer.Option("--gap", metavar="G", min=0, max=0.999, help="Gap to stop at, as a fraction."),
]
Language = Annotated[Lang, typer.Option("--lang", help="Language of outputs and messages.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary.")]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON summary on standard output.")]
