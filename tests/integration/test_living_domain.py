"""What only a domain controller tells as it does: units of thousands, cookies, tombstones, and rights that shrink."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from support.ad_double_dirsync import Cookie
from support.ad_double_server import READER
from support.ad_double_view import Account
from support.living import Double
from support.scene import Scene, scene, scope
from syncramp.source.ldap.watermark import decoded

MANY = 2000


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    made = Double(tmp_path)
    with made.controller.running(tmp_path):
        made.unit("People")
        made.unit("Others")
        made.unit("Team", "People")
        made.user("gone", "Others")
        made.delete("gone")  # an account that is shown no tombstone reads everything
        yield made


def stage_of(double: Double, path: Path) -> Scene:
    made = scene(path / "state.db", double, scope(double, "People", guid=UUID(bytes_le=double.nodes["People"].guid)))
    made.calm()
    made.cloud.calls.clear()
    return made


def many(double: Double) -> list[str]:
    names = [f"user{number}" for number in range(MANY)]
    for name in names:
        double.user(name, "Team", title="clerk")
    double.group("everybody", "People", *names)
    return names


def test_a_unit_of_thousands_is_renamed_by_one_fact_and_its_people_are_not_read_again(
    double: Double, tmp_path: Path
) -> None:
    names = many(double)
    stage = stage_of(double, tmp_path)
    assert len(stage.there) == MANY + 1
    for unit, rdn in (("Team", "OU=Crew"), ("People", "OU=Staff")):
        double.rename(unit, rdn)
        report = stage.go()
        (source,) = report.sources
        assert (source.delta, source.tracking, source.entries) == (True, "DirSync", 1)
        assert not stage.plan.counts.get("Delete") and not stage.plan.holds
        assert stage.plan.counts == {"Update": {"User": MANY, **({"Group": 1} if unit == "People" else {})}}
        assert set(stage.plan.origins) == {"Container"} and len(stage.plan.containers) == 1
    with stage.store() as store:
        assert store.database.value("SELECT dn FROM entries WHERE kind = 'User'").endswith("OU=Crew,OU=Staff,DC=test")
    assert stage.members("everybody") == set(names)


def test_a_unit_of_thousands_that_moves_out_of_scope_waits_for_a_person_and_returns_without_a_trace(
    double: Double, tmp_path: Path
) -> None:
    names = many(double)
    stage = stage_of(double, tmp_path)
    double.rename("Team", below="Others")
    stage.go()
    assert stage.plan.holds.get("TooManyDeletes") == MANY and stage.there == {*names, "everybody"}
    double.rename("Team", below="People")
    report = stage.calm()
    assert report.sources[0].delta and stage.members("everybody") == set(names)
    assert [len(call) for call in stage.cloud.calls] == []


def test_a_cookie_of_another_forest_is_followed_by_a_full_read_that_says_why(double: Double, tmp_path: Path) -> None:
    double.user("ann", "Team")
    stage = stage_of(double, tmp_path)
    foreign = Cookie(b"another forest..", 1, {}).encoded()
    with stage.store() as store:
        mark = decoded(store.database.value("SELECT watermark FROM partitions"))
        assert mark is not None
        store.database.run("UPDATE partitions SET watermark = ?", (replace(mark, cookie=foreign).encoded(),))
    double.change("ann", title="boss")
    report = stage.go()
    (source,) = report.sources
    assert source.complete and not source.delta and "does not take the cookie" in source.why_full
    assert stage.holds("ann")["title"] == "boss" and stage.there == {"ann"}
    double.change("ann", title="clerk")
    report = stage.calm()
    assert report.sources[0].delta and stage.holds("ann")["title"] == "clerk"


def test_an_attribute_that_the_account_may_not_read_any_more_is_cleared_nowhere(
    double: Double, tmp_path: Path
) -> None:
    names = [f"user{number}" for number in range(60)]
    for name in names:
        double.user(name, "Team", title="clerk")
    stage = stage_of(double, tmp_path)
    double.controller.accounts[READER] = Account(hidden=frozenset({"title"}))
    for _ in range(3):
        stage.open()
        report, plan = stage.run(full=True)
        assert plan.counts.get("Update") is None
    assert not report.succeeded and "title" in str([source.reason for source in report.sources])
    assert {stage.holds(name)["title"] for name in names} == {"clerk"}
    double.controller.accounts[READER] = Account()
    stage.calm()
    assert stage.holds(names[0])["title"] == "clerk"
