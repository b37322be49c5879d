"""How changes of Active Directory are found: which way is taken, when everything is read instead, and why."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.ad_double_search import DIRSYNC, Refused
from support.ad_double_server import READER
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.mirror import Mirror
from support.tracked import EVERY_RIGHT, NO_RIGHT, NO_RIGHTS, make_domain, mark_of, read, served
from syncramp.errors import AccessDenied, SourceUnavailable, SyncrampError
from syncramp.model.facts import Entry
from syncramp.source.ldap.tracking import OLDEST


def test_dirsync_is_taken_where_the_account_may(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        first, second = read(server, mirror), read(server, mirror)
    assert (first.tracking, first.delta, first.why_full) == ("DirSync", False, "")
    assert (second.tracking, second.delta, second.entries) == ("DirSync", True, 0)


def test_without_the_right_it_is_usn_and_the_right_is_named(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path, NO_RIGHT) as server:
        first, second = read(server, mirror), read(server, mirror)
    assert first.tracking == second.tracking == "USN"
    assert "'Replicating Directory Changes' on DC=test" in first.why_full
    assert second.delta


def test_without_any_right_everything_is_read_each_time(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path, NO_RIGHTS) as server:
        for _ in range(2):
            proof = read(server, mirror)
            assert (proof.tracking, proof.delta, proof.watermark) == ("Full", False, None)
            assert "no deleted entry is shown to this account" in proof.why_full


def test_dirsync_that_is_demanded_without_the_right_is_an_error(tmp_path: Path) -> None:
    with served(tmp_path, NO_RIGHT) as server, pytest.raises(AccessDenied) as denied:
        read(server, Mirror(), "DirSync")
    assert 'dsacls "DC=test" /G "DOMAIN\\account:CA;Replicating Directory Changes"' in denied.value.remedy


def test_usn_that_is_demanded_without_a_sight_of_tombstones_reads_everything(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path, NO_RIGHTS) as server:
        proofs = [read(server, mirror, "USN") for _ in range(2)]
    assert not any(proof.delta for proof in proofs)
    assert all("CN=Deleted Objects,DC=test" in proof.why_full for proof in proofs)


def test_a_domain_in_which_nothing_was_deleted_yet_is_read_whole(tmp_path: Path) -> None:
    replica, mirror = Replica(), Mirror()
    replica.user("first")
    with served(tmp_path, replica=replica) as server:
        assert read(server, mirror).watermark is None
        replica.delete(replica.user("left"))
        assert not read(server, mirror).delta
        assert read(server, mirror).delta


def test_full_asks_for_no_cookie(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        proof = read(server, Mirror(), "Full")
        assert not server.searched(DIRSYNC)
    assert (proof.tracking, proof.why_full, proof.watermark) == ("Full", "", None)


def test_a_right_that_is_taken_away_ends_in_another_way(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        read(server, mirror)
        server.accounts[READER] = NO_RIGHT
        proof = read(server, mirror)
        assert read(server, mirror).delta
    assert (proof.tracking, proof.delta) == ("USN", False)
    assert "Replicating Directory Changes" in proof.why_full


def test_a_right_to_see_tombstones_that_is_taken_away_ends_deltas_by_usn(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path, NO_RIGHT) as server:
        read(server, mirror)
        server.accounts[READER] = NO_RIGHTS
        proof = read(server, mirror)
    assert not proof.delta
    assert "no deleted entry is shown" in proof.why_full


@pytest.mark.parametrize("cookie", [b"garbage", b"foreign"])
def test_a_refused_cookie_ends_in_a_full_read(tmp_path: Path, cookie: bytes) -> None:
    mirror, stranger = Mirror(), Mirror()
    with served(tmp_path) as server:
        read(server, mirror)
        if cookie == b"foreign":
            (tmp_path / "other").mkdir()
            with served(tmp_path / "other", replica=make_domain("DC=other")) as other:
                read(other, stranger)
            cookie = mark_of(stranger).cookie
        mirror.watermark = replace(mark_of(mirror), cookie=cookie).encoded()
        user = server.replica.user("second")
        proof = read(server, mirror)
        assert user in mirror.entries
        assert read(server, mirror).delta
    assert not proof.delta
    assert "does not take the cookie of the last read" in proof.why_full


def test_a_lost_server_says_nothing_about_the_cookie(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        read(server, mirror)
        kept = mirror.watermark

        def lost(search: object) -> None:
            if DIRSYNC in str(search):
                raise OSError

        server.before = lost
        with pytest.raises(SourceUnavailable):
            read(server, mirror)
        server.before = None
        assert mirror.watermark == kept
        assert read(server, mirror).delta


@pytest.mark.parametrize("code", [3, 11, 51, 52])
def test_a_busy_server_says_nothing_about_the_cookie(tmp_path: Path, code: int) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        read(server, mirror)

        def busy(search: object) -> None:
            if DIRSYNC in str(search):
                raise Refused(code, "later")

        server.before = busy
        with pytest.raises(SyncrampError, match=rf"DirSync of DC=test .*code {code}\)"):
            read(server, mirror)
        server.before = None
        assert read(server, mirror).delta


def test_another_domain_under_the_same_name_is_read_whole(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        read(server, mirror)
        mirror.watermark = replace(mark_of(mirror), domain=bytes(16)).encoded()
        proof = read(server, mirror)
    assert not proof.delta
    assert "another domain" in proof.why_full


def test_a_read_too_long_ago_is_no_ground_for_a_delta(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        read(server, mirror)
        mark = mark_of(mirror)
        mirror.watermark = replace(mark, at=mark.at - OLDEST - timedelta(hours=1)).encoded()
        proof = read(server, mirror)
    assert not proof.delta
    assert "more than 30 days old" in proof.why_full


@pytest.mark.parametrize("kept", [b"", b"no JSON", b"{}", b'{"method": 1}'])
def test_a_watermark_that_cannot_be_read_counts_as_none(tmp_path: Path, kept: bytes) -> None:
    mirror = Mirror(watermark=kept)
    with served(tmp_path) as server:
        assert not read(server, mirror).delta


def test_another_way_in_the_document_begins_anew(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        read(server, mirror)
        proof = read(server, mirror, "USN")
        assert (proof.tracking, proof.delta) == ("USN", False)
        assert "changeTracking is USN, and was DirSync" in proof.why_full
        assert read(server, mirror, "USN").delta


def test_usns_count_at_one_controller_alone(tmp_path: Path) -> None:
    mirror, one = Mirror(), make_domain()
    two = Replica(number=2)
    two.pull(one)
    with served(tmp_path, NO_RIGHT, one) as first, served(tmp_path, NO_RIGHT, two) as second:
        read(first, mirror)
        proof = read(second, replace(mirror, horizon=None))
    assert not proof.delta
    assert "another domain controller answers" in proof.why_full


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_a_restored_controller_is_read_by_dirsync_and_whole_by_usn(tmp_path: Path, account: Account) -> None:
    mirror = Mirror()
    with served(tmp_path, account) as server:
        read(server, mirror)
        server.replica.restored_from_backup()
        user = server.replica.user("after")
        mirror.horizon = None
        assert read(server, mirror).delta is account.replicates
    assert user in {fact.guid for fact in mirror.told if isinstance(fact, Entry)}


def test_usns_that_went_back_are_no_ground_for_a_delta(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path, NO_RIGHT) as server:
        read(server, mirror)
        mirror.watermark = replace(mark_of(mirror), usn=server.replica.usn + 1).encoded()
        proof = read(server, mirror)
    assert not proof.delta
    assert "USNs went back" in proof.why_full


def test_no_delta_begins_at_a_read_that_was_not_complete(tmp_path: Path) -> None:
    mirror, replica = Mirror(), Replica()
    replica.delete(replica.user("left"))
    with served(tmp_path, replica=replica) as server:
        proof = read(server, mirror)
    assert not proof.complete
    assert (proof.tracking, proof.watermark) == ("DirSync", None)
