"""Which instances each family has, by name, each made only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import location_generators as generators
from benchmarks import location_instances as files
from benchmarks.location_areas import in_one_piece
from benchmarks.location_instances import Instance

FAMILIES = ("pmed", "pcenter", "cap", "holmberg", "kong", "spopt", "mclp", "synthetic")


@dataclass(frozen=True)
class Entry:
    """An instance that can be made."""

    name: str
    make: Callable[[], Instance]


def entries(
    family: str,
    directory: Path | None,
    capacity: float | None = None,
    *,
    contiguous: bool = False,
) -> list[Entry]:
    """The instances of a family: generated, or found below the directory.

    ``contiguous`` asks for areas in one piece, of the families that name borders.
    """
    if contiguous and family != "kong":
        raise SystemExit(f"family {family} names no borders; --contiguous goes with kong")
    if family == "mclp":
        return list(_covers())
    if family == "synthetic":
        return list(_synthetic())
    if directory is None:
        raise SystemExit(f"family {family} is read from files: give their directory with --data")
    finders: dict[str, Callable[[Path, float | None], Iterator[Entry]]] = {
        "pmed": lambda place, _: _pmed(place, "pmed"),
        "pcenter": lambda place, _: _pmed(place, "pcenter"),
        "cap": _cap,
        "holmberg": lambda place, _: _holmberg(place),
        "kong": lambda place, _: _kong(place, contiguous=contiguous),
        "spopt": lambda place, _: _san_francisco(place),
    }
    return list(finders[family](directory, capacity))


def _pmed(directory: Path, family: str) -> Iterator[Entry]:
    known = files.known_values(directory, "kcenteropt" if family == "pcenter" else "pmedopt")
    for source in files.sources(directory):
        if files.is_pmed(source):

            def make(source: files.Source = source) -> Instance:
                distance, p = files.read_pmed(source)
                return Instance(
                    source.name,
                    family,
                    "p_centre" if family == "pcenter" else "p_median",
                    distance,
                    np.ones(len(distance)),
                    p=p,
                    optimum=known.get(source.name),
                )

            yield Entry(source.name, make)


def _cap(directory: Path, capacity: float | None) -> Iterator[Entry]:
    wanted = "" if capacity is None else f"{capacity:g}"
    optima = {
        row["instance"]: float(row["optimum"])
        for row in files.table(directory, "cap_optima.tsv")
        if row["problem"] == "CFLP" and row["capacity_override"] == wanted
    }
    for source in files.sources(directory):
        if files.is_cap(source):

            def make(
                source: files.Source = source, optimum: float | None = optima.get(source.name)
            ) -> Instance:
                return replace(files.read_cap(source, capacity), optimum=optimum)

            yield Entry(source.name, make)


def _holmberg(directory: Path) -> Iterator[Entry]:
    known = files.holmberg_values(directory)
    for source in files.sources(directory):
        if files.is_holmberg(source):

            def make(source: files.Source = source) -> Instance:
                return replace(files.read_holmberg(source), optimum=known.get(source.name))

            yield Entry(source.name, make)


def _kong(directory: Path, *, contiguous: bool) -> Iterator[Entry]:
    kind = "CFLSAP(contiguous)" if contiguous else "SSCFLP"
    published = {
        row["instance"]: row
        for row in files.table(directory, "published_results.tsv")
        if row["problem"] == kind
    }
    for source in files.sources(directory):
        if files.is_kong(source):
            row = published.get(source.name, {})
            low, high = row.get("cplex_lower_bound"), row.get("cplex_upper_bound")

            def make(
                source: files.Source = source,
                optimum: float | None = float(high) if high and low == high else None,
                best: float | None = float(row["matheuristic_objective"]) if row else None,
            ) -> Instance:
                read = replace(files.read_kong(source), optimum=optimum, best_known=best)
                return in_one_piece(read, directory) if contiguous else read

            yield Entry(source.name, make)


def _san_francisco(directory: Path) -> Iterator[Entry]:
    optima = {int(row["p"]): row for row in files.table(directory, "sf_optima_enumerated.tsv")}
    found = [source for source in files.sources(directory) if files.is_san_francisco(source)]
    for source in found[:1]:
        distance, people = files.read_san_francisco(source)
        ones = np.ones(len(people))
        most = len(optima) or 8
        for p in range(1, most + 1):
            row = optima.get(p, {})
            kinds = (
                ("p-median weighted", "p_median", people, "pmedian_weighted", None),
                ("p-median unweighted", "p_median", ones, "pmedian_unweighted", None),
                ("p-centre", "p_centre", ones, "pcenter", None),
                ("mclp 5000", "maximal_cover", people, "mclp_5000m_covered_demand", 5000.0),
            )
            for label, model, weight, column, radius in kinds:
                name = f"sf {label} p={p}"
                instance = Instance(
                    name,
                    "spopt",
                    model,
                    distance,
                    weight,
                    p=p,
                    radius=radius,
                    optimum=float(row[column]) if column in row else None,
                )
                yield Entry(name, lambda instance=instance: instance)
        lscp = Instance(
            "sf lscp 5000", "spopt", "set_cover", distance, ones, radius=5000.0, optimum=8.0
        )
        yield Entry(lscp.name, lambda lscp=lscp: lscp)


def _covers() -> Iterator[Entry]:
    for points, sites, radius, p in (
        (5_000, 500, 800.0, 20),
        (5_000, 500, 400.0, 20),
        (20_000, 1_000, 500.0, 40),
        (20_000, 500, 800.0, 20),
        (10_000, 500, 800.0, 30),
    ):
        name = f"mclp-{points}x{sites}-r{radius:g}-p{p}"

        def make(
            name: str = name,
            points: int = points,
            sites: int = sites,
            radius: float = radius,
            p: int = p,
        ) -> Instance:
            distance, weight = generators.clustered_plane(points, sites)
            return Instance(name, "mclp", "maximal_cover", distance, weight, p=p, radius=radius)

        yield Entry(name, make)
    yield Entry("mclp-1000000x500-p40", lambda: generators.million_cover(1_000_000, 500, 40))


def _synthetic() -> Iterator[Entry]:
    for nodes, p in ((600, 5), (600, 10), (700, 10), (800, 5), (900, 5), (900, 10), (900, 90)):
        for model in ("p_median", "p_centre"):
            yield _graph(nodes, p, model)
    for p in (25, 100):
        yield _plane(f"plane-5000x500-p{p}", "p_median", 5_000, 500, p=p)
        yield _plane(f"centre-5000x500-p{p}", "p_centre", 5_000, 500, p=p)
    for radius in (600.0, 1000.0, 2000.0):
        name = f"cover-10000x500-r{radius:g}"
        yield _plane(name, "set_cover", 10_000, 500, radius=radius)
    for seed in (1, 2, 3):
        for single in (False, True):
            made = generators.cornuejols(100, 1_000, 5.0, seed, single=single)
            yield Entry(made.name, lambda made=made: made)
    for letter, capacities in generators.BEASLEY_CAPACITIES.items():
        for limit in capacities:
            name = f"cap{letter}-kind-100x1000-c{limit:g}-s1"
            yield Entry(name, partial(generators.beasley_cap, letter, limit, 1))
    for single in (False, True):
        name = f"county-10000x500-{'single' if single else 'multi'}-s1"
        yield Entry(name, partial(generators.county, 10_000, 500, 1, single=single))


def _graph(nodes: int, p: int, model: str) -> Entry:
    name = f"{model.replace('_', '-')}-graph-{nodes}-p{p}"

    def make() -> Instance:
        distance = generators.beasley_graph(nodes, p)
        return Instance(name, "synthetic", model, distance, np.ones(nodes), p=p)

    return Entry(name, make)


def _plane(
    name: str,
    model: str,
    points: int,
    sites: int,
    *,
    p: int | None = None,
    radius: float | None = None,
) -> Entry:
    def make() -> Instance:
        distance, weight = generators.clustered_plane(points, sites)
        return Instance(name, "synthetic", model, distance, weight, p=p, radius=radius)

    return Entry(name, make)
