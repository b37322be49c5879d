"""Values that must be unique in a tenant: which ones a change gives up, and which ones it claims.

A value is one in whatever attribute it stands: who moves an address from ``mail`` to ``proxyAddresses`` neither gives
it up nor claims it. What goes or is held together is a *part* of a change: an attribute of an update, the whole of a
create or of a delete. Who may have which value, and when, is for ``plan.contention``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from syncramp.model.circumstances import Owner
from syncramp.model.packing import plain
from syncramp.model.plan import ObjectChange, Verb
from syncramp.model.state import ObjectState
from syncramp.model.uniques import UNIQUE, key, texts
from syncramp.model.values import Value


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of a change means for unique values."""

    name: str
    """Its attribute; empty: the whole change."""
    gives: frozenset[str]
    """Values the object has, or may have, and will not have any more."""
    claims: frozenset[str]
    """Values it is to have and has not."""
    held: bool = False
    """It does not go, so the object keeps what it gives up."""


def may_contend(state: ObjectState) -> bool:
    """A change of the object may give up or claim a unique value; most updates of everybody do not, whoever holds
    them, and are not made to find that out.
    """
    if state.desired is None or state.acked is None or state.doubt:
        return True
    desired, acked = plain(state.desired), plain(state.acked)
    return any(desired.get(name) != acked.get(name) for name in UNIQUE)


def parts(change: ObjectChange) -> Iterator[Part]:
    """The parts of a change that give up or claim a unique value."""
    if change.verb is Verb.UPDATE and not any(name in change.values or name in change.held for name in UNIQUE):
        return iter(())
    had, nothing = owned(change.state), frozenset[str]()
    if change.verb is Verb.DELETE:
        found = [Part("", had, nothing, not change.sends)]
    elif change.verb is Verb.CREATE:
        found = [Part("", nothing, _all(change.values or change.held) - had, not change.sends)]
    else:
        found = list(_attributes(change, had))
    return (part for part in found if part.gives or part.claims)


def _attributes(change: ObjectChange, had: frozenset[str]) -> Iterator[Part]:
    acked, wanted = change.state.acked or {}, _all(change.state.desired or {})
    for name in UNIQUE:
        for values, held in ((change.values, False), (change.held, True)):
            if name in values:
                yield Part(name, _keys(acked, name) - wanted, _keys(values, name) - had, held)


def owned(state: ObjectState) -> frozenset[str]:
    """Unique values the object has in the cloud, or may have there."""
    return _all(state.acked or {}) | _all(state.perhaps)


def gives_up(change: ObjectChange) -> bool:
    """What goes of the change takes some unique value away from the object."""
    return any(part.gives for part in parts(change) if not part.held)


def claimed(change: ObjectChange, among: Mapping[str, Owner]) -> Iterator[tuple[Part, str, Owner]]:
    """Values that what goes of the change claims from somebody else: the part, the value, and whose it is.

    :param among: values that somebody has.
    """
    if not among:
        return
    for part in parts(change):
        for value in sorted(part.claims & among.keys()):
            if not part.held and among[value].id != change.state.id:
                yield part, value, among[value]


def _all(values: Mapping[str, Value | None]) -> frozenset[str]:
    values = plain(values)
    return frozenset[str]().union(*(_keys(values, name) for name in UNIQUE))


def _keys(values: Mapping[str, Value | None], name: str) -> frozenset[str]:
    """The values of one attribute as the tenant compares them."""
    return frozenset(map(key, texts(values.get(name))))
