"""Audit rules: systems where nothing is sited, and dates and balances are checked instead.

One YAML a rule in ``scenarios/audits``; its ``checks`` are those of ``scenarios/audit/rules.yaml``
that ``wangdian check`` runs on a scenario's document.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Annotated

from pydantic import Field

from geodata.faults import Fault, raise_errors
from geodata.knowledge import knowledge
from scenarios.evidence import Model, Words, spell_out
from scenarios.operations import Amount, Discussed
from scenarios.validation import unknown_key, validated
from scenarios.yaml_lines import read_yaml


class AuditRule(Model):
    """What is checked of a system that has no site to choose."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Words
    summary: Words
    department: str = ""
    systems: tuple[str, ...] = ()
    """Ids of the source documents' systems (A1 ... G4) it stands for."""
    checks: tuple[str, ...] = Field(min_length=1)
    """Ids of ``scenarios/audit/rules.yaml``."""
    asks: Words
    """What the planner gives."""
    amounts: tuple[Amount, ...] = ()
    remarks: tuple[Discussed, ...] = ()


def audit_ids() -> tuple[str, ...]:
    """Ids of the audit rules that come with the package."""
    names = (item.name for item in (resources.files("scenarios") / "audits").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@lru_cache(maxsize=32)
def audit_rule(rule: str) -> AuditRule:
    """An audit rule of the package.

    Raises
    ------
    InputError
        With every fault of its file; a check that does not exist names the nearest.
    """
    where = f"{rule}.yaml"
    text = (resources.files("scenarios") / "audits" / where).read_text("utf-8")
    document = read_yaml(text, where)
    faults: list[Fault] = spell_out(document, where)
    raise_errors(faults)
    read = validated(AuditRule, document, where)
    known = known_checks()
    raise_errors(
        unknown_key(where, f"checks: {check}", check, tuple(known))
        for check in read.checks
        if check not in known
    )
    return read


@lru_cache(maxsize=1)
def known_checks() -> dict[str, Words]:
    """Every check by its id with its name in both languages."""
    entries = knowledge("scenarios", "audit/rules.yaml")
    return {entry["id"]: Words.model_validate(entry["name"]) for entry in entries}
