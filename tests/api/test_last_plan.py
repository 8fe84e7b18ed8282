"""The plan that was written last is remembered."""

from __future__ import annotations

from api.last_plan import last_plan, remember


def test_the_last_plan_is_remembered_until_it_has_gone(tmp_path):
    folder = tmp_path / "plan"
    folder.mkdir()
    assert last_plan() is None
    remember(folder)
    assert last_plan() == folder
    folder.rename(folder.with_name("moved"))
    assert last_plan() is None
