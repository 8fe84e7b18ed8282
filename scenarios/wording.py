"""What users read: the catalogue, and numbers, units and dates in both languages.

English sentences stand in the code behind ``_()`` or ``N_()`` and are the keys; the Chinese stands
in ``scenarios/locale/zh/LC_MESSAGES/wangdian.po`` with its compiled ``.mo`` beside it, in the terms
of the documents and standards. ``make catalogue`` extracts, updates and compiles it (Babel).
"""

from __future__ import annotations

import gettext
import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Literal

from geodata.faults import N_
from geodata.screening import KIND_NAMES
from planner.solution import PROVEN_GAP, Certificate, Outcome

Language = Literal["zh", "en"]
Translate = Callable[[str], str]

LANGUAGES: tuple[Language, ...] = ("zh", "en")
LOCALE_FOLDER = Path(__file__).parent / "locale"
DOMAIN = "wangdian"
LEAST_LITERAL = 6
"""Letters of its own that a template needs to be recognised in a finished sentence."""
MU_M2 = 2000 / 3
"""One mu (亩) in square metres: 15 mu are one hectare."""

STATUS_NAMES: Mapping[str, str] = {
    "kept": N_("existing, kept"),
    "expanded": N_("existing, expanded"),
    "closed": N_("existing, closed"),
    "new": N_("new"),
    "not_chosen": N_("not chosen"),
}
"""Status of a facility in a plan."""

STATE_NAMES: Mapping[str, str] = {
    "kept": N_("kept as it is"),
    "building": N_("under construction"),
    "approved": N_("approved, unbuilt"),
    "upgrade": N_("upgrade"),
    "expand": N_("expand"),
    "move": N_("relocate"),
    "close": N_("close"),
    "planned": N_("planned"),
    "temporary": N_("temporary"),
    "seasonal": N_("seasonal"),
}
"""State of an input facility (``docs/architecture.md``)."""

UNSERVED_REASONS: Mapping[str, str] = {
    "no_road": N_("no usable road within the snapping distance"),
    "no_candidate_in_reach": N_("no site within reach"),
    "capacity": N_("no capacity left within reach"),
    "left_out": N_("left out within the number of sites or the budget"),
}
"""Why a village is not served."""

DEMAND_BASES: Mapping[str, str] = {
    "stated": N_("stated"),
    "estimated": N_("estimated"),
    "count": N_("counted"),
}
"""Where a village's tonnes come from."""

EVIDENCE_NAMES: Mapping[str, str] = {
    "document": N_("stands in a source document"),
    "seen": N_("standard or page read"),
    "checked": N_("checked by computation"),
    "recalled": N_("planning assumption, not a clause"),
    "derived": N_("derived from the documents' numbers"),
    "assumed": N_("assumption of this tool"),
}
"""How well a number is known."""

METRIC_NAMES: Mapping[str, str] = {
    "road": N_("road distance"),
    "walk": N_("walking distance"),
    "straight": N_("straight line × circuity factor"),
}
"""How a distance is measured."""

OUTCOME_NAMES: Mapping[Outcome, str] = {
    Outcome.OPTIMAL: N_("proven optimal"),
    Outcome.FEASIBLE: N_("a plan, optimality not fully proven"),
    Outcome.INFEASIBLE: N_("the rules cannot all be met"),
    Outcome.NO_ANSWER: N_("no plan found in the time given"),
    Outcome.CANCELLED: N_("stopped early; the best plan so far"),
}
"""How a run ended, in an official's words."""

UNIT_NAMES: Mapping[str, str] = {
    "m": N_("m"),
    "km": N_("km"),
    "s": N_("s"),
    "min": N_("min"),
    "h": N_("h"),
    "t": N_("t"),
    "t/yr": N_("t/yr"),
    "t/day": N_("t/day"),
    "t/d": N_("t/day"),
    "m2": N_("m²"),
    "mu": N_("mu"),
    "people": N_("people"),
    "persons": N_("people"),
    "villages": N_("villages"),
    "sites": N_("sites"),
    "count": N_("units"),
    "wan_cny": N_("10,000 CNY"),
    "wan_cny_per_yr": N_("10,000 CNY/yr"),
    "cny": N_("CNY"),
    "cny/t": N_("CNY/t"),
    "t·km": N_("t·km"),
    "t·km/yr": N_("t·km/yr"),
    "t_km_per_yr": N_("t·km/yr"),
    "people·km": N_("person-km"),
}
"""Units as they stand in :class:`scenarios.plan.Indicator` and what a reader sees."""

