"""Rules on single figures and pairs: two bases, load, stock against its limit, amounts a head."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, product

from geodata.faults import N_, Phrase
from scenarios.audit.amounts import YEARLY, Amount, amounts_of
from scenarios.audit.finding import Finding, references, threshold
from scenarios.document import Document
from scenarios.wording import number

DAYS_PER_YEAR = 365.0
ARISING = ("generation", "cleared")
"""Two words for what a collection system has to carry; planners size from either."""


def figure_findings(document: Document) -> Iterator[Finding]:
    """Findings of all rules of this module."""
    found = amounts_of(document)
    amounts = [one for key, one in found.items() if one.subject and "@" not in key]
    base = document.years.base
    yield from _two_bases(amounts)
    yield from _stated_twice(amounts, base)
    yield from _load(amounts)
    yield from _stock(amounts)
    yield from _per_head(amounts)


def _two_bases(amounts: Sequence[Amount]) -> Iterator[Finding]:
    """The amounts that a subject is said to give in a year, by each two of their bases."""
    by_subject: dict[str, dict[float, Amount]] = defaultdict(dict)
    for one in amounts:
        if one.counts in ARISING and one.low == one.high and one.dimension == "mass":
            by_subject[one.subject].setdefault(one.value, one)  # an amount stated twice is one
    for several in by_subject.values():
        for one, other in combinations(sorted(several.values(), key=lambda a: a.value), 2):
            share = other.value / one.value - 1 if one.value else 0.0
            if share > threshold("two_bases"):
                yield _bases_apart(one, other, share)


def _bases_apart(low: Amount, high: Amount, share: float) -> Finding:
    message = N_(
        "{low_name} ({low_written}) is {low} t/yr, {high_name} ({high_written}) is {high} t/yr: "
        "{percent}% apart"
    )
    return Finding(
        "two_bases",
        high.name,
        Phrase(
            message,
            {
                "low_name": low.name,
                "low_written": low.written,
                "low": number(low.value),
                "high_name": high.name,
                "high_written": high.written,
                "high": number(high.value),
                "percent": number(100 * share, 0),
            },
        ),
        (low.clause, high.clause),
        {"low_t_per_yr": low.value, "high_t_per_yr": high.value, "share": share},
    )


def _stated_twice(amounts: Sequence[Amount], base_year: int) -> Iterator[Finding]:
    """The same thing of the same year with two values; tonnes have a rule of their own."""
    for one, other in combinations(amounts, 2):
        same = (one.subject, one.counts, one.scope, one.year or base_year, one.dimension) == (
            other.subject, other.counts, other.scope, other.year or base_year, other.dimension
        )  # fmt: skip
        tonnes = one.counts in ARISING and one.dimension == "mass"
        apart = abs(one.value - other.value) > one.rounding + other.rounding
        if same and apart and not tonnes and one.low == one.high and other.low == other.high:
            message = N_("{name} is {one} here and {other} there")
            values = {"name": one.name, "one": one.written, "other": other.written}
            yield Finding("stated_twice", one.name, Phrase(message, values),
                          (one.clause, other.clause),
                          {"values": [one.value, other.value]})  # fmt: skip


def _load(amounts: Sequence[Amount]) -> Iterator[Finding]:
    """Capacity against what arises, with the ends of both ranges."""
    capacities = [one for one in amounts if one.counts == "capacity"]
    for capacity, arising in product(capacities, amounts):
        if (
            arising.counts not in ARISING
            or (arising.subject, arising.dimension) != (capacity.subject, capacity.dimension)
            or not capacity.high
        ):
            continue
        least, most = arising.low / capacity.high, arising.high / capacity.high
        values = {
            "name": capacity.name,
            "capacity": capacity.written,
            "arising_name": arising.name,
            "arising": arising.written,
            "least": number(100 * least, 0),
            "most": number(100 * most, 0),
            "slack": number(capacity.high - arising.high),
        }
        figures = {"least_load": least, "most_load": most,
                   "slack_per_yr": capacity.high - arising.high}  # fmt: skip
        clauses = tuple(dict.fromkeys((capacity.clause, arising.clause)))
        if most > 1:
            message = N_(
                "{name} ({capacity}) is less than {arising_name} ({arising}): load {most}%"
            )
            yield Finding(
                "capacity_short", capacity.name, Phrase(message, values), clauses, figures
            )
        elif least < threshold("capacity_idle"):
            message = N_(
                "{name} ({capacity}) for {arising_name} ({arising}): load {least}% to {most}%"
            )
            if arising.low == arising.high:
                message = N_("{name} ({capacity}) for {arising_name} ({arising}): load {most}%")
            yield Finding("capacity_idle", capacity.name, Phrase(message, values), clauses, figures)


def _stock(amounts: Sequence[Amount]) -> Iterator[Finding]:
    """A stock as days of generation, against the time for which it may be kept."""
    limits = [one for one in references() if one.of == "storage_limit"]
    for limit, stock, arising in product(limits, amounts, amounts):
        if (
            stock.counts != "stock"
            or arising.counts != "generation"
            or {stock.subject, arising.subject} != {limit.subject}
            or limit.high is None
        ):
            continue
        days = stock.value / (arising.value / DAYS_PER_YEAR)
        if days > limit.high:
            yield stock_finding(stock.name, days, limit.high, limit.source, stock.value,
                                (stock.clause, arising.clause))  # fmt: skip


def stock_finding(
    name: str, days: float, limit_days: float, source: str, stock_t: float, clauses: tuple[str, ...]
) -> Finding:
    """A stock that is more than may be kept."""
    message = N_(
        "{name} of {stock} t is {days} days of generation; the limit is {limit} days, which is "
        "{allowed} t ({source})"
    )
    allowed = stock_t * limit_days / days
    values = {
        "name": name,
        "stock": number(stock_t),
        "days": number(days, 1),
        "limit": number(limit_days),
        "allowed": number(allowed, 1),
        "source": source,
    }
    figures = {"days": days, "limit_days": limit_days, "allowed_t": allowed}
    return Finding("stock_over_limit", name, Phrase(message, values),
                   tuple(dict.fromkeys(clauses)), figures)  # fmt: skip


def _per_head(amounts: Sequence[Amount]) -> Iterator[Finding]:
    """Amounts a head, stated or divided by the people, against the reference range."""
    people = [one for one in amounts if one.counts == "population"]
    ranges = {one.subject: one for one in references() if one.of == "per_head"}
    seen: set[tuple[str, float]] = set()
    for one in amounts:
        reference = ranges.get(one.subject)
        if reference is None or reference.low is None or reference.high is None:
            continue
        heads: list[tuple[float, tuple[str, ...]]] = []
        if one.counts == "per_head":
            heads = [(one.value * 1000 / DAYS_PER_YEAR, (one.clause,))]
        elif one.counts in YEARLY and one.low == one.high:
            heads = [
                (one.value * 1000 / DAYS_PER_YEAR / all_of.value, (one.clause, all_of.clause))
                for all_of in people
            ]
        for kg, clauses in heads:
            factor = max(reference.low / kg, kg / reference.high) if kg else 0.0
            key = (one.subject, round(kg, 6))
            if factor < threshold("per_head") or key in seen:
                continue
            seen.add(key)
            message = N_(
                "{name} ({written}) is {kg} kg a person and day; {source} has {low} to {high}"
            )
            values = {
                "name": one.name,
                "written": one.written,
                "kg": number(kg, 2),
                "low": number(reference.low),
                "high": number(reference.high),
                "source": reference.source,
            }
            yield Finding("per_head", one.name, Phrase(message, values), clauses,
                          {"kg_per_person_day": kg, "factor": factor})  # fmt: skip
