"""Solving tiered problems: the plain model, the decomposition, why there is no plan."""
