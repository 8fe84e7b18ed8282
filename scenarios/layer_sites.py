"""Candidates of a tier at sites of another layer, or at standing facilities of another stream."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geodata.crs import to_metric
from geodata.stacking import stacked
from planner.problem import Strength
from scenarios.inputs import Inputs
from scenarios.load_knowledge import facility_words
from scenarios.operations import LayerSites
from scenarios.profile import Tier

SAME_PLACE_M = 50.0
"""Nearer than this to a standing site of the tier, a site of another layer is that site."""


def sites_of_layers(
    inputs: Inputs, tier: Tier, standing: gpd.GeoDataFrame, made: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """The tier's candidates with those at other layers' sites.

    Parameters
    ----------
    standing : facilities of the tier itself; a layer's site beside one is left to it
    made : candidates of the tier's own sources, without standing ones

    Returns
    -------
    Where a rule is 刚性 and its layer has sites, those and what the planner has listed; else all.
    """
    parts = [(rule, _rows(inputs, rule)) for rule in tier.candidate_layers]
    filled = [(rule, rows) for rule, rows in parts if len(rows)]
    if not filled:
        return made
    bound = any(rule.strength is Strength.MUST for rule, _ in filled)
    kept = made[(made["source"] == "given").to_numpy(bool)] if bound else made
    return stacked([kept, *(_apart(rows, standing, inputs) for _, rows in filled)])


def _rows(inputs: Inputs, rule: LayerSites) -> gpd.GeoDataFrame:
    """Sites that a rule names, with ids that say where they are from."""
    if rule.layer:
        return _as_candidates(inputs.layer(rule.layer), rule.layer)
    table = inputs.layer("facilities")
    text = table["stream"].astype(object).where(table["stream"].notna(), "").astype(str)
    mine = text.str.strip().str.casefold().isin(facility_words(rule.stream)).to_numpy(bool)
    if rule.tier:
        tiers = table["tier"].astype(object).where(table["tier"].notna(), "").astype(str)
        words = facility_words(rule.stream, rule.tier)
        mine = mine & tiers.str.strip().str.casefold().isin(words).to_numpy(bool)
    mine = mine & (table["state"] != "close").to_numpy(bool)
    return _as_candidates(table[mine], rule.stream)


def _as_candidates(table: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    found = table[table.geometry.notna().to_numpy(bool)]
    columns = {
        name: found[name].to_numpy() if name in found else np.full(len(found), None, object)
        for name in ("name", "district", "village")
    }
    area = found["area_m2"].to_numpy() if "area_m2" in found else np.full(len(found), np.nan)
    return gpd.GeoDataFrame(
        {
            "id": [f"{source}-{one}" for one in found["id"]],
            **columns,
            "source": source,
            "area_m2": pd.to_numeric(pd.Series(area), errors="coerce").to_numpy(np.float64),
        },
        geometry=found.geometry.representative_point().to_numpy(),
        crs="EPSG:4326",
    )


def _apart(rows: gpd.GeoDataFrame, standing: gpd.GeoDataFrame, inputs: Inputs) -> gpd.GeoDataFrame:
    """Rows that no standing site of the tier already stands at."""
    if len(standing) == 0 or len(rows) == 0:
        return rows
    at, there = (
        np.column_stack(to_metric(one.x.to_numpy(), one.y.to_numpy(), inputs.metric_crs))
        for one in (rows.geometry, standing.geometry.representative_point())
    )
    away, _ = cKDTree(there).query(at)
    return rows[away > SAME_PLACE_M].reset_index(drop=True)
