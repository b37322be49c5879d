"""A domain controller that is behind, brought into a cloud by the engine: what it does not know yet is not undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.living import Double
from support.scene import Scene, scene, scope
from syncramp.model.proofs import Accepted
from syncramp.model.seams import Source
from syncramp.source.bases import Base
from syncramp.source.ldap import LdapSource


class Pair(Double):
    """Two controllers; what people do, they do at the first one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.second = Controller(Replica(number=2))
        self.controllers = [self.controller, self.second]

    def replicate(self) -> None:
        self.second.replica.pull(self.replica)
        self.replica.pull(self.second.replica)

    def source(self, *bases: Base, name: str = "corp") -> Source:
        urls, cas = [one.url for one in self.controllers], b"".join(one.ca for one in self.controllers)
        return LdapSource(name, urls, READER, PASSWORD, cas, bases=[base.dn for base in bases])


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    with made.controller.running(tmp_path), made.second.running(tmp_path):
        made.unit("People")
        for name in ("ann", "bob", "cid"):
            made.user(name, "People", userAccountControl="512")
        made.group("staff", "People", "ann", "bob")
        made.replicate()
        yield made


@pytest.fixture
def stage(pair: Pair, tmp_path: Path) -> Scene:
    """The first controller told what the second one does not have: one left a group, one was disabled, one is new."""
    made = scene(tmp_path / "state.db", pair, scope(pair, "People"))
    made.calm()
    assert made.members("staff") == {"ann", "bob"}
    pair.leave("staff", "bob")
    pair.change("cid", userAccountControl="514")
    pair.user("dan", "People", userAccountControl="512")
    pair.delete("ann")
    for _ in range(3):
        made.go()
    _as_it_is(made)
    return made


def _as_it_is(stage: Scene) -> None:
    assert stage.there == {"bob", "cid", "dan", "staff"}
    assert stage.members("staff") == set()
    assert stage.holds("cid")["accountEnabled"] is False


def test_a_controller_that_is_behind_undoes_nothing_and_says_so(pair: Pair, stage: Scene) -> None:
    pair.controllers = [pair.second]
    stage.cloud.calls.clear()
    for _ in range(3):
        report = stage.go()
        (read,) = report.sources
        assert not read.complete
        assert read.doubt == "SourceNotFresh"
        assert "does not have everything that was seen before" in read.reason
        assert "--older" in read.reason
    _as_it_is(stage)
    pair.replicate()
    pair.change("bob", displayName="robert")
    pair.replicate()
    assert stage.calm().sources[0].complete
    assert stage.there == {"robert", "cid", "dan", "staff"}


def test_a_person_may_say_that_the_older_state_is_the_true_one(pair: Pair, stage: Scene) -> None:
    pair.controllers = [pair.second]
    stage.go()
    with stage.store() as store:
        store.staging.accept(store.staging.source_id("corp"), "DC=test", Accepted(older=True, by="ada"))
    for _ in range(5):
        report = stage.go()
    assert report.sources[0].complete
    assert stage.holds("cid")["accountEnabled"] is True
    assert stage.there == {"ann", "bob", "cid", "staff"}
    assert stage.members("staff") == {"ann", "bob"}
