"""``wangdian``: the commands. Heavy imports wait until a command needs them."""

from __future__ import annotations

from typing import Annotated

import typer

from api.commands.inspecting import assess, check, coverage
from api.commands.planning import demo, plan
from api.commands.preparing import init, roads
from api.commands.rounds import rounds
from api.commands.serving import serve, user
from api.commands.targets import targets
from api.commands.verifying import verify
from api.streams_command import streams

app = typer.Typer(
    name="wangdian",
    help="Sites, sizes and service areas for zero-waste (无废城市) county plans, with proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(version("wangdian"))
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options of the program itself."""


for command in (
    demo,
    plan,
    init,
    check,
    assess,
    roads,
    coverage,
    serve,
    user,
    targets,
    verify,
    rounds,
):
    app.command()(command)
app.add_typer(streams, name="streams")


def main() -> None:
    """Run the program."""
    app()


if __name__ == "__main__":
    main()
