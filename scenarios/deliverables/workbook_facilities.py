"""设施一览表: the facility table with the columns that planners hand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from geodata.screening import KIND_NAMES
from scenarios import wording
from scenarios.answers import is_open, shown_state
from scenarios.deliverables.workbook_sheet import A3, Block, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import (
    PLANNING_ASSUMPTION,
    Subject,
    text_or_blank,
    tier_by_id,
    tier_units,
)
from scenarios.plan import StreamPlan
from scenarios.schema import ScreeningRule, Tier

CGCS2000 = "EPSG:4490"
DAYS_PER_YR = 365
NAMES_SHOWN = 30
"""So many served names stand in a cell; the village table has all."""


def facilities_sheet(subject: Subject) -> Sheet:
    """Every site that stands in the plan or closes under it."""
    _ = subject.translate
    return Sheet(
        name=_("Facility table"),
        notes=(
            _("Yellow cells are not known here and are for the planner to fill in."),
            _(
                "Protective distances are those the candidates were screened by; the approval of "
                "the project decides."
            ),
        ),
        blocks=(Block(_columns(subject), _rows(subject)),),
        paper=A3,
    )


def _columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("No."), Kind.COUNT, 6),
        Column(_("Stream"), Kind.WRAPPED, 12),
        Column(_("Facility name"), Kind.WRAPPED, 18),
        Column(_("Type / level"), Kind.WRAPPED, 12),
        Column(_("Township"), Kind.WRAPPED, 9),
        Column(_("Village (the nearest where not stated)"), Kind.WRAPPED, 11, to_fill=True),
        Column(_("Longitude (CGCS2000)"), Kind.DEGREE, 11),
        Column(_("Latitude (CGCS2000)"), Kind.DEGREE, 11),
        Column(_("Land area (m²)"), Kind.COUNT, 8, to_fill=True),
        Column(_("Land area (mu)"), Kind.AMOUNT, 8, to_fill=True),
        Column(_("Land-use category"), Kind.WRAPPED, 8, to_fill=True),
        Column(_("Size class"), Kind.WRAPPED, 12),
        Column(_("Design capacity (t/yr)"), Kind.AMOUNT, 10),
        Column(_("Design capacity (t/day, 365 days)"), Kind.AMOUNT, 10),
        Column(_("Tonnes taken (t/yr)"), Kind.AMOUNT, 10),
        Column(_("Load rate"), Kind.PERCENT, 9),
        Column(_("Service area"), Kind.WRAPPED, 36),
        Column(_("Points or sites served"), Kind.COUNT, 9),
        Column(_("Population served"), Kind.COUNT, 8),
        Column(_("Mean distance (km)"), Kind.KILOMETRE, 9),
        Column(_("Farthest (km)"), Kind.KILOMETRE, 9),
        Column(_("Distance measured as"), Kind.WRAPPED, 10),
        Column(_("Protective distance"), Kind.WRAPPED, 28, to_fill=True),
        Column(_("Status"), Kind.WRAPPED, 9),
        Column(_("Present state"), Kind.WRAPPED, 9),
        Column(_("Phase"), Kind.WRAPPED, 8, to_fill=True),
        Column(_("Investment (10,000 CNY)"), Kind.AMOUNT, 9, to_fill=True),
        Column(_("Responsible body"), Kind.WRAPPED, 12, to_fill=True),
        Column(_("Id"), Kind.WRAPPED, 14),
    )


def _rows(subject: Subject) -> Iterator[Row]:
    number = 0
    for stream in subject.plan.streams.values():
        areas = _service_areas(subject, stream)
        table = listed_facilities(stream)
        where = table.geometry.to_crs(CGCS2000)
        units, tiers = tier_units(stream), tier_by_id(stream)
        distances = {tier.id: protective_distance(subject, tier) for tier in tiers.values()}
        for row, point in zip(table.itertuples(index=False), where, strict=True):
            number += 1
            yield (
                number,
                subject.stream_name(stream),
                *_identity(subject, row, point, tiers[row.tier]),
                *_load(subject, row, tiers[row.tier]),
                areas.get((row.tier, row.id), ""),
                *_service(subject, row, tiers[row.tier], units.get(row.tier, "m")),
                "" if row.status == "closed" else distances[row.tier],
                *_course(subject, row),
            )


def listed_facilities(stream: StreamPlan) -> gpd.GeoDataFrame:
    """Open sites, then those that close, by tier as the profile has them."""
    table = stream.facilities
    order = {tier.id: position for position, tier in enumerate(stream.profile.tiers)}
    closed = table["status"] == "closed"
    listed = table.assign(_tier=table["tier"].map(order), _closed=closed)
    listed = listed[(is_open(table["status"]) | closed).to_numpy(bool)]
    listed = listed.sort_values(["_tier", "_closed"], kind="stable")
    return listed.drop(columns=["_tier", "_closed"])


def _identity(subject: Subject, row: Any, point: Any, tier: Tier) -> Row:
    """Name to land use."""
    district = text_or_blank(row.district)
    known = wording.is_number(row.land_m2)
    return (
        text_or_blank(row.name) or str(row.id),
        subject.tier_name(tier),
        district,
        text_or_blank(row.village) or subject.nearest_village(point.x, point.y, district),
        point.x,
        point.y,
        row.land_m2,
        row.land_m2 / wording.MU_M2 if known else None,
        None,
    )


def _load(subject: Subject, row: Any, tier: Tier) -> Row:
    """Size to load rate."""
    capacity = row.capacity_t_per_yr
    known = wording.is_number(capacity)
    return (
        size_name(tier, text_or_blank(row.size), subject.lang),
        capacity if known else subject.translate("unlimited"),
        capacity / DAYS_PER_YR if known else None,
        row.throughput_t_per_yr,
        row.load_rate,
    )


def _service(subject: Subject, row: Any, tier: Tier, unit: str) -> Row:
    """Who is served and how far."""
    return (
        row.n_served,
        row.population_served,
        subject.distance(row.mean_impedance, unit),
        subject.distance(row.worst_impedance, unit),
        subject.metric_name(tier),
    )


def _course(subject: Subject, row: Any) -> Row:
    """Status to id."""
    _ = subject.translate
    state = shown_state(text_or_blank(row.state), row.status)
    return (
        _(wording.STATUS_NAMES.get(row.status, row.status)),
        _(wording.STATE_NAMES.get(state, state)),
        text_or_blank(row.phase),
        row.investment_wan_cny,
        text_or_blank(row.responsible),
        str(row.id),
    )


def size_name(tier: Tier, name: str, lang: str) -> str:
    """A size in the reader's language; tables hold the Chinese name."""
    option = next((one for one in tier.sizes if one.name.zh == name), None)
    return name if option is None else option.name.in_language(lang)


