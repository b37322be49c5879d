"""Whether a server knows everything that was seen before, by what replicas tell of how far they are."""

from copy import deepcopy
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ad_double_tree import Replica, Stamp
from syncramp.source.ldap.freshness import UNTOLD, Horizon, Standing, decode, extend, judge, look, read_vector
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry

FIRST, SECOND = UUID("00112233-4455-6677-8899-aabbccddeeff"), UUID("ffeeddcc-bbaa-9988-7766-554433221100")
BY_SAMBA = bytes.fromhex(  # packed by Samba 4.17 (drsblobs.replUpToDateVectorBlob), version 2
    "02000000000000000200000000000000"
    "33221100554477668899aabbccddeeff671200000000000000"
    "80209bcb82d801"
    "ccddeeffaabb8899776655443322110005000000000100000080209bcb82d801"
)
BY_SAMBA_OF_OLD = bytes.fromhex(  # version 1: without times
    "0100000000000000010000000000000033221100554477668899aabbccddeeff5800000000000000"
)


def _at(**positions: int) -> Standing:
    return Standing(next(iter(positions)), {writer: f"{usn:020}" for writer, usn in positions.items()})


def test_a_vector_is_read_as_samba_packs_it() -> None:
    assert read_vector(BY_SAMBA) == {
        FIRST.bytes_le.hex(): f"{4711:020}",
        SECOND.bytes_le.hex(): f"{2**40 + 5:020}",
    }
    assert read_vector(BY_SAMBA_OF_OLD) == {FIRST.bytes_le.hex(): f"{88:020}"}


@given(st.binary(max_size=80))
def test_what_is_no_vector_says_nothing(value: bytes) -> None:
    assert isinstance(read_vector(value), dict)
    assert read_vector(b"\3" + BY_SAMBA[1:] + value) == {}
    assert read_vector(BY_SAMBA[:-33]) == {}


class Shown:
    """A server that shows one entry."""

    server = "ldaps://dc1"

    def __init__(self, **values: list[bytes]) -> None:
        self.values = values

    def entry(self, dn: str, attributes: list[str]) -> Found:
        assert dn == "DC=test"
        if not self.values:
            raise NoSuchEntry
        return Found(b"DC=test", {name: self.values[name] for name in attributes if name in self.values})


def test_a_domain_controller_tells_its_own_usn_and_how_far_it_is_with_others() -> None:
    root = Root(active_directory=True, highest_usn=99, invocation_id=b"\1" * 16)
    standing = look(Shown(replUpToDateVector=[BY_SAMBA_OF_OLD]), root, "DC=test")
    assert standing == Standing("01" * 16, {FIRST.bytes_le.hex(): f"{88:020}", "01" * 16: f"{99:020}"})
    assert look(Shown(), root, "DC=test") == Standing("01" * 16, {"01" * 16: f"{99:020}"}, shows_others=False)


def test_openldap_tells_the_csn_of_each_of_its_servers() -> None:
    first, second = "20260101000000.000001Z#000000#001#000000", "20260101000000.000002Z#000000#002#000000"
    shown = Shown(contextCSN=[first.encode(), second.encode(), b"nonsense"])
    assert look(shown, Root(), "DC=test") == Standing("", {"001": first, "002": second})
    horizon = extend(Horizon(), look(shown, Root(), "DC=test"))
    assert judge(horizon, look(shown, Root(), "DC=test")).proven
    back = judge(horizon, look(Shown(contextCSN=[first.encode()]), Root(), "DC=test"))
    assert not back.proven
    assert back.expected == f"CSN {second}"


@pytest.mark.parametrize("root", [Root(), Root(active_directory=True), Root(active_directory=True, highest_usn=1)])
def test_a_server_that_never_told_anything_is_taken_as_it_is(root: Root) -> None:
    standing = look(Shown(), root, "DC=test")
    assert judge(Horizon(), standing) is UNTOLD
    assert extend(Horizon(), standing).positions == {}


def test_a_server_that_tells_nothing_any_more_is_not_fresh() -> None:
    evidence = judge(extend(Horizon(), _at(**{"aa" * 16: 5})), Standing())
    assert not evidence.proven
    assert "does not show how far it is" in evidence.reason


