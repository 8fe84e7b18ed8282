"""The rounds of a plan as a run of the service: stream by stream, told as they get cheaper."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from geodata.faults import N_, Fault, InputError
from planner.routes import RoundsProgress, RoundsSettings
from scenarios.progress import RunProgress
from scenarios.wording import LANGUAGES

if TYPE_CHECKING:
    from planner.routes.record import RoundsRecord
    from scenarios.inputs import Inputs
    from scenarios.plan import Plan
    from scenarios.rounds import RoundsPlan
    from scenarios.rounds_so_far import SoFar
    from scenarios.rounds_tables import StreamRounds

MOST_UNSERVED = 500
"""Named on the page; the files name all."""
SHOWN = ("outcome", "checked", "figures", "fleet", "days", "split", "change")

Told = dict[str, Any]


class Listener(Protocol):
    """Hears of the plan and of its rounds; raises Cancelled where the run is to end."""

    def __call__(self, event: RunProgress) -> None:
        """Of the plan."""

    def rounds(self, stream: str, event: RoundsProgress, share: float, limit_s: float) -> None:
        """Of one stream's rounds; ``share`` of all rounds were done before."""

    def so_far(self, stream: str, cost_cny: float) -> None:
        """Rounds of a stream can be read that are still being improved."""

    def searched(self, told: Told) -> None:
        """The search has ended, in time or stopped; its rounds are kept whatever comes."""

    def stoppable(self) -> AbstractContextManager[None]:
        """Within it a wish to stop interrupts whatever is going on, as Ctrl-C does."""


def planned_rounds(spec: Told, hear: Listener) -> Told:
    """Plan the rounds and write them; what the run's row says of them.

    When the search has ended, its rounds are written as JSON at once, and told of. Nobody who has
    stopped it waits for the ways to be drawn on the roads and for the other files.

    Parameters
    ----------
    spec : as of a plan, with "start", the folder with the files of the plan, and "options":
        streams, time_limit_s, seed, anywhere, split; of changed rounds also "changes" by stream,
        and in "keep" the folder with the rounds as they were; in "so_far" the folder for the best
        rounds while they are searched, none if left out

    Raises
    ------
    Cancelled
        If the listener asked to stop before there were any rounds.
    InputError
        With every fault of the inputs; where no stream has rounds.
    """
    from scenarios.rounds_output import (  # noqa: PLC0415 - heavy
        read_earlier_rounds,
        write_rounds,
        write_searched,
    )
    from scenarios.rounds_so_far import SoFar  # noqa: PLC0415

    options = spec["options"]
    earlier = read_earlier_rounds(Path(spec["keep"])) if spec.get("keep") else None
    with hear.stoppable():
        plan, inputs = _planned(spec, hear)
        showing = SoFar(plan, Path(spec["so_far"]), hear.so_far) if spec.get("so_far") else None
        found = _searched(plan, inputs, options, earlier, hear, showing)
    summary = _summary(found)
    if spec.get("searched"):
        write_searched(found, Path(spec["searched"]))
        hear.searched(summary)
    hear(RunProgress("draw"))
    found = found.drawn()
    hear(RunProgress("write"))
    write_rounds(found, Path(spec["out"]), spec["lang"])
    return summary


def _planned(spec: Told, hear: Listener) -> tuple[Plan, Inputs]:
    """The plan that the rounds are for, of the streams asked for, and what it was made from."""
    from scenarios.changes import changed_inputs  # noqa: PLC0415 - heavy
    from scenarios.clock import Clock  # noqa: PLC0415
    from scenarios.finished_plan import finished_plan  # noqa: PLC0415
    from scenarios.inputs import load_inputs  # noqa: PLC0415
    from scenarios.load import profiles_of  # noqa: PLC0415
    from scenarios.schema import Scenario  # noqa: PLC0415

    scenario, clock = Scenario.model_validate(spec["scenario"]), Clock()
    hear(RunProgress("inputs"))
    with clock.of("inputs"):
        profiles = profiles_of(scenario, spec["folder"])
        inputs = changed_inputs(load_inputs(scenario, profiles, spec["folder"]), scenario)
    asked = spec["options"]["streams"] or [*profiles]
    wanted = {name: one for name, one in profiles.items() if name in asked}
    with clock.of("plan"):
        plan = finished_plan(scenario, wanted, inputs, Path(spec["start"]))
    return replace(plan, seconds=clock.seconds), inputs


