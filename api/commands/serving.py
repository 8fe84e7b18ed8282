"""``wangdian serve``: the service; ``wangdian user``: who may use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.options import Lang, Language

if TYPE_CHECKING:
    from api.service import Service
    from api.settings import Settings

DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the database and the files."),
]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    data: DataFolder = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Plan the embedded county where no plan is.")
    ] = True,
    lang: Language = Lang.ZH,
) -> None:
    """Serve planning, the service check and the map layers; on a fresh machine with a demo."""
    from api.exits import told  # noqa: PLC0415

    with told(lang, as_json=False):
        import uvicorn  # noqa: PLC0415

        from api.app import create_app  # noqa: PLC0415

        app = create_app(_settings(data, host))
        service: Service = app.state.service
        users = _check_users(service, host, lang)
        if demo:
            _plan_demo(service, lang)
        _say(service, host, port, lang, users=users)
        uvicorn.run(
            app, host=host, port=port, log_level="warning", access_log=False, server_header=False,
            proxy_headers=False, timeout_graceful_shutdown=5,
        )  # fmt: skip


def user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[
        str, typer.Option(help="administrator, planner, department, township or public.")
    ] = "administrator",
    district: Annotated[str, typer.Option(help="A township official's own.")] = "",
    streams: Annotated[
        list[str] | None, typer.Option("--stream", help="A department's own; may be repeated.")
    ] = None,
    password: Annotated[
        bool, typer.Option("--password/--no-password", help="Ask for a password.")
    ] = True,
    data: DataFolder = None,
    lang: Language = Lang.ZH,
) -> None:
    """Set somebody up, and show their API key once."""
    from api.exits import told  # noqa: PLC0415

    with told(lang, as_json=False):
        from api.auth.secrets import new_key, password_hash  # noqa: PLC0415
        from geodata.faults import N_, Fault, InputError  # noqa: PLC0415
        from scenarios.store import open_database, people  # noqa: PLC0415
        from scenarios.store.models import KeyRow, Role, UserRow  # noqa: PLC0415
        from scenarios.wording import translator  # noqa: PLC0415

        if role not in tuple(Role):
            message = N_("{role} is no role; choose one of {known}")
            raise InputError([Fault("--role", message, {"role": role, "known": ", ".join(Role)})])
        missing = {
            Role.TOWNSHIP.value: (not district, "--district"),
            Role.DEPARTMENT.value: (not streams, "--stream"),
        }.get(role, (False, ""))
        if missing[0]:
            message = N_("the role {role} needs it")
            raise InputError([Fault(missing[1], message, {"role": role})])
        secret = None
        if password:
            secret = typer.prompt("password", hide_input=True, confirmation_prompt=True)
        database = open_database(_settings(data, "127.0.0.1").database_url)
        key, digest = new_key()
        with database.writing() as session:
            if people.user_named(session, name) is not None:
                message = N_("there is a user of this name already")
                raise InputError([Fault(name, message)])
            row = UserRow(
                name=name, role=role, district=district, streams=streams or [],
                password_hash=None if secret is None else password_hash(secret),
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.add(KeyRow(user_id=row.id, label="first key", digest=digest))
        _ = translator(lang)
        typer.echo(_("API key (shown this once): {key}").format(key=key))


def _settings(data: Path | None, host: str) -> Settings:
    from api.settings import read_settings  # noqa: PLC0415

    given: dict[str, Any] = {} if data is None else {"data": data.absolute()}
    return read_settings(host=host, **given)


def _check_users(service: Service, host: str, lang: str) -> int:
    """How many users there are; none is enough on loopback only.

    Raises
    ------
    InputError
        Where others could reach a service that has no users.
    """
    from geodata.faults import N_, Fault, InputError  # noqa: PLC0415
    from scenarios.store import people  # noqa: PLC0415

    del lang
    with service.database.reading() as session:
        users = people.count_users(session)
    if users == 0 and not service.settings.is_loopback:
        message = N_(
            "others can reach this address and no users are set up; add an administrator with "
            "'wangdian user NAME', or listen on 127.0.0.1"
        )
        raise InputError([Fault(f"--host {host}", message)])
    return users


def _plan_demo(service: Service, lang: str) -> None:
    """Plan the embedded county where nothing has been planned yet."""
    from api.auth.principal import OPEN  # noqa: PLC0415
    from api.running import start_run  # noqa: PLC0415
    from scenarios.load import example  # noqa: PLC0415
    from scenarios.store import keeping, runs  # noqa: PLC0415

    with service.database.reading() as session:
        _, total = runs.listed(session, limit=1)
    if total:
        return
    document = example("demo").model_dump(mode="json", exclude_defaults=True)
    with service.database.writing() as session:
        row = keeping.add_scenario(session, document)
    # Handed out when the server starts, with whatever else is queued.
    start_run(service, document, OPEN, lang, scenario_id=row.id)


def _say(service: Service, host: str, port: int, lang: str, *, users: int) -> None:
    from scenarios.wording import translator  # noqa: PLC0415

    _ = translator(lang)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"http://{shown}:{port}  {service.settings.data} ({os.getpid()})")
    if users == 0:
        typer.echo(_("No users are set up: everybody at this machine may do everything."))
