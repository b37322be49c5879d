"""A random walk with everything that may hold a change.

The document changes (its scope, its limits, who approves), the directory is read in part, exports go in slices,
people approve what waits, strangers appear in the cloud, the store is lost and the tenant adopted; beside it goes
wrong what goes wrong in ``support.trial``. A ``support.witness`` watches.
"""

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.build import BASE, SCOPE, group
from support.engine import Engine, crashing
from support.flight import flights
from support.model import Crash, Held, no_fault
from support.staff import CLERK, ELSEWHERE, GROUPS
from support.trial import PATIENCE, STEP, TRAVEL, Trial, check_bounds, check_rest, check_tallies
from support.witness import DAY, Seen, WatchedCloud, WatchedSource, Witness, bundle, watching
from syncramp.errors import SyncrampError
from syncramp.model.adoption import Stage
from syncramp.model.facts import Entry
from syncramp.model.report import RunReport
from syncramp.rules.own import own_rules
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.failsafe import DeleteLimits, DisableLimits, Failsafe, RemovalLimits
from syncramp.spec.types import ApprovalMode, Scope

NO_CLERKS = f"(!(title={CLERK}))"
STRANGER = "c3RyYW5nZXI="
"""The source anchor of an object that somebody else made."""
WAIT = PATIENCE + TRAVEL + 1
"""Seconds until no call can be under way any more."""


@dataclass
class ScopedEngine(Engine):
    """Its rules follow the scopes of its document."""

    def rules(self, name: str) -> Ruleset:
        (source,) = self.config.sources
        return Ruleset(source.scopes, self.config.source_anchor, name, own_rules(self.config, name), among=[name])


