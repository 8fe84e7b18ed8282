"""One database: SQLite in WAL mode by default, PostgreSQL by URL; made and updated by Alembic."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 15_000
"""A writer waits this long for another before it gives up."""


class Database:
    """Sessions that read and sessions that write.

    A writing session takes SQLite's write lock at its beginning: one that reads first and writes
    later could find that somebody else has written between, and fail.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(begins="IMMEDIATE")
        self._reading = sessionmaker(engine, expire_on_commit=False)
        self._writing = sessionmaker(self._writer, expire_on_commit=False)
        self._turn = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for looking things up."""
        with self._reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are kept together when the block ends well."""
        # Within a process writers take turns; SQLite's own waiting is by trial and sleep.
        with self._turn if self.is_sqlite else _nothing(), self._writing.begin() as session:
            yield session

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.engine.dialect.name == "sqlite"

    def migrate(self) -> None:
        """Bring the tables to this version's form."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self._writer.connect() as connection:
            if not self.is_sqlite:
                # Servers that start together update the tables once.
                connection.execute(text("SELECT pg_advisory_lock(7340232)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def answers(self) -> bool:
        """Whether the database can be asked."""
        with self.engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one() == 1)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_database(url: str, *, migrate: bool = True) -> Database:
    """The database at a URL: ``sqlite:///FILE`` or ``postgresql://...`` (through psycopg 3).

    Parameters
    ----------
    migrate : bring the tables to this version's form first
    """
    parsed = make_url(url)
    options: dict[str, Any] = {}
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # Begins are ours to write; connections are shared by the server's threads.
        options["connect_args"] = {"check_same_thread": False, "isolation_level": None}
    else:
        # A restarted PostgreSQL leaves dead connections in the pool.
        options["pool_pre_ping"] = True
    engine = create_engine(parsed, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    database = Database(engine)
    if migrate:
        database.migrate()
    return database


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    how = connection.get_execution_options().get("begins", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {how}")


@contextmanager
def _nothing() -> Iterator[None]:
    yield