def _searched(
    plan: Plan,
    inputs: Inputs,
    options: Told,
    earlier: Mapping[str, RoundsRecord] | None,
    hear: Listener,
    showing: SoFar | None,
) -> RoundsPlan:
    """The rounds of all streams; of those that were done, where it was stopped."""
    from scenarios.rounds import rounds_of_plan  # noqa: PLC0415 - heavy
    from scenarios.rounds_changes import RoundsChanges  # noqa: PLC0415
    from scenarios.rounds_problem import with_rounds  # noqa: PLC0415

    asked = list(options["streams"]) or list(with_rounds(plan))
    if not asked:
        raise InputError([Fault("streams", N_("no stream of the plan is collected in rounds"))])
    told: Mapping[str, Told] = options.get("changes", {})
    improved: set[str] = set()

    def heard(stream: str, event: RoundsProgress) -> None:
        if event.phase == "improve":
            improved.add(stream)
        share = max(len(improved) - 1, 0) / len(asked)
        hear.rounds(stream, event, share, options["time_limit_s"])
        if showing is not None:
            showing.hear(stream, event)

    return rounds_of_plan(
        plan, inputs, streams=asked,
        settings=RoundsSettings(options["time_limit_s"], options["seed"]),
        service_areas=not options["anywhere"], split=options["split"], earlier=earlier,
        changes={key: RoundsChanges.model_validate(one) for key, one in told.items()},
        on_rounds=heard, hear=showing,
    )  # fmt: skip


def _summary(found: RoundsPlan) -> Told:
    from scenarios.job import fault_dict  # noqa: PLC0415 - it imports this module
    from scenarios.rounds_output import rounds_dict  # noqa: PLC0415

    streams = {}
    for key, one in found.streams.items():
        whole = rounds_dict(one)
        streams[key] = {
            "name": one.case.stream.profile.name.model_dump(),
            "rounds": len(whole["rounds"]),
            "unserved": len(whole["unserved"]),
            **{name: whole[name] for name in SHOWN if name in whole},
            **({} if one.split is None else {"split": _without_who_brings(whole["split"])}),
            "words": {lang: _words(one, lang) for lang in LANGUAGES},
        }
    plan = found.plan
    return {
        "cancelled": found.stopped,
        "faults": [fault_dict(one) for one in plan.faults],
        "summary": {
            "title": plan.title,
            "area": plan.scenario.area,
            "synthetic": plan.synthetic,
            "streams": streams,
            "seconds": {key: round(value, 3) for key, value in plan.seconds.items()},
            "versions": dict(plan.versions),
        },
    }


def _without_who_brings(split: Told) -> Told:
    """What a run's row says of shared stores; rounds.json names everybody."""
    return {key: value for key, value in split.items() if key != "brings"}


def _words(one: StreamRounds, lang: str) -> Told:
    """Figures and stops not served as a page says them."""
    from scenarios.rounds_words import (  # noqa: PLC0415 - heavy
        change_lines,
        day_names,
        figure_lines,
        fleet_lines,
        unserved_lines,
    )

    lines = unserved_lines(one, lang).head(MOST_UNSERVED)
    columns = (lines["name"], lines["district"], lines["reason_text"])
    unserved = [[str(cell) for cell in row] for row in zip(*columns, strict=True)]
    split = [] if one.split is None else one.split.lines(lang)
    told = {
        "change": change_lines(one, lang),
        "split": split,
        "days": day_names(one, lang),
        "fleet": fleet_lines(one, lang),
    }
    figures = [list(pair) for pair in figure_lines(one, lang)]
    return {"figures": figures, "unserved": unserved, **told}
