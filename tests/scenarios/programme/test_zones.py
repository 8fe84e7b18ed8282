"""Zones of whole townships that border on one another."""

from __future__ import annotations

from collections import defaultdict

import jsonschema_rs
import pytest

from planner.solution import Outcome
from scenarios.load import example
from scenarios.neighbours import district_neighbours
from scenarios.output import write_plan
from scenarios.plan_json import plan_dict, plan_schema
from scenarios.programme.course import run_programme
from scenarios.programme.joint_tables import joint_tables
from scenarios.verify import verify_files

ONE_YEAR = ("streams=[{stream: recyclables}]", "phases=[{year: 2025}]", "joint={}",
            "synthetic.villages=60", "solver.time_limit_s=20", "solver.gap=0.02")  # fmt: skip


def in_one_piece(districts, neighbours):
    seen, queue = set(), [districts[0]]
    while queue:
        here = queue.pop()
        if here not in seen:
            seen.add(here)
            queue += [one for one in neighbours.get(here, ()) if one in districts]
    return seen == set(districts)


def borders(stream):
    """Township -> those it borders on; one without a polygon by its villages' surroundings."""
    (problem,) = stream.programme.problem.streams
    rule, names = problem.contiguity, sorted(set(stream.demand["district"]))
    return {
        name: {names[v] for v in rule.neighbour[rule.start[u] : rule.start[u + 1]]}
        for u, name in enumerate(names)
    }


@pytest.fixture(scope="module")
def zoned():
    return run_programme(example("all_systems", ONE_YEAR))


def test_every_township_is_in_one_zone_of_several_that_border(zoned):
    stream = zoned.streams["recyclables"]
    assert stream.certificate.outcome in (Outcome.OPTIMAL, Outcome.FEASIBLE)
    zones = joint_tables(stream).zones
    neighbours = borders(stream)
    polygons = district_neighbours(zoned.districts)
    assert all(neighbours[one] >= others for one, others in polygons.items())
    assert all(neighbours.values())
    named = [name for one in zones for name in one.districts]
    assert sorted(named) == sorted(set(stream.demand["district"]))
    for one in zones:
        assert 2 <= len(one.districts) <= 5
        assert in_one_piece(one.districts, neighbours)


def test_a_township_goes_to_one_station(zoned):
    demand = zoned.streams["recyclables"].demand
    sites = defaultdict(set)
    for district, site in zip(demand["district"], demand["facility_id"], strict=True):
        sites[district].add(site)
    assert all(len(one) == 1 for one in sites.values())


def test_the_zones_are_in_plan_json(zoned):
    written = plan_dict(zoned, zoned.streams["recyclables"])
    jsonschema_rs.validate(plan_schema(), written)
    assert written["joint"]["zones"][0]["year"] == 2025


def test_zones_that_no_plan_keeps_yield_and_that_is_said():
    # No station takes the tonnes of all four townships, which one zone of four would need.
    sizes = [
        f"streams.recyclables.tiers.station.sizes.{size}.capacity_t_per_yr={capacity}"
        for size, capacity in (("s", 1600), ("m", 1700), ("l", 1800))
    ]
    zones = "streams.recyclables.tiers.station.zones"
    four = [f"{zones}.most_districts=4", f"{zones}.least_districts=4"]
    plan = run_programme(example("all_systems", [*ONE_YEAR, *sizes, *four]))
    told = [fault.text() for fault in plan.faults if "zones" in fault.text()]
    assert plan.streams["recyclables"].has_plan
    assert told == [
        "recyclables: no plan keeps the zones of station (原则上); it is planned without them"
    ]


def test_a_written_plan_with_zones_is_re_checked_from_its_files(zoned, tmp_path):
    write_plan(zoned, tmp_path / "out", writers={})
    for one in verify_files(tmp_path / "out"):
        assert one.holds, [finding.text() for tier in one.tiers for finding in tier.findings]
