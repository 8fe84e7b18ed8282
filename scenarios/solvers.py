"""Who solves the tiers of a run: this process one after the other, or children several at a time.

Streams share no site, so that their tiers may be solved side by side while this process prepares
the next one. What a question's answer is does not depend on who gives it, nor on the order.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Protocol

from planner.child_process import ChildProcess
from planner.problem import SitingProblem
from planner.solution import Progress, SitingSolution, SolverSettings
from scenarios.solver_process import STOP

WORTH_CHILDREN = 1000
"""Points of all streams together below which a child's start takes longer than the solving."""
PATIENCE_S = 5.0
"""How long a question waits before a core that this process may need itself gets a child."""
_GRACE_S = 5.0
"""How long a child that was asked to stop may take to hand in its best plan."""


@dataclass(frozen=True, eq=False)
class Question:
    """One tier to be solved."""

    stream: str
    tier: str
    problem: SitingProblem
    settings: SolverSettings
    start: SitingSolution | None = None


Answer = tuple[Question, SitingSolution | None]
"""The solution is None where the run was stopped before the question was begun."""
OnQuestion = Callable[[Question, Progress], None]


class Solvers(Protocol):
    """Takes questions and hands in answers in whatever order they come."""

    many: int
    """So many are solved at a time."""

    def submit(self, question: Question) -> None:
        """Ask."""

    def answers(self, *, block: bool) -> list[Answer]:
        """What has been answered since; waits for something to come where ``block`` is set."""

    def practise(self, problem: SitingProblem) -> None:
        """Get ready for problems of the same kind."""

    def keep(self, questions: int) -> bool:
        """Have so many questions left at most; whether one that solves has no more to do."""

    def stop(self) -> None:
        """Have what is being solved end with its best plan; no listener is heard any more."""


@contextmanager
def solvers(points: int, streams: int, threads: int | None, hear: OnQuestion) -> Iterator[Solvers]:
    """Solvers for a run of so many points in so many streams.

    Parameters
    ----------
    threads : the most that may be solved at a time; None is a core each
    hear : of every phase, incumbent and bound; what it raises comes out of ``answers``
    """
    cores = len(os.sched_getaffinity(0))
    many = min(streams, cores if threads is None else min(threads, cores))
    if many < 2 or points < WORTH_CHILDREN:
        yield Here(hear)
        return
    children = Children(many, hear)
    try:
        yield children
    finally:
        children.end()


class Here:
    """Solves in this process, one question a call."""

    many = 1

    def __init__(self, hear: OnQuestion) -> None:
        self._hear = hear
        self._asked: deque[Question] = deque()
        self._stopped = False

    def practise(self, problem: SitingProblem) -> None:
        """Nothing to do meanwhile: this process prepares the problem."""

    def submit(self, question: Question) -> None:
        """Ask."""
        self._asked.append(question)

    def answers(self, *, block: bool) -> list[Answer]:  # noqa: ARG002 - solving is waiting
        """The next question's answer, solved now."""
        if not self._asked:
            return []
        question = self._asked.popleft()
        return [(question, None if self._stopped else self._solved(question))]

    def keep(self, questions: int) -> bool:  # noqa: ARG002 - this process is always needed
        """Nobody else is there to be spared."""
        return False

    def stop(self) -> None:
        """Nothing more is begun; a solve that runs has been stopped by its own listener."""
        self._stopped = True

    def _solved(self, question: Question) -> SitingSolution:
        from planner import solve  # noqa: PLC0415 - loads the solver

        return solve(
            question.problem,
            question.settings,
            lambda event: self._hear(question, event),
            start=question.start,
        )


class _Child:
    """A process that solves one question at a time (``scenarios.solver_process``)."""

    def __init__(self) -> None:
        self.running = ChildProcess.started("scenarios.solver_process")
        self.link = self.running.link
        self.at_work: Question | None = None

    def ask(self, question: Question) -> None:
        self.at_work = question
        self.send((question.problem, question.settings, question.start))

    def send(self, message: object) -> None:
        # A child that has died is noticed by its closed link.
        with contextlib.suppress(OSError):
            self.link.send(message)

    def end(self) -> None:
        self.running.end()


