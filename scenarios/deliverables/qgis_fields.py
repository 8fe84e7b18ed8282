"""Field names and coded values of the GeoPackage's layers in the words that a reader sees in QGIS.

The tables hold the codes that programs read (``new``, ``village_point``); QGIS shows the words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

import geopandas as gpd

from geodata.faults import N_
from geodata.roads.classes import SPEED_CLASS_NAMES_ZH, is_known, speed_class
from geodata.screening import KIND_NAMES
from scenarios import wording
from scenarios.deliverables.workbook_sheet import clean_text
from scenarios.plan import StreamPlan

FIELD_NAMES: Mapping[str, str] = {
    "id": N_("Id"),
    "name": N_("Name"),
    "stream": N_("Stream"),
    "tier": N_("Type / level"),
    "district": N_("Township"),
    "village": N_("Village"),
    "status": N_("Status in the plan"),
    "state": N_("Present state"),
    "size": N_("Size"),
    "capacity_t_per_yr": N_("Design capacity (t/yr)"),
    "throughput_t_per_yr": N_("Tonnes taken (t/yr)"),
    "load_rate": N_("Load rate"),
    "land_m2": N_("Land area (m²)"),
    "investment_wan_cny": N_("Investment (10,000 CNY)"),
    "n_served": N_("Points served"),
    "population_served": N_("Population served"),
    "mean_impedance": N_("Mean distance"),
    "worst_impedance": N_("Farthest"),
    "phase": N_("Phase"),
    "responsible": N_("Responsible body"),
    "population": N_("Population"),
    "demand_t_per_yr": N_("Amount (t/yr)"),
    "demand_basis": N_("Basis of the amount"),
    "served": N_("Served"),
    "facility_id": N_("Id of its site"),
    "facility_name": N_("Served by"),
    "impedance": N_("Road distance"),
    "straight_m": N_("Straight line (m)"),
    "snap_m": N_("Access to the road (m)"),
    "within_radius": N_("Within the radius"),
    "reason": N_("Reason"),
    "from_id": N_("From"),
    "to_id": N_("To"),
    "unit": N_("Unit"),
    "share": N_("Share"),
    "tonnes_per_yr": N_("Tonnes (t/yr)"),
    "kind": N_("Kind"),
    "kept": N_("Kept"),
    "dropped_by": N_("Dropped by"),
    "class": N_("Road class"),
    "measured": N_("Distance measured as"),
}
"""Names of the columns that a reader sees."""

CODES: Mapping[str, Mapping[str, str]] = {
    "status": wording.STATUS_NAMES,
    "state": wording.STATE_NAMES,
    "reason": wording.UNSERVED_REASONS,
    "demand_basis": wording.DEMAND_BASES,
    "measured": wording.METRIC_NAMES,
    "kind": KIND_NAMES,
}
"""Columns of codes that mean the same in every stream."""


def name_fields(
    element: ET.Element, table: gpd.GeoDataFrame, streams: Sequence[StreamPlan], lang: str
) -> None:
    """Add the columns' names, and words for their codes, to a layer's style.

    Parameters
    ----------
    element : a QML document or a project's layer
    streams : those whose rows the layer holds
    """
    _ = wording.translator(lang)
    aliases = ET.SubElement(element, "aliases")
    widgets = ET.SubElement(element, "fieldConfiguration")
    words = _words_of_codes(table, streams, lang)
    columns = [str(one) for one in table.columns if one != table.geometry.name]
    for index, column in enumerate(columns):
        name = _(FIELD_NAMES.get(column, column))
        ET.SubElement(aliases, "alias", field=column, index=str(index), name=name)
        if words.get(column):
            field = ET.SubElement(widgets, "field", name=column)
            field.append(_value_map(words[column]))


def road_class_names(table: gpd.GeoDataFrame, lang: str) -> dict[str, str]:
    """The road classes of a table and what they are called."""
    classes = sorted({clean_text(one) for one in table["class"].dropna()})
    return {
        name: SPEED_CLASS_NAMES_ZH[speed_class(name)] if lang == "zh" and is_known(name) else name
        for name in classes
    }


def _words_of_codes(
    table: gpd.GeoDataFrame, streams: Sequence[StreamPlan], lang: str
) -> dict[str, dict[str, str]]:
    """Column -> code -> words."""
    _ = wording.translator(lang)
    found = {column: {code: _(name) for code, name in names.items()}
             for column, names in CODES.items() if column in table}  # fmt: skip
    found["stream"] = {one.profile.id: one.profile.name.in_language(lang) for one in streams}
    found["tier"] = _tier_names(streams, lang)
    if "class" in table:
        found["class"] = road_class_names(table, lang)
    return found


def _tier_names(streams: Sequence[StreamPlan], lang: str) -> dict[str, str]:
    """Tiers by id; one id may stand for tiers of several streams, which are then all named."""
    names: dict[str, list[str]] = defaultdict(list)
    for stream in streams:
        for tier in stream.profile.tiers:
            name = tier.name.in_language(lang)
            if name not in names[tier.id]:
                names[tier.id].append(name)
    return {key: " / ".join(several) for key, several in names.items()}


def _value_map(words: Mapping[str, str]) -> ET.Element:
    """QGIS's widget that shows words for the values of a field."""
    widget = ET.Element("editWidget", type="ValueMap")
    config = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
    listed = ET.SubElement(config, "Option", type="List", name="map")
    for code, name in words.items():
        one = ET.SubElement(listed, "Option", type="Map")
        ET.SubElement(one, "Option", type="QString", name=name, value=code)
    return widget
