"""What only Active Directory does: values in ranges, references to other naming contexts, its own error texts."""

from pathlib import Path

import pytest

from support.ad_double import AdDouble, Attributes
from syncramp.errors import AccessDenied, CredentialsRefused, SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Entry, Links, Proof
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.freshness import UNTOLD

WANTED = frozenset({"cn", "proxyaddresses"})


def _user(number: int, **more: list[bytes]) -> Attributes:
    return {
        "objectClass": [b"top", b"user"],
        "objectGUID": [number.to_bytes(16, "big")],
        "cn": [b"u%d" % number],
        **more,
    }


def _group(number: int, members: int) -> Attributes:
    links = [b"CN=u%02d,DC=test" % member for member in range(members)]
    return {"objectClass": [b"top", b"group"], "objectGUID": [number.to_bytes(16, "big")], "member": links}


def _source(double: AdDouble) -> LdapSource:
    return LdapSource(
        "directory", [double.url], "reader@test", "not-a-secret", double.ca, ["DC=test"], tracking="Full"
    )


@pytest.mark.parametrize("members", [0, 1, 3, 4, 6, 7])
def test_members_are_read_range_by_range(tmp_path: Path, members: int) -> None:
    entries = {"CN=g,DC=test": _group(9, members), "CN=u1,DC=test": _user(1), "CN=u2,DC=test": _user(2)}
    with AdDouble(entries).running(tmp_path) as double:
        facts = list(_source(double).read("DC=test", WANTED))
    assert [type(fact) for fact in facts] == [Entry, Entry, Entry, Links, Proof]
    assert facts[3] == Links(
        (9).to_bytes(16, "big"), "member", tuple(f"CN=u{n:02},DC=test" for n in range(members)), True
    )
    assert facts[4] == Proof("DC=test", True, 3, None, fresh=UNTOLD)
    asked = [name for name in double.asked if name.startswith("member")]
    assert asked == [f"member;range={start}-*" for start in range(0, max(members, 1), 3)]


def test_members_that_end_too_early_break_the_stream(tmp_path: Path) -> None:
    double = AdDouble({"CN=g,DC=test": _group(9, 7)}, forget_after=6)
    with double.running(tmp_path), pytest.raises(SourceUnavailable) as broken:
        list(_source(double).read("DC=test", WANTED))
    assert "member of CN=g,DC=test did not come whole (only the first 6 values are there)" in str(broken.value)
    assert "after 1 entries of DC=test" in str(broken.value)


def test_every_attribute_may_come_in_ranges(tmp_path: Path) -> None:
    addresses = [b"smtp:%d@test" % number for number in range(8)]
    with AdDouble({"CN=u1,DC=test": _user(1, proxyAddresses=addresses)}).running(tmp_path) as double:
        entry, _ = _source(double).read("DC=test", WANTED)
    assert isinstance(entry, Entry)
    assert entry.attributes["proxyaddresses"] == tuple(addresses)


def test_references_to_other_naming_contexts_are_no_gap(tmp_path: Path) -> None:
    zones = "DC=DomainDnsZones,DC=test"
    entries = {"CN=u1,DC=test": _user(1)}
    double = AdDouble(entries, references=[f"ldap://test/{zones}"], naming_contexts=["DC=test", zones])
    with double.running(tmp_path):
        *_, proof = _source(double).read("DC=test", WANTED)
    assert proof == Proof("DC=test", True, 1, None, fresh=UNTOLD)


@pytest.mark.parametrize(("scope", "told"), [("DC=test", True), ("CN=u1,DC=test", False)])
def test_another_domain_inside_a_scope_is_told_and_not_followed(tmp_path: Path, scope: str, told: bool) -> None:
    elsewhere = "ldap://sub.test/DC=sub,DC=test"
    with AdDouble({"CN=u1,DC=test": _user(1)}, references=[elsewhere, elsewhere]).running(tmp_path) as double:
        source = LdapSource("directory", [double.url], "reader@test", "x", double.ca, [scope])
        *_, proof = source.read("DC=test", WANTED)
    assert isinstance(proof, Proof)
    assert proof.complete
    assert proof.references == ((elsewhere,) if told else ())


def test_the_longest_naming_context_is_the_partition(tmp_path: Path) -> None:
    contexts = ["DC=test", "CN=Configuration,DC=test", "DC=sub,DC=test"]
    with AdDouble({}, naming_contexts=contexts).running(tmp_path) as double:
        bases = ["OU=a,DC=test", "OU=b,DC=test", "ou=c,dc=sub,dc=test"]
        source = LdapSource("directory", [double.url], "reader@test", "x", double.ca, bases)
        assert source.partitions() == ("DC=sub,DC=test", "DC=test")


def test_a_group_that_vanishes_between_entries_and_members_leaves_a_gap(tmp_path: Path) -> None:
    with AdDouble({"CN=g,DC=test": _group(9, 1)}).running(tmp_path) as double:
        facts = _source(double).read("DC=test", WANTED)
        assert isinstance(next(facts), Entry)
        del double.entries["CN=g,DC=test"]
        (proof,) = facts
    assert isinstance(proof, Proof)
    assert not proof.complete
    assert "vanished" in proof.reason


def test_an_empty_directory_is_not_complete(tmp_path: Path) -> None:
    with AdDouble({}).running(tmp_path) as double:
        (proof,) = _source(double).read("DC=test", WANTED)
    assert isinstance(proof, Proof)
    assert not proof.complete
    assert "sees no user, group or contact" in proof.reason


def test_a_server_that_ignores_paging_is_refused(tmp_path: Path) -> None:
    double = AdDouble({"CN=u1,DC=test": _user(1)}, pages=False)
    with double.running(tmp_path), pytest.raises(SourceUnavailable, match="does not page"):
        list(_source(double).read("DC=test", WANTED))


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            49,
            "80090308: LdapErr: DSID-0C09050F, comment: AcceptSecurityContext error, data 775, v4563",
            "account is locked",
        ),
        (
            49,
            "80090308: LdapErr: DSID-0C09050F, comment: AcceptSecurityContext error, data 532, v4563",
            "has expired",
        ),
        (
            49,
            "80090308: LdapErr: DSID-0C09050F, comment: AcceptSecurityContext error, data 999, v4563",
            "invalidCredentials",
        ),
    ],
)
def test_a_refused_bind_says_why(tmp_path: Path, code: int, message: str, said: str) -> None:
    double = AdDouble({}, bind=(code, message))
    with double.running(tmp_path), pytest.raises(CredentialsRefused, match=f"'reader@test' .*{said}"):
        _source(double).partitions()


def test_a_busy_server_is_unavailable(tmp_path: Path) -> None:
    double = AdDouble({}, bind=(51, "busy"))
    with double.running(tmp_path), pytest.raises(SourceUnavailable, match=r"the bind was put off .busy, code 51"):
        _source(double).partitions()


def test_a_server_that_hides_its_root_denies_access(tmp_path: Path) -> None:
    double = AdDouble({}, shows_root=False)
    with double.running(tmp_path), pytest.raises(AccessDenied, match="shows no naming contexts"):
        _source(double).partitions()


@pytest.mark.parametrize("name", ["nobody", "CN=\\zz,DC=test"])
def test_a_name_that_is_none_breaks_the_stream(tmp_path: Path, name: str) -> None:
    double = AdDouble({name: _user(1)})
    with double.running(tmp_path), pytest.raises(SourceIncomplete, match="a DN cannot be read: expected"):
        list(_source(double).read("DC=test", WANTED))
