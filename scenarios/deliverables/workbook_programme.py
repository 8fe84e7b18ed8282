"""The building programme: what is built, expanded or closed in which year, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scenarios.deliverables.workbook_sheet import A3, Block, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import Subject
from scenarios.plan import PhaseState, StreamPlan
from scenarios.wording import STATUS_NAMES

CHANGES = ("new", "expanded", "closed")


def has_programme(subject: Subject) -> bool:
    """Whether the plan has phases."""
    return any(stream.phases for stream in subject.plan.streams.values())


def programme_sheet(subject: Subject) -> Sheet:
    """建设时序: sums by year, then every change in the order of its year."""
    _ = subject.translate
    streams = subject.plan.streams.values()
    return Sheet(
        _("Building programme"),
        (
            Block(
                _sum_columns(subject),
                (row for stream in streams for row in _sums(subject, stream)),
                heading=_("By year"),
            ),
            Block(
                _change_columns(subject),
                (row for stream in streams for row in _changes(subject, stream)),
                heading=_("What is built, expanded or closed"),
            ),
        ),
        notes=(
            _("What is opened in a year stays open in the later ones"),
            _("All years and tiers of a stream are decided together; sums are of the whole year"),
        ),
        paper=A3,
    )


def _sum_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("stream"), width=22),
        Column(_("year"), Kind.EXACT, 8),
        Column(_("open sites"), Kind.COUNT, 10),
        Column(_("new by then"), Kind.COUNT, 10),
        Column(_("closed by then"), Kind.COUNT, 10),
        Column(_("investment by then (10,000 CNY)"), Kind.AMOUNT, 16),
        Column(_("demand (t/yr)"), Kind.AMOUNT, 14),
        Column(_("points served"), Kind.COUNT, 10),
        Column(_("points not served"), Kind.COUNT, 10),
        Column(_("annual cost (10,000 CNY)"), Kind.AMOUNT, 16),
    )


def _sums(subject: Subject, stream: StreamPlan) -> Iterator[Row]:
    for state in stream.phases:
        figures = {one.id: one.value for one in state.indicators}
        served = state.demand["served"].to_numpy(bool)
        yield (
            subject.stream_name(stream),
            state.year,
            figures.get("sites"),
            figures.get("new_sites"),
            figures.get("closed_sites"),
            figures.get("investment"),
            float(state.demand["demand_t_per_yr"].sum()),
            int(served.sum()),
            int((~served).sum()),
            figures.get("annual_cost"),
        )


def _change_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("stream"), width=22),
        Column(_("year"), Kind.EXACT, 8),
        Column(_("tier"), width=22),
        Column(_("facility"), width=24),
        Column(_("township"), width=14),
        Column(_("change"), width=10),
        Column(_("size"), Kind.WRAPPED, 22),
        Column(_("capacity (t/yr)"), Kind.AMOUNT, 14),
        Column(_("land (m²)"), Kind.COUNT, 10),
        Column(_("investment (10,000 CNY)"), Kind.AMOUNT, 14),
        Column(_("responsible"), Kind.WRAPPED, 24),
    )


def _changes(subject: Subject, stream: StreamPlan) -> Iterator[Row]:
    """Each change once, in the year in which it is made, as the plan has it then."""
    tiers = {one.id: subject.tier_name(one) for one in stream.profile.tiers}
    before: dict[tuple[str, str], tuple[str, str]] = {}
    for state in stream.phases:
        yield from _changes_of(subject, stream, state, tiers, before)


def _changes_of(
    subject: Subject,
    stream: StreamPlan,
    state: PhaseState,
    tiers: Mapping[str, str],
    before: dict[tuple[str, str], tuple[str, str]],
) -> Iterator[Row]:
    for site in state.facilities.itertuples():
        key, now = (str(site.tier), str(site.id)), (str(site.status), str(site.size))
        earlier = before.get(key)
        before[key] = now
        if now[0] not in CHANGES or earlier == now:
            continue
        grown = now[0] == "new" and earlier is not None and earlier[0] == "new"
        yield (
            subject.stream_name(stream),
            state.year,
            tiers.get(key[0], key[0]),
            str(site.name),
            str(site.district),
            subject.translate(STATUS_NAMES["expanded" if grown else now[0]]),
            now[1],
            site.capacity_t_per_yr,
            site.land_m2,
            site.investment_wan_cny,
            str(site.responsible),
        )
