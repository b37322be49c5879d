"""One SyncConfig's actor: it looks, decides, does the one thing that is due, and tells it on the status.

A step begins with everything read anew (the object as Kopf saw it last, its SyncRuns, its Secrets), so it needs no
memory of the steps before; what it keeps is a cache. A step may be broken off anywhere: making a SyncRun is the one
commit point, and what a step did not come to is due again in the next one.

A step comes when somebody wakes the actor (the object or one of its SyncRuns changed, its turn in the line has come),
at the moment the last decision named, and at least every five minutes, because Secrets are not watched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syncramp.errors import SyncrampError
from syncramp.schedule.decision import decide
from syncramp.schedule.known import Cause, Decision, End, Known, Start, Wait
from syncramp_operator.actors.gathering import Credentials, Gatherer
from syncramp_operator.actors.known import HANDLED, Handled, Judged, handled_of, known_of, outdated, under_way
from syncramp_operator.actors.mailboxes import first_of
from syncramp_operator.actors.office import Office, call
from syncramp_operator.actors.telling import Teller
from syncramp_operator.api.cluster import ObjectConflict
from syncramp_operator.api.resources import SYNCRUNS, Object
from syncramp_operator.logs import about, trace
from syncramp_operator.runs.syncruns import last_run, manifest, unstarted
from syncramp_operator.status.facts import Facts

LOOK = 300.0
"""Seconds between two looks, at most: a Secret that changed is seen by then."""
CLOSE = 60.0
"""The same while a run is under way, a place in the line is kept, or something is missing."""
SOON = 1.0
"""The least seconds between two looks that nobody asked for."""
PATIENCE = 8
"""Looks in a row that fail, three minutes at the least: then the turn is given back. A run that is under way and that
nobody can see takes it again with the first look that succeeds."""
FAREWELL = 900
"""Looks, a second apart, for which the deletion of a SyncConfig waits for the run under way: its calls in flight take
ten minutes at the most, and whoever ends it after them a little more."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one step goes by."""

    body: Object
    runs: Sequence[Object]
    judged: Judged
    credentials: Credentials
    known: Known
    decision: Decision
    place: int | None = None
    trouble: SyncrampError | None = None


