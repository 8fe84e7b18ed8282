"""Capacitated instances: read in OR-Library's format, and generated."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import location_generators as generators
from benchmarks.location_families import entries
from benchmarks.location_run import problem_of


@pytest.mark.parametrize("zipped", [False, True])
def test_a_cap_file_with_a_word_for_its_capacity(tmp_path, zipped):
    made = generators.beasley_cap("a", 900.0, 3, sites=5, customers=17)
    text = generators.as_cap_file(made, word="capacity")
    if zipped:
        (tmp_path / "capa.txt.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (tmp_path / "capa.txt").write_text(text, encoding="utf-8")
    (entry,) = entries("cap", tmp_path, 900.0)
    read = entry.make()
    assert entry.name == "capa"
    assert (read.capacity == 900.0).all()
    assert read.weight == pytest.approx(made.weight)
    assert read.fixed == pytest.approx(made.fixed)
    assert read.cost == pytest.approx(made.cost)
    (without,) = entries("cap", tmp_path)
    with pytest.raises(SystemExit, match="--capacity"):
        without.make()


def test_an_override_replaces_numbers_too(tmp_path):
    made = generators.beasley_cap("c", 700.0, 1, sites=4, customers=6)
    (tmp_path / "capc").write_text(generators.as_cap_file(made), encoding="utf-8")
    (entry,) = entries("cap", tmp_path)
    assert (entry.make().capacity == 700.0).all()
    (entry,) = entries("cap", tmp_path, 650.0)
    assert (entry.make().capacity == 650.0).all()


def test_every_run_of_capa_to_capc_has_its_like():
    names = {entry.name for entry in entries("synthetic", None) if "-kind-" in entry.name}
    assert len(names) == 12
    first, again = (generators.beasley_cap("b", 5_000.0, 1) for _ in range(2))
    assert (first.cost == again.cost).all()
    assert first.cost.shape == (1_000, 100)
    assert first.capacity.sum() > 1.5 * first.weight.sum()


def test_a_county_has_sizes_and_a_quota_for_each_district():
    made = generators.county(300, 40, 1, single=False, districts=10)
    problem = problem_of(made)
    assert len(problem.sites.capacity) == 120
    assert len(problem.quotas) == 10
    assert sorted(np.concatenate([quota.sites for quota in problem.quotas])) == list(range(40))
    largest = problem.sites.capacity[2::3]
    assert largest.sum() == pytest.approx(5 * made.weight.sum(), rel=0.01)
    assert not problem.single_source
    assert problem_of(replace(made, single_source=True)).single_source


def kong_files(folder, units: int, row: str = "OID_,IN_FID,NEAR_FID,NEAR_DIST"):
    """Units in a row, every second one a candidate, each bordering on the next."""
    lines = ["OID pop PointX PointY fcadidature Fcost capa"]
    for i in range(units):
        candidate = i % 2 == 0
        lines.append(
            f"{i + 1} {i + 3} {1000 * i} 0 0 {50 + i if candidate else 0} {90 * candidate}"
        )
    (folder / "gya9.txt").write_text("\n".join(lines), encoding="utf-8")
    borders = [row, *(f",{i},{i + 1},0.0" for i in range(1, units))]
    (folder / "gy2_connectivity.txt").write_text("\n".join(borders), encoding="utf-8")


def test_kongs_units_border_on_each_other_by_their_ids(tmp_path):
    kong_files(tmp_path, 6)
    (entry,) = entries("kong", tmp_path, contiguous=True)
    problem = problem_of(entry.make())
    (stream,) = problem.streams
    rule = stream.contiguity
    assert rule.home.tolist() == [0, 2, 4]
    assert np.diff(rule.start).tolist() == [1, 2, 2, 2, 2, 1]
    assert rule.neighbour.tolist() == [1, 0, 2, 1, 3, 2, 4, 3, 5, 4]
    assert stream.demand.tonnes[0].tolist() == [3, 4, 5, 6, 7, 8]
    (plain,) = entries("kong", tmp_path)
    assert problem_of(plain.make()).single_source


def test_borders_of_other_units_are_refused(tmp_path):
    kong_files(tmp_path, 6)
    with (tmp_path / "gy2_connectivity.txt").open("a", encoding="utf-8") as file:
        file.write("\n,6,77,0.0\n")
    (entry,) = entries("kong", tmp_path, contiguous=True)
    with pytest.raises(SystemExit, match="77"):
        entry.make()


def test_only_families_with_borders_have_areas_in_one_piece(tmp_path):
    with pytest.raises(SystemExit, match="borders"):
        entries("holmberg", tmp_path, contiguous=True)
