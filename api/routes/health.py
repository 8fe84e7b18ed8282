"""Whether the service works, for whoever watches it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from api.service import Service, service_of

router = APIRouter(tags=["health"])


@router.get("/health")
def health(service: Annotated[Service, Depends(service_of)]) -> dict[str, Any]:
    """The database answers; runs are handed out."""
    return {
        "database": service.database.answers(),
        "runs": service.runner.is_ready,
    }
