"""Whatever happens in a directory: what deltas tell is what a full read shows, by DirSync and by uSNChanged."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.ad_double_search import Limits
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.ad_double_walk import FORGOTTEN, STEPS, Walk
from support.mirror import Mirror
from syncramp.source.ldap import LdapSource

WANTED = frozenset({"cn", "mail", "manager", "member", "objectclass"})
UNTOLD = ("manager", "restore")
"""Not both in one walk: no delta tells that a reference to a restored entry works again, or does not."""
ACCOUNTS = {"DirSync": Account(), "USN": Account(replicates=False)}
SMALL = Limits(max_page=3, max_values=2, dirsync_bytes=400)


@pytest.fixture(scope="module")
def controllers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Controller]]:
    """Two; what they serve is up to the test."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                Controller(Replica(number=number), limits=SMALL).running(tmp_path_factory.mktemp("controller"))
            )
            for number in (1, 2)
        ]


def _source(server: Controller, tracking: str = "Auto") -> LdapSource:
    return LdapSource("directory", [server.url], READER, PASSWORD, server.ca, ["DC=test"], tracking=tracking)


def _begin(replica: Replica) -> None:
    """Nothing is complete without anybody, and no delta begins where no tombstone is shown."""
    replica.user("first")
    replica.delete(replica.unit(FORGOTTEN))


def _agree(server: Controller, mirror: Mirror) -> None:
    """After one more read."""
    first = mirror.watermark is None
    proof = mirror.take(_source(server).read("DC=test", WANTED, mirror))
    assert proof.complete, proof.reason
    assert proof.delta is not first, proof.why_full
    fresh = Mirror()
    fresh.take(_source(server, "Full").read("DC=test", WANTED))
    assert mirror.shape() == fresh.shape()


@pytest.mark.parametrize("method", ACCOUNTS)
@given(st.data(), st.booleans())
@settings(max_examples=10, deadline=None)
def test_deltas_tell_what_a_full_read_shows(
    controllers: list[Controller], method: str, data: st.DataObject, recycle_bin: bool
) -> None:
    server = controllers[0]
    server.accounts[READER] = ACCOUNTS[method]
    replica = server.replica = Replica(recycle_bin=recycle_bin)
    _begin(replica)
    walk, mirror = Walk(replica, lambda guids: data.draw(st.sampled_from(guids))), Mirror()
    _agree(server, mirror)
    untold = data.draw(st.sampled_from(UNTOLD))
    steps = [step for step in STEPS if step != untold]
    for step in data.draw(st.lists(st.sampled_from([*steps, "read"]), min_size=10, max_size=30)):
        if step == "read":
            _agree(server, mirror)
        else:
            walk.step(step)
    _agree(server, mirror)
    assert mirror.proof is not None and mirror.proof.tracking == method


@given(st.data())
@settings(max_examples=4, deadline=None)
def test_a_cookie_goes_from_controller_to_controller(controllers: list[Controller], data: st.DataObject) -> None:
    one, two = Replica(), Replica(number=2)
    _begin(one)
    for server, replica in zip(controllers, (one, two), strict=True):
        server.replica, server.accounts[READER] = replica, Account()
    mirror = Mirror()
    walks = [Walk(replica, lambda guids: data.draw(st.sampled_from(guids))) for replica in (one, two)]
    for _ in range(4):
        two.pull(one)
        one.pull(two)
        _agree(data.draw(st.sampled_from(controllers)), mirror)
        walk = data.draw(st.sampled_from(walks))
        for step in data.draw(st.lists(st.sampled_from([step for step in STEPS if step != "restore"]), max_size=8)):
            walk.step(step)
