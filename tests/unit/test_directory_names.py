"""What a group is called: names that need escapes, and those that follow where one is taken."""

import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.directory.names import Name, candidates, mark_of, rdn
from syncramp.source.dn import canonical

MARK = "Group_00000000-0000-0000-0000-00000000000a"
cns = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
nasty = st.text(' #,+"<>;=\\a\n\x7f', min_size=1, max_size=6)


@given(cns | nasty)
def test_a_name_with_its_escapes_is_that_name_again(cn: str) -> None:
    name = canonical(f"{rdn(cn)},OU=Cloud,DC=test")
    assert name.endswith(",OU=Cloud,DC=test")
    value = name.removeprefix("CN=").removesuffix(",OU=Cloud,DC=test")
    assert re.sub(r"\\([0-9A-Fa-f]{2})|\\(.)", _plain, value) == cn


def _plain(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[2]


def test_after_the_wanted_name_comes_the_mark_and_then_the_mark_with_a_number() -> None:
    assert list(islice(candidates("Sales", MARK), 4)) == ["Sales", MARK, f"{MARK}-2", f"{MARK}-3"]
    assert list(islice(candidates(MARK.lower(), MARK), 2)) == [MARK.lower(), f"{MARK}-2"]


def test_a_name_gives_way_until_none_is_left_and_tells_who_had_the_first() -> None:
    name = Name("cn", "Sales", MARK)
    assert name.told == ""
    assert name.give_way("CN=a")
    assert name.give_way("CN=b")
    assert name.told == f"its cn is {MARK}-2, since CN=a has the cn Sales"
    while name.give_way("CN=c"):
        pass
    assert name.now == f"{MARK}-9"


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({"admindescription": [b"Group_A"]}, "group_a"),
        ({"admindescription": [b"Group_A"], "msds-externaldirectoryobjectid": [b"group_a"]}, "group_a"),
        ({"msds-externaldirectoryobjectid": [b"Group_A"]}, "group_a"),
        ({"admindescription": [b"Group_A"], "msds-externaldirectoryobjectid": [b"Group_B"]}, ""),
        ({}, ""),
    ],
)
def test_an_entry_bears_one_mark_or_none(values: dict[str, list[bytes]], mark: str) -> None:
    assert mark_of(values) == mark
