"""Files of runs and uploads: a folder by default, any fsspec URL by setting.

Files are complete or not there: in a folder they are written beside and renamed, elsewhere the
database names them only when all of them have arrived.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec  # type: ignore[import-untyped]  # has no stubs


@dataclass(frozen=True)
class Artefact:
    """One file."""

    size: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return asdict(self)


class ArtefactStore:
    """Files by key, a relative path with forward slashes.

    Parameters
    ----------
    url : a folder, or ``s3://...``, ``memory://...`` as fsspec has them
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._files, root = fsspec.core.url_to_fs(url)
        self._root = str(root).rstrip("/")
        self.is_local = "file" in _protocols(self._files)
        if self.is_local:
            Path(self._root).mkdir(parents=True, exist_ok=True)

    def publish(self, folder: Path, prefix: str) -> dict[str, Artefact]:
        """Bring a whole folder under ``prefix``; in a folder, in one step.

        Returns
        -------
        The files by name relative to the prefix.
        """
        names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        made = {name: _measured(folder / name) for name in names}
        if not self.is_local:
            for name in names:
                self._files.put_file(str(folder / name), self._at(f"{prefix}/{name}"))
            return made
        target = Path(self._at(prefix))
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
        try:
            for name in names:
                _copied(folder / name, staging / name)
            staging.chmod(0o755)
            if target.exists():
                shutil.rmtree(target)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return made

    def put(self, path: Path, key: str) -> None:
        """Bring one file under ``key``; what stands there under a content's name is the same."""
        if not self.is_local:
            self._files.put_file(str(path), self._at(key))
            return
        target = Path(self._at(key))
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = target.with_name(f".part-{os.getpid()}-{target.name}")
        try:
            _copied(path, staging)
            staging.replace(target)
        finally:
            staging.unlink(missing_ok=True)

    def fetch(self, key: str, target: Path) -> None:
        """Bring a file here.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        local = self.local_path(key)
        if local is None:
            self._files.get_file(self._at(key), str(target))
            return
        try:
            target.hardlink_to(local)
        except OSError:  # another disk
            shutil.copyfile(local, target)

    def local_path(self, key: str) -> Path | None:
        """The file itself where the store is a folder of this machine, else None."""
        return Path(self._at(key)) if self.is_local else None

    @contextmanager
    def open(self, key: str) -> Iterator[IO[bytes]]:
        """A file's bytes.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        with self._files.open(self._at(key), "rb") as stream:
            yield stream

    def exists(self, key: str) -> bool:
        """Whether there is such a file or folder."""
        return bool(self._files.exists(self._at(key)))

    def remove(self, prefix: str) -> None:
        """Take away everything under ``prefix``."""
        at = self._at(prefix)
        if self._files.exists(at):
            self._files.rm(at, recursive=True)

    def sweep(self, kept: Mapping[str, object], under: str = "runs") -> None:
        """Take away what a killed process left half-made: in a folder, other than ``kept``."""
        if not self.is_local:
            return
        for place in Path(self._at(under)).glob("*/*"):
            key = place.relative_to(self._root).as_posix()
            if key not in kept:
                shutil.rmtree(place, ignore_errors=True)

    def _at(self, key: str) -> str:
        """Where a key is; keys are ours, but a slip must not lead out of the store."""
        parts = PurePosixPath(key).parts
        if not parts or ".." in parts or parts[0].startswith("/") or "\0" in key:
            raise FileNotFoundError(key)
        return f"{self._root}/{'/'.join(parts)}"


def _protocols(files: Any) -> tuple[str, ...]:
    named = files.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _measured(path: Path) -> Artefact:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Artefact(path.stat().st_size, digest)


def _copied(source: Path, target: Path) -> None:
    """A copy that is on the disk when this returns."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as one, target.open("wb") as other:
        shutil.copyfileobj(one, other, 2**20)
        other.flush()
        os.fsync(other.fileno())
