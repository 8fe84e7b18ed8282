"""Where a tier's facilities stand or may stand: existing ones, and candidates after screening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.candidates import generate_candidates
from geodata.districts import assign_districts
from geodata.faults import N_, Fault, Severity
from geodata.screening import Setback, screen
from scenarios.facility_states import ENDS, PROPOSED, must_stay
from scenarios.inputs import Inputs
from scenarios.layer_sites import sites_of_layers
from scenarios.licence_areas import with_licence_area
from scenarios.operations import Role
from scenarios.schema import CandidateSource, StreamProfile, Tier

SITE_COLUMNS = (
    "id", "name", "district", "village", "source", "state", "area_m2", "capacity_t_per_yr",
    "throughput_t_per_yr", "end_year", "existing", "required", "geometry",
)  # fmt: skip


FALLBACK_SOURCES = (CandidateSource.DISTRICT_SEATS, CandidateSource.VILLAGES)
"""Where a tier stands whose own sources are all empty."""


@dataclass(frozen=True, eq=False)
class TierSites:
    """Sites of one tier.

    Parameters
    ----------
    sites : that may be open: standing ones first, then candidates; columns ``SITE_COLUMNS``
    closed : standing ones that the input says will close or move
    screened : every candidate looked at: id, name, stream, tier, kept, dropped_by, geometry
    faults : what a reader should know of how the candidates came about
    """

    sites: gpd.GeoDataFrame
    closed: gpd.GeoDataFrame
    screened: gpd.GeoDataFrame
    faults: tuple[Fault, ...] = ()


def facilities_of(
    inputs: Inputs, profile: StreamProfile
) -> tuple[dict[str, gpd.GeoDataFrame], list[Fault]]:
    """The stream's rows of the facilities layer by tier id, and rows whose tier is not known."""
    table = inputs.layer("facilities")
    words = _words(profile.id, profile.name.zh, profile.name.en, *profile.facility_stream_names)
    mine = table[_text(table, "stream").str.casefold().isin(words).to_numpy(bool)]
    tier_text = _text(mine, "tier").str.casefold()
    taken = np.zeros(len(mine), np.bool_)
    found: dict[str, gpd.GeoDataFrame] = {}
    for position, tier in enumerate(profile.tiers):
        names = _words(tier.id, tier.name.zh, tier.name.en, *tier.facility_names)
        # A table with one kind of facility often has no tier column: it means the first tier.
        match = tier_text.isin(names) | ((tier_text == "") & (position == 0))
        rows = match.to_numpy(bool) & ~taken
        taken |= rows
        found[tier.id] = mine[rows]
    faults = [
        Fault(
            f"facilities, {profile.id}",
            N_("{count} facilities have a tier that is none of {known} (first: '{first}')"),
            {
                "count": int((~taken).sum()),
                "known": ", ".join(tier.name.zh for tier in profile.tiers),
                "first": str(tier_text[~taken].iloc[0]),
            },
            Severity.WARNING,
        )
        for _ in range(int((~taken).any()))
    ]
    return found, faults


def gather_sites(
    inputs: Inputs, profile: StreamProfile, tier: Tier, facilities: gpd.GeoDataFrame
) -> TierSites:
    """Existing sites and screened candidates of one tier."""
    facilities = _site_rows(facilities, source="existing")
    ends = facilities["state"].isin(ENDS).to_numpy(bool)
    proposed = facilities["state"].isin(PROPOSED).to_numpy(bool)
    standing = facilities[~ends & ~proposed]
    closed = facilities[ends]
    proposals = facilities[proposed]
    faults: list[Fault] = []
    raw = _candidates(inputs, profile, tier.candidates, tier, standing, proposals)
    wants_new = any(one is not CandidateSource.EXISTING for one in tier.candidates)
    if len(raw) == 0 and (wants_new or len(standing) == 0) and tier.role is not Role.TERMINAL:
        # The planner has listed no land: the villages themselves show where a site is wanted.
        raw = _candidates(inputs, profile, FALLBACK_SOURCES, tier, standing, proposals)
        faults.append(_without_candidates(profile, tier))
    screened, kept = screened_candidates(inputs, profile, tier, raw)
    required = standing["state"].map(must_stay).to_numpy(bool) & (tier.existing == "required")
    standing = standing.assign(existing=True, required=required)
    kept = _unique(kept, set(facilities["id"]) - set(proposals["id"]))
    joined = pd.concat([standing, kept.assign(existing=False, required=False)], ignore_index=True)
    sites = gpd.GeoDataFrame(joined[list(SITE_COLUMNS)], geometry="geometry", crs="EPSG:4326")
    return TierSites(
        sites=with_licence_area(_in_districts(sites, inputs), inputs.layer("licence_areas")),
        closed=closed.assign(existing=True, required=False)[list(SITE_COLUMNS)],
        screened=screened,
        faults=tuple(faults),
    )


def _without_candidates(profile: StreamProfile, tier: Tier) -> Fault:
    message = N_(
        "no candidate sites are given for {tier}: every village and township seat is taken as one; "
        "list the land that can be built on in the layer 'candidates'"
    )
    return Fault(profile.id, message, {"tier": tier.id}, Severity.WARNING)


