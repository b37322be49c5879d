"""A walk with the real command line: a small forest in a folder, a document, a simulated tenant, and what came out.

Commands run as processes of their own, as a person's shell would run them. Whatever a test does with them, no output
may hold a stack trace or a secret; ``Done`` looks for both.
"""

import json
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any, Self

import apsw
import yaml

from support.build import BASE, CLIENT, TENANT, guid, user_dn
from support.simulator import Mirror
from syncramp.cli import run
from syncramp.cli.simulator import write_profile, write_secrets
from syncramp.simulator.faults import Script
from syncramp.simulator.server import Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import SignIn, TenantSettings
from syncramp.simulator.tenant import Tenant
from syncramp.source import dn
from syncramp.store.store import Store

SYNCRAMP = (sys.executable, "-m", "syncramp")
PATIENCE = 30.0
"""Seconds until something that must happen counts as never happening."""
QUICK = TenantSettings(tenant_id=TENANT, visibility_delay=0.0, writes_per_five_minutes=0)


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """Lines of standard error that begin with ``error:``."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]

    def assert_error(self, code: int, *words: str) -> None:
        """It ended with one line that says what is wrong, where, and (after a semicolon) what to do."""
        assert (self.code, self.out) == (code, ""), self
        assert self.errors == self.err.splitlines()[-1:], self.err
        assert "; " in self.errors[0] and all(word in self.errors[0] for word in words), self.errors[0]

    def assert_incomplete(self, *words: str) -> None:
        """It went on without its source, and one line says why."""
        assert (self.code, self.errors) == (1, []), self
        (line,) = [line for line in self.out.splitlines() if line.startswith("Source corp: NOT complete: ")]
        assert all(word in line for word in words), line


def run_command(*arguments: str, stdin: str = "", folder: Path | None = None, kib: int = 0) -> Done:
    """A command to its end.

    :param kib: the largest file it can write; 0: any.
    """
    limited = ("sh", "-c", f'ulimit -f {kib * 2}; exec "$@"', "sh") if kib else ()  # in blocks of 512 bytes, POSIX
    ended = subprocess.run(
        [*limited, *SYNCRAMP, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE, cwd=folder
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


@dataclass
class Forest:
    """A directory of people and groups by number; the GUID of each follows from its number."""

    people: dict[int, dict[str, str]] = field(default_factory=dict)
    groups: dict[int, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, people: int, groups: dict[int, list[int]] | None = None) -> "Forest":
        return cls({number: {} for number in range(1, people + 1)}, groups or {})

    def text(self) -> str:
        """The forest as LDIF, with the trailer that proves it whole."""
        records = [self._person(number, values) for number, values in self.people.items()]
        records += [self._group(number, members) for number, members in self.groups.items()]
        return "version: 1\n\n" + "".join(records) + f"# returned {len(records)} records\n"

    def _person(self, number: int, changed: dict[str, str]) -> str:
        values = {
            "objectClass": "user",
            "cn": f"User {number}",
            "sn": str(number),
            "displayName": f"User {number}",
            "sAMAccountName": f"user{number}",
            "userPrincipalName": f"user{number}@corp.example.com",
            "userAccountControl": "512",
            **changed,
        }
        return _record(user_dn(number), number, [f"{name}: {value}" for name, value in values.items()])

    def _group(self, number: int, members: list[int]) -> str:
        lines = ["objectClass: group", f"cn: Group {number}", f"sAMAccountName: group{number}"]
        lines += ["groupType: -2147483646", *(f"member: {user_dn(member)}" for member in members)]
        return _record(f"CN=Group {number},OU=Groups,{BASE}", number, lines)


def _record(name: str, number: int, lines: Sequence[str]) -> str:
    return "\n".join((f"dn: {name}", *lines, f"objectGUID:: {anchor(number)}")) + "\n\n"


def anchor(number: int) -> str:
    """The source anchor of an entry of a forest."""
    return b64encode(guid(number)).decode()


@dataclass
class Walk:
    """A folder with a document, Secrets and a forest, in front of a simulator."""

    folder: Path
    host: str
    """Of the simulator, with its port."""
    simulator: Simulator | None = None
    """Where it runs in this process."""
    forest: Forest = field(default_factory=lambda: Forest.of(3, {101: [1, 2]}))
    spec: dict[str, Any] = field(default_factory=dict)
    """The document's spec; written anew before each command."""

    def __post_init__(self) -> None:
        self.spec = {
            "target": {
                "tenantID": TENANT,
                "auth": {"clientSecret": {"clientID": CLIENT, "secretKeyRef": {"name": "entra-sync-secret"}}},
                "writes": {"perFiveMinutes": 1_000_000, "share": 100},
                "endpoint": {
                    "host": self.host,
                    "authority": f"https://{self.host}",
                    "ca": {"secretKeyRef": {"name": "simulator-ca"}},
                    "profile": {"configMapKeyRef": {"name": "simulator-wire"}},
                    "visibilityDelay": "0s",
                },
            },
            "sources": [{"name": "corp", "ldif": {"path": "corp.ldif"}, "scope": [{"dn": BASE}]}],
        }

    @property
    def document(self) -> Path:
        return self.folder / "syncconfig.yaml"

    @property
    def state(self) -> Path:
        return self.folder / ".syncramp" / "default.walk.db"

    @property
    def ldif(self) -> Path:
        return self.folder / "corp.ldif"

    @property
    def tenant(self) -> Tenant:
        assert self.simulator is not None
        return self.simulator.tenant

    def text(self) -> str:
        """The document."""
        metadata = {"name": "walk"}
        body = {"apiVersion": "syncramp.io/v1alpha1", "kind": "SyncConfig", "metadata": metadata, "spec": self.spec}
        return yaml.safe_dump(body, sort_keys=False)

    def write(self) -> None:
        """The forest and the document, as they are now."""
        self.ldif.write_text(self.forest.text())
        self.document.write_text(self.text())

    def sync(self, *options: str) -> Done:
        self.write()
        return self.run("sync", str(self.document), *options)

    def plan(self, *options: str) -> Done:
        self.write()
        return self.run("plan", str(self.document), *options)

    def status(self, *options: str) -> Done:
        return self.run("status", str(self.document), *options)

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """Any command, with what lies in the folder now."""
        return self.checked(run_command(*arguments, stdin=stdin, folder=self.folder))

    def here(self, command: str = "sync", *options: str) -> Done:
        """A command without a process of its own: faster, for what a test only leads up to or follows from it."""
        self.write()
        return self.again(command, *options)

    def again(self, command: str = "sync", *options: str) -> Done:
        """The same, with what lies in the folder now."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run([*command.split(), str(self.document), *options])
        return self.checked(Done(code, out.getvalue(), err.getvalue()))

    @contextmanager
    def running(self, command: str = "sync", *options: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
        """A command that is watched while it runs, and killed when the block ends."""
        self.write()
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        arguments = [*SYNCRAMP, *command.split(), str(self.document), *options]
        with subprocess.Popen(arguments, text=True, cwd=self.folder, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    def finish(self, process: subprocess.Popen[str]) -> Done:
        """What it left behind when it ended by itself."""
        out, err = process.communicate(timeout=PATIENCE)
        return self.checked(Done(process.returncode, out or "", err or ""))

    def checked(self, done: Done) -> Done:
        text = done.out + done.err
        assert "Traceback" not in text, text
        for secret in self._secrets():
            assert secret not in text, f"a secret was told: {text}"
        return done

    def _secrets(self) -> Iterator[str]:
        for path in sorted((self.folder / "secrets").glob("*/*")):
            if path.name not in ("ca.crt", "tls.crt", "username", "keystore.p12"):
                lines = path.read_text(errors="replace").splitlines()
                yield from filter(None, lines[1:2] or lines)

    # --- what must be true afterwards ------------------------------------------------------------------------------

    @property
    def exports(self) -> int:
        """Export calls that the simulator processed."""
        assert self.simulator is not None
        return self.simulator.exports

    def attributes(self, number: int) -> dict[str, Any]:
        """What the tenant shows of an object."""
        mirror = Mirror()
        mirror.read(self.tenant)
        return mirror.objects[anchor(number)]

    def in_cloud(self) -> set[str]:
        """Source anchors of the tenant's live objects."""
        return self.tenant.anchors()

    def assert_cloud_matches(self) -> None:
        """The tenant holds the forest, and nothing else."""
        assert self.in_cloud() == {anchor(number) for number in (*self.forest.people, *self.forest.groups)}
        for number, members in self.forest.groups.items():
            assert self.tenant.members(anchor(number)) == {anchor(member) for member in members}

    def assert_state_true(self) -> None:
        """What the store takes for sure is in the cloud, and what is there it takes for possible."""
        store = Store(self.state, dn.key)
        try:
            rows = store.database.all("SELECT id, anchor, acked, doubt FROM objects")
            anchors = {identity: anchor for identity, anchor, _, _ in rows}
            live = self.in_cloud()
            assert {anchor for _, anchor, acked, doubt in rows if acked is not None and not doubt} <= live
            assert live <= {anchor for _, anchor, acked, doubt in rows if acked is not None or doubt}
            for membership in _memberships(store):
                held = self.tenant.members(membership.anchor)
                assert {anchors[member] for member in membership.sure} <= held
                assert held <= {anchors[member] for member in membership.possible}
        finally:
            store.close()


