"""Each attribute of an object: what it should be, what the cloud has, and where the value comes from."""

from collections.abc import Iterator, Mapping

from syncramp.model.explanation import AttributeTold, ReferenceTold
from syncramp.model.facts import Entry
from syncramp.model.state import ObjectState
from syncramp.model.values import Value
from syncramp.rules.origins import origin, references
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision
from syncramp.source import dn
from syncramp.store.staging import GONE
from syncramp.store.store import Store

_KEPT = "it cannot be read, so it keeps its last value"


def attributes(entry: Entry, state: ObjectState | None, decision: Decision | None) -> Iterator[AttributeTold]:
    """The attributes that an object should have or has, in the order of their names; references are none of them.

    :param state: the object; None: it was never judged.
    :param decision: what the rules of today make of the entry; None: it is not asked.
    """
    desired: Mapping[str, Value] = (state.desired if state else None) or {}
    acked: Mapping[str, Value] = (state.acked if state else None) or {}
    unread = decision.object.unread if decision and decision.object else frozenset[str]()
    for name in sorted((desired.keys() | acked.keys() | unread) - references(entry.kind).keys(), key=str.lower):
        made = origin(name, entry)
        yield AttributeTold(
            name,
            desired.get(name),
            acked.get(name),
            differs=state is not None and state.acked is not None and _differ(desired.get(name), acked.get(name)),
            attribute=made.attribute,
            given=made.given,
            how=made.how,
            notes=_notes(name in unread, made.attribute, decision),
        )


def _differ(one: Value | None, other: Value | None) -> bool:
    return one != other or type(one) is not type(other)


def _notes(unread: bool, attribute: str, decision: Decision | None) -> tuple[str, ...]:
    if not unread:
        return ()
    start = f"{attribute.lower()}: "
    warnings = decision.warnings if decision else ()
    why = [warning[len(start) :] for warning in warnings if warning.lower().startswith(start)]
    return (f"{_KEPT}: {', '.join(why)}" if why else _KEPT,)


class References:
    """Whom an object names, and what becomes of it.

    :param rules: the rules of each source of the document, by its number in the store.
    """

    def __init__(self, store: Store, rules: Mapping[int, Ruleset]) -> None:
        self._store = store
        self._rules = rules

    def told(self, entry: Entry, state: ObjectState | None) -> Iterator[ReferenceTold]:
        """Each reference of an entry."""
        desired = (state.desired if state else None) or {}
        waiting = self._store.lookup.waiting(state.id) if state else {}
        for name, attribute in references(entry.kind).items():
            for value in entry.attributes.get(attribute, ())[:1]:
                target = value.decode(errors="replace")
                yield ReferenceTold(name, target, name in desired, self._state(target, waiting))

    def _state(self, target: str, waiting: Mapping[int, bool]) -> str:
        try:
            key = dn.key(target)
        except dn.DnError:
            return "this is no distinguished name"
        found, _ = self._store.objects.targets([key]).get(key, (None, ""))
        if found is None:
            fresh = (
                "; perhaps somebody was moved while it was read, and the next run tells" if waiting.get(key) else ""
            )
            return f"nobody with this name was read{fresh}"
        if found.absent:
            return "gone from its directory" if found.absent >= GONE else "one complete import did not see that entry"
        rules = self._rules.get(found.source)
        decision = rules.decide(found.entry) if rules else None
        if decision is None or decision.object is None:
            return f"not synchronised: {decision.reason if decision else 'the document does not name its source'}"
        (row,) = self._store.lookup.rows([found.id])
        return "in the cloud" if row.present else "not in the cloud yet: the reference follows it"
