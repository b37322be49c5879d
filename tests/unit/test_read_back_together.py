"""Pages of a read-back that are taken in together come to what they come to one after the other."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from unittest.mock import patch
from uuid import uuid4

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import Crash, ModelCloud
from support.tenant_cloud import look
from syncramp.cycle import confirm
from syncramp.errors import AnswerLost
from syncramp.model.report import RunReport
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject
from syncramp.source import dn
from syncramp.store.store import Store

TABLES = (
    *("objects", "payload", "cloud_links", "drift", "foreign_objects", "foreign_values"),
    *("cloud_managed", "departed_links"),
)


@pytest.fixture
def engine(tmp_path) -> Engine:
    made = Engine(tmp_path / "state.db", ModelCloud(page=2))
    made.source.add(*(user(number, title="Clerk") for number in range(1, 11)), group(101), group(102))
    made.source.members[guid(101)] = [user_dn(number) for number in range(1, 7)]
    made.source.members[guid(102)] = [user_dn(1), user_dn(9)]
    made.settle()
    return made


def somebody(engine: Engine, chance: random.Random) -> None:
    """Somebody does something in the cloud."""
    cloud, anchor = engine.cloud, engine.anchor(user(chance.randint(1, 10)))
    change = ReferenceChange(anchor, chance.choice(list(LinkOperation)))
    of = engine.anchor(group(chance.choice((101, 102))))
    match chance.randrange(6):
        case 0:
            cloud.vanish(anchor)
        case 1 if anchor in cloud.objects:
            held = cloud.objects[anchor]
            cloud.objects[anchor] = replace(held, cloud_anchor=f"User_{chance.randrange(10**6)}")
            cloud._log[anchor] = cloud._clock = cloud._clock + 1
        case 2:
            _provision(cloud, "Group", of, member=(change,))
        case 3:
            _provision(cloud, "User", f"theirs{chance.randrange(3)}", mail=f"{chance.randrange(3)}@example.com")
        case 4:
            _provision(cloud, "User", anchor, isCloudManaged=chance.choice((True, False)))
        case _:
            _provision(cloud, "User", anchor, title=chance.choice(("Clerk", "Boss", " Clerk")))


def _provision(cloud: ModelCloud, kind: str, anchor: str, **values: object) -> None:
    cloud.provision([SyncObject(kind, Operation.SET, {"SourceAnchor": anchor, **values})])  # type: ignore[dict-item]


@contextmanager
def copy_of(engine: Engine) -> Iterator[Store]:
    """A copy of the store, opened."""
    path = engine.path.with_name(f"{uuid4().hex}.db")
    with engine.store() as original:
        original.database.copy_to(path)  # type: ignore[attr-defined]  # of a file, and of what stands for one
    with closing(Store(path, dn.key)) as store:
        yield store


def taken(engine: Engine, together: int, *, full: bool) -> tuple[list[list[str]], dict[str, int], object]:
    """What a copy of the store holds after a read-back, and what was told."""
    with copy_of(engine) as store:
        if full:
            store.observations.forget_cookie()
        with patch.object(confirm, "TOGETHER", together):
            report = look(engine, store)
        rows = [sorted(map(repr, map(tuple, store.database.all(f"SELECT * FROM {name}")))) for name in TABLES]
        return rows, report.drift, (report.drift_samples, store.observations.cookie())


@pytest.mark.parametrize("seed", range(12))
def test_whatever_somebody_did_pages_come_to_the_same_together_and_one_by_one(engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 12)):
        somebody(engine, chance)
    for full in (False, True):
        singly = taken(engine, 1, full=full)
        assert taken(engine, 5, full=full) == singly
        assert taken(engine, 1000, full=full) == singly


def _is_boss(shown: SyncObject) -> bool:
    return "Boss" in shown.values.values()


def test_what_a_page_shows_twice_is_confirmed_as_it_is_shown_last(engine: Engine) -> None:
    _provision(engine.cloud, "User", engine.anchor(user(1)), title="Boss")
    page = next(page for page in engine.cloud.read_back(None) for obj in page.objects if _is_boss(obj))
    shown = next(filter(_is_boss, page.objects))
    before = replace(
        shown, values={key: "Clerk" if value == "Boss" else value for key, value in shown.values.items()}
    )
    pages = [replace(page, objects=[before, shown], more=False)]
    with copy_of(engine) as store:
        with patch.object(engine.cloud, "read_back", lambda cookie: iter(pages)):
            look(engine, store)
        (told,) = store.database.all("SELECT confirmed FROM objects WHERE anchor = ?", (engine.anchor(user(1)),))
        assert [one.attribute for _, _, _, one in store.differences.samples()] == ["title"]
    assert told[0] == 2


def test_pages_before_the_one_that_could_not_be_had_are_kept_and_not_asked_for_again(engine: Engine) -> None:
    for number in range(1, 8):
        _provision(engine.cloud, "User", engine.anchor(user(number)), title="Boss")
    pages = list(engine.cloud.read_back(None))
    asked = []

    def read_back(cookie: bytes | None):
        asked.append(cookie)
        yield from pages[:-1]
        raise AnswerLost("the line broke")

    with copy_of(engine) as store:
        with patch.object(engine.cloud, "read_back", read_back), pytest.raises(AnswerLost):
            look(engine, store)
        assert store.observations.cookie() == pages[-2].cookie


def test_a_run_that_is_killed_between_two_pages_repeats_those_that_were_not_kept(engine: Engine) -> None:
    _provision(engine.cloud, "User", engine.anchor(user(1)), title="Boss")
    (*_, last) = pages = list(engine.cloud.read_back(None))

    def read_back(cookie: bytes | None):
        yield from pages[:2]
        raise Crash

    with copy_of(engine) as store:
        before = store.observations.cookie()
        with patch.object(engine.cloud, "read_back", read_back), pytest.raises(Crash):
            look(engine, store)
        assert store.observations.cookie() == before
        report = look(engine, store)
        assert store.observations.cookie() == last.cookie
        assert report.drift == {} and isinstance(report, RunReport)
        assert [one.attribute for _, _, _, one in store.differences.samples()] == ["title"]
