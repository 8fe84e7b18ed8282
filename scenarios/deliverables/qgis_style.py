"""QML of each layer: what QGIS shows when the GeoPackage is opened.

Colours are the streams' own for facilities and links; status and coverage differ in shape as well
as in colour, so that a print in grey can still be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import geopandas as gpd

from geodata.screening import KIND_NAMES
from scenarios import wording
from scenarios.deliverables.qgis_fields import name_fields, road_class_names
from scenarios.deliverables.workbook_sheet import clean_text
from scenarios.plan import StreamPlan

UNCOVERED = "#d55e00"
"""Vermilion, as on the map: told from every stream colour by the colour-blind too."""
COVERED = "#4d4d4d"
GREY = "#9a9a9a"


@dataclass(frozen=True)
class Symbol:
    """A symbol of one layer in QGIS's own words (millimetres)."""

    kind: str  # "marker" | "line" | "fill"
    colour: str
    width_mm: float = 0.26
    size_mm: float = 2.0
    shape: str = "circle"
    outline: str = "#ffffff"
    opacity: float = 1.0
    dash: bool = False


@dataclass(frozen=True)
class Category:
    """Rows with this value of the style's column are drawn and named so."""

    value: str
    label: str
    symbol: Symbol
    shown: bool = True
    """Ticked in the legend when the layer is opened."""


STATUS_SHAPES: Mapping[str, str] = {
    "kept": "square",
    "expanded": "diamond",
    "closed": "cross2",
    "new": "circle",
    "not_chosen": "triangle",
}

ROAD_WIDTHS_MM: Mapping[str, float] = {
    "motorway": 0.9,
    "trunk": 0.8,
    "primary": 0.7,
    "secondary": 0.5,
    "tertiary": 0.35,
}

EXCLUSION_COLOURS: Mapping[str, str] = {
    "farmland": "#f1eec2",
    "water": "#a6cee3",
    "water_source": "#5b9bd5",
    "dwelling": "#d9d2c9",
    "red_line": "#e6a8a0",
    "hv_line": "#7f7f7f",
}


SHAPES: Mapping[str, str] = {
    "districts": "Polygon",
    "exclusions": "Polygon",
    "exclusion_lines": "Line",
    "roads": "Line",
    "service_areas": "Polygon",
    "links": "Line",
    "candidates": "Point",
    "villages": "Point",
    "facilities": "Point",
}
"""What each layer holds, in QGIS's words; it passes over a style made for another shape."""

_SHAPE_CODES = {"Point": "0", "Line": "1", "Polygon": "2"}
_LABEL_SIZES = {"facilities": 8, "districts": 10}


def layer_style(
    name: str, table: gpd.GeoDataFrame, streams: Sequence[StreamPlan], lang: str
) -> str:
    """QML of a layer: renderer, labels and field aliases."""
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling|Fields")
    dress(root, name, table, streams, lang)
    text = ET.tostring(root, encoding="unicode")
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + text


def dress(
    element: ET.Element,
    name: str,
    table: gpd.GeoDataFrame,
    streams: Sequence[StreamPlan],
    lang: str,
) -> None:
    """Give a QML document or a project's layer the style of a layer of the plan.

    Parameters
    ----------
    streams : those that the legend tells apart
    """
    element.append(_renderer(name, table, streams, lang))
    if name in _LABEL_SIZES:
        element.set("labelsEnabled", "1")
        element.append(_labels(_LABEL_SIZES[name]))
    name_fields(element, table, streams, lang)
    ET.SubElement(element, "layerGeometryType").text = _SHAPE_CODES[SHAPES[name]]


def _renderer(
    name: str, table: gpd.GeoDataFrame, streams: Sequence[StreamPlan], lang: str
) -> ET.Element:
    drawn: dict[str, tuple[str, str, Callable[[], list[Category]]]] = {
        "facilities": (
            "concat(stream, '|', status)",
            "marker",
            lambda: _facility_categories(streams, lang),
        ),
        "villages": ("served", "marker", lambda: _village_categories(lang)),
        "links": ("stream", "line", lambda: _stream_categories(streams, lang, "line")),
        "service_areas": ("stream", "fill", lambda: _stream_categories(streams, lang, "fill")),
        "candidates": ("kept", "marker", lambda: _candidate_categories(lang)),
        "roads": ("class", "line", lambda: _road_categories(table, lang)),
        "exclusions": ("kind", "fill", lambda: _exclusion_categories(table, lang, "fill")),
        "exclusion_lines": ("kind", "line", lambda: _exclusion_categories(table, lang, "line")),
    }
    if name in drawn:
        column, kind, categories = drawn[name]
        return _categorized(column, categories(), kind)
    return _single(Symbol("fill", "#ffffff", width_mm=0.4, outline="#8a6d3b", opacity=0.0))


def _facility_categories(streams: Sequence[StreamPlan], lang: str) -> list[Category]:
    _ = wording.translator(lang)
    return [
        Category(
            f"{stream.profile.id}|{status}",
            f"{stream.profile.name.in_language(lang)} · {_(wording.STATUS_NAMES[status])}",
            Symbol(
                "marker",
                GREY if status in {"closed", "not_chosen"} else stream.profile.colour,
                size_mm=2.0 if status == "not_chosen" else 3.4,
                shape=shape,
            ),
            # Every candidate of every stream: they hide what was decided.
            shown=status != "not_chosen",
        )
        for stream in streams
        for status, shape in STATUS_SHAPES.items()
    ]


