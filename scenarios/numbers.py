"""Every number of a stream profile with its key, unit and evidence, for whoever lists defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from scenarios.evidence import Basis, Cited, Sourced

NOT_FIGURES = frozenset({"year", "start_week", "weeks", "least_districts", "most_districts"})
"""Integers of a text's own wording and calendar: they stand in the sentence that is cited."""

UNIT_ENDINGS: Sequence[tuple[str, str]] = (
    ("_wan_cny_per_yr", "wan_cny_per_yr"),
    ("_wan_cny", "wan_cny"),
    ("_cny_per_t_km", "cny/(t·km)"),
    ("_t_per_yr", "t/yr"),
    ("_kph", "km/h"),
    ("_km", "km"),
    ("_m2", "m2"),
    ("_m", "m"),
    ("_t", "t"),
    ("_yr", "yr"),
)


@dataclass(frozen=True)
class NumberFound:
    """One number of a profile with its evidence.

    Parameters
    ----------
    key : dotted path into the profile, as ``--set`` takes it
    field : the last part of it that is a name
    basis : None where nobody has said where the number is from
    """

    key: str
    field: str
    value: float | None
    unit: str
    basis: Cited | None


def unit_of(field: str) -> str:
    """The unit that a field's name ends in; "" for a plain count or share."""
    return next((unit for ending, unit in UNIT_ENDINGS if field.endswith(ending)), "")


def numbers_in(value: object, key: str = "", field: str = "") -> Iterator[NumberFound]:
    """Every number inside a model that was set, with its own basis or its owner's source."""
    if isinstance(value, Sourced):
        yield NumberFound(key, field, value.value, value.unit, value)
    elif isinstance(value, tuple):
        for position, one in enumerate(value):
            name = str(getattr(one, "id", "") or position)
            yield from numbers_in(one, f"{key}.{name}", field)
    elif isinstance(value, BaseModel):
        yield from _numbers_of_model(value, key)


def _numbers_of_model(model: BaseModel, key: str) -> Iterator[NumberFound]:
    owner = model if isinstance(model, Cited) and model.source else None
    basis: dict[str, Basis] = getattr(model, "basis", {})
    for name in type(model).model_fields:
        one = getattr(model, name)
        inner = f"{key}.{name}" if key else name
        number = isinstance(one, int | float) and not isinstance(one, bool)
        if number and name in model.model_fields_set and name not in NOT_FIGURES:
            unit = unit_of(name) or str(getattr(model, "unit", ""))
            yield NumberFound(inner, name, float(one), unit, basis.get(name, owner))
        elif name != "basis":
            yield from numbers_in(one, inner, name)
