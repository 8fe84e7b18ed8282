"""村庄, 乡镇汇总 and 未覆盖村: who is served from where, by village and by township."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from scenarios import wording
from scenarios.answers import is_open
from scenarios.deliverables.workbook_sheet import Block, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import Subject, share, text_or_blank, tier_units
from scenarios.plan import StreamPlan
from scenarios.reasons import reason_lines


def villages_sheet(subject: Subject) -> Sheet:
    """A row for every point of every stream."""
    _ = subject.translate
    columns = (
        Column(_("Stream"), width=20),
        Column(_("Township"), width=12),
        Column(_("Village or point"), width=24),
        Column(_("Population"), Kind.COUNT, 10),
        Column(_("Amount (t/yr)"), Kind.AMOUNT, 12),
        Column(_("Basis of the amount"), width=10),
        Column(_("Covered today"), width=9),
        Column(_("Served"), width=9),
        Column(_("Served by"), width=28),
        Column(_("Distance (km)"), Kind.KILOMETRE, 10),
        Column(_("Straight line (km)"), Kind.KILOMETRE, 10),
        Column(_("Distance measured as"), width=18),
        Column(_("Access to the road (m)"), Kind.COUNT, 11),
        Column(_("Within the radius"), width=10),
        Column(_("Reason"), width=24),
        Column(_("Id"), width=12),
        Column(_("Id of its site"), width=24),
    )
    return Sheet(_("Villages"), (Block(columns, _village_rows(subject)),))


def _village_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    bases = {key: _(words) for key, words in wording.DEMAND_BASES.items()}
    for stream in subject.plan.streams.values():
        name, first = subject.stream_name(stream), stream.profile.tiers[0]
        unit = tier_units(stream).get(first.id, "m")
        measured = _measured(stream)
        uncovered = _uncovered_today(stream)
        for row in stream.demand.itertuples(index=False):
            way = measured.get((row.id, row.facility_id), "")
            yield (
                name,
                text_or_blank(row.district),
                text_or_blank(row.name) or str(row.id),
                row.population,
                row.demand_t_per_yr,
                bases.get(row.demand_basis, row.demand_basis),
                None if uncovered is None else subject.yes_no(row.id not in uncovered),
                subject.yes_no(row.served),
                text_or_blank(row.facility_name) or text_or_blank(row.facility_id),
                subject.distance(row.impedance, unit),
                subject.distance(row.straight_m, "m"),
                subject.metric_name(first, way) if row.served else "",
                row.snap_m,
                subject.yes_no(row.within_radius),
                _reason(subject, row),
                str(row.id),
                text_or_blank(row.facility_id),
            )


def _measured(stream: StreamPlan) -> dict[tuple[str, str], str]:
    """``(point, site)`` -> how the way between them was measured."""
    flows = stream.assignments
    if "measured" not in flows:
        return {}
    keys = zip(flows["from_id"], flows["to_id"], strict=True)
    return dict(zip(keys, flows["measured"], strict=True))


def _uncovered_today(stream: StreamPlan) -> set[str] | None:
    """Ids of the points that the present state leaves out; None where it was not assessed."""
    tiers = stream.assessment.get("tiers", ())
    return set(tiers[0]["shortfall"]["village_ids"]) if tiers else None


def _reason(subject: Subject, row: Any) -> str:
    reason = text_or_blank(row.reason)
    return subject.translate(wording.UNSERVED_REASONS.get(reason, reason))


def uncovered_sheet(subject: Subject) -> Sheet:
    """Points without a site, why, and what would change it."""
    _ = subject.translate
    columns = (
        Column(_("No."), Kind.COUNT, 6),
        Column(_("Stream"), width=22),
        Column(_("Township"), width=14),
        Column(_("Village or point"), width=26),
        Column(_("Population"), Kind.COUNT, 11),
        Column(_("Amount (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Reason"), width=34),
        Column(_("Longitude (CGCS2000)"), Kind.DEGREE, 13),
        Column(_("Latitude (CGCS2000)"), Kind.DEGREE, 13),
        Column(_("Access to the road (m)"), Kind.COUNT, 12),
        Column(_("Id"), width=14),
    )
    rows = list(_uncovered_rows(subject))
    notes = tuple(reason_lines(subject.plan, subject.lang))
    if not rows:
        notes = (_("Every point of every stream is served."), *notes)
    return Sheet(_("Uncovered villages"), (Block(columns, rows),), notes)


def _uncovered_rows(subject: Subject) -> Iterator[Row]:
    number = 0
    for stream in subject.plan.streams.values():
        table = stream.demand[~stream.demand["served"].to_numpy(bool)]
        where = table.geometry.to_crs("EPSG:4490")
        for row, point in zip(table.itertuples(index=False), where, strict=True):
            number += 1
            yield (
                number,
                subject.stream_name(stream),
                text_or_blank(row.district),
                text_or_blank(row.name) or str(row.id),
                row.population,
                row.demand_t_per_yr,
                _reason(subject, row),
                point.x,
                point.y,
                row.snap_m,
                str(row.id),
            )


def districts_sheet(subject: Subject) -> Sheet:
    """乡镇汇总: demand, service and sites of each township, and each stream's total."""
    _ = subject.translate
    columns = (
        Column(_("Stream"), width=24),
        Column(_("Township"), width=16),
        Column(_("Villages or points"), Kind.COUNT, 10),
        Column(_("Population"), Kind.COUNT, 12),
        Column(_("Amount (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Points served"), Kind.COUNT, 10),
        Column(_("Share of points served"), Kind.PERCENT, 10),
        Column(_("Points not served"), Kind.COUNT, 10),
        Column(_("Mean distance (km)"), Kind.KILOMETRE, 10),
        Column(_("Farthest (km)"), Kind.KILOMETRE, 10),
        Column(_("Sites in the township"), Kind.COUNT, 10),
        Column(_("of which new"), Kind.COUNT, 9),
        Column(_("Design capacity (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Tonnes taken (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Land of new sites (m²)"), Kind.COUNT, 12),
        Column(_("Investment (10,000 CNY)"), Kind.AMOUNT, 12),
    )
    rows: list[Row] = []
    totals: list[Row] = []
    for stream in subject.plan.streams.values():
        summary = district_summary(stream)
        unit = tier_units(stream).get(stream.profile.tiers[0].id, "m")
        for where, row in summary.iterrows():
            name = subject.stream_name(stream)
            total = where == TOTAL
            label = _("total") if total else str(where) or _("(no township stated)")
            (totals if total else rows).append((name, label, *_summary_cells(subject, row, unit)))
    notes = (
        _(
            "Points, people and tonnes are those of the township; sites are those that stand in "
            "it, of all levels, and take from neighbours too."
        ),
    )
    return Sheet(_("Township summary"), (Block(columns, rows, totals=totals),), notes)


