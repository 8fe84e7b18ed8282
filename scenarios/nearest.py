"""What somebody probably meant: the nearest known word to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, None where none is alike."""
    by_plain = {one.casefold().replace("-", "_"): one for one in known}
    found = difflib.get_close_matches(word.casefold().replace("-", "_"), by_plain, n=1, cutoff=0.55)
    return by_plain[found[0]] if found else None
