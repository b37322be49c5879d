"""``syncramp simulator``: a local V2 endpoint with a tenant behind it, for trying a configuration out."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from syncramp.cli import tenant_options as options
from syncramp.cli.show import show
from syncramp.endpoint.clouds import PATH
from syncramp.errors import InputRefused, SyncrampError
from syncramp.simulator.behaviour import Behaviour, Form, build_numbers
from syncramp.simulator.latency import Clock, parse_latency
from syncramp.simulator.settings import Duplicates, SignIn, TenantSettings, Unresolved

if TYPE_CHECKING:
    from syncramp.simulator.server import Simulator

REAL = TenantSettings()
CA, CERTIFICATE, SECRET, WIRE = "simulator-ca", "entra-sync", "entra-sync-secret", "simulator-wire"
TOKEN, ACCOUNT = "entra-sync-token", "entra-sync-account"


app = typer.Typer(rich_markup_mode=None)
"""The command, and the commands below it."""
app.command()(show)


@app.callback(invoke_without_command=True)
def simulator(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Option(metavar="DIR", help="Where secrets/ with certificates and credentials is written.")
    ] = Path(),
    tenant: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keeps the tenant; without it the tenant is in memory.")
    ] = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 0,
    tenant_id: Annotated[str, typer.Option(help="The tenant's id.")] = REAL.tenant_id,
    client_id: Annotated[str, typer.Option(help="The application's id.")] = "0b1c2d3e-0000-4000-8000-000000000001",
    writes_per_five_minutes: Annotated[
        int, typer.Option(help="Objects written in five minutes; 0: no limit.", min=0)
    ] = REAL.writes_per_five_minutes,
    visibility_delay: Annotated[
        float, typer.Option(help="Seconds until a new object can be referred to.", min=0)
    ] = REAL.visibility_delay,
    page_size: Annotated[int, typer.Option(help="Objects on a page of the read-back.", min=1)] = REAL.page_size,
    objects_per_call: Annotated[int, typer.Option(help="Objects in one export call.", min=1)] = REAL.objects_per_call,
    links_per_call: Annotated[int, typer.Option(help="Links in one export call.", min=1)] = REAL.most_links,
    members: Annotated[int, typer.Option(help="Members of a group.", min=1)] = REAL.most_members,
    unresolved: Annotated[
        Unresolved, typer.Option(help="An object with a reference to something unknown.")
    ] = REAL.unresolved,
    duplicates: Annotated[
        Duplicates, typer.Option(help="An object with a user principal name or address that is taken.")
    ] = REAL.duplicates,
    members_v1: options.MembersV1 = REAL.most_members_v1,
    links_per_write: options.LinksPerWrite = REAL.links_per_write,
    object_quota: options.ObjectQuota = REAL.object_quota,
    features: options.Features = REAL.features,
    verified_domains: options.VerifiedDomains = None,
    not_activated: options.NotActivated = False,
    cloud_users: options.CloudUsers = REAL.cloud_users,
    microsoft365_groups: options.Microsoft365Groups = REAL.microsoft365_groups,
    repeated_changes: options.RepeatedChanges = REAL.repeated_changes,
    member_lists: options.ListsOfMembers = REAL.member_lists,
    attributes: options.AttributesOption = REAL.attributes,
    told_operation: options.Operation = REAL.told_operation,
    cloud_managed: options.CloudManagedOption = REAL.cloud_managed,
    bin_days: options.BinDays = REAL.bin_days,
    restored_memberships: options.RestoredMemberships = REAL.restored_memberships,
    deleted_groups: options.DeletedGroupsOption = REAL.deleted_groups,
    deletion_prevention: options.DeletionPrevention = REAL.deletion_prevention,
    delete_threshold: options.DeleteThreshold = REAL.delete_threshold,
    delete_percentage: options.DeletePercentage = REAL.delete_percentage,
    member_form: options.MemberFormOption = REAL.member_form,
    delta_creates: options.DeltaCreatesOption = REAL.delta_creates,
    cookie_lifetime: options.CookieLifetime = REAL.cookie_lifetime,
    redirects: Annotated[
        int, typer.Option(help="Hosts that only send a client on, as the service's first one does.", min=0, max=9)
    ] = 0,
    minimum_build: Annotated[str, typer.Option(help="The oldest build of a client that is accepted.")] = "",
    values: Annotated[Form, typer.Option(help="How values are written into answers.")] = Form.TYPED,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A fault script: which calls go wrong, and how.")
    ] = None,
    latency: Annotated[
        str, typer.Option(metavar="CALL,OBJECT,LINK", help="Seconds that an answer takes, as 0.2,0.01,0.0001.")
    ] = "",
    latency_v1: Annotated[
        str, typer.Option(metavar="CALL,OBJECT,LINK", help="The same for the operations of V1.")
    ] = "",
    virtual_clock: Annotated[
        bool, typer.Option("--virtual-clock", help="Nothing waits for latency; the tenant's clock is put forward.")
    ] = False,
    token_lifetime: Annotated[int, typer.Option(help="Seconds for which a token is good.", min=1)] = 3600,
    certificate_days: Annotated[
        int,
        typer.Option(
            help="Days for which the application's certificate is valid; 0: it has expired.", min=0, max=3650
        ),
    ] = 365,
    multifactor: Annotated[
        bool, typer.Option("--multifactor", help="The account is not exempt from multifactor authentication.")
    ] = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when standard input ends, and not at Ctrl-C.")
    ] = False,
) -> None:
    """Simulate the V2 endpoint on loopback, with a token issuer, over TLS. Ends at Ctrl-C.

    Example: syncramp simulator --directory trial --port 8443
    """
    settings = options.settings_of(locals())
    if context.invoked_subcommand:
        return
    if minimum_build and not build_numbers(minimum_build):
        raise InputRefused(f"{minimum_build!r} is no build", where="--minimum-build", remedy="write it as 2.4.21.0")
    slow = parse_latency(latency, "--latency"), parse_latency(latency_v1, "--latency-v1")
    behaviour, clock = Behaviour(minimum_build, *slow, values), Clock(virtual=virtual_clock)
    made = _made(
        settings,
        tenant,
        faults,
        client_id=client_id,
        behaviour=behaviour,
        clock=clock,
        redirects=redirects,
        sign_in=SignIn(token_lifetime, certificate_days, multifactor),
    )
    try:
        write_secrets(made, directory)
        asyncio.run(_serve(made, port, directory, with_parent=with_parent))
    finally:
        made.tenant.close()


def _made(settings: TenantSettings, tenant: Path | None, faults: Path | None, **others: Any) -> "Simulator":
    try:
        from syncramp.simulator.fault_file import read_script
        from syncramp.simulator.server import make_simulator
    except ModuleNotFoundError as error:
        raise SyncrampError(
            f"the simulator needs the package {error.name}", remedy="pip install 'syncramp[simulator]'"
        ) from error
    from sqlalchemy.exc import DatabaseError

    script = read_script(faults) if faults else None
    if tenant:
        make_folder(tenant.parent, "--tenant")
    try:
        return make_simulator(settings, path=tenant, faults=script, **others)
    except DatabaseError as error:
        raise InputRefused(
            f"the tenant cannot be kept there: {error.orig}",
            where=str(tenant),
            remedy="name another file with --tenant",
        ) from None


def make_folder(folder: Path, option: str) -> None:
    """Make a folder that an option names, unless it is there.

    :raises InputRefused: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputRefused(str(error), where=str(folder), remedy=f"name another place with {option}") from error


