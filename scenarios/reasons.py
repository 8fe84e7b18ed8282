"""Why something cannot be had, as sentences for a reader, and what would allow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from geodata.faults import N_
from planner.solution import Reason
from scenarios.plan import Plan, StreamPlan
from scenarios.wording import joined, number, translator, unit_name

Translate = Callable[[str], str]

SHOWN_NAMES = 6
"""So many names stand in a sentence; the tables have all."""

SENTENCES: Mapping[str, str] = {
    "unreachable": N_("{count} points cannot reach any site: {names}"),
    "no_road": N_(
        "{count} points lie on no road within the snapping distance: {names}; raise max_snap_m, "
        "extend the roads, or set off_road: straight"
    ),
    "only_forbidden": N_("{count} points can reach forbidden sites only: {names}"),
    "needs_radius": N_(
        "{count} points have no site within {radius}: {names}; a radius of {smallest} would reach "
        "them all"
    ),
    "demand_too_large": N_(
        "{count} points are larger than any site they can reach: {names}; allow a larger size or "
        "single_source: false"
    ),
    "site_count_too_small": N_("{asked} sites are asked for, but it takes at least {smallest}"),
    "site_count_too_large": N_("{asked} sites are asked for, but at most {largest} can open"),
    "missing_capacity": N_(
        "{missing} {unit} of capacity are missing, for instance at {names}; allow larger sizes, "
        "more candidates or a longer reach"
    ),
    "least_throughput": N_("{count} sites cannot reach their least throughput: {names}"),
    "quota_clash": N_("these counts cannot all be kept: {names}; relax these first"),
    "quota_relaxed": N_("counts worded 'in principle' were given up for a plan: {names}"),
    "least_unserved": N_("under all rules at least {weight} {unit} stay unserved: {names}"),
    "left_out": N_("{count} points are left out because others weigh more: {names}"),
    "no_other_plan": N_("no other plan keeps the rules and differs enough from the known ones"),
    "no_room": N_("{count} points have no room left at the sites they can reach: {names}"),
    "tiered_quota_clash": N_("counts of sites miss by {amount} in all: {names}; relax these first"),
    "tiered_sharing": N_(
        "what shares a place clashes at {count} places: {names}; give other candidates"
    ),
    "tiered_least_throughput": N_(
        "sites miss their least throughput by {amount} t/yr in all: {names}; allow smaller sizes"
    ),
    "tiered_terminal_quota": N_(
        "the ends take {amount} t/yr too little: {names}; agree on more or name another end"
    ),
    "tiered_missing_capacity": N_(
        "{amount} t/yr of capacity are missing: {names}; allow larger sizes or more candidates"
    ),
    "tiered_missing_land": N_("{amount} m² of land are missing: {names}; give more or other land"),
    "tiered_budget": N_("the budget is {amount} CNY short; raise it or spread it over more years"),
    "tiered_unit_out_of_reach": N_(
        "no site reaches every point of these townships: {names}; extend cutoff_km, or leave out "
        "the zones"
    ),
    "tiered_least_unserved": N_(
        "under all rules at least {amount} t/yr stay unserved: {names}; extend reach or rules"
    ),
}
"""Sentence of each kind of reason (``planner.solving.explain.Kind`` and the pipeline's own)."""


def reason_text(
    reason: Reason,
    names: Mapping[str, str],
    lang: str = "en",
    *,
    translate: Translate = str,
    weight_unit: str = "",
) -> str:
    """The reason in words.

    Parameters
    ----------
    names : id -> name with its township, for the subjects
    weight_unit : what demand is counted in, as a reader writes it
    """
    kind = str(reason.kind)
    sentence = SENTENCES.get(kind)
    if sentence is None:
        return f"{kind}: {_named(reason.subjects, names, lang)}"
    values = {key: _shown(value) for key, value in reason.values.items()}
    for key in ("radius", "smallest"):
        if kind == "needs_radius" and key in reason.values:
            values[key] = f"{number(float(reason.values[key]) / 1000, 2)} km"
    values |= {
        "count": number(len(reason.subjects)),
        "names": _named(reason.subjects, names, lang),
        "unit": weight_unit,
    }
    return translate(sentence).format_map(_Known(values))


class _Known(dict[str, str]):
    """Places of a sentence that the reason has no value for show a dash."""

    def __missing__(self, _key: str) -> str:
        return "–"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(value)


def _named(ids: Sequence[str], names: Mapping[str, str], lang: str) -> str:
    shown = [names.get(one, one) for one in ids[:SHOWN_NAMES]]
    text = joined(shown, lang)
    return text if len(ids) <= SHOWN_NAMES else f"{text} …"


def names_of(*tables: Any) -> dict[str, str]:
    """Map ids to "name (township)" over some tables; names repeat from township to township."""
    found: dict[str, str] = {}
    for table in tables:
        for one, name, district in zip(table["id"], table["name"], table["district"], strict=True):
            words = str(name) if isinstance(name, str) and name else str(one)
            place = f"（{district}）" if isinstance(district, str) and district else ""
            found[str(one)] = f"{words}{place}"
    return found


def tier_reasons(stream: StreamPlan, lang: str) -> Iterator[tuple[str, str]]:
    """``(name of the tier, sentence)`` for every reason of a stream."""
    names = names_of(stream.demand, stream.facilities)
    tiers = {tier.id: tier.name.in_language(lang) for tier in stream.profile.tiers}
    # The pipeline counts demand in tonnes wherever it misses some.
    unit = unit_name("t/yr", lang)
    for result in stream.tiers:
        for reason in result.reasons:
            text = reason_text(reason, names, lang, translate=translator(lang), weight_unit=unit)
            yield tiers[result.tier], text


def reason_lines(plan: Plan, lang: str) -> list[str]:
    """What could not be had and what would allow it, a line each, said once of all it holds for.

    Villages without a road, for one, are without it in every tier of every stream.
    """
    tiers: dict[str, dict[str, list[str]]] = {}
    for stream in plan.streams.values():
        name = stream.profile.name.in_language(lang)
        for tier, text in tier_reasons(stream, lang):
            tiers.setdefault(text, {}).setdefault(name, []).append(tier)
    colon = translator(lang)(": ")
    return [
        joined([f"{name} · {joined(of, lang)}" for name, of in streams.items()], lang)
        + f"{colon}{text}"
        for text, streams in tiers.items()
    ]
