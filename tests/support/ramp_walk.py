"""A random walk with ramps: the directory, the document, people, gates, the cloud and the clock do what they like.

Ceilings, budgets and limits are tiny, so that all of them are met. Ramps come, go and change, people command them,
gates say anything, days pass, somebody else meddles with the cloud; beside it goes wrong what goes wrong in
``support.trial``. A ``support.ramp_witness`` watches.
"""

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from support.build import group, guid, user_dn
from support.engine import Engine, crashing
from support.flight import flights
from support.model import Crash, no_fault
from support.ramp_witness import RampWitness, RememberingCloud, watching
from support.staff import GROUPS
from support.trial import PATIENCE, TRAVEL, Trial, check_bounds, check_rest, check_tallies
from support.witness import DAY
from syncramp.cycle import deciding
from syncramp.errors import SyncrampError
from syncramp.model.holds import Hold
from syncramp.model.ramps import Command, Judgement, Order, PauseReason, Phase, Verdict
from syncramp.model.report import RunReport
from syncramp.spec.ramps import Admit, Gate, Metric, RampPolicy, Soak, Step
from syncramp.spec.types import ApprovalMode, WriteBudget

WAIT = PATIENCE + TRAVEL + 1
ENDLESS = WriteBudget(1_000_000, 100, 10_000_000)
GATES = (Gate(Metric.LINK_ERRORS, None, None), Gate(Metric.CYCLE_DURATION, None, None))
Say = Callable[[Gate], tuple[Verdict, bool]]
"""What a gate says, and whether it aborts."""


