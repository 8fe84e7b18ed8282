"""Who makes a request, and what that lets them do and see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from api.problems import Problem
from geodata.faults import N_
from scenarios.load_knowledge import sensitive_streams, stream_ids
from scenarios.store.models import Role, RunRow, RunState, UserRow
from scenarios.store.runs import AnyRun


@dataclass(frozen=True)
class Principal:
    """Who makes a request.

    Parameters
    ----------
    via : "open" (no users are set up), "key", "session" or "" for nobody in particular
    csrf : token that a browser's writes must carry, "" where they need none
    """

    name: str
    role: Role
    user_id: str | None = None
    district: str = ""
    streams: tuple[str, ...] = ()
    via: str = ""
    csrf: str = ""

    @property
    def may_write(self) -> bool:
        """Whether they plan."""
        return self.role in (Role.ADMINISTRATOR, Role.PLANNER)

    @property
    def may_comment(self) -> bool:
        """Whether they may say something of a site."""
        return self.role is not Role.PUBLIC

    @property
    def sees_all(self) -> bool:
        """Whether nothing of a plan is kept from them."""
        return self.may_write

    @property
    def view(self) -> tuple[Role, str, tuple[str, ...]]:
        """All that decides what they see of a plan: two of the same view are told the same."""
        return self.role, self.district, self.streams

    def sees_stream(self, stream: str) -> bool:
        """Whether a stream is theirs to read."""
        return self.role is not Role.DEPARTMENT or stream in self.streams

    def sees_district(self, district: str) -> bool:
        """Whether a district is theirs to read."""
        return self.role is not Role.TOWNSHIP or district == self.district

    def sees_places_of(self, stream: str) -> bool:
        """Whether they are told where the sites of a stream are."""
        return self.role is not Role.PUBLIC or not is_sensitive(stream)

    def sees_run(self, row: AnyRun) -> bool:
        """Whether a run is theirs to read."""
        if self.may_write:
            return True
        if self.role is Role.PUBLIC:
            return row.published
        if row.state != RunState.FINISHED.value:
            return False
        return self.role is not Role.DEPARTMENT or any(map(self.sees_stream, row.streams))


OPEN = Principal("open", Role.ADMINISTRATOR, via="open")
NOBODY = Principal("public", Role.PUBLIC)


def principal_of(user: UserRow, via: str, csrf: str = "") -> Principal:
    """A user as who they are."""
    streams = tuple(str(one) for one in user.streams)
    return Principal(user.name, Role(user.role), user.id, user.district, streams, via, csrf)


def is_sensitive(stream: str) -> bool:
    """Whether a stream handles what nobody should go looking for, as its profile says.

    A stream that the package no longer has is kept from the public: nobody can say what it was.
    """
    return stream in sensitive_streams() or stream not in _known_streams()


_known_streams = cache(stream_ids)


def require_writer(principal: Principal) -> None:
    """Planners and administrators only.

    Raises
    ------
    Problem
        401 for nobody in particular, 403 for anybody else.
    """
    if not principal.may_write:
        raise Problem(
            401 if principal.role is Role.PUBLIC and not principal.via else 403,
            N_("planners and administrators only"),
            headers={"WWW-Authenticate": "Bearer"} if not principal.via else None,
        )


def require_administrator(principal: Principal) -> None:
    """Administrators only."""
    require_writer(principal)
    if principal.role is not Role.ADMINISTRATOR:
        raise Problem(403, N_("administrators only"))


def require_whole_plan(principal: Principal, row: RunRow) -> None:
    """Those to whom a whole file of a plan may be given: it cannot be cut to size.

    Raises
    ------
    Problem
        403 where some of the plan is not theirs to see.
    """
    whole = (
        principal.role is not Role.TOWNSHIP
        and all(principal.sees_stream(stream) for stream in row.streams)
        and all(principal.sees_places_of(stream) for stream in row.streams)
    )
    if not whole:
        raise Problem(403, N_("the file holds more of the plan than is yours to see"))
