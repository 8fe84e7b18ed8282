"""A finished plan read back from its files: the sites, points and flows that rounds start from.

Nothing is decided anew, so that rounds are those of the plan that somebody looks at, whatever it
took to find it (several years, fitted haul costs, a solver that ran out of time).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.faults import N_, Fault, InputError
from scenarios.feature_files import FOLDER
from scenarios.inputs import Inputs
from scenarios.output import PLAN
from scenarios.plan import Plan, StreamPlan, plan_of
from scenarios.schema import Scenario, StreamProfile
from scenarios.verify import read_certificate

LAYERS = ("villages", "facilities", "links")
"""Of the plan's features: demand, facilities and assignments of all streams."""

Facts = dict[str, Any]


def finished_plan(
    scenario: Scenario,
    profiles: Mapping[str, StreamProfile],
    inputs: Inputs,
    folder: Path,
) -> Plan:
    """The plan in a folder of :func:`scenarios.output.write_plan` and its features.

    It has what rounds need: facilities, demand and assignments (of the last year, where there are
    several) and certificates. Indicators, assessments and candidates stay in the files.

    Raises
    ------
    InputError
        The files are not there, or are not those of a plan.
    """
    try:
        certified = _certified(folder)
        layers = {name: _features(folder, name) for name in LAYERS}
        streams = {
            name: _stream_plan(profile, certified[name], layers)
            for name, profile in profiles.items()
            if name in certified
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = N_("the files of the plan cannot be read ({problem}); plan it again")
        raise InputError([Fault("run", message, {"problem": type(error).__name__})]) from error
    return plan_of(scenario, inputs, streams)


def _certified(folder: Path) -> dict[str, Facts]:
    """What ``plan.json`` says of each stream."""
    paths = [*folder.glob(PLAN), *folder.glob(f"*/{PLAN}")]
    plans = [json.loads(path.read_text("utf-8")) for path in paths]
    return {str(one["stream"]["id"]): one for one in plans}


def _features(folder: Path, name: str) -> dict[str, list[Facts]]:
    """Features of a layer by stream."""
    found: dict[str, list[Facts]] = {}
    with (folder / FOLDER / f"{name}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            found.setdefault(str(one["properties"]["stream"]), []).append(one)
    return found


def _stream_plan(
    profile: StreamProfile, stated: Facts, layers: Mapping[str, Mapping[str, list[Facts]]]
) -> StreamPlan:
    demand, facilities, links = (layers[name].get(profile.id, []) for name in LAYERS)
    columns = ("from_id", "to_id", "tier", "share", "tonnes_per_yr")
    return StreamPlan(
        profile=profile,
        facilities=_points(facilities),
        demand=_points(demand),
        assignments=pd.DataFrame([one["properties"] for one in links], columns=list(columns)),
        indicators=(),
        tiers=(),
        certificate=read_certificate(stated["certificate"], None),
        assessment={},
        input_hash=str(stated["input_hash"]),
    )


def _points(features: list[Facts]) -> gpd.GeoDataFrame:
    places = np.array([one["geometry"]["coordinates"] for one in features], np.float64)
    table = pd.DataFrame([one["properties"] for one in features])
    return gpd.GeoDataFrame(table, geometry=shapely.points(places.reshape(-1, 2)), crs="EPSG:4326")
