"""What the service would not take, value by value, with Microsoft's documented examples where there are any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.desire import Code
from syncramp.model.values import Kind, Value
from syncramp.rules.limits import LONGEST, MOST
from syncramp.rules.types import DirectoryObject
from syncramp.rules.validation import validated

VERIFIED = frozenset({"contoso.com", "contoso.onmicrosoft.com"})


def checked(verified: frozenset[str] = frozenset(), kind: Kind = Kind.USER, **values: Value) -> DirectoryObject:
    return validated(DirectoryObject(kind, "anchor", values), verified)


def codes(made: DirectoryObject) -> list[Code]:
    return [violation.code for violation in made.violations]


def assert_held(made: DirectoryObject, attribute: str, code: Code) -> None:
    assert attribute not in made.attributes and attribute in made.unread
    assert [(each.attribute, each.code) for each in made.violations] == [(attribute, code)]


@pytest.mark.parametrize(
    "name",
    [
        "user@contoso.com",
        "o'neill.ann-marie_2!#^~@contoso.com",
        "x@corp",
        f"{'n' * 64}@{'d' * 44}.com",
    ],
)
def test_a_user_principal_name_of_allowed_characters_and_length_goes(name: str) -> None:
    made = checked(userPrincipalName=name)
    assert made.attributes == {"userPrincipalName": name} and not made.violations and not made.unread


@pytest.mark.parametrize(
    "name",
    [
        "ann",  # no @
        "@contoso.com",  # @ at the beginning
        "ann@",
        "ann@b@contoso.com",
        "ann.@contoso.com",  # the name may not end with a dot
        ".ann@contoso.com",
        "ann miller@contoso.com",
        "müller@contoso.com",
        *(f"a{sign}b@contoso.com" for sign in '\\%&*+/=?{}|<>();:,[]"'),  # Microsoft's own list
        "ann@contoso..com",
        "ann@contoso_com.example",
        "ann@contoso.com\n",
    ],
)
def test_a_user_principal_name_with_other_characters_or_another_form_is_held(name: str) -> None:
    made = checked(userPrincipalName=name, title="Clerk")
    assert_held(made, "userPrincipalName", Code.INVALID_USER_PRINCIPAL_NAME)
    assert made.attributes == {"title": "Clerk"}


@pytest.mark.parametrize("name", [f"{'n' * 65}@contoso.com", f"ann@{'d' * 45}.com"])
def test_a_user_principal_name_has_at_most_64_characters_before_the_at_sign_and_48_after_it(name: str) -> None:
    assert_held(checked(userPrincipalName=name), "userPrincipalName", Code.TOO_LONG)


@pytest.mark.parametrize(
    "addresses",
    [
        ("SMTP:User@contso.com",),
        ("SMTP:ann@contoso.com", "smtp:a@b.example", "sip:ann@contoso.com"),
        ("X500:/o=Contoso (HQ)/ou=Exchange; x/cn=Recipients, all/cn=ann",),
        ("EUM:1234;phone-context=dial.contoso.com", "x400:C=US;A= ;P=Contoso"),
        ("smtp:only-secondary@contoso.com",),
        ("smtp:" + "a" * 239 + "@contoso.com",),
    ],
)
def test_addresses_of_every_kind_go_as_they_are(addresses: tuple[str, ...]) -> None:
    assert checked(proxyAddresses=addresses).attributes == {"proxyAddresses": addresses}


@pytest.mark.parametrize(
    "address",
    [
        "smtp:user:M@contoso.com",  # Microsoft's own example
        *(f"smtp:a{sign}b@contoso.com" for sign in '<>();,[]" '),
        "smtp:müller@contoso.com",
        "smtp:ann",
        "smtp:",
        "ann@contoso.com",
        ":ann@contoso.com",
        "s m:ann@contoso.com",
    ],
)
def test_a_bad_address_is_left_out_and_the_others_go(address: str) -> None:
    good = ("SMTP:ann@contoso.com", "smtp:ann@fabrikam.com")
    made = checked(proxyAddresses=(*good, address))
    assert made.attributes == {"proxyAddresses": good} and not made.unread
    assert made.withheld == {"proxyAddresses": (address,)}
    assert codes(made) == [Code.INVALID_PROXY_ADDRESS] and address in made.violations[0].reason


def test_an_address_of_more_than_256_characters_is_left_out() -> None:
    made = checked(proxyAddresses=("SMTP:ann@contoso.com", "x500:" + "x" * 252))
    assert made.attributes == {"proxyAddresses": ("SMTP:ann@contoso.com",)} and codes(made) == [Code.TOO_LONG]


def test_a_list_whose_primary_address_is_bad_is_held_whole_so_that_no_other_one_becomes_primary() -> None:
    made = checked(proxyAddresses=("SMTP:ann miller@contoso.com", "smtp:ann@contoso.com"))
    assert_held(made, "proxyAddresses", Code.INVALID_PROXY_ADDRESS)
    assert not made.withheld


def test_a_list_of_bad_addresses_alone_is_held_and_not_cleared() -> None:
    assert_held(checked(proxyAddresses=("smtp:ann",)), "proxyAddresses", Code.INVALID_PROXY_ADDRESS)


def test_two_primary_addresses_hold_the_list() -> None:
    made = checked(proxyAddresses=("SMTP:a@contoso.com", "SMTP:b@contoso.com", "smtp:c@contoso.com"))
    assert_held(made, "proxyAddresses", Code.INVALID_PROXY_ADDRESS)


def test_every_bad_address_is_told() -> None:
    made = checked(proxyAddresses=("SMTP:ann@contoso.com", "smtp:a b", "smtp:c d"))
    assert len(made.violations) == 2 and made.withheld == {"proxyAddresses": ("smtp:a b", "smtp:c d")}


@pytest.mark.parametrize("mail", ["ann", "ann@", "ann miller@contoso.com", "é@contoso.com", "Ann <ann@contoso.com>"])
def test_a_mail_that_is_no_address_is_held(mail: str) -> None:
    assert_held(checked(mail=mail), "mail", Code.INVALID_MAIL_ADDRESS)


def test_a_mail_nickname_that_begins_with_a_dot_is_held() -> None:
    assert_held(checked(alias=".ann"), "alias", Code.INVALID_ALIAS)


@pytest.mark.parametrize("alias", ["ann", "ann.miller", "o'neill", "a+b_c-d#e", "Ann Miller", "müller"])
def test_signs_that_the_service_replaces_in_a_mail_nickname_go(alias: str) -> None:
    assert checked(alias=alias).attributes == {"alias": alias}


@pytest.mark.parametrize("name", LONGEST)
def test_a_text_may_be_as_long_as_documented_and_not_longer(name: str) -> None:
    sign = "a@" if name == "mail" else ""
    longest = sign + "x" * (LONGEST[name] - len(sign))
    assert checked(**{name: longest}).attributes == {name: longest}
    assert_held(checked(**{name: longest + "x"}), name, Code.TOO_LONG)


@pytest.mark.parametrize("name", MOST)
def test_a_list_may_have_as_many_values_as_documented_and_not_more(name: str) -> None:
    values = tuple(f"smtp:a{number:03}@contoso.com" for number in range(MOST[name] + 1))
    assert checked(**{name: values[1:]}).attributes == {name: values[1:]}
    assert_held(checked(**{name: values}), name, Code.TOO_MANY_VALUES)


def test_directory_extensions_have_250_characters_and_an_object_has_100_of_them() -> None:
    values = {f"extension_0b1c_{number:03}": "x" * 250 for number in range(101)}
    values["extension_0b1c_007"] += "x"
    made = validated(DirectoryObject(Kind.USER, "anchor", dict(values), won=dict.fromkeys(values, 1)))
    assert made.unread == {"extension_0b1c_007", "extension_0b1c_100"}
    assert sorted(codes(made)) == [Code.TOO_LONG, Code.TOO_MANY_VALUES]


def test_names_and_addresses_of_a_domain_that_is_not_verified_are_held_a_subdomain_among_them() -> None:
    made = checked(
        VERIFIED,
        userPrincipalName="ann@sales.contoso.com",
        proxyAddresses=("SMTP:ann@Contoso.COM", "smtp:ann@fabrikam.com", "X500:/o=fabrikam"),
        mail="ann@fabrikam.com",
    )
    assert made.attributes == {
        "proxyAddresses": ("SMTP:ann@Contoso.COM", "X500:/o=fabrikam"),
        "mail": "ann@fabrikam.com",
    }
    assert codes(made) == [Code.UNVERIFIED_DOMAIN] * 2
    assert "sales.contoso.com" in made.violations[0].reason


def test_a_contact_has_addresses_of_any_domain() -> None:
    addresses = ("SMTP:partner@fabrikam.com",)
    assert checked(VERIFIED, Kind.CONTACT, proxyAddresses=addresses).attributes == {"proxyAddresses": addresses}
    assert codes(checked(VERIFIED, Kind.GROUP, proxyAddresses=addresses)) == [Code.UNVERIFIED_DOMAIN]


def test_an_object_without_a_fault_is_given_back_as_it_is() -> None:
    made = DirectoryObject(Kind.USER, "anchor", {"userPrincipalName": "ann@contoso.com", "accountEnabled": False})
    assert validated(made, VERIFIED) is made


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(
    st.dictionaries(st.sampled_from(["userPrincipalName", "mail", "alias", "title", "displayName"]), words),
    st.lists(st.one_of(words, words.map("smtp:{}@x".format), words.map("SMTP:{}@x".format)), max_size=4, unique=True),
    st.booleans(),
)
def test_whatever_the_values_what_goes_is_fine_and_nothing_is_missing_without_a_word(
    single, addresses, known
) -> None:
    verified = VERIFIED if known else frozenset[str]()
    values: dict[str, Value] = {"accountEnabled": False, **single}
    if addresses:
        values["proxyAddresses"] = tuple(addresses)
    made = checked(verified, **values)
    assert made.attributes["accountEnabled"] is False
    assert not validated(DirectoryObject(Kind.USER, "anchor", dict(made.attributes)), verified).violations
    missing = {name for name, value in values.items() if made.attributes.get(name) != value}
    assert missing == {violation.attribute for violation in made.violations} == made.unread | set(made.withheld)
