"""``wangdian serve``: the last plan in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import Lang, Language


def serve(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Plan to show; else the last one."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    lang: Language = Lang.ZH,
) -> None:
    """Show the last plan's map and files in a browser."""
    from api.exits import told  # noqa: PLC0415

    with told(lang, as_json=False):
        import uvicorn  # noqa: PLC0415

        from api.app import create_app  # noqa: PLC0415
        from api.last_plan import last_plan  # noqa: PLC0415
        from geodata.faults import N_, Fault, InputError  # noqa: PLC0415

        shown = folder or last_plan()
        if shown is None or not (shown / "map.html").is_file():
            where = str(shown) if shown is not None else "serve"
            message = N_(
                "there is no plan to show; make one with 'wangdian demo' or 'wangdian plan'"
            )
            raise InputError([Fault(where, message)])
        uvicorn.run(create_app(shown, lang), host=host, port=port, log_level="info")
