"""Kinds of a stream that lie apart on a lorry, and the bodies that keep them apart.

A stream's rounds may name ``kinds`` (paper and glass, oil and solids) with their share of its
tonnes, and ``bodies`` of lorry classes: payload, volume, and compartments with the kinds that may
lie in them together. A column ``collect_share_<kind>`` of the demand layer says another share for
single stops; what a stop names no share of divides the rest as everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from geodata.faults import N_, Fault, raise_errors
from planner.routes import Compartment
from scenarios.evidence import Cited, Grounded, Model, Words

FloatArray = NDArray[np.float64]

SHARE_COLUMN = "collect_share_{kind}"
SHARES_TOLERANCE = 1e-6
MANY_FAULTS = 20


class RoundsKind(Grounded, Cited):
    """A part of a stream that is not mixed with its other parts."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    name: Words
    share: float = Field(gt=0, le=1)
    """Of the stream's tonnes; the shares of all kinds add up to 1."""
    t_per_m3: float | None = Field(default=None, gt=0)
    """As it lies on the lorry; None: its volume does not count."""


class BodyPart(Grounded, Cited):
    """A compartment."""

    kinds: tuple[str, ...] = Field(min_length=1)
    """Ids of kinds that may lie in it, together."""
    payload_t: float | None = Field(default=None, gt=0)
    volume_m3: float | None = Field(default=None, gt=0)


class Body(Grounded, Cited):
    """What a class of lorries holds in these rounds; without compartments everything together."""

    payload_t: float | None = Field(default=None, gt=0)
    """In place of the class's own."""
    volume_m3: float | None = Field(default=None, gt=0)
    compartments: tuple[BodyPart, ...] = ()
    """A kind that lies in none of them is not collected by this class."""


class WithKinds(Model):
    """The keys of rounds that say what lies apart."""

    kinds: tuple[RoundsKind, ...] = ()
    """Parts of the stream that lorries keep apart."""
    bodies: dict[str, Body] = Field(default_factory=dict)
    """By vehicle class: payload, volume and compartments where they differ from the class's."""


def kind_faults(rule: WithKinds) -> list[str]:
    """What contradicts itself, in sentences."""
    faults = []
    known = [one.id for one in rule.kinds]
    faults += [f"kind {one} stands there twice" for one, n in Counter(known).items() if n > 1]
    total = sum(one.share for one in rule.kinds)
    if rule.kinds and abs(total - 1) > SHARES_TOLERANCE:
        faults.append(f"the shares of kinds add up to {total:g}; they have to be 1 together")
    for vehicle, body in rule.bodies.items():
        held = [kind for part in body.compartments for kind in part.kinds]
        faults += [
            f"bodies.{vehicle}: kind {one} lies in two compartments; give it one"
            for one, n in Counter(held).items()
            if n > 1
        ]
        faults += [
            f"bodies.{vehicle}: there is no kind {one}; kinds are {', '.join(known) or 'none'}"
            for one in dict.fromkeys(held)
            if one not in known
        ]
    return faults


def compartments_of(rule: WithKinds, vehicle: str) -> tuple[Compartment, ...]:
    """The compartments of a class in the positions of the kinds; one for all where none is said."""
    at = {one.id: k for k, one in enumerate(rule.kinds)}
    body = rule.bodies.get(vehicle)
    if body is None or not body.compartments:
        return (Compartment(tuple(range(max(len(at), 1)))),)
    return tuple(
        Compartment(
            tuple(at[kind] for kind in part.kinds), room(part.payload_t), room(part.volume_m3)
        )
        for part in body.compartments
    )


def room(said: float | None) -> float:
    """A limit, infinite where none is said."""
    return np.inf if said is None else said


def amounts(
    rule: WithKinds, stops: pd.DataFrame, layer: gpd.GeoDataFrame, loads_t: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Tonnes and cubic metres of each kind at one visit, (n, kinds) each.

    Parameters
    ----------
    layer : the demand layer with whatever columns its file has
    loads_t : (n,) of all kinds together

    Raises
    ------
    InputError
        With every share of the layer that is no number from 0 to 1, and stops whose shares
        cannot add up to 1.
    """
    if not rule.kinds:
        return loads_t[:, None], np.zeros((len(stops), 1))
    tonnes = loads_t[:, None] * _shares(rule.kinds, stops, layer)
    dense = np.array([one.t_per_m3 or np.inf for one in rule.kinds])
    return tonnes, tonnes / dense


def _shares(
    kinds: Sequence[RoundsKind], stops: pd.DataFrame, layer: gpd.GeoDataFrame
) -> FloatArray:
    """(n, kinds) shares of each stop."""
    own = layer.assign(id=layer["id"].astype(str)).drop_duplicates("id").set_index("id")
    own = own.reindex(stops["id"].astype(str))
    general = np.array([one.share for one in kinds])
    columns = [SHARE_COLUMN.format(kind=one.id) for one in kinds]
    said = np.column_stack(
        [
            pd.to_numeric(own[name], errors="coerce").to_numpy(np.float64)
            if name in own
            else np.full(len(own), np.nan)
            for name in columns
        ]
    )
    raise_errors(_share_faults(own, columns, said))
    unsaid = np.isnan(said)
    left = 1 - np.nansum(said, axis=1)
    others = (general * unsaid).sum(axis=1)
    rest = np.divide(left, others, out=np.zeros(len(own)), where=others > 0)
    shares: FloatArray = np.where(unsaid, general * rest[:, None], said)
    return np.maximum(shares, 0.0)


def _share_faults(own: pd.DataFrame, columns: list[str], said: FloatArray) -> list[Fault]:
    faults: list[Fault] = []
    for k, name in enumerate(columns):
        text = own[name].astype("string").str.strip() if name in own else None
        given = np.zeros(len(own), bool) if text is None else (text.fillna("") != "").to_numpy(bool)
        wrong = given & ~((said[:, k] >= 0) & (said[:, k] <= 1))
        for at in np.flatnonzero(wrong):
            message = N_("{stop}: {column} is '{value}'; give a share from 0 to 1")
            values = {"stop": own.index[int(at)], "column": name, "value": str(own[name].iloc[at])}
            faults.append(Fault("rounds", message, values))
    total = np.nansum(said, axis=1)
    complete = ~np.isnan(said).any(axis=1)
    wrong = (total > 1 + SHARES_TOLERANCE) | (complete & (total < 1 - SHARES_TOLERANCE))
    for at in np.flatnonzero(wrong):
        message = N_(
            "{stop}: the shares of its kinds add up to {total}; they have to be 1 together"
        )
        values = {"stop": own.index[int(at)], "total": f"{total[at]:g}"}
        faults.append(Fault("rounds", message, values))
    return faults[:MANY_FAULTS]