def write_secrets(simulator: "Simulator", directory: Path) -> None:
    """Write what a client needs as Kubernetes would mount it: the authority, and something for each way to sign in.

    :raises InputRefused: the folder cannot be written.
    """
    from syncramp.simulator.certificates import make_pfx, write_private

    application, password = simulator.certificates.application, uuid4().hex
    files = {
        f"{CA}/ca.crt": simulator.certificates.ca,
        f"{CERTIFICATE}/tls.crt": application.certificate,
        f"{CERTIFICATE}/tls.key": application.key,
        f"{CERTIFICATE}/keystore.p12": make_pfx(application, password),
        f"{CERTIFICATE}/password": password.encode(),
        f"{SECRET}/clientSecret": simulator.client_secret.encode(),
        f"{TOKEN}/token": simulator.cluster.token().encode(),
        f"{ACCOUNT}/username": simulator.account.username.encode(),
        f"{ACCOUNT}/password": simulator.account.password.encode(),
    }
    try:
        for name, data in files.items():
            write_private(directory / "secrets" / name, data)
    except OSError as error:
        raise InputRefused(str(error), where=str(directory), remedy="name another folder with --directory") from error


def write_profile(simulator: "Simulator", directory: Path) -> None:
    """Write the wire profile of a simulator that listens, as a ConfigMap would be mounted.

    :raises InputRefused: the folder cannot be written.
    """
    from syncramp.simulator.wire import profile_of

    path = directory / "secrets" / WIRE / "profile.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(profile_of(simulator).text(), encoding="utf-8")
    except OSError as error:
        raise InputRefused(str(error), where=str(directory), remedy="name another folder with --directory") from error


async def _serve(simulator: "Simulator", port: int, directory: Path, *, with_parent: bool) -> None:
    from syncramp.simulator.server import serve

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, _nothing if with_parent else stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), _end_of_input, stop)
    await serve(simulator, port, lambda: _tell(simulator, directory), stop)


def _tell(simulator: "Simulator", directory: Path) -> None:
    write_profile(simulator, directory)
    typer.echo(f"listening on https://{simulator.host}{PATH}")
    typer.echo(f"tenant {simulator.tenant.settings.tenant_id}, application {simulator.client_id}")
    typer.echo(f"secrets {CA}, {CERTIFICATE}, {SECRET}, {TOKEN} and {ACCOUNT} are in {directory / 'secrets'}")
    sys.stdout.flush()


def _nothing() -> None:
    """Ctrl-C is for the parent, which ends us."""


def _end_of_input(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        stop.set()
