"""Compile numeric kernels once per installation, and say so when it is going to take time."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

log = logging.getLogger("geodata.impedance")
_kernels: list[Any] = []
_announced = threading.Event()


def compiled(function: Kernel) -> Kernel:
    """A kernel in machine code that runs without the GIL and is stored beside its source.

    No fast-math: unreachable places carry infinities, which fast-math may not meet. A kernel may
    only call kernels of its own module, since numba notices changes of that file alone.
    """
    kernel = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    _kernels.append(kernel)
    return cast("Kernel", kernel)


def is_compiled() -> bool:
    """Whether an earlier run on this installation left the kernels' machine code behind."""
    return all(_has_stored_code(kernel) for kernel in _kernels if hasattr(kernel, "stats"))


def announce() -> None:
    """Log a line before the first search of an installation, which waits for the compiler."""
    if not _announced.is_set():
        _announced.set()
        if not is_compiled():
            log.info("compiling the road searches, once for this installation (about 15 s)")


def workers() -> int:
    """Threads of a search: ``WANGDIAN_THREADS`` or the processor cores this process may use."""
    wanted = os.environ.get("WANGDIAN_THREADS", "")
    return max(1, int(wanted)) if wanted.isdigit() else len(os.sched_getaffinity(0))


def _has_stored_code(kernel: Any) -> bool:
    folder = kernel.stats.cache_path
    name = kernel.py_func.__qualname__
    stem = Path(kernel.py_func.__code__.co_filename).stem
    return folder is not None and any(Path(folder).glob(f"{stem}.{name}-*.nbi"))
