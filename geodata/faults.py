"""Faults of input: found all at once, each naming the thing, the value and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_MOST_NAMED = 5


class Severity(StrEnum):
    """What a fault means for the run."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Phrase:
    """A part of a sentence that is translated with it, e.g. "rows 3, 7 and 12 more"."""

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The words for a reader."""
        return _filled(self.message, self.values, translate)

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input.

    Parameters
    ----------
    where : file, and sheet, layer or id, e.g. "county.xlsx [villages]"
    message : English sentence with ``{named}`` places; it is the key for translations
    values : what goes into the places; a :class:`Phrase` is translated too, a tuple is listed
    severity : an error stops the run, a warning is shown with the plan
    row : row of the file as Excel shows it, where the fault is in one
    """

    where: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.ERROR
    row: int | None = None

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence for a reader, e.g. ``fault.text(gettext)``."""
        place = self.where
        if self.row is not None:
            place = f"{place}, {_filled(N_('row {rows}'), {'rows': self.row}, translate)}"
        return f"{place}: {_filled(self.message, self.values, translate)}"

    def __str__(self) -> str:
        return self.text()


class InputError(ValueError):
    """Inputs that cannot be planned with; carries every fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def list_rows(rows: Sequence[int]) -> Phrase:
    """Rows in words: "row 7", "rows 7, 9", "rows 1, 2, 3, 4, 5 and 31 more"."""
    shown = tuple(rows[:_MOST_NAMED])
    if len(rows) > _MOST_NAMED:
        message = N_("rows {rows} and {more} more")
        return Phrase(message, {"rows": shown, "more": len(rows) - _MOST_NAMED})
    return Phrase(N_("row {rows}") if len(rows) == 1 else N_("rows {rows}"), {"rows": shown})


def list_names(names: Sequence[str | Phrase]) -> Phrase:
    """The first names and how many more there are."""
    shown = tuple(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        values = {"names": shown, "more": len(names) - _MOST_NAMED}
        return Phrase(N_("{names} and {more} more"), values)
    return Phrase("{names}", {"names": shown})


def nearest_hint(near: str) -> Phrase | str:
    """What a mistyped word may have meant, "" where nothing is near."""
    return Phrase(N_(" (do you mean {near}?)"), {"near": near}) if near else ""


def _filled(message: str, values: Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """A translated sentence with its values in place."""
    said = {name: _said(value, translate) for name, value in values.items()}
    return translate(message).format(**said)


def _said(value: Any, translate: Callable[[str], str]) -> Any:
    """A value as it stands in the sentence."""
    if isinstance(value, Phrase):
        return value.text(translate)
    if isinstance(value, tuple):
        return ", ".join(str(_said(one, translate)) for one in value)
    return value


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a sentence for the catalogue where it is written; it is translated where it is shown."""
    return message


def raise_errors(faults: Iterable[Fault]) -> None:
    """Raise one :class:`InputError` with all faults if any of them is an error."""
    found = tuple(faults)
    if any(fault.severity is Severity.ERROR for fault in found):
        raise InputError(found)