def _in_districts(sites: gpd.GeoDataFrame, inputs: Inputs) -> gpd.GeoDataFrame:
    """Sites with the township they lie in where nobody has said it: roadside points, land."""
    districts = inputs.layer("districts")
    unknown = (sites["district"] == "").to_numpy(bool)
    if len(districts) == 0 or not unknown.any():
        return sites
    blank = sites.assign(district=sites["district"].where(~unknown, None))
    named, _ = assign_districts(blank, districts, where="candidates")
    return named.assign(district=_text(named, "district"))


def _candidates(
    inputs: Inputs,
    profile: StreamProfile,
    allowed: Sequence[CandidateSource],
    tier: Tier,
    standing: gpd.GeoDataFrame,
    proposals: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Candidates of all sources allowed; those on a standing site are merged into it."""
    given = inputs.layer("candidates")
    given = _site_rows(given[_for_stream(given, profile).to_numpy(bool)], source="given")
    given = pd.concat([proposals.assign(source="given"), given], ignore_index=True)
    layers: dict[str, gpd.GeoDataFrame] = {
        **inputs.layers,
        "facilities": standing,
        "candidates": gpd.GeoDataFrame(given, geometry="geometry", crs="EPSG:4326"),
    }
    sources = [source for source in allowed if source is not CandidateSource.GIVEN]
    listed = ["existing"] if tier.role is Role.TERMINAL else ["existing", "given"]
    wanted = [*listed, *(one.value for one in sources if one.value != "existing")]
    made = generate_candidates(
        wanted,
        layers,
        inputs.metric_crs,
        roads=inputs.road_lines,
        spacing_m=tier.candidate_spacing_km * 1000,
    )
    made = made[(made["source"] != "existing").to_numpy(bool)]
    return _site_rows(sites_of_layers(inputs, tier, layers["facilities"], made))


def screened_candidates(
    inputs: Inputs, profile: StreamProfile, tier: Tier, raw: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Every candidate with what drops it from the tier, and those that nothing drops."""
    lands = [size.land_m2 for size in tier.sizes if size.land_m2]
    least_area = max(tier.least_area_m2, min(lands, default=0.0))
    verdict = screen(
        raw,
        inputs.layer("exclusions"),
        [Setback(rule.kind, rule.setback_m) for rule in tier.screening],
        least_area,
        inputs.metric_crs,
    )
    kept = np.asarray(verdict.kept, np.bool_)
    screened = gpd.GeoDataFrame(
        {
            "id": raw["id"],
            "name": raw["name"],
            "stream": profile.id,
            "tier": tier.id,
            "kept": kept,
            "dropped_by": list(verdict.dropped_by),
        },
        geometry=raw.geometry.to_numpy(),
        crs="EPSG:4326",
    )
    return screened, raw[kept]


def _site_rows(table: gpd.GeoDataFrame, source: str | None = None) -> gpd.GeoDataFrame:
    """Any layer's rows with the columns of a site; what it does not say is unknown."""
    out: dict[str, object] = {
        name: _text(table, name) for name in ("id", "name", "district", "village", "state")
    }
    out["source"] = _text(table, "source") if source is None else source
    for name in ("area_m2", "capacity_t_per_yr", "throughput_t_per_yr", "end_year"):
        out[name] = _number(table, name)
    points = table.geometry
    if len(points) and not (points.geom_type == "Point").all():
        points = points.representative_point()
    frame = pd.DataFrame(out, index=table.index).reset_index(drop=True)
    frame["source"] = frame["source"].astype(object)
    return gpd.GeoDataFrame(frame, geometry=points.to_numpy(), crs="EPSG:4326")


def _unique(candidates: gpd.GeoDataFrame, taken: set[str]) -> gpd.GeoDataFrame:
    """Candidates whose ids do not clash with those of facilities."""
    seen = set(taken)
    ids = []
    for one in candidates["id"]:
        fresh, count = one, 1
        while fresh in seen:
            count += 1
            fresh = f"{one}-{count}"
        seen.add(fresh)
        ids.append(fresh)
    return candidates.assign(id=ids)


def _for_stream(table: gpd.GeoDataFrame, profile: StreamProfile) -> pd.Series:
    """Candidates that name this stream or none."""
    words = _words("", profile.id, profile.name.zh, profile.name.en, *profile.facility_stream_names)
    return _text(table, "stream").str.casefold().isin(words)


def _words(*words: str) -> set[str]:
    return {word.strip().casefold() for word in words}


def _text(table: pd.DataFrame | Mapping[str, pd.Series], column: str) -> pd.Series:
    """A text column; "" where null or absent."""
    if column not in table:
        index = table.index if isinstance(table, pd.DataFrame) else None
        return pd.Series("", index=index, dtype=object)
    values = table[column].to_numpy(dtype=object)
    # A plain loop: pandas' own steps take ten times as long on tables of some hundred rows.
    texts = [
        "" if unknown else str(value).strip()
        for value, unknown in zip(values, pd.isna(values), strict=True)
    ]
    return pd.Series(texts, index=table[column].index, dtype=object)


def _number(table: pd.DataFrame, column: str) -> pd.Series:
    """A number column; NaN where null or absent."""
    if column not in table:
        return pd.Series(np.nan, index=table.index, dtype=np.float64)
    return pd.to_numeric(table[column], errors="coerce").astype(np.float64)
