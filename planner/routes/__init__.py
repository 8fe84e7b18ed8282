"""Collection rounds over a plan: who drives where, when, with what on board."""

from planner.routes.checker import Finding, check_round, check_solution
from planner.routes.plan import RoundsSearch, plan_rounds
from planner.routes.problem import (
    Compartment,
    Depots,
    DisposalSites,
    Goods,
    RoadMatrix,
    RoundsProblem,
    Stops,
    Territory,
    VehicleClass,
)
from planner.routes.settings import OnRounds, RoundsProgress, RoundsSettings
from planner.routes.solution import Kind, Round, RoundsSolution, Unserved, Visit

__all__ = [
    "Compartment",
    "Depots",
    "DisposalSites",
    "Finding",
    "Goods",
    "Kind",
    "OnRounds",
    "RoadMatrix",
    "Round",
    "RoundsProblem",
    "RoundsProgress",
    "RoundsSearch",
    "RoundsSettings",
    "RoundsSolution",
    "Stops",
    "Territory",
    "Unserved",
    "VehicleClass",
    "Visit",
    "check_round",
    "check_solution",
    "plan_rounds",
]
