"""现状与缺口 and 现状设施: what stands, whom it serves, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scenarios import wording
from scenarios.deliverables.workbook_sheet import Block, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import STRENGTH_NAMES, Subject, tier_columns
from scenarios.plan import StreamPlan


def present_sheet(subject: Subject) -> Sheet:
    """Shortfall, coverage by each definition, and counts that a text asks for."""
    _ = subject.translate
    return Sheet(
        _("Present state and shortfall"),
        (
            Block(_shortfall_columns(subject), _shortfall_rows(subject), _("Shortfall")),
            Block(_coverage_columns(subject), _coverage_rows(subject), _("Present coverage")),
            Block(_quota_columns(subject), _quota_rows(subject), _("Counts that a text asks for")),
        ),
        notes=(
            _("Coverage is not one number: each figure names its object, criterion and formula."),
        ),
    )


def _tiers(subject: Subject) -> Iterator[tuple[StreamPlan, str, Mapping[str, Any]]]:
    """Every assessed tier with its stream and its name."""
    for stream in subject.plan.streams.values():
        for tier in stream.assessment.get("tiers", ()):
            yield stream, tier["name"][subject.lang], tier


def _shortfall_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return tier_columns(
        subject,
        Column(_("Sites standing"), Kind.COUNT, 14),
        Column(_("Demand (t/yr)"), Kind.AMOUNT, 22),
        Column(_("Present capacity (t/yr)"), Kind.AMOUNT, 14),
        Column(_("Capacity missing (t/yr)"), Kind.AMOUNT, 14),
        Column(_("Sites missing"), Kind.COUNT, 10),
        Column(_("Points not covered"), Kind.COUNT, 10),
        Column(_("Service radius (km)"), Kind.KILOMETRE, 10),
        Column(_("Distance measured as"), width=40),
    )


def _shortfall_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    unknown = _("not limited or not stated")
    for stream, name, tier in _tiers(subject):
        missing = tier["shortfall"]
        tonnes, capacity = missing["tonnes_per_yr"], missing["capacity_t_per_yr"]
        yield (
            subject.stream_name(stream),
            name,
            len(tier["sites"]),
            missing["demand_t_per_yr"],
            (unknown if tier["sites"] else 0) if capacity is None else capacity,
            unknown if tonnes is None else tonnes,
            missing["sites"],
            missing["villages"],
            tier["radius_km"],
            _(wording.METRIC_NAMES[tier["metric"]]),
        )


def _coverage_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return tier_columns(
        subject,
        Column(_("Object"), width=10),
        Column(_("Criterion"), width=22),
        Column(_("Covered"), Kind.AMOUNT, 12),
        Column(_("Of all"), Kind.AMOUNT, 12),
        Column(_("Unit"), width=8),
        Column(_("Coverage"), Kind.PERCENT, 10),
        Column(_("Service radius (km)"), Kind.KILOMETRE, 10),
        Column(_("Formula"), Kind.WRAPPED, 40),
    )


def _coverage_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    for stream, name, tier in _tiers(subject):
        for row in tier["coverage"]:
            yield (
                subject.stream_name(stream),
                name,
                _(row["object_name"]),
                _(row["criterion_name"]),
                row["covered"],
                row["all"],
                wording.unit_name(row["unit"], subject.lang),
                row["value"] / 100,
                row["radius_km"],
                coverage_formula(subject, row),
            )


def coverage_formula(subject: Subject, row: Mapping[str, Any]) -> str:
    """A coverage figure's formula in words, its radius and reach in place."""
    _ = subject.translate
    cutoff = "∞" if row["cutoff_km"] is None else f"{row['cutoff_km']:g}"
    radius = "–" if row["radius_km"] is None else f"{row['radius_km']:g}"
    return _(row["formula"]).format(
        object=_(row["object_name"]),
        radius_km=radius,
        cutoff_km=cutoff,
        metric=_(wording.METRIC_NAMES[row["metric"]]),
    )


def _quota_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return tier_columns(
        subject,
        Column(_("Township"), width=14),
        Column(_("Wording"), width=22),
        Column(_("At least"), Kind.COUNT, 12),
        Column(_("Standing"), Kind.COUNT, 12),
        Column(_("Missing"), Kind.COUNT, 8),
        Column(_("Met"), width=10),
        Column(_("Source"), width=10),
        Column(_("Text"), Kind.WRAPPED, 40),
    )


def _quota_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    for stream, name, tier in _tiers(subject):
        for row in tier["shortfall"]["quotas"]:
            yield (
                subject.stream_name(stream),
                name,
                row["name"] or _("whole county"),
                _(STRENGTH_NAMES.get(row["strength"], row["strength"])),
                row["minimum"],
                row["standing"],
                row["missing"],
                subject.yes_no(row["missing"] == 0),
                row["source"],
                row["text"],
            )


def standing_sheet(subject: Subject) -> Sheet:
    """Load rate and compliance of every site that stands today."""
    _ = subject.translate
    columns = tier_columns(
        subject,
        Column(_("Facility name"), width=30),
        Column(_("Township"), width=12),
        Column(_("Present state"), width=12),
        Column(_("Present capacity (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Tonnes taken (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Basis of the tonnes"), width=18),
        Column(_("Load rate"), Kind.PERCENT, 9),
        Column(_("Points nearest to it"), Kind.COUNT, 10),
        Column(_("Land area (m²)"), Kind.COUNT, 11),
        Column(_("Land for its capacity (m²)"), Kind.COUNT, 13),
        Column(_("Compliant"), width=9),
        Column(_("Findings"), Kind.WRAPPED, 44),
        Column(_("Id"), width=12),
    )
    return Sheet(_("Sites standing today"), (Block(columns, _standing_rows(subject)),))


def _standing_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    bases = {"stated": _("stated"), "nearest": _("all points nearest to it")}
    for stream, name, tier in _tiers(subject):
        for site in tier["sites"]:
            yield (
                subject.stream_name(stream),
                name,
                site["name"] or site["id"],
                site["district"],
                _(wording.STATE_NAMES.get(site["state"], site["state"])),
                site["capacity_t_per_yr"],
                site["throughput_t_per_yr"],
                bases.get(site["throughput_basis"], site["throughput_basis"]),
                site["load_rate"],
                site["n_nearest"],
                site["area_m2"],
                site["needed_area_m2"],
                subject.yes_no(site["compliant"]),
                findings_text(subject, site),
                site["id"],
            )


def findings_text(subject: Subject, site: Mapping[str, Any]) -> str:
    """What is wrong with a standing site."""
    _ = subject.translate
    found = [
        # The rule that a site breaks comes as a finished sentence.
        _(one["text"]).format(
            **{key: wording.retold(value, subject.lang) if isinstance(value, str) else value
               for key, value in one["values"].items()}
        )
        for one in site["findings"]
    ]  # fmt: skip
    return ("；" if subject.lang == "zh" else "; ").join(found)
