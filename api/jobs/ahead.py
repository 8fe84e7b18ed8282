"""The process of a worker's next job, started before there is one.

Starting a process and loading what planning needs takes seconds; somebody who asks for rounds waits
for the first of them. So every worker has one process that has done all that and waits. A job takes
it and it ends with the job; the next is started then. What a job did is in no other job's process.
"""

from __future__ import annotations

import logging
from typing import Any

from distributed import WorkerPlugin

from api.jobs.process import JobProcess

log = logging.getLogger("wangdian.jobs")


class JobAhead(WorkerPlugin):
    """Belongs to one worker, whose one thread takes jobs in turn.

    Parameters
    ----------
    work : folder for the folders of jobs, "" is the system's
    """

    name = "wangdian-job-ahead"

    def __init__(self, work: str) -> None:
        self._work = work
        self._waiting: JobProcess | None = None

    def setup(self, worker: Any) -> None:  # noqa: ARG002 - as Dask calls it
        """Begin with the worker, which loads what it needs itself meanwhile."""
        self.prepare()
        import api.jobs.task  # noqa: F401, PLC0415 - it imports this module

    def teardown(self, worker: Any) -> None:  # noqa: ARG002 - as Dask calls it
        """End with the worker."""
        self._end()

    def prepare(self) -> None:
        """Start the process of the next job, where none is waiting."""
        if self._waiting is not None and self._waiting.alive:
            return
        self._end()
        try:
            self._waiting = JobProcess(self._work)
        except OSError:  # no room: the job will say so
            log.exception("no process can be started ahead")

    def take(self) -> JobProcess:
        """The process that waits, or a new one; whoever takes it ends it.

        Raises
        ------
        OSError
            As :class:`JobProcess`.
        """
        if self._waiting is not None and self._waiting.alive:
            waiting, self._waiting = self._waiting, None
            return waiting
        return JobProcess(self._work)

    def _end(self) -> None:
        if self._waiting is not None:
            self._waiting.end()
            self._waiting = None


def job_ahead(worker: Any) -> JobAhead | None:
    """That of a worker, None where nothing is started ahead."""
    found: JobAhead | None = worker.plugins.get(JobAhead.name)
    return found
