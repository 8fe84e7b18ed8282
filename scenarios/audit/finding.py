"""One thing that does not fit together: which rule, what it found, and where that stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import Field

from geodata.faults import Phrase
from geodata.knowledge import knowledge
from scenarios.evidence import Evidence, Model, Words


class Rule(Model):
    """A rule of ``rules.yaml``."""

    id: str
    name: Words
    why: Words
    """Why a planner should care."""
    threshold: float | None = None
    """What is still let pass; its meaning stands in ``threshold_of``."""
    threshold_of: Words | None = None


class Reference(Model):
    """A figure from outside the documents that theirs are compared with."""

    subject: str
    of: str
    """``per_head`` (kg/人·d) or ``storage_limit`` (days)."""
    low: float | None = Field(default=None, ge=0)
    high: float | None = Field(default=None, gt=0)
    unit: str
    source: str
    evidence: Evidence
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """A finding.

    Parameters
    ----------
    rule : id of the rule
    about : what it is about, in the document's words
    phrase : the sentence with its numbers
    clauses : where the numbers stand
    figures : the numbers themselves, for programs
    """

    rule: str
    about: str
    phrase: Phrase
    clauses: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence for a reader."""
        return self.phrase.text(translate)


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """The rules by id."""
    return {one.id: one for one in map(Rule.model_validate, _read("rules.yaml"))}


@lru_cache(maxsize=1)
def references() -> tuple[Reference, ...]:
    """The figures that documents are compared with."""
    return tuple(map(Reference.model_validate, _read("references.yaml")))


def threshold(rule: str) -> float:
    """What a rule lets pass."""
    value = rules()[rule].threshold
    if value is None:
        message = f"rule {rule} has no threshold; give one in rules.yaml"
        raise ValueError(message)
    return value


def _read(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = knowledge("scenarios", f"audit/{name}")
    return loaded
