"""The plan as a report: HTML made for printing, out of the ``plan.json`` of its streams."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geodata.faults import N_
from scenarios import wording

PlanFile = Mapping[str, Any]
Row = Sequence[str]

STYLE = """
@page { size: A4; margin: 20mm 18mm; }
body { font: 11pt/1.6 "Songti SC", SimSun, "Noto Serif CJK SC", serif; color: #000;
  max-width: 180mm; margin: 0 auto; padding: 1rem; }
h1, h2, h3 { font-family: "Heiti SC", SimHei, "Noto Sans CJK SC", sans-serif;
  break-after: avoid; }
h1 { font-size: 20pt; text-align: center; } h2 { font-size: 15pt; break-before: page; }
h3 { font-size: 12pt; }
table { border-collapse: collapse; width: 100%; font-size: 9pt; margin: .5rem 0 1rem; }
thead { display: table-header-group; } tr { break-inside: avoid; }
th, td { border: .5pt solid #555; padding: .15rem .35rem; vertical-align: top; }
th { background: #eee; font-weight: 700; } .number { text-align: right; }
.note { color: #a00; font-weight: 700; text-align: center; }
@media print { body { padding: 0; max-width: none; } }
"""


@dataclass(frozen=True)
class Section:
    """A part of the report: a heading, sentences, a table.

    Parameters
    ----------
    level : of the heading, 2 begins a stream
    numbers : positions of the columns that hold numbers
    """

    level: int
    title: str
    sentences: tuple[str, ...] = ()
    header: Row = ()
    rows: Sequence[Row] = ()
    numbers: frozenset[int] = frozenset()


def report_html(plans: Sequence[PlanFile], lang: str) -> str:
    """The report of a plan's streams as one page.

    Parameters
    ----------
    plans : ``plan.json`` of each stream
    lang : "zh" or "en"
    """
    title = html.escape(report_title(plans, lang))
    note = html.escape(str(plans[0]["note"])) if plans else ""
    parts = [f"<h1>{title}</h1>"]
    if note:
        parts.append(f'<p class="note">{note}</p>')
    parts += [_html(one) for one in report_sections(plans, lang)]
    return (
        f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head>'
        f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def report_title(plans: Sequence[PlanFile], lang: str) -> str:
    """The title of the whole report."""
    title = str(plans[0]["title"]) if plans else ""
    return f"{title} {wording.translator(lang)(N_('Siting report'))}".strip()


def report_sections(plans: Sequence[PlanFile], lang: str) -> Iterator[Section]:
    """Everything that the report says, in order."""
    for plan in plans:
        yield from _stream_sections(plan, lang)


def _stream_sections(plan: PlanFile, lang: str) -> Iterator[Section]:
    _ = wording.translator(lang)
    say = _  # of words that stand in the plan's file
    tiers = {one["id"]: one["name"][lang] for one in plan["tiers"]}
    yield Section(2, plan["stream"]["name"][lang], tuple(_summary(plan, lang)))
    yield Section(
        3,
        _(N_("Indicators")),
        header=(_(N_("Indicator")), _(N_("Value")), _(N_("Unit")), _(N_("Formula"))),
        rows=[
            (say(one["name"]), _figure(one["value"]), one["unit"], say(one["formula"]))
            for one in plan["indicators"]
        ],
        numbers=frozenset({1}),
    )
    header = (
        _(N_("Facility")), _(N_("Tier")), _(N_("Township")), _(N_("Status")), _(N_("Size")),
        _(N_("Throughput (t/yr)")), _(N_("Land (m²)")), _(N_("Investment (10,000 CNY)")),
        _(N_("Responsible")),
    )  # fmt: skip
    yield Section(
        3,
        _(N_("Facilities")),
        header=header,
        rows=[
            (
                one["name"] or one["id"], tiers.get(one["tier"], one["tier"]), one["district"],
                status_name(one["status"], lang), one["size"], _figure(one["throughput"], 0),
                _figure(one["land"], 0), _figure(one["investment"], 1), one["responsible"],
            )
            for one in plan["facilities"]
        ],
        numbers=frozenset({5, 6, 7}),
    )  # fmt: skip
    if plan["unserved"]:
        yield Section(
            3,
            _(N_("Villages that are not served")),
            header=(_(N_("Village")), _(N_("Township")), _(N_("Tonnes a year"))),
            rows=[
                (one["name"] or one["id"], one["district"], _figure(one["tonnes"], 1))
                for one in plan["unserved"]
            ],
            numbers=frozenset({2}),
        )
    yield Section(
        3,
        _(N_("Assumptions and sources")),
        header=(_(N_("Key")), _(N_("Value")), _(N_("Unit")), _(N_("Source"))),
        rows=[
            (one["key"], _figure(one["value"]), one["unit"], _source(one))
            for one in plan["assumptions"]
        ],
        numbers=frozenset({1}),
    )
    reasons = [reason["text"] for tier in plan["tiers"] for reason in tier["reasons"]]
    faults = [one["text"] for one in plan["faults"]]
    if reasons or faults:
        yield Section(3, _(N_("Remarks")), (*reasons, *faults))


def _summary(plan: PlanFile, lang: str) -> Iterator[str]:
    _ = wording.translator(lang)
    new = sum(one["status"] == "new" for one in plan["facilities"])
    counts = {"all": len(plan["facilities"]), "new": new, "unserved": len(plan["unserved"])}
    yield _(N_("{all} facilities, {new} of them new; {unserved} villages are not served.")).format(
        **counts
    )
    certificate = plan["certificate"]
    values = {
        "objective": _figure(certificate["objective"], 2),
        "bound": _figure(certificate["bound"], 2),
        "gap": _figure(None if certificate["gap"] is None else certificate["gap"] * 100, 3),
    }
    yield _(N_("Objective {objective}, bound {bound}, gap {gap} %.")).format(**values)
    if plan["base_year"]:
        yield _(N_("Base year {year}.")).format(year=plan["base_year"])


STATUS: Mapping[str, str] = {
    "kept": N_("kept"),
    "expanded": N_("expanded"),
    "new": N_("new"),
    "closed": N_("closed"),
    "not_chosen": N_("not chosen"),
}


def status_name(status: str, lang: str) -> str:
    """What becomes of a facility, in words."""
    return wording.translator(lang)(STATUS[status]) if status in STATUS else status


def _source(one: Mapping[str, Any]) -> str:
    source = str(one["source"])
    marked = "规划取值" in source or not one["planning_assumption"]
    return source if marked else f"规划取值（非规范条文） {source}"


def _figure(value: Any, decimals: int = 4) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    text = f"{float(value):,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _html(one: Section) -> str:
    heading = f"<h{one.level}>{html.escape(one.title)}</h{one.level}>"
    sentences = "".join(f"<p>{html.escape(text)}</p>" for text in one.sentences)
    if not one.header:
        return heading + sentences
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in one.header)
    rows = "".join(f"<tr>{_cells(row, one.numbers)}</tr>" for row in one.rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return heading + sentences + table


def _cells(row: Row, numbers: frozenset[int]) -> str:
    return "".join(
        f'<td class="number">{html.escape(str(cell))}</td>'
        if k in numbers
        else f"<td>{html.escape(str(cell))}</td>"
        for k, cell in enumerate(row)
    )
