"""Reads and validates a scenario without planning it; every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from geodata.faults import Fault, InputError, Severity
from scenarios.demand_points import demand_points
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario, profiles_of
from scenarios.sites import facilities_of


def check_scenario(path: Path, overrides: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Errors and warnings of a scenario, its layers and what its streams make of them."""
    try:
        scenario = load_scenario(path, overrides)
        profiles = profiles_of(scenario, path.parent)
        inputs = load_inputs(scenario, profiles, path.parent)
    except InputError as error:
        return error.faults
    faults = list(inputs.faults)
    for profile in profiles.values():
        try:
            faults += demand_points(inputs, profile).faults
        except InputError as error:
            faults += error.faults
        faults += facilities_of(inputs, profile)[1]
    return tuple(faults)


def has_errors(faults: Sequence[Fault]) -> bool:
    """Whether any of them stops a plan."""
    return any(fault.severity is Severity.ERROR for fault in faults)