def test_a_server_that_counts_fewer_changes_than_before_is_not_fresh() -> None:
    evidence = judge(extend(Horizon(), _at(**{"aa" * 16: 5})), _at(**{"aa" * 16: 4}))
    assert not evidence.proven
    assert evidence.expected == f"USN 5 of {UUID('aa' * 16)}"
    assert evidence.seen == f"USN 4 of {UUID('aa' * 16)}"
    assert "restored from a copy" in evidence.reason


def test_another_server_needs_a_vector_which_the_same_one_does_not() -> None:
    first, second = "aa" * 16, "bb" * 16
    horizon = extend(Horizon(), Standing(first, {first: f"{5:020}", second: f"{9:020}"}))
    same = Standing(first, {first: f"{6:020}"}, shows_others=False)
    other = Standing(second, {second: f"{9:020}"}, shows_others=False)
    assert judge(horizon, same).proven
    assert not judge(horizon, other).proven
    assert "replUpToDateVector" in judge(horizon, other).reason
    assert judge(horizon, Standing(second, {first: f"{5:020}", second: f"{9:020}"})).proven


def test_the_horizon_is_the_highest_that_was_ever_seen() -> None:
    first, second = "aa" * 16, "bb" * 16
    horizon = extend(Horizon(), Standing(first, {first: f"{5:020}", second: f"{9:020}"}))
    later = extend(horizon, Standing(first, {first: f"{6:020}", second: f"{8:020}"}))
    assert later == Horizon({first: f"{6:020}", second: f"{9:020}"}, first)


@given(st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 1)))
def test_a_horizon_is_read_as_it_was_stored(usns: dict[bytes, int]) -> None:
    positions = {writer.hex(): f"{usn:020}" for writer, usn in usns.items()}
    horizon = extend(Horizon(), Standing(next(iter(positions), ""), positions))
    assert decode(horizon.encoded()) == horizon


@pytest.mark.parametrize(
    "stored",
    [
        None,
        b"",
        b"x",
        b"{}",
        b"[]",
        b'{"positions": 1, "holder": ""}',
        b'{"positions": {"a": "1"}, "holder": ""}',
        b"\xff",
    ],
)
def test_what_is_no_horizon_says_that_nothing_was_seen(stored: bytes | None) -> None:
    assert decode(stored) == Horizon()


def _standing(replica: Replica) -> Standing:
    own = replica.invocation.hex()
    return Standing(own, {writer.hex(): f"{usn:020}" for writer, usn in replica.vector().items()})


STEPS = st.tuples(
    st.sampled_from(["change", "pull", "read", "back up", "restore"]), st.integers(0, 2), st.integers(0, 2)
)


@given(st.lists(STEPS, max_size=40))
def test_no_server_is_fresh_that_lacks_a_change_that_was_seen(steps: list[tuple[str, int, int]]) -> None:
    servers = [Replica(number=number) for number in range(3)]
    copies: dict[int, Replica] = {}
    horizon, seen = Horizon(), set[Stamp]()
    for number, (step, one, other) in enumerate(steps):
        server = servers[one]
        if step == "change":
            server.user(f"u{number}")
        elif step == "pull":
            server.pull(servers[other])
        elif step == "back up":
            copies[one] = deepcopy(server)
        elif step == "restore" and one in copies:
            servers[one] = deepcopy(copies[one])
            servers[one].restored_from_backup()
            servers[one].invocation = number.to_bytes(16, "big")
        elif step == "read":
            fresh = judge(horizon, _standing(server)).proven
            assert not fresh or all(server.covers(stamp) for stamp in seen)
            if fresh:
                seen |= {stamp for held in server.objects.values() for stamp in held.all_stamps()}
                horizon = extend(horizon, _standing(server))
    for server in servers:
        for _ in servers:
            for other_server in servers:
                server.pull(other_server)
    lost = any(step == "restore" for step, _, _ in steps)  # numbers that nobody else ever had are gone with a backup
    assert lost or all(judge(horizon, _standing(server)).proven for server in servers)
