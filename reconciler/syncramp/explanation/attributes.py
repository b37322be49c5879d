"""Each attribute of an object: what it should be, what the cloud has, and where the value comes from."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from syncramp.model.desire import Staged, Violation
from syncramp.model.drift import Difference
from syncramp.model.explanation import AttributeTold, ReferenceTold
from syncramp.model.facts import Entry
from syncramp.model.state import ObjectState
from syncramp.model.values import Kind, Value
from syncramp.plan.normalisations import normalisation
from syncramp.rules.origins import origin, references, source_of
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import DirectoryObject
from syncramp.source import dn
from syncramp.spec.types import Rule
from syncramp.store.staging import GONE
from syncramp.store.store import Store

_KEPT = "it cannot be read, so it keeps its last value"
_LEFT = "the rule leaves it as it is in the cloud; a new object comes without it"


@dataclass(frozen=True, slots=True)
class Giver:
    """An entry that gives its object an attribute, or would."""

    entry: Entry
    made: DirectoryObject | None
    """What the rules of today make of it."""
    warnings: tuple[str, ...]
    """Of the rules."""
    rules: Sequence[Rule]
    """The document's own for its kind and source."""
    source: str = ""
    """The name of its source, where the object is made of several entries."""


def attributes(
    kind: Kind,
    state: ObjectState | None,
    giver: Callable[[str], Giver],
    violations: Sequence[Violation],
    *,
    stale: bool,
    drifted: Mapping[str, Difference] | None = None,
    verified: Collection[str] = (),
) -> Iterator[AttributeTold]:
    """The attributes that an object should have or has, in the order of their names; references are none of them.

    :param state: the object; None: it was never judged.
    :param giver: who gives an attribute; without a name, the entry that was asked for.
    :param violations: what is kept back of it.
    :param drifted: those that the cloud shows otherwise, by their names.
    :param verified: domains of the tenant in small letters.
    :param stale: the entry or the rules changed after the object was judged, and nobody else adds to it.
    """
    desired: Mapping[str, Value] = (state.desired if state else None) or {}
    acked: Mapping[str, Value] = (state.acked if state else None) or {}
    present = state is not None and state.acked is not None
    made = giver("").made
    names = {*desired, *acked, *(each.attribute for each in violations), *(_touched(made, stale) if made else ())}
    for name in sorted(names - references(kind).keys(), key=str.lower):
        wrong = tuple(each for each in violations if each.attribute == name)
        value, gives = desired.get(name), giver(name)
        told = made is not None and stale and not wrong and name not in made.unread
        coming = made.attributes.get(name) if made and told else value
        yield replace(
            _origin(name, gives),
            desired=value,
            cloud=acked.get(name),
            differs=present and _differ(value, acked.get(name)),
            changes=(changes := _differ(coming, value)),
            next=coming if changes else None,
            note="" if wrong else _note(name, gives),
            violations=wrong,
            drift=_drift(acked, drifted[name], verified) if drifted and name in drifted else "",
            shown=drifted[name].shown if drifted and name in drifted else None,
        )


def _drift(acked: Mapping[str, Value], found: Difference, verified: Collection[str]) -> str:
    known = normalisation(found.attribute, acked, found.shown, verified) if found.known else ""
    return known or "nothing that the service is known to do explains it"


def _touched(made: DirectoryObject, stale: bool) -> set[str]:
    """Attributes of which the rules say something, with those that the next run may bring."""
    return {*(made.attributes if stale else ()), *made.unread, *made.won}


def _origin(name: str, giver: Giver) -> AttributeTold:
    """An attribute with where it comes from, and no value yet."""
    told = AttributeTold(name, None, None, differs=False, source=giver.source)
    precedence = giver.made.won.get(name) if giver.made else None
    for rule in giver.rules if precedence is not None else ():
        if rule.precedence == precedence:
            return replace(told, rule=rule.name, when=rule.when or "", expression=rule.sets.get(name, ""))
    built_in = origin(name, giver.entry)
    return replace(told, attribute=built_in.attribute, given=built_in.given, how=built_in.how)


def _differ(one: Value | None, other: Value | None) -> bool:
    return one != other or type(one) is not type(other)


def _note(name: str, giver: Giver) -> str:
    made = giver.made
    if made is None or name not in made.unread:
        return ""
    if name in made.won:
        return _LEFT
    start = f"{source_of(made.kind, name)}: "
    why = [warning.removeprefix(start) for warning in giver.warnings if warning.startswith(start)]
    return f"{_KEPT}: {why[0]}" if why else _KEPT


class References:
    """Whom an object names, and what becomes of it.

    :param rules: the rules of each source of the document, by its number in the store.
    """

    def __init__(self, store: Store, rules: Mapping[int, Ruleset]) -> None:
        self._store = store
        self._rules = rules

    def told(self, state: ObjectState | None, named: Mapping[str, str]) -> Iterator[ReferenceTold]:
        """Each reference of an object.

        :param named: whom the rules say that it names: wire name -> DN.
        """
        desired = (state.desired if state else None) or {}
        waiting = self._store.lookup.waiting(state.id) if state else {}
        for name, target in named.items():
            yield ReferenceTold(name, target, name in desired, self._state(target, waiting))

    def _state(self, target: str, waiting: Mapping[int, bool]) -> str:
        try:
            key = dn.key(dn.canonical(target))
        except dn.DnError:
            return "this is no distinguished name"
        found, _ = self._store.objects.targets([key]).get(key, (None, ""))
        if found is None:
            fresh = (
                "; perhaps somebody was moved while it was read, and the next run tells" if waiting.get(key) else ""
            )
            return f"nobody with this name was read{fresh}"
        (row,) = self._store.lookup.rows([self._store.lookup.person(found.id)[0]])
        if row.desired:
            return "in the cloud" if row.present else "not in the cloud yet: the reference follows it"
        return self._left_out(found)

    def _left_out(self, target: Staged) -> str:
        """Why somebody should not be in the cloud."""
        if target.absent:
            return (
                "gone from its directory" if target.absent >= GONE else "one complete import did not see that entry"
            )
        rules = self._rules.get(target.source)
        reason = rules.decide(target.entry).reason if rules else "the document does not name its source"
        return f"not synchronised: {reason}"
