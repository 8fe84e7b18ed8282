"""指标, 输入与问题, 默认值与依据 and 证明: what the plan's numbers rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from geodata.faults import N_, Phrase, Severity
from planner.solution import Certificate
from scenarios import wording
from scenarios.deliverables.workbook_facilities import setback_text
from scenarios.deliverables.workbook_sheet import Block, Cell, Column, Kind, Row, Sheet
from scenarios.deliverables.workbook_words import (
    PROBLEM_NAMES,
    STRENGTH_NAMES,
    Subject,
    tier_by_id,
    tier_columns,
)
from scenarios.evidence import Basis, Cited, Sourced, sources
from scenarios.numbers import NumberFound, numbers_in
from scenarios.plan import StreamPlan
from scenarios.profile import DemandLayer, DemandRule
from scenarios.reasons import tier_reasons
from scenarios.schema import Evidence, SizeOption, StreamProfile, Tier
from scenarios.stream_words import FIELD_NAMES, QUANTITY_NAMES

FACTOR_UNITS = (N_("t/(mu·yr)"), N_("t/(person·yr)"), N_("t/m2"), N_("t/t"), N_("yr"))
"""Units of the profiles that no indicator has; their English is their key in the catalogue."""

SIZE_NUMBERS: Mapping[str, tuple[str, str]] = {
    "capacity_t_per_yr": (N_("capacity"), "t/yr"),
    "land_m2": (N_("land"), "m2"),
    "investment_wan_cny": (N_("investment"), "wan_cny"),
    "operation_wan_cny_per_yr": (N_("running cost"), "wan_cny_per_yr"),
    "lifetime_yr": (N_("lifetime"), "yr"),
}
"""Numbers of a size option, their names and units."""


def indicators_sheet(subject: Subject) -> Sheet:
    """Every figure with its formula in words, and the targets of the documents."""
    _ = subject.translate
    figures = (
        Column(_("Stream"), width=26),
        Column(_("Indicator"), width=30),
        Column(_("Value"), Kind.AMOUNT, 14),
        Column(_("Unit"), width=12),
        Column(_("Target"), Kind.AMOUNT, 12),
        Column(_("Formula"), Kind.WRAPPED, 80),
    )
    targets = (
        Column(_("Stream"), width=26),
        Column(_("Indicator"), width=30),
        Column(_("Target"), Kind.AMOUNT, 14),
        Column(_("Unit"), width=12),
        Column(_("Year"), Kind.EXACT, 12),
        Column(_("Source"), Kind.WRAPPED, 80),
    )
    asked = list(_target_rows(subject))
    blocks = [Block(figures, _indicator_rows(subject), _("Figures of this plan") if asked else "")]
    if asked:
        blocks.append(Block(targets, asked, _("Targets of the documents")))
    return Sheet(_("Indicators"), tuple(blocks))


def _indicator_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    for stream in subject.plan.streams.values():
        for one in stream.indicators:
            yield (
                subject.stream_name(stream),
                _(one.name),
                one.value,
                wording.unit_name(one.unit, subject.lang),
                one.target,
                _(one.formula),
            )


def _target_rows(subject: Subject) -> Iterator[Row]:
    for stream in subject.plan.streams.values():
        for one in stream.profile.targets:
            yield (
                subject.stream_name(stream),
                one.indicator,
                one.value,
                one.unit,
                one.year,
                one.source,
            )


def inputs_sheet(subject: Subject) -> Sheet:
    """What was read, with which settings, and what was wrong with it."""
    _ = subject.translate
    inputs = (
        Column(_("No."), Kind.COUNT, 6),
        Column(_("Input or setting"), width=30),
        Column(_("File or value"), width=40),
        Column(_("Sheet or layer"), width=18),
        Column(_("Coordinates declared"), Kind.WRAPPED, 70),
    )
    faults = (
        Column(_("No."), Kind.COUNT, 6),
        Column(_("Severity"), width=30),
        Column(_("Where"), width=40),
        Column(_("Row"), Kind.EXACT, 18),
        Column(_("What is wrong and what to do"), Kind.WRAPPED, 70),
    )
    found = list(_fault_rows(subject))
    notes = () if found else (_("Nothing was found wrong with the inputs."),)
    numbered = [(at, *row) for at, row in enumerate(_input_rows(subject), 1)]
    return Sheet(
        _("Inputs and faults"),
        (Block(faults, found, _("Faults found")), Block(inputs, numbered, _("Inputs"))),
        notes,
    )


def _fault_rows(subject: Subject) -> Iterator[Row]:
    severities = {Severity.ERROR: N_("error"), Severity.WARNING: N_("warning")}
    for at, fault in enumerate(subject.plan.faults, 1):
        yield (
            at,
            subject.translate(severities[fault.severity]),
            fault.where,
            fault.row,
            Phrase(fault.message, fault.values).text(subject.translate),
        )


def _input_rows(subject: Subject) -> Iterator[tuple[Cell, Cell, Cell, Cell]]:
    """Layers, roads and settings of the scenario."""
    _ = subject.translate
    scenario = subject.plan.scenario
    if scenario.synthetic is not None:
        said = _("{villages} villages, seed {seed}").format(
            villages=scenario.synthetic.villages, seed=scenario.synthetic.seed
        )
        yield _("Synthetic data"), said, "", ""
    for name, layer in scenario.layers.items():
        yield name, layer.file, layer.sheet or "", layer.crs or ""
    if scenario.roads is not None:
        roads = scenario.roads
        yield _("Roads"), roads.file or roads.place or "", roads.sheet or "", roads.crs or ""
    off_road = {
        "unserved": _("listed as not served"),
        "straight": _("measured straight × circuity factor, and labelled so"),
    }
    yield _("Farthest from a road (m)"), scenario.max_snap_m, "", ""
    yield _("Points on no road"), off_road[scenario.off_road], "", ""
    yield _("Time limit a level (s)"), scenario.solver.time_limit_s, "", ""
    yield _("Stops at a difference from the best of"), wording.percent(scenario.solver.gap), "", ""
    yield _("Discount rate"), wording.percent(scenario.discount_rate), "", ""
    for use in scenario.streams:
        for key, value in use.set.items():
            yield f"{use.stream}.{key}", str(value), "", ""
    for stream in subject.plan.streams.values():
        name = subject.stream_name(stream)
        yield _("Hash of the inputs of {stream}").format(stream=name), stream.input_hash, "", ""


def assumptions_sheet(subject: Subject) -> Sheet:
    """Every number of the profiles with where it comes from and how well it is known."""
    _ = subject.translate
    columns = tier_columns(
        subject,
        Column(_("Number"), width=28),
        Column(_("Value"), Kind.EXACT, 13),
        Column(_("Unit"), width=12),
        Column(_("Source"), Kind.WRAPPED, 44),
        Column(_("Clause"), width=12),
        Column(_("Edition"), width=10),
        Column(_("Evidence"), width=30),
        Column(_("Note"), Kind.WRAPPED, 36),
        Column(_("Key in the stream's file"), width=44),
    )
    rows = (
        (subject.stream_name(stream), *row)
        for stream in subject.plan.streams.values()
        for row in assumption_rows(subject, stream.profile)
    )
    return Sheet(
        _("Defaults and sources"),
        (Block(columns, rows),),
        (
            _("What is marked a planning assumption is no clause of any text: check and change it.")
            ,
        ),
    )  # fmt: skip


def assumption_rows(subject: Subject, profile: StreamProfile) -> Iterator[Row]:
    """Numbers of one stream: all of them, then sizes, setbacks and counts of each tier."""
    tiers = {tier.id: tier for tier in profile.tiers}
    for one in numbers_in(profile):
        words = one.key.split(".")
        plain = not isinstance(one.basis, Sourced)
        if not (plain and {"sizes", "screening", "quotas", "targets", "amounts"} & set(words)):
            tier = next((tiers[word] for word in words if word in tiers), None)
            yield _number_row(subject, profile, tier, one)
    for tier in profile.tiers:
        for size in tier.sizes:
            yield from _size_rows(subject, tier, size)
        yield from _rule_rows(subject, tier)


def _number_row(
    subject: Subject, profile: StreamProfile, tier: Tier | None, one: NumberFound
) -> Row:
    _ = subject.translate
    words = one.key.split(".")
    name = _(FIELD_NAMES.get(one.field, one.field))
    if "factors" in words:
        of = _factor_of(profile, words)
        name = f"{name} ({_(QUANTITY_NAMES.get(of, of))})"
    return (
        "" if tier is None else subject.tier_name(tier),
        name,
        _("not known") if one.value is None else one.value,
        wording.unit_name(one.unit, subject.lang),
        *_grounds(subject, one.basis),
        one.key,
    )


def _factor_of(profile: StreamProfile, words: Sequence[str]) -> str:
    """The column that the factor of a key multiplies."""
    rule: DemandRule | DemandLayer = profile.demand
    if "also" in words:
        rule = profile.demand.also[int(words[words.index("also") + 1])]
    return rule.factors[int(words[words.index("factors") + 1])].of


def _grounds(subject: Subject, cited: Cited | None) -> tuple[str, str, str, str, str]:
    """Source, clause, edition, evidence and note; what other texts say stands in the note."""
    if cited is None:
        return ("",) * 5
    _ = subject.translate
    note = [cited.note_in(subject.lang)]
    for other in cited.also if isinstance(cited, Basis) else ():
        value = _("not known") if other.value is None else f"{other.value:g}"
        sentence = _("not used: {value} ({source})")
        note.append(sentence.format(value=value, source=other.source_in(subject.lang)))
    known = sources().get(cited.source_key)
    source = cited.source if known is None or subject.lang == "zh" else known.name.en
    return (
        source, cited.clause, cited.edition, subject.evidence(cited.evidence),
        "; ".join(part for part in note if part),
    )  # fmt: skip


def _size_rows(subject: Subject, tier: Tier, size: SizeOption) -> Iterator[Row]:
    _ = subject.translate
    for field, (name, unit) in SIZE_NUMBERS.items():
        value = getattr(size, field)
        if value is None and field != "capacity_t_per_yr":
            continue
        yield (
            subject.tier_name(tier),
            f"{size.name.in_language(subject.lang)} · {_(name)}",
            _("unlimited") if value is None else value,
            wording.unit_name(unit, subject.lang),
            *_grounds(subject, size.basis.get(field, size)),
            f"tiers.{tier.id}.sizes.{size.id}.{field}",
        )


def _rule_rows(subject: Subject, tier: Tier) -> Iterator[Row]:
    """Setbacks and the counts that a text asks for."""
    _ = subject.translate
    name = subject.tier_name(tier)
    metre = wording.unit_name("m", subject.lang)
    for at, rule in enumerate(tier.screening):
        yield (
            name, setback_text(subject, rule), rule.setback_m, metre, *_grounds(subject, rule),
            f"tiers.{tier.id}.screening.{at}.setback_m",
        )  # fmt: skip
    sites = wording.unit_name("sites", subject.lang)
    per = {"district": _("sites in each township"), "county": _("sites in the county")}
    for at, quota in enumerate(tier.quotas):
        most = "" if quota.maximum is None else f"–{quota.maximum}"
        strength = _(STRENGTH_NAMES[quota.strength.value])
        yield (
            name, f"{per[quota.per]} ({strength})", f"{quota.minimum}{most}" if most
            else quota.minimum, sites, quota.source, "", "", subject.evidence(Evidence.DOCUMENT),
            quota.text, f"tiers.{tier.id}.quotas.{at}",
        )  # fmt: skip


def certificate_sheet(subject: Subject) -> Sheet:
    """What is proven of each tier, in plain words and in numbers."""
    _ = subject.translate
    columns = tier_columns(
        subject,
        Column(_("What is proven"), Kind.WRAPPED, 36),
        Column(_("Outcome"), Kind.WRAPPED, 22),
        Column(_("What is looked for"), Kind.WRAPPED, 30),
        Column(_("Objective"), Kind.AMOUNT, 16),
        Column(_("Bound"), Kind.AMOUNT, 16),
        Column(_("Difference"), Kind.PERCENT, 10),
        Column(_("Rules recomputed independently"), width=12),
        Column(_("Bound recomputed independently"), width=12),
        Column(_("Seconds"), Kind.KILOMETRE, 9),
        Column(_("Method"), width=26),
        Column(_("Solver"), width=18),
        Column(_("Hash of the problem"), width=20),
        Column(_("What could not be had"), Kind.WRAPPED, 60),
    )
    notes = (
        _(
            "The difference is the largest that a better plan could make under the same inputs and "
            "rules; each level is judged given the one below it."
        ),
    )
    return Sheet(_("Certificate"), (Block(columns, _certificate_rows(subject)),), notes)


def _certificate_rows(subject: Subject) -> Iterator[Row]:
    _ = subject.translate
    for stream in subject.plan.streams.values():
        tiers = tier_by_id(stream)
        reasons = _reasons_by_tier(subject, stream)
        for result in stream.tiers:
            tier = tiers[result.tier]
            name = subject.tier_name(tier)
            yield (
                subject.stream_name(stream),
                name,
                *_certificate_cells(subject, result.certificate, _(PROBLEM_NAMES[tier.problem])),
                " ".join(reasons.get(name, ())),
            )
        if len(stream.tiers) > 1:
            yield (
                subject.stream_name(stream),
                _whole_stream(subject, stream),
                *_certificate_cells(subject, stream.certificate, ""),
                "",
            )


def _whole_stream(subject: Subject, stream: StreamPlan) -> str:
    """What the stream's own certificate is of: levels that feed each other do not add up."""
    _ = subject.translate
    if all(tier.serves == "demand" for tier in stream.profile.tiers):
        return _("all levels together")
    return _("all levels: the one farthest from the best")


def _certificate_cells(subject: Subject, one: Certificate, looked_for: str) -> Row:
    _ = subject.translate
    return (
        wording.certificate_sentence(one, subject.lang),
        _(wording.OUTCOME_NAMES[one.outcome]),
        looked_for,
        one.objective,
        one.bound,
        one.gap if math.isfinite(one.gap) else None,
        subject.yes_no(one.checked),
        subject.yes_no(one.bound_verified),
        one.seconds,
        one.method,
        f"{one.solver} {one.solver_version}",
        one.problem_hash,
    )


def _reasons_by_tier(subject: Subject, stream: StreamPlan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tier, text in tier_reasons(stream, subject.lang):
        found.setdefault(tier, []).append(text)
    return found
