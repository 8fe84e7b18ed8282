"""Sites that several streams may share, and sites that are too near to each other.

Profiles say which tiers may stand together and what that saves (``shares_sites``), and which
streams keep apart (``incompatible``). Candidates of the tiers within 50 m of each other are one
place. A place's shared cost is the stated saving of the cheapest size there; it is taken off
every facility's own cost and paid once while anything is open, so that a facility alone costs what
it did, and two together save it. Land is treated alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from geodata.crs import to_metric
from geodata.faults import N_, Fault, Severity
from planner.problem import Strength
from planner.tiered import Apart, Places, Stream
from planner.tiered import Tier as TieredTier
from scenarios.layer_sites import SAME_PLACE_M
from scenarios.operations import SharedSite
from scenarios.programme.levels import StreamLevels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TierKey = tuple[str, str]
"""Stream and tier."""
Member = tuple[TierKey, int]
"""A facility of a tier."""


@dataclass(frozen=True)
class Link:
    """Two tiers that may share a site.

    Parameters
    ----------
    saving : part of the cheaper one's fixed cost and land that is saved together
    bound : the first tier stands nowhere else than where the second one does
    """

    one: TierKey
    other: TierKey
    saving: float
    bound: bool


def links_of(levels: Sequence[StreamLevels]) -> list[Link]:
    """Pairs of planned tiers that a profile lets share sites; said twice, the larger saving."""
    by_id = {one.profile.id: one for one in levels}
    found: dict[frozenset[TierKey], Link] = {}
    for level in levels:
        for rule in level.profile.shares_sites:
            other = by_id.get(rule.stream)
            if other is None:
                continue
            for one, two in _tiers_meant(level, other, rule):
                link = Link(one, two, _saving(rule), rule.strength is Strength.MUST)
                before = found.get(frozenset((one, two)))
                if before is not None:
                    bound = link if link.bound else before
                    link = replace(bound, saving=max(link.saving, before.saving))
                found[frozenset((one, two))] = link
    return list(found.values())


def _saving(rule: SharedSite) -> float:
    return 0.0 if rule.saving is None or rule.saving.value is None else rule.saving.value


def _tiers_meant(
    level: StreamLevels, other: StreamLevels, rule: SharedSite
) -> Iterator[tuple[TierKey, TierKey]]:
    for mine in level.sited:
        for theirs in other.sited:
            if rule.at in ("", mine.id) and rule.tier in ("", theirs.id):
                yield (level.profile.id, mine.id), (other.profile.id, theirs.id)


class Grounds:
    """Where every candidate of the planned tiers is, in metres.

    Parameters
    ----------
    spots : (f, 2) of each tier's sites
    """

    def __init__(self, levels: Sequence[StreamLevels], metric_crs: CRS) -> None:
        self.spots: dict[TierKey, FloatArray] = {}
        for level in levels:
            for tier in level.sited:
                points = level.sites[tier.id].sites.geometry
                x, y = to_metric(points.x.to_numpy(), points.y.to_numpy(), metric_crs)
                self.spots[level.profile.id, tier.id] = np.column_stack((x, y))

    def near(
        self, one: TierKey, other: TierKey, most_m: float
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Pairs of facilities of two tiers within a distance, and how far apart they are."""
        if not len(self.spots[one]) or not len(self.spots[other]):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        pairs = cKDTree(self.spots[one]).sparse_distance_matrix(
            cKDTree(self.spots[other]), most_m, output_type="ndarray"
        )
        order = np.lexsort((pairs["j"], pairs["i"]))
        return (
            pairs["i"][order].astype(np.int64),
            pairs["j"][order].astype(np.int64),
            pairs["v"][order].astype(np.float64),
        )


def with_shared_places(
    streams: Sequence[Stream], levels: Sequence[StreamLevels], grounds: Grounds
) -> tuple[tuple[Stream, ...], Places]:
    """The streams with their facilities on places that they may share, and the places."""
    links = links_of(levels)
    tiers = {(one.id, tier.id): tier for one in streams for tier in one.tiers}
    groups = _groups(links, grounds)
    place = {key: np.full(len(tier.facilities), -1) for key, tier in tiers.items()}
    shared = [_shared_part(group, links, tiers) for group in groups]
    for number, group in enumerate(groups):
        for key, position in group:
            place[key][position] = number
    cost = np.array([one[0] for one in shared])
    land = np.array([one[1] for one in shared])
    hosts = {link.one: link.other for link in links if link.bound}
    placed = tuple(
        replace(
            stream,
            tiers=tuple(
                _on_places(
                    tier, place[stream.id, tier.id], cost, land, hosts.get((stream.id, tier.id))
                )
                for tier in stream.tiers
            ),
        )
        for stream in streams
    )
    room = np.array([_room(group, levels) for group in groups])
    ids = tuple(f"{group[0][0][0]}:{_name(group[0], tiers)}" for group in groups)
    return placed, Places(ids, cost, land, room)


def _groups(links: Sequence[Link], grounds: Grounds) -> list[list[Member]]:
    """Facilities that are one place: nearest pairs first, one of each tier to a place."""
    pairs: list[tuple[float, Member, Member]] = []
    for link in links:
        i, j, far = grounds.near(link.one, link.other, SAME_PLACE_M)
        pairs += [
            (d, (link.one, a), (link.other, b))
            for d, a, b in zip(far.tolist(), i.tolist(), j.tolist(), strict=True)
        ]
    of: dict[Member, list[Member]] = {}
    for _, one, other in sorted(pairs):
        mine, theirs = of.setdefault(one, [one]), of.setdefault(other, [other])
        taken = {key for key, _ in mine}
        if mine is theirs or any(key in taken for key, _ in theirs):
            continue
        mine += theirs
        for member in theirs:
            of[member] = mine
    unique = {id(group): group for group in of.values() if len(group) > 1}
    return sorted(sorted(group) for group in unique.values())


