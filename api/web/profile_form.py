"""A stream's profile as a form: its numbers as editable defaults, each with where it is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scenarios.evidence import EDITABLE, Cited, Evidence, Sourced
from scenarios.schema import SizeOption, StreamProfile, Tier
from scenarios.stream_words import FIELD_NAMES, QUANTITY_NAMES
from scenarios.wording import translator, unit_name

PLAIN_UNITS = {
    "capacity_t_per_yr": "t/yr",
    "least_throughput_t_per_yr": "t/yr",
    "land_m2": "m2",
    "investment_wan_cny": "wan_cny",
    "operation_wan_cny_per_yr": "wan_cny_per_yr",
    "cutoff_km": "km",
    "candidate_spacing_km": "km",
    "least_area_m2": "m2",
    "setback_m": "m",
}
TIER_SOURCED = ("radius_km", "share_taken", "gate_fee", "lasts_yr")
TIER_PLAIN = ("cutoff_km", "sites", "circuity", "candidate_spacing_km", "least_area_m2")
SIZE_PLAIN = (
    "capacity_t_per_yr", "least_throughput_t_per_yr", "land_m2", "investment_wan_cny",
    "operation_wan_cny_per_yr",
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One number of a profile.

    Parameters
    ----------
    key : dotted, into the profile, as ``--set`` takes it
    source : in words, with its clause; "" where it is a planning value and nothing else
    planning : nobody has read it in a clause: 规划取值（非规范条文）
    """

    key: str
    label: str
    unit: str
    value: float | None
    source: str
    planning: bool
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Fields that belong together: a tier, a size, the amounts."""

    title: str
    fields: tuple[Field, ...]


def form_groups(profile: StreamProfile, lang: str) -> list[Group]:
    """The numbers of a profile, tier by tier."""
    _ = translator(lang)
    groups = [Group(_("Amounts"), tuple(_amounts(profile, lang)))]
    for tier in profile.tiers:
        name = tier.name.in_language(lang)
        groups.append(Group(name, tuple(_tier(tier, lang))))
        for size in tier.sizes:
            title = f"{name} · {size.name.in_language(lang)}"
            groups.append(Group(title, tuple(_size(tier, size, lang))))
    return [one for one in groups if one.fields]


def _amounts(profile: StreamProfile, lang: str) -> Iterator[Field]:
    _ = translator(lang)
    for k, one in enumerate(profile.demand.factors):
        quantity = QUANTITY_NAMES.get(one.of, one.of)
        label = f"{_name('factor', lang)}（{_(quantity)}）"
        yield _sourced(f"demand.factors.{k}.factor", label, one.factor, lang)
        for m, share in enumerate(one.times):
            key = f"demand.factors.{k}.times.{m}"
            yield _sourced(key, _name("times", lang), share, lang)
    if profile.demand.growth_per_yr is not None:
        label = _name("growth_per_yr", lang)
        yield _sourced("demand.growth_per_yr", label, profile.demand.growth_per_yr, lang)


def _tier(tier: Tier, lang: str) -> Iterator[Field]:
    _ = translator(lang)
    start = f"tiers.{tier.id}"
    for name in TIER_SOURCED:
        number: Sourced | None = getattr(tier, name)
        if number is not None:
            yield _sourced(f"{start}.{name}", _name(name, lang), number, lang)
    for name in TIER_PLAIN:
        value = getattr(tier, name)
        stated = name in tier.model_fields_set
        if value is not None and stated:
            yield _plain(f"{start}.{name}", name, value, tier.basis.get(name), lang)
    for k, quota in enumerate(tier.quotas):
        for name in ("minimum", "maximum"):
            value = getattr(quota, name)
            if value is not None and name in quota.model_fields_set:
                yield _plain(f"{start}.quotas.{k}.{name}", name, value, quota, lang, quota.text)


def _size(tier: Tier, size: SizeOption, lang: str) -> Iterator[Field]:
    for name in SIZE_PLAIN:
        value = getattr(size, name)
        if value is not None and name in size.model_fields_set:
            key = f"tiers.{tier.id}.sizes.{size.id}.{name}"
            yield _plain(key, name, value, size.basis.get(name) or size, lang)


def _sourced(key: str, label: str, number: Sourced, lang: str) -> Field:
    return Field(
        key, label, unit_name(number.unit, lang), number.value, _source(number, lang),
        number.evidence in EDITABLE, number.note_in(lang),
    )  # fmt: skip


def _plain(
    key: str, name: str, value: float, cited: Cited | None, lang: str, note: str = ""
) -> Field:
    _ = translator(lang)
    evidence = Evidence.ASSUMED if cited is None else cited.evidence
    source = "" if cited is None else _source(cited, lang)
    said = note or ("" if cited is None else cited.note_in(lang))
    unit = unit_name(PLAIN_UNITS.get(name, ""), lang) if name in PLAIN_UNITS else ""
    label = _name(name, lang)
    return Field(key, label, unit, value, source, evidence in EDITABLE, said)


def _source(cited: Cited, lang: str) -> str:
    """Where a number is from; that nobody has read it in a clause is marked beside it."""
    mark = translator(lang)("planning assumption, not a clause")
    return cited.source_in(lang).replace(mark, "").strip("；; ")


def _name(field: str, lang: str) -> str:
    label = FIELD_NAMES.get(field, field)
    return translator(lang)(label)


def stream_choices(profiles: Sequence[StreamProfile], lang: str) -> list[tuple[str, str]]:
    """Id and name of every stream, by name."""
    return sorted(((one.id, one.name.in_language(lang)) for one in profiles), key=lambda p: p[1])