TOTAL = "\x00total"
"""Index of the last row of :func:`district_summary`; no township is called so."""


def district_summary(stream: StreamPlan) -> pd.DataFrame:
    """Sums by township (index, "" where not stated), and a row of the whole."""
    demand = stream.demand.drop(columns="geometry")
    sites = stream.facilities.drop(columns="geometry")
    sites = sites[is_open(sites["status"]).to_numpy(bool)]
    parts = []
    for label in ("district", TOTAL):
        people = demand.assign(_key=_key(demand, label)).groupby("_key")
        places = sites.assign(_key=_key(sites, label)).groupby("_key")
        new = sites[sites["status"] == "new"]
        fresh = new.assign(_key=_key(new, label)).groupby("_key")
        parts.append(
            pd.DataFrame(
                {
                    "points": people.size(),
                    "population": people["population"].sum(min_count=1),
                    "tonnes": people["demand_t_per_yr"].sum(min_count=1),
                    "served": people["served"].sum(),
                    "mean": people["impedance"].mean(),
                    "worst": people["impedance"].max(),
                    "sites": places.size(),
                    "new": fresh.size(),
                    "capacity": places["capacity_t_per_yr"].sum(min_count=1),
                    "taken": places["throughput_t_per_yr"].sum(min_count=1),
                    "land": fresh["land_m2"].sum(min_count=1),
                    "investment": places["investment_wan_cny"].sum(min_count=1),
                }
            )
        )
    counts = ["points", "served", "sites", "new"]
    summary = pd.concat(parts)
    summary[counts] = summary[counts].fillna(0)
    return summary


def _key(table: pd.DataFrame, label: str) -> Any:
    if label == TOTAL:
        return np.full(len(table), TOTAL, dtype=object)
    return table["district"].map(text_or_blank).to_numpy(object)


def _summary_cells(subject: Subject, row: pd.Series, unit: str) -> Row:
    return (
        row["points"],
        row["population"],
        row["tonnes"],
        row["served"],
        share(row["served"], row["points"]),
        row["points"] - row["served"],
        subject.distance(row["mean"], unit),
        subject.distance(row["worst"], unit),
        row["sites"],
        row["new"],
        row["capacity"],
        row["taken"],
        row["land"],
        row["investment"],
    )
