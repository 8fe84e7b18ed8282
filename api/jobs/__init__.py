"""Runs on Dask workers: what is sent there, what comes back, and what is left after a restart."""
