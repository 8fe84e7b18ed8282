"""Which plan was written last on this machine: what ``wangdian serve`` shows by default."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def remember(folder: Path) -> None:
    """Note the folder; a machine where that cannot be written loses a convenience only."""
    note = _note()
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(str(folder.absolute()), encoding="utf-8")


def last_plan() -> Path | None:
    """The folder noted last, None where there is none or it has gone."""
    try:
        folder = Path(_note().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return folder if folder.is_dir() else None


def _note() -> Path:
    """``last_plan`` under the user's state folder (XDG base directories)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "wangdian" / "last_plan"
