"""The best rounds so far of a search that goes on, in files that others may read meanwhile."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner.routes import RoundsProgress
from scenarios.deliverables.rounds_geopackage import rounds_geojson
from scenarios.plan import Plan
from scenarios.rounds import RoundsPlan
from scenarios.rounds_output import GEOJSON, ROUNDS, rounds_dict
from scenarios.rounds_problem import RoundsCase
from scenarios.rounds_tables import StreamRounds, tables
from scenarios.rounds_words import day_names, figure_lines
from scenarios.wording import LANGUAGES

EVERY_S = 1.0
COST_SHARE = 0.08
"""Of the search's time at most, as far as what writing took the last time tells."""


class SoFar:
    """Writes ``rounds.json`` and ``rounds.geojson`` of the rounds so far into a folder.

    Ways are straight there: drawing them on the roads would take the search's time.

    Parameters
    ----------
    written : told the stream, and what a cycle of its rounds costs, when the files are there
    """

    def __init__(self, plan: Plan, folder: Path, written: Callable[[str, float], None]) -> None:
        self._plan, self._folder, self._written = plan, folder, written
        self._cases: dict[str, RoundsCase] = {}
        self._streams: dict[str, StreamRounds] = {}
        self._shown_cny = float("inf")
        self._next_s = 0.0

    def begin(self, case: RoundsCase) -> None:
        """The rounds of a stream are about to be searched; what it had is done."""
        self._cases[case.stream.profile.id] = case
        self._shown_cny, self._next_s = float("inf"), 0.0

    def hear(self, stream: str, event: RoundsProgress) -> None:
        """Write the rounds of an event where they are cheaper than what is shown, not too often."""
        now_s = time.perf_counter()
        if event.incumbent is None or now_s < self._next_s or event.cost_cny >= self._shown_cny:
            return
        self._streams[stream] = tables(self._cases[stream], event.incumbent(), draw=False)
        self._write(stream)
        self._shown_cny = event.cost_cny
        took_s = time.perf_counter() - now_s
        self._next_s = now_s + max(EVERY_S, took_s / COST_SHARE)
        self._written(stream, event.cost_cny)

    def _write(self, searched: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        document = {
            key: {**rounds_dict(one), "so_far": _said(one, improving=key == searched)}
            for key, one in self._streams.items()
        }
        layer = rounds_geojson(RoundsPlan(self._plan, self._streams))
        for name, value in ((ROUNDS, document), (GEOJSON, {**layer, "still_improving": True})):
            beside = self._folder / f".{name}"
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            beside.write_text(text, encoding="utf-8")
            os.replace(beside, self._folder / name)  # noqa: PTH105 - whoever reads has one or the other


def _said(one: StreamRounds, *, improving: bool) -> dict[str, Any]:
    """What a page says of rounds that are not final."""
    return {
        "still_improving": improving,
        "cost_cny_per_cycle": one.solution.cost_cny(one.case.problem),
        "figures": {lang: [list(pair) for pair in figure_lines(one, lang)] for lang in LANGUAGES},
        "days": {lang: day_names(one, lang) for lang in LANGUAGES},
    }
