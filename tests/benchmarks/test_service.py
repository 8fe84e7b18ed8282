"""The service's benchmark: what is read from wrk, and the server that it measures."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import service
from benchmarks.service_server import LiveServer

SAID = """
Running 8s test @ http://127.0.0.1:8801
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.10ms    3.20ms   1.20s    95.00%
    Req/Sec     2.79k   500.00     3.10k    80.00%
  Latency Distribution
     50%  870.00us
     75%    7.00ms
     90%    9.00ms
     99%   38.40ms
  21000 requests in 8.00s, 30.00MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 4
Requests/sec:   2620.50
"""


def test_wrk_s_figures_are_read():
    load = service.read_wrk(SAID)
    assert load == service.Load(2620.5, 0.87, 38.4, 1200.0, 7)
    assert service.read_wrk("nothing came back").requests_per_s == 0


@pytest.mark.parametrize(("rate", "p99", "refused", "villages", "meets"), [
    (501, 49, 0, 352, True), (499, 49, 0, 352, False), (501, 51, 0, 352, False),
    (501, 49, 1, 352, False), (301, 80, 0, 10_000, True), (299, 10, 0, 10_000, False),
])  # fmt: skip
def test_the_bars_are_those_of_the_issue(rate, p99, refused, villages, meets):
    assert service._meets(service.Load(rate, 1.0, p99, p99, refused), villages) is meets


@pytest.mark.slow
def test_a_server_is_measured(tmp_path, monkeypatch):
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    monkeypatch.setattr(service, "SECONDS", 1)
    monkeypatch.setattr(service, "QUESTIONS", 100)
    monkeypatch.setitem(service.REQUESTS_PER_S, 30, 1.0)
    rows = list(service.service_rows(sizes=(30,)))
    assert {row["model"] for row in rows} == {"check_30", "memory", "page"}
    assert all(row["refused"] == 0 for row in rows if row["model"] == "check_30")
    assert all(service.said(row) for row in rows)


def test_a_server_that_does_not_start_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(TimeoutError), LiveServer(tmp_path / "data"):
        pass
