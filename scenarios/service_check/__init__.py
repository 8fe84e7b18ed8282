"""服务半径查询: which site serves a place, how far, by which clause; precomputed for every run."""

from scenarios.service_check.files import read_index, write_index
from scenarios.service_check.index import ServiceIndex

__all__ = ["ServiceIndex", "read_index", "write_index"]
