"""The tables, as SQLAlchemy 2 maps them; ``migrations/`` makes them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that nobody can guess or count."""
    return uuid.uuid4().hex


class UtcTime(TypeDecorator[datetime]):
    """A moment with its zone; SQLite forgets the zone, which is always UTC here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """With the zone again."""
        del dialect
        if value is None:
            return None
        stated: datetime = value
        return stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name and form
        dict[str, Any]: JSON,
        list[Any]: JSON,
        datetime: UtcTime,
    }


class Role(StrEnum):
    """Who somebody is to the service."""

    ADMINISTRATOR = "administrator"
    PLANNER = "planner"
    DEPARTMENT = "department"
    TOWNSHIP = "township"
    PUBLIC = "public"


class RunKind(StrEnum):
    """What a run makes."""

    PLAN = "plan"
    """Sites, sizes and service areas."""
    ROUNDS = "rounds"
    """Who drives where and when over a plan."""


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in ENDED


FILES_COME = "files"
"""The phase of a run that has ended with its rounds, while its other files are being made."""

ENDED = frozenset({RunState.FINISHED, RunState.FAILED, RunState.CANCELLED})


class ScenarioRow(Base):
    """A scenario as the planner last saved it; runs keep a copy of their own."""

    __tablename__ = "scenarios"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]]
    parent_id: Mapped[str | None] = mapped_column(String(32))
    owner_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class UploadRow(Base):
    """An uploaded file; ``file`` is what a scenario calls it and where it is stored."""

    __tablename__ = "uploads"

    file: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    """The name it came with, for people; never a path."""
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)


class RunRow(Base):
    """One run of a scenario."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scenario_id: Mapped[str | None] = mapped_column(
        ForeignKey("scenarios.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str] = mapped_column(
        String(12), default=RunKind.PLAN.value, server_default=RunKind.PLAN.value
    )
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """How to make it, beyond the scenario; of rounds alone."""
    title: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]]
    streams: Mapped[list[Any]]
    key: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of inputs and versions: the same key is the same answer."""
    lang: Mapped[str] = mapped_column(String(2), default="zh")
    state: Mapped[str] = mapped_column(String(12), default=RunState.QUEUED.value, index=True)
    phase: Mapped[str] = mapped_column(String(40), default="")
    stream: Mapped[str] = mapped_column(String(80), default="")
    tier: Mapped[str] = mapped_column(String(80), default="")
    percent: Mapped[float] = mapped_column(default=0.0)
    objective: Mapped[float | None]
    bound: Mapped[float | None]
    gap: Mapped[float | None]
    attempt: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    published: Mapped[bool] = mapped_column(default=False)
    start_run_id: Mapped[str | None] = mapped_column(String(32))
    """The run that this one starts from."""
    folder: Mapped[str] = mapped_column(String(120), default="")
    """Where its artefacts are, "" until they are complete."""
    artefacts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """File name -> size and sha256."""
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    faults: Mapped[list[Any]] = mapped_column(default=list)
    owner_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class EventRow(Base):
    """Something that happened in a run, in order."""

    __tablename__ = "run_events"
    __table_args__ = (Index("run_events_of_run", "run_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(default=now)


class UserRow(Base):
    """Somebody who may sign in or hold keys."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(Text)
    district: Mapped[str] = mapped_column(String(120), default="")
    """A township official's own."""
    streams: Mapped[list[Any]] = mapped_column(default=list)
    """A department's own."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class KeyRow(Base):
    """An API key, by its digest."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(120), default="")
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser that has signed in, by the digest of its cookie."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class CommentRow(Base):
    """What a township says of a site of a plan."""

    __tablename__ = "comments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    stream: Mapped[str] = mapped_column(String(80))
    site_id: Mapped[str] = mapped_column(String(200))
    district: Mapped[str] = mapped_column(String(120), default="")
    verdict: Mapped[str] = mapped_column(String(12))
    """``confirm``, ``object`` or ``note``."""
    text: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)


class AuditRow(Base):
    """A write that somebody made or tried."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    who: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int]
