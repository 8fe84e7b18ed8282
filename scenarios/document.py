"""A plan document beside a scenario: its targets, figures, named sites, quotas' places and heaps.

All of it is what a text *says*, word for word and with its clause: cells of an indicator table
stay as they are written (``>95%``, ``X%``, ``/``) and are read by :mod:`scenarios.cells`. Numbers
that a document does not give are not here; what was added from elsewhere says so (``evidence``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from scenarios.evidence import Evidence, Model

Written = Annotated[str, BeforeValidator(lambda value: str(value) if _is_number(value) else value)]
"""A cell as it is written; a bare number of the YAML is one."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Measure(Model):
    """A figure of a plan that an indicator is about: object, criterion and tier are named."""

    stream: str
    """Id of a stream of the scenario."""
    figure: Literal[
        "served_points",
        "served_population",
        "served_tonnes",
        "within_radius",
        "population_within_radius",
        "districts_with_site",
        "sites",
        "capacity_t_per_yr",
        "throughput_t_per_yr",
        "capacity_share",
    ]
    """``capacity_share``: capacity of the open sites / tonnes that arise; ``served_tonnes``: tonnes
    that reach an open site / tonnes that arise."""
    tier: str = ""
    """Id of the tier; "" is the one that serves the demand itself."""
    role: Literal["decides", "limits"] = "decides"
    """``limits``: no more than this can be reached, what is reached depends on how it is run."""


class Restated(Model):
    """The same target in another place of the document."""

    year: int
    text: Written
    clause: str


class TargetRow(Model):
    """A row of the document's indicator table."""

    number: int | None = None
    """序号; None where the row stands in the text only."""
    name: str
    group: str = ""
    """一级指标."""
    subgroup: str = ""
    """二级指标."""
    selection: Literal["mandatory", "optional", "own", "other", ""] = ""
    """必选、可选、自选、其他."""
    nature: Literal["binding", "anticipatory", ""] = ""
    """约束性、预期性."""
    unit: str = "%"
    better: Literal["higher", "lower", ""] = "higher"
    """Which way is better; "" where the row is no quantity."""
    baseline: Written = "/"
    baseline_year: int | None = None
    """Where it differs from the table's."""
    targets: dict[int, Written] = Field(default_factory=dict)
    """Year -> cell as written."""
    restated: tuple[Restated, ...] = ()
    responsible: tuple[str, ...] = ()
    clause: str = ""
    subject: str = ""
    """What it is about, as in :class:`Figure`; with ``counts`` its cells are figures too."""
    counts: str = ""
    """Which amount it counts, as in :class:`Figure`."""
    decided_by: tuple[Measure, ...] = ()
    """What of it siting decides; empty: nothing."""
    note: str = ""


class IndicatorTable(Model):
    """What a document says of its own table."""

    clause: str
    provided: bool = True
    """False: the table is announced and not in the text (附件未提供); rows are from the text."""
    announced: bool = True
    """False: the document has no such table and speaks of none."""
    states: int | None = None
    """Number of rows that the text speaks of."""
    states_by_selection: dict[Literal["mandatory", "optional", "own", "other"], int] = Field(
        default_factory=dict
    )
    baseline_year: int | None = None


class Figure(Model):
    """A quantity of the document, as written, with what it counts."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str
    says: Written
    """Number, unit and qualifiers as written: ``500-1500 吨/日``, ``0.65 kg/人·d``, ``X%``."""
    subject: str
    """What waste or place it is about: household, straw, medical, sewage_fufeng ..."""
    counts: Literal[
        "generation", "cleared", "collected", "treated", "used", "disposed", "capacity", "stock",
        "carried_over", "per_head", "population", "area", "rate", "number", "intensity",
    ]  # fmt: skip
    """口径: which amount it is."""
    scope: str = ""
    """Place or object that it counts where that is not the whole area: 城区, 规模养殖场 ..."""
    year: int | None = None
    """None: 现状, the base year."""
    stream: str = ""
    """Id of the scenario's stream whose demand it is another basis of."""
    clause: str
    evidence: Evidence = Evidence.DOCUMENT
    note: str = ""


