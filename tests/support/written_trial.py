"""A random walk over everything that can go wrong between a tenant and the directory that its groups are written to.

Groups and people of the cloud come, change and go; administrators edit the directory; ramps take steps; requests are
lost before or after they are done, refused, or too large, the directory cannot be looked at, the process dies at any
transaction of either store, the ledger is lost. The witnesses of the first direction watch this one, too.
"""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from support.build import guid, user
from support.engine import crashing
from support.flight import flights
from support.model import Crash, lost, no_fault
from support.postgresql import lose
from support.ramp_walk import Say, gates, passing
from support.ramp_witness import RampWitness
from support.ramp_witness import watching as watching_ramps
from support.tenant_model import SECURITY, UNIFIED, Tenant, mark, object_id
from support.witness import DAY, watching
from support.written_engine import WrittenEngine, policy, written_back
from support.written_witness import WatchedDirectory, WrittenWitness
from syncramp.cycle.job import Job
from syncramp.errors import CallTooLarge, SourceUnavailable, SyncrampError
from syncramp.model.facts import Entry
from syncramp.model.ramps import Command, Order, PauseReason, Phase, Verdict
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.spec.ramps import Gate, Metric, RampPolicy, Step
from syncramp.spec.types import DriftMode
from syncramp.store.places import beside

PEOPLE = range(1, 13)
GROUPS = range(1, 4)
GUEST = "User_ffffffff-0000-4000-8000-000000000001"
GATES = (Gate(Metric.LINK_ERRORS, None, None),)


