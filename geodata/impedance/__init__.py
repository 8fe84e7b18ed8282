"""Road impedance: costs between positions on a road graph, many at once."""

from geodata.impedance.drawing import lines
from geodata.impedance.matrices import cost_matrix, within
from geodata.impedance.nearest_targets import nearest
from geodata.impedance.routes import Route, path
from geodata.impedance.service_areas import EdgePortions, Reach, reach

__all__ = [
    "EdgePortions",
    "Reach",
    "Route",
    "cost_matrix",
    "lines",
    "nearest",
    "path",
    "reach",
    "within",
]
