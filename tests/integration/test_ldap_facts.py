"""The same people in a file and in a real directory are the same facts, byte for byte."""

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest

from support.slapd import ADMIN, BASE, PASSWORD, Slapd, requires_slapd, slapd
from syncramp.errors import InputRefused, SourceUnavailable
from syncramp.model.facts import Container, Entry, Fact, Links, Proof
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.freshness import UNTOLD
from syncramp.source.ldif import LdifSource

WANTED = frozenset(
    {
        "co",
        "cn",
        "company",
        "department",
        "description",
        "displayname",
        "distinguishedname",
        "employeeid",
        "givenname",
        "iscriticalsystemobject",
        "mail",
        "manager",
        "managedby",
        "ms-ds-consistencyguid",
        "objectclass",
        "objectguid",
        "objectsid",
        "proxyaddresses",
        "sn",
        "thumbnailphoto",
        "useraccountcontrol",
    }
)
SID = bytes.fromhex("0105000000000005150000000100000002000000030000004b040000")


def _line(name: str, value: str | bytes) -> str:
    raw = value if isinstance(value, bytes) else value.encode()
    if (
        raw.isascii()
        and raw.decode().isprintable()
        and not raw.startswith((b" ", b":", b"<"))
        and isinstance(value, str)
    ):
        return f"{name}: {value}"
    coded = f"{name}:: {base64.b64encode(raw).decode()}"
    return coded[:70] + "".join("\n " + coded[start : start + 69] for start in range(70, len(coded), 69))


