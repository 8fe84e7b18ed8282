"""The plan as one map page that needs no network: folium's map, everything inlined.

Leaflet comes from its PyPI package; folium's other libraries (jQuery, Bootstrap, fonts) are dropped
because nothing here uses them. A content policy with the hash of each script lets nothing else run,
whatever a name in an uploaded table looks like.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, MacroElement
from jinja2 import Template
from xstatic.pkg import leaflet

from scenarios.deliverables.map_data import finite_bounds, map_data, script_json
from scenarios.plan import Plan

PAGE_FOLDER = Path(__file__).parent / "map_page"
SCRIPTS = (
    "symbols.js", "plan_model.js", "canvas_layer.js", "drawing.js", "popups.js", "panel.js",
    "plan_map.js",
)  # fmt: skip
TIANDITU_KEY = "WANGDIAN_TIANDITU_KEY"
"""Environment variable with the key of the optional Tianditu tiles; without it there are none."""
TIANDITU_HOSTS = "https://*.tianditu.gov.cn"
LARGEST_ZOOM = 18


class Inlined(Element):
    """Text put on the page as it is; branca would read a template out of a plain string."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class PlanScript(MacroElement):
    """Starts the page's own script once folium has made the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}startPlanMap({{ this._parent.get_name() }});{% endmacro %}"
    )


def write_map(plan: Plan, path: Path, lang: str = "zh", *, day: date | None = None) -> None:
    """Write the plan as an interactive map into one HTML file.

    Parameters
    ----------
    path : where to write; the caller moves it into place
    lang : "zh" or "en"
    day : date on the sheet, today if not given

    Raises
    ------
    ValueError
        For an unknown language, or a Tianditu key with characters that no key has.
    OSError
        Where the file cannot be written.
    """
    Path(path).write_text(map_page(plan, lang, day=day), encoding="utf-8")


def map_page(plan: Plan, lang: str = "zh", *, day: date | None = None) -> str:
    """The page as text; see :func:`write_map`."""
    data = map_data(plan, lang, day or datetime.now(tz=UTC).astimezone().date())
    data["bounds"] = finite_bounds(data)
    data["tiles"] = tianditu_tiles(os.environ.get(TIANDITU_KEY, ""))
    chart = _folium_map(data)
    figure: Any = chart.get_root()
    figure.render()  # folium writes its own styles first, so that the sheet's come after them
    for name, text in (("leaflet_css", _leaflet_css()), ("page_css", _page_text("plan_map.css"))):
        figure.header.add_child(Inlined(f"<style>{text}</style>"), name=name)
    figure.header.add_child(Inlined(f"<title>{html.escape(plan.title)}</title>"), name="title")
    figure.header.add_child(Inlined(f"<script>{_leaflet_script()}</script>"), name="leaflet")
    own = "\n".join(_page_text(name) for name in SCRIPTS)
    figure.header.add_child(Inlined(f"<script>{own}</script>"), name="page_script")
    chart.add_child(PlanScript())  # type: ignore[no-untyped-call]  # jinja's macro class
    return _sheet(figure.render(), data, lang)


def _folium_map(data: dict[str, Any]) -> folium.Map:
    bounds = data["bounds"] or [[0.0, 0.0], [0.0, 0.0]]
    chart = folium.Map(
        location=[(bounds[0][k] + bounds[1][k]) / 2 for k in (0, 1)],
        zoom_start=11,
        tiles=None,
        zoom_control=False,
        max_bounds=False,
    )
    chart._id = "plan"  # noqa: SLF001 - folium's random id would make every file different
    chart.default_js, chart.default_css = [], []
    chart.options.update(
        maxZoom=LARGEST_ZOOM, minZoom=5, zoomSnap=0.25, fadeAnimation=False, wheelPxPerZoomLevel=90
    )
    return chart


def _sheet(page: str, data: dict[str, Any], lang: str) -> str:
    """Folium's page with the sheet around its map: title, panel, legend, source line, policy."""
    words = data["words"]
    text = html.escape
    mark = f'<span class="synthetic">{text(words["synthetic"])}</span>' if data["synthetic"] else ""
    notes = [
        f"{words['source']}{words['colon']}{'；'.join(data['sources'])}" if data["sources"] else "",
        f"{words['date']}{words['colon']}{data['date']}",
        words["projection"],
        words["disclaimer"],
        words["no_minor_roads"] if data["roads"]["dropped"] else "",
        words["synthetic_note"] if data["synthetic"] else "",
    ]
    footer = "".join(f"<span>{text(note)}</span>" for note in notes if note)
    area = f'<span class="area">{text(data["area"])}</span>' if data["area"] else ""
    before = f'<header><h1>{text(data["title"])}</h1>{area}{mark}</header><div id="frame">'
    after = (
        f'<aside id="legend" aria-label="{text(words["legend"])}"></aside></div>'
        f'<aside id="panel" aria-label="{text(words["layers"])}"></aside>'
        f"<footer>{footer}</footer>"
        f'<script type="application/json" id="plan-data">{script_json(data)}</script>'
    )
    page = page.replace("<html>", f'<html lang="{"zh-CN" if lang == "zh" else "en"}">', 1)
    page = page.replace("<body>", f"<body>{before}", 1)
    opening, closing = page.rsplit("</body>", 1)
    page = f"{opening}{after}</body>{closing}"
    # HTML knows no NUL; a browser would show a question mark and log a fault.
    page = page.replace("\x00", "\ufffd")
    policy = content_policy(page, tiles=data["tiles"] is not None)
    return page.replace(
        "<head>",
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        1,
    )


def content_policy(page: str, *, tiles: bool) -> str:
    """Only the scripts that stand in ``page`` may run, and nothing may be fetched."""
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = sorted(
        {
            "'sha256-" + base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() + "'"
            for s in scripts
        }
    )
    images = f"data: {TIANDITU_HOSTS}" if tiles else "data:"
    return (
        f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; "
        f"img-src {images}; base-uri 'none'; form-action 'none'"
    )


def tianditu_tiles(key: str) -> dict[str, Any] | None:
    """Tianditu's vector map and its labels, which stand on CGCS2000; None without a key.

    Raises
    ------
    ValueError
        Where the key has characters that no key has, so that it cannot become part of a script.
    """
    if not key:
        return None
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key):
        raise ValueError(
            f"{TIANDITU_KEY} is not a Tianditu key: only letters, digits, - and _ are expected; "
            "copy it again from the console or unset it"
        )
    url = (
        "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        "&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
        "&TileMatrix={{z}}&TileRow={{y}}&TileCol={{x}}&tk=" + key
    )
    return {
        "urls": [url.format(layer=layer) for layer in ("vec", "cva")],
        "subdomains": "01234567",
    }


@cache
def _page_text(name: str) -> str:
    return (PAGE_FOLDER / name).read_text(encoding="utf-8")


@cache
def _leaflet_script() -> str:
    text = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")
    # The source map is another file, which the page does not have.
    return re.sub(r"//# sourceMappingURL=.*", "", text)


@cache
def _leaflet_css() -> str:
    text = (Path(leaflet.BASE_DIR) / "leaflet.css").read_text(encoding="utf-8")
    # Pictures of controls that are not used; their relative addresses lead nowhere from here.
    return re.sub(r"url\([^)]*\)", "none", text)
