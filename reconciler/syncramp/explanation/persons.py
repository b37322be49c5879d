"""The entries that one object is made of, as the rules of today see them: nearly always one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from syncramp.explanation.attributes import Giver
from syncramp.explanation.verdicts import verdict
from syncramp.model.explanation import PartTold, PersonTold, Verdict
from syncramp.rules.components import NOT_JUDGED, TWO_IN_THE_CLOUD, TWO_OF_A_SOURCE
from syncramp.rules.precedence import Part, account, giver
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision
from syncramp.spec.types import Rule, SyncConfig
from syncramp.store.lookup import Row
from syncramp.store.store import Store


class Person:
    """Who somebody is.

    :param rules: those of each source of the document, by its name.
    :param asked: the entry that was asked for.
    """

    def __init__(self, store: Store, config: SyncConfig, rules: Mapping[str, Ruleset], asked: Row) -> None:
        self._store = store
        self._config = config
        self._rules = rules
        self._places = {spec.name: place for place, spec in enumerate(config.sources)}
        self.asked = asked
        self.id, entries = store.lookup.person(asked.staged.id)
        """Of the object."""
        self.rows = store.lookup.rows([*dict.fromkeys((asked.staged.id, *entries))])
        """The entries, that one among them."""
        self.own = next((row for row in self.rows if row.staged.id == self.id), asked)
        """The one that the object is named by."""
        self.several = len(entries) > 1
        self._judged = {row.staged.id: self._judge(row) for row in self.rows}

    def _judge(self, row: Row) -> tuple[Verdict, Decision | None]:
        """What the rules say of an entry, without what the service would not take."""
        rules = self._rules.get(row.source)
        adds = self.several and row.staged.id != self.id
        told, decision = verdict(row, rules, self._own_rules(row), adds=adds)
        if rules is None or decision is None or decision.object is None:
            return told, decision
        return told, replace(decision, object=rules.validated(decision.object))

    def _own_rules(self, row: Row) -> list[Rule]:
        kind = row.staged.entry.kind
        return [rule for rule in self._config.rules if rule.kind is kind and rule.source in (None, row.source)]

    @property
    def verdict(self) -> Verdict:
        """Of the entry that was asked for."""
        return self._judged[self.asked.staged.id][0]

    @cached_property
    def _parts(self) -> dict[int, Part]:
        """Entries that add something, by id."""
        parts = {}
        for row in self.rows:
            _, decision = self._judged[row.staged.id]
            if decision and (decision.part or decision.undecided):
                parts[row.staged.id] = Part(row.staged.entry, decision, self._places[row.source])
        return parts

    def giver(self, name: str) -> Giver:
        """Who gives an attribute; the entry that was asked for where nobody does."""
        found = giver(name, list(self._parts.values())) if self.several and self._parts else None
        row = next((row for row in self.rows if self._parts.get(row.staged.id) is found), self.asked)
        return self._giver(row if found else self.asked)

    def _giver(self, row: Row) -> Giver:
        _, decision = self._judged[row.staged.id]
        return Giver(
            row.staged.entry,
            decision.part if decision else None,
            decision.warnings if decision else (),
            self._own_rules(row),
            row.source if self.several else "",
        )

    def references(self) -> dict[str, str]:
        """Whom the object names: wire name -> DN."""
        parts = [part.decision.part for part in self._parts.values() if part.decision.part]
        names = dict.fromkeys(name for part in parts for name in part.references)
        found = {name: self.giver(name).made for name in names}
        return {name: made.references[name] for name, made in found.items() if made and name in made.references}

    def told(self) -> PersonTold:
        """Who is joined, and who is not."""
        mine = [row.staged.id for row in self.rows]
        near = self._store.joins.neighbours(mine).keys
        others = self._store.lookup.rows([one for one in near if one not in mine])
        if len({row.source for row in (*self.rows, *others)}) == 1:  # within one source a key joins nobody
            others = []
        parts = tuple(self._part(row) for row in self.rows) if self.several else ()
        unjoined = tuple(self._other(row, [*self.rows, *others]) for row in others)
        return PersonTold(parts, unjoined, self._conflict([*self.rows, *others]) if others else "")

    def _part(self, row: Row) -> PartTold:
        part = self._parts.get(row.staged.id)
        leads = part is not None and part is account(self._parts.values())
        told, _ = self._judged[row.staged.id]
        return PartTold(
            row.source,
            row.staged.entry.kind,
            row.staged.entry.dn,
            tuple(self._shared(row, self.rows)),
            names=row.staged.id == self.id,
            leads=leads,
            missing="" if part and part.decision.part else told.reason,
        )

    def _other(self, row: Row, among: Sequence[Row]) -> PartTold:
        told, _ = verdict(row, self._rules.get(row.source), self._own_rules(row))
        by = tuple(self._shared(row, among))
        return PartTold(row.source, row.staged.entry.kind, row.staged.entry.dn, by, missing=told.reason)

    def _shared(self, row: Row, among: Sequence[Row]) -> Iterator[str]:
        """The joins by which an entry shares a key with another one."""
        theirs = {key for other in among if other is not row for key in self._keys(other)}
        yield from dict.fromkeys(name for key, name in self._keys(row).items() if key in theirs)

    def _keys(self, row: Row) -> Mapping[int, str]:
        rules = self._rules.get(row.source)
        return rules.keys.named(row.staged.entry) if rules else {}

    def _conflict(self, component: Sequence[Row]) -> str:
        """Why entries that share keys are not one person."""
        if sum(row.known for row in component) > 1:
            return TWO_IN_THE_CLOUD
        return TWO_OF_A_SOURCE if len({row.source for row in component}) < len(component) else NOT_JUDGED
