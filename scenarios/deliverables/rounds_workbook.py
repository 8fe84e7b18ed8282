"""Rounds as a workbook: the fleet, every round, and a sheet a driver with stops and times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from scenarios.deliverables.rounds_split_sheets import split_sheets
from scenarios.deliverables.workbook import OPTIONS
from scenarios.deliverables.workbook_sheet import (
    Block,
    Cell,
    Column,
    Kind,
    Row,
    Sheet,
    SheetWriter,
    clean_text,
)
from scenarios.rounds import RoundsPlan
from scenarios.rounds_costs import rounds_costs
from scenarios.rounds_kinds import RoundsKind
from scenarios.rounds_tables import StreamRounds
from scenarios.rounds_words import (
    FIGURE_NAMES,
    KIND_NAMES,
    clock,
    compartment_lines,
    day_names,
    unserved_lines,
)
from scenarios.wording import translator

MOST_SHEETS = 200
"""A workbook with more is no use to anybody; every round is on the list anyway."""
LONGEST_NAME = 31
_REFUSED = re.compile(r"[\[\]:*?/\\']")


def write_rounds_workbook(
    rounds: RoundsPlan, path: Path, lang: str = "zh", *, day: date | None = None
) -> None:
    """Write the workbook; the same rounds and day give the same bytes.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    day = day or datetime.now(tz=UTC).astimezone().date()
    _ = translator(lang)
    plan = rounds.plan
    label = _("Synthetic data: places and figures are made up") if plan.synthetic else ""
    path = Path(path)
    book = xlsxwriter.Workbook(str(path), {**OPTIONS, "tmpdir": str(path.absolute().parent)})
    book.set_properties({"created": datetime(day.year, day.month, day.day, tzinfo=UTC)})
    more = _("more rows than a sheet can hold; all are in rounds.gpkg")
    writer = SheetWriter(book, plan.title, label, more)
    names = _Names()
    for sheet in _sheets(rounds, lang, names):
        writer.write(sheet)
    try:
        book.close()
    except FileCreateError as error:
        raise error.args[0] from error


