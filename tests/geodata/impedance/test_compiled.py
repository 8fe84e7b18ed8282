"""The first search of an installation says why it takes long; later ones say nothing."""

from __future__ import annotations

import logging
import threading

import pytest

from geodata.impedance import compiled


@pytest.mark.parametrize(("stored", "lines"), [(False, 1), (True, 0)])
def test_compiling_is_announced_once(stored, lines, monkeypatch, caplog):
    monkeypatch.setattr(compiled, "_announced", threading.Event())
    monkeypatch.setattr(compiled, "_has_stored_code", lambda _: stored)
    with caplog.at_level(logging.INFO, "geodata.impedance"):
        compiled.announce()
        compiled.announce()
    assert caplog.text.count("compiling the road searches") == lines
