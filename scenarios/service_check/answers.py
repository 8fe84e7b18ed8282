"""The service check as plain values, for JSON and for sheets."""

from __future__ import annotations

from typing import Any

from scenarios.service_check.index import Near, Places, ServiceIndex, TierIndex
from scenarios.service_check.network import Line, Network, Position

OUTSIDE_M = 5000.0
"""A point farther than this from every village is in nobody's plan."""

Answer = dict[str, Any]


def village_answer(
    index: ServiceIndex, tier: TierIndex, village: int, lang: str, *, route: bool = True
) -> Answer:
    """Who serves a village."""
    own = int(tier.served_by[village])
    answer = {
        **_head(tier, lang),
        "village": _place(tier.villages, village),
        "from_village_m": 0.0,
        "served": own >= 0,
        "reason": tier.reason[village],
        "site": None,
        "within": _within(int(tier.within[village])),
        "next_nearest": _others(tier, village),
        "route": None,
    }
    if own < 0:
        return answer
    near = Near(
        own,
        float(tier.metres[village]),
        float(tier.seconds[village]),
        tier.measured[village],
    )
    answer["site"] = _site(tier, near)
    if route:
        answer["route"] = _line(_village_route(index.network, tier, village, near))
    return answer


def point_answer(
    index: ServiceIndex, tier: TierIndex, lon: float, lat: float, lang: str, *, route: bool = True
) -> Answer | None:
    """Who serves a place: the site of the nearest village, measured from the place itself.

    None where another tier answers for that village.
    """
    network = index.network
    position = network.snapped(lon, lat, tier.facts.vehicle)
    village, away_m = tier.nearest_village(network, position.x, position.y)
    if not tier.answers_for[village]:
        return None
    if away_m < 1.0:
        return village_answer(index, tier, village, lang, route=route)
    outside = away_m > OUTSIDE_M
    found = tier.nearest_sites(network, position, 4)
    own = -1 if outside else int(tier.served_by[village])
    near = next((one for one in found if one.site == own), None)
    if own >= 0 and near is None:
        # Its village is sent to a farther site because the near ones are full.
        metres, seconds = float(tier.metres[village]), float(tier.seconds[village])
        near = Near(own, metres, seconds, tier.measured[village])
    radius = tier.facts.radius_m
    reason = "outside" if outside else tier.reason[village]
    answer = {
        **_head(tier, lang),
        "village": None if outside else _place(tier.villages, village),
        "from_village_m": round(away_m, 1),
        "served": near is not None,
        "reason": "" if near is not None else reason or "left_out",
        "site": None if near is None else _site(tier, near),
        "within": None if radius is None else bool(near and near.metres <= radius * (1 + 1e-9)),
        "next_nearest": [_site(tier, one) for one in found if one.site != own][:2],
        "route": None,
    }
    if near is not None and route:
        answer["route"] = _line(tier.route(network, position, near))
    return answer


def _head(tier: TierIndex, lang: str) -> Answer:
    facts = tier.facts
    return {
        "stream": facts.stream,
        "stream_name": facts.stream_names[lang],
        "tier": facts.tier,
        "tier_name": facts.tier_names[lang],
        "metric": facts.metric,
        "radius_m": facts.radius_m,
        "clause": facts.clause,
        "evidence": facts.evidence,
    }


def _place(places: Places, k: int) -> Answer:
    return {
        "id": places.ids[k],
        "name": places.names[k],
        "district": places.districts[k],
        "lon": round(float(places.lon[k]), 7),
        "lat": round(float(places.lat[k]), 7),
    }


def _site(tier: TierIndex, near: Near) -> Answer:
    return {
        **_place(tier.sites, near.site),
        "distance_m": round(near.metres, 1),
        "minutes": round(near.seconds / 60, 1),
        "measured": near.measured,
        "status": tier.site_status[near.site],
    }


def _others(tier: TierIndex, village: int) -> list[Answer]:
    found: list[Answer] = []
    row = zip(
        tier.near[village].tolist(),
        tier.near_metres[village].tolist(),
        tier.near_seconds[village].tolist(),
        strict=True,
    )
    for site, metres, seconds in row:
        if site >= 0 and len(found) < 2:
            found.append(_site(tier, Near(site, metres, seconds, tier.facts.metric)))
    return found


def _within(value: int) -> bool | None:
    return None if value < 0 else bool(value)


def _village_route(network: Network, tier: TierIndex, village: int, near: Near) -> Line:
    detour = tier.detours.get(village)
    if detour is not None:
        return detour
    places = tier.villages
    lon, lat = float(places.lon[village]), float(places.lat[village])
    position = Position(
        lon, lat, 0.0, 0.0, int(places.edge[village]), float(places.fraction[village]),
        float(places.leg_m[village]),
    )  # fmt: skip
    return tier.route(network, position, near)


def _line(points: Line) -> Answer:
    return {"type": "LineString", "coordinates": points}
