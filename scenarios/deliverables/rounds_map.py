"""Rounds on one map page that needs no network: a colour a lorry, arrows, stop numbers, days."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import shapely
from branca.element import MacroElement
from jinja2 import Template

from scenarios.deliverables.map import (
    LARGEST_ZOOM,
    PAGE_FOLDER,
    Inlined,
    _leaflet_css,
    _leaflet_script,
    content_policy,
)
from scenarios.deliverables.map_data import script_json
from scenarios.rounds import RoundsPlan
from scenarios.rounds_split import StreamSplit
from scenarios.rounds_tables import StreamRounds
from scenarios.rounds_words import KIND_NAMES, clock, day_names, unserved_lines
from scenarios.sizes import WAN
from scenarios.wording import number, quantity, translator

COLOURS = (
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2",
    "#bcbd22", "#393b79", "#637939", "#843c39", "#7b4173", "#3182bd", "#e6550d", "#31a354",
)  # fmt: skip
"""Told apart on paper and by most colour-blind readers; lorries next to each other differ."""
DECIMALS = 5
"""Of a degree: about 1 m."""
LARGEST_BACKDROP = 6_000
"""Road lines behind the rounds; more would slow the page and say nothing."""


class RoundsScript(MacroElement):
    """Starts the page's own script once folium has made the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "startRoundsMap({{ this._parent.get_name() }});"
        "{% endmacro %}"
    )


def write_rounds_map(rounds: RoundsPlan, path: Path, lang: str = "zh") -> None:
    """Write the rounds as an interactive map into one HTML file."""
    Path(path).write_text(rounds_page(rounds, lang), encoding="utf-8")


def rounds_page(rounds: RoundsPlan, lang: str = "zh") -> str:
    """The page as text."""
    data = rounds_map_data(rounds, lang)
    chart = folium.Map(
        location=data["centre"], zoom_start=11, tiles=None, zoom_control=True, max_bounds=False,
        prefer_canvas=True,
    )  # fmt: skip
    chart._id = "rounds"  # noqa: SLF001 - folium's random id would make every file different
    chart.default_js, chart.default_css = [], []
    chart.options.update(maxZoom=LARGEST_ZOOM, minZoom=5, zoomSnap=0.25, fadeAnimation=False)
    figure: Any = chart.get_root()
    figure.render()
    for name, text in (("leaflet_css", _leaflet_css()), ("page_css", _text("rounds_map.css"))):
        figure.header.add_child(Inlined(f"<style>{text}</style>"), name=name)
    title = html.escape(rounds.plan.title)
    figure.header.add_child(Inlined(f"<title>{title}</title>"), name="title")
    figure.header.add_child(Inlined(f"<script>{_leaflet_script()}</script>"), name="leaflet")
    own = Inlined(f"<script>{_text('rounds_map.js')}</script>")
    figure.header.add_child(own, name="page_script")
    chart.add_child(RoundsScript())  # type: ignore[no-untyped-call]  # jinja's macro class
    return _framed(figure.render(), data, lang)


def _text(name: str) -> str:
    return (PAGE_FOLDER / name).read_text(encoding="utf-8")


def _framed(page: str, data: dict[str, Any], lang: str) -> str:
    words = data["words"]
    mark = f'<span class="synthetic">{html.escape(words["synthetic"])}</span>'
    head = html.escape(f"{data['title']} · {words['rounds']}")
    before = f"<header><h1>{head}</h1>{mark if data['synthetic'] else ''}</header>"
    after = (
        '<aside id="panel"></aside>'
        f'<script type="application/json" id="rounds-data">{script_json(data)}</script>'
    )
    page = page.replace("<html>", f'<html lang="{"zh-CN" if lang == "zh" else "en"}">', 1)
    page = page.replace("<body>", f"<body>{before}", 1)
    opening, closing = page.rsplit("</body>", 1)
    page = f"{opening}{after}</body>{closing}".replace("\x00", "\ufffd")
    policy = content_policy(page, tiles=False)
    opened = (
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    )
    return page.replace("<head>", opened, 1)


def rounds_map_data(rounds: RoundsPlan, lang: str) -> dict[str, Any]:
    """What the page's script draws, as plain values."""
    _ = translator(lang)
    every = [one.rounds for one in rounds.streams.values()]
    bounds = [
        float(edge)
        for edge in (
            min((t.total_bounds[0] for t in every if len(t)), default=0.0),
            min((t.total_bounds[1] for t in every if len(t)), default=0.0),
            max((t.total_bounds[2] for t in every if len(t)), default=0.0),
            max((t.total_bounds[3] for t in every if len(t)), default=0.0),
        )
    ]
    west, south, east, north = bounds
    return {
        "title": rounds.plan.title,
        "synthetic": rounds.plan.synthetic,
        "bounds": [[south, west], [north, east]],
        "centre": [(south + north) / 2, (west + east) / 2],
        "roads": _backdrop(rounds.plan.roads),
        "streams": [_stream(one, lang) for one in rounds.streams.values()],
        "words": {
            "rounds": _("collection rounds"), "day": _("Day"), "stream": _("Stream"),
            "lorries": _("Lorries"), "all": _("show all"), "none": _("hide all"),
            "synthetic": _("Synthetic data: places and figures are made up"),
            "unserved": _("Stops not served"), "arrives": _("Arrives"), "leaves": _("Leaves"),
            "on_board": _("On board (t)"), "stores": _("Shared stores"),
            "ways": _("Side by side"),
            "hint": _("Click a lorry to see its round alone"),
            **{kind: _(KIND_NAMES[kind]) for kind in ("depot", "disposal")},
        },
    }  # fmt: skip


