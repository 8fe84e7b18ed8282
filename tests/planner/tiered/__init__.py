"""Tests of the tiered planner."""
