"""Scenarios and uploads: kept, found, changed, taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scenarios.store.models import RunRow, ScenarioRow, UploadRow


def add_scenario(
    session: Session,
    document: dict[str, Any],
    *,
    owner_id: str | None = None,
    parent_id: str | None = None,
) -> ScenarioRow:
    """Keep a scenario."""
    row = ScenarioRow(
        title=str(document["title"]), document=document, owner_id=owner_id, parent_id=parent_id
    )
    session.add(row)
    session.flush()
    return row


def scenario(session: Session, scenario_id: str) -> ScenarioRow | None:
    """A scenario by id."""
    return session.get(ScenarioRow, scenario_id)


def scenarios(session: Session, *, limit: int, offset: int = 0) -> tuple[list[ScenarioRow], int]:
    """A page of scenarios, the latest first, and how many there are."""
    order = (ScenarioRow.updated_at.desc(), ScenarioRow.id)
    rows = session.scalars(select(ScenarioRow).order_by(*order).limit(limit).offset(offset))
    return list(rows), session.scalar(select(func.count(ScenarioRow.id))) or 0


def remove_scenario(session: Session, row: ScenarioRow) -> None:
    """Take a scenario away; its runs stay."""
    session.delete(row)


def add_upload(session: Session, row: UploadRow) -> UploadRow:
    """Keep an upload; the same file twice is one."""
    known = session.get(UploadRow, row.file)
    if known is not None:
        return known
    session.add(row)
    session.flush()
    return row


def uploads(session: Session, files: Sequence[str] | None = None) -> list[UploadRow]:
    """Uploads, all or those of these names, the latest first."""
    wanted = select(UploadRow).order_by(UploadRow.created_at.desc(), UploadRow.file)
    if files is not None:
        wanted = wanted.where(UploadRow.file.in_(list(files)))
    return list(session.scalars(wanted))


def remove_upload(session: Session, row: UploadRow) -> None:
    """Forget an upload."""
    session.delete(row)


def upload_in_use(session: Session, file: str) -> bool:
    """Whether a scenario or a run that has not ended names the file."""
    documents = [
        *session.scalars(select(ScenarioRow.document)),
        *session.scalars(select(RunRow.document).where(RunRow.finished_at.is_(None))),
    ]
    return any(file in files_of(document) for document in documents)


def files_of(document: dict[str, Any]) -> set[str]:
    """The files that a scenario's document names."""
    specs = [*(document.get("layers") or {}).values(), document.get("roads") or {}]
    return {str(one["file"]) for one in specs if one.get("file")}
