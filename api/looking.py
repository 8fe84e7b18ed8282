"""Files looked at in a process of their own, and scenarios checked."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.problems import Problem
from api.service import Service
from geodata.faults import N_, Fault, InputError
from scenarios.load import load_scenario
from scenarios.schema import Scenario
from scenarios.store import keeping

LOOK_LIMIT_S = 120.0
ROOT = str(Path(__file__).resolve().parents[1])
STREAM = re.compile(r"[a-z][a-z0-9_]*")

Document = dict[str, Any]


def read_document(
    service: Service, document: Mapping[str, Any], overrides: Sequence[str] = ()
) -> tuple[Scenario, Document]:
    """A scenario out of a request, with every fault of it at once.

    A document of a request names uploads and streams of the package; it cannot name a path.

    Raises
    ------
    InputError
        With every fault.
    """
    place = Path(tempfile.mkdtemp(prefix="wangdian-scenario-"))
    try:
        path = place / "scenario.yaml"
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        path.write_text(text, encoding="utf-8")
        faults = _outside(document)
        if faults:
            raise InputError(faults)
        scenario = load_scenario(path, overrides)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise Problem(400, N_("the scenario is no JSON that can be kept")) from None
    except RecursionError:
        raise Problem(400, N_("the scenario is no JSON that can be kept")) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    plain = scenario.model_dump(mode="json", exclude_defaults=True)
    faults = [*_outside(plain), *_missing(service, plain)]
    if faults:
        raise InputError(faults)
    return scenario, plain


def _outside(document: Mapping[str, Any]) -> list[Fault]:
    """Faults for everything that would lead out of the service."""
    faults = []
    uses = document.get("streams")
    for use in uses if isinstance(uses, list) else []:
        stream = use.get("stream") if isinstance(use, dict) else None
        if isinstance(stream, str) and not STREAM.fullmatch(stream):
            message = N_("{stream} is not the id of a stream")
            faults.append(Fault("streams", message, {"stream": repr(stream[:60])}))
    roads = document.get("roads")
    if isinstance(roads, dict) and roads.get("place"):
        message = N_("roads are not fetched from the internet; upload a road file")
        faults.append(Fault("roads", message))
    return faults


def _missing(service: Service, document: Document) -> list[Fault]:
    files = sorted(keeping.files_of(document))
    with service.database.reading() as session:
        known = {one.file for one in keeping.uploads(session, files)}
    message = N_("there is no upload {file}; upload the file first and give the name it is given")
    return [
        Fault("layers", message, {"file": repr(file[:80])}) for file in files if file not in known
    ]


async def look(
    service: Service,
    spec: Mapping[str, Any],
    files: Sequence[str] = (),
    given: Path | None = None,
) -> dict[str, Any]:
    """What the process has to say of uploads; its faults are in both languages.

    Parameters
    ----------
    spec : for ``scenarios.looking``; "path" is the name of one of ``files``
    files : uploads that it may see
    given : a file that is not kept, by its own name
    """
    async with service.checks:
        place = Path(tempfile.mkdtemp(prefix="wangdian-look-"))
        try:
            for name in files:
                await asyncio.to_thread(service.store.fetch, f"uploads/{name}", place / name)
            if given is not None:
                await asyncio.to_thread(shutil.copyfile, given, place / given.name)
            path = place / "spec.json"
            told = {**spec, "folder": str(place), "path": str(place / str(spec.get("path", "")))}
            path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
            return await _looked(path)
        finally:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def _looked(path: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "scenarios.looking", str(path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ROOT, "TMPDIR": str(path.parent)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(LOOK_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise Problem(422, N_("the file takes too long to read; make it smaller")) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        found: dict[str, Any] = json.loads(output)
    except ValueError:
        raise Problem(422, N_("the file needs more memory or time than is given to one")) from None
    return found