class _Names:
    """Sheet names that the format allows, each once whatever the case of its letters."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, wanted: str) -> str:
        """The wanted name, shortened and numbered where it has to be."""
        name = _REFUSED.sub(" ", clean_text(wanted)).strip()[:LONGEST_NAME].strip() or "-"
        number = 1
        while name.casefold() in self._taken:
            number += 1
            ending = f" {number}"
            name = name[: LONGEST_NAME - len(ending)] + ending
        self._taken.add(name.casefold())
        return name


def _sheets(rounds: RoundsPlan, lang: str, names: _Names) -> Iterator[Sheet]:
    yield _summary(rounds, lang, names)
    yield from split_sheets(rounds, lang, names.unique)
    yield _list(rounds, lang, names)
    unserved = _unserved(rounds, lang, names)
    if unserved is not None:
        yield unserved
    left = MOST_SHEETS
    for one in rounds.streams.values():
        drivers = one.calls.groupby("lorry", sort=False)
        for lorry, calls in drivers:
            if left == 0:
                return
            left -= 1
            yield _driver(one, str(lorry), calls, lang, names)


def _summary(rounds: RoundsPlan, lang: str, names: _Names) -> Sheet:
    _ = translator(lang)
    costs = rounds_costs()
    units = {
        "lorries": _("lorries"), "rounds": _("rounds"), "stops": _("stops"), "h": _("h"),
        "wan_cny": _("10,000 CNY"), "%": "",
    }  # fmt: skip
    blocks = []
    for one in rounds.streams.values():
        rows: list[Row] = []
        for key, text, unit in FIGURE_NAMES:
            value = one.figures[key]
            shown = f"{value:.1%}" if unit == "%" and value == value else value  # noqa: PLR0124
            rows.append((_(text), shown, units.get(unit, unit)))
        columns = (
            Column(_("Figure"), width=30), Column(_("Value"), Kind.AMOUNT, 16), Column(_("Unit")),
        )  # fmt: skip
        name = one.case.stream.profile.name.in_language(lang)
        blocks.append(Block(columns, rows, name))
        blocks.append(_by_day(one, lang))
    notes = (
        _("Checked: every load, time, window and frequency was recomputed from the road matrix."),
        _("Prices: {source}").format(source=costs.source),
        _("CO2: {factor} kg a litre of diesel; {source}").format(
            factor=costs.co2.kg_per_l, source=costs.co2.source
        ),
    )
    return Sheet(names.unique(_("Rounds summary")), tuple(blocks), notes)


def _by_day(one: StreamRounds, lang: str) -> Block:
    """Fleet and work of every day."""
    _ = translator(lang)
    days = day_names(one, lang)
    columns = (
        Column(_("Day"), width=14), Column(_("Lorries out"), Kind.COUNT),
        Column(_("Stops"), Kind.COUNT), Column("km", Kind.AMOUNT),
        Column(_("Hours"), Kind.AMOUNT), Column("t", Kind.AMOUNT),
        Column(_("Cost (CNY)"), Kind.AMOUNT, 14),
    )  # fmt: skip
    rows: list[Row] = [
        (days[f.day], f.rounds, f.stops, f.km, f.hours, f.tonnes, f.cost_cny)
        for f in one.solution.days(one.case.problem)
    ]
    return Block(columns, rows, _("By day"))


def _list(rounds: RoundsPlan, lang: str, names: _Names) -> Sheet:
    _ = translator(lang)
    columns = (
        Column(_("Round"), width=26), Column(_("Stream"), width=20), Column(_("Day"), width=12),
        Column(_("Lorry"), width=26), Column(_("Vehicle class"), width=16),
        Column(_("Stops"), Kind.COUNT), Column(_("Trips"), Kind.COUNT), Column(_("Leaves")),
        Column(_("Returns")), Column("km", Kind.AMOUNT), Column(_("Hours"), Kind.AMOUNT),
        Column("t", Kind.AMOUNT), Column(_("Cost (CNY)"), Kind.AMOUNT),
        Column("CO2 (kg)", Kind.AMOUNT),
    )  # fmt: skip
    rows: list[Row] = []
    for one in rounds.streams.values():
        name = one.case.stream.profile.name.in_language(lang)
        days = day_names(one, lang)
        classes = {key: roads.vehicle.name for key, roads in one.case.roads.items()}
        for row in one.rounds.itertuples():
            vehicle = getattr(classes[str(row.vehicle)], lang)
            rows.append(
                (str(row.round_id), name, days[int(str(row.day))], str(row.lorry), vehicle,
                 *(_cell(getattr(row, key)) for key in ("stops", "trips")),
                 clock(float(str(row.leaves_s))), clock(float(str(row.returns_s))),
                 *(_cell(getattr(row, key)) for key in
                   ("km", "hours", "tonnes", "cost_cny", "co2_kg")))
            )  # fmt: skip
    return Sheet(names.unique(_("All rounds")), (Block(columns, rows),))


def _cell(value: object) -> Cell:
    return float(str(value))


def _unserved(rounds: RoundsPlan, lang: str, names: _Names) -> Sheet | None:
    _ = translator(lang)
    rows: list[Row] = []
    for one in rounds.streams.values():
        name = one.case.stream.profile.name.in_language(lang)
        rows += [
            (name, str(row.name), str(row.district), int(str(row.missing)), str(row.reason_text))
            for row in unserved_lines(one, lang)[
                ["name", "district", "missing", "reason_text"]
            ].itertuples(index=False)
        ]  # fmt: skip
    if not rows:
        return None
    columns = (
        Column(_("Stream"), width=20), Column(_("Name"), width=20), Column(_("Township"), width=16),
        Column(_("Visits missed a cycle"), Kind.COUNT), Column(_("Reason"), Kind.WRAPPED, 60),
    )  # fmt: skip
    return Sheet(names.unique(_("Stops not served")), (Block(columns, rows),))


def _driver(one: StreamRounds, lorry: str, calls: pd.DataFrame, lang: str, names: _Names) -> Sheet:
    """The driver's week: a block a day, a line a call; of each kind that lies apart, what it is."""
    _ = translator(lang)
    kinds = one.case.rule.kinds
    columns = (
        Column(_("No."), Kind.COUNT, 6), Column(_("Call"), width=22), Column(_("What"), width=12),
        Column(_("Township"), width=16), Column(_("Arrives"), width=9),
        Column(_("Leaves"), width=9), Column(_("km from the last"), Kind.KILOMETRE, 12),
        Column(_("On board (t)"), Kind.AMOUNT, 12),
        *(Column(f"{kind.name.in_language(lang)} (t)", Kind.AMOUNT, 12) for kind in kinds),
        Column(_("Signature / remarks"), width=22),
    )  # fmt: skip
    days = day_names(one, lang)
    taken = _taken(one)
    blocks = []
    for day, group in calls.groupby("day", sort=True):
        rows: list[Row] = [
            (
                None if pd.isna(row["order"]) else int(row["order"]),
                str(row["name"]),
                _(KIND_NAMES[str(row["kind"])]),
                str(row["district"]),
                clock(float(row["arrive_s"])),
                clock(float(row["leave_s"])),
                float(row["leg_km"]),
                float(row["load_t"]),
                *_of_each_kind(kinds, taken, row),
                None,
            )
            for _index, row in group.iterrows()
        ]
        blocks.append(Block(columns, rows, days[int(str(day))]))
    name = one.case.stream.profile.name.in_language(lang)
    vehicle = str(one.rounds[one.rounds["lorry"] == lorry]["vehicle"].iloc[0])
    notes = (name, lorry, one.case.rule.hours, *compartment_lines(one.case.rule, vehicle, lang))
    return Sheet(names.unique(lorry), tuple(blocks), tuple(filter(None, notes)))


def _of_each_kind(
    kinds: Sequence[RoundsKind], taken: Mapping[tuple[str, str], tuple[float, ...]], row: pd.Series
) -> list[Cell]:
    """What this call puts on board, a cell a kind; nothing where it is no stop."""
    whole = taken.get((str(row["kind"]), str(row["id"])))
    if whole is None or not kinds:
        return [None] * len(kinds)
    return [tonnes * float(row["share"]) for tonnes in whole]


def _taken(one: StreamRounds) -> dict[tuple[str, str], tuple[float, ...]]:
    """Tonnes of each kind that a whole visit of a stop takes, by kind of call and id."""
    stops = one.case.problem.stops
    return {
        ("stop", name): tuple(float(tonnes) for tonnes in stops.amount_t[i])
        for i, name in enumerate(stops.ids)
    }
