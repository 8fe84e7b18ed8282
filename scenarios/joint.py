"""What a scenario says of deciding all its tiers, streams and years as one question.

A scenario of several phases is decided so; one of a single phase where it has ``joint``. The rules
themselves (who shares sites, who keeps apart, which townships form zones) are the profiles'; they
are held where the scenario has ``joint``, as they make one large question of streams that are else
solved apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from geodata.faults import N_, Fault
from planner.tiered import GoalKind
from scenarios.evidence import Model
from scenarios.operations import Role
from scenarios.validation import unknown_key

if TYPE_CHECKING:
    from scenarios.profile import StreamProfile
    from scenarios.schema import Scenario

LARGEST = "largest"


class DownSite(Model):
    """A site that is out of service."""

    stream: str
    tier: str
    site: str = LARGEST
    """Id of a site, or ``largest``: the one that takes in most."""


class Outage(Model):
    """A year in which sites are down or tonnes surge; the question is where the tonnes go."""

    name: str = ""
    down: tuple[DownSite, ...] = ()
    surge: float = Field(default=1.0, gt=0, le=10)
    """All tonnes are so many times as many."""
    year: int | None = None
    """One of the phases; None is the last."""

    @model_validator(mode="after")
    def _says_something(self) -> Outage:
        if not self.down and self.surge == 1.0:
            raise ValueError("names no site that is down and no surge")
        return self


class GoalStep(Model):
    """One step of an ordered objective; the weighted sum of its parts is made least."""

    parts: dict[GoalKind, float] = Field(min_length=1)
    """Goal -> weight; what is to be most (covered_tonnes, covered_people) counts negatively."""
    allowance: float = Field(default=0.0, ge=0, le=1)
    """Worsening that the later steps may ask of this one, e.g. 0.02."""

    @model_validator(mode="after")
    def _weights_are_positive(self) -> GoalStep:
        if any(not 0 < weight < float("inf") for weight in self.parts.values()):
            raise ValueError("every weight is a positive number")
        return self


class Joint(Model):
    """How tiers, streams and years are decided together."""

    share_sites: bool = True
    """Profiles' ``shares_sites``: one site for several streams, what is shared paid once."""
    keep_apart: bool = True
    """Profiles' ``incompatible``: not on one site, or not within a distance."""
    zones: bool = True
    """Tiers' ``zones``: each site serves whole townships that border on one another."""
    modes: bool = True
    """Tiers' ``modes``: direct haul here, on the spot there."""
    estimate: Literal["low", "middle", "high"] = "middle"
    """The tonnes that capacities must hold for, within the ranges of the factors."""
    compare_estimates: bool = False
    """Also a programme for low, middle and high tonnes each, tried under all three."""
    outages: tuple[Outage, ...] = ()
    goals: tuple[GoalStep, ...] = ()
    """In order; none is least cost."""


APART = Joint(share_sites=False, keep_apart=False, zones=False, modes=False)
"""Of a scenario without ``joint``."""


def joint_of(scenario: Scenario) -> Joint:
    """What the scenario says; where it says nothing, no rule joins its streams."""
    return APART if scenario.joint is None else scenario.joint


def is_joint(scenario: Scenario) -> bool:
    """Whether tiers and streams are decided together."""
    return len(scenario.phases) > 1 or scenario.joint is not None


def joint_faults(scenario: Scenario, profiles: Mapping[str, StreamProfile]) -> Iterator[Fault]:
    """What a joint scenario names that is not there; every fault at once."""
    years = [one.year for one in scenario.phases]
    if scenario.joint is not None and not years:
        yield Fault("joint", N_("needs the year that it decides for; add phases: [{{year: 2025}}]"))
    for phase in scenario.phases:
        where = f"phases, {phase.year}"
        for stream, share in phase.coverage.items():
            if stream not in profiles:
                yield unknown_key(where, f"coverage.{stream}", stream, [*profiles])
            if share.value is not None and not 0 <= share.value <= 1:
                message = N_("{key} is {value}; a share is from 0 to 1")
                values = {"key": f"coverage.{stream}", "value": f"{share.value:g}"}
                yield Fault(where, message, values)
        if phase.coverage and not is_joint(scenario):
            message = N_("coverage is held only where tiers are decided together; add joint: {{}}")
            yield Fault(where, message)
    joint = joint_of(scenario)
    if joint.compare_estimates and joint.estimate != "middle":
        message = N_("compare_estimates plans for all three estimates; leave out 'estimate'")
        yield Fault("joint", message)
    for number, outage in enumerate(joint.outages):
        yield from _outage_faults(f"joint.outages.{number}", outage, years, profiles)


def _outage_faults(
    where: str, outage: Outage, years: list[int], profiles: Mapping[str, StreamProfile]
) -> Iterator[Fault]:
    if outage.year is not None and outage.year not in years:
        known = ", ".join(map(str, years))
        message = N_("the year {year} is no phase; phases are {known}")
        yield Fault(where, message, {"year": str(outage.year), "known": known})
    for down in outage.down:
        profile = profiles.get(down.stream)
        if profile is None:
            yield unknown_key(where, f"stream: {down.stream}", down.stream, [*profiles])
            continue
        tiers = [tier.id for tier in profile.tiers if tier.role is not Role.TERMINAL]
        if down.tier not in tiers:
            yield unknown_key(where, f"tier: {down.tier}", down.tier, tiers)
