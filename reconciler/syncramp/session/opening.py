"""From a document to a job: sources, endpoint and store are opened as the document says.

Secrets and ConfigMaps are files, ``DIR/<name>/<key>``, as Kubernetes mounts them. The store lies beside the document
unless ``--state`` says otherwise: another file, or the Secret of a PostgreSQL server.
"""

import _thread
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from syncramp.check import load
from syncramp.cycle.job import Job, Pace
from syncramp.cycle.run import identity
from syncramp.errors import InputRefused, StoreUnusable
from syncramp.events import Listener, Note
from syncramp.model.approvals import Waiting
from syncramp.model.report import WireReport
from syncramp.model.seams import AnchorWriter, SecretReader, Source
from syncramp.model.values import Kind, Type
from syncramp.rules.own import own_rules
from syncramp.rules.places import named_group
from syncramp.rules.ruleset import Ruleset
from syncramp.session.fences import TakeFence, no_fence
from syncramp.session.memory import tame_allocator
from syncramp.source import dn
from syncramp.source.bases import Base
from syncramp.spec.policies import policies
from syncramp.spec.secrets import FileSecrets, text
from syncramp.spec.types import LdapAccess, LdifFile, SourceSpec, SyncConfig
from syncramp.store.database import copied, locked
from syncramp.store.places import PREFIX, Place, Schema, schema_name
from syncramp.store.store import Store

PATIENT = 60.0
"""Seconds for which whoever writes beside a run waits for it. A run's transactions take less; the longest makes an
index at the end of a first synchronise.
"""


def state_path(document: str, config: SyncConfig, state: Path | None, secrets: Path | None = None) -> Place:
    """Where the store of a document is.

    :param state: a file; or ``postgresql:NAME``: a schema of the server whose URI is in the key ``uri`` of a Secret.
    :param secrets: the folder of Secrets; None: the one beside the document.
    :raises InputRefused: the document comes from standard input and no ``--state`` was given, or there is no Secret,
        or the client library of PostgreSQL is missing.
    """
    if state is not None and (name := str(state)).startswith(PREFIX):
        return _schema(config, name.removeprefix(PREFIX), secrets_of(document, secrets))
    if state is not None:
        return state
    if document == "-":
        raise InputRefused("a document from standard input has no folder", remedy="name the store with --state FILE")
    return Path(document).resolve().parent / ".syncramp" / f"{config.namespace}.{config.name}.db"


def _schema(config: SyncConfig, secret: str, reader: SecretReader) -> Schema:
    if find_spec("psycopg") is None:
        raise InputRefused(
            "a store in PostgreSQL needs psycopg, which is not installed",
            where=f"{PREFIX}{secret}",
            remedy="install syncramp[postgresql]",
        )
    return Schema(text(reader, secret, "uri"), schema_name(config.namespace, config.name), secret)


UNREAD = "make a run first; with spec.mode Staging it reads and sends nothing"
"""Remedy for whoever only needs what is in the directories."""


@contextmanager
def known_store(
    config: SyncConfig, path: Place, consequence: str = "", remedy: str = "make a run first"
) -> Iterator[Store]:
    """The store of a document, for whoever writes a decision into it; a run may go on meanwhile.

    :param consequence: of there being none, as a clause.
    :param remedy: what to do then.
    :raises InputRefused: no run has made it yet.
    """
    if not path.exists():
        reason = "there is no store yet" + (f", {consequence}" if consequence else "")
        raise InputRefused(reason, where=str(path), remedy=remedy)
    with closing(Store(path, dn.key, PATIENT)) as store:
        store.runs.compare(identity(config))
        yield store


def secrets_of(document: str, directory: Path | None) -> FileSecrets:
    """The folder of Secrets: ``--secrets``, or ``secrets`` beside the document."""
    beside = Path.cwd() if document == "-" else Path(document).resolve().parent
    return FileSecrets(directory or beside / "secrets")


@contextmanager
def job(
    document: str,
    state: Path | None,
    secrets: Path | None,
    listen: Listener,
    *,
    sends: bool,
    keeps: bool = False,
    fence: TakeFence = no_fence,
    state_secrets: Path | None = None,
) -> Iterator[Job]:
    """A job on the document's own store when it sends or stages, on a copy that is thrown away when it only plans.

    :param keeps: on the document's own store though it sends nothing.
    :param fence: takes the right to write to the tenant, for a job that sends.
    :param state_secrets: where the Secret of the store is, if the document may not see it.
    :raises SyncrampError: the document, a Secret or the store is not acceptable, another run is active, or the tenant
        is another one's to write to.
    """
    from syncramp.cycle.run import identity
    from syncramp.spec.types import Mode

    tame_allocator()
    config = load(document)
    path = state_path(document, config, state, state_secrets or secrets)
    reader = secrets_of(document, secrets)
    config, wire = on_the_wire(config, reader)
    if state is not None and not path.exists():
        listen(Note("info", f"there is no store {path}: nothing is known of the tenant yet"))
    if keeps or (sends and config.mode is not Mode.PLAN):
        taken = fence if sends and config.mode is Mode.SYNC else no_fence
        with locked(path) as held, _opened(held, config, wire, reader, listen, sends=sends, fence=taken) as made:
            yield made
    else:
        propose = partial(_propose, path, listen)
        if path.exists():
            with closing(Store(path, dn.key)) as original:
                original.runs.compare(identity(config))  # here, because errors about the copy name the copy
        with copied(path) as copy, _opened(copy, config, wire, reader, listen, sends=False) as made:
            yield replace(made, propose=propose)


