"""Files that a planner brings: taken in, described before use, taken away."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path, PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.auth.principal import Principal, require_writer
from api.looking import look
from api.problems import Problem, request_language, stored_faults
from api.service import Service, principal_of_request, service_of
from geodata.archives import check_archive
from geodata.faults import N_
from geodata.geojson_limits import check_geojson
from geodata.tables import TEXT_ENDINGS
from geodata.vectors import VECTOR_ENDINGS
from geodata.workbooks import WORKBOOK_ENDINGS
from scenarios.store import keeping
from scenarios.store.models import UploadRow

router = APIRouter(prefix="/api/uploads", tags=["uploads"])

ROAD_ENDINGS = frozenset({".pbf", ".osm", ".graphml"})
ENDINGS = frozenset({*TEXT_ENDINGS, *VECTOR_ENDINGS, *WORKBOOK_ENDINGS, *ROAD_ENDINGS})
ARCHIVES = frozenset({".zip", ".xlsx", ".xlsm"})
GEOJSON_ENDINGS = frozenset({".geojson", ".json"})
MOST_UNPACKED = 2 * 2**30
FILE_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{2,8}")

Who = Annotated[Principal, Depends(principal_of_request)]
Served = Annotated[Service, Depends(service_of)]


@router.post("", status_code=201)
async def take(file: UploadFile, who: Who, service: Served) -> JSONResponse:
    """Take a file in. The ``file`` of the answer is what a scenario calls it."""
    require_writer(who)
    row = await run_in_threadpool(_taken, file, who, service)
    return JSONResponse(shown(row), 201, {"Location": f"/api/uploads/{row.file}"})


def _taken(file: UploadFile, who: Principal, service: Service) -> UploadRow:
    name = PurePath((file.filename or "").replace("\\", "/")).name[:200] or "file"
    ending = PurePath(name).suffix.casefold()
    if ending not in ENDINGS:
        values = {"ending": ending[:12] or "-", "known": " ".join(sorted(ENDINGS))}
        raise Problem(415, N_("files ending in {ending} are not read; these are: {known}"), values)
    work = service.settings.data / "uploading"
    work.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=work)
    place = Path(path)
    try:
        digest, size = _copied(file, handle, service.settings.upload_mb * 2**20)
        if ending in ARCHIVES:
            check_archive(place, name, MOST_UNPACKED)
        if ending in GEOJSON_ENDINGS:
            check_geojson(place, name)
        row = UploadRow(
            file=f"{digest[:32]}{ending}", name=name, size=size, sha256=digest, owner_id=who.user_id
        )
        _make_room(service, row)
        service.store.put(place, f"uploads/{row.file}")
        with service.database.writing() as session:
            return keeping.add_upload(session, row)
    finally:
        place.unlink(missing_ok=True)


def _copied(file: UploadFile, handle: int, most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(handle, "wb") as sink:
        while chunk := file.file.read(2**20):
            size += len(chunk)
            if size > most:
                raise Problem(413, N_("at most {size} MB are taken at once"), {"size": most >> 20})
            digest.update(chunk)
            sink.write(chunk)
    if size == 0:
        raise Problem(422, N_("the file is empty"))
    return digest.hexdigest(), size


def _make_room(service: Service, row: UploadRow) -> None:
    with service.database.reading() as session:
        taken = sum(one.size for one in keeping.uploads(session) if one.file != row.file)
    if taken + row.size > service.settings.uploads_mb * 2**20:
        raise Problem(413, N_("there is no room for more uploads; remove some first"))


@router.get("")
def listed(who: Who, service: Served) -> list[dict[str, Any]]:
    """All uploads, the latest first."""
    require_writer(who)
    with service.database.reading() as session:
        return [shown(one) for one in keeping.uploads(session)]


@router.get("/{file}/description")
async def description(
    file: str,
    request: Request,
    who: Who,
    service: Served,
    kind: Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")] = "",
    crs: Annotated[str, Query(max_length=40)] = "",
    sheet: Annotated[str, Query(max_length=200)] = "",
) -> dict[str, Any]:
    """Sheets, columns, coordinates and faults of a file before it is used, with a few points."""
    require_writer(who)
    row = await run_in_threadpool(_known, file, service)
    spec = {"look": "describe", "path": row.file, "kind": kind, "crs": crs, "sheet": sheet}
    found = await look(service, spec, [row.file])
    faults = stored_faults(found.pop("faults"), request_language(request))
    return {**shown(row), **found, "faults": _renamed(faults, row)}


def _renamed(faults: list[dict[str, Any]], row: UploadRow) -> list[dict[str, Any]]:
    """Faults that call the file by the name it came with."""
    return [
        {key: value.replace(row.file, row.name) if isinstance(value, str) else value
         for key, value in one.items()}
        for one in faults
    ]  # fmt: skip


@router.get("/{file}")
def one(file: str, who: Who, service: Served) -> dict[str, Any]:
    """One upload."""
    require_writer(who)
    return shown(_known(file, service))


@router.delete("/{file}", status_code=204)
def remove(file: str, who: Who, service: Served) -> Response:
    """Take an upload away that nothing uses."""
    require_writer(who)
    row = _known(file, service)
    with service.database.writing() as session:
        if keeping.upload_in_use(session, row.file):
            raise Problem(409, N_("a scenario or a run uses this file"))
        keeping.remove_upload(session, row)
    service.store.remove(f"uploads/{row.file}")
    return Response(status_code=204)


def _known(file: str, service: Service) -> UploadRow:
    with service.database.reading() as session:
        found = keeping.uploads(session, [file]) if FILE_NAME.fullmatch(file) else []
    if not found:
        raise Problem(404, N_("there is no such upload"))
    return found[0]


def shown(row: UploadRow) -> dict[str, Any]:
    """An upload as its own page tells it."""
    return {
        "file": row.file,
        "name": row.name,
        "size": row.size,
        "sha256": row.sha256,
        "created_at": row.created_at.isoformat(),
    }
