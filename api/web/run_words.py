"""Words of the planner's pages and their scripts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from geodata.faults import N_
from planner.solution import PROVEN_GAP
from scenarios.wording import number, translator

STATE_NAMES: Mapping[str, str] = {
    "queued": N_("waiting"),
    "running": N_("being planned"),
    "finished": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("stopped"),
}

RUN_WORDS: Mapping[str, str] = {
    **{f"state_{key}": text for key, text in STATE_NAMES.items()},
    "gap_now": N_("At most {percent} from the theoretical best"),
    "cost_now": N_("The best rounds so far cost {cost} yuan a cycle"),
    "still_improving": N_("still being improved"),
    "rounds_now": N_("Rounds so far"),
    "round_lorry": N_("Lorry"),
    "round_day": N_("Day"),
    "round_stops": N_("Stops"),
    "round_km": "km",
    "round_leaves": N_("Leaves"),
    "round_returns": N_("Returns"),
    "step_rounds_screen": N_("Rounds: who can be served at all"),
    "step_rounds_calendar": N_("Rounds: the days of each stop"),
    "step_rounds_quick": N_("Rounds: a first answer"),
    "step_rounds_improve": N_("Rounds: making them cheaper"),
    "step_draw": N_("Drawing the ways on the roads"),
    "gap_unknown": N_("A first plan is being sought"),
    "requeued": N_("A worker was lost; the plan is begun again"),
    "cancelling": N_("Stopping; the best plan so far is kept"),
    "filter": N_("Filter"),
    "table_of": N_("Table: {title}"),
    "rows_of": N_("{shown} of {total} rows"),
    "more": N_("Show more"),
    "sort_by": N_("Sort by {column}"),
    "name": N_("Name"),
    "district": N_("Township"),
    "stream": N_("Stream"),
    "level": N_("Level"),
    "status": N_("Status"),
    "size": N_("Size class"),
    "capacity": N_("Design capacity (t/yr)"),
    "tonnes": N_("Tonnes taken (t/yr)"),
    "load": N_("Load rate"),
    "land": N_("Land area (m²)"),
    "served_points": N_("Points or sites served"),
    "worst": N_("Farthest (m or s)"),
    "population": N_("Population"),
    "by_site": N_("Serving site"),
    "distance": N_("Distance"),
    "reason": N_("Why"),
    "covered": N_("Covered"),
    "yes": N_("yes"),
    "no": N_("no"),
    "change_lock": N_("must stand"),
    "change_ban": N_("must not stand"),
    "change_move": N_("move"),
    "change_close": N_("close this road"),
    "change_radius": N_("radius {km} km"),
    "take_back": N_("Take back"),
    "nothing_changed": N_("Nothing has been changed yet."),
    "click_goal": N_("Click on the map where {site} is to stand."),
    "click_road": N_("Click on the road that is to be closed."),
    "road_at": N_("Road at {lon}, {lat}"),
    "site_chosen": N_("Site: {site}"),
    "show_on_map": N_("Show on the map"),
    "opened": N_("opened"),
    "closed": N_("closed"),
    "moved": N_("moved"),
    "resized": N_("another size"),
    "reassigned": N_("goes elsewhere"),
    "kept": N_("unchanged"),
    "unserved": N_("no longer served"),
    "before": N_("First plan"),
    "after": N_("Second plan"),
    "difference": N_("Difference"),
    "indicator": N_("Indicator"),
    "change": N_("Change"),
    "from": N_("From"),
    "to": N_("To"),
    "no_differences": N_("The plans are the same."),
    "checking": N_("Checking …"),
    "no_faults": N_("No faults were found."),
    "faults_found": N_("{n} faults and warnings"),
    "severity_error": N_("fault"),
    "severity_warning": N_("warning"),
    "severity_info": N_("note"),
    "row": N_("Row"),
    "where": N_("Where"),
    "what": N_("What is wrong"),
    "uploading": N_("Uploading {name} …"),
    "rows_read": N_("{usable} of {rows} rows can be used"),
    "extent": N_("The points lie from {west} to {east} east and {south} to {north} north."),
    "outside_china": N_("These points lie outside China: the coordinate system or the order of the columns is wrong."),  # noqa: E501
    "far_apart": N_("{a} and {b} lie {km} km apart: one of their coordinate systems is wrong."),
    "shift": N_("Declared as this system the points lie {metres} from where they lay before."),
    "very_wide": N_("The points spread over {km} km, more than a county; check the coordinates."),
    "no_places": N_("No row could be placed on the map; declare the coordinate system."),
    "as_file": N_("as the file says"),
    "not_used": N_("do not use"),
    "use_as": N_("Use as"),
    "column": N_("Column"),
    "means": N_("Read as"),
    "samples": N_("Examples"),
    "starting": N_("Starting …"),
    "needs_layer": N_("Upload a file with {layer} first, or take a made-up county."),
    "sheet": N_("Sheet"),
    "system": N_("Coordinate system"),
    "remove": N_("Remove"),
    "confirm_delete": N_("Delete for good?"),
    "published": N_("published"),
    "not_published": N_("not published"),
    "objective": N_("Value of the objective"),
    "stop_dropped": N_("is no longer called at"),
    "stop_added": N_("new stop"),
}  # fmt: skip
"""Key in the scripts -> English sentence."""


def state_name(state: str, lang: str) -> str:
    """Where a run stands, in words."""
    return translator(lang)(STATE_NAMES[state])


def gap_sentence(summary: Mapping[str, Any], lang: str) -> str:
    """What is proven of a stream's plan, as one says it to an official."""
    _ = translator(lang)
    gap = summary.get("gap")
    if summary.get("objective") is None:
        return _("The rules cannot all be met; see the faults and the evidence in the workbook.")
    if gap is None:
        return _("A plan was found; how far it is from the best possible is not known")
    if gap <= PROVEN_GAP or summary.get("outcome") == "optimal":
        return _("Proven: no better plan exists under these rules")
    shown = max(math.ceil(gap * 1000 - 1e-9) / 10, 0.1)
    return _("At most {percent} from the theoretical best").format(percent=f"{number(shown, 1)}%")
