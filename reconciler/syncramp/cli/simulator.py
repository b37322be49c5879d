"""``syncramp simulator``: a local V2 endpoint with a tenant behind it, for trying a configuration out."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import typer

from syncramp.cli import simulator_options as options
from syncramp.cli.show import show
from syncramp.endpoint.clouds import PATH
from syncramp.errors import InputRefused, SyncrampError
from syncramp.simulator.behaviour import Behaviour, Form, build_numbers
from syncramp.simulator.latency import Clock, parse_latency
from syncramp.simulator.settings import ADDRESS, SignIn, TenantSettings

if TYPE_CHECKING:
    from syncramp.simulator.server import Simulator

REAL = TenantSettings()
GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""What a SyncConfig can name."""
HOST = "[A-Za-z0-9]([-.A-Za-z0-9]{0,251}[A-Za-z0-9])?"
CA, CERTIFICATE, SECRET, WIRE = "simulator-ca", "entra-sync", "entra-sync-secret", "simulator-wire"
TOKEN, ACCOUNT = "entra-sync-token", "entra-sync-account"

app = typer.Typer(cls=options.ByTheme, rich_markup_mode=None)
"""The command, and the commands below it."""
app.command()(show)


@app.callback(invoke_without_command=True)
def simulator(
    context: typer.Context,
    directory: options.Directory = Path(),
    tenant: options.TenantFile = None,
    port: options.Port = 0,
    name: options.Name = ADDRESS,
    with_parent: options.WithParent = False,
    tenant_id: options.TenantId = REAL.tenant_id,
    client_id: options.ClientId = "0b1c2d3e-0000-4000-8000-000000000001",
    token_lifetime: options.TokenLifetime = 3600,
    certificate_days: options.CertificateDays = 365,
    multifactor: options.Multifactor = False,
    not_activated: options.NotActivated = False,
    anchor_attribute: options.AnchorAttribute = REAL.anchor_attribute,
    client_machine: options.ClientMachine = REAL.client_machine,
    features: options.Features = REAL.features,
    verified_domains: options.VerifiedDomains = None,
    cloud_users: options.CloudUsers = REAL.cloud_users,
    microsoft365_groups: options.Microsoft365Groups = REAL.microsoft365_groups,
    guests: options.Guests = REAL.guests,
    cloud_security_groups: options.CloudSecurityGroups = REAL.cloud_security_groups,
    nested_cloud_groups: options.NestedCloudGroups = REAL.nested_cloud_groups,
    role_assignable_groups: options.RoleAssignableGroups = REAL.role_assignable_groups,
    cloud_group_members: options.CloudGroupMembers = REAL.cloud_group_members,
    deletion_prevention: options.DeletionPrevention = REAL.deletion_prevention,
    delete_threshold: options.DeleteThreshold = REAL.delete_threshold,
    delete_percentage: options.DeletePercentage = REAL.delete_percentage,
    writes_per_five_minutes: options.WritesPerFiveMinutes = REAL.writes_per_five_minutes,
    links_per_write: options.LinksPerWrite = REAL.links_per_write,
    objects_per_call: options.ObjectsPerCall = REAL.objects_per_call,
    links_per_call: options.LinksPerCall = REAL.most_links,
    members: options.Members = REAL.most_members,
    members_v1: options.MembersV1 = REAL.most_members_v1,
    object_quota: options.ObjectQuota = REAL.object_quota,
    page_size: options.PageSize = REAL.page_size,
    graph_page_size: options.GraphPageSize = REAL.graph_page_size,
    visibility_delay: options.VisibilityDelay = REAL.visibility_delay,
    bin_days: options.BinDays = REAL.bin_days,
    cookie_lifetime: options.CookieLifetime = REAL.cookie_lifetime,
    minimum_build: options.MinimumBuild = "",
    unresolved: options.UnresolvedOption = REAL.unresolved,
    duplicates: options.DuplicatesOption = REAL.duplicates,
    repeated_changes: options.RepeatedChanges = REAL.repeated_changes,
    member_lists: options.ListsOfMembers = REAL.member_lists,
    attributes: options.AttributesOption = REAL.attributes,
    cloud_managed: options.CloudManagedOption = REAL.cloud_managed,
    told_operation: options.Operation = REAL.told_operation,
    restored_memberships: options.RestoredMemberships = REAL.restored_memberships,
    deleted_groups: options.DeletedGroupsOption = REAL.deleted_groups,
    member_form: options.MemberFormOption = REAL.member_form,
    soft_deletes: options.SoftDeletesOption = REAL.soft_deletes,
    delta_creates: options.DeltaCreatesOption = REAL.delta_creates,
    cookie_member: options.CookieMember = REAL.cookie_member,
    more_member: options.MoreMember = REAL.more_member,
    bad_cookie: options.BadCookie = REAL.bad_cookie,
    values: options.ValuesOption = Form.TYPED,
    redirects: options.Redirects = 0,
    faults: options.Faults = None,
    latency: options.Latency = "",
    latency_v1: options.LatencyV1 = "",
    virtual_clock: options.VirtualClock = False,
) -> None:
    """Simulate a tenant: the V2 endpoint and a token issuer.

    It listens on 127.0.0.1 only, unless --name says what others call it; over TLS. It ends at Ctrl-C.

    Example: syncramp simulator --directory trial --port 8443
    """
    settings = options.settings_of(locals())
    if context.invoked_subcommand:
        return
    _refuse_other_than_guids({"--tenant-id": tenant_id, "--client-id": client_id})
    if not fullmatch(HOST, name):
        raise InputRefused(f"{name!r} is no name of a host", where="--name", remedy="as simulator.example.com")
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
        name=name,
        sign_in=SignIn(token_lifetime, certificate_days, multifactor),
    )
    try:
        write_secrets(made, directory)
        asyncio.run(_serve(made, port, directory, with_parent=with_parent))
    finally:
        made.tenant.close()


def _refuse_other_than_guids(ids: dict[str, str]) -> None:
    for option, text in ids.items():
        if not fullmatch(GUID, text):
            raise InputRefused(f"{text!r} is no GUID", where=option, remedy=f"write it as {REAL.tenant_id}")


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
        raise _unwritten(directory, error) from error


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
        raise _unwritten(directory, error) from error


def _unwritten(directory: Path, error: OSError) -> InputRefused:
    return InputRefused(
        f"what a client needs cannot be written there: {error.strerror}",
        where=str(directory),
        remedy="name another folder with --directory",
    )


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