class Ramped(Trial):
    """The walk."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        super().__init__(path, seed)
        self.witness = RampWitness()
        self.meddled = seed % 5 == 2
        """Somebody else changes memberships in the cloud."""
        self.quiet = False
        """Nothing goes wrong."""
        self.engine.config = replace(self.engine.config, ramps=self.policies(1 + seed % 2))

    def make_engine(self, path: Path) -> Engine:
        made = Engine(path, RememberingCloud(lambda: self.now), clock=lambda: self.now)
        made.config = replace(made.config, interval=timedelta(seconds=self.rng.choice((60, 1800, 1800))))
        return made

    @property
    def cloud(self) -> RememberingCloud:
        assert isinstance(self.engine.cloud, RememberingCloud)
        return self.engine.cloud

    def wanted(self) -> frozenset[str]:
        """Anchors of what should be in the cloud."""
        people = {self.engine.anchor(self.staff.entry(one)) for one in self.staff.people if self.staff.in_scope(one)}
        return frozenset(people | {self.engine.anchor(group(number)) for number in GROUPS})

    # --- what happens ----------------------------------------------------------------------------------------------

    def change(self) -> None:
        """Something happens to somebody, or many come into a group at once, or a group goes into another or out."""
        draw = self.rng.random()
        if draw < 0.8:
            super().change()
            return
        inner, outer = self.rng.sample(GROUPS, 2)
        members = self.engine.source.members.setdefault(guid(outer), [])
        if draw < 0.9:
            members += [name for name in map(user_dn, self.staff.people) if name not in members]
        else:
            (members.remove if group(inner).dn in members else members.append)(group(inner).dn)

    def step(self) -> None:
        for _ in range(self.rng.randrange(4)):
            self.change()
        for chance, happens in ((0.2, self.edit), (0.15, self.command), (0.3, self.go_on), (0.1, self.meddle)):
            if self.rng.random() < chance:
                happens()
        self.engine.source.complete = self.rng.random() < 0.9
        quiet = self.rng.random() < 0.5
        self.weather(quiet=quiet)
        self.run(self.chance, crash=(lambda: False) if quiet else lambda: self.rng.random() < 0.01)
        check_tallies(self.engine)
        if self.rng.random() < 0.3:
            self.engine.approve()
        self.check()
        self.let_arrive()
        self.check()
        self.pass_time()

    def weather(self, *, quiet: bool) -> None:
        self.quiet = quiet
        refused, texts = 0.0 if quiet else self.refused, ("no", "a reference is not known")
        self.cloud.fault = no_fault if quiet else self.fault
        self.cloud.refuse = lambda obj: self.rng.choice(texts) if self.rng.random() < refused else ""

    def run(self, say: Say, crash: Callable[[], bool] = lambda: False) -> RunReport | None:
        """One run, or one export with all of its slices, and what the witness says."""
        report, before, travels = None, self.links(), bool(self._deadlines)
        with watching(self.cloud, self.witness, self.engine.config) as plans, gates(say):
            with suppress(Crash, SyncrampError), flights(self.rng), crashing(crash):
                report = self.engine.sync() if self.rng.random() < 0.3 else self.engine.run()[0]
        for seen in plans:
            self.witness.judge(seen)
        if plans and report is not None and self.quiet and not self._deadlines:
            self.witness.removed(plans[-1], self.cloud.links)
        if plans:
            with self.engine.store() as store:
                self.witness.whole(plans[-1], store)
        if not travels:  # what travels may arrive within the run, and take out whom the directory did not want then
            self.judge_shrink(before, reverting=any(seen.reverts for seen in plans))
        return report

    def chance(self, gate: Gate) -> tuple[Verdict, bool]:
        """A gate may say anything."""
        verdict = self.rng.choice((Verdict.PASSED,) * 12 + (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.ERROR))
        return verdict, verdict is Verdict.FAILED and self.rng.random() < 0.3

    def pass_time(self) -> None:
        super().pass_time()
        if not self._deadlines and self.rng.random() < 0.3:
            self.now += self.rng.choice((0.1 * DAY, DAY, 3.5 * DAY, 31 * DAY))

    def edit(self) -> None:
        """The document changes: its ramps, or what the write budget and the limits are."""
        config, choose = self.engine.config, self.rng.choice
        match self.rng.randrange(6):
            case 0:
                writes = choose((ENDLESS, ENDLESS, WriteBudget(1_000_000, 100, 3)))
                config = replace(config, target=replace(config.target, writes=writes))
            case 1:
                config = replace(config, max_members=choose((250_000, 250_000, 8)))
            case 2:
                config = replace(config, approval=choose((ApprovalMode.AUTO, ApprovalMode.AUTO, ApprovalMode.MANUAL)))
            case _:
                config = replace(config, ramps=self.policies(choose((0, 1, 1, 2, 2))))
        self.engine.config = config

    def policies(self, number: int) -> tuple[RampPolicy, ...]:
        return tuple(map(self.policy, ("one", "two")[:number]))

    def policy(self, name: str) -> RampPolicy:
        """Some policy whose ramp can end."""
        choose = self.rng.choice
        ceilings = sorted(self.rng.sample(range(2, 9), self.rng.choice((0, 3, 4, 4))))
        steps = [Step(ceiling, self.soak()) for ceiling in (*ceilings, choose((15, 20)))]
        if self.rng.random() < 0.3:
            steps.insert(self.rng.randrange(len(steps)), Step(None))
        return RampPolicy(
            name,
            tuple(steps),
            GATES[: self.rng.randrange(3)],
            min_members=choose((2, 4, 6)),
            admit=choose((Admit.WHOLE, Admit.WHOLE, Admit.MEMBERS, Admit.MEMBERS, Admit.NOW)),
            groups_per_cycle=choose((1, 2)),
            per_cycle=choose((1, 3, 100, 100)),
            per_day=choose((2, 5, 100, 100)),
            failures_before_pause=choose((1, 2)),
        )

    def soak(self) -> Soak:
        choose = self.rng.choice
        return Soak(timedelta(hours=choose((0, 20, 90))), choose((0, 0, 2)), choose((0, 0, 1)))

    def command(self) -> None:
        """Somebody commands a ramp."""
        self.order(self.rng.choice(("one", "two")), self.rng.choice(tuple(Command)))

    def order(self, ramp: str, command: Command) -> None:
        with self.engine.store() as store:
            store.ramp_states.give(Order(command, ramp, "ada", self.now))

    def meddle(self) -> None:
        """Somebody else puts somebody into a group in the cloud, or takes somebody out."""
        groups = sorted(name for name, held in self.cloud.objects.items() if held.kind == "Group")
        people = sorted(name for name, held in self.cloud.objects.items() if held.kind != "Group")
        if self.meddled and groups and people:
            self.cloud.meddle(self.rng.choice(groups), self.rng.choice(people))

    # --- what must be true -----------------------------------------------------------------------------------------

    def links(self) -> Mapping[str, set[str]]:
        """Who is in each group, in the cloud."""
        return copy.deepcopy(self.cloud.links)

    def judge_shrink(self, before: Mapping[str, set[str]], *, reverting: bool) -> None:
        """Who was in a group and is wanted there, is there still; the directory stands still while a run goes on.

        But for what somebody else does, what travels and what a person approved to be taken back.
        """
        if self.meddled or self.others_delete or self._deadlines or reverting:
            return
        people = {user_dn(one): self.engine.anchor(self.staff.entry(one)) for one in self.staff.people}
        for number in GROUPS:
            anchor = self.engine.anchor(group(number))
            named = {people[one] for one in self.engine.source.members.get(guid(number), ()) if one in people}
            lost = before.get(anchor, set()) & named & self.wanted() - self.cloud.links.get(anchor, set())
            assert not lost & self.cloud.objects.keys(), "a group shrank"

    def check(self) -> None:
        if not (self.others_delete or self.meddled):
            check_bounds(self.engine)

    # --- and the end -----------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Nothing goes wrong any more, and what travelled has arrived or never will."""
        self.let_arrive(chance=1.0)
        self.now += WAIT
        self.weather(quiet=True)
        self.cloud.leaves = lambda patience: True
        self.engine.source.complete = True
        config = self.engine.config
        self.engine.config = replace(
            config,
            interval=timedelta(days=1),
            max_members=250_000,
            approval=ApprovalMode.AUTO,
            target=replace(config.target, writes=ENDLESS),
        )

    def rest(self, most: int = 150) -> None:
        """Every gate passes and people let every ramp go on, until the cloud holds what the directory says."""
        self.calm()
        self.mend()
        report = None
        for number in range(most):
            self.staff.work(number)
            report = self.run(passing)
            if report is not None and report.settled and self.complete():
                check_rest(self.engine, self.staff)
                return
            if report is not None and set(report.holds) - {Hold.RAMP.value}:
                self.engine.approve()
            self.go_on()
            self.now += 1.1 * DAY
        raise AssertionError(f"not settled: {report}")

    def complete(self) -> bool:
        """No ramp goes on any more."""
        with self.engine.store() as store:
            return all(state.phase is Phase.COMPLETE for state in store.ramp_states.all().values())

    def go_on(self) -> None:
        """A person ends what only a person ends."""
        with self.engine.store() as store:
            states = store.ramp_states.all().values()
        for state in states:
            if state.phase in (Phase.ABORTED, Phase.REVERTING):
                self.order(state.name, Command.RETRY)
            elif state.phase is Phase.PAUSED:
                self.order(state.name, Command.PROMOTE if state.pause is PauseReason.STEP else Command.RESUME)

    def fork(self) -> "Ramped":
        """The same walk once more, from here on, with a store and a cloud of its own."""
        other = copy.copy(self)
        other.path = self.path / "fork"
        other.path.mkdir()
        with self.engine.store() as store:
            store.database.copy_to(other.path / "state.db")
        other.staff, other.witness = copy.deepcopy(self.staff), copy.deepcopy(self.witness)
        other.rng = random.Random(7)
        cloud = RememberingCloud(lambda: other.now)
        for name in ("objects", "links", "bin", "seen", "_log", "_link_log"):
            setattr(cloud, name, copy.deepcopy(getattr(self.cloud, name)))
        cloud._clock, cloud.max_links = self.cloud._clock, self.cloud.max_links
        cloud.minds_repetition = self.cloud.minds_repetition
        other.engine = replace(
            self.engine,
            path=other.path / "state.db",
            cloud=cloud,
            sources=[other.staff.source],
            clock=lambda: other.now,
        )
        return other

    def end(self) -> tuple[Any, ...]:
        """What is in the cloud, but for what every day brings, and whether each ramp is complete. At which ceiling
        may differ: somebody who is gone a day later is not waited for any more.
        """
        with self.engine.store() as store:
            states = {state.name: state.phase for state in store.ramp_states.all().values()}
        objects = {
            anchor: {name: value for name, value in held.values.items() if name != "title"}
            for anchor, held in self.cloud.objects.items()
        }
        return objects, {anchor: members for anchor, members in self.cloud.links.items() if members}, states


def passing(gate: Gate) -> tuple[Verdict, bool]:
    """Every gate passes."""
    return Verdict.PASSED, False


@contextmanager
def gates(say: Say) -> Iterator[None]:
    """Gates in the block say what a test says."""

    def judge(policy: RampPolicy, measures: Any, now: float) -> tuple[Judgement, ...]:
        return tuple(_judgement(gate, *say(gate)) for gate in policy.gates)

    with patch.object(deciding, "judge", judge):
        yield


def _judgement(gate: Gate, verdict: Verdict, aborts: bool) -> Judgement:
    return Judgement(gate.metric.value, gate.name, verdict, 1.0, "maxPercent", 1.0, 2.0, aborts, 20, "so it is")
