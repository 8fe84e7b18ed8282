"""What the service is told by its environment; every setting has a default that works."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from geodata.faults import N_, Fault, raise_errors

PREFIX = "WANGDIAN_"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def default_data() -> Path:
    """Where the service keeps its things (XDG base directories)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "wangdian"


@dataclass(frozen=True)
class Settings:
    """Settings of one server; ``WANGDIAN_<NAME>`` in the environment sets each.

    Parameters
    ----------
    data : folder of the database, the artefacts and temporary files by default
    database : URL; "" is SQLite in ``data``
    artefacts : folder or fsspec URL; "" is a folder in ``data``
    scheduler : address of a Dask scheduler, ``tcp://host:8786``; "" starts an embedded cluster
    workers : of the embedded cluster; each plans one scenario at a time
    jobs_ahead : every worker starts the process of its next run before there is one
    run_limit_s : a run longer than this is stopped and what it has is kept
    most_waiting : runs accepted before others are turned away
    upload_mb, uploads_mb : largest upload, and all of them together
    body_kb : largest request that is no upload
    requests_per_minute : of one address or key; 0 is no limit. Not counted where no users are set
        up, which is on loopback only
    sign_in_per_minute : tries of one address
    plans_in_memory : plans whose service check is kept ready
    batch_rows : rows of a spreadsheet answered at once
    secure_cookies : cookies only over TLS; set it behind a proxy that ends TLS
    forwarded_by : addresses of proxies whose X-Forwarded-For is believed, by comma
    host : that the server listens on, for the access rules
    """

    data: Path
    database: str = ""
    artefacts: str = ""
    scheduler: str = ""
    workers: int = 1
    jobs_ahead: bool = True
    run_limit_s: float = 3600.0
    most_waiting: int = 200
    upload_mb: int = 200
    uploads_mb: int = 20_000
    body_kb: int = 1024
    requests_per_minute: int = 6000
    sign_in_per_minute: int = 10
    plans_in_memory: int = 4
    batch_rows: int = 20_000
    secure_cookies: bool = False
    forwarded_by: str = "127.0.0.1"
    host: str = "127.0.0.1"

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.database or f"sqlite:///{self.data / 'wangdian.db'}"

    @property
    def artefact_url(self) -> str:
        """Where the files are."""
        return self.artefacts or str(self.data / "artefacts")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from the environment; what is ``given`` comes first.

    Raises
    ------
    InputError
        Naming every variable that cannot be read.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {"data": default_data()}
    faults: list[Fault] = []
    for one in fields(Settings):
        name = PREFIX + one.name.upper()
        text = environment.get(name, "").strip()
        if not text:
            continue
        try:
            values[one.name] = _read(text, str(one.type))
        except ValueError:
            message = N_("is {value}; it should be of the kind {kind}")
            faults.append(Fault(name, message, {"value": repr(text), "kind": str(one.type)}))
    raise_errors(faults)
    return Settings(**{**values, **given})


def _read(text: str, kind: str) -> Any:
    if kind == "bool":
        if text.casefold() not in ("1", "true", "yes", "0", "false", "no"):
            raise ValueError(text)
        return text.casefold() in ("1", "true", "yes")
    readers: Mapping[str, Any] = {"int": int, "float": float, "Path": Path, "str": str}
    return readers[kind](text)
