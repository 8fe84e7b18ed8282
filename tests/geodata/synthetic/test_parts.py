import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geodata.synthetic.draws import Draws
from geodata.synthetic.main_roads import gabriel_edges
from geodata.synthetic.naming import township_names, village_names
from geodata.synthetic.plane import CENTRE_LAT, CENTRE_LON, to_degrees
from geodata.synthetic.settlements import balanced_groups


def test_draws_of_a_layer_do_not_depend_on_other_layers():
    alone = Draws(7, "villages").uniform(0, 1, 5)
    Draws(7, "shops").uniform(0, 1, 100)
    np.testing.assert_array_equal(Draws(7, "villages").uniform(0, 1, 5), alone)
    assert not np.array_equal(Draws(7, "shops").uniform(0, 1, 5), alone)
    assert not np.array_equal(Draws(8, "villages").uniform(0, 1, 5), alone)


def test_the_first_draws_never_change():
    """A release that changed them would change every county that anybody has shown."""
    drawn = Draws(0, "villages").uniform(0, 1, 3)
    expected = [0.09814641397094725, 0.12836743834863096, 0.07405864056547673]
    np.testing.assert_array_equal(drawn, expected)


def test_lognormal_has_the_stated_mean():
    drawn = Draws(1, "check").lognormal(1860, 0.5, 200_000)
    assert drawn.mean() == pytest.approx(1860, rel=0.01)


def test_pick_follows_the_weight():
    picked = Draws(1, "check").pick(3, 30_000, np.array([1.0, 0.0, 3.0]))
    assert (picked != 1).all()
    assert np.mean(picked == 2) == pytest.approx(0.75, abs=0.01)


def test_board_agrees_with_the_ellipsoid():
    lon, lat = to_degrees(np.array([0.0, 20_000.0, 0.0]), np.array([0.0, 0.0, -20_000.0]))
    geod = Geod(ellps="WGS84")
    for k, expected in ((1, 20_000), (2, 20_000)):
        assert geod.inv(CENTRE_LON, CENTRE_LAT, lon[k], lat[k])[2] == pytest.approx(
            expected, abs=0.3
        )


@given(st.integers(1, 40), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_groups_are_of_about_equal_size(count, seed):
    xy = np.random.default_rng(seed).random((40 + 7 * count, 2))
    size = np.bincount(balanced_groups(xy, count), minlength=count)
    assert len(size) == count
    assert size.min() >= 1
    assert size.max() - size.min() <= 6


def test_gabriel_edges_match_brute_force():
    xy = np.random.default_rng(3).random((40, 2))
    expected = set()
    for i in range(40):
        for j in range(i + 1, 40):
            middle, radius = (xy[i] + xy[j]) / 2, np.linalg.norm(xy[i] - xy[j]) / 2
            others = np.delete(xy, [i, j], axis=0)
            if (np.linalg.norm(others - middle, axis=1) >= radius).all():
                expected.add((i, j))
    assert set(map(tuple, gabriel_edges(xy).tolist())) == expected


def test_names_stay_unlike_at_any_scale():
    townships = township_names(Draws(0, "names"), np.zeros(6_000, np.bool_))
    assert len(set(townships)) == 6_000
    home = np.repeat(np.arange(20), 120)
    villages = village_names(Draws(0, "names"), home)
    assert len(set(zip(home.tolist(), villages, strict=True))) == len(villages)
