"""LDAP filters: what they mean, how they print, and how they are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.source.filter import NESTING, Filter, FilterError, parse
from syncramp.source.filter_nodes import And, BitRule, Bits, Comparison, Not, Operator, Or, Present, Substrings

ADA = {
    "objectclass": (b"person", b"top", b"user"),
    "objectcategory": (b"CN=Person,CN=Schema,CN=Configuration,DC=test",),
    "displayname": ("Ada Müller (IT)".encode(),),
    "department": (b"Research",),
    "proxyaddresses": (b"SMTP:ada@example.test", b"smtp:a.mueller@example.test"),
    "useraccountcontrol": (b"514",),
    "grouptype": (b"-2147483646",),
    "manager": (b"CN=Byron\\, George,DC=test",),
    "objectguid": (bytes(range(16)),),
    "objectsid": (bytes.fromhex("0105000000000005150000000100000002000000030000004b040000"),),
    "iscriticalsystemobject": (b"TRUE",),
    "thumbnailphoto": (b"\xff\xd8AB",),
    "employeeid": (b"007", b"x"),
}

names = st.sampled_from(["cn", "Mail", "userAccountControl", "objectGUID", "manager", "objectCategory", "2.5.4.3"])
values = st.binary(max_size=6) | st.text(max_size=6).map(lambda text: text.encode(errors="ignore"))
numbers = st.integers(-(2**31), 2**63 - 1)
items: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Present, names),
    st.builds(Comparison, names, st.sampled_from(Operator), values),
    st.builds(Substrings, names, st.lists(values, min_size=2, max_size=4).filter(any).map(tuple)),
    st.builds(Bits, names, st.sampled_from(BitRule), numbers),
)
filters = st.recursive(
    items,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=10,
)
entries = st.dictionaries(
    st.sampled_from(["cn", "mail", "useraccountcontrol", "objectguid", "manager", "objectcategory"]),
    st.lists(values | numbers.map(lambda number: b"%d" % number), min_size=1, max_size=3).map(tuple),
)


@given(filters)
def test_what_is_printed_is_read_back(given_filter: Filter) -> None:
    assert parse(str(given_filter)) == given_filter


@given(st.text(max_size=40) | st.text("()&|!=*\\<>~:.-anc1 ", max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    column = 1
    try:
        parsed = parse(text)
    except FilterError as refused:
        column = refused.column
    else:
        parsed.matches(ADA)
        assert parse(str(parsed)) == parsed
    assert 1 <= column <= len(text) + 1


@given(filters, entries)
def test_judgement_follows_three_valued_logic(given_filter: Filter, entry: dict[str, tuple[bytes, ...]]) -> None:
    verdict = given_filter.judge(entry)
    assert Not(given_filter).judge(entry) is (None if verdict is None else not verdict)
    assert And((given_filter, Not(given_filter))).judge(entry) is (None if verdict is None else False)
    assert Or((given_filter, Not(given_filter))).judge(entry) is (None if verdict is None else True)
    assert given_filter.matches(entry) is (verdict is True)


@given(filters, entries)
def test_only_the_named_attributes_matter(given_filter: Filter, entry: dict[str, tuple[bytes, ...]]) -> None:
    named = {name: given for name, given in entry.items() if name in given_filter.attributes}
    assert given_filter.judge(entry) is given_filter.judge(named)


@pytest.mark.parametrize(
    "text",
    [
        "(objectClass=USER)",
        "(DISPLAYNAME=ada mÜLLER \\28it\\29)",
        "(displayName=ada m\\c3\\bcller*)",
        "(displayName=*MÜLLER*)",
        "(displayName=a*ü*\\28*)",
        "(displayName=*\\29)",
        "(proxyAddresses=smtp:*@example.test)",
        "(department~=research)",
        "(department>=Quality)",
        "(department<=RESEARCH)",
        "(userAccountControl>=99)",
        "(userAccountControl<=00514)",
        "(userAccountControl:1.2.840.113556.1.4.803:=514)",
        "(userAccountControl:1.2.840.113556.1.4.804:=3)",
        "(groupType:1.2.840.113556.1.4.803:=2147483648)",
        "(groupType:1.2.840.113556.1.4.803:=-2147483648)",
        "(manager=cn=byron\\5c2c George, dc=TEST)",
        "(objectGUID=\\00\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f)",
        "(objectGUID=03020100-0504-0706-0809-0a0b0c0d0e0f)",
        "(objectSid=S-1-5-21-1-2-3-1099)",
        "(isCriticalSystemObject=true)",
        "(objectCategory=person)",
        "(objectCategory=User)",
        "(objectCategory=cn=person,cn=schema,cn=configuration,dc=test)",
        "(thumbnailPhoto=\\ff*)",
        "(department=*)",
        "(!(mail=*))",
        "(!(mail=x))",
        "(&)",
        "(&(objectClass=user)(|(department=x)(department=research)))",
        "( & (objectClass=user)\n  ( ! (department=Sales) ) )",
        "(employeeID>=6)",
        "(!(2.5.4.3=x))",
    ],
)
def test_it_matches(text: str) -> None:
    assert parse(text).matches(ADA)


@pytest.mark.parametrize(
    "text",
    [
        "(mail=*)",
        "(mail=x)",
        "(mail>=a)",
        "(mail=*x*)",
        "(mail:1.2.840.113556.1.4.803:=0)",
        "(displayName=Ada)",
        "(displayName=Ada*Ada*)",
        "(displayName=*Ada)",
        "(department>=S)",
        "(userAccountControl>=1000)",
        "(userAccountControl:1.2.840.113556.1.4.803:=3)",
        "(userAccountControl:1.2.840.113556.1.4.804:=0)",
        "(objectGUID=03020100-0504-0706-0809-0A0B0C0D0E00)",
        "(thumbnailPhoto=\\ff\\d8ab)",
        "(objectCategory=group)",
        "(!(department=*))",
        "(|)",
        "(&(objectClass=user)(department=x))",
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not parse(text).matches(ADA)


@pytest.mark.parametrize(
    "undefined",
    [
        "(userAccountControl>=abc)",
        "(department<=5)",
        "(department:1.2.840.113556.1.4.803:=2)",
        "(manager=nobody)",
        "(manager>=nobody)",
    ],
)
def test_an_undefined_comparison_lets_nobody_in_and_nor_does_its_negation(undefined: str) -> None:
    assert parse(undefined).judge(ADA) is None
    assert not parse(f"(!{undefined})").matches(ADA)
    assert parse(f"(|{undefined}(objectClass=user))").matches(ADA)
    assert not parse(f"(&{undefined}(objectClass=user))").matches(ADA)
    assert parse(f"(!(&{undefined}(objectClass=computer)))").matches(ADA)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, "'('"),
        ("objectClass=user", 1, "'('"),
        ("(objectClass=user", 18, "')'"),
        ("(objectClass=user))", 19, "the end"),
        ("(&(a=b)", 8, "'('"),
        ("(!(a=b)(c=d))", 8, "')'"),
        ("()", 2, "an attribute"),
        ("(a)", 2, "an attribute"),
        ("(=b)", 2, "an attribute"),
        ("(a=b(c)", 5, "a character of the value"),
        ("(a=\\2)", 4, "a character of the value"),
        ("(a=\\zz)", 4, "a character of the value"),
        ("(a>=b*)", 6, "')'"),
        ("(a:1.2.840.113556.1.4.1941:=b)", 4, "the matching rule 1.2.840.113556.1.4.803"),
        ("(a:dn:=b)", 4, "the matching rule"),
        ("(a:1.2.840.113556.1.4.803:=b)", 28, "an integer"),
        ("(a;binary=b)", 2, "an attribute"),
    ],
)
def test_a_refusal_says_where_and_what_was_expected(text: str, column: int, expected: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text)
    assert refused.value.column == column
    assert expected in refused.value.expected
    assert str(refused.value).startswith(f"column {column}: expected ")


def test_nesting_has_a_limit() -> None:
    deepest = "(!" * (NESTING - 1) + "(a=b)" + ")" * (NESTING - 1)
    assert parse(deepest).attributes == {"a"}
    with pytest.raises(FilterError, match="at most 64 levels"):
        parse(f"(!{deepest})")
    with pytest.raises(FilterError, match="at most 64 levels"):
        parse("(&" * 100_000)


def test_it_says_which_attributes_it_needs() -> None:
    text = "(&(objectClass=user)(!(Mail=*))(|(cn=a*)(userAccountControl:1.2.840.113556.1.4.803:=2)(sn>=x)))"
    assert parse(text).attributes == {"objectclass", "mail", "cn", "useraccountcontrol", "sn"}


def test_a_pattern_of_many_stars_is_judged_in_no_time() -> None:
    pattern = parse(f"(cn=*{'a*' * 200}b)")
    assert not pattern.matches({"cn": (b"a" * 5000,)})
