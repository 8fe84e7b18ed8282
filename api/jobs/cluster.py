"""The workers that runs are handed to: an embedded cluster, or somebody's Dask scheduler."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from api.settings import Settings


def connected(settings: Settings, own: Path, jobs: str) -> tuple[Any, Any]:
    """A client of Dask, and the cluster if it is ours.

    Parameters
    ----------
    own : folder for Dask's own files
    jobs : folder for the temporary files of jobs, "" is the system's

    Raises
    ------
    OSError
        If there is no such scheduler, or no process to be had.
    """
    import dask  # noqa: PLC0415 - heavy; the server answers before
    from distributed import Client, LocalCluster  # noqa: PLC0415

    # A solve holds no loop of the worker, but a busy machine may be slow to answer.
    dask.config.set({"distributed.scheduler.allowed-failures": 2})
    cluster = None
    if settings.scheduler:
        client = made(Client, settings.scheduler, name="wangdian", timeout=20)
    else:
        cluster = made(
            LocalCluster,
            n_workers=settings.workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address=None,
            memory_limit=0,
            local_directory=str(own),
            silence_logs=logging.ERROR,
        )
        client = made(Client, cluster, name="wangdian")
    if settings.jobs_ahead:
        from api.jobs.ahead import JobAhead  # noqa: PLC0415 - as above

        client.register_plugin(JobAhead(jobs))
    return client, cluster


def made(kind: Any, *arguments: Any, **options: Any) -> Any:
    """An object of Dask's, which has no types to call it by."""
    return kind(*arguments, **options)
