"""One answer: who is meant, and everything the store and the document say of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from uuid import UUID

from syncramp.explanation.attributes import References, attributes
from syncramp.explanation.circumstances import circumstances, guarded, pending
from syncramp.explanation.decisions import decisions
from syncramp.explanation.directory import Directory
from syncramp.explanation.finding import find
from syncramp.explanation.memberships import View, groups, links_of, members
from syncramp.explanation.persons import Person
from syncramp.explanation.ramps import ramps_of
from syncramp.model.desire import TAKEN, Violation
from syncramp.model.explanation import Answer, CloudTold, EntryTold, Explanation, Finding, RunTold, Said
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import SyncConfig
from syncramp.store.lookup import Row
from syncramp.store.store import Store


def explain(
    store: Store,
    config: SyncConfig,
    rules: Mapping[str, Ruleset],
    asked: str,
    now: float,
    *,
    everyone: bool = False,
    ledger: Store | None = None,
) -> Answer:
    """Why somebody is in the cloud as they are, or is not; and the same of groups that are written back.

    :param rules: those of each source of the document, by its name.
    :param asked: see :func:`syncramp.explanation.finding.find`.
    :param now: seconds since the epoch.
    :param everyone: name all members of a group.
    :param ledger: of written-back groups; None: there is none.
    :returns: who was found, and an explanation if that is one alone.
    :raises StoreUnusable: the store cannot be read.
    """
    with store.database.reading(), ledger.database.reading() if ledger else nullcontext():
        other = Directory(store, ledger, config, config.writeback, now) if config.writeback else None
        for name, ruleset in rules.items():
            ruleset.settle(store.whereabouts.of(name))
        finding = find(store.lookup, asked)
        persons = {store.lookup.person(found.id)[0] for found in finding.found}
        if not persons and other:
            return _group_of_the_cloud(store, other, finding, everyone=everyone)
        if len(persons) != 1:
            return Answer(finding, _last(store))
        (row,) = store.lookup.rows([finding.found[0].id])
        person = Person(store, config, rules, row)
        told = _explained(store, config, rules, person, now, everyone=everyone)
        if other is None:
            return Answer(finding, _last(store), told)
        guids = [each.staged.entry.guid for each in person.rows]
        told = replace(told, written_back=tuple(other.memberships(person.own, guids)))
        group = other.marked(row)
        return Answer(finding, _last(store), told, other.told(group, everyone=everyone) if group else None)


def _group_of_the_cloud(store: Store, other: Directory, finding: Finding, *, everyone: bool) -> Answer:
    """Nothing that a directory has is meant; perhaps a group of the cloud is."""
    groups, found = other.find(finding.asked)
    finding = replace(finding, looked_for=(*finding.looked_for, "group of the cloud"), found=found)
    told = other.told(groups[0], everyone=everyone) if len(groups) == 1 else None
    return Answer(finding, _last(store), written=told)


def _explained(
    store: Store, config: SyncConfig, rules: Mapping[str, Ruleset], person: Person, now: float, *, everyone: bool
) -> Explanation:
    entry, snapshot = person.asked.staged.entry, store.snapshot()
    numbered = {number: rules[name] for number, name in store.lookup.sources().items() if name in rules}
    state = snapshot.state(person.id)
    alone = circumstances(store, snapshot, config, now)
    ramps = ramps_of(store, snapshot, config, alone, now)
    around = guarded(store, snapshot, config, rules.values(), replace(alone, ramps=ramps.rooms), now)
    comes = any(row.known or row.source in rules for row in person.rows)
    change, around = pending(store, snapshot, state, around) if state and comes else (None, around)
    view = View(store, snapshot, around, numbered, ramps)
    read = _entry(person.asked, rules.get(person.asked.source))
    stale = (read.changed or read.new_rules) and not person.several
    wrong = _violations(store, person, stale=stale)
    kind = state.kind if state else entry.kind
    group, links = links_of(view, person.id) if entry.kind is Kind.GROUP else (None, None)
    approvals, proposals = decisions(store, snapshot, change, links, now)
    return Explanation(
        kind=kind,
        dn=entry.dn,
        anchor=person.own.anchor,
        entry=read,
        verdict=person.verdict,
        cloud=_cloud(store, person.own, state, travelling=person.id in around.under_way),
        person=person.told(),
        attributes=tuple(
            attributes(
                kind,
                state,
                person.giver,
                wrong,
                stale=stale,
                drifted={one.attribute: one for one in store.differences.of(person.id)},
                verified=config.target.verified_domains,
            )
        ),
        references=tuple(References(store, numbered).told(state, person.references())),
        referrers=store.lookup.referrers(person.id),
        groups=tuple(groups(view, [row.staged.id for row in person.rows], person.id, change)),
        members=members(view, group, everyone=everyone) if group else None,
        ramp=ramps.told(person.id, store, snapshot, now, config.interval.total_seconds()) if group else None,
        change=change,
        links=links,
        said=tuple(_said(store, person.own)),
        approvals=approvals,
        proposals=proposals,
    )


def _violations(store: Store, person: Person, *, stale: bool) -> Sequence[Violation]:
    """What is kept back: as the last run found it, or else as the rules of today say it."""
    found = store.objects.violations.of(person.id)
    made = person.giver("").made if stale else None
    return [*(made.violations if made else ()), *(each for each in found if not stale or each.code in TAKEN)]


def _entry(row: Row, rules: Ruleset | None) -> EntryTold:
    return EntryTold(
        source=row.source,
        in_document=rules is not None,
        partition=row.partition,
        complete=row.complete,
        entries=row.entries,
        expected=row.expected,
        seen=row.seen,
        reason=row.reason,
        guid=str(UUID(bytes_le=row.staged.entry.guid)),
        absent=row.staged.absent,
        changed=row.dirty and rules is not None,
        new_rules=rules is not None and (row.rules, row.version) != (rules.digest, rules.version),
    )


def _cloud(store: Store, row: Row, state: ObjectState | None, *, travelling: bool) -> CloudTold:
    return CloudTold(
        present=row.present,
        anchor=row.cloud_anchor,
        created=row.acked_at,
        confirmed=row.confirmed,
        doubt=state is not None and state.doubt,
        travelling=travelling,
        cloud_managed=store.lookup.cloud_managed(row.staged.id),
    )


def _said(store: Store, row: Row) -> Iterator[Said]:
    """What the last run kept of an object; a refusal knows the anchor alone."""
    last = store.runs.last()
    for group in ("error_samples", "warning_samples"):
        for cause, samples in (last.report.get(group, {}) if last else {}).items():
            for sample in samples:
                if sample["dn"] == row.staged.entry.dn or (row.anchor and sample["anchor"] == row.anchor):
                    yield Said(group == "error_samples", cause, sample["detail"])


def _last(store: Store) -> RunTold | None:
    last = store.runs.last()
    return RunTold(last.id, last.state, last.started) if last else None