MONEY: Mapping[str, tuple[float, str]] = {
    "cny": (1.0, ""),
    "cny/t": (1.0, "/t"),
    "wan_cny": (10_000.0, ""),
    "wan_cny_per_yr": (10_000.0, "/yr"),
}
"""Units of money: yuan in one of them, and what they are for. 万 is no unit of English."""


def language(lang: str) -> Language:
    """``lang`` if this tool speaks it.

    Raises
    ------
    ValueError
        For any other language.
    """
    for known in LANGUAGES:
        if lang == known:
            return known
    raise ValueError(f"language {lang!r} is not known; choose one of {', '.join(LANGUAGES)}")


def translator(lang: str) -> Translate:
    """The function that turns an English sentence of the code into ``lang``.

    Raises
    ------
    ValueError
        For a language that is not known.
    FileNotFoundError
        Where the compiled catalogue is missing from the installation.
    """
    if language(lang) == "en":
        return _unchanged
    catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, languages=[lang])

    def translate(message: str) -> str:
        # gettext answers the header for ""; an empty cell stays empty.
        return catalogue.gettext(message) if message else ""

    return translate


def _unchanged(message: str) -> str:
    return message


def is_number(value: object) -> bool:
    """Whether a cell holds a number that can be shown: not None, NaN, infinite, text or a flag."""
    if value is None or isinstance(value, (bool, str)):
        return False
    try:
        return math.isfinite(float(value))  # type: ignore[arg-type]  # NumPy scalars and pd.NA
    except (TypeError, ValueError):
        return False


def number(value: object, decimals: int | None = None) -> str:
    """A number with thousands separators; "–" where it is not known.

    Parameters
    ----------
    decimals : digits after the point; None keeps three significant ones below 100, else none
    """
    if not is_number(value):
        return "–"
    amount = float(value)  # type: ignore[arg-type]
    if decimals is None:
        size = abs(amount)
        decimals = 0 if size >= 100 or amount.is_integer() else 1 if size >= 10 else 2
    text = f"{amount:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def percent(fraction: object, decimals: int = 1) -> str:
    """A fraction as percent, e.g. 0.953 as "95.3%"."""
    if not is_number(fraction):
        return "–"
    return f"{number(float(fraction) * 100, decimals)}%"  # type: ignore[arg-type]


def unit_name(unit: str, lang: str) -> str:
    """A unit as the reader writes it; a unit that is not in the table stands as it is."""
    return translator(lang)(UNIT_NAMES.get(unit, unit))


def quantity(value: object, unit: str, lang: str, decimals: int | None = None) -> str:
    """A number with its unit, e.g. "1,250 t/yr"; percent without a space."""
    if not is_number(value):
        return "–"
    if unit == "%":
        return f"{number(value, 1 if decimals is None else decimals)}%"
    if lang == "en" and unit in MONEY:
        return _money(float(value), unit, decimals)  # type: ignore[arg-type]
    return f"{number(value, decimals)} {unit_name(unit, lang)}".rstrip()


def _money(value: float, unit: str, decimals: int | None) -> str:
    """Money as English has it, the currency first and in yuan: "CNY 3,000/yr"."""
    yuan, per = MONEY[unit]
    # Of ten thousands, digits after the point are asked for; of yuan nobody needs any.
    shown = number(value * yuan, 0) if yuan > 1 else number(value, decimals)
    return f"CNY {shown}{per}"


def distance(metres: object, lang: str) -> str:
    """A distance in metres below one kilometre, else in kilometres."""
    if not is_number(metres):
        return "–"
    amount = float(metres)  # type: ignore[arg-type]
    if amount < 999.5:
        return quantity(amount, "m", lang, 0)
    return quantity(amount / 1000, "km", lang, 1 if amount < 99_950 else 0)


