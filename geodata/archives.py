"""Zipped input unpacked without trust: no climbing paths, no links, no bombs."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from geodata.faults import N_, Fault, InputError

MOST_FILES = 2_000
MOST_BYTES = 2 * 1024**3
MOST_RATIO = 200
_SMALL_BYTES = 20 * 1024**2  # below this no ratio is a danger: blank tables compress 1000-fold
_CHUNK = 1024**2


def check_archive(path: Path, where: str, most_bytes: int = MOST_BYTES) -> list[zipfile.ZipInfo]:
    """Members of a zip file (also .xlsx is one) after every member has been found harmless.

    Raises
    ------
    InputError
        For a damaged file, a path that climbs out, a link, an encrypted member or a bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        message = N_("the file is damaged or cut short ({why}); copy or save it again")
        raise InputError([Fault(where, message, {"why": str(error)})]) from None
    faults = [fault for member in members if (fault := _member_fault(member, where))]
    total = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if (
        len(members) > MOST_FILES
        or total > most_bytes
        or (total > _SMALL_BYTES and total / packed > MOST_RATIO)
    ):
        message = N_(
            "unpacks to {size} MB in {n} files, which is more than is read from an archive"
        )
        faults.append(Fault(where, message, {"size": total // 1024**2, "n": len(members)}))
    if faults:
        raise InputError(faults)
    return members


@contextmanager
def unpacked(path: Path, where: str) -> Iterator[Path]:
    """Folder with the members of a zip file, gone when the block ends.

    Raises
    ------
    InputError
        As :func:`check_archive`, and where a member holds more than the archive says.
    """
    members = check_archive(path, where)
    with TemporaryDirectory(prefix="wangdian-") as folder, zipfile.ZipFile(path) as archive:
        for member in members:
            if not member.is_dir():
                _unpack(archive, member, Path(folder) / _member_name(member), where)
        yield Path(folder)


def _member_fault(member: zipfile.ZipInfo, where: str) -> Fault | None:
    """What makes one member unfit to unpack."""
    values = {"name": member.filename[:100]}
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    climbs = not parts or parts[0].startswith("/") or ".." in parts or ":" in parts[0]
    if climbs:
        message = N_(
            "the archive holds {name!r}, a path that leads out of its folder; it is not read"
        )
        return Fault(where, message, values)
    if stat.S_ISLNK(member.external_attr >> 16):
        return Fault(where, N_("the archive holds a link, {name!r}; it is not read"), values)
    if member.flag_bits & 1:
        message = N_("{name!r} in the archive is protected by a password; pack it without one")
        return Fault(where, message, values)
    return None


def _member_name(member: zipfile.ZipInfo) -> Path:
    """Path inside the folder; GBK names that zip tools of Chinese Windows write are restored."""
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gb18030")
        except (UnicodeDecodeError, UnicodeEncodeError):
            name = member.filename
    parts = [
        part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("..", "/")
    ]
    return Path(*parts)


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, where: str) -> None:
    """Write one member; zipfile itself stops at the size that the member declares."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        message = N_("{name!r} in the archive is damaged ({why}); pack it again")
        values = {"name": member.filename, "why": str(error)}
        raise InputError([Fault(where, message, values)]) from None
