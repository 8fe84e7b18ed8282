"""Hand-made plans for the writers: any size, two streams (one tiered), hostile names if asked."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from shapely import Point, points

from geodata.faults import Fault, Severity
from planner.solution import Certificate, Outcome, Reason
from scenarios.plan import (
    ASSIGNMENT_COLUMNS,
    DEMAND_COLUMNS,
    FACILITY_COLUMNS,
    Indicator,
    Plan,
    StreamPlan,
    TierResult,
)
from scenarios.schema import (
    DemandFactor,
    DemandRule,
    Evidence,
    ProblemType,
    Scenario,
    SizeOption,
    Sourced,
    StreamProfile,
    StreamUse,
    SyntheticSpec,
    Target,
    Tier,
    Words,
)
from tests.scenarios.deliverables.backdrop import (
    district_polygons,
    exclusion_areas,
    lonlat,
    road_lines,
)

HOSTILE_NAMES = (
    "</script><script>window.hacked=1</script>",
    "`${window.hacked=2}`",
    "<img src=x onerror=window.hacked=3>",
    '=HYPERLINK("http://example.org","甲")',
    "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "'; DROP TABLE villages; --",
    "\u2028王\u2029庄", "{{ 7*7 }}{% raw %}", "]]>&amp;<!--", "\\u003cb\\u003e", "甲\x00乙\x0b",
)  # fmt: skip


def certificate(outcome: Outcome, objective: float, bound: float) -> Certificate:
    return Certificate(
        outcome=outcome, sense="min", objective=objective, bound=bound, seconds=1.25,
        method="set_cover", solver="HiGHS", solver_version="1.11", problem_hash="ab12",
        checked=True,
    )  # fmt: skip


def sourced(value: float, unit: str, evidence: Evidence = Evidence.SEEN) -> Sourced:
    return Sourced(
        value=value, unit=unit, source="GB 55013-2021", clause="3.2", edition="2021",
        evidence=evidence,
    )  # fmt: skip


PESTICIDE = StreamProfile(
    id="pesticide_packaging",
    name=Words(zh="农药包装废弃物", en="Pesticide packaging"),
    summary=Words(zh="每村在服务半径内有回收点", en="A point within reach of each village"),
    colour="#7b3294",
    department="县农业农村局",
    demand=DemandRule(
        factors=(DemandFactor(of="sown_area_mu", factor=sourced(0.03, "kg/亩")),),
        definition=Words(zh="产生量，全域，按播种面积测算", en="Generated, whole area"),
    ),
    tiers=(
        Tier(
            id="point",
            name=Words(zh="回收点", en="Take-back point"),
            problem=ProblemType.SET_COVER,
            radius_km=sourced(4, "km", Evidence.RECALLED),
        ),
    ),
    targets=(Target(indicator="covered_villages", year=2025, value=95),),
)
STRAW = StreamProfile(
    id="straw",
    name=Words(zh="秸秆收储运", en="Straw collection"),
    summary=Words(zh="乡镇收储站与县级中心", en="Township stores and a county centre"),
    colour="#1b7837",
    department="县农业农村局",
    demand=DemandRule(factors=(DemandFactor(of="sown_area_mu", factor=sourced(0.5, "t/亩")),)),
    tiers=(
        Tier(
            id="township_store",
            name=Words(zh="乡镇收储站", en="Township store"),
            problem=ProblemType.CAPACITATED_LOCATION,
            radius_km=sourced(10, "km"),
            sizes=(
                SizeOption(
                    id="medium",
                    name=Words(zh="5000 吨", en="5,000 t"),
                    capacity_t_per_yr=9000,
                    land_m2=6667,
                    investment_wan_cny=120,
                ),
            ),
        ),
        Tier(
            id="county_centre",
            name=Words(zh="县级中心", en="County centre"),
            problem=ProblemType.P_MEDIAN,
            serves="township_store",
            sites=1,
        ),
    ),
)


def village_table(n: int, *, hostile: bool, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    side_km = 25.0 * np.sqrt(n / 350)
    names = [f"{'张王李赵刘陈杨黄'[k % 8]}家庄{k // 8 or ''}" for k in range(n)]
    if hostile:
        names[: len(HOSTILE_NAMES)] = HOSTILE_NAMES[:n]
    east, north = rng.uniform(0.02, 0.98, (2, n)) * side_km
    lon, lat = lonlat(east, north)
    return pd.DataFrame(
        {
            "id": [f"V{k:05d}" for k in range(n)],
            "name": names,
            "east_km": east,
            "north_km": north,
            "lon": lon,
            "lat": lat,
            "district": [
                f"{'东西南北'[min(int(4 * e / side_km), 3)]}{'关山河'[min(int(3 * m / side_km), 2)]}镇"
                for e, m in zip(east, north, strict=True)
            ],
            "population": np.where(rng.random(n) < 0.9, rng.integers(300, 2500, n), np.nan),
            "sown_area_mu": rng.integers(500, 3000, n),
        }
    )


def demand_table(villages: pd.DataFrame, stream: str, factor: float, sites, ids, names, radius_m):
    distance, nearest = cKDTree(sites).query(villages[["east_km", "north_km"]])
    straight_m = distance * 1000
    road_m = straight_m * 1.32 + 60
    served = road_m < radius_m * 1.3
    n = len(villages)
    if n > 20:
        served[[3, 17]] = False
    reason = np.where(served, "", "no_candidate_in_reach").astype(object)
    if n > 20:
        reason[3] = "no_road"
    return gpd.GeoDataFrame(
        {
            "id": villages["id"],
            "name": villages["name"],
            "district": villages["district"],
            "stream": stream,
            "population": villages["population"],
            "demand_t_per_yr": villages["sown_area_mu"] * factor,
            "demand_basis": np.where(np.arange(n) % 5 == 0, "stated", "estimated"),
            "served": served,
            "facility_id": np.where(served, np.array(ids, dtype=object)[nearest], ""),
            "facility_name": np.where(served, np.array(names, dtype=object)[nearest], ""),
            "impedance": np.where(served, road_m, np.nan),
            "straight_m": np.where(served, straight_m, np.nan),
            "snap_m": np.full(n, 35.0),
            "within_radius": pd.array(
                [bool(r <= radius_m) if s else None for r, s in zip(road_m, served, strict=True)],
                dtype="boolean",
            ),
            "reason": reason,
        },
        geometry=points(villages[["lon", "lat"]].to_numpy()),
        crs="EPSG:4326",
    )[list(DEMAND_COLUMNS)]


def facility_rows(stream, tier, sites, ids, names, districts, statuses, **columns):
    m = len(ids)
    frame = pd.DataFrame(
        {
            "id": ids, "name": names, "stream": stream, "tier": tier, "district": districts,
            "village": "", "status": statuses,
            "state": ["kept" if s in ("kept", "expanded") else "close" if s == "closed" else ""
                      for s in statuses],
            "size": ["" if s in ("closed", "not_chosen") else "5000 吨" for s in statuses],
            "capacity_t_per_yr": 9000.0, "throughput_t_per_yr": 0.0, "load_rate": 0.0,
            "land_m2": 6667.0, "investment_wan_cny": 120.0, "n_served": 0,
            "population_served": np.nan, "mean_impedance": np.nan, "worst_impedance": np.nan,
            "phase": "", "responsible": "县农业农村局", **columns,
        },
        index=range(m),
    )  # fmt: skip
    geometry = [Point(lonlat(east, north)) for east, north in sites]
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")[list(FACILITY_COLUMNS)]


def with_loads(facilities: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    served = demand[demand["served"]].groupby("facility_id")
    facilities = facilities.copy()
    key = facilities["id"]
    facilities["n_served"] = key.map(served.size()).fillna(0).astype(int)
    facilities["throughput_t_per_yr"] = key.map(served["demand_t_per_yr"].sum()).fillna(0.0)
    facilities["load_rate"] = facilities["throughput_t_per_yr"] / facilities["capacity_t_per_yr"]
    facilities["population_served"] = key.map(served["population"].sum())
    facilities["mean_impedance"] = key.map(served["impedance"].mean())
    facilities["worst_impedance"] = key.map(served["impedance"].max())
    return facilities


def assignments_of(demand: gpd.GeoDataFrame, tier: str) -> pd.DataFrame:
    served = demand[demand["served"]]
    return pd.DataFrame(
        {
            "from_id": served["id"], "to_id": served["facility_id"], "tier": tier,
            "impedance": served["impedance"], "unit": "m", "share": 1.0,
            "tonnes_per_yr": served["demand_t_per_yr"],
        }
    )[list(ASSIGNMENT_COLUMNS)].reset_index(drop=True)  # fmt: skip


def stream_plan(profile, villages, *, n_sites, factor, radius_m, hostile, seed) -> StreamPlan:
    rng = np.random.default_rng(seed)
    tier = profile.tiers[0].id
    at = rng.choice(len(villages), n_sites, replace=False)
    sites = villages[["east_km", "north_km"]].to_numpy()[at] + 0.1
    ids = [f"{profile.id[:1].upper()}{k:04d}" for k in range(n_sites)]
    names = [f"{villages['name'][i]}{profile.tiers[0].name.zh}" for i in at]
    if hostile:
        names[: min(3, n_sites)] = HOSTILE_NAMES[: min(3, n_sites)]
    demand = demand_table(villages, profile.id, factor, sites, ids, names, radius_m)
    statuses = [
        "kept" if k % 4 == 0 else "expanded" if k % 7 == 1 else "new" for k in range(n_sites)
    ]
    opened = facility_rows(
        profile.id, tier, sites, ids, names, villages["district"].to_numpy()[at], statuses
    )
    opened = with_loads(opened, demand)
    frames = [opened]
    extra = rng.choice(len(villages), 4, replace=False)
    spare = facility_rows(
        profile.id, tier, villages[["east_km", "north_km"]].to_numpy()[extra] - 0.2,
        [f"X{profile.id[:1]}{k}" for k in range(4)], [f"备选{k}" for k in range(4)],
        villages["district"].to_numpy()[extra], ["closed", "not_chosen", "not_chosen", "not_chosen"],
        load_rate=np.nan,
    )  # fmt: skip
    frames.append(spare)
    assignments = [assignments_of(demand, tier)]
    if len(profile.tiers) > 1:
        top = profile.tiers[1].id
        centre = sites.mean(axis=0)
        frames.append(
            facility_rows(
                profile.id, top, [centre], ["C0001"], ["县级秸秆收储中心"], ["城关镇"], ["new"],
                n_served=n_sites, capacity_t_per_yr=np.nan, load_rate=np.nan,
                throughput_t_per_yr=opened["throughput_t_per_yr"].sum(),
            )
        )  # fmt: skip
        road = np.linalg.norm(sites - centre, axis=1) * 1320
        assignments.append(
            pd.DataFrame(
                {"from_id": ids, "to_id": "C0001", "tier": top, "impedance": road, "unit": "m",
                 "share": 1.0, "tonnes_per_yr": opened["throughput_t_per_yr"]}
            )
        )  # fmt: skip
    share = float(demand["served"].mean())
    cert = certificate(Outcome.FEASIBLE, 1000, 992)
    return StreamPlan(
        profile=profile,
        facilities=gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs="EPSG:4326"),
        demand=demand,
        assignments=pd.concat(assignments, ignore_index=True),
        indicators=(
            Indicator("covered_villages", "Villages covered", share * 100, "%",
                      "villages served / all villages", 95.0),
            Indicator("mean_distance", "Mean distance", float(demand["impedance"].mean()), "m",
                      "mean over served villages"),
            Indicator("unknown", "Investment", None, "wan_cny", "sum over opened sites"),
        ),
        tiers=tuple(TierResult(t.id, cert, (Reason("radius", ("V00003",), {"radius_km": 7.5}),))
                    for t in profile.tiers),
        certificate=cert,
        assessment={},
        input_hash="ab12",
    )  # fmt: skip


def make_plan(n_villages: int = 60, *, hostile: bool = False, seed: int = 7) -> Plan:
    """A plan of two streams; about one site to ten villages."""
    villages = village_table(n_villages, hostile=hostile, seed=seed)
    n_sites = max(4, n_villages // 10)
    streams = {
        "pesticide_packaging": stream_plan(
            PESTICIDE, villages, n_sites=n_sites, factor=0.03, radius_m=4000, hostile=hostile, seed=1
        ),
        "straw": stream_plan(
            STRAW, villages, n_sites=max(4, n_sites // 2), factor=0.5, radius_m=10000,
            hostile=hostile, seed=2,
        ),
    }  # fmt: skip
    side_km = 25.0 * np.sqrt(n_villages / 350)
    title = "示例县“无废城市”收运设施布局规划"
    return Plan(
        scenario=Scenario(
            title=title,
            area="示例县",
            base_year=2025,
            synthetic=SyntheticSpec(villages=max(10, n_villages), seed=seed),
            streams=tuple(StreamUse(stream=s) for s in streams),
        ),
        title=HOSTILE_NAMES[0] + title if hostile else title,
        synthetic=True,
        streams=streams,
        roads=road_lines(side_km, seed),
        districts=district_polygons(side_km),
        exclusions=exclusion_areas(side_km),
        candidates=candidate_points(villages, hostile=hostile),
        faults=(
            Fault("villages.csv, row 17", "population {value} is negative", {"value": -5},
                  Severity.WARNING),
            Fault(HOSTILE_NAMES[3] if hostile else "sites.xlsx, row 3", "name is empty", {},
                  Severity.WARNING),
        ),
        sources=("合成县（种子 7）", "道路：合成"),
        versions={"wangdian": "0.1.0", "highspy": "1.11"},
        seconds={"total": 3.2},
    )  # fmt: skip


def candidate_points(villages: pd.DataFrame, *, hostile: bool) -> gpd.GeoDataFrame:
    some = villages.iloc[::5]
    kept = np.arange(len(some)) % 3 > 0
    frame = pd.DataFrame(
        {
            "id": [f"K{k}" for k in range(len(some))],
            "name": some["name"].to_numpy(),
            "stream": "straw",
            "kept": kept,
            "dropped_by": np.where(kept, "", HOSTILE_NAMES[2] if hostile else "water 100 m"),
        }
    )
    return gpd.GeoDataFrame(
        frame, geometry=points(some[["lon", "lat"]].to_numpy()), crs="EPSG:4326"
    )
