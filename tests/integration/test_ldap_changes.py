"""How changes of Active Directory are found: which way is taken, when everything is read instead, and why."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.ad_double_search import DIRSYNC, PAGED, Limits, Refused
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.mirror import Mirror
from syncramp.errors import AccessDenied, SourceUnavailable, SyncrampError
from syncramp.model.facts import Container, Entry, Gone, LinkChange, Links, Proof
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.tracking import OLDEST
from syncramp.source.ldap.watermark import Watermark, decoded

WANTED = frozenset({"cn", "mail", "manager", "member"})
EVERY_RIGHT = Account()
NO_RIGHT = Account(replicates=False)
NO_RIGHTS = Account(replicates=False, sees_deleted=False)


@contextmanager
def _served(folder: Path, account: Account = EVERY_RIGHT, replica: Replica | None = None) -> Iterator[Controller]:
    replica = replica or _domain()
    limits = Limits(max_page=3, max_values=2, dirsync_bytes=300)
    with Controller(replica, {READER: account}, limits=limits).running(folder) as server:
        yield server


def _domain(name: str = "DC=test") -> Replica:
    replica = Replica(name)
    replica.user("first")
    replica.delete(replica.user("left"))
    return replica


def _read(server: Controller, mirror: Mirror, tracking: str = "Auto") -> Proof:
    base = server.replica.domain
    source = LdapSource("directory", [server.url], READER, PASSWORD, server.ca, [base], tracking=tracking)
    return mirror.take(source.read(base, WANTED, mirror))


def _mark(mirror: Mirror) -> Watermark:
    mark = decoded(mirror.watermark)
    assert mark is not None
    return mark


def test_dirsync_is_taken_where_the_account_may(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        first, second = _read(server, mirror), _read(server, mirror)
    assert (first.tracking, first.delta, first.why_full) == ("DirSync", False, "")
    assert (second.tracking, second.delta, second.entries) == ("DirSync", True, 0)


def test_without_the_right_it_is_usn_and_the_right_is_named(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path, NO_RIGHT) as server:
        first, second = _read(server, mirror), _read(server, mirror)
    assert first.tracking == second.tracking == "USN"
    assert "'Replicating Directory Changes' on DC=test" in first.why_full
    assert second.delta


def test_without_any_right_everything_is_read_each_time(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path, NO_RIGHTS) as server:
        for _ in range(2):
            proof = _read(server, mirror)
            assert (proof.tracking, proof.delta, proof.watermark) == ("Full", False, None)
            assert "no deleted entry is shown to this account" in proof.why_full


def test_dirsync_that_is_demanded_without_the_right_is_an_error(tmp_path: Path) -> None:
    with _served(tmp_path, NO_RIGHT) as server, pytest.raises(AccessDenied) as denied:
        _read(server, Mirror(), "DirSync")
    assert 'dsacls "DC=test" /G "DOMAIN\\account:CA;Replicating Directory Changes"' in denied.value.remedy


def test_usn_that_is_demanded_without_a_sight_of_tombstones_reads_everything(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path, NO_RIGHTS) as server:
        proofs = [_read(server, mirror, "USN") for _ in range(2)]
    assert not any(proof.delta for proof in proofs)
    assert all("CN=Deleted Objects,DC=test" in proof.why_full for proof in proofs)


def test_a_domain_in_which_nothing_was_deleted_yet_is_read_whole(tmp_path: Path) -> None:
    replica, mirror = Replica(), Mirror()
    replica.user("first")
    with _served(tmp_path, replica=replica) as server:
        assert _read(server, mirror).watermark is None
        replica.delete(replica.user("left"))
        assert not _read(server, mirror).delta
        assert _read(server, mirror).delta


def test_full_asks_for_no_cookie(tmp_path: Path) -> None:
    with _served(tmp_path) as server:
        proof = _read(server, Mirror(), "Full")
        assert not server.searched(DIRSYNC)
    assert (proof.tracking, proof.why_full, proof.watermark) == ("Full", "", None)


def test_a_right_that_is_taken_away_ends_in_another_way(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)
        server.accounts[READER] = NO_RIGHT
        proof = _read(server, mirror)
        assert _read(server, mirror).delta
    assert (proof.tracking, proof.delta) == ("USN", False)
    assert "Replicating Directory Changes" in proof.why_full


def test_a_right_to_see_tombstones_that_is_taken_away_ends_deltas_by_usn(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path, NO_RIGHT) as server:
        _read(server, mirror)
        server.accounts[READER] = NO_RIGHTS
        proof = _read(server, mirror)
    assert not proof.delta
    assert "no deleted entry is shown" in proof.why_full


@pytest.mark.parametrize("cookie", [b"garbage", b"foreign"])
def test_a_refused_cookie_ends_in_a_full_read(tmp_path: Path, cookie: bytes) -> None:
    mirror, stranger = Mirror(), Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)
        if cookie == b"foreign":
            (tmp_path / "other").mkdir()
            with _served(tmp_path / "other", replica=_domain("DC=other")) as other:
                _read(other, stranger)
            cookie = _mark(stranger).cookie
        mirror.watermark = replace(_mark(mirror), cookie=cookie).encoded()
        user = server.replica.user("second")
        proof = _read(server, mirror)
        assert user in mirror.entries
        assert _read(server, mirror).delta
    assert not proof.delta
    assert "does not take the cookie of the last read" in proof.why_full


def test_a_lost_server_says_nothing_about_the_cookie(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)
        kept = mirror.watermark

        def lost(search: object) -> None:
            if DIRSYNC in str(search):
                raise OSError

        server.before = lost
        with pytest.raises(SourceUnavailable):
            _read(server, mirror)
        server.before = None
        assert mirror.watermark == kept
        assert _read(server, mirror).delta


@pytest.mark.parametrize("code", [3, 11, 51, 52])
def test_a_busy_server_says_nothing_about_the_cookie(tmp_path: Path, code: int) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)

        def busy(search: object) -> None:
            if DIRSYNC in str(search):
                raise Refused(code, "later")

        server.before = busy
        with pytest.raises(SyncrampError, match=rf"DirSync of DC=test .*code {code}\)"):
            _read(server, mirror)
        server.before = None
        assert _read(server, mirror).delta


def test_another_domain_under_the_same_name_is_read_whole(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)
        mirror.watermark = replace(_mark(mirror), domain=bytes(16)).encoded()
        proof = _read(server, mirror)
    assert not proof.delta
    assert "another domain" in proof.why_full


def test_a_read_too_long_ago_is_no_ground_for_a_delta(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)
        mark = _mark(mirror)
        mirror.watermark = replace(mark, at=mark.at - OLDEST - timedelta(hours=1)).encoded()
        proof = _read(server, mirror)
    assert not proof.delta
    assert "more than 30 days old" in proof.why_full


@pytest.mark.parametrize("kept", [b"", b"no JSON", b"{}", b'{"method": 1}'])
def test_a_watermark_that_cannot_be_read_counts_as_none(tmp_path: Path, kept: bytes) -> None:
    mirror = Mirror(watermark=kept)
    with _served(tmp_path) as server:
        assert not _read(server, mirror).delta


def test_another_way_in_the_document_begins_anew(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        _read(server, mirror)
        proof = _read(server, mirror, "USN")
        assert (proof.tracking, proof.delta) == ("USN", False)
        assert "changeTracking is USN, and was DirSync" in proof.why_full
        assert _read(server, mirror, "USN").delta


def test_usns_count_at_one_controller_alone(tmp_path: Path) -> None:
    mirror, one = Mirror(), _domain()
    two = Replica(number=2)
    two.pull(one)
    with _served(tmp_path, NO_RIGHT, one) as first, _served(tmp_path, NO_RIGHT, two) as second:
        _read(first, mirror)
        proof = _read(second, replace(mirror, horizon=None))
    assert not proof.delta
    assert "another domain controller answers" in proof.why_full


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_a_restored_controller_is_read_by_dirsync_and_whole_by_usn(tmp_path: Path, account: Account) -> None:
    mirror = Mirror()
    with _served(tmp_path, account) as server:
        _read(server, mirror)
        server.replica.restored_from_backup()
        user = server.replica.user("after")
        mirror.horizon = None
        assert _read(server, mirror).delta is account.replicates
    assert user in {fact.guid for fact in mirror.told if isinstance(fact, Entry)}


def test_what_changes_while_everything_is_read_is_told_again(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path) as server:
        late: list[bytes] = []

        def change(search: object) -> None:
            if PAGED in str(search) and DIRSYNC not in str(search) and not late:
                late.append(server.replica.user("late"))
                server.replica.delete(late[0])

        server.before = change
        _read(server, mirror)
        _read(server, mirror)
    assert Gone(late[0]) in mirror.told


def test_a_thousand_below_a_renamed_unit_are_not_read_again(tmp_path: Path) -> None:
    mirror, replica = Mirror(), _domain()
    unit = replica.unit("old")
    people = [replica.user(f"u{number}", unit) for number in range(50)]
    with _served(tmp_path, replica=replica) as server:
        _read(server, mirror)
        replica.rename(unit, rdn="OU=new")
        proof = _read(server, mirror)
    assert mirror.told == [Container(unit, "OU=new,DC=test"), proof]
    assert {mirror.entries[guid].dn for guid in people} == {f"CN=u{number},OU=new,DC=test" for number in range(50)}


def test_members_of_a_large_group_change_without_its_being_read(tmp_path: Path) -> None:
    mirror, replica = Mirror(), _domain()
    people = [replica.user(f"u{number}") for number in range(20)]
    group = replica.group("g", member=people)
    with _served(tmp_path, replica=replica) as server:
        _read(server, mirror)
        assert mirror.members[group] == set(people)
        replica.unlink(group, people[3], people[4])
        replica.link(group, extra := replica.user("extra"))
        _read(server, mirror)
    assert not [fact for fact in mirror.told if isinstance(fact, Links)]
    assert LinkChange(group, "member", gained=False, guids=(people[3], people[4])) in mirror.told
    assert mirror.members[group] == {*people, extra} - {people[3], people[4]}


def test_principals_of_other_forests_go_by_name_and_sid(tmp_path: Path) -> None:
    mirror, replica = Mirror(), _domain()
    place = replica.add("CN=ForeignSecurityPrincipals", None, "top", "container")
    sid = bytes.fromhex("0105000000000005150000000100000002000000030000004b040000")
    name = "CN=S-1-5-21-1-2-3-1099"
    principal = replica.add(name, place, "top", "foreignSecurityPrincipal", objectSid=[sid])
    group = replica.group("g", member=[principal])
    dn = f"{name},CN=ForeignSecurityPrincipals,DC=test"
    with _served(tmp_path, replica=replica) as server:
        _read(server, mirror)
        assert Links(group, "member", (dn,), True, ((dn, sid),)) in mirror.told
        replica.unlink(group, principal)
        _read(server, mirror)
    assert LinkChange(group, "member", False, (dn,), ((dn, sid),)) in mirror.told


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_a_restored_user_finds_its_groups_again(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), _domain()
    user = replica.user("u")
    groups = [replica.group(f"g{number}", member=[user]) for number in range(5)]
    with _served(tmp_path, account, replica) as server:
        _read(server, mirror)
        replica.delete(user)
        _read(server, mirror)
        assert not any(mirror.members[group] for group in groups)
        replica.restore(user)
        _read(server, mirror)
    assert all(mirror.members[group] == {user} for group in groups)


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_memberships_that_were_lost_between_two_reads_are_missed(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), Replica(recycle_bin=False)
    replica.delete(replica.user("left"))
    user = replica.user("u")
    group = replica.group("g", member=[user])
    with _served(tmp_path, account, replica) as server:
        _read(server, mirror)
        assert mirror.members[group] == {user}
        replica.delete(user)
        replica.restore(user)
        _read(server, mirror)
    assert user in mirror.entries
    assert not mirror.members[group]


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_new_and_restored_groups_come_with_all_their_members(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), _domain()
    people = [replica.user(f"u{number}") for number in range(5)]
    old = replica.group("old", member=people)
    with _served(tmp_path, account, replica) as server:
        _read(server, mirror)
        replica.delete(old)
        _read(server, mirror)
        assert old not in mirror.members
        replica.restore(old)
        new = replica.group("new", member=people[:3])
        _read(server, mirror)
    assert mirror.members[old] == set(people)
    assert mirror.members[new] == set(people[:3])
    assert not [fact for fact in mirror.told if isinstance(fact, LinkChange)]


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_what_was_restored_long_ago_is_not_gone_again(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), _domain()
    unit, user = replica.unit("unit"), replica.user("u")
    for guid in (unit, user):
        replica.delete(guid)
        replica.restore(guid)
    with _served(tmp_path, account, replica) as server:
        _read(server, mirror)
        replica.rename(unit, rdn="OU=new")
        replica.change(user, mail=[b"new@test"])
        _read(server, mirror)
    assert {fact.guid for fact in mirror.told if isinstance(fact, Entry | Container)} == {unit, user}
    assert not [fact for fact in mirror.told if isinstance(fact, Gone)]


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_what_lies_below_a_unit_that_was_restored_and_renamed_is_renamed_with_it(
    tmp_path: Path, account: Account
) -> None:
    mirror, replica = Mirror(), _domain()
    unit = replica.unit("unit")
    with _served(tmp_path, account, replica) as server:
        _read(server, mirror)
        replica.delete(unit)
        replica.restore(unit)
        user = replica.user("u", unit)
        _read(server, mirror)
        replica.rename(unit, rdn="OU=new")
        _read(server, mirror)
    assert mirror.entries[user].dn == "CN=u,OU=new,DC=test"


def test_a_cookie_that_knows_nothing_makes_nobody_gone(tmp_path: Path) -> None:
    mirror, replica = Mirror(), _domain()
    user = replica.user("u")
    replica.delete(user)
    replica.restore(user)
    with _served(tmp_path, replica=replica) as server:
        _read(server, mirror)
        mirror.watermark = replace(_mark(mirror), cookie=b"").encoded()
        assert _read(server, mirror).delta
    assert user in {fact.guid for fact in mirror.told if isinstance(fact, Entry)}
    assert Gone(user) not in mirror.told


def test_usns_that_went_back_are_no_ground_for_a_delta(tmp_path: Path) -> None:
    mirror = Mirror()
    with _served(tmp_path, NO_RIGHT) as server:
        _read(server, mirror)
        mirror.watermark = replace(_mark(mirror), usn=server.replica.usn + 1).encoded()
        proof = _read(server, mirror)
    assert not proof.delta
    assert "USNs went back" in proof.why_full


def test_no_delta_begins_at_a_read_that_was_not_complete(tmp_path: Path) -> None:
    mirror, replica = Mirror(), Replica()
    replica.delete(replica.user("left"))
    with _served(tmp_path, replica=replica) as server:
        proof = _read(server, mirror)
    assert not proof.complete
    assert (proof.tracking, proof.watermark) == ("DirSync", None)


def test_attributes_that_the_account_may_not_read_are_not_told_by_deltas_either(tmp_path: Path) -> None:
    mirror, replica = Mirror(), _domain()
    user = replica.user("u", mail=[b"u@test"])
    with _served(tmp_path, Account(hidden=frozenset({"mail"})), replica) as server:
        _read(server, mirror)
        replica.change(user, mail=[b"new@test"], cn=[b"u"])
        assert _read(server, mirror).delta
    assert "mail" not in mirror.entries[user].attributes
