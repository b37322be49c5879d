"""What became of what was sent: each object's own answer, counted so that the numbers agree."""

from collections.abc import Iterable

from pyroaring import BitMap

from syncramp.model.plan import Plan, Sample, Verb
from syncramp.model.report import RunReport
from syncramp.model.state import Membership, ObjectState
from syncramp.model.wire import Outcome, Result
from syncramp.store.exports import Item


class Results:
    """The answers of one export."""

    def __init__(self, report: RunReport) -> None:
        self._report = report
        self._acknowledged = BitMap()
        self._refused = BitMap()
        self._in_doubt = BitMap()
        self._late = BitMap()
        self._partly = BitMap()
        """What goes in two parts, and was not answered yet."""
        self.sent_links: dict[int, BitMap] = {}
        """Group -> members the service answered as added."""
        self.sent = 0
        self.applied = 0
        self.calls = 0

    def expect(self, plan: Plan) -> None:
        """What the plan lets go and what it holds."""
        objects, links = self._report.objects, self._report.links
        lanes = plan.lanes
        whole = BitMap.union(lanes.releases, lanes.deletes, lanes.claims, lanes.creates, lanes.updates)
        self._partly = lanes.disables & whole
        objects.held, links.held = plan.held_objects, plan.held_links
        objects.expected = len(lanes.disables | whole) + objects.held
        links.expected = plan.links + links.held

    def expect_links(self, links: int) -> None:
        """Links that this run must say something of beside those of its plan."""
        self._report.links.expected += links

    def object_answer(self, item: Item, outcome: Outcome) -> None:
        """The answer about one create, update or delete; of what goes in two parts the second one counts."""
        self.sent += 1
        for ids in (self._acknowledged, self._refused, self._in_doubt):
            ids.discard(item.id)
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
        self._partly.discard(item.id)

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

    def link_answer(self, item: Item, outcome: Outcome, group: Membership) -> None:
        """The answer about the members of one group."""
        links = self._report.links
        self.sent += 1
        if outcome.result is Result.APPLIED:
            self.applied += 1
            links.acknowledged += item.links
            self.sent_links[item.id] = self.sent_links.get(item.id, BitMap()) | item.adds
            self._warn(item, outcome)
        elif outcome.result is Result.REFUSED:
            links.refused += item.links
            self._refuse(item, outcome, group.dn)
        else:
            links.in_doubt += item.links

    def settle(self) -> None:
        """The export is over: what is expected and nothing was said of is left for the next run."""
        objects = self._report.objects
        objects.acknowledged = len(self._acknowledged - self._late)
        objects.refused = len(self._refused)
        objects.in_doubt = len(self._in_doubt)
        objects.settle()
        self._report.links.settle()
        self._report.calls, self._report.writes = self.calls, self.sent

    def _warn(self, item: Item, outcome: Outcome) -> None:
        if outcome.description:
            self._report.note_warning(_sample(item, outcome), "written by the service with modified properties")

    def _refuse(self, item: Item, outcome: Outcome, dn: str = "") -> None:
        self._report.note_error(_sample(item, outcome, dn), outcome.code or "without a code")


def _sample(item: Item, outcome: Outcome, dn: str = "") -> Sample:
    values = item.object.values
    name = dn or str(values.get("onPremisesDistinguishedName") or values.get("displayName") or "")
    anchor = str(values.get("SourceAnchor", ""))
    return Sample(item.object.operation.value, item.object.kind, name, anchor, outcome.description)