def _backdrop(roads: gpd.GeoDataFrame) -> list[list[list[float]]]:
    if len(roads) == 0:
        return []
    rank = roads["class"].astype(str).isin(["village", "street", "service", "track", "path"])
    shown = roads[~rank].geometry.head(LARGEST_BACKDROP).simplify(1e-4)
    return [_points(line) for line in shown if line.geom_type == "LineString"]


def _points(line: shapely.LineString) -> list[list[float]]:
    return [[round(y, DECIMALS), round(x, DECIMALS)] for x, y, *_ in line.coords]


def _stream(one: StreamRounds, lang: str) -> dict[str, Any]:
    lorries = list(dict.fromkeys(one.rounds["lorry"].astype(str)))
    at = {name: k for k, name in enumerate(lorries)}
    return {
        "name": one.case.stream.profile.name.in_language(lang),
        "days": day_names(one, lang),
        "lorries": [
            {"name": name, "colour": COLOURS[k % len(COLOURS)]} for k, name in enumerate(lorries)
        ],
        "rounds": [
            {
                "day": int(row.day),
                "lorry": at[str(row.lorry)],
                "line": _points(row.geometry),
                "facts": _facts(row, lang),
                "calls": _calls(one, str(row.round_id), lang),
            }
            for row in one.rounds.itertuples()
        ],
        "unserved": _unserved(one, lang),
        "stores": [] if one.split is None else _stores(one.split, lang),
        "brings": []
        if one.split is None
        else [_points(line) for line in one.split.brings.geometry],
        "ways": [] if one.split is None else _ways(one.split, lang),
    }


def _stores(split: StreamSplit, lang: str) -> list[dict[str, Any]]:
    _ = translator(lang)
    text = _("{producers} producers bring {tonnes} t a year")
    return [
        {
            "name": str(row.name),
            "facts": text.format(producers=row.producers, tonnes=number(row.t_per_yr, 1)),
            "at": [round(row.geometry.y, DECIMALS), round(row.geometry.x, DECIMALS)],
        }
        for row in split.stores.itertuples(index=False)
    ]


def _ways(split: StreamSplit, lang: str) -> list[dict[str, str]]:
    """The ways side by side, as the panel shows them."""
    _ = translator(lang)
    names = split.names(lang)
    text = _("{stores} stores, {bring} bring, {visited} visited")
    return [
        {
            "name": names[key],
            "cost": quantity(one.cost_cny / WAN, "wan_cny_per_yr", lang, 1),
            "facts": text.format(
                stores=int(one.opened.sum()), bring=int((one.store_of >= 0).sum()),
                visited=int((one.store_of < 0).sum()),
            ),
        }
        for key, one in split.rows()
    ]  # fmt: skip


def _facts(row: Any, lang: str) -> str:
    _ = translator(lang)
    return _("{stops} stops, {trips} trips, {km} km, {tonnes} t, {leaves} to {returns}").format(
        stops=row.stops, trips=row.trips, km=number(row.km, 1), tonnes=number(row.tonnes, 1),
        leaves=clock(row.leaves_s), returns=clock(row.returns_s),
    )  # fmt: skip


def _calls(one: StreamRounds, round_id: str, lang: str) -> list[dict[str, Any]]:
    _ = translator(lang)
    rows: Sequence[Any] = list(one.calls[one.calls["round_id"] == round_id].itertuples())
    return [
        {
            "n": None if row.order is None or row.order != row.order else int(row.order),
            "kind": row.kind,
            "what": _(KIND_NAMES[row.kind]),
            "name": row.name,
            "at": [round(row.geometry.y, DECIMALS), round(row.geometry.x, DECIMALS)],
            "arrives": clock(row.arrive_s),
            "leaves": clock(row.leave_s),
            "load": round(float(row.load_t), 3),
        }
        for row in rows
    ]


def _unserved(one: StreamRounds, lang: str) -> list[dict[str, Any]]:
    place = one.case.stops.set_index("id").geometry.representative_point()
    return [
        {
            "name": str(row.name),
            "reason": str(row.reason_text),
            "at": [round(place[row.id].y, DECIMALS), round(place[row.id].x, DECIMALS)],
        }
        for row in unserved_lines(one, lang)[["id", "name", "reason_text"]].itertuples(index=False)
    ]
