"""Capacitated location to proof: Lagrangian bound, interchange search, branch and bound."""
