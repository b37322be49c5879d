"""One answer: who is meant, and everything the store and the document say of them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from syncramp.explanation.attributes import References, attributes
from syncramp.explanation.circumstances import circumstances, pending
from syncramp.explanation.finding import find
from syncramp.explanation.memberships import View, groups, links_of, members
from syncramp.explanation.verdicts import verdict
from syncramp.model.desire import TAKEN
from syncramp.model.explanation import Answer, CloudTold, EntryTold, Explanation, RunTold, Said
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision
from syncramp.spec.types import Scope, SyncConfig
from syncramp.store.lookup import Row
from syncramp.store.store import Store


def explain(
    store: Store, config: SyncConfig, rules: Mapping[str, Ruleset], asked: str, now: float, *, everyone: bool = False
) -> Answer:
    """Why somebody is in the cloud as they are, or is not.

    :param rules: those of each source of the document, by its name.
    :param asked: see :func:`syncramp.explanation.finding.find`.
    :param now: seconds since the epoch.
    :param everyone: name all members of a group.
    :returns: who was found, and an explanation if that is one alone.
    :raises StoreUnusable: the store cannot be read.
    """
    with store.database.reading():
        finding = find(store.lookup, asked)
        if len(finding.found) != 1:
            return Answer(finding, _last(store))
        (row,) = store.lookup.rows([finding.found[0].id])
        return Answer(finding, _last(store), _explained(store, config, rules, row, now, everyone=everyone))


def _explained(
    store: Store, config: SyncConfig, rules: Mapping[str, Ruleset], row: Row, now: float, *, everyone: bool
) -> Explanation:
    entry, identity = row.staged.entry, row.staged.id
    snapshot = store.snapshot()
    numbered = {number: rules[name] for number, name in store.lookup.sources().items() if name in rules}
    state = next(snapshot.states([identity]), None)
    around = circumstances(store, snapshot, config, now)
    change, around = pending(store, snapshot, state, around) if state else (None, around)
    view = View(store, snapshot, around, numbered)
    own = [rule for rule in config.rules if rule.kind is entry.kind and rule.source in (None, row.source)]
    told, decision = verdict(row, rules.get(row.source), _scopes(config, row.source), own)
    decision = _as_taken(store, identity, rules.get(row.source), decision)
    read = _entry(row, rules.get(row.source))
    group, links = links_of(view, identity) if entry.kind is Kind.GROUP else (None, None)
    return Explanation(
        kind=state.kind if state else entry.kind,
        dn=entry.dn,
        anchor=row.anchor,
        entry=read,
        verdict=told,
        cloud=_cloud(store, row, state, travelling=identity in around.under_way),
        attributes=tuple(attributes(entry, state, decision, own, stale=read.changed or read.new_rules)),
        references=tuple(References(store, numbered).told(state, decision)),
        referrers=store.lookup.referrers(identity),
        groups=tuple(groups(view, identity, change)),
        members=members(view, group, everyone=everyone) if group else None,
        change=change,
        links=links,
        said=tuple(_said(store, row)),
    )


def _as_taken(store: Store, identity: int, rules: Ruleset | None, decision: Decision | None) -> Decision | None:
    """What the rules make of an entry, without what the service would not take and what belongs to others."""
    if rules is None or decision is None or decision.object is None:
        return decision
    made = rules.validated(decision.object)
    lost = [each for each in store.objects.violations.of(identity) if each.code in TAKEN]
    unread = made.unread | {each.attribute for each in lost}
    return replace(decision, object=replace(made, unread=unread, violations=(*made.violations, *lost)))


def _scopes(config: SyncConfig, source: str) -> tuple[Scope, ...]:
    return next((spec.scopes for spec in config.sources if spec.name == source), ())


def _entry(row: Row, rules: Ruleset | None) -> EntryTold:
    return EntryTold(
        source=row.source,
        in_document=rules is not None,
        partition=row.partition,
        complete=row.complete,
        entries=row.entries,
        expected=row.expected,
        reason=row.reason,
        guid=str(UUID(bytes_le=row.staged.entry.guid)),
        absent=row.staged.absent,
        changed=row.dirty,
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
