"""What an adoption found, as text and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from syncramp.model.adoption import Finding, Findings
from syncramp.model.plan import Sample
from syncramp.model.values import Kind
from syncramp.report.parts import source_lines
from syncramp.report.preflight import preflight_lines
from syncramp.report.saved import restored_lines
from syncramp.words import count, printable

VERSION = 1

_FINDINGS = {
    Finding.MATCHED: "in the tenant with their anchor",
    Finding.TO_CREATE: "in a directory and not in the tenant: the next runs create them",
    Finding.WOULD_MATCH: "of those like an object of the tenant that is not ours: their creates wait for an approval",
    Finding.WOULD_RESTORE: "of those deleted less than 30 days ago: their creates wait for an approval",
    Finding.TYPE_CONFLICT: "in the tenant with the anchor of an entry of another kind: they stay as they are",
    Finding.NOT_ADOPTABLE: "groups whose members the read-back does not show: no removal could be told, so they stay "
    "as they are, and not ours",
    Finding.ORPHAN: "in the tenant with an anchor that no entry in scope has: they stay as they are, and not ours",
    Finding.DEPARTING: "ours and no longer in scope: the next runs delete them, under the guards",
    Finding.GONE: "ours and no longer in the tenant",
}


def adoption_lines(findings: Findings) -> Iterator[str]:
    """What was found, what looks wrong, and what to do next; none of its values makes a line of its own."""
    return map(printable, _lines(findings))


def _lines(findings: Findings) -> Iterator[str]:
    yield from source_lines(findings.report.sources)
    yield from preflight_lines(findings.report)
    counted = "it gives no count of its own" if findings.counted is None else f"it counts {findings.counted:,}"
    shown = f"{count(findings.shown, 'object')}, {findings.anchored:,} of them with a source anchor"
    yield f"Read-back: complete, {shown}; of the tenant: {counted}"
    yield from _counts(findings)
    yield from _differences(findings)
    yield from _links(findings)
    for finding in Finding:
        if told := findings.samples.get(finding.value):
            yield f"{finding.value} {findings.number(finding):,}: {_FINDINGS[finding]}"
            yield from _samples(told, findings.number(finding))
    for name, text in findings.alarms.items():
        yield f"ALARM {name}: {text}"
    yield f"Digest {findings.digest}"
    yield from restored_lines(findings.restored)
    yield _next(findings)


def _counts(findings: Findings) -> Iterator[str]:
    kinds = [kind.value for kind in Kind if any(kind.value in numbers for numbers in findings.counts.values())]
    yield f"  {'':13}" + "".join(f"{kind + 's':>10}" for kind in kinds)
    for finding in Finding:
        if numbers := findings.counts.get(finding.value):
            yield f"  {finding.value:13}" + "".join(f"{numbers.get(kind, 0):>10,}" for kind in kinds)


def _differences(findings: Findings) -> Iterator[str]:
    yield (
        f"Matched: {findings.equal:,} equal, {findings.normalised:,} as the service is known to write them, "
        f"{findings.different:,} different"
    )
    if findings.cloud_managed:
        yield f"  {findings.cloud_managed:,} of them are managed in the cloud: nothing is sent for them"
    if findings.attributes:
        ordered = sorted(findings.attributes.items(), key=lambda item: (-item[1], item[0]))
        yield "  different in " + ", ".join(f"{name} {number:,}" for name, number in ordered)
    yield from _samples(findings.difference_samples, findings.different)


def _links(findings: Findings) -> Iterator[str]:
    links = findings.links
    yield (
        f"Members: {links.both:,} as they are wanted, {links.missing:,} missing in the tenant, "
        f"{links.extra:,} extra in it, {links.unknown:,} of objects that no directory knows"
    )
    for sample in (*findings.frozen, *findings.link_samples):
        yield f"    {sample.kind} {sample.dn or sample.anchor}: {sample.detail}"


def _samples(samples: Sequence[Sample], total: int) -> Iterator[str]:
    for sample in samples:
        detail = f": {sample.detail}" if sample.detail else ""
        yield f"    {sample.kind} {sample.dn or sample.anchor}{detail}"
    if total > len(samples) > 0:
        yield f"    … and {total - len(samples):,} more"


def _next(findings: Findings) -> str:
    if findings.recorded:
        return "Adopted: what is observed is known from now on; nothing was sent. Next: syncramp plan FILE"
    if findings.alarms:
        return f"Nothing is recorded; if this is what you expect: syncramp adopt FILE --accept {findings.digest}"
    return "Nothing is recorded: this was a look"


def adoption_document(findings: Findings) -> Iterator[str]:
    """What was found, as JSON, piece by piece: what does not match may be more than fits into memory."""
    body = asdict(replace(findings, unmatched=lambda: iter(())))
    report = body.pop("report")
    del body["unmatched"]
    head = {"version": VERSION, **body, "preflight": report["preflight"], "sources": report["sources"]}
    yield json.dumps(head, indent=2)[:-2] + ',\n  "objects": ['
    separator = "\n"
    for each in findings.unmatched():
        told = {"finding": each.verb, "kind": each.kind, "anchor": each.anchor, "name": each.dn}
        yield separator + "    " + json.dumps(told)
        separator = ",\n"
    yield "\n  ]\n}"
