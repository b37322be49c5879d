"""Whoever is recognised as he was sent is confirmed as if he were compared one by one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.statements import noted
from support.tenant_cloud import look
from syncramp.cycle.as_sent import AsSent
from syncramp.cycle.job import Job
from syncramp.cycle.observing import means_of, observed
from syncramp.model.blocks import Block, Texts
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.packing import digest, pack
from syncramp.model.wire import Alike, Listed, Operation, ReadBackPage, SyncObject

PEOPLE = 4
KNOWN = (*(f"a{number}" for number in range(1, PEOPLE + 1)), "theirs")
NAMES = ("CloudAnchor", "SourceAnchor", "CloudMastered", "City", "Mail", "Mobile", "ProxyAddresses", "Title")
SENT = ("city", "mail", "mobile", "proxyAddresses", "title", "City")
texts = st.sampled_from(["a", "A", "1", "true", "ø" * 15, "ø" * 16, "x" * 255])
others: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(0, 1) | st.binary(max_size=1) | st.lists(texts).map(tuple)
)
values: st.SearchStrategy[Any] = texts | others
seldom = st.integers(0, 9).map(lambda number: number == 9)
"""Nearly everybody is as usual, or nobody would be recognised."""
COLUMNS = Columns(NAMES)
"""The same for all objects, as of one message."""


@st.composite
def shown(draw: st.DrawFn, anchor: str, sent: dict[str, Any]) -> SyncObject:
    """An object as it was sent, but for what is drawn."""
    like = {name.lower(): value for name, value in sent.items()}
    cells = {name: like.get(name.lower(), ABSENT) for name in NAMES}
    cells |= {"SourceAnchor": anchor, "CloudAnchor": f"c_{anchor}", "CloudMastered": False}
    if draw(seldom):
        cells["CloudAnchor"] = draw(st.sampled_from([f"C_{anchor}", f"x_{anchor}", f"x_{anchor}1", ABSENT]))
    if draw(seldom):
        cells["CloudMastered"] = draw(st.sampled_from([True, 0, ABSENT, "true"]))
    if draw(seldom):
        cells[draw(st.sampled_from(NAMES[3:]))] = draw(values | st.just(ABSENT))
    operation = Operation.DELETE if draw(seldom) else Operation.SET
    return SyncObject("User", operation, Cells(COLUMNS, [cells[name] for name in NAMES]))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[tuple[Any, ...]], list[list[SyncObject]], bool]:
    """Rows of people, pages that show them, and whether those are of a read-back of everything."""
    names = draw(st.sets(st.sampled_from(SENT), min_size=2, max_size=5))
    known = []
    usual = {name: draw(st.sampled_from([texts, texts, others, values | st.just("")])) for name in sorted(names)}
    for anchor in KNOWN[:PEOPLE]:
        sent = {name: draw(some) for name, some in usual.items() if not draw(seldom)}
        there, doubt, managed, confirmed = not draw(seldom), draw(seldom), draw(seldom), draw(st.integers(0, 2))
        cloud_anchor = draw(st.sampled_from([None, f"c_{anchor}"]))
        known.append((sent, there, int(doubt), managed, cloud_anchor, confirmed))
    pages = []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.permutations(KNOWN)) + (draw(st.permutations(KNOWN))[:1] if draw(seldom) else [])
        sent_to = dict(zip(KNOWN, [row[0] for row in known], strict=False))
        pages.append([draw(shown(anchor, sent_to.get(anchor, {}))) for anchor in order])
    return known, pages, draw(st.booleans())


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


def together(objects: list[SyncObject]) -> Listed:
    """The same objects, those that are alike in blocks, as the reader of messages gives them."""
    parts: list[SyncObject | Alike] = []
    for (kind, operation, _), some in groupby(objects, _made):
        rows = [obj.values.picked(tuple) for obj in some]  # type: ignore[attr-defined]  # they are cells
        columns = dict(enumerate(zip(*rows, strict=True)))
        raws = {place: [cell.encode() for cell in cells] for place, cells in columns.items() if _text(cells[0])}
        texts = {place: Texts(cells, list(map(len, cells))) for place, cells in raws.items()}
        others = {place: cells for place, cells in columns.items() if not isinstance(cells[0], str)}
        parts.append(Alike(kind, operation, Block(COLUMNS, texts, others, len(rows))))
    return Listed(parts)


def _made(obj: SyncObject) -> tuple[str, Operation, list[object]]:
    """What those of a block have in common: which columns are there, and which of them are texts."""
    cells = obj.values.picked(tuple)  # type: ignore[attr-defined]
    return obj.kind, obj.operation, [(cell == ABSENT, _text(cell)) for cell in cells]


def _text(cell: object) -> bool:
    return isinstance(cell, str) and cell != ABSENT


@given(scenes())
@settings(max_examples=100, deadline=None)
def test_it_comes_to_the_same_whether_somebody_is_recognised_or_compared(job: Job, scene) -> None:
    known, pages, full = scene
    written(job, known)
    learning = means_of(job, full=full)
    for objects in pages:
        page = ReadBackPage(objects, None, False)
        blocks = replace(page, objects=together(objects))
        assert list(map(repr, blocks.objects)) == list(map(repr, objects))
        seen, others = observed(job, [blocks], learning)
        assert observed(job, [page], learning)[0] == seen
        with patch.object(AsSent, "marks", lambda self, parts: [None] * len(parts)):
            compared, strangers = observed(job, [page], means_of(job, full=full))
        assert seen == compared
        assert [other.anchor for other in others] == [other.anchor for other in strangers]


@given(scenes())
def test_objects_that_are_alike_are_packed_as_each_of_them_is(scene) -> None:
    _, pages, _ = scene
    named = [(name, NAMES.index(name[0].upper() + name[1:])) for name in sorted(set(SENT))]
    for objects in pages:
        for part in together(objects).parts:
            assert isinstance(part, Alike)
            cells = [[(name, obj.values.picked(tuple)[place]) for name, place in named] for obj in part.objects()]  # type: ignore[attr-defined]
            there = [{name: cell for name, cell in some if cell != ABSENT} for some in cells]
            assert part.block.packed(named) == list(map(pack, there))


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
