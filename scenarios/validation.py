"""Plain values into the frozen types of ``schema``, every fault named with its place and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from geodata.faults import N_, Fault, InputError
from scenarios.nearest import nearest
from scenarios.yaml_lines import YamlDocument

ModelType = TypeVar("ModelType", bound=BaseModel)


def validated(model: type[ModelType], document: YamlDocument, where: str) -> ModelType:
    """The document as a ``model``.

    Raises
    ------
    InputError
        With one fault for every value that does not fit; unknown keys suggest the nearest.
    """
    if document.faults:
        raise InputError(document.faults)
    if not isinstance(document.data, dict):
        raise InputError(
            [
                Fault(
                    where,
                    N_("holds {found} where keys and values are wanted, such as 'title: ...'"),
                    {"found": "nothing" if document.data is None else repr(document.data)[:60]},
                )
            ]
        )
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise InputError(
            [_fault(model, one, document, where) for one in found if not _follows(one, found)]
        ) from None


def _follows(error: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether an error only repeats that an item below it is wrong."""
    path = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(path) and other["loc"][: len(path)] == path for other in found
    )


def _fault(
    model: type[BaseModel], error: ErrorDetails, document: YamlDocument, where: str
) -> Fault:
    path = error["loc"]
    # ``basis`` is not written in a file: a number and its basis are one mapping there.
    written = tuple(step for step in path if step != "basis")
    line = document.line(written)
    place = where if line is None else f"{where}, line {line}"
    key = dotted(written)
    if error["type"] == "extra_forbidden":
        return unknown_key(place, key, str(path[-1]), fields_at(model, path[:-1]))
    if error["type"] == "missing":
        return Fault(place, N_("{key} is missing"), {"key": key})
    return Fault(
        place,
        N_("{key} is {value}: {problem}"),
        {"key": key, "value": repr(error["input"])[:80], "problem": _problem(error)},
    )


def _problem(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"it should be {message}" if message != error["msg"] else message


def unknown_key(where: str, key: str, word: str, known: Sequence[str]) -> Fault:
    """A fault for a key that does not exist, naming the nearest or all that do."""
    near = nearest(word, known)
    if near is not None:
        return Fault(
            where, N_("{key} is not known; did you mean {near}?"), {"key": key, "near": near}
        )
    return Fault(
        where,
        N_("{key} is not known; known here: {known}"),
        {"key": key, "known": ", ".join(known) or "-"},
    )


def dotted(path: Sequence[str | int]) -> str:
    """A key path as people write it: ``streams.0.set``."""
    return ".".join(map(str, path))


def fields_at(model: type[BaseModel], path: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that a value at ``path`` inside ``model`` may have."""
    current: type[BaseModel] | None = model
    for step in path:
        if current is None:
            return ()
        if isinstance(step, str) and step in current.model_fields:
            current = _model_in(current.model_fields[step].annotation)
        # A list position or a key of a mapping: the type was found with the field above.
    return () if current is None else tuple(current.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None