def _propose(path: Place, listen: Listener, waiting: Sequence[Waiting], now: float) -> None:
    """Keep in the document's own store, if it has one, what a plan on a copy of it found to wait for an approval."""
    if not waiting or not path.exists():
        return
    try:
        with closing(Store(path, dn.key, PATIENT)) as own:
            own.approvals.propose(waiting, now, alone=False)
    except StoreUnusable as error:
        listen(Note("warning", f"what waits cannot be approved by the digests of this plan: {error}"))


def on_the_wire(config: SyncConfig, secrets: SecretReader) -> tuple[SyncConfig, WireReport]:
    """The document with what its wire profile settles, and what a run says of the wire.

    :raises InputRefused: the profile cannot be read, or is one of another endpoint.
    """
    from syncramp.endpoint.profile import named_by, reported, settled

    profile = named_by(config.target, secrets)
    report = reported(config.target, profile, datetime.now(UTC))
    return replace(config, target=settled(config.target, profile)), report


@contextmanager
def _opened(
    path: Place,
    config: SyncConfig,
    wire: WireReport,
    reader: FileSecrets,
    listen: Listener,
    *,
    sends: bool,
    fence: TakeFence = no_fence,
) -> Iterator[Job]:
    from syncramp.endpoint.channel import nothing_to_see
    from syncramp.endpoint.client import V2Endpoint
    from syncramp.external.metrics import metrics_of

    stop = threading.Event()
    outside = metrics_of(policies(config), reader)
    sources = [(source_of(spec, reader), rules_of(spec, config)) for spec in config.sources]
    writers = _writers(sources, config)
    pace = Pace.of(config.target.endpoint)
    with closing(Store(path, dn.key)) as store, fence(config, store, pace.call_timeout) as ours:
        look = ours.check if ours else nothing_to_see
        made = V2Endpoint(config.target, reader, stop=stop, note=lambda text: listen(Note("info", text)), look=look)
        with closing(made) as endpoint, stopping(stop, listen):
            job = Job(
                config, sources, endpoint, store, sends, listen, stop=stop, pace=pace, wire=wire, writers=writers
            )
            yield replace(job, outside=outside, fence=ours)


def _writers(sources: Sequence[tuple[Source, Ruleset]], config: SyncConfig) -> dict[str, AnchorWriter]:
    """Where anchors are written back: every directory of a document that asks for it, and no file."""
    if not config.write_back_anchor:
        return {}
    from syncramp.source.ldap.directory import LdapSource
    from syncramp.source.ldap.writer import LdapAnchorWriter

    return {source.name: LdapAnchorWriter(source) for source, _ in sources if isinstance(source, LdapSource)}


def rules_of(spec: SourceSpec, config: SyncConfig) -> Ruleset:
    """The rules of one source of a document."""
    declared = {one.name.lower(): one.type for one in config.attributes}
    binary = declared.get(config.source_anchor.lower()) is Type.BINARY
    return Ruleset(
        spec.scopes,
        config.source_anchor,
        spec.name,
        own_rules(config, spec.name),
        binary_anchor=binary,
        verified=config.target.verified_domains,
        joins=config.joins,
        declared=config.attributes,
        merges=config.merges,
        among=[source.name for source in config.sources],
    )


def source_of(spec: SourceSpec, reader: FileSecrets) -> Source:
    """One source of a document.

    :raises InputRefused: a Secret cannot be read.
    """
    devices = any(Kind.DEVICE in scope.kinds for scope in spec.scopes)
    bases = [Base(dn.canonical(scope.dn), scope.guid) for scope in spec.scopes]
    if isinstance(spec.access, LdapAccess):
        from syncramp.source.ldap import LdapSource

        access = spec.access
        username, password, keytab = _account(access, reader)
        ca = reader.read(access.ca.name, access.ca.key) if access.ca else None
        guids = {base.dn: base.guid for base in bases if base.guid is not None}
        groups = [named_group(scope.group) for scope in spec.scopes if scope.group is not None]
        names = [base.dn for base in bases]
        return LdapSource(
            spec.name,
            access.servers,
            username,
            password,
            ca,
            names,
            devices,
            keytab,
            guids,
            groups,
            tracking=access.tracking,
        )
    from syncramp.source.ldif import LdifSource

    if isinstance(spec.access, LdifFile):
        return LdifSource(spec.name, spec.access.path, spec.access.entries, devices, bases=bases)
    name, key = spec.access.reference.name, spec.access.reference.key
    # Where it lies is another folder at each run of an operator: a message with it would change each time.
    called = f"the key {key} of the ConfigMap {name}"
    return LdifSource(spec.name, reader.path(name, key), spec.access.entries, devices, called, bases)


def _account(access: LdapAccess, reader: FileSecrets) -> tuple[str, str, bytes | None]:
    """User name, password and keytab of a directory's account; one of the last two."""
    secret = access.bind_secret
    if access.kerberos:
        return text(reader, secret, "principal"), "", reader.read(secret, "keytab")
    return text(reader, secret, "username"), text(reader, secret, "password"), None


@contextmanager
def stopping(stop: threading.Event, listen: Listener) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run after its calls in flight; a second SIGINT ends it at once.

    A handler runs in the middle of whatever the main thread does, which may hold the lock of the event or of standard
    error. So it takes no lock: a thread of its own does what needs one.
    """
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not asked:
            asked = True
            _thread.start_new_thread(end, ())

    def end() -> None:
        stop.set()
        listen(Note("info", "stopping after the calls in flight"))

    previous: list[tuple[int, Callable[[int, FrameType | None], None] | int | None]] = []
    if threading.current_thread() is threading.main_thread():
        previous = [(number, signal.signal(number, handle)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in previous:
            signal.signal(number, handler)
