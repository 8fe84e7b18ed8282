"""Rounds as a run of the service: what the job writes and says, and how it stops."""

from __future__ import annotations

import io
import json
import signal
from contextlib import nullcontext
from pathlib import Path

import pytest

from geodata.faults import InputError
from planner.routes import RoundsProgress
from planner.solution import Cancelled
from scenarios.feature_files import write_features
from scenarios.job import Teller, Watcher, within_cores
from scenarios.job_practice import practise
from scenarios.job_rounds import planned_rounds
from scenarios.output import write_plan
from scenarios.rounds_output import GEOJSON, GEOPACKAGE, MAP, ROUNDS, WORKBOOK
from scenarios.run import run
from scenarios.schema import Scenario

OPTIONS = {"streams": [], "time_limit_s": 1.0, "seed": 0, "anywhere": False, "split": False}
DOCUMENT = {
    "title": "rounds", "synthetic": {"villages": 12}, "max_snap_m": 800, "off_road": "straight",
    "streams": [{"stream": "household_transfer"}], "solver": {"time_limit_s": 5},
}  # fmt: skip


class Wish:
    """A worker that asks to stop, or does not."""

    def __init__(self, *, stop: bool = False) -> None:
        self.cancelled = self
        self.stop = stop

    def is_set(self) -> bool:
        return self.stop

    def interrupting(self):
        return nullcontext()


