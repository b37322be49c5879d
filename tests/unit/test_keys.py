"""Keys that are made of many names at once are those of each name by itself."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.source import canonical, keys
from syncramp.source.dn import DnError, key
from syncramp.source.dn import canonical as spelled_once

CONTAINERS = [
    b",OU=People,DC=test",
    b",ou=Legal\\2C Risk,dc=test",
    rb",ou=Legal\, Risk,dc=test",
    b"",
    b",",
    b", dc=test",
]
OWN = [
    *(b"CN=Ada", b"cn=M\xc3\xbcller\\2C Ada", rb"CN=Ada\, A", b"cn=a\\2B", rb"CN=a\+b", rb"CN=a\\2C b", rb"CN=\20a"),
    *(b"CN= a", b"CN=a ", b"CN=#61", b"2.5.4.3=a", b"CN=a+OU=b", b"CN=a\nb", b"CN=\xff", b"CN=", b"a", b"CN=a\x01b"),
    *(b"CN=S-1-5-21-1,CN=ForeignSecurityPrincipals", b"cn=e\xcc\x81", b"CN=\xce\x91\xce\xa3", b"CN=\xc4\xb0", b"=a"),
]
names = st.builds(bytes.__add__, st.sampled_from(OWN) | st.binary(max_size=6), st.sampled_from(CONTAINERS))


def _one_by_one(members: list[bytes]) -> object:
    try:
        dns = [spelled_once(canonical.text(member)) for member in members]
    except DnError:
        return DnError
    return list(map(key, dns)), canonical.principals_among(dict.fromkeys(dns))


def _together(members: list[bytes]) -> object:
    try:
        found, principals = keys.keys(members)
    except DnError:
        return DnError
    return list(found), principals


@given(st.lists(names, max_size=5), st.integers(1, 3))
def test_keys_of_many_are_those_of_each(members: list[bytes], chunk: int) -> None:
    with patch.object(keys, "CHUNK", chunk):
        assert _together(members) == _one_by_one(members)


@pytest.mark.parametrize(
    "own", [b"CN=Ada", b"cn=M\xc3\xbcller\\2C Ada", rb"CN=Ada\, A", rb"CN=a\+b", b"cn=e\xcc\x81"]
)
def test_usual_names_are_looked_at_together(own: bytes, monkeypatch) -> None:
    members = [own + container for container in CONTAINERS[:3]]
    expected = _one_by_one(members)
    monkeypatch.setattr(keys, "_one_by_one", None)
    assert _together(members) == expected
