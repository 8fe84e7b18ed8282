"""Stores and rounds in the workbook: the three ways side by side, and who brings where."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from planner.routes.stores import Split
from scenarios.deliverables.workbook_sheet import Block, Column, Kind, Row, Sheet
from scenarios.rounds import RoundsPlan
from scenarios.rounds_split import StreamSplit
from scenarios.sizes import WAN
from scenarios.wording import translator

NameSheet = Callable[[str], str]


def split_sheets(rounds: RoundsPlan, lang: str, name_sheet: NameSheet) -> Iterator[Sheet]:
    """A sheet that compares the ways, and one of the stores, where a stream has been split."""
    _ = translator(lang)
    compared, stores = [], []
    for one in rounds.streams.values():
        if one.split is None:
            continue
        name = one.case.stream.profile.name.in_language(lang)
        if one.split.comparison is not None:
            compared.append(_compared(one.split, name, lang))
        stores += [_stores(one.split, name, lang), _brings(one.split, lang)]
    if compared:
        note = _(
            "The rounds in this workbook are those of the first way, the one that costs least."
        )
        yield Sheet(name_sheet(_("Stores and rounds")), tuple(compared), (note,))
    if stores:
        yield Sheet(name_sheet(_("Shared stores")), tuple(stores))


def _compared(split: StreamSplit, heading: str, lang: str) -> Block:
    """The ways as columns: what they cost, and what they take."""
    _ = translator(lang)
    names = split.names(lang)
    ways = split.rows()
    columns = (
        Column(_("Figure"), width=30), Column(_("Unit"), width=16),
        *(Column(names[key], Kind.AMOUNT, 18) for key, _one in ways),
    )  # fmt: skip
    return Block(columns, list(_rows(split, ways, lang)), heading)


def _rows(split: StreamSplit, ways: list[tuple[str, Split]], lang: str) -> Iterator[Row]:
    _ = translator(lang)
    money = _("10,000 CNY a year")
    splits = [one for _key, one in ways]
    yield _("total"), money, *(_shown(one.cost_cny / WAN) for one in splits)
    yield _("of which stores"), money, *(_shown(one.stores_cny / WAN) for one in splits)
    yield _("of which bringing"), money, *(_shown(one.bringing_cny / WAN) for one in splits)
    yield _("of which rounds"), money, *(_shown(one.rounds_cny / WAN) for one in splits)
    yield _("Stores open"), "", *(int(one.opened.sum()) for one in splits)
    yield _("Producers that bring"), "", *(int((one.store_of >= 0).sum()) for one in splits)
    yield _("Producers visited"), "", *(int((one.store_of < 0).sum()) for one in splits)
    for key, text, unit in (
        ("lorries", _("Lorries"), ""),
        ("km_per_yr", _("driven a year"), "km"),
        ("hours_per_yr", _("lorry hours a year"), _("h")),
        ("co2_t_per_yr", _("CO2 a year"), "t"),
    ):
        yield text, unit, *(split.figures[way][key] for way, _one in ways)


def _shown(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _stores(split: StreamSplit, heading: str, lang: str) -> Block:
    _ = translator(lang)
    columns = (
        Column(_("Store"), width=30), Column(_("Township"), width=16),
        Column(_("Producers that bring"), Kind.COUNT, 12), Column(_("t a year"), Kind.AMOUNT, 12),
        Column(_("Cost a year (CNY)"), Kind.AMOUNT, 14),
    )  # fmt: skip
    rows: list[Row] = [
        (str(row.name), str(row.district), int(str(row.producers)), float(str(row.t_per_yr)),
         float(str(row.cost_cny_per_yr)))
        for row in split.stores.drop(columns="geometry").itertuples(index=False)
    ]  # fmt: skip
    return Block(columns, rows, heading)


def _brings(split: StreamSplit, lang: str) -> Block:
    _ = translator(lang)
    columns = (
        Column(_("Producer"), width=30), Column(_("brings to"), width=30),
        Column(_("t a year"), Kind.AMOUNT, 12), Column("km", Kind.KILOMETRE, 10),
    )  # fmt: skip
    rows: list[Row] = [
        (str(row.from_name), str(row.to_name), float(str(row.t_per_yr)), float(str(row.way_km)))
        for row in split.brings.drop(columns="geometry").itertuples(index=False)
    ]
    return Block(columns, rows, _("Who brings where"))