def _village_categories(lang: str) -> list[Category]:
    _ = wording.translator(lang)
    return [
        Category("true", _("covered village"), Symbol("marker", COVERED, size_mm=1.4)),
        Category(
            "false",
            _("uncovered village"),
            Symbol("marker", UNCOVERED, size_mm=2.6, shape="diamond"),
        ),
    ]


def _stream_categories(streams: Sequence[StreamPlan], lang: str, kind: str) -> list[Category]:
    return [
        Category(
            stream.profile.id,
            stream.profile.name.in_language(lang),
            Symbol(
                kind,
                stream.profile.colour,
                outline=stream.profile.colour,
                width_mm=0.15,
                opacity=0.18 if kind == "fill" else 0.6,
            ),
            # Areas of several streams lie one over another: the first is ticked, the rest at hand.
            shown=kind != "fill" or stream is streams[0],
        )
        for stream in streams
    ]


def _candidate_categories(lang: str) -> list[Category]:
    _ = wording.translator(lang)
    return [
        Category(
            "true",
            _("candidate, kept"),
            Symbol("marker", "#ffffff", size_mm=1.6, outline="#4d4d4d"),
        ),
        Category(
            "false", _("candidate, dropped"), Symbol("marker", GREY, size_mm=1.6, shape="cross2")
        ),
    ]


def _road_categories(table: gpd.GeoDataFrame, lang: str) -> list[Category]:
    return [
        Category(
            name,
            words,
            Symbol("line", "#b9863d" if name in ROAD_WIDTHS_MM else "#b0b0b0",
                   width_mm=ROAD_WIDTHS_MM.get(name, 0.2)),
        )
        for name, words in road_class_names(table, lang).items()
    ]  # fmt: skip


def _exclusion_categories(table: gpd.GeoDataFrame, lang: str, symbol: str) -> list[Category]:
    _ = wording.translator(lang)
    kinds = sorted({clean_text(one) for one in table["kind"].dropna()})
    return [
        Category(
            kind,
            _(KIND_NAMES.get(kind, kind)),
            Symbol(symbol, EXCLUSION_COLOURS.get(kind, "#cccccc"), outline="#9a9a9a", opacity=0.6),
        )
        for kind in kinds
    ]


def _single(symbol: Symbol) -> ET.Element:
    renderer = ET.Element("renderer-v2", type="singleSymbol", enableorderby="0", forceraster="0")
    ET.SubElement(renderer, "symbols").append(_symbol("0", symbol))
    return renderer


def _categorized(column: str, categories: Sequence[Category], kind: str) -> ET.Element:
    renderer = ET.Element(
        "renderer-v2", type="categorizedSymbol", attr=column, enableorderby="0", forceraster="0"
    )
    listed = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for k, category in enumerate(categories):
        ET.SubElement(
            listed,
            "category",
            value=category.value,
            label=category.label,
            symbol=str(k),
            render=str(category.shown).lower(),
        )
        symbols.append(_symbol(str(k), category.symbol))
    other = Symbol(kind, GREY, opacity=0.5, outline=GREY)
    ET.SubElement(listed, "category", value="", label="", symbol="other", render="true")
    symbols.append(_symbol("other", other))
    return renderer


def _symbol(name: str, symbol: Symbol) -> ET.Element:
    opacity = symbol.opacity or 1.0  # nought means "outline only", see _properties
    element = ET.Element(
        "symbol", type=symbol.kind, name=name, alpha=f"{opacity:g}", clip_to_extent="1"
    )
    layers = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}
    layer = ET.SubElement(
        element,
        "layer",
        {"class": layers[symbol.kind], "enabled": "1", "locked": "0", "pass": "0"},
    )
    options = ET.SubElement(layer, "Option", type="Map")
    for key, value in _properties(symbol).items():
        ET.SubElement(options, "Option", type="QString", name=key, value=value)
    return element


def _properties(symbol: Symbol) -> dict[str, str]:
    """What QGIS calls the parts of a simple symbol."""
    width = f"{symbol.width_mm:g}"
    if symbol.kind == "line":
        return {
            "line_color": rgba(symbol.colour),
            "line_width": width,
            "line_width_unit": "MM",
            "line_style": "dash" if symbol.dash else "solid",
            "capstyle": "round",
            "joinstyle": "round",
        }
    shared = {
        "color": rgba(symbol.colour),
        "outline_color": rgba(symbol.outline),
        "outline_width": width,
        "outline_width_unit": "MM",
        "outline_style": "solid",
    }
    if symbol.kind == "fill":
        hollow = symbol.opacity == 0.0
        return {**shared, "style": "no" if hollow else "solid"}
    return {**shared, "name": symbol.shape, "size": f"{symbol.size_mm:g}", "size_unit": "MM"}


def rgba(colour: str) -> str:
    """``#rrggbb`` as QGIS writes it."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"{red},{green},{blue},255"


def _labels(size: int) -> ET.Element:
    labeling = ET.Element("labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName="name",
        fontSize=str(size),
        fontFamily="Noto Sans CJK SC",
        textColor="50,50,50,255",
        isExpression="0",
    )
    ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferColor="255,255,255,255",
    )
    # Townships cover all of the map: as obstacles they would leave no room for other names.
    ET.SubElement(settings, "rendering", obstacle="0", drawLabels="1")
    return labeling
