"""Users, their keys and sessions, comments, and the audit."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scenarios.store.models import (
    AuditRow,
    CommentRow,
    KeyRow,
    SessionRow,
    UserRow,
    now,
)


def count_users(session: Session) -> int:
    """How many users are set up."""
    return session.scalar(select(func.count(UserRow.id)).where(UserRow.active)) or 0


def users(session: Session) -> list[UserRow]:
    """All users by name."""
    return list(session.scalars(select(UserRow).order_by(UserRow.name)))


def user_named(session: Session, name: str) -> UserRow | None:
    """A user by name."""
    return session.scalars(select(UserRow).where(UserRow.name == name)).first()


def user_of_key(session: Session, digest: str) -> UserRow | None:
    """Whose key this is, None where it is nobody's or has been revoked."""
    wanted = (
        select(UserRow)
        .join(KeyRow, KeyRow.user_id == UserRow.id)
        .where(KeyRow.digest == digest, KeyRow.revoked_at.is_(None), UserRow.active)
    )
    return session.scalars(wanted).first()


def keys_of(session: Session, user_id: str) -> list[KeyRow]:
    """A user's keys."""
    wanted = select(KeyRow).where(KeyRow.user_id == user_id).order_by(KeyRow.created_at)
    return list(session.scalars(wanted))


def session_of(session: Session, digest: str) -> tuple[UserRow, SessionRow] | None:
    """Who signed in with this cookie, None where nobody did or it has run out."""
    wanted = (
        select(UserRow, SessionRow)
        .join(SessionRow, SessionRow.user_id == UserRow.id)
        .where(SessionRow.digest == digest, SessionRow.expires_at > now(), UserRow.active)
    )
    found = session.execute(wanted).first()
    return None if found is None else (found[0], found[1])


def end_session(session: Session, digest: str) -> None:
    """Sign out."""
    session.execute(delete(SessionRow).where(SessionRow.digest == digest))


def end_old_sessions(session: Session) -> None:
    """Forget sessions that have run out."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= now()))


def comments(session: Session, run_id: str, *, district: str | None = None) -> list[CommentRow]:
    """Comments on a plan, the latest first."""
    wanted = select(CommentRow).where(CommentRow.run_id == run_id)
    if district is not None:
        wanted = wanted.where(CommentRow.district == district)
    return list(session.scalars(wanted.order_by(CommentRow.created_at.desc())))


def audit(session: Session, *, limit: int, offset: int = 0) -> list[AuditRow]:
    """Writes, the latest first."""
    wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit).offset(offset)
    return list(session.scalars(wanted))
