"""Every test of the impedances starts without anything kept or stored."""

from __future__ import annotations

import pytest

from geodata.impedance.prepared import forget


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("WANGDIAN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    forget()