def _shared_part(
    group: Sequence[Member], links: Sequence[Link], tiers: Mapping[TierKey, TieredTier]
) -> tuple[float, float]:
    """Yearly cost and land that are paid once at a place."""
    at = dict(group)
    costs, lands = [], []
    for link in links:
        if link.one in at and link.other in at:
            both = [(tiers[key], at[key]) for key in (link.one, link.other)]
            costs.append(link.saving * min(_cheapest(tier, j) for tier, j in both))
            lands.append(link.saving * min(_smallest(tier, j) for tier, j in both))
    return min(costs), min(lands)


def _options(tier: TieredTier, facility: int) -> slice:
    start = tier.facilities.size_start
    return slice(int(start[facility]), int(start[facility + 1]))


def _cheapest(tier: TieredTier, facility: int) -> float:
    return float(tier.facilities.fixed_cost_cny_per_yr[_options(tier, facility)].min())


def _smallest(tier: TieredTier, facility: int) -> float:
    return float(tier.facilities.land_m2[_options(tier, facility)].min())


def _on_places(
    tier: TieredTier,
    place: IntArray,
    cost: FloatArray,
    land: FloatArray,
    host: TierKey | None,
) -> TieredTier:
    """The tier with its facilities on places, less what is paid with the place."""
    part = tier.facilities
    there = place >= 0
    if not there.any() and host is None:
        return tier
    less, smaller = np.zeros(len(part)), np.zeros(len(part))
    less[there], smaller[there] = cost[place[there]], land[place[there]]
    owner = part.facility_of_size
    return replace(
        tier,
        hosted_by=host,
        facilities=replace(
            part,
            place=place,
            fixed_cost_cny_per_yr=np.maximum(part.fixed_cost_cny_per_yr - less[owner], 0.0),
            land_m2=np.maximum(part.land_m2 - smaller[owner], 0.0),
        ),
    )


def _room(group: Sequence[Member], levels: Sequence[StreamLevels]) -> float:
    """Land of the plot, where nothing stands on it yet and its area is known."""
    by_id = {one.profile.id: one for one in levels}
    areas = []
    for (stream, tier), position in group:
        site = by_id[stream].sites[tier].sites.iloc[position]
        if site["existing"]:
            return float("inf")
        if np.isfinite(site["area_m2"]):
            areas.append(float(site["area_m2"]))
    return max(areas, default=float("inf"))


def _name(member: Member, tiers: Mapping[TierKey, TieredTier]) -> str:
    key, position = member
    return tiers[key].facilities.ids[position]


def kept_apart(
    streams: Sequence[Stream], levels: Sequence[StreamLevels], grounds: Grounds
) -> tuple[tuple[Stream, ...], tuple[Apart, ...], tuple[Fault, ...]]:
    """The streams and the pairs of sites that may not be open together.

    A candidate too near to a site that stays anyway is taken out; two that both stay are told.
    """
    forbidden: dict[TierKey, NDArray[np.bool_]] = {
        (one.id, tier.id): tier.facilities.forbidden.copy() for one in streams for tier in one.tiers
    }
    stays = {
        (one.id, tier.id): tier.facilities.required
        | (tier.facilities.existing & ~tier.facilities.closable)
        for one in streams
        for tier in one.tiers
    }
    rules: list[Apart] = []
    faults: list[Fault] = []
    for one, other, least_m in _apart_tiers(levels):
        i, j, far = grounds.near(one, other, max(least_m, SAME_PLACE_M))
        both = stays[one][i] & stays[other][j]
        if both.any():
            faults.append(_both_stay(one, other, least_m, far[both].min(), int(both.sum())))
        forbidden[one][i[stays[other][j] & ~both]] = True
        forbidden[other][j[stays[one][i] & ~both]] = True
        open_pairs = ~stays[one][i] & ~stays[other][j]
        if open_pairs.any():
            rules.append(Apart(one, other, i[open_pairs], j[open_pairs]))
    changed = tuple(
        replace(
            stream,
            tiers=tuple(
                replace(
                    tier,
                    facilities=replace(tier.facilities, forbidden=forbidden[stream.id, tier.id]),
                )
                for tier in stream.tiers
            ),
        )
        for stream in streams
    )
    return changed, tuple(rules), tuple(faults)


def _apart_tiers(levels: Sequence[StreamLevels]) -> list[tuple[TierKey, TierKey, float]]:
    """Pairs of tiers that keep apart, each once, with the larger distance of those stated."""
    by_id = {one.profile.id: one for one in levels}
    least: dict[tuple[TierKey, TierKey], float] = defaultdict(float)
    for level in levels:
        for rule in level.profile.incompatible:
            other = by_id.get(rule.stream)
            if other is None or rule.stream == level.profile.id:
                continue
            for mine in level.sited:
                for theirs in other.sited:
                    a, b = sorted(((level.profile.id, mine.id), (rule.stream, theirs.id)))
                    least[a, b] = max(least[a, b], rule.distance_m)
    return [(one, other, distance) for (one, other), distance in sorted(least.items())]


def _both_stay(one: TierKey, other: TierKey, least_m: float, near_m: float, count: int) -> Fault:
    message = N_(
        "{count} standing sites of {tier} are {near} m and more from {other}, and texts ask for "
        "{least} m; move or close one of each pair"
    )
    values = {
        "count": str(count),
        "tier": one[1],
        "other": f"{other[0]}: {other[1]}",
        "near": f"{near_m:.0f}",
        "least": f"{max(least_m, SAME_PLACE_M):.0f}",
    }
    return Fault(one[0], message, values, Severity.WARNING)
