"""A stream's documentation, written from its profile: what it asks for, gives, and rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from scenarios import stream_words as words
from scenarios import wording
from scenarios.deliverables.workbook_words import PROBLEM_NAMES, STRENGTH_NAMES
from scenarios.evidence import EDITABLE, Basis, Cited, OtherValue
from scenarios.numbers import NumberFound, numbers_in
from scenarios.profile import DemandFactor, QuotaRule, StreamProfile, Tier
from scenarios.stream_tables import amount_table, markdown_table

Cells = Sequence[object]


@dataclass(frozen=True)
class Page:
    """A stream in one language as Markdown, part by part."""

    profile: StreamProfile
    lang: str

    @cached_property
    def _words(self) -> wording.Translate:
        return wording.translator(self.lang)

    def text(self) -> str:
        """The whole page."""
        profile, _ = self.profile, self._words
        about = [
            (_("Name in scenarios"), f"`{profile.id}`"),
            (_("Systems of the source documents"), ", ".join(profile.systems)),
            (_("Responsible"), profile.department),
        ]
        parts = [
            f"# {profile.name.in_language(self.lang)}\n",
            profile.summary.in_language(self.lang) + "\n",
            *(f"- {name}: {value}" for name, value in about if value),
            *self._section(_("What it asks for"), self._asks()),
            *self._section(_("What it gives"), self._gives()),
            *self._section(_("Levels"), self._tiers()),
            *self._section(_("Rules of the texts"), self._rules()),
            *self._section(_("Seasons"), self._seasons()),
            *self._section(_("Sharing and keeping apart"), self._neighbours()),
            *self._section(_("What a planner should know"), self._remarks()),
            *self._section(_("Targets of the documents"), self._targets()),
            *self._section(_("Tonnages the documents state"), self._amounts()),
            *self._section(_("Numbers that contradict each other"), self._conflicts()),
            *self._section(_("Every number and its evidence"), self._numbers()),
        ]
        return "\n".join(parts).replace("\n\n\n", "\n\n").rstrip() + "\n"

    def _section(self, title: str, lines: Iterable[str]) -> Iterator[str]:
        found = list(lines)
        if found:
            yield f"\n## {title}\n"
            yield from found

    def _asks(self) -> Iterator[str]:
        _, demand = self._words, self.profile.demand
        layers = [(demand.layer, demand.stated_column, demand.factors, _("needed"))]
        layers += [
            (one.layer, one.stated_column, one.factors, _("if there")) for one in demand.also
        ]
        yield from self._table(
            (_("Layer"), _("Needed"), _("Column with tonnes a year"), _("Or estimated from")),
            [
                (self._layer(layer), need, f"`{stated}`" if stated else "", self._factors(factors))
                for layer, stated, factors, need in layers
            ],
        )
        if demand.definition is not None:
            yield "\n" + _("What is counted: {definition}").format(
                definition=demand.definition.in_language(self.lang)
            )
        facilities = self._joined(self.profile.facility_stream_names)
        if facilities:
            yield "\n" + _("Existing facilities are known by these words: {names}").format(
                names=facilities
            )
        yield "\n" + _(
            "Also read where given: candidates, districts, exclusion zones, roads, permitted and "
            "public land."
        )

    def _layer(self, layer: str) -> str:
        known = words.LAYER_NAMES.get(layer)
        return f"{self._words(known)} `{layer}`" if known else f"`{layer}`"

    def _factors(self, factors: Sequence[DemandFactor]) -> str:
        _ = self._words
        return self._joined([_(words.QUANTITY_NAMES.get(one.of, one.of)) for one in factors])

    def _gives(self) -> Iterator[str]:
        _ = self._words
        for tier in self.profile.tiers:
            name = tier.name.in_language(self.lang)
            if tier.role.value == "terminal":
                sentence = _("{tier}: which of them takes how many tonnes, and the way there")
                yield "- " + sentence.format(tier=name)
                continue
            yield "- " + _("{tier}: where, how large, whom it serves; {model}").format(
                tier=name, model=_(PROBLEM_NAMES[tier.problem.value])
            )
        yield "- " + _("for every tier a proof: the gap to the best, or why there is no plan")

    def _tiers(self) -> Iterator[str]:
        _ = self._words
        heads = (
            _("Level"), _("Its part"), _("Serves"), _("Distance"), _("Farthest"), _("Vehicle"),
            _("Candidates"), _("Run by"),
        )  # fmt: skip
        yield from self._table(heads, [self._tier_row(tier) for tier in self.profile.tiers])
        for tier in self.profile.tiers:
            if tier.sizes:
                yield f"\n### {tier.name.in_language(self.lang)}\n"
                yield from self._sizes(tier)
            yield from self._tier_notes(tier)

    def _tier_row(self, tier: Tier) -> Cells:
        _ = self._words
        below = next((one for one in self.profile.tiers if one.id == tier.serves), None)
        return (
            tier.name.in_language(self.lang),
            _(words.ROLE_NAMES[tier.role.value]),
            _("the demand itself") if below is None else below.name.in_language(self.lang),
            self._metric(tier),
            self._reach(tier),
            f"`{tier.vehicle}`",
            self._candidates(tier),
            tier.responsible,
        )

    def _metric(self, tier: Tier) -> str:
        name = self._words(wording.METRIC_NAMES[tier.metric.value])
        return f"{name} {tier.circuity:g}" if tier.metric.value == "straight" else name

    def _reach(self, tier: Tier) -> str:
        km = tier.radius_km.value if tier.radius_km is not None else tier.cutoff_km
        return "" if km is None else wording.distance(km * 1000, self.lang)

    def _candidates(self, tier: Tier) -> str:
        _ = self._words
        names = [_(words.CANDIDATE_NAMES[one.value]) for one in tier.candidates]
        for rule in tier.candidate_layers:
            what = self._layer(rule.layer) if rule.layer else f"`{rule.stream}`"
            names.append(f"{what} ({_(STRENGTH_NAMES[rule.strength.value])})")
        return self._joined(names)

    def _sizes(self, tier: Tier) -> Iterator[str]:
        _ = self._words
        fields = ("capacity_t_per_yr", "least_throughput_t_per_yr", "storage_t", "land_m2",
                  "investment_wan_cny", "operation_wan_cny_per_yr", "lifetime_yr")  # fmt: skip
        units = {one.field: one.unit for size in tier.sizes for one in numbers_in(size)}
        used = [field for field in fields if field in units]
        heads = [_("Size")]
        heads += [
            f"{_(words.FIELD_NAMES[field])} ({wording.unit_name(units[field], self.lang)})"
            for field in used
        ]
        if "land_m2" in used:
            heads.append(_("land (mu)"))
        rows = []
        for size in tier.sizes:
            row: list[object] = [size.name.in_language(self.lang)]
            row += [wording.number(getattr(size, field)) for field in used]
            if "land_m2" in used:
                row.append(
                    "" if size.land_m2 is None else wording.number(size.land_m2 / (2000 / 3))
                )
            rows.append(row)
        yield from self._table(heads, rows)

    def _tier_notes(self, tier: Tier) -> Iterator[str]:
        _ = self._words
        name = tier.name.in_language(self.lang)
        notes = []
        if tier.may_skip:
            notes.append(_("may be passed over"))
        if not tier.single_source:
            notes.append(_("a point may be divided between sites"))
        if tier.own_district_only:
            notes.append(_("only within the own township"))
        if tier.adjacent_districts_only:
            notes.append(_("only within the own or a bordering township"))
        if tier.within_licence_area:
            notes.append(_("never across a licence area's border"))
        notes += self._timing(tier)
        for rule in tier.screening:
            kind = _(words.SETBACK_NAMES.get(rule.kind, rule.kind))
            reach = wording.distance(rule.setback_m, self.lang) if rule.setback_m else _("outside")
            notes.append(f"{kind}: {reach} ({self._cite(rule)})")
        for one in tier.equipment:
            count = "" if one.count.value is None else f"{one.count.value:g}"
            per = _(words.PER_NAMES[one.per])
            notes.append(
                f"{one.name.in_language(self.lang)}: {count} {per} ({self._cite(one.count)})"
            )
        if notes:
            yield f"\n**{name}**\n"
            yield from (f"- {note}" for note in notes)

    def _timing(self, tier: Tier) -> Iterator[str]:
        """How often it is collected and how long it may stay."""
        _ = self._words
        if tier.rounds is not None and tier.rounds.every_days.value is not None:
            sentence = _("collection round every {days} days ({source})")
            yield sentence.format(
                days=f"{tier.rounds.every_days.value:g}", source=self._cite(tier.rounds.every_days)
            )
        if tier.rounds is not None and tier.rounds.hours:
            yield tier.rounds.hours
        if tier.holding is not None and tier.holding.hours.value is not None:
            sentence = _("kept {hours} h at the longest ({source})")
            yield sentence.format(
                hours=f"{tier.holding.hours.value:g}", source=self._cite(tier.holding.hours)
            )

    def _rules(self) -> Iterator[str]:
        _ = self._words
        rows: list[Cells] = []
        for tier in self.profile.tiers:
            name = tier.name.in_language(self.lang)
            rows += [
                (name, self._count(rule), _(STRENGTH_NAMES[rule.strength.value]), rule.text,
                 self._cite(rule))
                for rule in tier.quotas
            ]  # fmt: skip
            if tier.each_point is not None:
                strength = _(STRENGTH_NAMES[tier.each_point.strength.value])
                rows.append((name, _("one at every point"), strength, tier.each_point.text,
                             self._cite(tier.each_point)))  # fmt: skip
            if tier.zones is not None:
                zones = tier.zones
                most = "" if zones.most_districts is None else f"–{zones.most_districts}"
                what = _("zones of {count} bordering townships")
                what = what.format(count=f"{zones.least_districts}{most}")
                rows.append((name, what, _(STRENGTH_NAMES[zones.strength.value]), zones.text,
                             self._cite(zones)))  # fmt: skip
            for mode in tier.modes:
                what = f"{_(words.PLACE_NAMES[mode.where])}: {_(words.MODE_NAMES[mode.mode])}"
                rows.append((name, what, _(STRENGTH_NAMES[mode.strength.value]), mode.text,
                             self._cite(mode)))  # fmt: skip
            rows += [
                (name, _("where sites may be"), _(STRENGTH_NAMES[rule.strength.value]), rule.text,
                 self._cite(rule))
                for rule in tier.candidate_layers if rule.text
            ]  # fmt: skip
        heads = (_("Level"), _("Rule"), _("Strength"), _("In the text's words"), _("Source"))
        if rows:
            yield from self._table(heads, rows)

    def _count(self, rule: QuotaRule) -> str:
        _ = self._words
        per = _(words.PER_NAMES[rule.per])
        if rule.maximum is None:
            return _("at least {count} {per}").format(count=rule.minimum, per=per)
        if rule.minimum == rule.maximum:
            return _("exactly {count} {per}").format(count=rule.minimum, per=per)
        if rule.minimum == 0:
            return _("at most {count} {per}").format(count=rule.maximum, per=per)
        return _("{least} to {most} {per}").format(least=rule.minimum, most=rule.maximum, per=per)

    def _seasons(self) -> Iterator[str]:
        _, seasons = self._words, self.profile.seasonality
        if seasons is None:
            return
        for title, parts in ((_("arises"), seasons.harvests), (_("is used"), seasons.use)):
            for part in parts:
                share = wording.percent(part.share.value)
                sentence = _(
                    "{name}: {share} of the year {what} in {weeks} weeks from week {start}"
                )
                yield "- " + sentence.format(
                    name=part.name.in_language(self.lang), share=share, what=title,
                    weeks=part.weeks, start=part.start_week,
                )  # fmt: skip
        if seasons.peak_stock_share is not None and seasons.peak_stock_share.value is not None:
            share = wording.percent(seasons.peak_stock_share.value)
            yield "- " + _("peak stock: {share} of the year's tonnes").format(share=share)

    def _neighbours(self) -> Iterator[str]:
        _ = self._words
        for shared in self.profile.shares_sites:
            where = f"`{shared.stream}` {shared.tier}".strip()
            where = f"{shared.at} – {where}" if shared.at else where
            strength = _(STRENGTH_NAMES[shared.strength.value])
            yield "- " + _("may share a site with {stream} ({strength}): {text}").format(
                stream=where, strength=strength, text=shared.text or self._cite(shared)
            )
        for apart in self.profile.incompatible:
            reach = wording.distance(apart.distance_m, self.lang) if apart.distance_m else ""
            yield "- " + _("never on one site with {stream} {distance} ({source})").format(
                stream=f"`{apart.stream}`", distance=reach, source=self._cite(apart)
            )

    def _remarks(self) -> Iterator[str]:
        for one in self.profile.remarks:
            yield f"- {one.in_language(self.lang)} ({one.source_in(self.lang)})"

    def _targets(self) -> Iterator[str]:
        _ = self._words
        rows = [
            (one.indicator, one.year, _("not known") if one.value is None else f"{one.value:g}",
             one.unit, self._cite(one), one.note_in(self.lang))
            for one in self.profile.targets
        ]  # fmt: skip
        if rows:
            heads = (_("Indicator"), _("Year"), _("Target"), _("Unit"), _("Source"), _("Note"))
            yield from self._table(heads, rows)

    def _amounts(self) -> Iterator[str]:
        yield from amount_table(self.profile.amounts, self.lang)

    def _conflicts(self) -> Iterator[str]:
        _ = self._words
        sentence = _("`{key}`: {value} is used ({source}); not used: {others}")
        for one in numbers_in(self.profile):
            others = one.basis.also if isinstance(one.basis, Basis) else ()
            if one.basis is None or not others:
                continue
            told = [self._other(other, one.unit) for other in others]
            yield "- " + sentence.format(
                key=one.key, value=self._value(one.value, one.unit), source=self._cite(one.basis),
                others=self._joined(told),
            )  # fmt: skip

    def _other(self, other: OtherValue, unit: str) -> str:
        where = "; ".join(part for part in (self._cite(other), other.note_in(self.lang)) if part)
        return f"{self._value(other.value, other.unit or unit)} ({where})"

    def _numbers(self) -> Iterator[str]:
        _ = self._words
        yield _(
            "What is marked a planning assumption is no clause of any text: check and change it."
        )
        yield ""
        heads = (_("Number"), _("Value"), _("Range"), _("Source"), _("Evidence"), _("Note"),
                 _("Key for --set"))  # fmt: skip
        yield from self._table(heads, [self._number_row(one) for one in numbers_in(self.profile)])

    def _number_row(self, one: NumberFound) -> Cells:
        _ = self._words
        name = _(words.FIELD_NAMES.get(one.field, one.field))
        spread = ""
        if isinstance(one.basis, Basis) and (one.basis.low, one.basis.high) != (None, None):
            ends = (one.basis.low, one.basis.high)
            spread = "–".join("" if end is None else f"{end:g}" for end in ends)
        if one.basis is None:
            return (name, self._value(one.value, one.unit), spread, "", "", "", f"`{one.key}`")
        evidence = _(wording.EVIDENCE_NAMES[one.basis.evidence.value])
        if one.basis.evidence in EDITABLE:
            evidence = f"**{_(wording.EVIDENCE_NAMES['recalled'])}**"
        return (
            name, self._value(one.value, one.unit), spread, self._cite(one.basis), evidence,
            one.basis.note_in(self.lang), f"`{one.key}`",
        )  # fmt: skip

    def _value(self, value: float | None, unit: str) -> str:
        if value is None:
            return self._words("not known")
        return f"{value:g} {wording.unit_name(unit, self.lang)}".rstrip()

    def _cite(self, cited: Cited) -> str:
        return cited.source_in(self.lang)

    def _joined(self, parts: Sequence[str]) -> str:
        return wording.joined(list(parts), self.lang)

    def _table(self, heads: Cells, rows: Sequence[Cells]) -> Iterator[str]:
        yield from markdown_table(heads, rows)
