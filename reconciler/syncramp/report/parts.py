"""What a plan and a run tell alike: sources, counts, what is held and what is kept back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from syncramp.endpoint.causes import remedy_of
from syncramp.model.desire import Code
from syncramp.model.holds import Hold
from syncramp.model.plan import Sample, Topic, Verb
from syncramp.model.proofs import failed
from syncramp.model.report import RunReport, SourceReport, Tally
from syncramp.model.values import Kind
from syncramp.model.written import Side
from syncramp.report.approvals import approvable_lines
from syncramp.words import count, moment

AMONG = {
    Verb.CREATE: {Topic.MATCH: "match", Topic.RESTORE: "restore"},
    Verb.UPDATE: {Topic.DISABLE: "disable", Topic.SIGN_IN: "sign-in"},
}
"""What is told of a verb beside its number."""
HOLDS = {
    Hold.ADOPTION_REQUIRED: "the tenant is not proven empty, and nothing in it is ours yet: syncramp adopt FILE",
    Hold.SOURCE_NEVER_READ: "creates wait until every source was read completely once",
    Hold.SOURCE_INCOMPLETE: "a source is not complete, fresh and permitted: nothing destructive follows from it",
    Hold.ABSENT_ONCE: "absent from one complete import; the next one must agree",
    Hold.UNRESOLVED_MEMBER: "its group names somebody new whom no source knows: perhaps the same person, moved",
    Hold.VALUE_TAKEN: "a value that must be unique still belongs to another object",
    Hold.TOO_MANY_DELETES: "more deletes than failsafe.deletes lets go",
    Hold.TOO_MANY_MEMBERS: "the group would be larger than groups.maxMembers",
    Hold.RAMP: "the group waits for its ramp",
    Hold.MAIL_ENABLED: "the group is mail-enabled and would be larger than its ramp lets one be",
    Hold.ANCHOR: "its source anchor or its kind is in conflict",
    Hold.ANCHOR_NOT_WRITTEN: "its anchor could not be written into the directory",
    Hold.JOIN: "it is not clear with whom it should be joined",
    Hold.NOT_OURS: "an object with this anchor is in the tenant and is not ours",
    Hold.CLOUD_MANAGED: "the source of authority was moved to the cloud: nothing is sent for it",
    Hold.CALL_UNDER_WAY: "a call of an earlier run that was never answered may still be changing it",
    Hold.GROUP_DELETES: "deletes of large groups, or of more than failsafe.deletes.groups",
    Hold.DEVICE_DELETES: "more deletes of devices than failsafe.deletes.devices",
    Hold.TOO_MANY_REMOVALS: "more member removals than failsafe.memberRemovals lets go",
    Hold.TOO_MANY_DISABLES: "more disables than failsafe.disables.count",
    Hold.SIGN_IN: "more changes of what people sign in with than failsafe.signInAttributes lets go",
    Hold.TOO_MANY_CLEARS: "one attribute cleared at more objects than failsafe.attributeClears lets go",
    Hold.TOO_MANY_CREATES: "more creates than failsafe.creates lets go in an adopted tenant",
    Hold.MATCH: "the service would join it with an object that is not ours",
    Hold.RESTORE: "it would bring a deleted object back",
    Hold.CONFIGURATION: "it leaves because the document or the default rules changed, not its entry",
    Hold.NESTING: "nested groups make more people members than failsafe.effectiveAdds",
    Hold.FOUND_AT_ADOPTION: "it was different when the tenant was adopted",
    Hold.REVERT: "the ramp goes back to where it began",
    Hold.APPROVAL_REQUIRED: "a person must approve it",
    Hold.CANARY: "beyond the share that may go to a tenant adopted lately",
    Hold.WINDOW: "the sync windows let it go later",
    Hold.LOCAL_EDIT: "it would undo an edit in the directory: drift: Correct does",
    Hold.RECYCLE_BIN: "the recycle bin of the forest is not switched on",
    Hold.MEMBERS_UNKNOWN: "nobody ever told the members of the group in the cloud",
    Hold.NOT_WRITTEN: "the document does not ask for the group any more",
    Hold.PROTECTED: "the directory counts the group among its administrative ones",
    Hold.TOKENS: "the member is in so many groups that one more may end the sign-in",
}
HOLDS_THERE = {
    Hold.NOT_OURS: "something else in the directory has its name",
    Hold.FOUND_AT_ADOPTION: "the directory had it otherwise when the group was taken over",
    Hold.CALL_UNDER_WAY: "a request of an earlier run that was never answered may still be changing it",
    Hold.VALUE_TAKEN: "its name in the directory still belongs to another object",
}
"""Where the directory is written to, and not the cloud."""

VIOLATIONS = {
    Code.INVALID_USER_PRINCIPAL_NAME: "a userPrincipalName that the service does not take",
    Code.INVALID_PROXY_ADDRESS: "a value of proxyAddresses that is no address, or a second primary one",
    Code.INVALID_MAIL_ADDRESS: "a mail that is no address",
    Code.INVALID_ALIAS: "a mail nickname that begins with a dot",
    Code.UNVERIFIED_DOMAIN: "a domain that is not in spec.target.verifiedDomains",
    Code.TOO_LONG: "a text that is longer than the service takes",
    Code.TOO_MANY_VALUES: "more values than the service takes",
    Code.DUPLICATE_VALUE: "a value that must be unique belongs to another object",
    Code.TYPE_CONFLICT: "a value that must be unique belongs to an object of another kind",
    Code.EXPRESSION_FAILED: "an expression of a rule has no result",
    Code.ENABLES_ACCOUNT: "a rule would enable an account that its directory does not call enabled",
}


def hold_told(hold: Hold, side: Side) -> str:
    """Why something is held, in words of what it would be written to."""
    return HOLDS_THERE.get(hold, HOLDS[hold]) if side is Side.DIRECTORY else HOLDS[hold]


def source_lines(sources: Sequence[SourceReport]) -> Iterator[str]:
    """Each source with its proof, or why it has none."""
    for source in sources:
        if source.complete:
            yield f"Source {source.source}: complete, {''.join(read_of(source))}{_imported(source)}"
        else:
            yield f"Source {source.source}: NOT {failed(source.doubt)}: {source.reason}"
        for url in source.references:
            yield f"Source {source.source}: a part of a scope stands elsewhere and is not read: {url}"


def _imported(source: SourceReport) -> str:
    if source.imported is None:
        return ""
    return f", imported at {moment(datetime.fromtimestamp(source.imported, UTC))}"


def read_of(source: SourceReport) -> tuple[str, str]:
    """How much was read of a source, and in which way; and a reason for that, which may have words of its server."""
    if source.delta:
        return f"delta by {source.tracking}: {source.entries:,} changed", ""
    entries = count(source.entries, "entry")
    return (f"{entries}, in full because ", source.why_full) if source.why_full else (entries, "")


def unmanaged(sources: Mapping[str, int]) -> Iterator[str]:
    """What the document does not name any more."""
    for source, number in sources.items():
        objects = count(number, "object")
        yield f"Source {source}: not in the document any more; its {objects} stay in the cloud as they are"


def counts(verbs: Mapping[str, Mapping[str, int]], topics: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Objects by verb and kind.

    :param topics: what they are to people; of some it is told how many they are among those of a verb.
    """
    if not verbs:
        return
    devices = any(Kind.DEVICE.value in numbers for numbers in verbs.values())
    kinds = [kind for kind in Kind if kind is not Kind.DEVICE or devices]
    yield f"  {'':8}" + "".join(f"{kind.value + 's':>10}" for kind in kinds)
    for verb in Verb:
        if numbers := verbs.get(verb.value):
            yield f"  {verb.value:8}{_row(numbers, kinds)}"
        for topic, word in AMONG.get(verb, {}).items():
            if numbers := topics.get(topic.value):
                yield f"   {word:7}{_row(numbers, kinds)}"


