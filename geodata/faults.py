"""Faults of input: found all at once, each naming the thing, the value and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a fault means for the run."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input.

    Parameters
    ----------
    where : file, and sheet, layer, row or id, e.g. "villages.csv, row 17"
    message : English sentence with ``{named}`` places; it is the key for translations
    values : what goes into the places
    severity : an error stops the run, a warning is shown with the plan
    """

    where: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.ERROR

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence for a reader, e.g. ``fault.text(gettext)``."""
        return f"{self.where}: {translate(self.message).format(**self.values)}"

    def __str__(self) -> str:
        return self.text()


class InputError(ValueError):
    """Inputs that cannot be planned with; carries every fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a sentence for the catalogue where it is written; it is translated where it is shown."""
    return message


def raise_errors(faults: Iterable[Fault]) -> None:
    """Raise one :class:`InputError` with all faults if any of them is an error."""
    found = tuple(faults)
    if any(fault.severity is Severity.ERROR for fault in found):
        raise InputError(found)