def _memberships(store: Store) -> Iterator[Any]:
    snapshot = store.snapshot()
    for (identity,) in store.database.all("SELECT id FROM objects WHERE kind = 'Group' AND acked IS NOT NULL"):
        if (membership := snapshot.membership(identity)) is not None:
            yield membership


@contextmanager
def walking(
    folder: Path,
    *,
    faults: Script | None = None,
    redirects: int = 0,
    sign_in: SignIn | None = None,
    **settings: Any,
) -> Iterator[Walk]:
    """A walk in front of a simulator whose tenant differs from a quick one as said."""
    simulator = make_simulator(
        replace(QUICK, **settings), client_id=CLIENT, faults=faults, redirects=redirects, sign_in=sign_in
    )
    with running_simulator(simulator):
        write_secrets(simulator, folder)
        write_profile(simulator, folder)
        yield Walk(folder, simulator.host, simulator)


def pass_the_deadline(state: Path) -> None:
    """What the store knows of calls under way, as it will look when none can arrive any more."""
    with closing(apsw.Connection(str(state))) as database:
        database.execute("UPDATE batches SET deadline = 0 WHERE state != 'Answered'")
        assert database.changes()


class Gate:
    """Holds a tenant in front of one of its calls, and whatever comes after, until it is opened.

    :param call: its number, from 1.
    :param operation: ``provision``, ``read_back`` or ``company``.
    """

    def __init__(self, walk: Walk, call: int, operation: str = "provision") -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()
        self._process: Callable[..., Any] = getattr(walk.tenant, operation)
        self._left = call
        setattr(walk.tenant, operation, self._wait)

    def _wait(self, *request: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self.reached.set()
            assert self._opened.wait(PATIENCE)
        return self._process(*request)

    def open(self) -> None:
        self._opened.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


def until(condition: Callable[[], Any]) -> Any:
    """Poll until something is true; what it gave."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came true")