def _row(numbers: Mapping[str, int], kinds: Iterable[Kind]) -> str:
    return "".join(f"{numbers.get(kind.value, 0):>10,}" for kind in kinds)


def tallies(report: RunReport) -> Iterator[str]:
    """The numbers that must agree, for objects and for links."""
    columns = ("expected", "acknowledged", "held", "refused", "in doubt", "left")
    yield f"  {'':8}" + "".join(f"{name:>14}" for name in columns)
    for name, tally in (("Objects", report.objects), ("Links", report.links)):
        yield f"  {name:8}" + "".join(f"{number:>14,}" for number in _numbers(tally))


def _numbers(tally: Tally) -> tuple[int, ...]:
    return tally.expected, tally.acknowledged, tally.held, tally.refused, tally.in_doubt, tally.left


def held(
    holds: Mapping[str, int],
    samples: Mapping[str, Sequence[Sample]],
    waiting: Sequence[Mapping[str, Any]],
    side: Side = Side.CLOUD,
) -> Iterator[str]:
    """What is held, by what holds it.

    :param waiting: what of it a person can approve.
    :param side: what is written to.
    """
    for name, number in sorted(holds.items()):
        yield f"Held {number:,} ({name}): {hold_told(Hold(name), side)}"
        yield from approvable_lines(waiting, name)
        for sample in samples.get(name, ()):
            yield f"    {sample.verb} {sample.kind} {sample.dn}: {sample.detail}"


def violations(report: RunReport) -> Iterator[str]:
    """What is kept back of objects."""
    for code, number in report.violations.items():
        yield f"Kept back {number:,} ({code}): {VIOLATIONS[Code(code)]}"
        for sample in report.violation_samples.get(code, ()):
            yield f"    {sample.kind} {sample.dn}: {sample.detail}"


def categories(title: str, counts: Mapping[str, int], samples: Mapping[str, Sequence[Sample]]) -> Iterator[str]:
    """Refusals or warnings, the most frequent first."""
    for category, number in largest(counts):
        remedy = remedy_of(category)
        yield f"{title} {number:,}: {category}" + (f": {remedy}" if remedy else "")
        for sample in samples.get(category, ()):
            detail = f": {sample.detail}" if sample.detail else ""
            yield f"    {sample.kind} {sample.dn or sample.anchor}{detail}"


def largest(counts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    """Counts, the largest first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