class Relation(Model):
    """What a stated figure should come to: ``(adds - takes) x times / over``, in yearly base units.

    Each name is the id of a figure or ``row <number>``, optionally with ``@<year>``.
    """

    states: str
    adds: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    """Divisors are added up first."""
    name: str
    clause: str


class Ledger(Model):
    """A table of amounts whose rows balance and whose columns add up."""

    name: str
    subject: str
    unit: str
    clause: str
    columns: dict[str, Literal["in", "out", "left"]]
    """Heading -> what comes in, what goes out, what is left."""
    rows: dict[str, tuple[float | None, ...]]
    total: tuple[float | None, ...] = ()


class Listing(Model):
    """A number of things that the text announces, and how many it lists."""

    name: str
    states: int
    lists: int
    clause: str


class NamedSite(Model):
    """A facility that the document names; where it stands is in words, coordinates are the user's.

    On a made-up district it stands at an invented place of its kind of unit.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str
    stream: str = ""
    """Id of the stream that uses it, "" where none of the scenario does."""
    tier: str = ""
    state: str = "kept"
    """As in ``docs/architecture.md``: kept, building, approved, upgrade, expand, planned ..."""
    place: str = ""
    """In the document's words."""
    unit: str = ""
    """乡镇 or 街道 as written there."""
    outside: bool = False
    """Beyond the area's boundary."""
    capacity: Written | None = None
    """As written; None is not given."""
    throughput: Written | None = None
    area: Written | None = None
    clause: str
    note: str = ""


class Progress(Model):
    """Tonnes removed by a day."""

    day: date
    removed: Written


class Task(Model):
    """A heap with a deadline or a named project: nothing is sited, dates and tonnes are checked."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str
    kind: Literal["heap", "project", "rule"]
    """``rule``: a duty such as 100% registration by a year."""
    systems: tuple[str, ...] = ()
    """Ids of the source documents' systems (A1 ... G4) that it stands for."""
    tonnes: Written | None = None
    """现存量 as written."""
    deadline: date | None = None
    deadline_text: str = ""
    """As written, e.g. 2024年底前."""
    done: tuple[Progress, ...] = ()
    """The user's record."""
    responsible: tuple[str, ...] = ()
    clause: str
    note: str = ""


class Event(Model):
    """Something that the document reports as done on a day."""

    name: str
    day: date
    clause: str


class Unit(Model):
    """A unit of the area as the document lists it."""

    name: str
    kind: Literal["subdistrict", "town", "zone", "district"]
    """街道、镇（乡）、开发区（功能区）、地区（市辖区）."""
    aliases: tuple[str, ...] = ()


class DepartmentDuty(Model):
    """牵头/责任单位 of a field of work."""

    field: str
    lead: tuple[str, ...] = ()
    """牵头单位; where the text names only 责任单位, those."""
    support: tuple[str, ...] = ()
    clause: str = ""


class Years(Model):
    """基准年, 近期 and 远期 are each document's own."""

    base: int
    near: int | None = None
    long: int | None = None


class Document(Model):
    """One plan document."""

    name: str
    issuer: str = ""
    number: str = ""
    """文号."""
    status: str = ""
    """征求意见稿、送审稿、报批稿、印发稿、简报."""
    issued: date | None = None
    issued_text: str = ""
    """As written, where the day is not given: 二〇二三年十月."""
    years: Years
    table: IndicatorTable
    units: tuple[Unit, ...] = ()
    indicators: tuple[TargetRow, ...] = ()
    figures: tuple[Figure, ...] = ()
    relations: tuple[Relation, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    listings: tuple[Listing, ...] = ()
    facilities: tuple[NamedSite, ...] = ()
    tasks: tuple[Task, ...] = ()
    events: tuple[Event, ...] = ()
    departments: tuple[DepartmentDuty, ...] = ()