@dataclass(eq=False)
class Children:
    """Solves in ``many`` processes at a time; what a child that died had is solved here.

    This process prepares the questions and takes a core for it, and to start a child costs as much
    as a small question: the last child is begun where a question has waited for ``PATIENCE_S``.
    """

    many: int
    hear: OnQuestion
    _children: list[_Child] = field(default_factory=list)
    _asked: deque[Question] = field(default_factory=deque)
    _waits_from_s: float = math.inf
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._children = [_Child() for _ in range(max(1, self.many - 1))]

    def practise(self, problem: SitingProblem) -> None:
        """Have every child load what problems of this kind need, while the first is prepared."""
        for child in self._children:
            child.send((problem, None, None))

    def submit(self, question: Question) -> None:
        """Ask; an idle child begins at once."""
        if not self._asked:
            self._waits_from_s = time.monotonic()
        self._asked.append(question)
        self._hand_out()

    def answers(self, *, block: bool) -> list[Answer]:
        """What has been answered since; waits for something to come where ``block`` is set."""
        found: list[Answer] = self._not_begun() if self._stopped else []
        while not found:
            busy = {child.link: child for child in self._children if child.at_work is not None}
            if not busy:
                return self._without_children()
            ready = wait(list(busy), self._patience_s() if block else 0)
            if not ready and self._stopped and block:
                found += [self._given_up(child) for child in busy.values()]
            for link in ready:
                found += self._received(busy[link])  # type: ignore[index]  # only links are waited for
            self._grow()
            self._hand_out()
            if not block:
                break
        return found

    def _patience_s(self) -> float | None:
        """How long to wait for an answer before something else is done."""
        if self._stopped:
            return _GRACE_S
        if self._asked and len(self._children) < self.many:
            return max(0.0, self._waits_from_s + PATIENCE_S - time.monotonic())
        return None

    def _grow(self) -> None:
        """One child more where the questions wait too long."""
        if not self._stopped and self._patience_s() == 0.0:
            self._children.append(_Child())
            self._waits_from_s = time.monotonic()

    def keep(self, questions: int) -> bool:
        """End the idle children beyond ``questions``: their memory serves others."""
        for child in [one for one in self._children if one.at_work is None]:
            if len(self._children) > questions:
                self._children.remove(child)
                child.end()
        return len(self._children) < self.many

    def stop(self) -> None:
        """Have every child end its solve with the best plan it has."""
        self._stopped = True
        for child in self._children:
            if child.at_work is not None:
                with contextlib.suppress(OSError):
                    child.link.send_bytes(STOP)

    def end(self) -> None:
        """End the processes."""
        while self._children:
            self._children.pop().end()

    def _hand_out(self) -> None:
        for child in self._children:
            if self._asked and child.at_work is None and not self._stopped:
                child.ask(self._asked.popleft())

    def _received(self, child: _Child) -> list[Answer]:
        question = child.at_work
        assert question is not None  # noqa: S101 - only children at work are listened to
        try:
            message = child.link.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return [self._given_up(child)]
        except KeyboardInterrupt:
            self._children.remove(child)  # in the middle of a message: the rest cannot be read
            child.end()
            self._asked.appendleft(question)
            raise
        if isinstance(message, Progress):
            if not self._stopped:
                self.hear(question, message)
            return []
        child.at_work = None
        if isinstance(message, BaseException):
            raise message
        return [(question, message)]

    def _given_up(self, child: _Child) -> Answer:
        """A child that is gone or will not stop; its question is solved here unless all stops."""
        question = child.at_work
        assert question is not None  # noqa: S101 - only children at work are given up
        self._children.remove(child)
        child.end()
        if self._stopped:
            return (question, None)
        here = Here(self.hear)
        here.submit(question)
        return here.answers(block=True)[0]

    def _not_begun(self) -> list[Answer]:
        left: list[Answer] = [(question, None) for question in self._asked]
        self._asked.clear()
        return left

    def _without_children(self) -> list[Answer]:
        """Nobody is at work: nothing was asked, or no child is left to ask."""
        if not self._asked:
            return []
        here = Here(self.hear)
        here.submit(self._asked.popleft())
        return here.answers(block=True)
