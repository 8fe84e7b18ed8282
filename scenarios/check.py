"""Reads and validates a scenario without planning it; every fault at once.

What its document says that does not fit together (:mod:`scenarios.audit`) comes beside the faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from geodata.faults import Fault, InputError, Severity
from scenarios.audit.finding import Finding
from scenarios.audit.report import document_findings, layer_findings
from scenarios.demand_points import demand_points
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario, profiles_of
from scenarios.sites import facilities_of


@dataclass(frozen=True)
class Examination:
    """Faults of the inputs, which may stop a plan, and findings on the document, which do not."""

    faults: tuple[Fault, ...]
    findings: tuple[Finding, ...] = ()


def check_scenario(path: Path, overrides: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Errors and warnings of a scenario, its layers and what its streams make of them."""
    return examine_scenario(path, overrides).faults


def examine_scenario(
    path: Path, overrides: Sequence[str] = (), on: date | None = None
) -> Examination:
    """Faults of a scenario and its layers, and findings on its document.

    Parameters
    ----------
    on : the day that deadlines are looked at from, see ``audit.report.document_findings``
    """
    try:
        scenario = load_scenario(path, overrides)
        profiles = profiles_of(scenario, path.parent)
        inputs = load_inputs(scenario, profiles, path.parent)
    except InputError as error:
        return Examination(error.faults)
    faults = list(inputs.faults)
    tonnes: dict[str, float] = {}
    for profile in profiles.values():
        try:
            points = demand_points(inputs, profile)
            faults += points.faults
            tonnes[profile.id] = float(np.nansum(points.tonnes))
        except InputError as error:
            faults += error.faults
        faults += facilities_of(inputs, profile)[1]
    document = scenario.document
    if document is None:
        return Examination(tuple(faults))
    findings = document_findings(document, on)
    if not inputs.synthetic:
        findings += layer_findings(document, tonnes, inputs.layers.get("facilities"))
    return Examination(tuple(faults), findings)


def has_errors(faults: Sequence[Fault]) -> bool:
    """Whether any of them stops a plan."""
    return any(fault.severity is Severity.ERROR for fault in faults)
