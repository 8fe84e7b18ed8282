"""What no single field of a profile can see: tiers that fit together, shares that add up."""

from __future__ import annotations

from collections.abc import Iterator

from geodata.faults import N_, Fault
from planner.problem import Strength
from scenarios.operations import Harvest, Role
from scenarios.profile import ProblemType, StreamProfile, Tier
from scenarios.validation import unknown_key

NEEDS_COUNT = (ProblemType.P_MEDIAN, ProblemType.P_CENTRE, ProblemType.MAXIMAL_COVER)
NEEDS_RADIUS = (ProblemType.SET_COVER, ProblemType.MAXIMAL_COVER)


def profile_faults(profile: StreamProfile) -> list[Fault]:
    """Tiers that cannot work and shares that cannot be: all of them at once."""
    faults: list[Fault] = []
    seen = ["demand"]
    for tier in profile.tiers:
        where = f"{profile.id}: {tier.id}"
        if tier.serves not in seen:
            faults.append(unknown_key(where, f"serves: {tier.serves}", tier.serves, seen))
        if tier.id in seen:
            faults.append(Fault(where, N_("tier id {tier} is used twice"), {"tier": tier.id}))
        seen.append(tier.id)
        faults += _model_faults(tier, where)
        faults += _share_faults(tier, where)
    faults += _sharing_faults(profile)
    if profile.seasonality is not None:
        faults += _season_faults(profile.seasonality.harvests, profile.id)
        faults += _season_faults(profile.seasonality.use, profile.id)
    return faults


def _model_faults(tier: Tier, where: str) -> Iterator[Fault]:
    """What the tier's problem type needs and does not have."""
    problem = {"problem": tier.problem.value}
    if tier.problem in NEEDS_COUNT and tier.sites is None:
        yield Fault(where, N_("{problem} needs 'sites', the number of sites to open"), problem)
    if tier.problem in NEEDS_RADIUS and tier.radius_m is None:
        message = N_("{problem} needs 'radius_km', the distance within which a point is served")
        yield Fault(where, message, problem)
    sized = tier.problem is ProblemType.CAPACITATED_LOCATION and tier.role is not Role.TERMINAL
    if sized and not tier.sizes:
        yield Fault(where, N_("capacitated_location needs 'sizes' with capacity and cost"))


def _share_faults(tier: Tier, where: str) -> Iterator[Fault]:
    """Tonnes can be lost on the way but not made."""
    shares = [
        ("share_taken", tier.share_taken),
        *(("passed_on", c.passed_on) for c in tier.passes_on),
    ]
    for name, share in shares:
        if share is not None and share.value is not None and not 0 <= share.value <= 1:
            message = N_("{key} is {value}; a share is from 0 to 1")
            yield Fault(where, message, {"key": name, "value": f"{share.value:g}"})


def _sharing_faults(profile: StreamProfile) -> Iterator[Fault]:
    """Which of several tiers shares a site must be said, and be a tier that is sited."""
    sited = [tier.id for tier in profile.tiers if tier.role is not Role.TERMINAL]
    for rule in profile.shares_sites:
        where = f"{profile.id}: shares_sites {rule.stream}"
        if rule.at and rule.at not in sited:
            yield unknown_key(where, f"at: {rule.at}", rule.at, sited)
        if not rule.at and len(sited) > 1:
            message = N_("say which tier shares the site: at: one of {known}")
            yield Fault(where, message, {"known": ", ".join(sited)})
        if rule.strength is Strength.MUST and not rule.tier:
            message = N_("a site that must be shared needs the other stream's 'tier'")
            yield Fault(where, message)
        saving = None if rule.saving is None else rule.saving.value
        if saving is not None and not 0 <= saving <= 1:
            message = N_("{key} is {value}; a share is from 0 to 1")
            yield Fault(where, message, {"key": "saving", "value": f"{saving:g}"})


def _season_faults(parts: tuple[Harvest, ...], where: str) -> Iterator[Fault]:
    shares = [part.share.value for part in parts]
    if any(share is None for share in shares):
        return
    total = sum(share for share in shares if share is not None)
    if parts and abs(total - 1) > 0.005:
        message = N_("the shares of the seasons add up to {total}; the year is 1")
        yield Fault(where, message, {"total": f"{total:g}"})
