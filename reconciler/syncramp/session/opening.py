"""From a document to a job: its ``sources``, the endpoint and the store are opened as the document says.

Secrets and ConfigMaps are files, ``DIR/<name>/<key>``, as Kubernetes mounts them. The store lies beside the document
unless ``--state`` says otherwise: another file, or the Secret of a PostgreSQL server.
"""

import _thread
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Self

from syncramp.check import load
from syncramp.cycle.job import Job, Pace, Writeback
from syncramp.cycle.run import identity
from syncramp.errors import InputRefused, StoreUnusable
from syncramp.events import Listener, Note
from syncramp.model.approvals import Waiting
from syncramp.model.report import WireReport
from syncramp.model.seams import SecretReader
from syncramp.model.written import Side
from syncramp.session.fences import TakeFence, no_fence
from syncramp.session.known import PATIENT
from syncramp.session.memory import tame_allocator
from syncramp.session.sources import graph_of, rules_of, source_of, target_of, writers_of
from syncramp.source import dn
from syncramp.spec.policies import policies_to
from syncramp.spec.secrets import FileSecrets, text
from syncramp.spec.types import SyncConfig
from syncramp.store.database import copied, locked
from syncramp.store.places import PREFIX, Place, Schema, beside, schema_name
from syncramp.store.store import Store

if TYPE_CHECKING:
    from syncramp.directory.target import LdapTarget
    from syncramp.endpoint.graph import Graph


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
        with (
            locked(path) as held,
            _opened(_Places.of(held), config, wire, reader, listen, sends=sends, fence=taken) as made,
        ):
            yield made
    else:
        propose, other = partial(_propose, path, listen), partial(_propose, beside(path), listen)
        if path.exists():
            with closing(Store(path, dn.key)) as original:
                original.runs.compare(identity(config))  # here, because errors about the copy name the copy
        with (
            copied(path) as copy,
            copied(beside(path)) as ledger,
            _opened(_Places(copy, ledger), config, wire, reader, listen, sends=False) as made,
        ):
            writeback = replace(made.writeback, propose=other) if made.writeback else None
            yield replace(made, propose=propose, writeback=writeback)


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
    from syncramp.endpoint.profile import members_told_by, named_by, reported, settled

    profile = named_by(config.target, secrets)
    report = reported(config.target, profile, datetime.now(UTC))
    groups = config.writeback
    if groups is not None:
        groups = replace(groups, members=members_told_by(groups.members, profile))
    return replace(config, target=settled(config.target, profile), writeback=groups), report


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the store of a run is, and the ledger of written-back groups."""

    store: Place
    ledger: Place

    @classmethod
    def of(cls, store: Place) -> Self:
        """A store that is held for a run holds its ledger, too."""
        return cls(store, beside(store))


@contextmanager
def _opened(
    places: _Places,
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
    outside = metrics_of([policy for side in Side for policy in policies_to(side, config)], reader)
    sources = [(source_of(spec, reader), rules_of(spec, config)) for spec in config.sources]
    writers = writers_of(sources, config)
    pace = Pace.of(config.target.endpoint)
    with closing(Store(places.store, dn.key)) as store, fence(config, store, pace.call_timeout) as ours:
        look = ours.check if ours else nothing_to_see
        made = V2Endpoint(config.target, reader, stop=stop, note=lambda text: listen(Note("info", text)), look=look)
        directory = target_of(config, reader, [source for source, _ in sources], stop=stop, look_first=look)
        graph = graph_of(config, reader, stop)
        with (
            closing(made) as endpoint,
            _written_back(config, store, places.ledger, directory, graph) as writeback,
            stopping(stop, listen),
        ):
            job = Job(
                config, sources, endpoint, store, sends, listen, stop=stop, pace=pace, wire=wire, writers=writers
            )
            yield replace(job, outside=outside, fence=ours, writeback=writeback)


@contextmanager
def _written_back(
    config: SyncConfig, store: Store, place: Place, target: "LdapTarget | None", graph: "Graph | None"
) -> Iterator[Writeback | None]:
    """The other direction, if the document asks for it."""
    if config.writeback is None or target is None:
        yield None
        return
    asked = closing(graph) if graph else nullcontext()
    with closing(target), asked, closing(Store(place, dn.key)) as ledger:
        yield Writeback(config.writeback, store, ledger, target, graph=graph)


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
