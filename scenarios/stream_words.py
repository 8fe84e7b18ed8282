"""Words in which a stream profile is told: roles, models, strengths, numbers, layers."""

from __future__ import annotations

from collections.abc import Mapping

from geodata.faults import N_

ROLE_NAMES: Mapping[str, str] = {
    "collection": N_("collection"),
    "transfer": N_("transfer and storage"),
    "treatment": N_("sorting, treatment and use"),
    "terminal": N_("terminal, given and not sited"),
}

CHANGE_NAMES: Mapping[str, str] = {
    "baling": N_("baling"),
    "compaction": N_("compaction"),
    "moisture": N_("loss of moisture"),
    "sorting": N_("sorting"),
    "use_on_site": N_("use on the spot"),
    "treatment": N_("treatment"),
    "loss": N_("loss"),
}

MODE_NAMES: Mapping[str, str] = {
    "direct_haul": N_("direct haul"),
    "on_the_spot": N_("on the spot"),
    "by_transfer": N_("by transfer"),
}

PLACE_NAMES: Mapping[str, str] = {
    "urban": N_("built-up area"),
    "rural": N_("townships"),
    "everywhere": N_("everywhere"),
}

WEIGHT_NAMES: Mapping[str, str] = {
    "tonnes": N_("tonnes a year"),
    "population": N_("people"),
    "count": N_("points"),
}

PER_NAMES: Mapping[str, str] = {
    "district": N_("in each township"),
    "county": N_("in the county"),
    "household": N_("for each household"),
    "village": N_("for each village"),
    "estate": N_("for each estate"),
    "site": N_("for each site"),
    "tonne_per_day": N_("for each tonne a day"),
    "person": N_("for each person"),
}

CANDIDATE_NAMES: Mapping[str, str] = {
    "given": N_("the planner's own list"),
    "existing": N_("standing facilities"),
    "villages": N_("the villages"),
    "district_seats": N_("township seats"),
    "shops": N_("shops"),
    "public_land": N_("public land"),
    "roadside": N_("roadsides"),
    "permitted_land": N_("permitted land"),
}

LAYER_NAMES: Mapping[str, str] = {
    "villages": N_("the villages"),
    "estates": N_("estates"),
    "restaurants": N_("restaurants"),
    "clinics": N_("clinics"),
    "repair_shops": N_("repair shops"),
    "building_sites": N_("building sites"),
    "works": N_("works"),
    "livestock_farms": N_("livestock farms"),
    "institutions": N_("institutions"),
    "parks": N_("parks"),
    "sewage_works": N_("sewage works"),
    "river_reaches": N_("river reaches"),
    "energy_plants": N_("energy plants"),
    "excavations": N_("excavations"),
    "shops": N_("shops"),
    "licence_areas": N_("licence areas"),
}

SETBACK_NAMES: Mapping[str, str] = {
    "farmland": N_("permanent basic farmland"),
    "red_line": N_("ecological red line"),
    "water": N_("water"),
    "water_source": N_("drinking water source"),
    "dwelling": N_("dwellings"),
    "hv_line": N_("high-voltage line"),
    "school": N_("schools"),
    "hospital": N_("hospitals"),
}

FIELD_NAMES: Mapping[str, str] = {
    "radius_km": N_("service radius"),
    "cutoff_km": N_("farthest assignment"),
    "share_taken": N_("share hauled on to this level"),
    "factor": N_("tonnes a unit"),
    "times": N_("further share"),
    "passed_on": N_("tonnes that leave for a tonne that comes in"),
    "density_after": N_("density after it"),
    "gate_fee": N_("gate fee"),
    "hours": N_("longest time in store"),
    "above_celsius": N_("above this temperature"),
    "every_days": N_("days between two visits"),
    "on_board_h": N_("longest time on board"),
    "stop_min": N_("minutes at a stop"),
    "shift_h": N_("length of a shift"),
    "payload_t": N_("load of a vehicle"),
    "speed_kph": N_("speed"),
    "cost_cny_per_t_km": N_("haul of a tonne-kilometre"),
    "lasts_yr": N_("years a temporary site stands"),
    "saving": N_("part of the smaller fixed cost that sharing saves"),
    "distance_m": N_("least distance between them"),
    "above_t_per_yr": N_("only where at least this arises"),
    "growth_per_yr": N_("growth a year"),
    "share": N_("share of the year"),
    "peak_stock_share": N_("peak stock as a share of the year"),
    "count": N_("number"),
    "capacity_t_per_yr": N_("capacity"),
    "least_throughput_t_per_yr": N_("least viable throughput"),
    "land_m2": N_("land"),
    "investment_wan_cny": N_("investment"),
    "operation_wan_cny_per_yr": N_("running cost"),
    "lifetime_yr": N_("lifetime"),
    "storage_t": N_("stock that fits"),
    "handling_cny_per_t": N_("handling of a tonne"),
    "setback_m": N_("setback"),
    "minimum": N_("at least"),
    "maximum": N_("at most"),
    "value": N_("value"),
    "circuity": N_("circuity factor"),
    "candidate_spacing_km": N_("spacing of roadside candidates"),
    "least_area_m2": N_("least area of a site"),
    "sites": N_("number of sites"),
}

QUANTITY_NAMES: Mapping[str, str] = {
    "population": N_("population"),
    "households": N_("households"),
    "sown_area_mu": N_("sown area, mu"),
    "mulch_mu": N_("mulched area, mu"),
    "floor_area_m2": N_("floor area, m²"),
    "demolition_m2": N_("demolished area, m²"),
    "excavation_m3": N_("excavation, m³"),
    "area_m2": N_("area, m²"),
    "count": N_("count"),
    "pigs": N_("pigs, head"),
    "cattle": N_("cattle, head"),
    "sheep": N_("sheep, head"),
    "poultry": N_("poultry, birds"),
    "seats": N_("seats"),
    "beds": N_("beds"),
    "bays": N_("bays"),
    "photovoltaic_mw": N_("photovoltaic power, MW"),
    "wind_mw": N_("wind power, MW"),
}