def duration(seconds: object, lang: str) -> str:
    """A time in seconds below two minutes, else in minutes."""
    if not is_number(seconds):
        return "–"
    amount = float(seconds)  # type: ignore[arg-type]
    if amount < 120:
        return quantity(amount, "s", lang, 0 if amount >= 10 else 1)
    return quantity(amount / 60, "min", lang, 0 if amount >= 600 else 1)


def impedance(value: object, unit: str, lang: str) -> str:
    """A road distance (``m``) or a travel time (``s``)."""
    return duration(value, lang) if unit == "s" else distance(value, lang)


def area(square_metres: object, lang: str) -> str:
    """Land in square metres with mu (亩) beside it, as planners hand it in."""
    if not is_number(square_metres):
        return "–"
    amount = float(square_metres)  # type: ignore[arg-type]
    return f"{quantity(amount, 'm2', lang)} / {quantity(amount / MU_M2, 'mu', lang)}"


def long_date(day: date, lang: str) -> str:
    """A date as it stands on a cover: 2026年11月22日 or 22 November 2026."""
    if language(lang) == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    months = (
        "January", "February", "March", "April", "May", "June", "July",
        "August", "September", "October", "November", "December",
    )  # fmt: skip
    return f"{day.day} {months[day.month - 1]} {day.year}"


def certificate_sentence(certificate: Certificate, lang: str) -> str:
    """What is proven of an answer, as one says it to an official, e.g. 与理论最优最多相差 0.8%."""
    _ = translator(lang)
    if not math.isfinite(certificate.objective):
        return _(OUTCOME_NAMES[certificate.outcome])
    if certificate.gap <= PROVEN_GAP or certificate.outcome is Outcome.OPTIMAL:
        return _("Proven: no better plan exists under these rules")
    if not math.isfinite(certificate.gap):
        return _("A plan was found; how far it is from the best possible is not known")
    shown = max(math.ceil(certificate.gap * 1000 - 1e-9) / 10, 0.1)
    sentence = _("At most {percent} from the theoretical best")
    if certificate.outcome is Outcome.CANCELLED:
        sentence = _("Stopped early: at most {percent} from the theoretical best")
    return sentence.format(percent=f"{number(shown, 1)}%")


@cache
def _templates(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences of the catalogue with places as patterns, the most particular first."""
    if language(lang) == "en":
        return ()
    catalogue = gettext.translation(DOMAIN, LOCALE_FOLDER, languages=[lang])
    found = []
    for message in getattr(catalogue, "_catalog", {}):
        parts = list(Formatter().parse(message)) if isinstance(message, str) and message else []
        literal = sum(len(text) for text, *_rest in parts)
        names = [name for _text, name, *_rest in parts if name is not None]
        if literal < LEAST_LITERAL or not names or not all(map(str.isidentifier, names)):
            continue
        if len(set(names)) == len(names):
            pattern = "".join(
                re.escape(text) + (f"(?P<{name}>{_place(name)})" if name is not None else "")
                for text, name, *_rest in parts
            )
            found.append((literal, re.compile(pattern, re.DOTALL), message))
    found.sort(key=lambda one: (-one[0], one[2]))
    return tuple((pattern, message) for _literal, pattern, message in found)


def _place(name: str) -> str:
    """What may stand in a place; a kind of exclusion is tried whole, as it has several words."""
    kinds = sorted(KIND_NAMES.values(), key=len, reverse=True) if name == "kind" else []
    return "|".join([*map(re.escape, kinds), ".+?"])


@lru_cache(maxsize=4096)
def retold(sentence: str, lang: str) -> str:
    """A finished English sentence of the code in ``lang``: its template is found by its words.

    For texts that reach a deliverable without their template, such as the rule that dropped a
    candidate; what no template fits stays as it is.
    """
    _ = translator(lang)
    for pattern, message in _templates(lang):
        match = pattern.fullmatch(sentence)
        if match:
            plain = {name: _(value) for name, value in match.groupdict().items()}
            return re.sub(r"\{(\w+)[^{}]*\}", "{\\1}", _(message)).format(**plain)
    return _(sentence)


def joined(parts: list[str], lang: str) -> str:
    """A list in a sentence: 、 in Chinese, commas in English."""
    return ("、" if language(lang) == "zh" else ", ").join(parts)