def protective_distance(subject: Subject, tier: Tier) -> str:
    """The tier's setbacks in words, a planning assumption marked as such."""
    separator = "；" if subject.lang == "zh" else "; "
    return separator.join(setback_text(subject, rule) for rule in tier.screening)


def setback_text(subject: Subject, rule: ScreeningRule) -> str:
    """One setback, e.g. 距居民点 ≥ 50 m（规划取值（非规范条文））."""
    _ = subject.translate
    kind = _(KIND_NAMES.get(rule.kind, rule.kind))
    if rule.setback_m > 0:
        words = _("{kind} ≥ {metres} m").format(kind=kind, metres=f"{rule.setback_m:g}")
    else:
        words = _("not inside {kind}").format(kind=kind)
    if rule.evidence in PLANNING_ASSUMPTION:
        words = _("{words} ({mark})").format(
            words=words, mark=_(wording.EVIDENCE_NAMES["recalled"])
        )
    return words


def _service_areas(subject: Subject, stream: StreamPlan) -> Mapping[tuple[str, str], str]:
    """``(tier, site)`` -> what it serves by township, e.g. 荻汀镇：大史堤口村、白营村."""
    served = pd.concat([stream.demand[["id", "name", "district"]],
                        stream.facilities[["id", "name", "district"]]])  # fmt: skip
    served = served.drop_duplicates("id").set_index("id")
    pairs = stream.assignments[["tier", "to_id", "from_id"]].join(served, on="from_id")
    return {
        (str(tier), str(site)): _by_district(subject, group)
        for (tier, site), group in pairs.groupby(["tier", "to_id"], sort=False)
    }


def _by_district(subject: Subject, group: pd.DataFrame) -> str:
    _ = subject.translate
    parts: dict[str, list[str]] = {}
    for name, district, one in zip(
        group["name"].head(NAMES_SHOWN), group["district"], group["from_id"], strict=False
    ):
        parts.setdefault(text_or_blank(district), []).append(text_or_blank(name) or str(one))
    said = [
        _("{township}: {names}").format(township=district, names=subject.joined(names))
        if district else subject.joined(names)
        for district, names in parts.items()
    ]  # fmt: skip
    text = ("；" if subject.lang == "zh" else "; ").join(said)
    if len(group) > NAMES_SHOWN:
        text += _(" and {count} more").format(count=len(group) - NAMES_SHOWN)
    return text
