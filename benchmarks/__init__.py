"""Measurements beside peers; speed lives here and never in a test."""
