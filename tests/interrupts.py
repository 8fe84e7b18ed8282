"""Child processes that hear Ctrl-C wherever the tests run."""

from __future__ import annotations

import signal


def hears_interrupts() -> None:
    """For ``preexec_fn``: a shell that starts the tests in the background has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
