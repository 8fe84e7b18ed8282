"""Instances of the location families: found by their content, read, made ready for everybody.

A directory is searched through all its folders; files may be gzipped. Formats:

- OR-Library pmed: ``n edges p`` and the edges; an edge given twice counts as given last; distances
  are shortest paths (Beasley 1985). The same graphs serve the p-centre.
- OR-Library cap: ``m n``, capacity (a number, or a word to be overridden) and fixed cost of each
  site, then demand and cost of whole service of each customer (Beasley 1988).
- Holmberg, Ronnqvist and Yuan (1999): ``m n``, capacity and fixed cost of each site, demands,
  then the cost of whole service row by row of sites; single source. Files ``p1`` .. or a tar.
- Kong (2021): units with demand, place, cost and capacity; candidates have capacity above 0; cost
  is demand x kilometres; single source.
- spopt's San Francisco: a table of store, tract, distance, population.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

_HEAD = 4096
"""Characters of a file that are looked at to tell what it is."""
_LARGEST_FILE = 300_000_000


@dataclass(frozen=True, eq=False)
class Instance:
    """One problem in the arrays that its file or generator gives: the cost matrix and around it.

    Parameters
    ----------
    model : "p_median", "p_centre", "set_cover", "maximal_cover", "capacitated", or "areas" for
        capacitated with areas in one piece
    cost : (n, m) impedance, or cost of serving the whole of a point where ``model`` is
        "capacitated" or "areas"; a :class:`scipy.sparse.csr_array` where only covered pairs
        are given
    weight : (n,) demand
    p : sites to open, None where the model finds it
    radius : of covers
    capacity, fixed : (m,) of capacitated sites
    optimum : proven in the literature, None where unknown; the solver never sees it
    best_known : best published objective where the optimum is not known
    """

    name: str
    family: str
    model: str
    cost: Any
    weight: np.ndarray
    p: int | None = None
    radius: float | None = None
    capacity: np.ndarray | None = None
    fixed: np.ndarray | None = None
    single_source: bool = False
    optimum: float | None = None
    best_known: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A file, or a member of a tar, that may be an instance."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """File name without folders and endings."""
        return Path(self.member or self.path.name).name.removesuffix(".gz").removesuffix(".txt")

    def text(self, size: int = -1) -> str:
        """The first ``size`` characters, or all."""
        if self.member:
            with tarfile.open(self.path) as archive:
                held = archive.extractfile(self.member)
                return "" if held is None else _decoded(held.read(size))
        opened = gzip.open if self.path.suffix == ".gz" else open
        with opened(self.path, "rb") as file:
            return _decoded(file.read(size))


def _decoded(raw: bytes) -> str:
    """Text of a file; some of Holmberg's are padded with zero bytes."""
    return raw.decode("utf-8-sig", "replace").replace("\0", "")


def sources(directory: Path) -> Iterator[Source]:
    """Every file below, and every member of a tar."""
    for path in sorted(directory.rglob("*"), key=_natural):
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            continue
        if path.name.endswith((".tar.gz", ".tgz", ".tar")):
            with tarfile.open(path) as archive:
                members = [one.name for one in archive.getmembers() if one.isfile()]
            yield from (Source(path, name) for name in sorted(members, key=_natural))
        else:
            yield Source(path)


def _natural(name: object) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(name))]


def _numbers(text: str) -> np.ndarray | None:
    try:
        return np.array(text.split(), np.float64)
    except ValueError:
        return None


def _head_numbers(source: Source, count: int) -> list[float] | None:
    """The first numbers of a file that begins with ``count`` of them on its first full line."""
    try:
        lines = [one.split() for one in source.text(_HEAD).splitlines() if one.split()]
        values = [float(one) for one in lines[0]] if lines else []
    except (OSError, ValueError, EOFError):
        return None
    return values if len(values) == count else None


def is_pmed(source: Source) -> bool:
    """``n edges p`` first, then triples of edges."""
    head = _head_numbers(source, 3)
    if head is None or any(one != int(one) or one < 1 for one in head):
        return False
    lines = source.text(_HEAD).splitlines()[1:4]
    whole = int(head[2]) <= int(head[0])
    return whole and all(len(line.split()) == 3 for line in lines if line.strip())


def read_pmed(source: Source) -> tuple[np.ndarray, int]:
    """All shortest distances (n, n) and p."""
    values = np.array(source.text().split(), np.float64)
    n, edges, p = (int(one) for one in values[:3])
    first, second, length = values[3 : 3 + 3 * edges].reshape(-1, 3).T
    a, b = first.astype(int) - 1, second.astype(int) - 1
    last = {(min(u, v), max(u, v)): w for u, v, w in zip(a, b, length, strict=True)}
    rows, columns = np.array(list(last), int).T
    graph = csr_array((np.array(list(last.values())), (rows, columns)), shape=(n, n))
    return shortest_path(graph, directed=False), p


def is_cap(source: Source) -> bool:
    """``m n``, then one capacity and one fixed cost a line for each site."""
    head = _head_numbers(source, 2)
    if head is None or any(one != int(one) or one < 1 for one in head):
        return False
    # The last line of the head may be cut in two.
    lines = [one.split() for one in source.text(_HEAD).splitlines()[1:-1] if one.split()]
    sites = lines[: int(head[0])]
    return all(len(line) == 2 for line in sites) and not is_holmberg(source)


