"""The web application: the last plan's map and files."""

from __future__ import annotations

import html
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response

from scenarios.output import GEOPACKAGE, MAP, PLAN, WORKBOOK
from scenarios.wording import translator

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
MAP_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob: https://*.tianditu.gov.cn; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The map runs inline script: it is given an origin of its own and no network but map tiles."""

MEDIA_TYPES = {
    MAP: "text/html; charset=utf-8",
    WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    GEOPACKAGE: "application/geopackage+sqlite3",
    PLAN: "application/json",
}


def create_app(folder: Path, lang: str = "zh") -> FastAPI:
    """The application for one folder of a plan.

    Parameters
    ----------
    folder : as ``scenarios.output.write_plan`` leaves it
    """
    app = FastAPI(title="Wangdian", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    def page() -> HTMLResponse:
        headers = {"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(_page(folder, lang), headers=headers)

    @app.get("/map")
    def map_page() -> Response:
        return _file(folder, MAP, {"Content-Security-Policy": MAP_POLICY})

    @app.get("/files/{name:path}")
    def file(name: str) -> Response:
        path = Path(name)
        # Only what a plan consists of: a file of it, or the plan.json of one of its streams.
        if path.name not in MEDIA_TYPES or len(path.parts) > 2 or ".." in path.parts:
            raise HTTPException(404)
        headers = {"Content-Security-Policy": MAP_POLICY} if path.name == MAP else {}
        return _file(folder, name, headers)

    return app


def plan_files(folder: Path) -> list[str]:
    """Files of a plan, relative to its folder."""
    names = [MAP, WORKBOOK, GEOPACKAGE, PLAN]
    inner = sorted(path.relative_to(folder).as_posix() for path in folder.glob(f"*/{PLAN}"))
    return [name for name in names if (folder / name).is_file()] + inner


def _file(folder: Path, name: str, headers: dict[str, str]) -> FileResponse:
    path = folder / name
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise HTTPException(404)
    kind = MEDIA_TYPES[path.name]
    download = None if path.name == MAP else path.name
    safe = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", **headers}
    return FileResponse(path, media_type=kind, filename=download, headers=safe)


def _page(folder: Path, lang: str) -> str:
    _ = translator(lang)
    links = "".join(
        f'<li><a href="/files/{html.escape(name, quote=True)}">{html.escape(name)}</a></li>'
        for name in plan_files(folder)
    )
    title = html.escape(_("Wangdian: the last plan"))
    return f"""<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
html, body {{ height: 100%; margin: 0; font-family: system-ui, "Noto Sans CJK SC", sans-serif; }}
body {{ display: flex; flex-direction: column; }}
header {{ padding: .5rem 1rem; border-bottom: 1px solid #ccc; }}
h1 {{ font-size: 1.1rem; display: inline; margin-right: 1rem; }}
ul {{ display: inline; padding: 0; }} li {{ display: inline; margin-right: 1rem; }}
iframe {{ flex: 1; border: 0; width: 100%; }}
</style></head>
<body><header><h1>{title}</h1><ul>{links}</ul></header>
<iframe src="/map" sandbox="allow-scripts" title="{title}"></iframe></body></html>
"""
