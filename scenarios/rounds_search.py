"""The search for the rounds of one stream in two parts: first rounds, and the best in the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.routes import OnRounds, RoundsSearch, RoundsSettings, RoundsSolution
from planner.routes.changes import replan_record
from planner.routes.record import RoundsChange, RoundsRecord
from planner.solution import Outcome
from scenarios.rounds_problem import RoundsCase
from scenarios.rounds_tables import StreamRounds, tables

if TYPE_CHECKING:
    from scenarios.rounds_split import StreamSplit


@dataclass(frozen=True, eq=False)
class RoundsWish:
    """How the rounds of a stream are to be made.

    Parameters
    ----------
    stores : shared stores for clusters of stops are to be compared with rounds to all
    earlier : rounds that are kept where they still hold
    """

    settings: RoundsSettings
    stores: bool = False
    earlier: RoundsRecord | None = None
    listen: OnRounds | None = None


class StreamSearch:
    """Rounds of one stream; first ones soon, so that several streams can be seen at once.

    Where shared stores are to be compared, the first rounds go to everybody.
    """

    def __init__(self, case: RoundsCase, wish: RoundsWish) -> None:
        self.case = case
        self._wish = wish
        self._search = RoundsSearch(case.problem, wish.settings, wish.listen)
        self._is_new = wish.earlier is None
        self._has_rounds = False

    @property
    def visits(self) -> int:
        """Of all stops in the days that are planned."""
        return int(self.case.problem.stops.visits.sum())

    def first(self) -> None:
        """First rounds; rounds that are kept need none.

        Raises
        ------
        Cancelled
            If the listener asked to stop before there were any.
        """
        if self._is_new:
            self._search.first()
            self._has_rounds = True

    def best(self) -> StreamRounds:
        """The rounds when the time is up; with the outcome CANCELLED where it was stopped.

        Raises
        ------
        Cancelled
            If the listener asked to stop before there were any.
        """
        case, wish = self.case, self._wish
        split: StreamSplit | None = None
        differs: RoundsChange | None = None
        if self._search.cancelled:
            solution = self._search.best()
        elif wish.earlier is not None:
            case, split = _with_kept_stores(case, wish.earlier)
            solution, differs = replan_record(
                wish.earlier, case.problem, wish.settings, wish.listen
            )
        elif wish.stores:
            from scenarios.rounds_split import split_case  # noqa: PLC0415 - seldom asked for

            case, solution, split = split_case(case, wish.settings, wish.listen)
        else:
            solution = self._search.best()
        return replace(tables(case, solution), split=split, change=differs)

    def so_far(self) -> StreamRounds | None:
        """The first rounds, of a search that is not gone on with; None where there are none."""
        if not self._has_rounds:
            return None
        return tables(self.case, _stopped(self._search.solution()))


def _stopped(solution: RoundsSolution) -> RoundsSolution:
    return replace(solution, outcome=Outcome.CANCELLED)


def _with_kept_stores(
    case: RoundsCase, earlier: RoundsRecord
) -> tuple[RoundsCase, StreamSplit | None]:
    """The case with the shared stores that the earlier rounds called at, where they did."""
    if not earlier.brings:
        return case, None
    from scenarios.rounds_kept_stores import with_kept_stores  # noqa: PLC0415 - seldom needed

    return with_kept_stores(case, earlier.brings)
