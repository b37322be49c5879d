"""Anchors written into a real directory, and into a double of Active Directory where only that one can be asked."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from support.ad_double import AdDouble
from support.slapd import ADMIN, BASE, PASSWORD, Slapd, requires_slapd, slapd
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Entry
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.writer import OTHER, LdapAnchorWriter

READER = f"cn=reader,{BASE}"
WANTED = frozenset({"cn", "ms-ds-consistencyguid"})
ACCESS = (
    f'access to dn.base="CN=u3,{BASE}" attrs=mS-DS-ConsistencyGuid by * read',
    f'access to attrs=mS-DS-ConsistencyGuid by dn.exact="{READER}" write by * read',
    "access to attrs=userPassword by anonymous auth",
    "access to * by * read",
)


def _guid(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _dn(number: int) -> str:
    return f"CN=u{number},{BASE}"


def _directory(people: int) -> str:
    users = "".join(
        f"dn: CN=u{number},{BASE}\nobjectClass: user\ncn: u{number}\nsn: x\nobjectGUID: {number:016}\n\n"
        for number in range(1, people + 1)
    )
    plain = f"dn: CN=plain,{BASE}\nobjectClass: user\ncn: plain\nsn: x\n\n"
    reader = f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n"
    return (
        f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: corp\ndc: corp\n\n"
        f"{users}{plain}{reader}userPassword: {PASSWORD}\n\n"
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Slapd]:
    with slapd(tmp_path, _directory(4), options=ACCESS, checked=True) as running:
        yield running


def _read(source: LdapSource) -> dict[str, Entry]:
    return {fact.dn: fact for fact in source.read(BASE, WANTED) if isinstance(fact, Entry)}


def _write(source: LdapSource, *users: tuple[bytes, str]) -> list[str]:
    with closing(LdapAnchorWriter(source).write_anchors(users)) as answers:
        return list(answers)


def _written(source: LdapSource) -> dict[str, bytes]:
    return {
        dn: entry.attributes["ms-ds-consistencyguid"][0]
        for dn, entry in _read(source).items()
        if "ms-ds-consistencyguid" in entry.attributes
    }


@requires_slapd
def test_the_guid_is_written_where_nothing_stands_and_once_only(server: Slapd) -> None:
    source = LdapSource("corp", [server.ldaps], READER, PASSWORD, server.ca, [BASE])
    entries = _read(source)
    users = [(entries[dn].guid, dn) for dn in (_dn(1), _dn(2), f"CN=plain,{BASE}")]
    assert _write(source, *users) == ["", "", ""]
    expected = {dn: guid for guid, dn in users}
    assert _written(source) == expected
    assert _write(source, *users) == ["", "", ""]
    assert _written(source) == expected


@requires_slapd
def test_who_may_not_write_is_told_so_for_each_user(server: Slapd) -> None:
    source = LdapSource("corp", [server.ldaps], READER, PASSWORD, server.ca, [BASE])
    entries = _read(source)
    told = _write(source, (entries[_dn(3)].guid, _dn(3)), (entries[_dn(4)].guid, _dn(4)))
    assert told == ["this account may not write mS-DS-ConsistencyGuid (insufficientAccessRights, code 50)", ""]
    assert _written(source).keys() == {_dn(4)}


@requires_slapd
def test_a_value_that_appeared_meanwhile_is_never_changed(server: Slapd) -> None:
    source = LdapSource("corp", [server.ldaps], ADMIN, PASSWORD, server.ca, [BASE])
    entries = _read(source)
    with closing(source.connect_to(server.ldaps, writes=True)) as session:
        assert not session.add_value(_dn(1), "mS-DS-ConsistencyGuid", b"x" * 16, asserted=False)
        assert "assertionFailed" in session.add_value(_dn(1), "mS-DS-ConsistencyGuid", b"y" * 16, asserted=True)
        assert session.add_value(_dn(1), "mS-DS-ConsistencyGuid", b"y" * 16, asserted=False)
        assert session.root().assertions
    assert _write(source, (entries[_dn(1)].guid, _dn(1))) == [OTHER]
    assert _written(source) == {_dn(1): b"x" * 16}


@requires_slapd
def test_another_entry_of_the_name_and_one_that_is_gone_are_not_written_to(server: Slapd) -> None:
    source = LdapSource("corp", [server.ldaps], ADMIN, PASSWORD, server.ca, [BASE])
    entries = _read(source)
    told = _write(source, (_guid(9), _dn(1)), (entries[_dn(2)].guid, f"CN=nobody,{BASE}"))
    assert told == ["another entry has its name by now", "its entry is not there any more, or moved"]
    assert _written(source) == {}


@requires_slapd
def test_what_was_read_from_no_server_is_written_to_none(server: Slapd) -> None:
    source = LdapSource("corp", [server.ldaps], ADMIN, PASSWORD, server.ca, [BASE])
    assert _write(source, (_guid(1), _dn(1))) == ["no server showed it in this run"]


@requires_slapd
def test_the_server_that_was_read_from_is_written_to_and_no_other(server: Slapd, tmp_path: Path) -> None:
    source = LdapSource("corp", ["ldaps://directory.invalid", server.ldaps], ADMIN, PASSWORD, server.ca, [BASE])
    entries = _read(source)
    assert source.answered == {BASE: server.ldaps}
    assert _write(source, (entries[_dn(1)].guid, _dn(1))) == [""]
    source.answered[BASE] = "ldaps://directory.invalid"
    with pytest.raises(SourceUnavailable, match=r"directory\.invalid"):
        _write(source, (entries[_dn(2)].guid, _dn(2)))


@requires_slapd
def test_thousands_are_written_over_one_connection(tmp_path: Path) -> None:
    with slapd(tmp_path, _directory(2500), options=ACCESS, checked=True) as server:
        source = LdapSource("corp", [server.ldaps], ADMIN, PASSWORD, server.ca, [BASE])
        entries = _read(source)
        assert set(_write(source, *((entry.guid, dn) for dn, entry in entries.items()))) == {""}
        assert len(_written(source)) == 2501


def _double(*numbers: int) -> AdDouble:
    entries = {f"CN=u{n},DC=test": {"objectClass": [b"user"], "objectGUID": [_guid(n)]} for n in numbers}
    return AdDouble(dict(entries))


def _source(double: AdDouble) -> LdapSource:
    source = LdapSource("directory", [double.url], "writer@test", "not-a-secret", double.ca, ["DC=test"])
    assert list(source.read("DC=test", WANTED))
    return source


def test_active_directory_is_written_to_by_guid_which_no_rename_changes(tmp_path: Path) -> None:
    double = _double(1)
    with double.running(tmp_path):
        assert _write(_source(double), (_guid(1), "CN=renamed meanwhile,DC=test")) == [""]
    assert double.written == [f"<GUID={UUID(bytes_le=_guid(1))}>"]
    assert double.entries["CN=u1,DC=test"]["mS-DS-ConsistencyGuid"] == [_guid(1)]


def test_what_active_directory_has_already_is_looked_at(tmp_path: Path) -> None:
    double = _double(1, 2)
    double.entries["CN=u1,DC=test"]["mS-DS-ConsistencyGuid"] = [_guid(1)]
    double.entries["CN=u2,DC=test"]["mS-DS-ConsistencyGuid"] = [_guid(7)]
    with double.running(tmp_path):
        users = [(_guid(number), f"CN=u{number},DC=test") for number in (1, 2, 3)]
        gone = "its entry is not there any more, or moved"
        assert _write(_source(double), *users) == ["", OTHER, gone]
    assert double.entries["CN=u2,DC=test"]["mS-DS-ConsistencyGuid"] == [_guid(7)]


@pytest.mark.parametrize("knows", [True, False])
def test_a_server_that_knows_assertions_looks_itself_that_nothing_stands_there(tmp_path: Path, knows: bool) -> None:
    double = _double(1)
    double.capabilities, double.controls = (), ("1.3.6.1.1.12",) if knows else ()
    with double.running(tmp_path):
        assert _write(_source(double), (_guid(1), "CN=u1,DC=test")) == [""]
    assert double.written == ["CN=u1,DC=test"]
    assert [b"1.3.6.1.1.12" in sent and b"\x87\x15mS-DS-ConsistencyGuid" in sent for sent in double.controlled] == (
        [True] if knows else []
    )


def test_the_words_of_active_directory_are_told(tmp_path: Path) -> None:
    double = _double(1)
    double.write = (53, "0000202B:   RefErr: DSID-0310082F, \n data 0")
    with double.running(tmp_path):
        (told,) = _write(_source(double), (_guid(1), "CN=u1,DC=test"))
    assert told == (
        "the server does not write mS-DS-ConsistencyGuid (unwillingToPerform, code 53: "
        "0000202B: RefErr: DSID-0310082F, data 0)"
    )


def test_a_write_that_is_not_answered_is_looked_at_on_a_new_connection(tmp_path: Path) -> None:
    double = _double(1, 2)
    double.swallows = 1
    with double.running(tmp_path):
        users = [(_guid(number), f"CN=u{number},DC=test") for number in (1, 2)]
        assert _write(_source(double), *users) == ["", ""]
    assert len(double.written) == 2, "the first one stood there, and was not written again"


def test_a_server_that_breaks_off_again_and_again_is_given_up(tmp_path: Path) -> None:
    double = _double(1)
    double.swallows, double.write = 9, (51, "busy")
    with double.running(tmp_path), pytest.raises(SourceUnavailable, match="writing mS-DS-ConsistencyGuid failed"):
        _write(_source(double), (_guid(1), "CN=u1,DC=test"))
    assert len(double.written) == 2
