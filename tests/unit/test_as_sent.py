"""Whoever is recognised as he was sent is confirmed as if he were compared one by one."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.statements import noted
from support.tenant_cloud import look
from syncramp.cycle.as_sent import AsSent
from syncramp.cycle.job import Job
from syncramp.cycle.observing import observed
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.packing import digest, pack
from syncramp.model.wire import Operation, ReadBackPage, SyncObject

PEOPLE = 4
KNOWN = (*(f"a{number}" for number in range(1, PEOPLE + 1)), "theirs")
NAMES = ("CloudAnchor", "SourceAnchor", "CloudMastered", "City", "Mail", "Mobile", "ProxyAddresses", "Title")
SENT = ("city", "mail", "mobile", "proxyAddresses", "title", "thumbnailPhoto", "cloudAnchor", "City")
texts = st.sampled_from(["a", "A", "1", "true"])
values: st.SearchStrategy[Any] = (
    texts | st.none() | st.booleans() | st.integers(0, 1) | st.binary(max_size=1) | st.lists(texts).map(tuple)
)
usual = {
    "CloudMastered": st.sampled_from([False, False, True, "", 0]),
    "CloudAnchor": st.sampled_from(["c", "C", ""]),
}


def shown_as(anchor: str, sent: dict[str, Any]) -> st.SearchStrategy[SyncObject]:
    """An object as it was sent, but for what is drawn."""
    like = {name.lower(): value for name, value in sent.items()}
    cells = (
        {name: st.just(like.get(name.lower(), ABSENT)) for name in NAMES} | usual | {"SourceAnchor": st.just(anchor)}
    )
    changed = st.dictionaries(st.sampled_from(NAMES[3:]), values | st.just(ABSENT), max_size=1)
    operation = st.sampled_from([Operation.SET] * 5 + [Operation.DELETE])
    return st.builds(
        lambda cells, changed, operation: SyncObject(
            "User", operation, Cells(COLUMNS, [changed.get(name, cells[name]) for name in NAMES])
        ),
        st.fixed_dictionaries(cells),
        st.just({}) | changed,
        operation,
    )


COLUMNS = Columns(NAMES)
"""The same for all objects, as of one message."""
payloads = st.dictionaries(st.sampled_from(SENT), values | st.just(""), max_size=4)
rows = st.tuples(
    payloads,
    st.sampled_from([True, True, True, False]),  # acknowledged
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([None, "c", "User_c"]),
    st.integers(0, 2),
)
people = st.lists(rows, min_size=PEOPLE, max_size=PEOPLE)
scenes = people.flatmap(
    lambda known: st.tuples(
        st.just(known),
        st.lists(
            st.lists(
                st.integers(0, PEOPLE).flatmap(
                    lambda who: shown_as(KNOWN[who], known[who][0] if who < PEOPLE else {})
                ),
                min_size=1,
                max_size=5,
            ),
            min_size=1,
            max_size=4,
        ),
        st.booleans(),
    )
)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """People whose rows a test writes."""
    engine = Engine(tmp_path_factory.mktemp("as-sent") / "state.db", config=config())
    engine.source.add(*map(user, range(1, PEOPLE + 1)))
    engine.settle()
    with engine.store() as store:
        yield engine.job(store)


def written(job: Job, known: list[tuple[Any, ...]]) -> None:
    """Rows as a scene has them."""
    database = job.store.database
    ids = [row[0] for row in database.all("SELECT id FROM objects ORDER BY id")]
    with database.transaction():
        database.run("DELETE FROM cloud_managed")
        for number, (identity, row) in enumerate(zip(ids, known, strict=True), 1):
            sent, there, doubt, managed, cloud_anchor, confirmed = row
            packed = pack(sent)
            database.run(
                "UPDATE objects SET anchor = ?, acked = ?, doubt = ?, cloud_anchor = ?, confirmed = ? WHERE id = ?",
                (f"a{number}", digest(packed) if there else None, doubt, cloud_anchor, confirmed, identity),
            )
            database.run("UPDATE payload SET acked = ? WHERE id = ?", (packed, identity))
            if managed:
                database.run("INSERT INTO cloud_managed VALUES (?)", (identity,))


@given(scenes)
@settings(max_examples=150, deadline=None)
@example(([({"city": "a", "mail": "1"}, True, 0, False, "c", 0)] * PEOPLE, [[]], True))
def test_it_comes_to_the_same_whether_somebody_is_recognised_or_compared(job: Job, scene) -> None:
    known, batches, full = scene
    written(job, known)
    learning = AsSent()
    for objects in batches:
        page = ReadBackPage(objects, None, False)
        seen, others = observed(job, [page], learning, full=full)
        with patch.object(AsSent, "heads", lambda self, objects: [None] * len(objects)):
            compared, strangers = observed(job, [page], AsSent(), full=full)
        assert seen == compared
        assert [other.anchor for other in others] == [other.anchor for other in strangers]


def _sees(engine: Engine) -> list[str]:
    """Statements of a read-back of everything that look at what was acknowledged."""
    made: list[str] = []
    with engine.store() as store:
        store.observations.forget_cookie()
        with noted(made):
            look(engine, store)
    return [statement for statement in made if "FROM payload" in statement]


def test_of_whoever_is_as_he_was_sent_nothing_wide_is_read(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db")
    engine.cloud.page = 2
    engine.source.add(*(user(number, title="Clerk", l="Oslo") for number in range(1, 9)), group(101))
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.settle()
    with patch("syncramp.cycle.confirm.TOGETHER", 2):
        few = len(_sees(engine))
        engine.source.add(*(user(number, title="Boss", l="Rome") for number in range(11, 31)))
        report = engine.settle()
        assert len(_sees(engine)) == few
    assert (report.confirmed, report.unconfirmed, report.with_differences) == (29, 0, 0)


def test_what_the_service_adds_to_some_is_learned_and_what_it_changes_is_told(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db")
    engine.source.add(*(user(number, title="Clerk") for number in range(1, 7)))
    engine.settle()
    for number in (2, 5):
        values = {"SourceAnchor": engine.anchor(user(number)), "UsageLocation": "NO"}
        engine.cloud.provision([SyncObject("User", Operation.SET, values)])
    values = {"SourceAnchor": engine.anchor(user(6)), "title": "Impostor"}
    engine.cloud.provision([SyncObject("User", Operation.SET, values)])
    report, _ = engine.run()
    assert (report.confirmed, report.with_differences, report.differences) == (5, 1, {"title": 1})