class Actor:
    """Looks after one SyncConfig."""

    def __init__(self, office: Office, namespace: str, name: str, uid: str) -> None:
        self._office = office
        self._namespace, self._name, self._uid = namespace, name, uid
        self._gatherer = Gatherer(office, namespace, name, uid)
        self._teller = Teller(office, namespace, name)
        self._log = about(f"{namespace}/{name}")
        self._asked_to_end = ""
        self._failures = 0

    def concerns(self, body: Object) -> bool:
        """Whether the object, as it is shown now, is another one than this actor left."""
        return not self._teller.said(body)

    async def step(self, seen: Object) -> float:
        """Look, decide, act and tell; nothing is raised.

        :param seen: the object as Kopf shows it.
        :returns: after how many seconds to look again, if nobody wakes us before.
        """
        body = self._teller.newest(seen)
        try:
            pause = await self._step(body)
        except SyncrampError as error:
            self._log.warning("This look was given up: %s", error)
            return self._back_off()
        except Exception as error:  # noqa: BLE001 - its text may hold anything: only its kind and place are logged
            self._log.error("This look failed", extra={"trace": trace(error)})
            await self._confess(body)
            return self._back_off()
        self._failures = 0
        return pause

    async def leave(self, seen: Object) -> None:
        """End the run under way before the SyncConfig goes; nothing is raised, and the cloud is left as it is."""
        for _ in range(FAREWELL):
            if self._office.closing.is_set():
                return
            try:
                if not await self._ending():
                    break
            except Exception as error:  # noqa: BLE001 - as above; the deletion must not hang on a fault of ours
                self._log.warning("The run under way could not be looked at", extra={"trace": trace(error)})
            await first_of(self._office.closing.wait(), timeout=SOON)
        self._office.queue.leave(self._uid)
        sentence = "The SyncConfig goes; the cloud keeps everything that it sent, and nobody keeps it up to date"
        self._office.tell(seen, "Normal", "Orphaned", sentence)

    async def _step(self, body: Object) -> float:
        now = self._office.now()
        try:
            look = await self._look(body, now)
        except BaseException:
            self._office.queue.withdraw(self._uid)
            raise
        look = await self._act(look, now)
        facts = self._facts(look)
        try:
            postponed = await self._teller.tell(look.body, facts, now)
        except Exception:
            await self._prune(look)  # a status that the API server never takes must not let SyncRuns heap up
            raise
        await self._prune(look)
        pause = _pause(look, now)
        return min(pause, postponed.total_seconds()) if postponed is not None else pause

    async def _look(self, body: Object, now: datetime) -> Look:
        runs = await self._gatherer.runs(now)
        if under_way(runs) is None:
            self._office.queue.end(self._uid)
        judged = await self._gatherer.verdict(body)
        running = under_way(runs) is not None
        credentials = await self._gatherer.credentials(body, now, running=running)
        return self._decided(body, runs, judged, credentials, now)

    def _decided(
        self, body: Object, runs: Sequence[Object], judged: Judged, credentials: Credentials, now: datetime
    ) -> Look:
        digest = credentials.digest or handled_of(body, runs).secrets  # what cannot be read has not changed
        known = known_of(body, runs, judged, digest, last_run(runs), self._office.awake())
        return Look(body, runs, judged, credentials, known, decide(known, now))

    async def _act(self, look: Look, now: datetime) -> Look:
        run = under_way(look.runs)
        if run is not None:
            self._office.queue.hold(self._uid)
            if isinstance(look.decision, End):
                await self._end(run, look.decision.cause)
            return look
        if not isinstance(look.decision, Start) or self._office.closing.is_set():
            self._office.queue.leave(self._uid)
            return look
        if look.credentials.trouble is not None:
            self._office.queue.leave(self._uid)
            return replace(look, trouble=look.credentials.trouble)
        if place := self._office.queue.ask(self._uid):
            return replace(look, place=place)
        return await self._start(look, look.decision, now)

    async def _start(self, look: Look, start: Start, now: datetime) -> Look:
        """Make the SyncRun, which says what it takes up, and begin it."""
        made = self._manifest(look, start)
        try:
            if (body := await self._gatherer.newest(look.body)) is not look.body:
                self._office.queue.leave(self._uid)
                return await self._act(await self._look(body, now), now)
            run = await call(self._office.cluster.create, SYNCRUNS, self._namespace, made)
        except ObjectConflict:  # somebody made it a moment ago, and the next look sees it; or it is none of ours
            self._office.queue.leave(self._uid)
            self._gatherer.taken = made["spec"]["number"]
            return look
        except BaseException:
            self._office.queue.leave(self._uid)
            raise
        self._log.info("A run begins: %s", start.trigger, extra={"run": run["metadata"]["name"]})
        try:
            await self._office.runs.start(look.body, run)
        except SyncrampError as error:
            self._log.warning("The run could not begin: %s", error, extra={"run": run["metadata"]["name"]})
            name, patch = run["metadata"]["name"], unstarted(run, now.timestamp(), error)
            run = await call(self._office.cluster.patch, SYNCRUNS, self._namespace, name, patch, "status")
        return self._decided(look.body, [*look.runs, run], look.judged, look.credentials, now)

    def _manifest(self, look: Look, start: Start) -> Object:
        told = int((look.body.get("status") or {}).get("runs") or 0)
        number = 1 + max(told, self._gatherer.highest, self._gatherer.taken)
        before = handled_of(look.body, look.runs)
        handled = Handled({**before.requests, **start.handles}, look.credentials.digest)
        made = manifest(look.body, number, start, self._office.settings.execution)
        return {**made, "metadata": {**made["metadata"], "annotations": {HANDLED: handled.text()}}}

    async def _end(self, run: Object, cause: Cause) -> None:
        name = run["metadata"]["name"]
        if self._asked_to_end == name:
            return
        reason = "DeadlineExceeded" if cause is Cause.TIMED_OUT else "Cancelled"
        self._log.info("The run is ended after its calls in flight: %s", cause, extra={"run": name})
        await self._office.runs.stop(run, reason)
        self._asked_to_end = name

    async def _ending(self) -> bool:
        """Whether a run is still under way; it is asked to end."""
        run = under_way(await self._gatherer.runs(self._office.now()))
        if run is None:
            return False
        await self._end(run, Cause.DELETING)
        return True

    async def _prune(self, look: Look) -> None:
        for run in outdated(look.runs, look.judged.scheduling.run_history):
            metadata = run["metadata"]
            await call(self._office.cluster.delete, SYNCRUNS, self._namespace, metadata["name"], uid=metadata["uid"])

    def _facts(self, look: Look) -> Facts:
        handled = handled_of(look.body, look.runs)
        return Facts(
            findings=look.judged.findings,
            misread=look.judged.misread,
            decision=look.decision,
            runs=look.runs,
            place=look.place,
            trouble=look.trouble,
            requests=handled.named(),
            secrets=handled.secrets,
        )

    async def _confess(self, body: Object) -> None:
        """Say on the status that the operator has a fault."""
        try:
            await self._teller.tell(body, Facts(judged=False), self._office.now())
        except Exception as error:  # noqa: BLE001 - as in step
            self._log.error("The fault could not be told", extra={"trace": trace(error)})

    def _back_off(self) -> float:
        self._failures += 1
        if self._failures >= PATIENCE:
            self._office.queue.leave(self._uid)
        return min(2.0**self._failures, CLOSE)


def _pause(look: Look, now: datetime) -> float:
    close = look.place is not None or look.trouble is not None or under_way(look.runs) is not None
    longest = CLOSE if close else LOOK
    if isinstance(look.decision, Start) and not close:
        return SOON  # its SyncRun was there already
    until = look.decision.until if isinstance(look.decision, Wait) else None
    if until is None:
        return longest
    return min(max((until - now).total_seconds(), SOON), longest)
