"""Building programmes: the tiers of all streams decided together, over the scenario's phases."""
