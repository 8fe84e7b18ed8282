"""What a lorry's day costs and emits: ``rounds_costs.yaml``, read once."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import yaml
from pydantic import Field

from geodata.faults import N_, Fault, InputError
from scenarios.evidence import Evidence, Model

KM = 100.0


class LorryDay(Model):
    """Prices of one class of lorries."""

    litres_per_100km: float = Field(gt=0)
    """Diesel on collection work."""
    fixed_cny: float = Field(ge=0)
    """A day that it is out: depreciation, insurance."""
    cny_per_km: float = Field(ge=0)
    """Fuel, tyres, upkeep."""
    shift_start_h: float = Field(ge=0, lt=24)
    """Hour of the day at which it may leave."""


class Co2(Model):
    """Carbon dioxide of a litre of diesel."""

    kg_per_l: float = Field(gt=0)
    evidence: Evidence
    source: str


class WorkingDays(Model):
    """Days of a week on which rounds run."""

    up_to_days: int = Field(ge=1)
    """Stops visited at least this often are visited on every day of the week."""
    otherwise: int = Field(ge=1, le=7)
    """Working days of a week for the others."""


class SharedStore(Model):
    """A holding room that a cluster of small producers shares, and the way there."""

    investment_wan_cny: float = Field(ge=0)
    lifetime_yr: float = Field(gt=0)
    operation_wan_cny_per_yr: float = Field(ge=0)
    capacity_t_per_yr: float = Field(gt=0)
    reach_km: float = Field(gt=0)
    """Producers farther away are visited."""
    bring_trips_per_yr: float = Field(gt=0)
    bring_vehicle: str
    bring_h_per_trip: float = Field(ge=0)
    """Loading and handing over."""
    candidates: int = Field(ge=1)
    """So many producers, those with the most others within reach, offer room."""


class RoundsCosts(Model):
    """Prices and factors of all rounds."""

    evidence: Evidence
    source: str
    crew_cny_per_h: float = Field(ge=0)
    overtime_cny_per_h: float = Field(ge=0)
    longest_overtime_h: float = Field(ge=0)
    unload_min: float = Field(ge=0)
    site_day_peak: float = Field(ge=1)
    """What a site takes on its busiest day, in mean days of its yearly capacity."""
    access_kph: float = Field(gt=0)
    working_days: WorkingDays
    co2: Co2
    shared_store: SharedStore
    vehicles: dict[str, LorryDay]

    def lorry(self, vehicle: str) -> LorryDay:
        """Prices of a class.

        Raises
        ------
        InputError
            There are none for it.
        """
        if vehicle not in self.vehicles:
            message = N_("there are no prices of rounds for vehicle '{vehicle}'; known: {known}")
            values = {"vehicle": vehicle, "known": ", ".join(self.vehicles)}
            raise InputError([Fault("rounds_costs.yaml", message, values)])
        return self.vehicles[vehicle]

    def co2_kg_per_km(self, vehicle: str) -> float:
        """Emission of a class."""
        return self.lorry(vehicle).litres_per_100km / KM * self.co2.kg_per_l


@lru_cache(maxsize=1)
def rounds_costs() -> RoundsCosts:
    """The package's prices."""
    text = resources.files("scenarios").joinpath("rounds_costs.yaml").read_text("utf-8")
    return RoundsCosts.model_validate(yaml.safe_load(text))
