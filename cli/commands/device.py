"""`antin device list|show|add|change|import|export`."""

from typing import Annotated

import typer

from cli.commands import registry_files
from cli.registry_options import (
    After,
    At,
    Clear,
    Code,
    Correct,
    DeviceStates,
    From,
    Limit,
    OfAgency,
    OfPerson,
    Since,
)
from cli.session import session_of

group = typer.Typer(help="device", no_args_is_help=True, rich_markup_mode=None)
Model = Annotated[str | None, typer.Option("--model", help="device.model")]
Label = Annotated[str | None, typer.Option("--label", help="device.label")]
State = Annotated[DeviceStates | None, typer.Option("--state", help="device.state")]


@group.command("list", help="device.list")
def list_devices(
    context: typer.Context,
    at: At = None,
    state: State = None,
    person: OfPerson = None,
    agency: OfAgency = None,
    limit: Limit = None,
    after: After = None,
) -> None:
    """List devices."""
    from cli.registry.desk import day_of, open_desk
    from cli.registry.rows import put_list
    from pki.records.people import Device, DeviceQuery, DeviceState

    narrow = DeviceQuery(
        on=day_of(at, "--at"),
        state=DeviceState(state) if state else None,
        person=person,
        agency=agency,
        limit=limit,
        after=after,
    )
    with open_desk(session_of(context)) as desk:
        put_list(desk, Device, narrow)


@group.command("show", help="device.show")
def show(context: typer.Context, serial: Code, at: At = None) -> None:
    """Show one device and its versions."""
    from cli.registry.desk import open_desk
    from cli.registry.entries import show_entry
    from pki.records.people import Device

    with open_desk(session_of(context)) as desk:
        show_entry(desk, Device, serial, at=at)


@group.command("add", help="device.add")
def add(
    context: typer.Context,
    serial: Code,
    model: Annotated[str, typer.Option("--model", help="device.model")],
    label: Label = None,
    person: OfPerson = None,
    agency: OfAgency = None,
    state: Annotated[DeviceStates, typer.Option("--state", help="device.state")] = "issued",
    since: Since = None,
) -> None:
    """Enter a device."""
    from cli.registry.adding import add_new
    from pki.records.people import Device

    told = {"serial": serial, "model": model, "label": label, "person": person}
    told |= {"agency": agency, "state": state, "since": since}
    add_new(session_of(context), Device, told)


@group.command("change", help="device.change")
def change(
    context: typer.Context,
    serial: Code,
    model: Model = None,
    label: Label = None,
    person: OfPerson = None,
    agency: OfAgency = None,
    state: State = None,
    since: Since = None,
    clear: Clear = None,
    day: From = None,
    correct: Correct = False,
) -> None:
    """Change a device, or what became of it."""
    from cli.registry.adding import change_known
    from cli.registry.entries import Wish
    from pki.records.people import Device

    told = {"model": model, "label": label, "person": person}
    told |= {"agency": agency, "state": state, "since": since}
    change_known(session_of(context), Device, serial, Wish(told, tuple(clear or ()), day, correct))


registry_files.add_to(group, "device.import", "device.export")
