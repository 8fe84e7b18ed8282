from __future__ import annotations

import pytest

from geodata.faults import InputError
from geodata.roads.read import load_roads


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either a road file or a place"),
        ({"file": "a.osm", "place": "冠县"}, "either a road file or a place"),
        ({"file": "/nowhere/a.osm"}, "there is no such file"),
        ({"file": "/"}, "there is no such file"),
    ],
)
def test_faulty_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        load_roads(**arguments)


def test_unknown_kinds_name_the_known_ones(tmp_path):
    path = tmp_path / "roads.dwg"
    path.write_bytes(b"AC1027")
    with pytest.raises(InputError, match=r"'\.dwg' is no kind of road file.*\.gpkg"):
        load_roads(path)
