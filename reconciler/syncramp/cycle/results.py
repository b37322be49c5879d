"""What became of what was sent: each object's own answer, counted so that the numbers agree.

A change that may have been done before and was refused when it came again is no failure yet: whether the service
minds repetition is not known. It is in doubt until the read-back at the end of the run has shown what is there.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from pyroaring import BitMap

from syncramp.cycle.meter import Meter
from syncramp.endpoint.causes import cause_of
from syncramp.model.holds import Hold
from syncramp.model.plan import HeldLinks, Lanes, Plan, Sample, Verb
from syncramp.model.report import RunReport
from syncramp.model.state import Membership, ObjectState
from syncramp.model.wire import Outcome, Result
from syncramp.store.exports import Exports
from syncramp.store.intents import Item
from syncramp.store.observations import Observations
from syncramp.words import count

GONE = "it was gone in the cloud: sent whole"
MODIFIED = "written by the service with modified properties"
NOT_FILLED = "a group begins to fill in a later run"
_kind = attrgetter("object.kind")
LASTING = frozenset({GONE, MODIFIED})
"""Warnings of what is over: a later run has no word of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A change that was refused when it came again; the read-back answers whether it had been done."""

    item: Item
    outcome: Outcome
    dn: str = ""
    """Of the group, for links."""


class Results:
    """The answers of one export."""

    def __init__(self, report: RunReport, meter: Meter) -> None:
        self._report = report
        self.meter = meter
        self._acknowledged = BitMap()
        self._refused = BitMap()
        self._in_doubt = BitMap()
        self._late = BitMap()
        self._partly = BitMap()
        """What goes in two parts, and was not answered yet."""
        self._planned = BitMap()
        """Objects of which something goes in this run."""
        self._lanes = Lanes()
        self._kinds: defaultdict[str, BitMap] = defaultdict(BitMap)
        """Kind -> objects that were answered about."""
        self._unwelcome = BitMap()
        """Groups with links that were refused."""
        self._questions: list[Question] = []
        self.sent_links: dict[int, BitMap] = {}
        """Group -> members the service answered as added."""
        self.sent = 0
        self.applied = 0
        self.calls = 0

    def expect(self, plan: Plan) -> None:
        """What the plan lets go and what it holds."""
        objects, links = self._report.objects, self._report.links
        lanes = self._lanes = plan.lanes
        whole = BitMap.union(lanes.releases, lanes.deletes, lanes.claims, lanes.creates, lanes.updates)
        self._partly = lanes.disables & whole
        self._planned = lanes.disables | whole
        objects.held, links.held = plan.held_objects, plan.held_links
        objects.expected = len(self._planned) + objects.held
        links.expected = plan.links + links.held

    def expect_links(self, links: int) -> None:
        """Links that this run must say something of beside those of its plan."""
        self._report.links.expected += links

    def object_answers(self, pairs: Sequence[tuple[Item, Outcome]], *, repeated: bool = False) -> None:
        """The answers about creates, updates or deletes of different objects; of one in two parts the second counts.

        :param repeated: a try before the answered one may have done it.
        """
        self.sent += len(pairs)
        applied = []
        for item, outcome in pairs:
            if outcome.result is Result.APPLIED and not outcome.description:
                applied.append(item)
            else:
                self._object_answer(item, outcome, repeated=repeated)
        self._count_applied(applied)

    def _count_applied(self, items: Sequence[Item]) -> None:
        """Nearly all were applied, and nothing is to be told of them."""
        ids = BitMap([item.id for item in items])
        self.applied += len(items)
        self._acknowledged -= ids
        self._acknowledged |= ids - self._partly
        for others in (self._refused, self._in_doubt, self._partly):
            others -= ids
        for kind, alike in groupby(items, _kind):
            self._kinds[kind].update([item.id for item in alike])

    def _object_answer(self, item: Item, outcome: Outcome, *, repeated: bool) -> None:
        if repeated and item.deletes and outcome.result is Result.REFUSED:
            self._questions.append(Question(item, outcome))
            outcome = Outcome(Result.UNKNOWN)
        self._count_object(item, outcome)

    def _count_object(self, item: Item, outcome: Outcome) -> None:
        for ids in (self._acknowledged, self._refused, self._in_doubt):
            ids.discard(item.id)
        self._kinds[item.object.kind].add(item.id)
        if outcome.result is Result.APPLIED:
            self.applied += 1
            if item.id not in self._partly:
                self._acknowledged.add(item.id)
            self._warn(item, outcome)
        elif outcome.result is Result.REFUSED:
            self._refused.add(item.id)
            self._refuse(item, outcome)
        else:
            self._in_doubt.add(item.id)
            self._doubt(item, outcome)
        self._partly.discard(item.id)

    def made_anew(self, item: Item) -> None:
        """An update created the object, because it was gone: it goes once more, whole."""
        if item.id not in self._planned:
            self._planned.add(item.id)
            self._report.objects.expected += 1
        self._acknowledged.discard(item.id)
        self._in_doubt.add(item.id)
        self._report.note_warning(_sample(item, Outcome(Result.APPLIED)), GONE)

    def late_reference(self, state: ObjectState, names: Iterable[str]) -> None:
        """A reference whose target did not come in this run: the object is left for the next one."""
        self._late.add(state.id)
        sample = Sample("Update", state.kind.value, state.dn, state.anchor, ", ".join(sorted(names)))
        self._report.note_warning(sample, "a reference waits until its target is in the cloud")

    def still_taken(self, state: ObjectState, detail: str) -> None:
        """A value it claims was to be given up in this run, and was not: the object is left for the next one."""
        verb = Verb.CREATE if state.acked is None else Verb.UPDATE
        sample = Sample(verb.value, state.kind.value, state.dn, state.anchor, detail)
        self._report.note_warning(sample, "a value waits, because the change that frees it did not apply")

    def not_filled(self, group: Membership, reason: str) -> None:
        """A group that its ramp would let fill does not begin in this run: it is left for the next one."""
        self._report.note_warning(Sample("Fill", "Group", group.dn, group.anchor, reason), NOT_FILLED)

    def hold(self, hold: Hold, sample: Sample) -> None:
        """What the plan let go is held after all."""
        self._report.objects.held += 1
        self._report.note_hold(sample, hold.value)

    def hold_links(self, held: HeldLinks, group: Membership, links: int) -> None:
        """Links that nobody planned are held."""
        self._report.links.expected += links
        self._report.links.held += links
        sample = Sample("Members", "Group", group.dn, group.anchor, f"{count(links, 'link')}: {held.reason}")
        self._report.note_hold(sample, held.hold.value, links)

    def anchors_written(self, users: int) -> None:
        """The anchors of so many users stand in their directory now."""
        self._report.anchors_written += users

    def link_answer(
        self, item: Item, outcome: Outcome, group: Membership, repeated: tuple[BitMap, BitMap] = (BitMap(), BitMap())
    ) -> None:
        """The answer about the members of one group.

        :param repeated: of its links those that may have been added, and removed, before.
        """
        self.sent += 1
        if outcome.result is Result.REFUSED and repeated == (item.adds, item.removes):
            self._questions.append(Question(item, outcome, group.dn))
            outcome = Outcome(Result.UNKNOWN)
        self._count_links(item, outcome, group.dn)

    def _count_links(self, item: Item, outcome: Outcome, dn: str) -> None:
        links = self._report.links
        self.meter.answered(item, outcome.result)
        if outcome.result is Result.APPLIED:
            self.applied += 1
            links.acknowledged += item.links
            self.sent_links[item.id] = self.sent_links.get(item.id, BitMap()) | item.adds
            self._warn(item, outcome)
        elif outcome.result is Result.REFUSED:
            links.refused += item.links
            self._unwelcome.add(item.id)
            self._refuse(item, outcome, dn)
        else:
            links.in_doubt += item.links
            self._doubt(item, outcome)

    def answer_questions(self, observations: Observations, exports: Exports, now: float) -> None:
        """After the read-back: what it shows as wanted was done, the rest was refused."""
        for question in self._questions:
            item, dn = question.item, question.dn
            outcome = question.outcome
            if observations.shows(item):
                outcome = Outcome(Result.APPLIED, operation=outcome.operation)
                exports.settle(item, now)
            if item.links:
                self._report.links.in_doubt -= item.links
                self._count_links(item, outcome, dn)
            else:
                self._count_object(item, outcome)
        self._questions.clear()
        self.settle()

    def settle(self) -> None:
        """The export is over: what is expected and nothing was said of is left for the next run."""
        objects = self._report.objects
        objects.acknowledged = len(self._acknowledged - self._late)
        objects.refused = len(self._refused)
        objects.in_doubt = len(self._in_doubt)
        objects.settle()
        self._report.links.settle()
        self._report.done = self._done(self._acknowledged - self._late)
        self._report.calls, self._report.writes = self.calls, self.sent

    def _done(self, acknowledged: BitMap) -> dict[str, dict[str, int]]:
        """Verb -> kind -> how many of these."""
        lanes = self._lanes
        known = lanes.creates | lanes.deletes
        verbs = {
            Verb.CREATE: lanes.creates & acknowledged,
            Verb.UPDATE: acknowledged - known,
            Verb.DELETE: lanes.deletes & acknowledged,
        }
        counts = {
            verb.value: {kind: len(ids & known) for kind, known in self._kinds.items() if ids & known}
            for verb, ids in verbs.items()
        }
        return {verb: kinds for verb, kinds in counts.items() if kinds}

    @property
    def refused(self) -> BitMap:
        """Objects that the service refused, and groups of which it refused links."""
        return self._refused | self._unwelcome

    @property
    def in_doubt(self) -> BitMap:
        """Objects of which it is not known yet."""
        return self._in_doubt

    @property
    def acknowledged(self) -> BitMap:
        """Objects it took."""
        return self._acknowledged

    def _warn(self, item: Item, outcome: Outcome) -> None:
        if outcome.description:
            self._report.note_warning(_sample(item, outcome), MODIFIED)

    def _doubt(self, item: Item, outcome: Outcome) -> None:
        if outcome.description:
            self._report.note_warning(_sample(item, outcome), "not answered, while others of its call were")

    def _refuse(self, item: Item, outcome: Outcome, dn: str = "") -> None:
        self._report.note_error(_sample(item, outcome, dn), cause_of(outcome.code, outcome.description).name)


def _sample(item: Item, outcome: Outcome, dn: str = "") -> Sample:
    values = item.object.values
    name = dn or str(values.get("onPremisesDistinguishedName") or values.get("displayName") or "")
    anchor = str(values.get("SourceAnchor", ""))
    return Sample(item.object.operation.value, item.object.kind, name, anchor, outcome.description)
