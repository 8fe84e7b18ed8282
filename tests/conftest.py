"""Shared fixtures, and the one place that decides whether a missing tool skips or fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = ROOT.parent / "shared" / "data"
FUZZED = int(os.environ.get("WANGDIAN_FUZZED", "10000"))
"""Small instances of each long fuzz; CI takes fewer, a release all."""
REQUIRE_ALL = os.environ.get("WANGDIAN_REQUIRE_ALL") == "1"


def missing(reason: str) -> None:
    """Skip with a reason, or fail where everything is required (CI)."""
    if REQUIRE_ALL:
        pytest.fail(f"required by WANGDIAN_REQUIRE_ALL: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def real_data() -> Path:
    """Folder of real networks, places and benchmark instances."""
    if not REAL_DATA.is_dir():
        missing(f"real data is absent ({REAL_DATA.name} beside the checkout)")
    return REAL_DATA


@pytest.fixture
def chromium() -> str:
    """Path of a Chromium that can be driven."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium is not installed")
    return str(path)


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """The interpreter that Debian's QGIS is installed for."""
    path = "/usr/bin/python3"
    found = subprocess.run([path, "-c", "import qgis.core"], capture_output=True, check=False)
    if found.returncode != 0:
        missing("QGIS is not installed for the system's Python (python3-qgis)")
    return path


SLOW_S = float(os.environ.get("WANGDIAN_SLOW_S", "inf"))
"""Seconds after which no further slow test is begun: a machine that others wait for sets it."""
_BEGAN = time.monotonic()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pass slow tests over once their time is spent, and say so."""
    if item.get_closest_marker("slow") and time.monotonic() - _BEGAN > SLOW_S:
        pytest.skip(f"the {SLOW_S:.0f} s for slow tests are spent (WANGDIAN_SLOW_S)")
