"""Plans in memory: what the service check, the layers and the comparisons answer from."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from api.settings import Settings
from scenarios.feature_files import CONTENTS, FOLDER
from scenarios.output import PLAN
from scenarios.service_check import ServiceIndex, read_index
from scenarios.service_check.files import SERVICE
from scenarios.store import ArtefactStore
from scenarios.store.models import RunRow

MOST_ANSWERS = 20_000
"""Village answers kept as bytes for one plan."""


class Layer:
    """The features of one layer, a line each.

    Parameters
    ----------
    lines : as stored
    bounds : (n, 4) west, south, east, north
    """

    def __init__(self, path: Path) -> None:
        self.lines = path.read_bytes().splitlines()
        self.features: list[dict[str, Any]] = [orjson.loads(line) for line in self.lines]
        boxes = [one["bbox"] for one in self.features]
        self.bounds: NDArray[np.float64] = np.array(boxes, np.float64).reshape(-1, 4)

    def column(self, name: str) -> NDArray[np.object_]:
        """A property of all features."""
        return np.array([one["properties"].get(name) for one in self.features], dtype=object)


class LoadedPlan:
    """One plan; its parts are read when they are first asked for."""

    def __init__(self, row: RunRow, folder: Path) -> None:
        self.run_id = row.id
        self.folder = folder
        self.summary = row.summary
        self.streams = tuple(str(one) for one in row.streams)
        self.answers: dict[tuple[Any, ...] | None, bytes] = {}
        self._layers: dict[str, Layer] = {}
        self._lock = threading.Lock()

    @cached_property
    def index(self) -> ServiceIndex:
        """The service check."""
        found = read_index(self.folder / SERVICE)
        found.network.prepare()
        return found

    @cached_property
    def contents(self) -> Mapping[str, Any]:
        """What the layers hold."""
        text = (self.folder / FOLDER / CONTENTS).read_text("utf-8")
        found: Mapping[str, Any] = json.loads(text)
        return found

    def layer(self, name: str) -> Layer | None:
        """A layer by name."""
        if name not in self.contents:
            return None
        with self._lock:
            if name not in self._layers:
                self._layers[name] = Layer(self.folder / FOLDER / f"{name}.jsonl")
            return self._layers[name]

    @cached_property
    def plans(self) -> Mapping[str, Mapping[str, Any]]:
        """``plan.json`` by stream."""
        paths = sorted([*self.folder.glob(PLAN), *self.folder.glob(f"*/{PLAN}")])
        read = [orjson.loads(path.read_bytes()) for path in paths]
        by_stream = {str(one["stream"]["id"]): one for one in read}
        return {stream: by_stream[stream] for stream in self.streams if stream in by_stream}

    def keep(self, key: tuple[Any, ...], answer: bytes) -> None:
        """Keep an answer that will be asked for again."""
        if len(self.answers) >= MOST_ANSWERS:
            self.answers.clear()
        self.answers[key] = answer


class Plans:
    """The plans last asked for."""

    def __init__(self, settings: Settings, store: ArtefactStore) -> None:
        self._most = max(1, settings.plans_in_memory)
        self._store = store
        self._cache = settings.data / "cache"
        self._loaded: OrderedDict[str, LoadedPlan] = OrderedDict()
        self._lock = threading.Lock()

    def ready(self, run_id: str) -> LoadedPlan | None:
        """The plan where it is in memory already."""
        found = self._loaded.get(run_id)
        if found is not None and "index" in found.__dict__:
            return found
        return None

    def load(self, row: RunRow) -> LoadedPlan:
        """The plan of a run; may read and fetch files."""
        with self._lock:
            found = self._loaded.get(row.id)
            if found is None:
                found = LoadedPlan(row, self._folder(row))
                self._loaded[row.id] = found
            self._loaded.move_to_end(row.id)
            while len(self._loaded) > self._most:
                self._loaded.popitem(last=False)
        return found

    def load_ready(self, row: RunRow) -> LoadedPlan:
        """The plan with its service check."""
        found = self.load(row)
        with found._lock:  # noqa: SLF001 - one reads, the others wait
            found.index  # noqa: B018 - read now
        return found

    def forget(self, run_id: str) -> None:
        """The plan has gone."""
        with self._lock:
            self._loaded.pop(run_id, None)

    def path(self, row: RunRow, name: str) -> Path:
        """A file of a run on this machine."""
        return self._folder(row) / name

    def _folder(self, row: RunRow) -> Path:
        local = self._store.local_path(row.folder)
        if local is not None:
            return local
        target = self._cache / row.folder
        if not target.is_dir():
            self._cache.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=".part-", dir=self._cache))
            try:
                for name in row.artefacts:
                    self._store.fetch(f"{row.folder}/{name}", staging / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                staging.rename(target)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        return target
