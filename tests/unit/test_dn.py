"""Distinguished names: one spelling, one key, and what lies below what."""

import re
from contextlib import nullcontext
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.source import dn as names
from syncramp.source.dn import DnError, canonical, fold, is_below, key, lies_below

PLAIN = "CN=Ada Müller 000123,OU=Dept07,OU=People,DC=corp,DC=example,DC=test"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
types = st.sampled_from(["CN", "ou", "Dc", "UID", "2.5.4.3", "msDS-name"])


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Two spellings of the same name."""
    rdns: list[str] = []
    other: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        parts = draw(st.lists(st.tuples(types, texts), min_size=1, max_size=3))
        rdns.append("+".join(f"{name}={_hex(value)}" for name, value in parts))
        shuffled = draw(st.permutations(parts))
        space = draw(st.sampled_from(["", " ", "  "]))
        other.append(
            f"{space}+{space}".join(f"{name.swapcase()}{space}={space}{_minimal(value)}" for name, value in shuffled)
        )
    separator = draw(st.sampled_from([",", " , ", ", "]))
    return ",".join(rdns), separator.join(other)


def _outcome(text: str, *, patient: bool = False) -> str:
    """Its spelling, or that it has none."""
    never = re.compile(r"(?!)")
    with patch.multiple(names, _OWN=never, _PLAIN=never) if patient else nullcontext():
        names._ancestors.cache_clear()
        try:
            return canonical(text)
        except DnError:
            return "refused"


def _hex(value: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in value.encode())


def _minimal(value: str) -> str:
    escaped = "".join("\\" + sign if sign in '\\,+"<>;=' else sign for sign in value).replace("\x00", "\\00")
    if escaped.startswith(("#", " ")):
        escaped = "\\" + escaped
    if escaped.endswith(" ") and escaped != "\\ ":
        escaped = escaped[:-1] + "\\ "
    return escaped


@given(spellings())
def test_two_spellings_of_a_name_are_one(pair: tuple[str, str]) -> None:
    first, second = map(canonical, pair)
    assert first == second
    assert canonical(first) == first
    assert key(first) == key(second)


@given(st.builds(",".join, st.lists(st.text('CNu=,\\2c +#"aß\n', max_size=12).map("cn={}".format), max_size=3)))
def test_a_name_recognised_at_once_is_spelled_as_one_that_is_taken_apart(text: str) -> None:
    assert _outcome(text) == _outcome(text, patient=True)


@given(st.text(max_size=40) | st.text('CNou=,+\\#"<>; aß0A', max_size=40))
def test_any_text_is_a_name_or_refused_and_a_name_is_spelled_once(text: str) -> None:
    try:
        name = canonical(text)
    except DnError:
        return
    assert canonical(name) == name
    assert is_below(name, text)


@given(spellings(), spellings())
def test_a_name_is_below_its_parent_and_above_nothing_of_it(child: tuple[str, str], parent: tuple[str, str]) -> None:
    name = f"{child[0]},{parent[0]}"
    assert is_below(name, parent[1])
    assert not is_below(parent[0], name)


@given(spellings(), spellings(), st.booleans())
def test_what_lies_below_is_the_same_for_names_that_are_canonical_already(
    child: tuple[str, str], parent: tuple[str, str], escaped: bool
) -> None:
    below, base = canonical(f"{child[0]}{chr(92) if escaped else ''},{parent[0]}"), canonical(parent[1])
    for dn, top in ((below, base), (base, below), (base, base), (below.lower(), base), (base, "")):
        dn = canonical(dn)
        assert lies_below(dn, top) == is_below(dn, top)
    assert lies_below(below, base) is not escaped


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        (PLAIN, PLAIN),
        ("", ""),
        ("  ", ""),
        ("cn=a,dc=test", "CN=a,DC=test"),
        ("cn = a , dc = test", "CN=a,DC=test"),
        ("CN=,DC=test", "CN=,DC=test"),
        (r"CN=Lovelace\2c Ada,DC=test", r"CN=Lovelace\, Ada,DC=test"),
        (r"CN=a\=b,DC=test", "CN=a=b,DC=test"),
        (r"CN=\C3\BC,DC=test", "CN=ü,DC=test"),
        (r"CN=a\20,DC=test", r"CN=a\ ,DC=test"),
        (r"CN=a\\ ,DC=test", r"CN=a\\,DC=test"),
        (r"CN=a\20\20 ,DC=test", r"CN=a \ ,DC=test"),
        (r"CN=a  b,DC=test", "CN=a  b,DC=test"),
        (r"CN=\#1,DC=test", r"CN=\#1,DC=test"),
        ("CN=#0402AbCd,DC=test", "CN=#0402abcd,DC=test"),
        ("CN=x\\0ACNF:1,DC=test", "CN=x\\0ACNF:1,DC=test"),
        ("CN=x\nCNF:1,DC=test", "CN=x\\0ACNF:1,DC=test"),
        ("ou=b+cn=A,dc=test", "CN=A+OU=b,DC=test"),
        ("<GUID=00aa>;<SID=0105>;CN=a,DC=test", "CN=a,DC=test"),
        ("<GUID=1-2>;cn=a,DC=test", "CN=a,DC=test"),
    ],
)
def test_a_name_is_spelled_so(spelled: str, expected: str) -> None:
    assert canonical(spelled) == expected


@pytest.mark.parametrize(
    "malformed",
    [
        "a",
        "=a",
        "CN",
        "CN=a,",
        ",CN=a",
        "CN=a,,DC=test",
        "CN=a+,DC=test",
        "C N=a",
        "CN=a\\",
        "CN=a;DC=test",
        'CN="a"',
        "CN=a<b",
        r"CN=\zz",
        r"CN=\C3,DC=test",
        "CN=#0",
        "CN=#xyz",
        "CN=a\x00",
        "CN=\ud800",
        "<GUID=1>",
    ],
)
def test_what_is_no_name_is_refused(malformed: str) -> None:
    with pytest.raises(DnError):
        canonical(malformed)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(DnError, match=r"expected 'type=value' at 'example' in"):
        canonical("CN=a,example,DC=test")


def test_a_thousand_ancestors_are_no_matter() -> None:
    deep = ",".join(["ou=x"] * 20_000)
    assert canonical(deep) == deep.replace("ou", "OU")


def test_case_makes_no_difference_but_letters_do() -> None:
    assert fold("CN=MÜLLER,DC=TEST") == fold("cn=müller,dc=test")
    assert fold("CN=ΟΔΟΣ") == fold("CN=οδοσ")
    assert fold("CN=Straße") != fold("CN=Strasse")
    assert fold("CN=b+CN=A") == fold("CN=a+CN=B")


def test_composed_and_decomposed_letters_are_one() -> None:
    assert key("CN=M\u00fcller") == key("CN=Mu\u0308ller")


def test_keys_are_signed_64_bit_and_stable() -> None:
    assert key("CN=a,DC=test") == key(canonical("cn=A, dc=TEST")) == key("CN=A,DC=TEST")
    assert key("CN=a,DC=test") == 1263813724202789878
    assert -(2**63) <= key(PLAIN) < 2**63


@pytest.mark.parametrize(
    ("name", "base", "below"),
    [
        (PLAIN, PLAIN, True),
        (PLAIN, "ou=people,dc=CORP,dc=example,dc=test", True),
        (PLAIN, "", True),
        (PLAIN, "OU=ople,DC=corp,DC=example,DC=test", False),
        ("DC=test", PLAIN, False),
        (r"CN=a\,DC=test", "DC=test", False),
        (r"CN=a\\,DC=test", "DC=test", True),
        (r"CN=a\\\,DC=test", "DC=test", False),
        (r"CN=x,OU=a\, b,DC=test", r"OU=a\2C b,DC=test", True),
    ],
)
def test_below(name: str, base: str, below: bool) -> None:
    assert is_below(name, base) is below