def _guid(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _record(dn: str, *values: tuple[str, str | bytes]) -> str:
    return "\n".join([_line("dn", dn), *(_line(name, value) for name, value in values), "", ""])


def _person(number: int, dn: str, *values: tuple[str, str | bytes], kinds: tuple[str, ...] = ("user",)) -> str:
    classes = [("objectClass", name) for name in ("top", "person", "organizationalPerson", *kinds)]
    named = [("cn", f"u{number}"), ("sn", "Ünlü"), ("objectGUID", _guid(number))]
    return _record(dn, *classes, *named, *values)


def _directory(addresses: list[str]) -> str:
    people = f"OU=People,{BASE}"
    records = [
        _record(BASE, ("objectClass", "domain"), ("dc", "corp")),
        _record(people, ("objectClass", "organizationalUnit"), ("ou", "People")),
        _person(
            1,
            rf"CN=Müller\, Ada,{people}",
            ("displayName", " Müller, Ada (Forschung)"),
            ("objectSid", SID),
            ("mS-DS-ConsistencyGuid", b"\xff" * 16),
            ("userAccountControl", "512"),
            ("thumbnailPhoto", bytes(range(256))),
            *[("proxyAddresses", address) for address in addresses],
        ),
        _person(2, "cn=u2, ou=People, dc=corp,dc=example,dc=test", ("manager", rf"cn=m\C3\BCller\2c Ada,{people}")),
        _person(3, rf"CN=\#3 = \<x\>\;y,{people}", ("isCriticalSystemObject", "TRUE")),
        _person(4, f"CN=partner+mail=p@example.org,{people}", ("mail", "p@example.org"), kinds=("contact",)),
        _person(5, f"CN=pc5,{people}", kinds=("user", "computer")),
        _record(
            f"CN=Staff,{people}",
            ("objectClass", "group"),
            ("cn", "Staff"),
            ("objectGUID", _guid(6)),
            ("managedBy", f"CN=u2, OU=People, {BASE}"),
            ("member", rf"CN=M\C3\BCller\, Ada,OU=People,{BASE}"),
            ("member", f"cn=u2,ou=People,{BASE}"),
            ("member", f"CN=Empty,OU=People,{BASE}"),
            ("member", "CN=Somebody Else,DC=elsewhere,DC=test"),
        ),
        _record(f"CN=Empty,{people}", ("objectClass", "group"), ("cn", "Empty"), ("objectGUID", _guid(7))),
    ]
    return "".join(records)


ADDRESSES = ["SMTP:ada@example.test", "smtp:a.mueller@example.test", "X500:/o=Über/cn=ada", "sip:ada@example.test"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd"), _directory(ADDRESSES)) as running:
        yield running


def _sorted(facts: Iterator[Fact]) -> list[Fact]:
    """Without the proof; an entry before its links, whatever the order of entries."""
    seen: set[bytes] = set()
    found: list[Entry | Links | Container] = []
    for fact in facts:
        if isinstance(fact, Proof):
            assert fact.complete, fact.reason
            continue
        assert isinstance(fact, Links) is (fact.guid in seen)
        seen.add(fact.guid)
        found.append(fact)
    return sorted(found, key=lambda fact: (fact.guid, isinstance(fact, Links)))


def _objects(facts: Iterator[Fact]) -> list[Fact]:
    """Without containers: a file names them only if it holds GUIDs for them."""
    return _sorted(fact for fact in facts if not isinstance(fact, Container))


def _source(server: Slapd, url: str, *bases: str) -> LdapSource:
    return LdapSource("directory", [url], ADMIN, PASSWORD, server.ca, bases or [BASE])


def _file_facts(path: Path, text: str) -> list[Fact]:
    path.write_text(text, encoding="utf-8")
    records = len([line for line in text.split("\n") if line.startswith("dn:")])
    return _sorted(LdifSource("file", path, records).read("file", WANTED))


@requires_slapd
def test_a_server_gives_its_computers_where_they_are_asked_for(server: Slapd) -> None:
    source = LdapSource("directory", [server.ldaps], ADMIN, PASSWORD, server.ca, [BASE], devices=True)
    asked = [fact for fact in _sorted(source.read(BASE, WANTED)) if isinstance(fact, Entry)]
    others = [fact for fact in _sorted(_source(server, server.ldaps).read(BASE, WANTED)) if isinstance(fact, Entry)]
    assert [entry.kind for entry in asked if entry not in others] == ["Device"]
    assert [entry for entry in asked if entry.kind != "Device"] == others


@requires_slapd
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_server_and_a_file_give_equal_facts(server: Slapd, security: str, tmp_path: Path) -> None:
    facts = _objects(_source(server, getattr(server, security)).read(BASE, WANTED))
    assert facts == _file_facts(tmp_path / "people.ldif", _directory(ADDRESSES[::-1]))
    entries = [fact for fact in facts if isinstance(fact, Entry)]
    assert [entry.kind for entry in entries] == ["User", "User", "User", "Contact", "Group", "Group"]
    assert entries[0].dn == rf"CN=Müller\, Ada,OU=People,{BASE}"
    assert entries[1].attributes["manager"] == (rf"CN=müller\, Ada,OU=People,{BASE}".encode(),)
    assert entries[0].attributes["proxyaddresses"] == tuple(sorted(address.encode() for address in ADDRESSES))
    assert entries[0].attributes["objectsid"] == (SID,)
    links = [fact for fact in facts if isinstance(fact, Links)]
    assert [(len(link.dns), link.final) for link in links] == [(4, True), (0, True)]


@requires_slapd
def test_what_ldapsearch_writes_about_it_gives_the_same_facts(server: Slapd, tmp_path: Path) -> None:
    ldapsearch = which("ldapsearch")
    if ldapsearch is None and os.environ.get("SYNCRAMP_REQUIRE_SERVERS") != "1":
        pytest.skip("ldapsearch is not installed (Debian: apt-get install ldap-utils)")
    assert ldapsearch is not None
    command = [
        ldapsearch,
        "-x",
        "-H",
        server.ldaps,
        "-D",
        ADMIN,
        "-w",
        PASSWORD,
        "-b",
        BASE,
        "(objectClass=*)",
        "*",
        "+",
    ]
    environment = {"LDAPTLS_CACERT": str(tmp_path / "ca.pem")}
    (tmp_path / "ca.pem").write_bytes(server.ca)
    path = tmp_path / "people.ldif"
    path.write_bytes(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    facts = _sorted(LdifSource("file", path, None).read("file", WANTED))
    assert any(isinstance(fact, Container) for fact in facts)
    assert facts == _sorted(_source(server, server.ldaps).read(BASE, WANTED))


@requires_slapd
def test_an_entry_uuid_is_the_guid_where_there_is_no_other(tmp_path: Path) -> None:
    text = _directory([]).replace("objectGUID", "postalCode")
    with slapd(tmp_path, text) as server:
        facts = _objects(_source(server, server.ldaps).read(BASE, WANTED))
    guids = {fact.guid for fact in facts}
    assert len(guids) == 6
    assert all(len(guid) == 16 and guid not in map(_guid, range(8)) for guid in guids)


@requires_slapd
def test_many_pages_come_whole_and_the_proof_counts(tmp_path: Path) -> None:
    people = "".join(_person(number, f"CN=u{number},{BASE}") for number in range(10, 2510))
    text = _record(BASE, ("objectClass", "domain"), ("dc", "corp")) + people
    with slapd(tmp_path, text) as server:
        *facts, proof = _source(server, server.ldaps).read(BASE, frozenset({"cn"}))
    assert {fact.guid for fact in facts if isinstance(fact, Entry)} == {_guid(number) for number in range(10, 2510)}
    assert replace(proof, why_full="") == Proof(BASE, True, 2500, None, fresh=UNTOLD)


@requires_slapd
def test_partitions_are_the_naming_contexts_that_hold_the_scopes(server: Slapd) -> None:
    bases = [f"OU=People,{BASE}", f"OU=Groups,{BASE}"]
    assert _source(server, server.ldaps, *bases).partitions() == (
        BASE.upper().replace("CORP", "corp").replace("EXAMPLE", "example").replace("TEST", "test"),
    )


@requires_slapd
def test_a_scope_outside_of_the_directory_is_refused(server: Slapd) -> None:
    with pytest.raises(InputRefused, match=r"scope: DC=other lies in none of .*DC=corp,DC=example,DC=test"):
        _source(server, server.ldaps, "DC=other").partitions()


@requires_slapd
def test_a_reference_inside_a_scope_makes_it_incomplete(tmp_path: Path) -> None:
    reference = _record(
        f"OU=Away,{BASE}",
        ("objectClass", "referral"),
        ("objectClass", "extensibleObject"),
        ("ou", "Away"),
        ("ref", f"ldap://elsewhere.test/OU=Away,{BASE}"),
    )
    with slapd(tmp_path, _directory([]) + reference) as server:
        *facts, proof = _source(server, server.ldaps).read(BASE, WANTED)
        *_, other = _source(server, server.ldaps, f"OU=People,{BASE}").read(BASE, WANTED)
        with closing(_source(server, server.ldaps).connect_to(server.ldaps)) as session:
            with pytest.raises(SourceUnavailable, match="was referred to ldap://elsewhere.test/.* not followed"):
                session.entry(f"OU=Away,{BASE}", ["ou"])
    assert isinstance(proof, Proof)
    assert not proof.complete
    assert "ldap://elsewhere.test/ou=Away" in proof.reason
    assert len(_objects(iter(facts))) == 8
    assert isinstance(other, Proof)
    assert other.complete


@requires_slapd
def test_an_account_without_rights_sees_nothing_and_that_is_not_complete(tmp_path: Path) -> None:
    reader = _record(
        f"CN=reader,{BASE}", ("objectClass", "person"), ("cn", "reader"), ("sn", "x"), ("userPassword", "pässwörd:")
    )
    rights = [
        "access to attrs=userPassword by anonymous auth",
        "access to dn.base= by * read",
        "access to * by * none",
    ]
    with slapd(tmp_path, _directory([]) + reader, options=rights) as server:
        source = LdapSource("directory", [server.ldaps], f"CN=reader,{BASE}", "pässwörd:", server.ca, [BASE])
        facts = list(source.read(BASE, WANTED))
    assert len(facts) == 1
    assert isinstance(facts[0], Proof)
    assert not facts[0].complete
    assert server.ldaps in facts[0].reason
