"""A run in a child process of the operator.

The child tells its events and its end in lines of JSON on standard output; what it writes to standard error goes to
the log with the name of the run. Its document and its Secrets are files below a folder in memory that is removed when
it ends, and once more when the operator starts. The child has a session of its own, so that a Ctrl-C reaches the
operator alone, and dies with it (:mod:`syncramp_operator.runner`).

Whatever becomes of the child, its SyncRun is told. A write that fails is tried again while the operator lives.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from syncramp.errors import Retry, SyncrampError
from syncramp.events import Note, event_of
from syncramp_operator.api.cluster import Cluster, ClusterUnavailable, ObjectMissing
from syncramp_operator.api.resources import SYNCRUNS, Object
from syncramp_operator.execution.documents import document_of
from syncramp_operator.execution.pipes import lines_of
from syncramp_operator.execution.protocol import GRACE, deadline_of, is_over_now, travel_of
from syncramp_operator.execution.secrets import Contents, gathered, lay_out, state_contents, sweep, write
from syncramp_operator.runs.run_end import Outcome, RunReason
from syncramp_operator.runs.syncruns import Loss, Telling, lost, stopped
from syncramp_operator.settings import Settings

RUNNER = (sys.executable, "-P", "-m", "syncramp_operator.runner")
"""``-P``: what lies in the working directory is no module."""
TICK = 1.0
"""Seconds between two looks whether something is to be told."""
AGAIN = 5.0
"""Seconds until the end of a run is written once more, after a write of it failed."""
_FOLDERS = "run-*"
_LOG = logging.getLogger("syncramp_operator.runs")


class ChildUnstartable(Retry):
    """The machine did not start the process of a run."""

    reason = "ChildUnstartable"


@dataclass(eq=False)
class _Child:
    """A run under way."""

    config: Object
    run: Object
    folder: Path
    telling: Telling
    process: asyncio.subprocess.Process
    reason: str = ""
    """Why it was asked to stop."""
    outcome: Outcome | None = None
    """What it said of its end."""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def about(self) -> dict[str, str]:
        """What each of its lines in the log carries."""
        metadata = self.run["metadata"]
        return {"config": f"{metadata['namespace']}/{self.config['metadata']['name']}", "run": metadata["name"]}


class InProcess:
    """Runs as children of this process.

    :param cluster: reads Secrets, and is told how runs go on.
    """

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._children: dict[str, _Child] = {}
        self._closing = False
        for left in settings.runtime.glob(_FOLDERS):  # of an operator that was killed
            sweep(left)

    async def start(self, config: Object, run: Object) -> None:
        """As :class:`Execution`; it comes back when the child was started."""
        uid = run["metadata"]["uid"]
        if uid in self._children:
            return
        namespace, spec = config["metadata"]["namespace"], config["spec"]
        contents = await asyncio.to_thread(gathered, self._cluster, namespace, spec)
        contents.require()
        server = await asyncio.to_thread(state_contents, self._cluster, self._settings)
        folder = self._settings.runtime / f"run-{uid}"
        try:
            await asyncio.to_thread(_prepare, folder, config, contents, server)
            process = await self._started(config, run, folder)
        except BaseException as error:
            sweep(folder)
            if not isinstance(error, OSError):
                raise
            reason = f"the process of a run did not start: {error.strerror}"
            raise ChildUnstartable(reason, where=str(self._settings.runtime), remedy="it is tried again") from None
        child = _Child(config, run, folder, Telling(run, time.time()), process)
        self._children[uid] = child
        self._kill_after(child, deadline_of(config) + travel_of(config) + GRACE, RunReason.DEADLINE_EXCEEDED)
        child.task = asyncio.create_task(self._follow(child))

    async def _started(self, config: Object, run: Object, folder: Path) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *RUNNER,
            *options(config, run, folder, self._settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        )

    async def stop(self, run: Object, reason: str) -> None:
        """As :class:`Execution`: SIGTERM now, SIGKILL when no call can be in flight any more."""
        if (child := self._children.get(run["metadata"]["uid"])) is not None:
            self._stop(child, reason)

    def _stop(self, child: _Child, reason: str) -> None:
        if child.reason or child.process.returncode is not None:
            return
        child.reason = reason
        with suppress(ProcessLookupError):
            child.process.send_signal(signal.SIGTERM)
        self._kill_after(child, travel_of(child.config) + GRACE, reason)

    def _kill_after(self, child: _Child, seconds: float, reason: str) -> None:
        child.timers.append(asyncio.get_running_loop().call_later(seconds, _kill, child, reason))

    async def lost(self, run: Object) -> Loss | None:
        """As :class:`Execution`: what is no child of ours was one of an operator before us, or has just ended."""
        if run["metadata"]["uid"] in self._children:
            return None
        return None if await asyncio.to_thread(is_over_now, self._cluster, run) else Loss()

    async def close(self, grace: float) -> None:
        """As :class:`Execution`: children end after their calls in flight, at the latest after ``grace``."""
        self._closing = True
        children = list(self._children.values())
        for child in children:
            self._stop(child, RunReason.INTERRUPTED)
        tasks = [child.task for child in children if child.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for child in children:
                if child.task in late:
                    _kill(child, child.reason)
            await asyncio.wait(tasks)

    async def _follow(self, child: _Child) -> None:
        """From the start of a child until its end is written."""
        teller = asyncio.create_task(self._tell(child))
        try:
            await asyncio.gather(self._listen(child), _log(child), child.process.wait())
        finally:
            teller.cancel()
            for timer in child.timers:
                timer.cancel()
            await asyncio.to_thread(sweep, child.folder)
        try:
            await self._write_end(child)
        finally:
            del self._children[child.run["metadata"]["uid"]]

    async def _listen(self, child: _Child) -> None:
        async for line in lines_of(cast("asyncio.StreamReader", child.process.stdout)):
            if outcome := Outcome.of_line(line):
                child.outcome = outcome
                continue
            try:
                event = event_of(line)
            except (ValueError, TypeError):
                continue
            child.telling.hear(event, time.time())
            if isinstance(event, Note):
                level = logging.WARNING if event.level == "warning" else logging.INFO
                _LOG.log(level, "%s", event.text, extra=child.about)

    async def _tell(self, child: _Child) -> None:
        """Write how it goes on; a write that fails is made up for by the next one."""
        while True:
            if child.telling.due(time.time()):
                try:
                    await self._patch(child, child.telling.patch(time.time()))
                except ObjectMissing:  # somebody deleted the SyncRun: whatever it does, nobody would see it
                    self._stop(child, RunReason.CANCELLED)
                except SyncrampError as error:
                    _LOG.warning("The SyncRun could not be written: %s", error, extra=child.about)
            await asyncio.sleep(TICK)

    async def _write_end(self, child: _Child) -> None:
        """Write the end of a run, however long that takes; an operator that ends itself tries it twice."""
        now, tries = time.time(), 0
        patch = _end(child, now)
        while True:
            try:
                await self._patch(child, patch)
                return
            except ObjectMissing:
                return
            except SyncrampError as error:
                tries += 1
                _LOG.warning("The end of the run could not be written: %s", error, extra=child.about)
                if not isinstance(error, ClusterUnavailable) or (self._closing and tries > 1):
                    return
            await asyncio.sleep(TICK if self._closing else AGAIN)

    async def _patch(self, child: _Child, patch: Object) -> None:
        metadata = child.run["metadata"]
        await asyncio.to_thread(
            self._cluster.patch, SYNCRUNS, metadata["namespace"], metadata["name"], patch, "status"
        )


def options(config: Object, run: Object, folder: Path, settings: Settings) -> list[str]:
    """The command line of a run."""
    metadata, spec = run["metadata"], run["spec"]
    state = settings.state_of(metadata["namespace"], config["metadata"]["name"])
    words = ["--run", f"{metadata['namespace']}/{metadata['name']}", "--parent", str(os.getpid())]
    words += ["--document", str(folder / "syncconfig.yaml"), "--secrets", str(folder / "secrets")]
    words += ["--state", state, "--lease", settings.tenant_leases]
    words += ["--state-secrets", str(folder / "state")] if settings.state_secret else []
    return words + ["--full"] * (spec["type"] == "Full") + ["--plan"] * (spec["mode"] == "Plan")


def _prepare(folder: Path, config: Object, contents: Contents, server: Contents) -> None:
    folder.mkdir(mode=0o700, parents=True)
    lay_out(folder / "secrets", contents)
    lay_out(folder / "state", server)
    write(folder / "syncconfig.yaml", document_of(config))


def _kill(child: _Child, reason: str) -> None:
    child.reason = child.reason or reason
    if child.process.returncode is None:
        child.process.kill()


def _end(child: _Child, now: float) -> Object:
    """The end of a run in its own words, or, where it had none, in ours."""
    if child.outcome is not None:
        reason = RunReason(child.reason) if child.reason else RunReason.CANCELLED
        child.telling.end(child.outcome.stopped_for(reason), now)
        return child.telling.patch(now)
    loss = stopped(child.reason) if child.reason else _broken(child.process.returncode)
    child.telling.end(lost(loss), now)
    return child.telling.patch(now)


def _broken(code: int | None) -> Loss:
    if code is not None and code < 0:
        with suppress(ValueError):
            return Loss(message=f"Its process was killed by {signal.Signals(-code).name}; it is resumed")
    return Loss(message=f"Its process ended with code {code} and never said how; it is resumed")


async def _log(child: _Child) -> None:
    """What the child writes to standard error."""
    async for line in lines_of(cast("asyncio.StreamReader", child.process.stderr)):
        _LOG.info("%s", line.decode(errors="replace"), extra=child.about)
