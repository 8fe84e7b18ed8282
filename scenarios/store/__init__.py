"""What the service keeps, in SQL; files of runs and uploads in a folder or any fsspec URL."""

from scenarios.store.artefacts import ArtefactStore
from scenarios.store.database import Database, open_database

__all__ = ["ArtefactStore", "Database", "open_database"]