class Guarded(Trial):
    """The walk."""

    engine: ScopedEngine

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        super().__init__(path, seed)
        self.witness = Witness(self.source, self.engine.anchor, self.left_out, meddled=self.others_delete)
        self.digests: dict[str, Any] = {}
        self.bundles: dict[Any, str] = {}
        self.strangers: dict[str, Held] = {}
        """What is in the cloud and not ours, as it must stay."""
        self.forgotten: frozenset[str] = frozenset()
        """Who was in the bin when the store was lost: what comes back with them is only known when it was seen."""

    def make_engine(self, path: Path) -> ScopedEngine:
        made = ScopedEngine(path, WatchedCloud(lambda: self.now), [WatchedSource()], clock=lambda: self.now)
        made.config = replace(made.config, interval=timedelta(seconds=self.rng.choice((20, 60, 200))))
        return made

    @property
    def cloud(self) -> WatchedCloud:
        assert isinstance(self.engine.cloud, WatchedCloud)
        return self.engine.cloud

    @property
    def source(self) -> WatchedSource:
        assert isinstance(self.engine.source, WatchedSource)
        return self.engine.source

    def left_out(self, entry: Entry) -> bool:
        """The document leaves out an entry that is there."""
        elsewhere = entry.attributes.get("iscriticalsystemobject") == (ELSEWHERE.encode(),)
        return elsewhere or (self.staff.without_clerks and entry.attributes.get("title") == (CLERK.encode(),))

    # --- what happens ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The tenant is filled, or was begun to be, and there are limits."""
        self.weather(quiet=True, still=True)
        self.engine.config = replace(self.engine.config, failsafe=self.limits())
        for _ in range(self.rng.randrange(3)):
            self.run()

    def step(self) -> None:
        for _ in range(self.rng.randrange(4)):
            self.change()
        for chance, happens in ((0.3, self.edit), (0.1, self.appear), (0.04, self.lose_store)):
            if self.rng.random() < chance:
                happens()
        self.source.complete = self.rng.random() < 0.8
        quiet = self.rng.random() < 0.5
        self.weather(quiet=quiet)
        plans, report = self.run(crash=(lambda: False) if quiet else lambda: self.rng.random() < 0.01)
        check_tallies(self.engine)
        if quiet and report is not None and len(plans) == 1:
            self.judge_digest(plans[0], report)
        if self.rng.random() < 0.5:
            self.approve()
        self.let_arrive()
        self.check()
        self.pass_time()

    def weather(self, *, quiet: bool, still: bool = False) -> None:
        """Whether anything goes wrong in the cloud, and whether anything happens at all while a run goes on."""
        refused = 0.0 if quiet else self.refused
        texts = "no", "a reference is not known"
        self.cloud.fault = no_fault if still else self.meanwhile if quiet else self.fault
        self.cloud.refuse = lambda obj: self.rng.choice(texts) if self.rng.random() < refused else ""

    def run(self, crash: Callable[[], bool] = lambda: False) -> tuple[list[Seen], RunReport | None]:
        """One run, or one export with all of its slices, and what the witness says."""
        report = None
        with watching(self.cloud, self.witness, self.engine.config) as plans:
            with suppress(Crash, SyncrampError), flights(self.rng), crashing(crash):
                report = self.engine.sync() if self.rng.random() < 0.5 else self.engine.run()[0]
        for seen in plans:
            self.witness.judge(seen)
        for anchor, held in self.strangers.items():
            there = self.cloud.objects.get(anchor)
            assert there == held or (self.others_delete and there is None), "what is not ours was touched"
        return plans, report

    def kinds(self) -> dict[str, str]:
        return {**super().kinds(), **{anchor: held.kind for anchor, held in self.cloud.objects.items()}}

    def meanwhile(self, moment: str) -> None:
        """A call takes some time, and somebody in the directory does not wait for it."""
        if moment == "after":
            self.let_arrive(chance=0.0)  # what travels is never later than its time
            self.now += self.rng.choice((0.0, 1.0, STEP))
            if self.rng.random() < 0.1:
                self.change()

    def pass_time(self) -> None:
        super().pass_time()
        if not self._deadlines and self.rng.random() < 0.1:
            self.now += self.rng.choice((0.4 * DAY, 1.5 * DAY))

    def edit(self) -> None:
        """The document changes."""
        config = self.engine.config
        match self.rng.randrange(3):
            case 0:
                self.staff.without_clerks = self.rng.random() < 0.5
                scope = Scope(BASE, SCOPE.kinds, NO_CLERKS if self.staff.without_clerks else None)
                config = replace(config, sources=(replace(config.sources[0], scopes=(scope,)),))
            case 1:
                config = replace(config, approval=self.rng.choice(tuple(ApprovalMode)))
            case _:
                config = replace(config, failsafe=self.limits())
        self.engine.config = config

    def limits(self) -> Failsafe:
        """Some limits that are low enough to be passed, and some that are not."""
        choose = self.rng.choice
        return Failsafe(
            deletes=DeleteLimits(
                count=choose((0, 1, 2, 500)), percent=Decimal(choose((0, 10, 100))), floor=choose((0, 1, 50))
            ),
            disables=DisableLimits(choose((0, 1, 500))),
            member_removals=RemovalLimits(
                per_group=choose((0, 2, 5000)), per_run=choose((0, 3, 20_000)), emptied_above=choose((0, 3, 10))
            ),
        )

    def all_or_nothing(self) -> Failsafe:
        """Limits under which it does not matter which of two runs something falls into."""
        choose = self.rng.choice
        return Failsafe(
            deletes=DeleteLimits(count=choose((0, 500))),
            disables=DisableLimits(choose((0, 500))),
            member_removals=RemovalLimits(per_group=choose((0, 5000)), emptied_above=500),
        )

    def appear(self) -> None:
        """Somebody else makes an object in the cloud, when something there is ours."""
        with self.engine.store() as store:
            ours = bool(store.snapshot().in_cloud)
        if ours and STRANGER not in self.cloud.objects:
            made = Held("User", {"displayName": "Stranger"}, "User_stranger")
            self.strangers[STRANGER] = copy.deepcopy(made)
            self.cloud.appear(STRANGER, made)

    def lose_store(self) -> None:
        """The store is gone; the tenant is adopted, and what nobody wants any more is not ours any more."""
        if not any(self.cloud.links.values()):
            return  # a read-back without members adopts no group
        self.let_arrive(chance=1.0)
        self.now += WAIT
        self.source.complete = True
        self.mend()
        self.weather(quiet=True)
        self.engine.lose_store()
        self.source.absent.clear()
        self.forgotten = frozenset(self.cloud.bin)
        self.witness.ours.clear()
        self.witness.ledger.tried.clear()
        before = copy.deepcopy((self.cloud.objects, self.cloud.links))
        self.adopt()
        assert (self.cloud.objects, self.cloud.links) == before, "an adoption sends nothing"

    def adopt(self) -> None:
        """Somebody takes over what the cloud holds, whatever it looks like, and ends the first stages."""
        findings = self.engine.adopt()
        if not findings.recorded:
            self.engine.adopt(accepted=findings.digest)
        with self.engine.store() as store:
            if adoption := store.adoption.read():
                store.adoption.write(replace(adoption, stage=Stage.ALL, released_by="ada", released_at=self.now))
        wanted = {self.engine.anchor(self.staff.entry(one)) for one in self.staff.people if self.staff.in_scope(one)}
        wanted |= {self.engine.anchor(group(number)) for number in GROUPS}
        self.witness.ours |= wanted & set(self.cloud.objects)
        ours = self.witness.ours
        others = {anchor: held for anchor, held in self.cloud.objects.items() if anchor not in ours}
        self.strangers = copy.deepcopy(others)

    def approve(self) -> None:
        """A person approves some of what waits."""
        with self.engine.store() as store:
            for each in store.approvals.proposals():
                if each.waits and self.rng.random() < 0.5:
                    store.approvals.give(each.digest, "ada", self.now, self.now + 3 * DAY)

    # --- what must be true -----------------------------------------------------------------------------------------

    def judge_digest(self, seen: Seen, report: RunReport) -> None:
        """The digest is a function of what is sent when nothing fails, and tells one from the other."""
        tallies = report.objects, report.links
        if report.sliced or self.others_delete or any(each.refused or each.in_doubt or each.left for each in tallies):
            return
        sent, digest = bundle(seen), seen.plan.digest
        assert self.digests.setdefault(digest, sent) == sent, "one digest, and two sets of changes"
        assert self.bundles.setdefault(sent, digest) == digest, "one set of changes, and two digests"

    def check(self) -> None:
        if not self.others_delete:
            check_bounds(self.engine, self.forgotten.union(self.strangers))

    def calm(self) -> None:
        """Nothing goes wrong any more, and what travelled has arrived or never will."""
        self.let_arrive(chance=1.0)
        self.now += WAIT
        self.weather(quiet=True, still=True)
        self.cloud.leaves = lambda patience: True
        self.source.complete = True
        self.engine.config = replace(self.engine.config, interval=timedelta(days=1))

    def quiesce(self) -> tuple[Any, ...]:
        """Runs until nothing goes any more, while nobody approves anything: what the cloud holds, and what waits."""
        for _ in range(8):
            tried = len(self.cloud.tried)
            report, _ = self.engine.run()
            self.now += WAIT
            if tried == len(self.cloud.tried) and not {"AbsentOnce", "CallUnderWay"} & set(report.holds):
                objects = {anchor: (held.kind, held.values) for anchor, held in self.cloud.objects.items()}
                links = {anchor: members for anchor, members in self.cloud.links.items() if members}
                return objects, links, report.holds
        raise AssertionError(f"it never came to rest: {report}")

    def rest(self) -> None:
        """All that waits is approved, until the cloud holds what the directory says."""
        self.calm()
        self.engine.config = replace(self.engine.config, approval=ApprovalMode.AUTO)
        self.mend()
        for _ in range(12):
            plans, report = self.run()
            if report is not None and report.settled:
                check_rest(self.engine, self.staff, frozenset(self.strangers))
                return
            if plans and "NotOurs" in plans[-1].plan.holds:
                self.adopt()
            self.engine.approve()
            self.now += WAIT
        raise AssertionError(f"not settled: {report}")

    def fork(self) -> "Guarded":
        """The same walk once more, from here on, with a store and a cloud of its own."""
        other = copy.copy(self)
        other.path = self.path / "fork"
        other.path.mkdir()
        with self.engine.store() as store:
            store.database.copy_to(other.path / "state.db")
        other.staff = copy.deepcopy(self.staff)
        cloud = WatchedCloud(lambda: other.now)
        for name in ("objects", "links", "bin", "_log", "_link_log"):
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
