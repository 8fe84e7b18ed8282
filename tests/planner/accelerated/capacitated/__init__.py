"""Tests of capacitated location."""
