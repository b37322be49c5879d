"""Users who are taken whole become, byte for byte, what the rules make of them one attribute at a time."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import BASE, SCOPE, SID, entry, user, user_dn
from syncramp.model.facts import Entry
from syncramp.model.packing import pack
from syncramp.model.uniques import marks
from syncramp.model.values import Kind
from syncramp.rules import plain
from syncramp.rules.flows import FLOWS
from syncramp.rules.own import OwnRules
from syncramp.rules.plain import PlainUsers
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Rule, Scope, SourceAnchor

RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")
BOSS = "Ym9zcw=="
FULL: dict[str, Any] = {
    "sn": "Núñez",
    "givenName": "李小龙",
    "mail": "ann@corp.example.com",
    "mailNickname": "ann",
    "proxyAddresses": ["SMTP:ann@corp.example.com", "smtp:Ann.B@corp.example.com", "smtp:x@y.example"],
    "manager": user_dn(7),
    "description": "Writes\nletters",
    "otherTelephone": "12",
    "countryCode": "276",
    "pwdLastSet": "133500000000000000",
    "objectSid": SID + bytes(16),
    "mS-DS-ConsistencyGuid": bytes(range(200, 216)),
    "msExchRecipientTypeDetails": "1",
    "msExchHideFromAddressLists": "TRUE",
    "msExchAuditOwner": "4",
    "primaryGroupID": "513",
}
"""Somebody with an attribute of each form."""
MANY = 1_000


@pytest.fixture(autouse=True)
def one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "ENOUGH", 1)


def plain_users(rules: Ruleset = RULES) -> PlainUsers:
    found = rules.plain_users()
    assert found is not None
    found.learn([user(1, **FULL)])
    return found


def taken(made: Entry, users: PlainUsers) -> tuple[str, bytes, set[int]] | None:
    """What becomes of an entry, if everybody whom it names is in the cloud."""
    packed = pack(made.attributes)
    stays = {name: (BOSS.encode(), 7) for name in users.named(packed)}
    [found] = users.made([(made.guid, made.dn, packed)], stays)
    return found and (found.anchor, found.packed, set(found.marks))


def ruled(made: Entry, rules: Ruleset = RULES) -> tuple[str, bytes, set[int]] | None:
    """The same by the rules; None where they have more to say than which attributes there are."""
    decision = rules.decide(made)
    if decision.object is None or decision.warnings or decision.anchorless:
        return None
    found = rules.validated(decision.object)
    if found.violations or found.unread or found.withheld:
        return None
    values = {**found.attributes, **dict.fromkeys(found.references, BOSS)}
    return found.anchor, pack(values), marks(values)


def test_somebody_with_an_attribute_of_each_form_is_taken() -> None:
    assert taken(user(1, **FULL), plain_users()) == ruled(user(1, **FULL)) is not None


@pytest.mark.parametrize("name", sorted(FULL))
def test_somebody_without_one_of_these_attributes_is_taken(name: str) -> None:
    somebody = user(1, **{each: value for each, value in FULL.items() if each != name})
    expected = (
        None if name == "mailNickname" else ruled(somebody)
    )  # then others flow no more, and the rules know which
    assert taken(somebody, plain_users()) == expected


FORGED = b"Ann\xa9givenname\x91\xc4\x03Eve"
"""A value in which the next attribute stands, as it is packed."""
ODD: tuple[str | bytes, ...] = (
    *("", " ", " a", "a ", "a\n", "\x1fa", "a\x00", "\u00a0a", "a\u00a0", "a\u3000", "\u2003", "a\u2003a", "\x85"),
    *(
        "İx",
        "é",
        "漢",
        "가",
        "😀",
        "a\nb",
        ".a",
        "x" * 41,
        "x" * 64,
        "x" * 65,
        "é" * 64,
        "漢" * 86,
        "x" * 256,
        "x" * 449,
    ),
    *("cas_a}", "CAS_", "CAS_a", "AAD_x", "MSOL_1", "SystemMailbox{1}", "support_388945a0", "User_1"),
    *(
        "0",
        "-1",
        "514",
        "00512",
        "2147483648",
        "99999999999",
        "9223372036854775808",
        "TRUE",
        "true",
        "2",
        "536870912",
    ),
    *("SMTP:a@b.example", "smtp:a@b.example", "smtp: a@b.example", "X500:/o=a", "smtp:a", "smtp:é@b.example"),
    *("a@b.example", "a@@b", "a.@b.example", ".a@b", "é@b.example", "a b@c", "a'b@c", "a+b@c", "a@b.", "a@-"),
    *(f"{'x' * 64}@b", f"{'x' * 65}@b", f"a@{'b' * 48}", f"a@{'b' * 49}", f"a@{'b.' * 24}c", user_dn(3)),
    *(
        FORGED,
        b"Ann\xc3",
        b"\xc3Ann",
        b"\xc2",
        b"\xed\xa0\x80",
        b"\xe4\xb8",
        b"\xff",
        bytes(16),
        bytes(28),
        b"\x01" * 12,
    ),
)
RAWS = [
    *((value.encode() if isinstance(value, str) else value,) for value in ODD),
    (b"SMTP:a@b.example", b"SMTP:c@b.example"),
    (b"SMTP:a@b.example", b"smtp:A@b.example"),
    (b"smtp:a@b.example", b"SMTP:a@b.example"),
    (b"smtp:a@b.example", b"smtp:a@b.example"),
    (b"SMTP:a@b.example", b"smtp:c d@b.example"),
    tuple(b"smtp:%02d@b.example" % number for number in range(15)),
    tuple(b"smtp:%02d@b.example" % number for number in range(16)),
    (b"a", b"b"),
]
RAW = st.one_of(
    st.sampled_from(RAWS),
    st.lists(st.text(max_size=12).map(str.encode) | st.binary(max_size=30), min_size=1, max_size=3, unique=True).map(
        lambda values: tuple(sorted(values))
    ),
)
NAMES = sorted(
    {name.lower() for name in FULL}
    | {flow.attribute.lower() for flow in FLOWS[Kind.USER]}
    | {"assistant", "altrecipient", "admindescription", "iscriticalsystemobject"}
)
PLACES = (
    user_dn(1),
    f"CN=A\\, B,OU=X,{BASE}",
    f"CN=A\\,DC=x,{BASE}",
    f"CN=A\\0ACNF:1,{BASE}",
    "CN=A,DC=other",
    BASE,
    "CN=A",
)


@pytest.mark.parametrize("name", NAMES)
def test_an_odd_value_is_taken_as_the_rules_take_it_or_left_to_them(name: str) -> None:
    users, somebody = plain_users(), user(1, **FULL)
    users.learn([replace(somebody, attributes={**somebody.attributes, name: raw}) for raw in RAWS])
    for raw in RAWS:
        made = replace(somebody, attributes={**somebody.attributes, name: raw})
        assert taken(made, users) in (None, ruled(made)), raw


@pytest.mark.parametrize("name", ["sn", "title", "description", "displayname"])
def test_texts_that_nothing_is_wrong_with_are_taken(name: str) -> None:
    users, somebody = plain_users(), user(1, **{**FULL, "title": "Boss"})
    users.learn([somebody])
    for text in ("a", "é", "漢字", "가", "Müller, Jörg", "a\nb", "x" * 60):
        made = replace(somebody, attributes={**somebody.attributes, name: (text.encode(),)})
        assert taken(made, users) == ruled(made) is not None


@pytest.mark.parametrize("size", [1, 255, 256, 70_000])
def test_a_photo_is_taken_however_large_it_is(size: int) -> None:
    users, somebody = plain_users(), user(1, **FULL)
    made = replace(somebody, attributes={**somebody.attributes, "thumbnailphoto": (bytes(size),)})
    users.learn([made])
    assert taken(made, users) == ruled(made) is not None


@pytest.mark.parametrize("dn", PLACES)
def test_a_place_is_taken_as_the_rules_take_it_or_left_to_them(dn: str) -> None:
    made = replace(user(1, **FULL), dn=dn)
    assert taken(made, plain_users()) in (None, ruled(made))


@given(
    st.dictionaries(st.sampled_from(NAMES), RAW, max_size=3),
    st.sets(st.sampled_from(sorted(FULL))),
    st.sampled_from(PLACES),
)
def test_whoever_is_taken_becomes_what_the_rules_make(changed: dict[str, Any], left: set[str], dn: str) -> None:
    made = user(1, **{name: value for name, value in FULL.items() if name not in left})
    made = replace(made, dn=dn, attributes={**made.attributes, **changed})
    found = taken(made, plain_users())
    assert found in (None, ruled(made))


@given(st.lists(st.builds(dict, st.dictionaries(st.sampled_from(NAMES), RAW, max_size=6)), max_size=4))
def test_whatever_was_learned_they_become_what_the_rules_make(seen: list[dict[str, Any]]) -> None:
    users, entries = plain_users(), [replace(user(1), attributes={**user(1).attributes, **each}) for each in seen]
    users.learn(entries)
    for each in entries:
        assert taken(each, users) in (None, ruled(each))


def test_a_value_that_looks_like_others_is_no_others() -> None:
    somebody = replace(user(1), attributes={**user(1).attributes, "displayname": (FORGED,)})
    assert taken(somebody, plain_users()) is None


@pytest.mark.parametrize(
    ("excluded", "verified", "address", "expected"),
    [
        ((), frozenset(), "a@b.example", True),
        ((f"OU=People,{BASE}",), frozenset(), "a@b.example", False),
        ((f"OU=Other,{BASE}",), frozenset(), "a@b.example", True),
        ((), frozenset({"corp.example.com", "b.example"}), "a@B.example", True),
        ((), frozenset({"corp.example.com"}), "a@b.example", False),
        ((), frozenset({"b.example"}), "a@b.example", False),
    ],
)
def test_scopes_and_verified_domains_are_those_of_the_rules(
    excluded: tuple[str, ...], verified: frozenset[str], address: str, expected: bool
) -> None:
    scope = Scope(BASE, frozenset(Kind), exclude=excluded)
    rules = Ruleset((scope,), SourceAnchor.CONSISTENCY_GUID, "corp", verified=verified)
    somebody = user(1, proxyAddresses=f"smtp:{address}")
    found = rules.plain_users()
    assert found is not None
    found.learn([user(1, **FULL)])
    assert (taken(somebody, found) is not None) == expected == (ruled(somebody, rules) is not None)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(BASE, frozenset({Kind.GROUP})),
        Scope(BASE, frozenset(Kind), "(cn=*)"),
        Scope(BASE, frozenset(Kind), group=user_dn(9)),
    ],
)
def test_nobody_is_taken_of_a_scope_that_asks_for_more_than_a_place(scope: Scope) -> None:
    rules = Ruleset((scope,), SourceAnchor.CONSISTENCY_GUID, "corp")
    found = rules.plain_users()
    assert found is not None
    found.learn([user(1, **FULL)])
    assert taken(user(1), found) is None


def test_own_rules_for_users_are_asked_about_each_of_them() -> None:
    rule = Rule("no-guests", 1, Kind.USER, excludes=True, when="entry.title == 'Guest'")
    assert (
        Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp", OwnRules([rule], (), "corp")).plain_users() is None
    )
    rule = Rule("no-guests", 1, Kind.GROUP, excludes=True, when="entry.description == 'Guest'")
    assert Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp", OwnRules([rule], (), "corp")).plain_users()


def test_an_anchor_that_was_chosen_is_looked_at_by_the_rules() -> None:
    rules = Ruleset((SCOPE,), "employeeID", "corp")
    found = rules.plain_users()
    assert found is not None
    found.learn([user(1, employeeID="1")])
    assert taken(user(1, employeeID="1"), found) is None


def test_a_consistency_guid_whose_text_is_too_long_for_an_anchor_is_none() -> None:
    somebody = user(1, mS_DS_ConsistencyGuid=b"\xff" * 16)
    users = plain_users()
    assert taken(somebody, users) == ruled(somebody) is not None


def test_no_two_attributes_of_users_become_one() -> None:
    wires = [flow.wire for flow in FLOWS[Kind.USER]]
    assert len(set(wires)) == len(wires)


def test_what_users_have_is_looked_at_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = plain.Layout
    monkeypatch.setattr(plain, "Layout", lambda forms: made.append(1) or real(forms))
    users = plain_users()
    for number in range(1, 16):
        users.learn([user(1, **{f"extensionAttribute{number}": "x"})])
    assert len(made) == plain.TIMES


def test_whoever_names_somebody_who_does_not_stay_is_left_to_the_rules() -> None:
    users, somebody = plain_users(), user(1, **FULL)
    packed = pack(somebody.attributes)
    assert users.named(packed) == [user_dn(7).encode()]
    one = somebody.guid, somebody.dn, packed
    assert users.made([one], {}) == [None]
    [found] = users.made([one], {user_dn(7).encode(): (BOSS.encode(), 7)})
    assert found is not None
    assert found.references == [("manager", 7)]


def test_whoever_names_nobody_gets_nobody_even_if_somebody_has_an_empty_name() -> None:
    users, somebody = plain_users(), user(1)
    one = somebody.guid, somebody.dn, pack(somebody.attributes)
    [found] = users.made([one], {b"": (BOSS.encode(), 7)})
    assert found is not None
    assert (found.packed, found.references) == (pack(RULES.decide(somebody).object.attributes), [])


@pytest.mark.parametrize("behind", [b"", b"\x05", b"\xffCN=A"])
def test_a_value_that_looks_like_a_name_of_somebody_names_nobody_who_is_taken(behind: bytes) -> None:
    users, somebody = plain_users(), user(1)
    forged = b"\xa7manager\x91\xc4" + behind
    packed = pack({**somebody.attributes, "usersmimecertificate": (forged,)})
    assert users.named(packed) == ([behind[1:]] if behind else [])
    assert users.made([(somebody.guid, somebody.dn, packed)], {}) == [None]


@pytest.mark.parametrize(
    "dn",
    [
        "CN=Ann,DC=a,OU=b\\, c,DC=d",
        "CN=Ann,DC=a\\,b,DC=d",
        "CN=Ann\\\\,DC=a,DC=d",
        "DC=Ann,DC=d",
        "CN=Ann\\, B,DC=a,OU=b,DC=d",
    ],
)
def test_a_domain_is_made_of_all_its_parts_wherever_they_stand(dn: str) -> None:
    rules = Ruleset((Scope("DC=d", frozenset(Kind)),), SourceAnchor.CONSISTENCY_GUID, "corp")
    made = replace(user(1), dn=dn)
    found = taken(made, plain_users(rules))
    assert found in (None, ruled(made, rules))
    assert (found is None) == (dn != "CN=Ann\\, B,DC=a,OU=b,DC=d")


def test_a_group_is_no_user() -> None:
    somebody = entry(Kind.GROUP, 1, user_dn(1), {"cn": "Group"})
    assert taken(somebody, plain_users()) is None
