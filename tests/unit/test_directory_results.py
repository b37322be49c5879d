"""What the results of a directory mean for who wrote to it."""

import pytest

from support.ad_double_limits import (
    BUSY,
    DENIED,
    IS_MEMBER,
    IS_NO_MEMBER,
    LOCAL_MEMBER,
    NO_MEMBER,
    TOO_MANY,
    UNAVAILABLE,
)
from syncramp.directory.refusals import Family, family_of, is_so_already, name_of, refused, windows_error
from syncramp.endpoint.causes import cause_of
from syncramp.model.wire import Result
from syncramp.source.ldap.messages import Done

FULL = 1, "0000217D: SvcErr: DSID-03151D4E, problem 5012 (DIR_ERROR), data -1069"
SAMBA_AGAIN = 68, "Attribute member already exists for target GUID 38091101-bfe2-4035-a8f1-5553da546e36"
SAMBA_GONE = 53, "Attribute member doesn't exist for target GUID 38091101-bfe2-4035-a8f1-5553da546e36"


@pytest.mark.parametrize(
    ("result", "family"),
    [
        ((0, ""), Family.DONE),
        (BUSY, Family.BUSY),
        (UNAVAILABLE, Family.BUSY),
        (FULL, Family.BUSY),
        (TOO_MANY, Family.LARGE),
        ((3, ""), Family.LARGE),
        ((4, ""), Family.LARGE),
        (DENIED, Family.DENIED),
        ((8, ""), Family.DENIED),
        ((13, ""), Family.DENIED),
        (NO_MEMBER, Family.REFUSED),
        ((1, "something else"), Family.REFUSED),
        ((80, ""), Family.REFUSED),
    ],
)
def test_a_result_is_of_one_family(result: tuple[int, str], family: Family) -> None:
    assert family_of(Done(*result)) is family


@pytest.mark.parametrize(
    ("result", "added", "removed"),
    [
        (IS_MEMBER, True, False),
        (SAMBA_AGAIN, True, False),
        ((20, ""), True, False),
        (IS_NO_MEMBER, False, True),
        (SAMBA_GONE, False, True),
        ((16, ""), False, True),
        (LOCAL_MEMBER, False, False),
        (NO_MEMBER, False, False),
    ],
)
def test_who_is_a_member_already_or_is_none_is_told_from_who_cannot_be_one(
    result: tuple[int, str], added: bool, removed: bool
) -> None:
    done = Done(*result)
    assert (is_so_already(done, adds=True), is_so_already(done, adds=False)) == (added, removed)


@pytest.mark.parametrize("code", range(130))
def test_whatever_is_refused_has_a_cause_with_a_remedy_and_the_directorys_own_words(code: int) -> None:
    outcome = refused(Done(code, "0000208D: what\n it  says"), "adding CN=a")
    assert outcome.result is Result.REFUSED
    assert cause_of(outcome.code, outcome.description).remedy
    assert outcome.description == f"adding CN=a was refused ({name_of(code)}, code {code}: 0000208D: what it says)"


def test_the_windows_error_of_a_text_is_found_at_its_beginning_alone() -> None:
    assert windows_error(Done(1, "00000562: UpdErr")) == 0x562
    assert windows_error(Done(1, "it said 00000562: UpdErr")) is None
