"""What a read-back shows against what is wanted: equal, normalised as the service is known to do, or different."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.plan.comparison import Verdict, compare, differing
from syncramp.plan.normalisations import ADDRESSES, CASE_OR_SPACES, IN_QUARANTINE, INITIAL_DOMAIN, UNDERSCORES

UPN, ADDRESS = "userPrincipalName", "proxyAddresses"
INITIAL = "contoso.onmicrosoft.com"
VERIFIED = frozenset({"contoso.com", INITIAL})


def one(
    name: str, wanted: Any, shown: Any, verified: frozenset[str] = VERIFIED, **beside: Any
) -> tuple[Verdict, str]:
    found = compare({name: wanted, **beside}, {name[0].upper() + name[1:]: shown, **beside}, verified)[name]
    return found.verdict, found.why


NORMALISED = [
    (UPN, "ann@corp.local", f"ann@{INITIAL}", INITIAL_DOMAIN),
    (UPN, "ann@corp.local", f"old.nickname@{INITIAL}", INITIAL_DOMAIN),
    (UPN, "ann@corp.local", "ann@contoso.partner.onmschina.cn", INITIAL_DOMAIN),
    (UPN, "ann@corp.local", "ann@contoso.onmicrosoft.us", INITIAL_DOMAIN),
    (UPN, "ann@contoso.com", f"ann1234@{INITIAL}", IN_QUARANTINE),
    (UPN, "ann@contoso.com", f"Ann+1234@{INITIAL}", IN_QUARANTINE),
    (UPN, "Ann@contoso.com", "ann@contoso.com", CASE_OR_SPACES),
    (ADDRESS, ("SMTP:a@contoso.com", "smtp:a@corp.local"), ("SMTP:a@contoso.com",), ADDRESSES),
    (ADDRESS, ("SMTP:a@contoso.com",), ("SMTP:A@contoso.com", f"smtp:a@{INITIAL}"), ADDRESSES),
    (ADDRESS, ("SMTP:a@corp.local", "smtp:b@contoso.com"), (f"SMTP:a@{INITIAL}", "smtp:b@contoso.com"), ADDRESSES),
    (ADDRESS, ("SMTP:a@corp.local",), None, ADDRESSES),
    (ADDRESS, ("SMTP:a@contoso.com",), ("SMTP:a@contoso.com", "SPO:SPO_1@SPO_2", "sip:a@contoso.com"), ADDRESSES),
    ("title", " Clerk ", "Clerk", CASE_OR_SPACES),
    ("otherTelephone", ("1 ", "2"), ("2", "1"), CASE_OR_SPACES),
    ("mail", "Ann@contoso.com", "ann@contoso.com", CASE_OR_SPACES),
    ("alias", "Ann Lee", "Ann_Lee", UNDERSCORES),
]

DIFFERENT = [
    (UPN, "ann@contoso.com", f"ann@{INITIAL}"),
    (UPN, "ann@contoso.com", f"ann12345@{INITIAL}"),
    (UPN, "ann@contoso.com", "ann1234@contoso.com"),
    (UPN, "ann@corp.local", "ann@contoso.com"),
    (UPN, f"ann@{INITIAL}", f"bob@{INITIAL}"),
    (UPN, "ann@corp.local", None),
    (ADDRESS, ("SMTP:a@contoso.com", "smtp:b@contoso.com"), ("SMTP:a@contoso.com",)),
    (ADDRESS, ("SMTP:a@contoso.com", "smtp:b@contoso.com"), ("smtp:a@contoso.com", "SMTP:b@contoso.com")),
    (ADDRESS, ("SMTP:a@contoso.com",), ("SMTP:a@contoso.com", "smtp:x@contoso.com")),
    (ADDRESS, ("SMTP:a@contoso.com", "x500:/o=a"), ("SMTP:a@contoso.com",)),
    ("title", "Clerk", "CLERK"),
    ("title", "Clerk", None),
    ("title", "Clerk", "Clerk_"),
    ("displayName", "Ann Lee", "Ann_Lee"),
    ("alias", "Ann Lee", "Ann.Lee"),
    ("employeeCount", 5, 6),
    ("userCertificate", (b"1",), (b"2",)),
    ("userCertificate", (b"1",), None),
    ("accountEnabled", True, False),
]


@pytest.mark.parametrize(("name", "wanted", "shown", "why"), NORMALISED)
def test_what_the_service_is_known_to_do_is_a_normalisation(name: str, wanted: Any, shown: Any, why: str) -> None:
    assert one(name, wanted, shown) == (Verdict.NORMALISED, why)


@pytest.mark.parametrize(("name", "wanted", "shown"), DIFFERENT)
def test_everything_else_is_a_difference(name: str, wanted: Any, shown: Any) -> None:
    assert one(name, wanted, shown) == (Verdict.DIFFERENT, "")


def test_a_dropped_address_of_a_domain_of_which_others_were_kept_is_a_difference_where_no_domain_is_known() -> None:
    wanted = ("SMTP:a@contoso.com", "smtp:b@contoso.com", "smtp:c@corp.local")
    shown = ("SMTP:a@contoso.com", "smtp:c@corp.local")
    assert one(ADDRESS, wanted, shown, frozenset())[0] is Verdict.DIFFERENT
    assert one(ADDRESS, wanted, wanted[:2], frozenset())[0] is Verdict.NORMALISED


def test_what_should_have_no_value_is_compared_when_it_is_asked_for() -> None:
    shown = {"Title": "Clerk", "Mobile": None, "ProxyAddresses": (f"smtp:a@{INITIAL}",)}
    found = compare({}, shown, VERIFIED, also=("title", "mobile", "proxyAddresses"))
    assert {name: compared.verdict for name, compared in found.items()} == {
        "title": Verdict.DIFFERENT,
        "proxyAddresses": Verdict.NORMALISED,
    }
    assert compare({}, shown) == {}
    assert compare({}, {"Number": 5}, also=("number",))["number"].verdict is Verdict.DIFFERENT


def test_attributes_the_read_back_never_shows_are_equal() -> None:
    assert compare({"thumbnailPhoto": b"x"}, {})["thumbnailPhoto"].verdict is Verdict.EQUAL


VALUES = st.one_of(st.text(), st.booleans(), st.integers(), st.binary(), st.lists(st.text()).map(tuple))
OBJECTS = st.dictionaries(st.sampled_from((UPN, ADDRESS, "alias", "mail", "title", "mobile")), VALUES)


@given(OBJECTS)
def test_an_object_is_equal_to_itself_whatever_its_order_and_the_spelling_of_its_keys(
    wanted: Mapping[str, Any],
) -> None:
    shown = {name.upper(): value[::-1] if isinstance(value, tuple) else value for name, value in wanted.items()}
    assert all(found.verdict is Verdict.EQUAL for found in compare(wanted, shown).values())
    assert differing(wanted, shown) == []


@given(OBJECTS, OBJECTS)
def test_each_wanted_attribute_has_one_verdict_and_a_reason_only_where_it_was_normalised(wanted, shown) -> None:
    found = compare(wanted, shown)
    assert list(found) == list(wanted)
    assert all(bool(one.why) == (one.verdict is Verdict.NORMALISED) for one in found.values())
