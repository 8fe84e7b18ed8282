"""Numbers and where they are from: source, clause, edition, evidence class, and what contradicts.

In a stream's YAML a number stands with its evidence on one line::

    radius_km: {value: 0.12, unit: km, source: gb55013_2021, clause: §3.2}
    cutoff_km: {value: 30, source: planning}
    land_m2: 600

``source`` is a short key of ``scenarios/sources.yaml`` (or plain text). :func:`spell_out` writes
the key out when a profile is read and takes evidence class and edition from it where the number
says none. A plain number of an object (a size, a tier) has the object's own source; written as a
mapping it has its own, which is kept in ``basis``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geodata.faults import N_, Fault
from geodata.knowledge import knowledge
from scenarios.nearest import nearest
from scenarios.yaml_lines import KeyPath, YamlDocument

SET_BY_SCENARIO = "scenario"
"""Source of a number that a scenario or ``--set`` has changed."""

PLANNING_VALUE = "规划取值（非规范条文）"
"""Stands before every source that nobody has read a number in."""

_KEY = re.compile(r"^[a-z][a-z0-9_]*$")


class Model(BaseModel):
    """Frozen, refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Evidence(StrEnum):
    """How well a number is known (domain.md's classes)."""

    DOCUMENT = "document"  # [S] stands in a source document
    SEEN = "seen"  # [V] standard or page read
    CHECKED = "checked"  # [C] checked by running code
    RECALLED = "recalled"  # [R] editable default: 规划取值（非规范条文）
    DERIVED = "derived"  # [D] arithmetic on their numbers
    ASSUMED = "assumed"  # set for this tool; editable default


EDITABLE = frozenset({Evidence.RECALLED, Evidence.ASSUMED})
"""Evidence that is no clause of any text."""


class Words(Model):
    """A name in both languages."""

    zh: str
    en: str

    def in_language(self, lang: str) -> str:
        """The name for ``zh`` or ``en``."""
        return self.zh if lang == "zh" else self.en


class Source(Model):
    """An entry of ``sources.yaml``."""

    name: Words
    evidence: Evidence
    """Class of the numbers taken from it, where a number says no other."""
    edition: str = ""
    address: str = ""
    """Page on which it was read."""


class Cited(Model):
    """Something that was taken from somewhere."""

    source: str = ""
    """Text, in Chinese; in YAML a short key of ``sources.yaml``."""
    source_key: str = ""
    """The short key, where there was one."""
    clause: str = ""
    edition: str = ""
    evidence: Evidence = Evidence.DOCUMENT
    note: str = ""
    """口径, conditions, doubts."""
    note_en: str = ""

    def source_in(self, lang: str) -> str:
        """Source with clause, in a language; as written where no key is known."""
        known = sources().get(self.source_key)
        text = self.source if known is None else known.name.in_language(lang)
        return " ".join(part for part in (text, self.clause) if part)

    def note_in(self, lang: str) -> str:
        """The note in a language, in Chinese where there is no other."""
        return self.note if lang == "zh" or not self.note_en else self.note_en


class OtherValue(Cited):
    """A value that another text gives for the same number; shown beside the one that is used."""

    value: float | None
    unit: str = ""
    evidence: Evidence = Evidence.SEEN


class Basis(Cited):
    """Where a number is from, its range and what contradicts it."""

    unit: str = ""
    low: float | None = None
    """Low end of what it may be; plans are tested at it."""
    high: float | None = None
    also: tuple[OtherValue, ...] = ()
    """Values of other sources that are *not* used: the conflict is told to the reader."""


class Sourced(Basis):
    """A number with its unit and where it is from."""

    value: float | None
    """None is an unknown number (``X%`` in a draft), which stays unknown."""
    unit: str
    source: str
    evidence: Evidence


class Grounded(Model):
    """An object whose plain numbers may be written with a basis of their own."""

    basis: dict[str, Basis] = Field(default_factory=dict)
    """Field name -> where its number is from; other numbers have the object's own source."""

    @model_validator(mode="before")
    @classmethod
    def _numbers_with_basis(cls, data: Any) -> Any:
        """Take ``{value: 30, source: ...}`` apart into the number and its basis."""
        if not isinstance(data, dict):
            return data
        out = dict(data)
        basis = dict(out["basis"]) if isinstance(out.get("basis"), dict) else {}
        for name, said in data.items():
            if name in cls.plain_numbers() and isinstance(said, dict) and "value" in said:
                out[name] = said["value"]
                basis[name] = {key: one for key, one in said.items() if key != "value"}
        return {**out, "basis": basis} if basis else out

    @classmethod
    def plain_numbers(cls) -> tuple[str, ...]:
        """Fields that hold a bare number; their unit is in their name."""
        return tuple(
            name
            for name, field in cls.model_fields.items()
            if {float, int} & {field.annotation, *get_args(field.annotation)}
        )


@lru_cache(maxsize=1)
def sources() -> dict[str, Source]:
    """Every entry of ``sources.yaml`` by its key."""
    entries = knowledge("scenarios", "sources.yaml")
    return {key: Source.model_validate(said) for key, said in entries.items()}


def spell_out(document: YamlDocument, where: str) -> list[Fault]:
    """Write out the short source keys of a profile's plain values, in place.

    Returns
    -------
    A fault for every word that looks like a key of ``sources.yaml`` and is none.
    """
    faults: list[Fault] = []
    for path, mapping in _mappings(document.data, ()):
        said = mapping.get("source")
        if not isinstance(said, str) or not _KEY.match(said) or said == SET_BY_SCENARIO:
            continue
        source = sources().get(said)
        if source is None:
            near = nearest(said, list(sources()))
            if near is not None:  # else a word of the planner's own
                line = document.line((*path, "source"))
                place = where if line is None else f"{where}, line {line}"
                faults.append(Fault(place, _UNKNOWN, {"source": said, "near": near}))
            continue
        mapping["source_key"] = said
        mapping.setdefault("evidence", source.evidence.value)
        mapping.setdefault("edition", source.edition)
        mapping["source"] = _written(source, str(mapping["evidence"]))
    return faults


def _written(source: Source, evidence: str) -> str:
    """The name of a source; what nobody has read in it says so first."""
    text = source.name.zh
    if evidence in EDITABLE and not text.startswith("规划取值"):
        return f"{PLANNING_VALUE}；{text}"
    return text


_UNKNOWN = N_("source {source} is not in sources.yaml; did you mean {near}?")


def _mappings(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    if isinstance(data, dict):
        yield path, data
        for key, one in list(data.items()):
            yield from _mappings(one, (*path, key))
    elif isinstance(data, list):
        for position, one in enumerate(data):
            yield from _mappings(one, (*path, position))
