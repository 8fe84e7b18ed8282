"""Compiled kernels that no longer fit their sources are thrown away before any is loaded.

numba keeps machine code beside each source and looks at that one file when it loads it. A kernel
that another file's kernel is built into may have changed meanwhile (after ``git pull``): then old
code would run on new data, with wrong answers or none. So all sources of this package share one
digest, and everything compiled goes when it changes.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

STAMP = "kernels.sha256"


def forget_stale_kernels(folder: Path) -> int:
    """Remove machine code under ``folder`` that is older than a source there; how many files.

    A folder that cannot be written holds no machine code: numba keeps it elsewhere then, and an
    installation there comes with new times for all its files.
    """
    sources = sorted(folder.rglob("*.py"))
    digest = _digest(sources)
    stamp = folder / "__pycache__" / STAMP
    with contextlib.suppress(OSError):
        if stamp.read_text("ascii") == digest:
            return 0
    removed = 0
    with contextlib.suppress(OSError):
        for one in [*folder.rglob("__pycache__/*.nbi"), *folder.rglob("__pycache__/*.nbc")]:
            one.unlink(missing_ok=True)
            removed += 1
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest, "ascii")
    return removed


def _digest(sources: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for one in sources:
        text = one.read_bytes()
        if b"njit" in text:
            digest.update(one.name.encode())
            digest.update(text)
    return digest.hexdigest()
