"""Two plans side by side: what the second opens, closes, moves and sends elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.auth.principal import Principal
from api.plans import LoadedPlan
from api.problems import Problem
from geodata.faults import N_
from scenarios.changes import moved_id

Site = Mapping[str, Any]
Plain = dict[str, Any]
Key = tuple[str, str]
"""Tier and id."""


def compared(before: LoadedPlan, after: LoadedPlan, who: Principal, stream: str = "") -> Plain:
    """The differences of two plans by stream.

    Raises
    ------
    Problem
        404 where they have no stream in common.
    """
    common = _common(before, after, who, stream)
    return {
        "before": before.run_id,
        "after": after.run_id,
        "streams": {one: _stream_difference(before, one, after.plans[one]) for one in common},
    }


def _common(before: LoadedPlan, after: LoadedPlan, who: Principal, stream: str) -> list[str]:
    both = [one for one in before.plans if one in after.plans and stream in ("", one)]
    seen = [one for one in both if who.sees_stream(one) and who.sees_places_of(one)]
    if not seen:
        raise Problem(404, N_("the two plans have no such stream in common"))
    return seen


def _stream_difference(plan: LoadedPlan, stream: str, after: Site) -> Plain:
    before = plan.plans[stream]
    changes = _changes(before, after)
    by_kind: dict[str, list[Plain]] = {
        kind: [] for kind in ("opened", "closed", "moved", "resized")
    }
    for kind, old, new in changes:
        by_kind[kind].append(_told(kind, old, new))
    reassigned = list(_reassigned(plan, before, after))
    return {
        **by_kind,
        "reassigned": reassigned,
        "counts": {**{k: len(v) for k, v in by_kind.items()}, "reassigned": len(reassigned)},
        "indicators": _indicators(before, after),
        "objective": {
            "before": before["certificate"]["objective"],
            "after": after["certificate"]["objective"],
        },
    }


Change = tuple[str, Site | None, Site | None]


def _changes(before: Site, after: Site) -> list[Change]:
    old, new = _open_sites(before), _open_sites(after)
    found: list[Change] = []
    moved: set[Key] = set()
    for (tier, name), site in old.items():
        goal = (tier, moved_id(name))
        if (tier, name) not in new and goal in new and goal not in old:
            found.append(("moved", site, new[goal]))
            moved |= {(tier, name), goal}
    for key in sorted({*old, *new} - moved):
        if key not in old:
            found.append(("opened", None, new[key]))
        elif key not in new:
            found.append(("closed", old[key], None))
        elif (old[key]["lon"], old[key]["lat"]) != (new[key]["lon"], new[key]["lat"]):
            found.append(("moved", old[key], new[key]))
        elif old[key]["size"] != new[key]["size"]:
            found.append(("resized", old[key], new[key]))
    return found


def _open_sites(plan: Site) -> dict[Key, Site]:
    return {(one["tier"], one["id"]): one for one in plan["facilities"]}


def _told(kind: str, old: Site | None, new: Site | None) -> Plain:
    site = new if new is not None else old
    assert site is not None  # noqa: S101 - one of them is there
    told: Plain = {name: site[name] for name in ("id", "name", "tier", "district", "lon", "lat")}
    if kind == "moved" and old is not None:
        told["from"] = {name: old[name] for name in ("id", "lon", "lat")}
    if kind == "resized" and old is not None:
        told["size"] = {"before": old["size"], "after": site["size"]}
    return told


def _reassigned(plan: LoadedPlan, before: Site, after: Site) -> Iterator[Plain]:
    """Who goes elsewhere by the largest share; a moved site is the same one."""
    old, new = _owners(before), _owners(after)
    called = _called(plan, before, after)
    for tier, name in sorted({*old, *new}):
        a, b = old.get((tier, name)), new.get((tier, name))
        if a is not None and b is not None and a["to_id"] == b["to_id"]:
            continue
        if a is not None and b is not None and moved_id(a["to_id"]) == b["to_id"]:
            continue
        yield {
            "id": name,
            "tier": tier,
            **{key: called.get(name, {}).get(key) for key in ("name", "district")},
            "from_site": None if a is None else a["to_id"],
            "from_name": None if a is None else called.get(a["to_id"], {}).get("name"),
            "to_site": None if b is None else b["to_id"],
            "to_name": None if b is None else called.get(b["to_id"], {}).get("name"),
            "impedance_before": None if a is None else a["impedance"],
            "impedance_after": None if b is None else b["impedance"],
            "unit": (b or a or {}).get("unit"),
        }


def _called(plan: LoadedPlan, before: Site, after: Site) -> dict[str, Plain]:
    """Villages and sites by id, each with its name and township."""
    layer = plan.layer("villages")
    villages = (one["properties"] for one in (layer.features if layer is not None else ()))
    sites = {**_open_sites(before), **_open_sites(after)}
    return {one["id"]: one for one in villages} | {name: one for (_, name), one in sites.items()}


def _owners(plan: Site) -> dict[Key, Plain]:
    best: dict[Key, Plain] = {}
    for one in plan["assignments"]:
        key = (one["tier"], one["from_id"])
        if key not in best or (one["share"] or 0) > (best[key]["share"] or 0):
            best[key] = one
    return best


def _indicators(before: Site, after: Site) -> list[Plain]:
    later = {one["id"]: one["value"] for one in after["indicators"]}
    return [
        {"id": one["id"], "unit": one["unit"], "before": one["value"], "after": later[one["id"]]}
        for one in before["indicators"]
        if one["id"] in later
    ]


def difference_layer(
    before: LoadedPlan, after: LoadedPlan, who: Principal, stream: str = ""
) -> Plain:
    """The differences as one GeoJSON layer: points of sites, lines of moves and of who goes where.

    Every feature has a ``change``: opened, closed, moved, resized, kept or reassigned.
    """
    features: list[Plain] = []
    for one in _common(before, after, who, stream):
        old, new = before.plans[one], after.plans[one]
        changed = _changes(old, new)
        for kind, a, b in changed:
            features += _site_features(one, kind, a, b)
        touched = {(s["tier"], s["id"]) for _, *both in changed for s in both if s is not None}
        features += [
            _point(one, "kept", site)
            for key, site in _open_sites(new).items()
            if key not in touched
        ]
        features += _move_lines(one, before, old, new)
    return {"type": "FeatureCollection", "features": features}


def _site_features(stream: str, kind: str, old: Site | None, new: Site | None) -> list[Plain]:
    site = new if new is not None else old
    assert site is not None  # noqa: S101 - one of them is there
    found = [_point(stream, kind, site)]
    if kind == "moved" and old is not None:
        line = [[old["lon"], old["lat"]], [site["lon"], site["lat"]]]
        found.append(_feature("LineString", line, _facts(stream, kind, site)))
    return found


def _move_lines(stream: str, plan: LoadedPlan, before: Site, after: Site) -> list[Plain]:
    """A line from everybody who goes elsewhere to where they go now."""
    sites = {**_open_sites(before), **_open_sites(after)}
    by_id = {name: site for (_, name), site in sites.items()}
    layer = plan.layer("villages")
    places = {
        one["properties"]["id"]: one["geometry"]["coordinates"]
        for one in (layer.features if layer is not None else ())
    }
    places |= {name: [site["lon"], site["lat"]] for name, site in by_id.items()}
    found = []
    for one in _reassigned(plan, before, after):
        start = places.get(one["id"])
        goal = by_id.get(one["to_site"] or one["from_site"] or "")
        if start is None or goal is None:
            continue
        line = [start, [goal["lon"], goal["lat"]]]
        facts = {"change": "reassigned" if one["to_site"] else "unserved", "stream": stream, **one}
        found.append(_feature("LineString", line, facts))
    return found


def _point(stream: str, change: str, site: Site) -> Plain:
    return _feature("Point", [site["lon"], site["lat"]], _facts(stream, change, site))


def _facts(stream: str, change: str, site: Site) -> Plain:
    names = ("id", "name", "tier", "district", "size", "status")
    return {"change": change, "stream": stream, **{name: site.get(name) for name in names}}


def _feature(kind: str, coordinates: list[Any], facts: Plain) -> Plain:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": facts,
    }
