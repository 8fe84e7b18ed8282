"""Elimination orders on disk: made once for a topology, checked on every reading.

A file is a line of JSON (what it is, for which topology, the checksum of the rest) and the order
as 32-bit integers. It is written beside its place and moved there, so that a reader meets a whole
file or none. Whatever does not check out is treated as absent and replaced.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]

log = logging.getLogger("geodata.impedance")
FORMAT = "wangdian-order-1"
MOST_FILES = 64
"""Orders kept; those unused for longest go first. A county of 500,000 junctions takes 2 MB."""
LONGEST_HEADER = 1024


def cache_folder() -> Path:
    """``WANGDIAN_CACHE_DIR``, else ``wangdian`` in the user's cache folder."""
    named = os.environ.get("WANGDIAN_CACHE_DIR")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wangdian"


def read_order(key: str, n_nodes: int) -> Int32Array | None:
    """The stored order of a topology; None where there is none, or none that can be trusted."""
    place = _place(key)
    try:
        with place.open("rb") as file:
            header = json.loads(file.readline(LONGEST_HEADER))
            payload = file.read(4 * n_nodes + 1)
        os.utime(place)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("stored order %s cannot be read (%s); building it anew", place, error)
        return None
    expected = _header(key, n_nodes, payload)
    order = np.frombuffer(payload, "<i4").astype(np.int32) if len(payload) == 4 * n_nodes else None
    if header != expected or order is None or not _is_permutation(order):
        log.warning("stored order %s is damaged or of another network; building it anew", place)
        return None
    return order


def write_order(key: str, order: Int32Array) -> None:
    """Store an order; a folder that cannot be written to costs time next time, and a log line."""
    place = _place(key)
    payload = order.astype("<i4").tobytes()
    header = json.dumps(_header(key, len(order), payload)).encode() + b"\n"
    temporary = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            file.write(header)
            file.write(payload)
        temporary.replace(place)
        _drop_oldest(place.parent)
    except OSError as error:
        log.warning("the order of the road network could not be stored in %s: %s", place, error)
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _place(key: str) -> Path:
    return cache_folder() / "orders" / f"{key}.order"


def _header(key: str, n_nodes: int, payload: bytes) -> dict[str, str | int]:
    return {
        "format": FORMAT,
        "key": key,
        "nodes": n_nodes,
        "sha256": hashlib.sha256(payload).hexdigest(),
    }


def _is_permutation(order: Int32Array) -> bool:
    inside = (order >= 0) & (order < len(order))
    return bool(inside.all()) and bool((np.bincount(order, minlength=len(order)) == 1).all())


def _drop_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.order"), key=lambda file: file.stat().st_mtime)
    for file in files[:-MOST_FILES]:
        file.unlink(missing_ok=True)