class WrittenTrial:
    """One walk."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.rng, self.now = path, random.Random(seed), 1000.0
        self.edits = seed % 3 == 1
        """Administrators edit the directory."""
        self.quiet = True
        clock: Callable[[], float] = lambda: self.now  # noqa: E731
        self.engine = WrittenEngine(
            path / "state.db", Tenant(lists=seed % 2 == 1), clock=clock, directory=WatchedDirectory(clock)
        )
        ramp = self.policy() if seed % 2 else policy()
        drift = DriftMode.CORRECT if seed % 4 < 2 else DriftMode.REPORT
        document = replace(self.engine.config, writeback=written_back(ramp, drift=drift, creates_per_cycle=2))
        self.engine.config = replace(document, interval=timedelta(seconds=1800))
        self.witness, self.ramps = WrittenWitness(self.engine.tenant), RampWitness()
        self.orphans: set[int] = set()
        """Groups that nobody wanted when the ledger was lost: they are not ours any more."""
        self.engine.employ(*PEOPLE)
        self.engine.settle()
        for number in GROUPS:
            self.engine.tenant.given(number, [one for one in self.anchors if self.rng.random() < 0.6])

    @property
    def directory(self) -> WatchedDirectory:
        assert isinstance(self.engine.directory, WatchedDirectory)
        return self.engine.directory

    @property
    def anchors(self) -> list[str]:
        """What the cloud calls those who are there."""
        return [self.engine.cloud_anchors(number)[0] for number in self.staff]

    @property
    def staff(self) -> list[int]:
        """Who is in the directory and in the cloud."""
        there = self.engine.cloud.objects
        return [
            one for one in PEOPLE if guid(one) in self.directory.people and self.engine.anchor(user(one)) in there
        ]

    def policy(self) -> RampPolicy:
        """A ramp that can end."""
        choose = self.rng.choice
        ceilings = sorted(self.rng.sample(range(2, 9), choose((0, 2, 3))))
        made = policy(*ceilings, 20, gates=GATES, per_cycle=choose((1, 3, 100)), per_day=choose((2, 5, 100)))
        if self.rng.random() < 0.3:
            made = replace(made, steps=(made.steps[0], Step(None), *made.steps[1:]))
        return made if made.steps[-1].ceiling else policy(20)

    # --- what happens ----------------------------------------------------------------------------------------------

    def change(self) -> None:
        """Something happens in the cloud, or to somebody in the directory."""
        tenant, choose = self.engine.tenant, self.rng.choice
        number = choose(GROUPS)
        held = tenant.groups[number]
        match self.rng.randrange(12):
            case 0:
                tenant.alter(number, displayName=f"Group {number} of {int(self.now)}")
            case 1:
                tenant.alter(number, **choose((UNIFIED, SECURITY)))
            case 2 if not held.deleted:
                tenant.delete(number, "SoftDelete")
            case 3 if held.deleted == "SoftDelete":
                choose((tenant.restore, tenant.delete))(number)
            case 4:
                self.toggle(number, f"Group_{object_id(choose([one for one in GROUPS if one != number]))}")
            case 5:
                self.toggle(number, GUEST)
            case 6 if self.rng.random() < 0.5:
                self.come_or_go(choose(PEOPLE))
            case _ if self.anchors:
                self.toggle(number, choose(self.anchors))

    def toggle(self, number: int, member: str) -> None:
        tenant = self.engine.tenant
        (tenant.leave if member in tenant.groups[number].members else tenant.join)(number, member)

    def come_or_go(self, number: int) -> None:
        """Somebody leaves the directory, or is there again."""
        person = user(number)
        if self.engine.source.entries.pop(person.guid, None):
            self.directory.vanish(person.guid)
        else:
            self.engine.employ(number)

    def edit(self) -> None:
        """An administrator works in the directory."""
        written = self.directory.ours
        if not written:
            return
        held, member = self.rng.choice(written), guid(self.rng.choice(PEOPLE))
        match self.rng.randrange(5):
            case 0:
                self.directory.delete(held.anchor)
            case 1:
                self.directory.change(held.anchor, displayName="Somebody's own")
            case 2:
                self.directory.leave(held.anchor, member)
            case _ if member in self.directory.people:
                self.directory.join(held.anchor, member)

    def step(self) -> None:
        for _ in range(self.rng.randrange(4)):
            self.change()
        if self.edits and self.rng.random() < 0.4:
            self.edit()
        if self.rng.random() < 0.04:
            lose(beside(self.engine.path))
            self.ramps = RampWitness()
            self.orphans |= {number for number in GROUPS if self.wanted(number) is None}
        self.weather(quiet=self.rng.random() < 0.5)
        self.run(self.chance, crash=(lambda: False) if self.quiet else lambda: self.rng.random() < 0.01)
        if self.rng.random() < 0.4:
            self.approve()
        self.check()
        self.now += self.rng.choice((1.0, 200.0, 1800.0, DAY))

    def weather(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.directory.fault = no_fault if quiet else self.fault
        self.directory.refuse = lambda obj: "other" if not quiet and self.rng.random() < 0.1 else ""

    def fault(self, moment: str) -> None:
        draw = self.rng.random()
        if draw < 0.04:
            raise Crash
        if moment == "look":
            if draw < 0.15:
                raise SourceUnavailable("the connection broke")
            return
        if draw < 0.14:
            raise lost(moment)
        if moment == "before" and draw < 0.2:
            raise CallTooLarge("adminLimitExceeded")

    def chance(self, gate: Gate) -> tuple[Verdict, bool]:
        """A gate may say anything."""
        verdict = self.rng.choice((Verdict.PASSED,) * 6 + (Verdict.FAILED, Verdict.INCONCLUSIVE))
        return verdict, verdict is Verdict.FAILED and self.rng.random() < 0.3

    def run(self, say: Say, crash: Callable[[], bool] = lambda: False) -> RunReport | None:
        """One run, and what the witnesses say of it."""
        report, before = None, self.held()
        self.read()
        with self.watched() as (plans, ramps), gates(say):
            with suppress(Crash, SyncrampError), flights(self.rng), crashing(crash):
                report, _ = self.engine.run()
        for seen in plans:
            self.witness.judge(seen)
        for other in ramps:
            self.ramps.judge(other)
        self.judge_shrink(before)
        return report

    def read(self) -> None:
        """The directory shows its source the groups that were written to it."""
        entries, there = self.engine.source.entries, self.directory.groups
        for guid_ in [one.guid for one in entries.values() if one.kind is Kind.GROUP and one.guid not in there]:
            del entries[guid_]
        for held in there.values():
            marked = (f"Group_{held.anchor.removeprefix('group_')}".encode(),) if held.anchor else ()
            values = {"objectclass": (b"group",), "grouptype": (b"8",), "admindescription": marked}
            self.engine.source.add(Entry(held.guid, Kind.GROUP, held.dn, values))

    @contextmanager
    def watched(self) -> Iterator[tuple[list[Any], list[Any]]]:
        def ours(job: Job) -> bool:
            return job.direction is not None

        with (
            watching(self.directory, self.witness, None, ours) as plans,  # type: ignore[arg-type]
            watching_ramps(self.directory, self.ramps, None, ours) as ramps,  # type: ignore[arg-type]
        ):
            yield plans, ramps

    def approve(self) -> None:
        """A person approves what waits in the directory."""
        with self.engine.ledger() as store:
            for each in store.approvals.proposals():
                if each.waits:
                    store.approvals.give(each.digest, "ada", self.now, self.now + 3 * DAY)

    # --- what must be true -----------------------------------------------------------------------------------------

    def wanted(self, number: int) -> set[bytes] | None:
        """Whom a group holds that is whole in the directory; None: it should not be there."""
        tenant = self.engine.tenant
        held = tenant.groups[number]
        if held.deleted or "Unified" not in held.values.get("groupTypes", ()):
            return None
        people = {self.engine.cloud_anchors(one)[0]: guid(one) for one in self.staff}
        others = {f"Group_{object_id(one)}": self.directory.find(mark(one)) for one in GROUPS}
        written = {name: group.guid for name, group in others.items() if group is not None}
        return {(people | written)[one] for one in held.members if one in people or one in written}

    def held(self) -> dict[int, set[bytes]]:
        """Of each group that is in the directory: who of those that are wanted is in it."""
        there = {number: self.wanted(number) for number in GROUPS if self.directory.find(mark(number))}
        return {number: want & self.directory.members(mark(number)) for number, want in there.items() if want}

    def judge_shrink(self, before: dict[int, set[bytes]]) -> None:
        """Nobody who is wanted and was there is taken out; nothing changes in the cloud while a run goes on."""
        for number, members in before.items():
            assert self.directory.find(mark(number)), "a group that is wanted was deleted"
            now = self.directory.members(mark(number))
            assert not {one for one in members - now if one in self.directory.people}, "a group shrank"

    def check(self) -> None:
        """What is known of the directory is true."""
        if self.edits:
            return
        with self.engine.ledger() as store:
            ids = dict(store.database.all("SELECT anchor, id FROM objects WHERE anchor IS NOT NULL"))
            ours = store.snapshot().in_cloud  # a group that is left alone is a stranger in every other one
            for anchor, members in self.directory.links.items():
                (state,) = store.snapshot().states([ids[anchor]]) if anchor in ids else (None,)
                if state is None or state.acked is None:
                    continue  # it is not taken over yet
                known = store.snapshot().membership(state.id)
                if known is not None:
                    held = {ids[one] for one in members if one in ids and ids[one] in ours}
                    gone = {ids[one] for one in ids if one not in members and self.vanished(one)}
                    assert set(known.sure) - gone <= held <= set(known.possible), anchor

    def vanished(self, anchor: str) -> bool:
        """A person who is no more, which no group tells."""
        return not anchor.startswith("group_") and UUID(anchor).bytes_le not in self.directory.people

    # --- and the end -----------------------------------------------------------------------------------------------

    def rest(self, most: int = 60) -> None:
        """Nothing goes wrong any more, every gate passes, and people let everything go that waits."""
        self.weather(quiet=True)
        assert self.engine.config.writeback is not None
        correct = replace(self.engine.config.writeback, drift=DriftMode.CORRECT)
        self.engine.config = replace(self.engine.config, writeback=correct)
        report = None
        for _ in range(most):
            self.now += 1.1 * DAY
            report = self.run(passing)
            if self.at_rest():
                return
            self.approve()
            self.go_on()
        told, groups = report and report.writeback, "; ".join(map(self.told, GROUPS))
        raise AssertionError(
            f"not settled: {groups}, {told and (told.holds, told.errors, told.failure, told.written)}"
        )

    def told(self, number: int) -> str:
        """What is wanted of a group, and what is there."""
        want, there = self.wanted(number), self.directory.find(mark(number))
        sides = [
            "nothing" if one is None else sorted(map(self.directory.anchor, one))
            for one in (want, there and self.directory.members(mark(number)))
        ]
        held = self.engine.tenant.groups[number]
        return f"{number} {held.deleted} {held.values.get('groupTypes')}: {sides[0]} is {sides[1]}"

    def at_rest(self) -> bool:
        """The directory holds what the cloud says; what it does not ask for any more has no members of its own."""
        groups = self.engine.tenant.groups
        deleted = {guid for guid, held in self.directory.groups.items() if self.is_deleted(held.anchor)}
        for number in GROUPS:
            want, there = self.wanted(number), self.directory.find(mark(number))
            if there and groups[number].deleted == "HardDelete" and number not in self.orphans:
                return False
            if want is not None and (
                there is None or self.directory.members(mark(number)) - deleted != want - deleted
            ):
                return False
        return True

    def is_deleted(self, anchor: str) -> bool:
        """A group that was deleted in the cloud keeps the memberships that it had, and gets none."""
        return any(mark(number) == anchor and held.deleted for number, held in self.engine.tenant.groups.items())

    def go_on(self) -> None:
        """A person ends what only a person ends."""
        with self.engine.ledger() as store:
            for state in store.ramp_states.all().values():
                if state.phase in (Phase.ABORTED, Phase.REVERTING):
                    store.ramp_states.give(Order(Command.RETRY, state.name, "ada", self.now))
                elif state.phase is Phase.PAUSED:
                    step = state.pause is PauseReason.STEP
                    order = Order(Command.PROMOTE if step else Command.RESUME, state.name, "ada", self.now)
                    store.ramp_states.give(order)

    def fork(self) -> "WrittenTrial":
        """The same walk once more, from here on, with stores, a tenant and a directory of its own."""
        other = copy.copy(self)
        other.path = self.path / "fork"
        other.path.mkdir()
        with self.engine.ledger() as ledger:
            ledger.database.copy_to(beside(other.path / "state.db"))
        with self.engine.store() as store:
            store.database.copy_to(other.path / "state.db")
        other.rng = random.Random(7)
        clock: Callable[[], float] = lambda: other.now  # noqa: E731
        tenant, directory = Tenant(self.engine.tenant.lists), WatchedDirectory(clock)
        for name in ("objects", "links", "bin", "_log", "_link_log", "groups", "called", "_clock"):
            setattr(tenant, name, copy.deepcopy(getattr(self.engine.tenant, name)))
        for name in ("people", "groups", "bin", "seen", "_usn", "_ours"):
            setattr(directory, name, copy.deepcopy(getattr(self.directory, name)))
        other.engine = replace(
            self.engine,
            path=other.path / "state.db",
            cloud=tenant,
            sources=copy.deepcopy(self.engine.sources),
            clock=clock,
            directory=directory,
        )
        other.witness, other.ramps = WrittenWitness(tenant), copy.deepcopy(self.ramps)
        other.witness.ours = set(self.witness.ours)
        return other

    def end(self) -> Any:
        """What is in the directory, by the marks of the groups."""
        return {
            held.anchor: (held.dn, held.values, self.directory.links[held.anchor]) for held in self.directory.ours
        }
