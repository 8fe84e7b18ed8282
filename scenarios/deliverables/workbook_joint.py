"""What streams decided together share and keep, and what a programme does in need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from geodata.faults import N_
from scenarios.deliverables.workbook_sheet import A3, Block, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import STRENGTH_NAMES, Subject
from scenarios.plan import StreamPlan
from scenarios.programme.cases import EstimateAnswer, OutageAnswer, WhatIf
from scenarios.programme.joint_tables import JointTables, Stock, Zone, joint_tables
from scenarios.sizes import WAN

ESTIMATE_NAMES: Mapping[str, str] = {
    "low": N_("low estimate"),
    "middle": N_("middle estimate"),
    "high": N_("high estimate"),
}
MOST_SHIFTS = 40
"""Of one case; ``plan.json`` has all."""

Told = tuple[StreamPlan, JointTables]


def has_joint(subject: Subject) -> bool:
    """Whether anything is shared, zoned, missed or in stock."""
    empty = JointTables()
    return any(joint_tables(one) != empty for one in subject.plan.streams.values())


def has_what_if(subject: Subject) -> bool:
    """Whether the scenario asks for cases."""
    return any(_cases(one) != WhatIf() for one in subject.plan.streams.values())


def joint_sheet(subject: Subject) -> Sheet:
    """共享、片区与库存: what the rules that join streams and townships come to."""
    _ = subject.translate
    streams = [(one, joint_tables(one)) for one in subject.plan.streams.values()]
    blocks = (
        (_("Sites that streams share"), _shared_columns(subject), _shared_rows(subject, streams)),
        (_("Zones of townships"), _zone_columns(subject), _rows(subject, streams, _zone_rows)),
        (
            _("Counts of sites that are not kept"),
            _missed_columns(subject),
            _rows(subject, streams, _missed_rows),
        ),
        (
            _("Peak stock against storage"),
            _stock_columns(subject),
            _rows(subject, streams, _stock_rows),
        ),
    )
    return Sheet(
        _("Sharing, zones and stock"),
        tuple(Block(columns, rows, heading=heading) for heading, columns, rows in blocks),
        notes=(
            _("What several streams pay once at a site is the share that the profiles state"),
            _("Stock by week is in plan.json"),
        ),
        paper=A3,
    )


def what_if_sheet(subject: Subject) -> Sheet:
    """情景检验: sites that are down, tonnes that surge, estimates that were wrong."""
    _ = subject.translate
    outages: dict[OutageAnswer, None] = {}
    estimates: dict[EstimateAnswer, None] = {}
    for stream in subject.plan.streams.values():
        outages |= dict.fromkeys(_cases(stream).outages)
        estimates |= dict.fromkeys(_cases(stream).estimates)
    return Sheet(
        _("What if"),
        (
            Block(_outage_columns(subject), _outage_rows(subject, [*outages]),
                  heading=_("Sites down and surges")),
            Block(_shift_columns(subject), _shift_rows(subject, [*outages]),
                  heading=_("Where the tonnes go")),
            Block(_estimate_columns(subject), _estimate_rows(subject, [*estimates]),
                  heading=_("Programmes for low, middle and high tonnes, tried under all three")),
        ),
        notes=(
            _("Service is planned anew with what is built; points may then go to several sites"),
            _("Regret is what a programme costs over the best one for what then arises"),
        ),
        paper=A3,
    )  # fmt: skip


def _cases(stream: StreamPlan) -> WhatIf:
    return stream.what_if if isinstance(stream.what_if, WhatIf) else WhatIf()


def _rows(
    subject: Subject,
    streams: list[Told],
    of: Callable[[Subject, StreamPlan, JointTables], Iterator[Row]],
) -> Iterator[Row]:
    for stream, tables in streams:
        yield from of(subject, stream, tables)


def _site_name(subject: Subject, stream_id: str, site: str) -> str:
    """Name with township of a site of any stream of the plan."""
    stream = subject.plan.streams.get(stream_id)
    if stream is None:
        return site
    table = stream.facilities
    rows = table[(table["id"].astype(str) == site).to_numpy(bool)]
    if not len(rows):
        return site
    name, district = str(rows["name"].iloc[0] or site), str(rows["district"].iloc[0] or "")
    return f"{name}（{district}）" if district else name


def _tier_of(subject: Subject, stream_id: str, tier_id: str) -> str:
    stream = subject.plan.streams.get(stream_id)
    tiers = () if stream is None else stream.profile.tiers
    return next((subject.tier_name(one) for one in tiers if one.id == tier_id), tier_id)


def _stream_of(subject: Subject, stream_id: str) -> str:
    stream = subject.plan.streams.get(stream_id)
    return stream_id if stream is None else subject.stream_name(stream)


def _shared_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("year"), Kind.EXACT, 8),
        Column(_("facility"), width=28),
        Column(_("streams and tiers"), Kind.WRAPPED, 50),
        Column(_("saved a year (10,000 CNY)"), Kind.AMOUNT, 14),
        Column(_("land saved (m²)"), Kind.COUNT, 12),
    )


def _shared_rows(subject: Subject, streams: list[Told]) -> Iterator[Row]:
    every = dict.fromkeys(one for _stream, tables in streams for one in tables.shared_sites)
    for one in sorted(every, key=lambda site: (site.year, site.place)):
        first = one.tenants[0]
        names = [
            f"{_stream_of(subject, stream)}: {_tier_of(subject, stream, tier)}"
            for stream, tier, _site in one.tenants
        ]
        yield (
            one.year,
            _site_name(subject, first[0], first[2]),
            subject.joined(names),
            one.saved_cny_per_yr / WAN,
            one.saved_land_m2,
        )


def _facility_columns(subject: Subject) -> tuple[Column, ...]:
    """What a row that speaks of one facility in one year begins with."""
    _ = subject.translate
    return (
        Column(_("stream"), width=22),
        Column(_("year"), Kind.EXACT, 8),
        Column(_("tier"), width=22),
        Column(_("facility"), width=28),
    )


def _facility_cells(subject: Subject, stream: StreamPlan, one: Zone | Stock) -> Row:
    """The same of one row: anything with ``year``, ``tier`` and ``site``."""
    name = stream.profile.id
    return (
        subject.stream_name(stream),
        one.year,
        _tier_of(subject, name, one.tier),
        _site_name(subject, name, one.site),
    )


def _zone_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        *_facility_columns(subject),
        Column(_("townships"), Kind.WRAPPED, 50),
        Column(_("tonnes (t/yr)"), Kind.AMOUNT, 14),
    )


def _zone_rows(subject: Subject, stream: StreamPlan, tables: JointTables) -> Iterator[Row]:
    for one in tables.zones:
        yield (
            *_facility_cells(subject, stream, one),
            subject.joined(list(one.districts)),
            one.tonnes,
        )


def _missed_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("stream"), width=22),
        Column(_("year"), Kind.EXACT, 8),
        Column(_("count"), width=30),
        Column(_("strength of the wording"), width=14),
        Column(_("open sites"), Kind.COUNT, 10),
        Column(_("at least"), Kind.COUNT, 10),
        Column(_("at most"), Kind.COUNT, 10),
    )


def _missed_rows(subject: Subject, stream: StreamPlan, tables: JointTables) -> Iterator[Row]:
    for one in tables.counts_missed:
        yield (
            subject.stream_name(stream),
            one.year,
            one.name,
            subject.translate(STRENGTH_NAMES[one.strength]),
            one.opened,
            one.minimum,
            one.maximum,
        )


def _stock_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        *_facility_columns(subject),
        Column(_("peak stock (t)"), Kind.AMOUNT, 12),
        Column(_("week of the peak"), Kind.COUNT, 10),
        Column(_("storage (t)"), Kind.AMOUNT, 12),
    )


def _stock_rows(subject: Subject, stream: StreamPlan, tables: JointTables) -> Iterator[Row]:
    for one in tables.stocks:
        yield (
            *_facility_cells(subject, stream, one),
            one.peak_t,
            1 + max(range(len(one.by_week)), key=one.by_week.__getitem__),
            one.storage_t,
        )


def _outage_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("case"), Kind.WRAPPED, 28),
        Column(_("year"), Kind.EXACT, 8),
        Column(_("sites down"), Kind.WRAPPED, 36),
        Column(_("tonnes times"), Kind.AMOUNT, 10),
        Column(_("without room (t/yr)"), Kind.AMOUNT, 14),
        Column(_("points without room"), Kind.COUNT, 10),
        Column(_("annual cost as planned (10,000 CNY)"), Kind.AMOUNT, 14),
        Column(_("annual cost then (10,000 CNY)"), Kind.AMOUNT, 14),
    )


def _outage_rows(subject: Subject, cases: list[OutageAnswer]) -> Iterator[Row]:
    for one in cases:
        yield (
            _case_name(subject, one),
            one.year,
            subject.joined([_site_name(subject, stream, site) for stream, _t, site in one.down]),
            one.surge,
            one.unserved_t_per_yr,
            len(one.left),
            one.usual_cost_cny_per_yr / WAN,
            one.cost_cny_per_yr / WAN if math.isfinite(one.cost_cny_per_yr) else None,
        )


def _case_name(subject: Subject, one: OutageAnswer) -> str:
    streams = [_stream_of(subject, stream) for stream in one.streams]
    return f"{one.name or '-'}（{subject.joined(streams)}）"


def _shift_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("case"), Kind.WRAPPED, 28),
        Column(_("stream"), width=22),
        Column(_("tier"), width=22),
        Column(_("facility or point"), width=28),
        Column(_("change (t/yr)"), Kind.AMOUNT, 14),
    )


def _shift_rows(subject: Subject, cases: list[OutageAnswer]) -> Iterator[Row]:
    for one in cases:
        name = _case_name(subject, one)
        for shift in one.shifts[:MOST_SHIFTS]:
            yield (
                name,
                _stream_of(subject, shift.stream),
                _tier_of(subject, shift.stream, shift.tier),
                _site_name(subject, shift.stream, shift.site),
                shift.tonnes,
            )
        for left in one.left[:MOST_SHIFTS]:
            yield (
                name,
                _stream_of(subject, left.stream),
                subject.translate("points without room"),
                _point_name(subject, left.stream, left.point),
                -left.tonnes,
            )


def _point_name(subject: Subject, stream_id: str, point: str) -> str:
    stream = subject.plan.streams.get(stream_id)
    if stream is None:
        return point
    rows = stream.demand[(stream.demand["id"].astype(str) == point).to_numpy(bool)]
    if not len(rows):
        return point
    return f"{rows['name'].iloc[0]}（{rows['district'].iloc[0]}）"


def _estimate_columns(subject: Subject) -> tuple[Column, ...]:
    _ = subject.translate
    return (
        Column(_("streams"), Kind.WRAPPED, 28),
        Column(_("programme made for"), width=14),
        Column(_("what then arises"), width=14),
        Column(_("tonnes of the last year (t/yr)"), Kind.AMOUNT, 14),
        Column(_("cost over the years (10,000 CNY)"), Kind.AMOUNT, 16),
        Column(_("without room (t/yr)"), Kind.AMOUNT, 14),
        Column(_("regret (10,000 CNY)"), Kind.AMOUNT, 14),
        Column(_("capacity holds at high"), width=12),
        Column(_("least largest regret"), width=12),
    )


def _estimate_rows(subject: Subject, answers: list[EstimateAnswer]) -> Iterator[Row]:
    _ = subject.translate
    names = [*ESTIMATE_NAMES]
    for one in answers:
        streams = subject.joined([_stream_of(subject, stream) for stream in one.streams])
        for row, made in enumerate(names):
            for column, arises in enumerate(names):
                yield (
                    streams,
                    _(ESTIMATE_NAMES[made]),
                    _(ESTIMATE_NAMES[arises]),
                    one.tonnes[column],
                    _wan(one.cost_cny[row][column]),
                    _finite(one.unserved_t_per_yr[row][column]),
                    _wan(one.regret_cny[row][column]),
                    subject.yes_no(one.holds_at_high[row]),
                    subject.yes_no(one.robust == made),
                )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _wan(value: float) -> float | None:
    return value / WAN if math.isfinite(value) else None
