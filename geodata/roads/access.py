"""Who may use a road: the access groups behind the bits of ``RoadGraph.access``."""

from __future__ import annotations

from enum import IntFlag


class Access(IntFlag):
    """Groups of road users that signs and tags tell apart; a bit set means "may use it"."""

    WALK = 1
    FARM = 2  # 农用车: tricycles and tractors, kept off motorways
    CAR = 4
    GOODS = 8  # light lorries and vans
    HGV = 16  # lorries over 4.5 t (中型、重型货车)
    HAZMAT = 32  # vehicles with dangerous or medical waste aboard
    NONE = 0
    ALL = 63


LORRIES = Access.GOODS | Access.HGV | Access.HAZMAT
"""What a barrier that closes a road to lorries takes away."""

MOTOR = Access.FARM | Access.CAR | LORRIES
"""Every motor vehicle."""
