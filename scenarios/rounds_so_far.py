"""The best rounds so far of a search that goes on, in files that others may read meanwhile."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.routes import RoundsProgress
from scenarios.deliverables.rounds_geopackage import rounds_geojson
from scenarios.plan import Plan
from scenarios.rounds import RoundsListener, RoundsPlan
from scenarios.rounds_output import GEOJSON, ROUNDS, rounds_dict
from scenarios.rounds_problem import RoundsCase
from scenarios.rounds_tables import StreamRounds, tables
from scenarios.rounds_words import day_names, figure_lines
from scenarios.wording import LANGUAGES

EVERY_S = 1.0
COST_SHARE = 0.08
"""Of the search's time at most, as far as what writing took the last time tells."""


@dataclass(frozen=True)
class _Shown:
    """What is written of a stream: its rounds and its features as JSON, what a cycle costs."""

    rounds: str
    features: str
    cost_cny: float


class SoFar(RoundsListener):
    """Writes ``rounds.json`` and ``rounds.geojson`` of the rounds so far into a folder.

    Ways are straight there: drawing them on the roads would take the search's time.

    Parameters
    ----------
    written : told the stream, and what a cycle of its rounds costs, when the files are there
    """

    def __init__(self, plan: Plan, folder: Path, written: Callable[[str, float], None]) -> None:
        self._plan, self._folder, self._written = plan, folder, written
        self._cases: dict[str, RoundsCase] = {}
        self._shown: dict[str, _Shown] = {}
        self._next_s: dict[str, float] = {}

    def begin(self, case: RoundsCase) -> None:
        """The rounds of a stream are about to be searched."""
        self._cases[case.stream.profile.id] = case

    def hear(self, stream: str, event: RoundsProgress) -> None:
        """Write the rounds of an event where they are cheaper than what is shown, not too often."""
        now_s = time.perf_counter()
        if event.incumbent is None or now_s < self._next_s.get(stream, 0.0):
            return
        shown = self._shown.get(stream)
        if shown is not None and event.cost_cny >= shown.cost_cny:
            return
        found = tables(self._cases[stream], event.incumbent())
        self._show(stream, found, event.cost_cny, improving=True)
        took_s = time.perf_counter() - now_s
        self._next_s[stream] = now_s + max(EVERY_S, took_s / COST_SHARE)

    def done(self, stream: str, found: StreamRounds) -> None:
        """Write the rounds that will not become any better, while other streams' do."""
        self._show(stream, found, found.solution.cost_cny(found.case.problem), improving=False)

    def _show(self, stream: str, found: StreamRounds, cost_cny: float, *, improving: bool) -> None:
        said = {**rounds_dict(found), "so_far": _said(found, improving=improving)}
        layer = rounds_geojson(RoundsPlan(self._plan, {stream: found}))
        features = (
            json.dumps(one, ensure_ascii=False, allow_nan=False) for one in layer["features"]
        )
        text = json.dumps(said, ensure_ascii=False, allow_nan=False)
        self._shown[stream] = _Shown(text, ",".join(features), cost_cny)
        self._write()
        self._written(stream, cost_cny)

    def _write(self) -> None:
        """Both files; the streams that are as before are not made into text anew."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rounds = ",".join(f"{json.dumps(key)}:{one.rounds}" for key, one in self._shown.items())
        features = ",".join(one.features for one in self._shown.values() if one.features)
        layer = '"type":"FeatureCollection","still_improving":true,"features":'
        texts = {ROUNDS: f"{{{rounds}}}", GEOJSON: f"{{{layer}[{features}]}}"}
        for name, text in texts.items():
            beside = self._folder / f".{name}"
            beside.write_text(text, encoding="utf-8")
            os.replace(beside, self._folder / name)  # noqa: PTH105 - whoever reads has one or the other


def _said(one: StreamRounds, *, improving: bool) -> Mapping[str, Any]:
    """What a page says of rounds that are not final."""
    return {
        "still_improving": improving,
        "cost_cny_per_cycle": one.solution.cost_cny(one.case.problem),
        "figures": {lang: [list(pair) for pair in figure_lines(one, lang)] for lang in LANGUAGES},
        "days": {lang: day_names(one, lang) for lang in LANGUAGES},
    }
