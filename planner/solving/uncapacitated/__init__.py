"""Families without capacities: p-median, p-centre, set cover and maximal cover, to proof."""
