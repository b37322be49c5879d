"""Searches as they are sent are what ldap3 would send, and filters mean the same in BER."""

import ldap3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import search_operation
from ldap3.utils.asn1 import encode

from syncramp.source import filter as filters
from syncramp.source.ldap.ber import BerError, integer, octets, sequence
from syncramp.source.ldap.messages import Control
from syncramp.source.ldap.search import Scope, abandon, cookie_of, encoded, message, paged, request

names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
parts = st.text("abé", min_size=1, max_size=4) | st.just(r"\2a\00\ff")
items = st.one_of(
    st.builds("({}={})".format, names, parts),
    st.builds("({}~={})".format, names, parts),
    st.builds("({}>={})".format, names, parts),
    st.builds("({}<={})".format, names, parts),
    st.builds("({}=*)".format, names),
    st.builds("({}={}*)".format, names, parts),
    st.builds("({}=*{})".format, names, parts),
    st.builds("({}={}*{}*{}*{})".format, names, parts, parts, parts, parts),
    st.builds("({}:1.2.840.113556.1.4.803:={})".format, names, st.integers(0, 999)),
)
texts = st.recursive(
    items,
    lambda inner: st.one_of(
        st.builds("(!{})".format, inner),
        st.builds("(&{}{})".format, inner, inner),
        st.builds("(|{}{}{})".format, inner, inner, inner),
    ),
    max_leaves=5,
)


def _theirs(text: str) -> bytes:
    operation = search_operation(
        "dc=test", text, ldap3.SUBTREE, ldap3.DEREF_NEVER, ["cn", "member;range=0-*"], 0, 0, False, None, None
    )
    return bytes(encode(operation))


@given(texts)
def test_a_search_is_what_ldap3_would_send(text: str) -> None:
    ours = request(b"dc=test", text, ["cn", "member;range=0-*"], Scope.SUBTREE)
    assert ours.hex() == _theirs(text).hex()


def test_a_filter_that_is_none_is_refused() -> None:
    with pytest.raises(filters.FilterError):
        request(b"", "(cn=x", ["cn"], Scope.BASE)


def test_controls_go_with_the_search() -> None:
    told = message(1, b"", (Control("1.2", b"v"), Control("3.4", critical=False)))
    assert told.hex() == "3019020101" + "a014" + "300b0403312e320101ff040176" + "30050403332e34"


def test_an_operation_is_abandoned_by_its_number() -> None:
    assert abandon(300).hex() == "5002012c"


@pytest.mark.parametrize("cookie", [b"", b"next"])
def test_a_cookie_comes_back_as_it_was_sent(cookie: bytes) -> None:
    assert cookie_of((Control("1.2", b"x"), paged(0, cookie))) == cookie


def test_a_server_that_does_not_page_gives_no_cookie() -> None:
    assert cookie_of(()) is None


@pytest.mark.parametrize("value", [integer(1), sequence(integer(1)), sequence(octets(b""), octets(b"")), b"\x30\x05"])
def test_a_cookie_that_is_none_is_refused(value: bytes) -> None:
    with pytest.raises(BerError):
        cookie_of((Control(paged(0, b"").oid, value),))


def test_a_filter_that_nobody_knows_is_no_bytes() -> None:
    with pytest.raises(NotImplementedError):
        encoded(filters.Filter())
