"""A plan into a folder: all of it or nothing, whatever happens on the way."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geodata.faults import N_, Fault, InputError
from scenarios.aside import Aside
from scenarios.plan import Plan
from scenarios.plan_json import plan_text
from scenarios.problem_file import write_problems
from scenarios.programme.file import write_programme

MAP, WORKBOOK, GEOPACKAGE, PLAN = "map.html", "plan.xlsx", "plan.gpkg", "plan.json"
PROBLEM = "problem.npz"
LEAST_FREE_BYTES = 8 * 2**20
"""Less than a county's files need; with less, one would find out half-way."""

Writer = Callable[[Plan, Path, str], object]


def default_writers() -> dict[str, Writer]:
    """The deliverables by file name."""
    from scenarios.deliverables.geopackage import write_geopackage  # noqa: PLC0415 - heavy
    from scenarios.deliverables.map import write_map  # noqa: PLC0415 - folium
    from scenarios.deliverables.workbook import write_workbook  # noqa: PLC0415

    return {MAP: write_map, WORKBOOK: write_workbook, GEOPACKAGE: write_geopackage}


def write_plan(
    plan: Plan,
    folder: Path | str,
    lang: str = "zh",
    *,
    writers: dict[str, Writer] | None = None,
    aside: Aside | None = None,
) -> list[Path]:
    """Write a plan's files: map, workbook, GeoPackage and a ``plan.json`` for each stream.

    Beside each ``plan.json`` stands the ``problem.npz`` that it can be re-checked from.
    Everything is written beside ``folder`` under a temporary name and moved when it is complete,
    so that a crash, a full disk or Ctrl-C leaves the old plan or the new one.

    Parameters
    ----------
    writers : by file name; the default are all deliverables
    aside : writes the workbook meanwhile, where it is ready

    Returns
    -------
    The files, in the order that a reader looks at them.

    Raises
    ------
    InputError
        Where the disk is full or the folder may not be written; nothing has changed then.
    """
    folder = Path(folder)
    with staging_folder(folder) as staging:
        left = dict(default_writers() if writers is None else writers)
        helper = aside if aside is not None and aside.ready and WORKBOOK in left else None
        if helper is not None:
            del left[WORKBOOK]
            helper.begin(plan, staging / WORKBOOK, lang)
        for name, write in left.items():
            write(plan, staging / name, lang)
        for stream_id, stream in plan.streams.items():
            place = staging if len(plan.streams) == 1 else staging / stream_id
            place.mkdir(exist_ok=True)
            (place / PLAN).write_text(plan_text(plan, stream), encoding="utf-8")
            if stream.programme is None:
                write_problems(place / PROBLEM, stream)
            else:
                write_programme(place / PROBLEM, stream.programme)
        if helper is not None:
            helper.finish()
        written = [one.relative_to(staging) for one in _files(staging)]
    return [folder / one for one in sorted(written, key=_reading_order)]


def check_output_folder(folder: Path | str) -> None:
    """Find out before an hour's work that its result could not be written.

    Raises
    ------
    InputError
        If the folder is a file, may not be written, or has no room.
    """
    folder = Path(folder)
    with disk_faults(folder):
        above = (folder.absolute(), *folder.absolute().parents)
        nearest = next(one for one in above if one.exists())
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        _writable(nearest)
        if shutil.disk_usage(nearest).free < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _may_write(folder: Path) -> bool:
    """Whether we may; a folder that its owner has made read-only stays so for root as well."""
    mode = folder.stat().st_mode
    anybody = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    return os.access(folder, os.W_OK) and bool(mode & anybody)


def _writable(folder: Path) -> None:
    if not _may_write(folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside ``folder`` that takes its place when all went well."""
    check_output_folder(folder)
    with disk_faults(folder):
        target = folder.absolute()
        target.parent.mkdir(parents=True, exist_ok=True)
        # Inside only where the folder above is not ours, as with a mounted volume.
        beside = target.parent if _may_write(target.parent) else target
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=beside))
        try:
            yield staging
            staging.chmod(0o755)
            _publish(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Faults of disk and permission as one message that names the folder and the remedy."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        fault = _disk_fault(error, folder)
        if fault is None:
            raise
        raise InputError([fault]) from error


def _disk_fault(error: BaseException, folder: Path) -> Fault | None:
    where = str(folder)
    code = getattr(error, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or _is_full(folder):
        return Fault(where, N_("the disk is full; free some space or choose another --out"))
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Fault(
            where, N_("may not be written; choose another --out or change its permissions")
        )
    if code in (errno.ENOTDIR, errno.EEXIST):
        return Fault(where, N_("is a file where a folder is needed; choose another --out"))
    if isinstance(error, OSError):
        return Fault(where, N_("cannot be written ({problem})"), {"problem": str(error)})
    return None


def _is_full(folder: Path) -> bool:
    """Whether a writer that hides the system's error (GDAL, SQLite) has filled the disk."""
    for one in (folder.absolute(), *folder.absolute().parents):
        if one.exists():
            return shutil.disk_usage(one).free < 64 * 1024
    return False


def _publish(staging: Path, target: Path) -> None:
    """Put the complete folder in place of the old one."""
    if not target.exists():
        staging.rename(target)
    elif _only_ours(target) and _exchange(staging, target):
        pass  # the old plan is now under the temporary name and goes with it
    else:
        # Files of others live here: replace ours one by one.
        names = [path.relative_to(staging) for path in _files(staging)]
        for name in names:
            goal = target / name
            goal.parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(goal)
        _remove_stale(target, set(names))


def _remove_stale(target: Path, names: set[Path]) -> None:
    """Take away what an earlier plan left and this one does not have."""
    for path in [*target.glob(PLAN), *target.glob(f"*/{PLAN}")]:
        beside = path.with_name(PROBLEM)
        if beside.relative_to(target) not in names:
            beside.unlink(missing_ok=True)
        if path.relative_to(target) not in names:
            path.unlink()
            with suppress(OSError):  # a stream's folder goes too, unless others use it
                if path.parent != target:
                    path.parent.rmdir()


def _only_ours(folder: Path) -> bool:
    """Whether a folder holds a plan and nothing else, so that it may be replaced as a whole."""
    ours = {MAP, WORKBOOK, GEOPACKAGE, PLAN, PROBLEM}
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            if any(inner.name not in ours for inner in one.iterdir()):
                return False
        elif one.name not in ours:
            return False
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step (renameat2); False where the system cannot."""
    at_current_folder, exchange = -100, 2
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done: int = swap(
        at_current_folder, os.fsencode(one), at_current_folder, os.fsencode(other), exchange
    )
    return done == 0


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _reading_order(path: Path) -> tuple[int, str]:
    order = [MAP, WORKBOOK, GEOPACKAGE]
    return (order.index(path.name) if path.name in order else len(order), str(path))
