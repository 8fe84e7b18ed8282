"""What a job's process does before there is a job: it makes the rounds of a small made-up county.

By then everything that plans and rounds need has been loaded, compiled functions too, which takes
far longer than the first rounds of a county do.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from planner.solution import Cancelled

VILLAGES = 30
STREAM = "household_transfer"
SECONDS = 1.0


def practise(wanted: Callable[[], bool]) -> None:
    """Plan, make rounds and put them into tables; nothing is written.

    Parameters
    ----------
    wanted : whether there is a job now; the practice ends then
    """
    from planner.routes import RoundsSettings  # noqa: PLC0415 - heavy, which is the point
    from scenarios import finished_plan, rounds_so_far  # noqa: F401, PLC0415 - for the job
    from scenarios.deliverables.rounds_geopackage import rounds_geojson  # noqa: PLC0415
    from scenarios.inputs import Inputs  # noqa: PLC0415
    from scenarios.output import default_writers  # noqa: PLC0415
    from scenarios.rounds import rounds_of_plan  # noqa: PLC0415
    from scenarios.rounds_output import default_writers as rounds_writers  # noqa: PLC0415
    from scenarios.rounds_output import rounds_dict  # noqa: PLC0415
    from scenarios.run import run  # noqa: PLC0415
    from scenarios.schema import Scenario  # noqa: PLC0415

    def hear(*_: object) -> None:
        if wanted():
            raise Cancelled

    hear()
    county = Scenario.model_validate(
        {
            "title": STREAM, "synthetic": {"villages": VILLAGES}, "max_snap_m": 800,
            "streams": [{"stream": STREAM}], "off_road": "straight",
        }
    )  # fmt: skip
    given: list[Inputs] = []
    plan = run(county, on_progress=hear, on_inputs=given.append)
    settings = RoundsSettings(SECONDS, processes=1)
    found = rounds_of_plan(plan, given[0], settings=settings, on_rounds=hear).drawn()
    for one in found.streams.values():
        rounds_dict(one)
    rounds_geojson(found)
    hear()
    default_writers()
    hear()
    rounds_writers()
    # All of this stays: the collector need not look at it again in the job's time.
    gc.collect()
    gc.freeze()
