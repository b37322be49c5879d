"""Three hundred thousand objects that another store put there are taken over, and nothing is sent.

Neither side is a list: the directory makes its entries while they are read, and the tenant shows what the rules make
of the same entries. So it costs a minute, and hardly more memory than the run itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource, ModelCloud
from syncramp.model.facts import Entry, Fact, Links, Proof
from syncramp.model.seams import Known
from syncramp.model.wire import LinkOperation, Operation, ReadBackPage, ReferenceChange, SyncObject
from syncramp.rules.ruleset import Ruleset
from syncramp.store.packing import unpack_bitmap

PEOPLE, GROUPS, SIZE = 299_990, 10, 30_000
FIRST_GROUP = 1_000_000
PAGE = 50


def members(number: int) -> range:
    """The people of a group: each group begins somewhere else."""
    first = 1 + number * (PEOPLE - SIZE) // GROUPS
    return range(first, first + SIZE)


def entries() -> Iterator[Entry]:
    yield from map(user, range(1, PEOPLE + 1))
    yield from (group(FIRST_GROUP + number) for number in range(GROUPS))


@dataclass
class LargeDirectory(ListSource):
    """Its entries are made while they are read."""

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        yield from entries()
        for number in range(GROUPS):
            names = tuple(map(user_dn, members(number)))
            yield Links(guid(FIRST_GROUP + number), "member", names, final=True)
        yield Proof(partition, complete=True, entries=PEOPLE + GROUPS, expected=None)


@dataclass
class LargeCloud(ModelCloud):
    """It shows everything once, and what changed since as nothing."""

    rules: Ruleset = field(kw_only=True)

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        page: list[SyncObject] = []
        for entry in entries() if cookie is None else ():
            page.append(self._shown(entry))
            if len(page) == PAGE:
                yield ReadBackPage(page, b"1", more=True)
                page = []
        yield ReadBackPage(page, b"1", more=False)

    def _shown(self, entry: Entry) -> SyncObject:
        made = self.rules.decide(entry).object
        assert made is not None
        values = {"SourceAnchor": made.anchor, "CloudAnchor": f"{made.kind}_{entry.guid.hex()}", **made.attributes}
        number = int.from_bytes(entry.guid)
        if number >= FIRST_GROUP:
            anchors = (self.rules.anchor(user(each)) for each in members(number - FIRST_GROUP))
            values["member"] = tuple(ReferenceChange(anchor, LinkOperation.ADD) for anchor in anchors)
        return SyncObject(made.kind, Operation.SET, values)

    def provision(self, objects: Sequence[SyncObject], patience: float) -> Sequence[None]:
        raise AssertionError(f"{len(objects)} objects were sent")


def test_three_hundred_thousand_objects_are_taken_over_and_nothing_is_sent(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db", sources=[LargeDirectory()])
    engine.cloud = LargeCloud(rules=engine.rules("corp"), known_objects=PEOPLE + GROUPS)
    findings = engine.adopt()
    assert findings.recorded and findings.counts == {"Matched": {"User": PEOPLE, "Group": GROUPS}}
    report, plan = engine.run()
    assert plan.empty and not report.failure and report.in_cloud == {"User": PEOPLE, "Group": GROUPS}
    with engine.store() as store:
        rows = store.database.all("SELECT sure, possible FROM cloud_links")
    assert [len(unpack_bitmap(links)) for row in rows for links in row] == [SIZE] * 2 * GROUPS
