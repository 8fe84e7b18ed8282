"""Road impedance: costs between positions on a road graph, many at once."""

from geodata.impedance.drawing import way_points, without_repeats
from geodata.impedance.matrices import cost_matrix, within
from geodata.impedance.nearest_targets import nearest
from geodata.impedance.routes import Route, Ways, path
from geodata.impedance.service_areas import EdgePortions, Reach, reach

__all__ = [
    "EdgePortions",
    "Reach",
    "Route",
    "Ways",
    "cost_matrix",
    "nearest",
    "path",
    "reach",
    "way_points",
    "within",
    "without_repeats",
]
