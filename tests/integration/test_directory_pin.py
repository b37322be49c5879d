"""Which domain controller a run writes to: one that has all that was written before, and no other until its end."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.ad_double_search import settings_entry
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.ad_double_writes import Cut
from support.cloud_groups import writeback
from support.looked import anchor
from support.ports import free_port
from support.slapd import ADMIN, BASE, requires_slapd, slapd
from support.slapd import PASSWORD as SLAPD_PASSWORD
from support.targeted import OU, account, change, cloud_domain, group, once, shown, targeted, write, writing
from syncramp.directory.pin import DOUBT_SECONDS, doubt_of
from syncramp.directory.target import LdapTarget
from syncramp.errors import AnswerLost, CredentialsRefused, DirectoryBehind, InputRefused, SourceUnavailable
from syncramp.source.ldap import LdapSource, freshness

AWAY = f"ldaps://127.0.0.1:{free_port()}"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Controller]]:
    """Two controllers, of which the second has all of the first."""
    first = cloud_domain()
    second = Replica(number=2)
    second.pull(first)
    first.pull(second)
    with writing(first).running(tmp_path) as one, writing(second).running(tmp_path) as other:
        yield [one, other]


@contextmanager
def made(source: LdapSource, reads: LdapSource | None = None, container: str = OU) -> Iterator[LdapTarget]:
    with closing(LdapTarget(source, writeback(container=container), reads)) as target:
        yield target


def _write_once(servers: list[Controller]) -> bytes:
    """What the next run must cover after one that wrote to the first controller."""
    with targeted(account(servers), OU) as target:
        write(target, group(1))
        written = target.written()
    assert written is not None
    return written


def test_the_first_server_is_taken_and_its_name_is_told(servers: list[Controller]) -> None:
    with made(account(servers)) as target:
        pinned = target.pin(None)
        assert (pinned.url, pinned.server, pinned.note) == (servers[0].url, "dc.test", "")
        assert target.written() is None


def test_the_server_that_the_directory_was_read_from_comes_first(servers: list[Controller]) -> None:
    reads = account(servers)
    reads.answered["DC=test"] = servers[1].url
    with made(account(servers), reads) as target:
        assert target.pin(None).url == servers[1].url
    reads.answered["DC=test"] = "ldaps://elsewhere"
    with made(account(servers), reads) as target:
        assert target.pin(None).url == servers[0].url


def test_one_that_does_not_have_what_was_written_is_passed_over_until_it_has_it(servers: list[Controller]) -> None:
    written, turned = _write_once(servers), account(servers[::-1])
    with made(turned) as target:
        pinned = target.pin(written)
        assert (pinned.url, servers[1].url in pinned.note) == (servers[0].url, True)
        assert "does not have what was written last" in pinned.note
        servers[1].replica.pull(servers[0].replica)
        assert target.pin(written).url == servers[1].url


def test_where_all_that_answer_are_behind_the_run_waits_and_says_who_lacks_what(servers: list[Controller]) -> None:
    written = _write_once(servers)
    alone = replace(account(servers), servers=[AWAY, servers[1].url])
    with made(alone) as target:
        with pytest.raises(DirectoryBehind) as raised:
            target.pin(written)
        assert f"{servers[1].url} lacks USN" in str(raised.value)
        assert f"{AWAY} cannot be reached" in str(raised.value)
        servers[1].replica.pull(servers[0].replica)
        assert target.pin(written).url == servers[1].url
        list(target.look(None, {}))
        write(target, change(1, description="on"))
        assert anchor(1) in shown(target)


def test_what_was_written_at_two_controllers_must_be_had_of_both(servers: list[Controller]) -> None:
    first = _write_once(servers)
    servers[1].replica.pull(servers[0].replica)
    with made(account(servers[1:])) as target:
        target.pin(first)
        list(target.look(None, {}))
        write(target, change(1, description="on"))
        both = target.written()
    with made(account(servers)) as target:
        assert target.pin(both).url == servers[1].url
        servers[0].replica.pull(servers[1].replica)
        assert target.pin(both).url == servers[0].url


def test_a_controller_that_was_restored_to_before_the_last_write_is_behind(servers: list[Controller]) -> None:
    written = _write_once(servers)
    servers[0].replica.usn -= 1
    with made(account(servers[:1])) as target:
        with pytest.raises(DirectoryBehind):
            target.pin(written)


def test_what_was_sent_and_not_answered_counts_as_written(servers: list[Controller]) -> None:
    written = _write_once(servers)
    with made(account(servers)) as target:
        target.pin(written)
        list(target.look(None, {}))
        assert target.written() == written
        once(servers[0], "modify", Cut.BEFORE)
        servers[0].bind_result = 51, "busy"
        with pytest.raises(AnswerLost):
            write(target, change(1, description="on"))
        assert target.written() != written
        servers[1].replica.pull(servers[0].replica)
        in_doubt = target.written()
        with pytest.raises(DirectoryBehind):
            target.pin(in_doubt)
        servers[0].bind_result = None
        assert target.pin(in_doubt).url == servers[0].url
        assert target.written() == written
    later = time.time() + DOUBT_SECONDS
    with closing(LdapTarget(account(servers[1:]), writeback(container=OU), clock=lambda: later)) as target:
        assert target.pin(in_doubt).url == servers[1].url


def test_the_horizon_holds_every_controller_that_was_written_to(servers: list[Controller]) -> None:
    first = freshness.decode(_write_once(servers))
    servers[1].replica.pull(servers[0].replica)
    with targeted(account(servers[1:]), OU) as target:
        target.pin(first.encoded())
        list(target.look(None, {}))
        write(target, change(1, description="on"))
        both = freshness.decode(target.written())
    assert set(both.positions) == {one.replica.invocation.hex() for one in servers}
    assert (first.holder, both.holder) == tuple(one.replica.invocation.hex() for one in servers)


def test_a_server_that_cannot_be_reached_is_passed_over(servers: list[Controller]) -> None:
    with made(replace(account(servers), servers=[AWAY, servers[0].url])) as target:
        pinned = target.pin(None)
        assert pinned.url == servers[0].url
        assert f"{AWAY} cannot be used" in pinned.note
    with made(replace(account(servers), servers=[AWAY])) as target, pytest.raises(SourceUnavailable):
        target.pin(None)


def test_a_controller_that_only_reads_is_passed_over(
    servers: list[Controller], monkeypatch: pytest.MonkeyPatch
) -> None:
    category = [b"CN=NTDS-DSA-RO,CN=Schema,CN=Configuration,DC=test"]

    def shows(replica: Replica) -> dict[str, list[bytes]]:
        return {**settings_entry(replica), **({"objectCategory": category} if replica.number == 1 else {})}

    monkeypatch.setattr("support.ad_double_server.settings_entry", shows)
    with made(account(servers)) as target:
        pinned = target.pin(None)
        assert (pinned.url, pinned.note) == (servers[1].url, f"{servers[0].url} is a read-only domain controller")
    with made(account(servers[:1])) as target, pytest.raises(InputRefused, match="read-only domain controller"):
        target.pin(None)


def test_a_password_that_is_refused_is_tried_once(servers: list[Controller]) -> None:
    wrong = replace(account(servers), password="Something else")
    with made(wrong) as target, pytest.raises(CredentialsRefused, match="spec.writeback.groups.bind") as raised:
        target.pin(None)
    assert "Something else" not in str(raised.value)
    assert not servers[1].asked


@pytest.mark.parametrize(
    ("container", "said"), [("OU=Cloud,DC=other", "lies in none of its naming"), ("OU=None,DC=test", "is not there")]
)
def test_a_container_that_is_not_there_is_refused(servers: list[Controller], container: str, said: str) -> None:
    with made(account(servers), container=container) as target, pytest.raises(InputRefused, match=said):
        target.pin(None)


@requires_slapd
def test_another_directory_is_not_written_to(tmp_path: Path) -> None:
    entry = f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: corp\ndc: corp\n\n"
    with slapd(tmp_path, entry) as server:
        source = LdapSource("corp", [server.ldaps], ADMIN, SLAPD_PASSWORD, server.ca, [BASE])
        with made(source, container=BASE) as target, pytest.raises(InputRefused, match="Active Directory alone"):
            target.pin(None)


def test_of_an_account_without_rights_nothing_is_found_out_by_choosing(servers: list[Controller]) -> None:
    servers[0].accounts[READER] = Account(rights=Rights(create=False, delete=False, rename=False))
    with made(account(servers)) as target:
        target.pin(None)
    assert not servers[0].writes.asked


@pytest.mark.parametrize("stored", [None, b"", b"{}", b"no JSON", b"[1]", b'{"doubt": "soon"}', b'{"doubt": null}'])
def test_what_cannot_be_read_of_an_earlier_run_is_no_doubt(stored: bytes | None) -> None:
    assert doubt_of(stored) is None
