"""The muster of a partition: what it shows is counted while it is read, and measured by its last proven read.

An attribute that an entry does not show any more was cleared, or is not shown to this account. Which of the two, only
the whole read tells, when the entry is written long ago. So what an entry lost is *withheld*: kept beside it until a
read is proven. If most of those who had an attribute lost it, it is put back into the entries: it is unread, not
empty, and everything that follows from them stays as it was. A process that is killed in between leaves it there, and
the next read counts it again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from pyroaring import BitMap

from syncramp.model.facts import Entry, Proof
from syncramp.model.proofs import Observed
from syncramp.model.state import GONE, Origin
from syncramp.model.tracking import OF_OPENLDAP
from syncramp.model.values import Attributes, Kind
from syncramp.store.database import Database
from syncramp.store.marks import MARK
from syncramp.store.packing import digest, names_of, pack, unpack

SENTINELS = 24
"""Entries of a partition that are looked at again at each import, spread evenly over all of it."""


_SHOWN = "SELECT what, entries FROM shown WHERE partition = ?"
_SHOW = "INSERT INTO shown (partition, what, entries) VALUES (?, ?, ?)"
_WITHHOLD = """INSERT INTO withheld (entry, attribute, partition, attrs) VALUES (?, ?, ?, ?)
               ON CONFLICT (entry, attribute) DO NOTHING"""
_REGAINED = "DELETE FROM withheld WHERE entry = ? AND attribute = ?"
_LOST = "SELECT attribute, COUNT(*) FROM withheld WHERE partition = ? GROUP BY attribute"
_WITHHELD = "SELECT entry, attrs FROM withheld WHERE partition = ? AND attribute = ? ORDER BY entry"
_LIVING = "SELECT dn FROM entries WHERE partition = ? AND absent = 0"
_LEAVING = "SELECT id, kind, absent, attrs, dn FROM entries WHERE id IN ({})"
_ATTRIBUTES = "SELECT id, attrs FROM entries WHERE id IN ({})"
_BODY = "SELECT id, kind, dn, attrs FROM entries WHERE id IN ({})"
_PUT_BACK = "UPDATE entries SET digest = ?, attrs = ? WHERE id = ?"
_SENTINEL = "INSERT INTO sentinels (partition, guid, attributes) VALUES (?, ?, ?)"
_NEW_SENTINELS = "SELECT guid, attrs FROM entries WHERE id IN ({})"
_OLD_SENTINELS = """SELECT e.guid, e.attrs FROM partitions p CROSS JOIN sentinels s CROSS JOIN entries e
                    WHERE p.id = ? AND s.partition = p.id AND e.source = p.source AND e.guid = s.guid
                    AND e.partition = p.id AND e.absent = 0"""
_MISSED = """SELECT e.kind, e.dn FROM partitions p JOIN entries e ON e.source = p.source
             WHERE p.id = ? AND e.partition = p.id AND e.absent = 0 AND e.guid IN ({})"""
_STILL_THERE = """SELECT e.guid FROM partitions p JOIN entries e ON e.source = p.source
                  WHERE p.id = ? AND e.partition = p.id AND e.absent = 0 AND e.guid IN ({})"""
_PAGE = 1000


def nowhere(dn: str) -> str:
    """What a DN lies in, where nobody asks."""
    return ""


def forget_muster(database: Database, partition: int) -> None:
    """The partition is no more."""
    for table in ("shown", "withheld", "sentinels"):
        database.run(f"DELETE FROM {table} WHERE partition = ?", (partition,))  # noqa: S608 - names of ours


def _shown(entries: Iterable[Entry]) -> Counter[str]:
    """How many are of each kind, and have each attribute. Most have the same ones, so these are counted together."""
    found = Counter[str]()
    for (kind, names), number in Counter((entry.kind.value, names_of(entry.attributes)) for entry in entries).items():
        found.update(dict.fromkeys(names, number))
        found[kind] += number
    return found


class Muster:
    """One partition while it is read.

    :param wanted: the attributes that are asked for; of others nothing is concluded.
    :param parent: what a DN lies in.
    """

    def __init__(
        self,
        database: Database,
        partition: int,
        wanted: Collection[str] = (),
        parent: Callable[[str], str] = nowhere,
    ) -> None:
        self._database, self._partition, self._parent = database, partition, parent
        self._wanted = frozenset(wanted)
        self._shown: dict[str, int] = dict(database.all(_SHOWN, (partition,)))
        self._now = Counter[str]()
        self._kept = Counter[str]()
        self._growth = Counter[str]()
        self._gone: dict[int, tuple[str, str]] = {}
        self._withheld: list[tuple[int, str, int, bytes]] = []
        self._regained: list[tuple[int, str]] = []

    def restart(self) -> None:
        """Everything comes again."""
        self._now.clear()

    def count(self, entries: Iterable[Entry]) -> None:
        """Entries that are shown, whether they changed or not."""
        self._now.update(_shown(entries))

    def link(self, attribute: str) -> None:
        """An entry shows values of a link attribute."""
        self._now[attribute] += 1

    def arrive(self, entries: Iterable[Entry]) -> None:
        """Entries that were not there before."""
        self._growth.update(_shown(entries))

    def come(self, entries: Iterable[Entry]) -> None:
        """Entries that are shown, and were not there before."""
        shown = _shown(entries)
        self._now.update(shown)
        self._growth.update(shown)

    def come_back(self, identity: int, entry: Entry) -> None:
        """An entry that was gone is there again; perhaps it was called gone only a moment ago."""
        self._gone.pop(identity, None)
        self.arrive([entry])

    def change(self, identity: int, before: Attributes, after: Attributes) -> None:
        """An entry that was there shows other attributes than before."""
        had, has = before.keys() & self._wanted, after.keys() & self._wanted
        self._kept.update(had & has)
        self._growth.update(has - had)
        self._growth.subtract(had - has)
        for name in had - has:
            self._withheld.append((identity, name, self._partition, pack({name: before[name]})))
        self._regained.extend((identity, name) for name in has - had)

    def leave(self, ids: Sequence[int]) -> None:
        """Entries that the directory calls gone, also if it told so before; before that is written down."""
        for identity, kind, absent, packed, dn in self._database.among(_LEAVING, ids):
            self._gone[identity] = kind, dn
            if absent < GONE:
                self._growth.subtract((kind, *(unpack(packed).keys() & self._wanted)))

    def flush(self) -> None:
        """Write down what entries lost; in the transaction that writes the entries."""
        self._database.run_many(_REGAINED, self._regained)
        self._database.run_many(_WITHHOLD, self._withheld)
        self._regained.clear()
        self._withheld.clear()

    def told(self, proof: Proof) -> Observed:
        """What a delta shows."""
        vanished = proof.looked.vanished if proof.looked is not None else ()
        there = self._database.among(_STILL_THERE, list(vanished), (self._partition,))
        missed = list(self._database.among(_MISSED, sorted(proof.missed), (self._partition,)))
        lost, gone = self._lost(), Counter(kind for kind, _ in (*self._gone.values(), *missed))
        absent = {dn for _, dn in missed}
        left = [*(dn for _, dn in self._gone.values()), *absent]
        return Observed(
            {kind: number for kind in Kind if (number := self._shown.get(kind, 0))},
            {kind: number for kind in Kind if (number := gone[kind])},
            self._hidden(left, lambda: (dn for dn in self._living() if dn not in absent))
            if proof.tracking in OF_OPENLDAP and left
            else {},
            had={name: self._kept[name] + number for name, number in lost.items()},
            lost=lost,
            vanished=len(there),
        )

    def _living(self) -> Iterable[str]:
        return (dn for (dn,) in self._database.stream(_LIVING, (self._partition,)))

    def seen(self, missing: Sequence[tuple[int, Kind, str]], living: Callable[[], Iterable[str]]) -> Observed:
        """What a full read shows.

        :param missing: entries that were there and are not shown, with kind and DN.
        :param living: DNs of those that are shown; asked for only when some are missing.
        """
        gone = Counter(kind for _, kind, _ in missing)
        held = Counter[str]()
        for _, packed in self._database.among(_ATTRIBUTES, [identity for identity, _, _ in missing]):
            held.update(unpack(packed).keys())
        lost, had = self._lost(), {}
        for name in self._wanted & (self._shown.keys() | lost.keys()):
            before = max(self._shown.get(name, 0) - held[name], lost.get(name, 0))
            had[name] = before
            lost[name] = max(lost.get(name, 0), before - self._now[name])
        return Observed(
            {kind: number for kind in Kind if (number := self._now[kind] + gone[kind])},
            gone,
            self._hidden([dn for _, _, dn in missing], living) if missing else {},
            had,
            {name: number for name, number in lost.items() if number},
        )

    def _lost(self) -> dict[str, int]:
        rows = self._database.all(_LOST, (self._partition,))
        return {name: number for name, number in rows if name in self._wanted}

    def _hidden(self, missing: Iterable[str], living: Callable[[], Iterable[str]]) -> dict[str, int]:
        """Containers that held some who are missing, and hold nobody any more: those that held the most, and of these
        the innermost.
        """
        empty = Counter[str]()
        for parent, number in Counter(map(self._parent, missing)).items():
            for above in self._upwards(parent):
                empty[above] += number
        for parent in set(map(self._parent, living())):
            for above in self._upwards(parent):
                empty.pop(above, None)
        most = {dn for dn, number in empty.items() if empty.get(self._parent(dn), number) == number}
        around = {self._parent(dn) for dn in most if empty.get(self._parent(dn)) == empty[dn]}
        return {dn: empty[dn] for dn in most - around if not self._upper(dn, empty)}

    def _upper(self, dn: str, empty: Mapping[str, int]) -> bool:
        """Does it lie in a container that held more?"""
        return any(empty.get(above, 0) > empty[dn] for above in self._upwards(dn))

    def _upwards(self, dn: str) -> Iterable[str]:
        while dn:
            yield dn
            dn = self._parent(dn)

    def keep(self, *, delta: bool, seen: BitMap) -> None:
        """The read is proven: what it showed is what the next one is measured by.

        :param seen: ids of the entries that a full read showed.
        """
        shown = dict(self._now)
        if delta:
            changed = Counter(self._shown)
            changed.update(self._growth)
            shown = {what: number for what, number in changed.items() if number > 0}
        if shown != self._shown:
            self._database.run("DELETE FROM shown WHERE partition = ?", (self._partition,))
            self._database.run_many(_SHOW, [(self._partition, what, number) for what, number in shown.items()])
        self._database.run("DELETE FROM withheld WHERE partition = ?", (self._partition,))
        self._keep_sentinels(delta=delta, seen=seen)

    def _keep_sentinels(self, *, delta: bool, seen: BitMap) -> None:
        if delta:
            rows = self._database.all(_OLD_SENTINELS, (self._partition,))
        else:
            places = range(0, len(seen), -(-len(seen) // SENTINELS) or 1)
            rows = self._database.among(_NEW_SENTINELS, [seen[place] for place in places])
        self._database.run("DELETE FROM sentinels WHERE partition = ?", (self._partition,))
        watched = [(guid, " ".join(sorted(unpack(packed).keys() & self._wanted))) for guid, packed in rows]
        self._database.run_many(_SENTINEL, [(self._partition, *each) for each in watched])

    def put_back(self, attributes: Iterable[str]) -> None:
        """Of these attributes it is not believed that entries lost them."""
        for name in sorted(attributes):
            rows = self._database.all(_WITHHELD, (self._partition, name))
            for start in range(0, len(rows), _PAGE):
                self._put_back(dict(rows[start : start + _PAGE]))
            self._database.run("DELETE FROM withheld WHERE partition = ? AND attribute = ?", (self._partition, name))

    def _put_back(self, withheld: Mapping[int, bytes]) -> None:
        changed = []
        for identity, kind, dn, packed in self._database.among(_BODY, list(withheld)):
            attributes = pack({**unpack(packed), **unpack(withheld[identity])})
            changed.append((digest(pack({"kind": kind, "dn": dn, "attributes": attributes})), attributes, identity))
        self._database.run_many(_PUT_BACK, changed)
        self._database.run_many(MARK, [(identity, Origin.SOURCE) for _, _, identity in changed])
