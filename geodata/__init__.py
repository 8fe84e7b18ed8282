"""Facts on the ground: layers, coordinates, roads and distances; nothing of optimisation."""
