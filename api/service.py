"""What the routes share: settings, database, files, workers, plans in memory."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from fastapi import Request
from sqlalchemy.exc import DBAPIError

from api.auth.principal import Principal
from api.jobs.runner import Runner
from api.plans import Plans
from api.problems import Problem
from api.settings import Settings
from geodata.faults import N_
from scenarios.store import ArtefactStore, Database, open_database, people, runs
from scenarios.store.models import Role, RunKind, RunRow

if TYPE_CHECKING:
    from api.auth.gate import Gate

log = logging.getLogger("wangdian")

USERS_KNOWN_FOR_S = 2.0
RUN_KNOWN_FOR_S = 1.0


class Service:
    """One server's parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True)
        self.database: Database = open_database(settings.database_url)
        self.store = ArtefactStore(settings.artefact_url)
        self.plans = Plans(settings, self.store)
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="plans-ahead")
        self.runner = Runner(settings, self.database, self.store, self._new_plan)
        self.gate: Gate | None = None
        self.checks = asyncio.Semaphore(2)
        """Uploads and scenarios looked at in processes of their own, so many at once."""
        self._users: tuple[float, bool] = (0.0, False)
        self._runs: dict[tuple[str, bool], tuple[float, RunRow]] = {}

    def start(self) -> None:
        """Begin handing runs out."""
        self.runner.start()

    def close(self) -> None:
        """Let go of everything."""
        self.runner.close()
        self._ahead.shutdown(wait=True, cancel_futures=True)
        self.database.close()

    def _new_plan(self) -> None:
        """A run has ended: whoever asks first of a new plan shall not wait for it to be read."""
        with suppress(RuntimeError):  # the service is being closed
            self._ahead.submit(self._read_ahead)

    def _read_ahead(self) -> None:
        try:
            self.read_latest_plan()
        except Exception:  # whoever asks for it is told
            log.exception("the latest plan cannot be read ahead")

    def read_latest_plan(self) -> None:
        """Bring the latest plan into memory with what the pages ask for first."""
        with self.database.reading() as session:
            row = runs.latest_finished(session)
        if row is None or self.plans.ready(row.id) is not None:
            return
        plan = self.plans.load_ready(row)
        for name in ("villages", "facilities"):
            plan.layer(name)
        plan.plans  # noqa: B018 - read now
        # A plan is some million objects that stay: the collector need not look at them each time.
        gc.collect()
        gc.freeze()

    async def has_users(self) -> bool:
        """Whether anybody is set up; without users a server on loopback is open."""
        until, known = self._users
        if known or until > time.monotonic():
            return known
        if until:
            self._users = (time.monotonic() + USERS_KNOWN_FOR_S, known)
        try:
            known = await asyncio.to_thread(self._count_users) > 0
        except DBAPIError:
            if not until:
                raise
            log.exception("the database does not answer; going by who was there a moment ago")
        self._users = (time.monotonic() + USERS_KNOWN_FOR_S, known)
        return known

    def users_changed(self) -> None:
        """Look again who is set up."""
        self._users = (0.0, False)
        if self.gate is not None:
            self.gate.forget()

    def _count_users(self) -> int:
        with self.database.reading() as session:
            return people.count_users(session)

    def run(self, run_id: str, principal: Principal) -> RunRow:
        """A run that the principal may see; ``latest`` is the latest plan.

        Raises
        ------
        Problem
            404 where there is none, also where it is not theirs to know of.
        """
        with self.database.reading() as session:
            if run_id == "latest":
                only = True if principal.role is Role.PUBLIC else None
                row = runs.latest_finished(session, published=only)
            else:
                row = runs.run(session, run_id)
        if row is None or not principal.sees_run(row):
            raise Problem(404, N_("there is no such run"))
        return row

    def finished_run(
        self, run_id: str, principal: Principal, kind: RunKind | None = RunKind.PLAN
    ) -> RunRow:
        """A run with a plan (or with rounds) that the principal may see.

        Parameters
        ----------
        kind : that it must be of; None is any

        Raises
        ------
        Problem
            404 as :meth:`run`, 409 where it has no plan or is of another kind.
        """
        row = self.run(run_id, principal)
        if kind is not None and row.kind != kind.value:
            messages = {
                RunKind.PLAN: N_("the run made rounds; ask the plan that they are for"),
                RunKind.ROUNDS: N_("the run made a plan; its rounds are a run of their own"),
            }
            raise Problem(409, messages[kind])
        if not row.folder:
            raise Problem(409, N_("the run has no plan (it is {state})"), {"state": row.state})
        return row

    def forget_run(self, run_id: str) -> None:
        """A run has gone."""
        self._runs.clear()
        self.plans.forget(run_id)

    def known_run(self, run_id: str, principal: Principal) -> RunRow | None:
        """A run as of a second ago, None where it must be looked up."""
        key = (run_id, principal.role is Role.PUBLIC)
        known = self._runs.get(key)
        if known is None:
            return None
        if known[0] < time.monotonic():
            # Whoever comes first looks it up; the others go on with what is known.
            self._runs[key] = (time.monotonic() + RUN_KNOWN_FOR_S, known[1])
            return None
        return known[1] if principal.sees_run(known[1]) else None

    def last_known_run(self, run_id: str, principal: Principal) -> RunRow | None:
        """A run as it was last known, however long ago: while the database is away."""
        known = self._runs.get((run_id, principal.role is Role.PUBLIC))
        return known[1] if known is not None and principal.sees_run(known[1]) else None

    def remember_run(self, run_id: str, principal: Principal, row: RunRow) -> None:
        """Note a run for a moment: thousands of questions ask for the same one."""
        if len(self._runs) > 1000:
            self._runs.clear()
        until = time.monotonic() + RUN_KNOWN_FOR_S
        self._runs[run_id, principal.role is Role.PUBLIC] = (until, row)


def service_of(request: Request) -> Service:
    """The service behind a request."""
    found: Service = request.app.state.service
    return found


def principal_of_request(request: Request) -> Principal:
    """Who makes a request, as the gate has found."""
    found: Principal = request.state.principal
    return found