def read_cap(source: Source, capacity: float | None) -> Instance:
    """A capacitated instance; ``capacity`` overrides what the file says of every site."""
    tokens = source.text().split()
    m, n = int(tokens[0]), int(tokens[1])
    pairs = tokens[2 : 2 + 2 * m]
    if capacity is None:
        try:
            limits = np.array(pairs[0::2], np.float64)
        except ValueError:
            raise SystemExit(
                f"{source.path}: capacity is {pairs[0]!r}; give the run's with --capacity"
            ) from None
    else:
        limits = np.full(m, float(capacity))
    rest = np.array(tokens[2 + 2 * m :], np.float64).reshape(n, m + 1)
    return Instance(
        source.name,
        "cap",
        "capacitated",
        rest[:, 1:],
        rest[:, 0],
        capacity=limits,
        fixed=np.array(pairs[1::2], np.float64),
    )


def is_holmberg(source: Source) -> bool:
    """``m n`` and then 2m + n + mn numbers, in a file ``p<number>``; p47 has 17 more at its end.

    Only the name tells them from OR-Library's cap, which has as many numbers in another order.
    """
    if not re.fullmatch(r"p\d+", source.name):
        return False
    head = _head_numbers(source, 2)
    values = None if head is None else _numbers(source.text())
    if head is None or values is None:
        return False
    m, n = int(head[0]), int(head[1])
    return len(values) >= 2 + 2 * m + n + m * n


def read_holmberg(source: Source) -> Instance:
    """A single-source instance."""
    values = np.array(source.text().split(), np.float64)
    m, n = int(values[0]), int(values[1])
    sites = values[2 : 2 + 2 * m].reshape(m, 2)
    demand = values[2 + 2 * m : 2 + 2 * m + n]
    cost = values[2 + 2 * m + n :][: m * n].reshape(m, n).T
    return Instance(
        source.name,
        "holmberg",
        "capacitated",
        np.ascontiguousarray(cost),
        demand,
        capacity=sites[:, 0],
        fixed=sites[:, 1],
        single_source=True,
    )


def is_kong(source: Source) -> bool:
    """A table of units whose header names population, place and capacity."""
    header = source.text(200).splitlines()[:1]
    names = header[0].lower().split() if header else []
    return len(names) == 7 and {"oid", "pop", "pointx", "pointy"} <= set(names)


def read_kong(source: Source) -> Instance:
    """A single-source instance; rows are units in file order."""
    lines = [one.split() for one in source.text().splitlines()[1:] if one.strip()]
    units = np.array([line[:7] for line in lines], np.float64)
    candidate = units[:, 6] > 0
    gap = units[:, None, 2:4] - units[None, candidate, 2:4]
    km = np.sqrt((gap**2).sum(axis=2)) / 1000
    return Instance(
        source.name,
        "kong",
        "capacitated",
        km * units[:, 1:2],
        units[:, 1],
        capacity=units[candidate, 6],
        fixed=units[candidate, 5],
        single_source=True,
        extra={"unit": units[:, 0], "home": np.flatnonzero(candidate)},
    )


def read_san_francisco(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Distances (tract, store) in metres and population (tract,)."""
    lines = [one.split(",") for one in source.text().splitlines()[1:] if one.strip()]
    tracts = sorted({line[2] for line in lines})
    stores = sorted({line[1] for line in lines}, key=_natural)
    row = {name: i for i, name in enumerate(tracts)}
    column = {name: j for j, name in enumerate(stores)}
    distance = np.full((len(tracts), len(stores)), np.inf)
    people = np.zeros(len(tracts))
    for value, store, tract, demand in lines:
        distance[row[tract], column[store]] = float(value)
        people[row[tract]] = float(demand)
    return distance, people


def is_san_francisco(source: Source) -> bool:
    """A table of distance, store, tract and demand."""
    return source.text(60).startswith("distance,name,DestinationName,demand")


def known_values(directory: Path, pattern: str) -> dict[str, float]:
    """``name value`` lines of files whose name matches, e.g. ``pmedopt``."""
    found: dict[str, float] = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and re.search(pattern, path.name):
            for line in io.StringIO(Source(path).text()):
                parts = line.split()
                if len(parts) == 2 and _numbers(parts[1]) is not None:
                    found[parts[0]] = float(parts[1])
    return found


def table(directory: Path, name: str) -> list[dict[str, str]]:
    """Rows of every tab-separated file of this name, by their header."""
    rows = []
    for path in sorted(directory.rglob(name)):
        lines = [one for one in Source(path).text().splitlines() if not one.startswith("#")]
        header = lines[0].split("\t")
        rows += [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1:]]
    return rows


def holmberg_values(directory: Path) -> dict[str, float]:
    """Values of file ``os``: line ``k`` is that of ``p<k>``."""
    for source in sources(directory):
        if source.name == "os":
            values = _numbers(source.text())
            if values is not None:
                return {f"p{k + 1}": float(value) for k, value in enumerate(values)}
    return {}