class Sink:
    def __init__(self) -> None:
        self.lines: list[dict] = []

    def write(self, text: str) -> None:
        self.lines.append(json.loads(text))

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The files of the plan that rounds are asked for."""
    folder = tmp_path_factory.mktemp("plan") / "out"
    plan = run(Scenario.model_validate(DOCUMENT))
    write_plan(plan, folder, writers={})
    write_features(plan, folder)
    return folder


@pytest.fixture
def spec_of(planned):
    def make(folder, **changes):
        return {
            "kind": "rounds", "scenario": DOCUMENT, "folder": str(folder), "start": str(planned),
            "lang": "zh", "out": str(folder / "out"), "options": {**OPTIONS, **changes},
        }  # fmt: skip

    return make


def test_rounds_are_planned_told_and_written(tmp_path, spec_of):
    sink = Sink()
    told = planned_rounds(spec_of(tmp_path), Teller(sink, Wish(), with_rounds=True))
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {MAP, WORKBOOK, GEOPACKAGE, GEOJSON, ROUNDS}
    one = told["summary"]["streams"]["household_transfer"]
    assert one["checked"]
    assert one["rounds"] > 0
    assert one["words"]["zh"]["figures"][0][0] != one["words"]["en"]["figures"][0][0]
    assert told["cancelled"] is False
    json.dumps(told, allow_nan=False)
    percents = [line["percent"] for line in sink.lines]
    assert percents == sorted(percents)
    assert any(line["phase"] == "rounds_improve" for line in sink.lines)
    assert [line["objective"] for line in sink.lines if line["objective"]]


def test_rounds_can_be_read_while_they_are_searched(tmp_path, monkeypatch, spec_of):
    monkeypatch.setattr("scenarios.rounds_so_far.EVERY_S", 0.05)
    sink = Sink()
    seen = []

    class Reader(Sink):
        """Reads what there is whenever it is told of it."""

        def write(self, text: str) -> None:
            sink.write(text)
            if sink.lines[-1]["kind"] == "so_far":
                seen.append(json.loads((tmp_path / "so_far" / ROUNDS).read_text("utf-8")))

    spec = {**spec_of(tmp_path), "so_far": str(tmp_path / "so_far")}
    planned_rounds(spec, Teller(Reader(), Wish(), with_rounds=True))
    final = json.loads((tmp_path / "out" / ROUNDS).read_text("utf-8"))["household_transfer"]
    shown = [one["household_transfer"] for one in seen]
    assert shown
    costs = [one["so_far"]["cost_cny_per_cycle"] for one in shown]
    assert costs == sorted(costs, reverse=True)
    told = [line["objective"] for line in sink.lines if line["kind"] == "so_far"]
    assert told == pytest.approx(costs, abs=0.01)
    assert all(one["checked"] for one in shown)
    assert [one["so_far"]["still_improving"] for one in shown] == [True] * len(shown[1:]) + [False]
    assert {call["position"] for call in calls(shown[0])} == {
        call["position"] for call in calls(final)
    }
    layer = json.loads((tmp_path / "so_far" / GEOJSON).read_text("utf-8"))
    assert layer["still_improving"]
    assert {one["geometry"]["type"] for one in layer["features"]} == {"LineString", "Point"}


def calls(rounds):
    return [c for one in rounds["rounds"] for c in one["visits"] if c["kind"] == "stop"]


def test_a_wish_to_stop_interrupts_only_where_it_may():
    watcher = Watcher(io.StringIO())
    before = signal.signal(signal.SIGINT, watcher.interrupted)
    try:
        with watcher.interrupting():
            signal.raise_signal(signal.SIGINT)  # Ctrl-C is the server's business, not ours
            watcher.cancelled.set()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)  # it has been heard
        signal.raise_signal(signal.SIGINT)  # files are being written
        with pytest.raises(Cancelled), watcher.interrupting():
            pytest.fail("the wish came before")
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_stop_before_any_rounds_leaves_nothing(tmp_path, spec_of):
    class Sites(Teller):
        """The wish to stop comes when the sites stand."""

        def __call__(self, event) -> None:
            pass

    with pytest.raises(Cancelled):
        planned_rounds(spec_of(tmp_path), Sites(Sink(), Wish(stop=True), with_rounds=True))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 2), (8, 7)])
def test_a_run_takes_no_more_threads_than_there_are_cores_for_it(monkeypatch, cores, threads):
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(cores)))
    many = Scenario.model_validate({**DOCUMENT, "solver": {"threads": 64}})
    assert within_cores(many).solver.threads == threads
    assert within_cores(many).solver.gap == many.solver.gap


def test_streams_asked_for_are_the_only_ones(tmp_path, spec_of):
    spec = spec_of(tmp_path, streams=["straw_storage"])
    spec["scenario"] = {**DOCUMENT, "streams": [{"stream": "straw_storage"}, *DOCUMENT["streams"]]}
    with pytest.raises(InputError, match="straw_storage"):  # the plan was made without it
        planned_rounds(spec, Teller(Sink(), Wish()))
    told = planned_rounds(
        {**spec, "options": {**OPTIONS, "streams": ["household_transfer"]}}, Teller(Sink(), Wish())
    )
    assert [*told["summary"]["streams"]] == ["household_transfer"]


def test_rounds_stand_on_the_plan_that_was_made_and_decide_no_site(tmp_path, spec_of, monkeypatch):
    def planned_again(*_arguments, **_options):
        pytest.fail("the sites are the plan's")

    monkeypatch.setattr("scenarios.run.run", planned_again)
    told = planned_rounds(spec_of(tmp_path), Teller(Sink(), Wish()))
    sites = json.loads((Path(spec_of(tmp_path)["start"]) / "plan.json").read_text("utf-8"))
    opened = {one["id"] for one in sites["facilities"] if one["tier"] == "transfer_station"}
    written = json.loads((tmp_path / "out" / ROUNDS).read_text("utf-8"))["household_transfer"]
    emptied = {
        call["position"]
        for one in written["rounds"]
        for call in one["visits"]
        if call["kind"] == "disposal"
    }
    assert emptied
    assert emptied <= opened
    assert told["summary"]["streams"]["household_transfer"]["checked"]


def test_a_process_that_has_no_job_yet_practises_until_there_is_one():
    asked = []

    def wanted() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        practise(wanted)
    assert len(asked) == 4
    practise(lambda: False)


def test_a_search_that_is_heard_of_all_the_time_is_told_of_a_few_times_a_second():
    sink = Sink()
    teller = Teller(sink, Wish(), with_rounds=True)
    for k in range(500):
        teller.rounds("x", RoundsProgress("quick", k / 100, float(k)), 0.0, 5.0)
    teller.rounds("x", RoundsProgress("improve", 5.0, 1.0), 0.0, 5.0)
    assert len(sink.lines) < 50
    assert sink.lines[-1]["phase"] == "rounds_improve"
    stopped = Teller(sink, Wish(stop=True), with_rounds=True)
    with pytest.raises(Cancelled):
        stopped.rounds("x", RoundsProgress("improve", 5.0, 1.0), 0.0, 5.0)


class Order(Sink):
    """What a job says, in order."""

    @property
    def said(self) -> list[str]:
        return [line["phase"] if "phase" in line else line["kind"] for line in self.lines]


def test_the_rounds_of_a_search_are_there_before_anything_is_drawn(tmp_path, spec_of, monkeypatch):
    def looked(_rounds):
        files = {path.name for path in (tmp_path / "searched").iterdir()}
        assert files == {GEOJSON, ROUNDS}
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scenarios.rounds.RoundsPlan.drawn", looked)
    sink = Order()
    spec = {**spec_of(tmp_path), "searched": str(tmp_path / "searched")}
    with pytest.raises(OSError, match="space"):
        planned_rounds(spec, Teller(sink, Wish(), with_rounds=True))
    assert sink.said[-2:] == ["searched", "draw"]
    assert sink.lines[-2]["summary"]["streams"]["household_transfer"]["checked"]
    assert not (tmp_path / "out").exists()


def test_a_search_that_is_stopped_says_so_before_its_ways_are_drawn(tmp_path, spec_of):
    wish = Wish()

    class Stopping(Teller):
        """The wish comes with the first rounds."""

        def rounds(self, stream, event, share, limit_s) -> None:
            super().rounds(stream, event, share, limit_s)
            wish.stop = event.incumbent is not None

    sink = Order()
    spec = {**spec_of(tmp_path), "searched": str(tmp_path / "searched")}
    told = planned_rounds(spec, Stopping(sink, wish, with_rounds=True))
    assert told["cancelled"]
    assert sink.said[-3:] == ["searched", "draw", "write"]
    assert sink.lines[-3]["cancelled"]
    assert {path.name for path in (tmp_path / "out").iterdir()} > {GEOJSON, ROUNDS}


def test_every_stream_has_first_rounds_before_one_is_improved(tmp_path, spec_of, tmp_path_factory):
    document = {**DOCUMENT, "streams": [*DOCUMENT["streams"], {"stream": "recyclables"}]}
    folder = tmp_path_factory.mktemp("two") / "out"
    plan = run(Scenario.model_validate(document))
    write_plan(plan, folder, writers={})
    write_features(plan, folder)
    sink = Sink()
    spec = {
        **spec_of(tmp_path), "scenario": document, "start": str(folder),
        "so_far": str(tmp_path / "so_far"),
    }  # fmt: skip
    planned_rounds(spec, Teller(sink, Wish(), with_rounds=True))
    first = [line["stream"] for line in sink.lines if line["kind"] == "so_far"][:2]
    assert sorted(first) == ["household_transfer", "recyclables"]
    shown = [k for k, line in enumerate(sink.lines) if line["kind"] == "so_far"][1]
    better = [line.get("phase") for line in sink.lines].index("rounds_improve")
    assert shown < better
    assert len(json.loads((tmp_path / "so_far" / ROUNDS).read_text("utf-8"))) == 2
