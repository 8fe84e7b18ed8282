"""What hauling and building cost, from vehicles and prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.problem import FloatArray
from planner.tiered.faults import Checks


@dataclass(frozen=True)
class Vehicle:
    """A vehicle class on one leg.

    Parameters
    ----------
    payload_t : tonnes a trip, as loaded here (bales are volume-limited)
    cost_cny_per_km : of the vehicle driving, fuel and wear
    cost_cny_per_h : of vehicle and crew being out
    speed_km_per_h : mean; of no meaning where impedance is time
    loading_h : at both ends of a trip together
    empty_return : whether the way back is driven empty and counted
    """

    payload_t: float
    cost_cny_per_km: float
    cost_cny_per_h: float = 0.0
    speed_km_per_h: float = 30.0
    loading_h: float = 0.0
    empty_return: bool = True

    def __post_init__(self) -> None:
        check = Checks("vehicle")
        for name in ("payload_t", "speed_km_per_h"):
            if not 0 < getattr(self, name) < float("inf"):
                check.fault(f"{name} is {getattr(self, name)}; give a positive number")
        for name in ("cost_cny_per_km", "cost_cny_per_h", "loading_h"):
            if not 0 <= getattr(self, name) < float("inf"):
                check.fault(f"{name} is {getattr(self, name)}; give a number from 0 up")
        check.done()

    def cost_cny_per_t(self, distance_m: object, duration_s: object = None) -> FloatArray:
        """Cost of a tonne over each way.

        ``trips x (km x cost_per_km + hours x cost_per_h) / payload`` with two trips a load where
        the return is empty.

        Parameters
        ----------
        distance_m : any shape; ``inf`` stays ``inf``
        duration_s : one way, same shape; default from distance and speed
        """
        km = np.asarray(distance_m, np.float64) / 1000.0
        if duration_s is None:
            hours = km / self.speed_km_per_h
        else:
            hours = np.asarray(duration_s, np.float64) / 3600.0
        ways = 2.0 if self.empty_return else 1.0
        trip = ways * (km * self.cost_cny_per_km + hours * self.cost_cny_per_h)
        loaded: FloatArray = (trip + self.loading_h * self.cost_cny_per_h) / self.payload_t
        return loaded


def annualised_cny_per_yr(
    investment_cny: object, lifetime_yr: object, discount_rate: float
) -> FloatArray:
    """Yearly instalment that repays an investment over its life (annuity).

    ``I r / (1 - (1 + r)^-n)``, and ``I / n`` at rate 0.
    """
    investment = np.asarray(investment_cny, np.float64)
    life = np.asarray(lifetime_yr, np.float64)
    if discount_rate == 0:
        return investment / life
    annual: FloatArray = investment * discount_rate / (1 - (1 + discount_rate) ** -life)
    return annual
