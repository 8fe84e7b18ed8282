"""Words of rounds: clock times, day names, reasons; in both languages."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from geodata.faults import N_
from scenarios.rounds_kinds import WithKinds
from scenarios.rounds_tables import StreamRounds
from scenarios.wording import language, number, percent, quantity, translator

KIND_NAMES: Mapping[str, str] = {
    "depot": N_("lorry depot"),
    "stop": N_("stop"),
    "disposal": N_("empties"),
}

REASON_NAMES: Mapping[str, str] = {
    "stream_not_carried": N_("no lorry carries this; give a class that does"),
    "outside_licence": N_("no lorry is licensed for this area"),
    "no_lorry": N_("no lorry of a class that could come"),
    "larger_than_any_lorry": N_(
        "more at one visit than any lorry takes; visit oftener or split it"
    ),
    "no_site": N_("nowhere to empty what it has"),
    "no_way": N_("no usable road there or back for these lorries"),
    "window_not_reachable": N_("it closes before a lorry can be there; begin the shift earlier"),
    "longer_than_shift": N_("there and back takes longer than a shift; a nearer site is needed"),
    "too_long_on_board": N_("it would be on board for too long; a nearer site is needed"),
    "no_feasible_day": N_("frequency, gaps and days allowed leave no day; relax one of them"),
    "sites_full": N_("no site takes more on that day; enlarge one or visit on other days"),
    "fleet_too_small": N_("the lorries do not suffice; add one or allow overtime"),
}

MOST_NAMED = 12
"""Stops of a change that a line names; all are in rounds.json."""

FIGURE_NAMES: tuple[tuple[str, str, str], ...] = (
    ("lorries", N_("lorries needed"), "lorries"),
    ("rounds_per_yr", N_("rounds a year"), "rounds"),
    ("km_per_yr", N_("driven a year"), "km"),
    ("hours_per_yr", N_("lorry hours a year"), "h"),
    ("t_per_yr", N_("collected a year"), "t"),
    ("cost_wan_cny_per_yr", N_("cost a year"), "wan_cny_per_yr"),
    ("co2_t_per_yr", N_("CO2 a year"), "t"),
    ("payload_used", N_("payload used a trip"), "%"),
    ("shift_used", N_("shift used a round"), "%"),
    ("unserved", N_("stops not served"), "stops"),
)


COUNTED = frozenset({"lorries", "rounds", "stops"})


def figure_lines(rounds: StreamRounds, lang: str) -> list[tuple[str, str]]:
    """Name and value of each figure."""
    _ = translator(lang)
    found = []
    for key, name, unit in FIGURE_NAMES:
        value = rounds.figures[key]
        if unit == "%":
            shown = percent(value, 1)
        elif unit in COUNTED:
            shown = f"{number(value, 0)} {_(unit)}"
        else:
            shown = quantity(value, unit, lang, 1)
        found.append((_(name), shown))
    return found


def clock(seconds: float) -> str:
    """Time of day; past midnight it counts on with a mark: ``01:30+1``."""
    minutes = round(seconds / 60)
    days, minutes = divmod(minutes, 24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f"+{days}" if days else "")


def day_names(rounds: StreamRounds, lang: str) -> list[str]:
    """Names of the days of the cycle."""
    _ = translator(lang)
    names = rounds.case.problem.day_names
    if len(names) == 1:
        return [_("every day")]
    return [_("day {day}").format(day=name) if name[:1].isdigit() else _(name) for name in names]


def fleet_lines(rounds: StreamRounds, lang: str) -> list[list[str]]:
    """Names of depot and class, in the order of the fleet by day."""
    case = rounds.case
    depots = dict(zip(case.depots["id"].astype(str), case.depots["name"].astype(str), strict=True))
    return [
        [depots.get(depot) or depot, getattr(case.roads[vehicle].vehicle.name, language(lang))]
        for vehicle, depot in rounds.solution.fleet(case.problem)
    ]


def change_lines(rounds: StreamRounds, lang: str) -> list[str]:
    """What is otherwise than in the rounds that were to be kept."""
    _ = translator(lang)
    one = rounds.change
    if one is None:
        return []
    found = [
        _("{kept} of {before} rounds are as they were; there are {after} now").format(
            kept=one.kept, before=one.before, after=one.after
        )
    ]
    named = (
        (_("Stops added"), one.added),
        (_("Stops dropped"), one.dropped),
        (_("Stops that another lorry or day serves now"), one.moved),
        (_("Stops that have no lorry now"), one.unserved),
    )
    return found + [f"{text}: {_some(ids)}" for text, ids in named if ids]


def _some(ids: tuple[str, ...]) -> str:
    more = "" if len(ids) <= MOST_NAMED else f" … ({len(ids)})"
    return ", ".join(ids[:MOST_NAMED]) + more


def compartment_lines(rule: WithKinds, vehicle: str, lang: str) -> list[str]:
    """What lies in each compartment of a class, and what it takes; none where all lies together."""
    _ = translator(lang)
    body = rule.bodies.get(vehicle)
    names = {one.id: one.name.in_language(lang) for one in rule.kinds}
    found = []
    for k, part in enumerate(() if body is None else body.compartments):
        limits = [
            f"{number(value)} {unit}"
            for value, unit in ((part.payload_t, "t"), (part.volume_m3, "m³"))
            if value is not None
        ]
        inside = ("、" if lang == "zh" else ", ").join(names[kind] for kind in part.kinds)
        text = _("Compartment {number}: {kinds}").format(number=k + 1, kinds=inside)
        found.append(" · ".join((text, *limits)))
    return found


def unserved_lines(rounds: StreamRounds, lang: str) -> pd.DataFrame:
    """Stops not served with the reason in words."""
    _ = translator(lang)
    words = {key: _(text) for key, text in REASON_NAMES.items()}
    return rounds.unserved.assign(reason_text=rounds.unserved["reason"].map(words))
