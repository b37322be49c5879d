"""What could not be told of an entry is no change: the object keeps what it had.

* An attribute that cannot be read keeps its last value. One that is held, because the service would not take its
  value, keeps the one that the cloud has, and a list keeps the held values that it has there.
* A reference to somebody who is leaving the cloud stays as long as that one may be there.
* A reference that names nobody stays for one run: its target may have been moved while the directory was read. The
  next run tells, provided that every source was read: who is named may stand in the one that was not.
* What an entry adds to the object of another one stays while it cannot be judged.
* An entry that cannot be judged stays as it is, and is there: nobody is deleted who is seen. Only a disable passes.

"Had" is the last desired state of an object that may be in the cloud. One that is not there has nothing to keep, and
does not come as it once was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from syncramp.model.desire import OF_RULES, Desired
from syncramp.model.state import Origin
from syncramp.model.values import Kind, Value
from syncramp.store.database import Database
from syncramp.store.marks import marking
from syncramp.store.packing import unpack

_AGE = marking("SELECT DISTINCT object, ? FROM unresolved WHERE fresh = 1")
_AGED = "UPDATE unresolved SET fresh = 0 WHERE fresh = 1"
_LAST = """SELECT p.id, o.anchor, o.kind, p.desired, o.acked IS NOT NULL, p.acked
           FROM payload p JOIN objects o ON o.id = p.id
           WHERE (o.acked IS NOT NULL OR o.doubt = 1) AND p.id IN ({})"""
_TARGETS = "SELECT object, attribute, target FROM refs WHERE object IN ({})"
_WAITING = "SELECT object, dn_hash FROM unresolved WHERE fresh = 0 AND object IN ({})"


@dataclass(frozen=True, slots=True)
class _Last:
    """What an object had."""

    anchor: str
    kind: Kind
    values: Mapping[str, Value]
    cloud: Mapping[str, Value]
    """What the cloud is known to hold; of one that is only perhaps there, what was wanted."""
    targets: Mapping[str, int]
    """Its references, by attribute."""
    waiting: Collection[int]
    """Keys of DNs that named nobody in an earlier run."""


def age(database: Database) -> None:
    """A new run, and every source was read: what named nobody then, and does so now, names nobody."""
    with database.transaction():
        database.run(_AGE, (Origin.SOURCE,))
        database.run(_AGED)


def kept(database: Database, page: Sequence[Desired]) -> list[Desired]:
    """Rows in which what could not be told is what it was; who is not there, and cannot be judged, does not come."""
    last = _last(database, [row.id for row in page if _leans(row)])
    rows = [_keep(row, last[row.id]) if row.id in last else row for row in page]
    return [replace(row, undecided=False, again=False) if row.undecided else row for row in rows]


def _leans(row: Desired) -> bool:
    """Something of it may be what it was."""
    return bool(row.undecided or row.unread or row.leaving or row.unresolved or row.withheld or row.incomplete)


def _last(database: Database, ids: Sequence[int]) -> dict[int, _Last]:
    targets: dict[int, dict[str, int]] = {}
    for identity, name, target in database.among(_TARGETS, ids):
        targets.setdefault(identity, {})[name] = target
    waiting: dict[int, set[int]] = {}
    for identity, key in database.among(_WAITING, ids):
        waiting.setdefault(identity, set()).add(key)
    return {
        identity: _Last(
            anchor,
            Kind(kind),
            unpack(packed),
            unpack(acked if known and acked is not None else packed),
            targets.get(identity, {}),
            waiting.get(identity, ()),
        )
        for identity, anchor, kind, packed, known, acked in database.among(_LAST, ids)
    }


def _keep(row: Desired, last: _Last) -> Desired:
    if row.undecided:
        return _as_it_is(row, last)
    fresh = {name for name, key in row.unresolved.items() if key not in last.waiting} - row.gone
    unread = row.unread | fresh
    if row.incomplete:
        unread |= last.values.keys() - (row.attributes or {}).keys() - row.leaving.keys() - row.gone
    held = {each.attribute for each in row.violations if each.code not in OF_RULES}
    values = {name: had[name] for name in unread if name in (had := last.cloud if name in held else last.values)}
    values.update(returned(row, last.cloud))
    values.update({name: anchor for name, anchor in row.leaving.items() if last.values.get(name) == anchor})
    targets = {name: last.targets[name] for name in values.keys() & last.targets.keys() - row.leaving.keys()}
    return replace(
        row,
        attributes={**(row.attributes or {}), **values},
        references={**row.references, **targets},
        unread=unread,
    )


def returned(row: Desired, cloud: Mapping[str, Value]) -> dict[str, Value]:
    """Lists with those of their held values that the cloud has there."""
    found: dict[str, Value] = {}
    for name, texts in row.withheld.items():
        there, rest = cloud.get(name), (row.attributes or {}).get(name)
        if isinstance(there, tuple) and isinstance(rest, tuple) and (back := set(there).intersection(texts)):
            found[name] = tuple(sorted((*rest, *back), key=lambda text: str(text).encode()))
    return found


def _as_it_is(row: Desired, last: _Last) -> Desired:
    values = {**last.values, "accountEnabled": False} if row.disabled else dict(last.values)
    return replace(
        row,
        kind=last.kind,
        anchor=last.anchor,
        attributes=values,
        cause=None,
        references=last.targets,
        leaving={},
        undecided=False,
    )
