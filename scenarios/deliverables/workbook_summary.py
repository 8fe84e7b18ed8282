"""说明: what the workbook is of, the streams in brief, how to read it, sources and versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from scenarios import wording
from scenarios.answers import is_open
from scenarios.deliverables.workbook_sheet import Block, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import Subject, share
from scenarios.plan import StreamPlan


def summary_sheet(subject: Subject, day: date, others: Sequence[tuple[str, str]]) -> Sheet:
    """The first sheet; ``others`` are the names of the following sheets and what each holds."""
    _ = subject.translate
    pair = (Column(_("Item"), width=26), Column(_("Content"), width=36))
    return Sheet(
        _("Summary"),
        (
            Block(pair, _about_rows(subject, day), _("This plan")),
            Block(_stream_columns(subject), _stream_rows(subject), _("Streams in brief")),
            Block(pair, others, _("How to read")),
        ),
        notes=(_("Boundaries are for orientation only and have no legal force"),),
    )


def _about_rows(subject: Subject, day: date) -> Iterator[Row]:
    _ = subject.translate
    plan = subject.plan
    yield _("Title"), plan.title
    if plan.synthetic:
        yield _("Data"), _("Synthetic data: places and figures are made up")
    yield _("Area"), plan.scenario.area or plan.title
    if plan.scenario.base_year is not None:
        yield _("Base year"), str(plan.scenario.base_year)
    yield _("Made on"), wording.long_date(day, subject.lang)
    for source in plan.sources:
        yield _("Sources"), source
    yield _("Coordinates"), _("CGCS2000 (EPSG:4490), degrees")
    yield _("Versions"), ", ".join(f"{name} {one}" for name, one in plan.versions.items())


def _stream_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("Stream"), width=26),
        Column(_("In brief"), Kind.WRAPPED, 36),
        Column(_("Sites in the plan"), Kind.COUNT, 10),
        Column(_("of which new"), Kind.COUNT, 10),
        Column(_("Points"), Kind.COUNT, 10),
        Column(_("Share of points served"), Kind.PERCENT, 11),
        Column(_("Demand (t/yr)"), Kind.AMOUNT, 13),
        Column(_("Mean distance (km)"), Kind.KILOMETRE, 10),
        Column(_("Investment (10,000 CNY)"), Kind.AMOUNT, 12),
        Column(_("What is proven"), Kind.WRAPPED, 36),
        Column(_("What the tonnes count"), Kind.WRAPPED, 36),
    )


def _stream_rows(subject: Subject) -> Iterator[Row]:
    for stream in subject.plan.streams.values():
        opened = stream.facilities[is_open(stream.facilities["status"]).to_numpy(bool)]
        demand = stream.demand
        definition = stream.profile.demand.definition
        yield (
            subject.stream_name(stream),
            stream.profile.summary.in_language(subject.lang),
            len(opened),
            int((opened["status"] == "new").sum()),
            len(demand),
            share(float(demand["served"].sum()), len(demand)),
            demand["demand_t_per_yr"].sum(min_count=1),
            _mean_distance(subject, stream),
            opened["investment_wan_cny"].sum(min_count=1),
            wording.certificate_sentence(stream.certificate, subject.lang),
            "" if definition is None else definition.in_language(subject.lang),
        )


def _mean_distance(subject: Subject, stream: StreamPlan) -> str | float | None:
    units = stream.assignments["unit"]
    unit = "m" if units.empty else str(units.iloc[0])
    return subject.distance(stream.demand["impedance"].mean(), unit)
