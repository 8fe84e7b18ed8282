"""What changed on the day: lorries that are out, stops that are new or gone, other amounts."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

MOST = 10_000
"""Changes of a kind; more is another plan."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
Tonnes = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]


class LorriesNow(BaseModel):
    """How many lorries of a class stand at a depot now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    depot: Id
    vehicle: Id
    lorries: int = Field(ge=0, le=MOST)


class AddedStop(BaseModel):
    """A stop that was not there before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    name: str = Field(default="", max_length=200)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    t_per_yr: Tonnes


class RoundsChanges(BaseModel):
    """Changes of one stream's rounds since they were planned.

    Parameters
    ----------
    lorries : depots and classes that have another number of lorries now
    dropped : ids of stops that are no longer called at
    amounts : tonnes a year by id of stop
    added : new stops; the nearest site's lorries come
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lorries: tuple[LorriesNow, ...] = Field(default=(), max_length=MOST)
    dropped: tuple[Id, ...] = Field(default=(), max_length=MOST)
    amounts: dict[Id, Tonnes] = Field(default_factory=dict, max_length=MOST)
    added: tuple[AddedStop, ...] = Field(default=(), max_length=MOST)

    def after(self, earlier: Self) -> Self:
        """These on top of earlier ones: what is said again holds as it is said last."""
        at = {(one.depot, one.vehicle) for one in self.lorries}
        new = {one.id for one in self.added}
        gone = set(self.dropped)
        kept = [one for one in earlier.added if one.id not in new | gone]
        own = {one.id for one in earlier.added}
        return self.model_copy(
            update={
                "lorries": (
                    *(one for one in earlier.lorries if (one.depot, one.vehicle) not in at),
                    *self.lorries,
                ),
                "dropped": tuple(
                    dict.fromkeys(
                        one for one in (*earlier.dropped, *self.dropped) if one not in own | new
                    )
                ),
                "amounts": {
                    key: tonnes
                    for key, tonnes in (earlier.amounts | self.amounts).items()
                    if key not in gone
                },
                "added": (*kept, *self.added),
            }
        )
